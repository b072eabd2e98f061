"""What the triage is taught from alarms with the truth beside, and how honest its probabilities are."""

from __future__ import annotations

import numpy as np
import pytest

from models.evaluation.incidents import samples_of
from models.protocol import TriageClass
from models.series import Event, Series
from models.training.fitting import fit
from models.training.triage_weights import Sample, fit_triage, reliability
from models.triage.evidence import LEARNT, TERMS

POLLUTION, FAULT, UNKNOWN = TriageClass.POLLUTION, TriageClass.FAULT, TriageClass.UNKNOWN


def made(count: int, seed: int) -> list[Sample]:
    """Incidents whose log-odds of pollution are 3 for sensors that move together, less what a frozen value takes."""
    rng = np.random.default_rng(seed)
    out = []
    for _ in range(count):
        together, frozen = float(rng.integers(0, 2)), 3.0 * rng.random()
        polluted = rng.random() < 1 / (1 + np.exp(1.0 - 3.0 * together + 1.5 * frozen))
        terms = dict.fromkeys((*TERMS, *LEARNT), 0.0) | {"together": together, "frozen": frozen}
        out.append(Sample(terms, POLLUTION if polluted else FAULT, 1.0, taught=False, last=True))
    return out


def test_weights_find_what_speaks_for_what_and_are_honest() -> None:
    model = fit_triage(made(3000, 1), {"seeds": [1]})
    assert set(model.classes) == {POLLUTION, FAULT}
    pollution, fault = (model.plain.matrix[model.classes.index(c)] for c in (POLLUTION, FAULT))
    row = (pollution - fault).sum(axis=1)  # the weight and its steps
    assert row[TERMS.index("together")] > 0 > row[TERMS.index("frozen")]
    found = reliability(model, made(3000, 2), taught=False)
    assert found.brier < 0.16
    assert all(abs(said - was) < 0.1 for said, was, weight in found.bins if weight > 100)
    assert found.incidents == 3000


def test_incidents_of_a_series_are_looked_at_with_what_was_true_by_then() -> None:
    rng = np.random.default_rng(3)
    rows, columns = 2400, ("COD", "TSS", "NH4")
    values = np.array([40.0, 20.0, 3.0]) * (1 + 0.03 * rng.normal(size=(rows, 3)))
    values[1500:1540] *= 2.5
    values[2000:2030, 1] = 0.0
    times = np.datetime64("2026-03-01T00:00:00", "ns") + np.arange(rows) * np.timedelta64(300, "s")
    times[2200:] += np.timedelta64(5, "h")
    events = (
        Event(times[1500], times[1539], "slug", columns, POLLUTION),
        Event(times[2000], times[2029], "zero", ("TSS",), FAULT),
        Event(times[2199], times[2200], "silence", (), TriageClass.COMMUNICATION),
    )
    status = np.zeros(values.shape, dtype=np.int8)
    status[2190:2194, 1], values[2190:2194, 1] = 1, np.nan
    series = Series("s", times, columns, values, events=events, status=status)
    samples = samples_of(fit([]), series, silences=True)
    said = {s.cls for s in samples}
    assert {POLLUTION, FAULT, TriageClass.COMMUNICATION} <= said
    silence = [s for s in samples if s.cls is TriageClass.COMMUNICATION]
    assert silence[0].terms["gap"] > 1
    assert silence[0].terms["visited"] > 0.3, "the station has seen the calibration just before"
    for cls in (POLLUTION, FAULT):
        assert sum(s.weight for s in samples if s.cls is cls) <= 4
    assert sum(s.weight for s in samples) == pytest.approx(sum(s.last for s in samples), abs=2)

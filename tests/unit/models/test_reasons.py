"""A hundred explanations against their truth: values, sensors and times are those of what was made to happen."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import pytest

from models.pipeline.pipeline import Fitted, Scorer
from models.protocol import Triage, TriageClass
from models.series import Floats
from models.triage.evidence import Evidence, Gathering
from models.triage.incident import Context, Incident
from models.triage.reasons import Facts, reasons_of
from quantrac.domain.parameters import names_of
from quantrac.domain.words import local_time

COLUMNS = ("Flow", "COD", "CODsol", "TSS", "NH4", "pH", "Cl")
LEVELS = np.array([100.0, 40.0, 22.0, 20.0, 3.0, 7.3, 0.5])
ROWS, BEGIN, LONG = 900, 800, 20
T0 = np.datetime64("2026-03-01T00:00:00", "ns")
FACTS = Facts(dict.fromkeys(COLUMNS, "mg/L"), {"COD": 75.0})
SAID = re.compile(r"([A-Za-z][A-Za-z ]*?) ([\d.]+) mg/L, (?:([\d.]+) times|above|below) its usual level \(([\d.]+)\)")


@dataclass(frozen=True)
class Made:
    """What was made to happen, and what was said of it."""

    factors: dict[str, float]
    values: Floats
    said: Triage

    @property
    def words(self) -> str:
        return " / ".join(r.en for r in self.said.reasons)


def made(seed: int) -> Made:
    """Some sensors rise to a multiple of their level within half an hour; in every third case one stands still."""
    rng = np.random.default_rng(seed)
    noise = np.array([0.02, 0.03, 0.03, 0.03, 0.02, 0.003, 0.03])
    values = LEVELS * (1 + noise * rng.normal(size=(ROWS, len(COLUMNS))))
    moved = [1, 2] * bool(rng.integers(0, 2)) + [j for j in (3, 4) if rng.random() < 0.6] or [1]
    factors = {COLUMNS[j]: float(rng.uniform(1.7, 4.0)) for j in moved}
    course = np.minimum(np.arange(1, LONG + 1) / 6.0, 1.0)
    for j in moved:
        values[BEGIN:, j][:LONG] *= 1 + (factors[COLUMNS[j]] - 1) * course
    contexts = [Context(neighbours=2)] * ROWS
    if seed % 3 == 0:
        values[BEGIN - 300 : BEGIN + LONG, 5] = 7.31
        contexts = [Context(worn=frozenset({"pH"}))] * ROWS
    times = T0 + np.arange(ROWS) * np.timedelta64(300, "s")
    features = Scorer(Fitted(), COLUMNS).push(times, values).features
    on = (np.arange(ROWS) >= BEGIN + 2) & (np.arange(ROWS) < BEGIN + LONG)
    incident = Incident(COLUMNS, range(len(COLUMNS)))
    incident.facts = FACTS
    said = incident.push(features, on, None, values, contexts)
    final = said[BEGIN + LONG - 1]
    assert final is not None
    return Made(factors, values[BEGIN - 50 : BEGIN + LONG], final)


@pytest.fixture(scope="module")
def hundred() -> list[Made]:
    return [made(seed) for seed in range(100)]


def test_18_what_is_told_of_a_sensor_is_true(hundred: list[Made]) -> None:
    told = 0
    for one in hundred:
        for name, value, times, usual in SAID.findall(one.words):
            (column,) = [c for c in COLUMNS if names_of(c).en == name.removeprefix("with it ")]
            j = COLUMNS.index(column)
            assert column in one.factors, one.words
            assert np.isclose(one.values[50:, j], float(value), rtol=0.006).any(), one.words
            assert float(usual) == pytest.approx(LEVELS[j], rel=0.1), one.words
            assert float(times) == pytest.approx(float(value) / float(usual), rel=0.1), one.words
            assert float(times) == pytest.approx(one.factors[column], rel=0.25), one.words
            told += 1
    assert told > 100


def test_18_pollution_says_how_much_since_when_and_what_speaks_against_it(hundred: list[Made]) -> None:
    polluted = [one for one in hundred if one.said.cls is TriageClass.POLLUTION]
    assert len(polluted) > 40
    begun = {local_time(datetime.fromtimestamp(float((T0 + np.timedelta64(300 * r, "s")).astype(int)) / 1e9, UTC))
             for r in range(BEGIN, BEGIN + 7)}  # fmt: skip
    for one in polluted:
        first, last = one.said.reasons[0].en, one.said.reasons[-1].en
        assert re.search(r"since (\d\d:\d\d \d\d/\d\d/\d{4})", first)[1] in begun, first  # type: ignore[index]
        assert ("% of the limit" in first) is first.startswith("COD ")
        assert last.startswith(("against it: ", "no sign of rain")), last
        alone = len({c[:3] for c in one.factors}) == 1
        assert ("no other parameter moved" in last) is alone, one.words


def test_18_no_reason_is_circular_or_names_what_did_not_move(hundred: list[Made]) -> None:
    for one in hundred:
        assert "learnt" not in one.words
        assert "saline" not in one.words  # residual chlorine is not chloride
        if one.said.cls is TriageClass.POLLUTION:
            still = [c for c in COLUMNS if c not in one.factors]
            named = [c for c in still if re.search(rf"\b{re.escape(names_of(c).en)}\b", one.words)]
            assert not named, one.words


def test_18_two_columns_of_one_quantity_are_told_once(hundred: list[Made]) -> None:
    both = [one for one in hundred if {"COD", "CODsol"} <= set(one.factors)]
    assert len(both) > 20
    assert not any(re.search(r"\bCOD\b", one.words) and "CODsol" in one.words for one in both)
    lone = [one for one in both if len(one.factors) == 2]
    assert lone
    assert not any("moved together" in one.words for one in lone)


def test_signs_of_rain_are_no_reason_for_maintenance() -> None:
    running = Gathering(COLUMNS, range(len(COLUMNS)))
    running.rain = 10.0
    seen = Evidence({}, {"rain": (3,), "visited": ()})
    said = reasons_of(running, seen, TriageClass.MAINTENANCE, ["rain", "visited"])
    assert [r.en for r in said] == ["shortly after a calibration or visit"]
    natural = reasons_of(running, seen, TriageClass.NATURAL, ["rain", "visited"])
    assert len(natural) == 2

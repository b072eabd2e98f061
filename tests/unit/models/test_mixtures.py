"""Our own recipe of events: what is drawn is the label, and recorded water teaches by site."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from models.evaluation.live import StationRun
from models.pipeline.pipeline import Fitted
from models.protocol import TriageClass
from models.series import Event, Series, stretches
from models.training.mixtures import with_mixtures
from models.training.triage_weights import Sample, blended, fit_triage, weighed_by_group
from models.triage.evidence import LEARNT, TERMS

STEP, COLUMNS = np.timedelta64(300, "s"), ("COD", "NH4", "TSS", "pH", "Flow")
T0 = np.datetime64("2026-03-01T00:00:00", "ns")
POLLUTION, FAULT = TriageClass.POLLUTION, TriageClass.FAULT


def water(days: float, seed: int = 1) -> Series:
    rng = np.random.default_rng(seed)
    rows = round(days * 288)
    values = np.array([40.0, 3.0, 20.0, 7.0, 100.0]) * (1 + 0.02 * rng.normal(size=(rows, 5)))
    return Series("w", T0 + np.arange(rows) * STEP, COLUMNS, values, group="w")


def test_what_is_drawn_is_the_label_and_nothing_else() -> None:
    plain = water(60)
    made = with_mixtures(plain, 3)
    changed = ~((made.values == plain.values) | (np.isnan(made.values) & np.isnan(plain.values))).all(axis=1)
    assert made.labels is not None
    assert changed.any()
    assert not (changed & ~made.labels).any()
    assert not changed[: 2 * 288].any()
    assert {POLLUTION, FAULT} <= {e.cls for e in made.events}
    np.testing.assert_array_equal(with_mixtures(plain, 3).values, made.values)


def test_rows_that_a_label_of_its_own_names_are_left_alone_and_ignored() -> None:
    plain = water(30)
    own = np.zeros(len(plain.times), dtype=np.bool_)
    own[3000:3100] = True
    made = with_mixtures(replace(plain, labels=own), 5)
    assert made.ignore is not None
    assert made.ignore[3000:3100].all()
    np.testing.assert_array_equal(made.values[3000:3100], plain.values[3000:3100])


@pytest.mark.parametrize("seed", range(4))
def test_a_station_of_one_column_or_of_none_that_pollutes_can_be_drawn_into(seed: int) -> None:
    plain = water(20)
    for columns in ((0,), (4,)):
        one = replace(plain, columns=tuple(COLUMNS[j] for j in columns), values=plain.values[:, list(columns)])
        made = with_mixtures(one, seed)
        assert len(made.times) == len(plain.times)
        assert all(e.start <= e.end for e in made.events)


def test_neighbours_report_in_about_half_of_the_copies_and_not_only_what_happens_here() -> None:
    copies = [with_mixtures(water(20), seed) for seed in range(16)]
    told = [c for c in copies if c.neighbours is not None]
    assert 3 <= len(told) <= 13
    for one in told:
        assert one.neighbours is not None
        inside = np.logical_or.reduce([one.within(e) for e in one.events])
        assert (one.neighbours[~inside, 1] > 0).any()
        assert (one.neighbours[:, 1] <= one.neighbours[:, 0]).all()


def test_a_witness_sees_each_row_of_each_incident() -> None:
    series = water(6)
    series.values[1500:1560, :3] *= 3.0
    seen: list[int] = []
    running = StationRun(Fitted.untaught()).witnessed(series, lambda row, _: seen.append(row))
    assert seen == np.flatnonzero(running).tolist()
    assert any(1500 <= a <= 1506 for a, _ in stretches(running))
    result = StationRun(Fitted.untaught()).run(series)
    assert running[np.asarray(result.alarm.any(axis=1))].all()


def samples(site: str, count: int, weight: float = 1.0) -> list[Sample]:
    terms = dict.fromkeys((*TERMS, *LEARNT), 0.0)
    return [
        Sample(terms | {"fold": float(i % 2)}, POLLUTION if i % 2 else FAULT, weight, False, True, site)
        for i in range(count)
    ]


def test_a_site_counts_as_the_root_of_its_incidents() -> None:
    weighed = weighed_by_group([*samples("a", 400), *samples("b", 100), *samples("", 50)], simulated=0.4)
    total = {site: sum(s.weight for s in weighed if s.group == site) for site in ("a", "b", "")}
    assert total["a"] / total["b"] == pytest.approx(2.0)
    assert total[""] / sum(total.values()) == pytest.approx(0.4)
    assert sum(total.values()) / len(weighed) == pytest.approx(0.3)


def test_blended_weights_lie_between_and_keep_what_the_other_never_saw() -> None:
    one = fit_triage([*samples("a", 100), replace(samples("a", 1)[0], cls=TriageClass.COMMUNICATION)], {"n": 1})
    other = fit_triage(samples("b", 100), {"n": 2})
    mixed = blended(one, other, 0.5)
    k = TERMS.index("fold")
    for cls in (POLLUTION, FAULT):
        i, j = one.classes.index(cls), other.classes.index(cls)
        assert mixed.plain.matrix[i, k] == pytest.approx((one.plain.matrix[i, k] + other.plain.matrix[j, k]) / 2)
        assert mixed.page_plain.matrix[i, k] == pytest.approx(other.plain.matrix[j, k])
    i = one.classes.index(TriageClass.COMMUNICATION)
    np.testing.assert_array_equal(mixed.plain.matrix[i], one.plain.matrix[i])
    assert mixed.provenance == {"n": 2}


def test_an_event_ends_where_the_series_ends() -> None:
    for seed in range(6):
        made = with_mixtures(water(5), seed)
        assert all(isinstance(e, Event) and e.end <= made.times[-1] for e in made.events)

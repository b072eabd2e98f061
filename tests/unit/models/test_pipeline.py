"""The pipeline end to end on a small made plant: learns, keeps quiet, alarms, tells fault from pollution, is causal."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from models.evaluation.live import StationRun
from models.pipeline.pipeline import Fitted, Scored, Scorer
from models.protocol import TriageClass
from models.series import Event, Series, by_row
from models.training import fitting
from models.training.injection import with_injections

T0 = np.datetime64("2026-03-01T00:00:00", "ns")
COLUMNS = ("flow", "cod", "tss", "nh4", "cond")


def plant(rows: int, seed: int, events: tuple[tuple[int, int, str], ...] = ()) -> Series:
    rng = np.random.default_rng(seed)
    day = 2 * np.pi * np.arange(rows) / 288
    load = np.convolve(rng.normal(size=rows + 50), np.ones(50) / 50**0.5, mode="valid")[:rows]
    level = np.array([100.0, 60.0, 30.0, 4.0, 900.0])
    values = level * (1 + 0.1 * np.sin(day)[:, None] + 0.05 * load[:, None] + 0.02 * rng.normal(size=(rows, 5)))
    labels = np.zeros(rows, dtype=bool)
    listed = []
    for start, stop, kind in events:
        labels[start:stop] = True
        if kind == "pollution":
            values[start:stop, 1:3] *= 2.2
        else:
            values[start:stop, 3] = values[start, 3]
        cls = TriageClass.POLLUTION if kind == "pollution" else TriageClass.FAULT
        times = T0 + np.array([start, stop - 1]) * np.timedelta64(300, "s")
        listed.append(Event(times[0], times[1], kind, (), cls))
    stamps = T0 + np.arange(rows) * np.timedelta64(300, "s")
    return Series("made", stamps, COLUMNS, values, labels, tuple(listed), covariates=("flow",), group="made")


def scored(fitted: Fitted, series: Series) -> Scored:
    return Scorer(fitted, series.columns, series.covariates).push(series.times, series.values)


@pytest.fixture(scope="module")
def learnt():  # type: ignore[no-untyped-def]
    train = plant(2500, 1, ((700, 740, "pollution"), (1200, 1240, "fault"), (1900, 1940, "pollution")))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fitting, "TREES", 40)
        return fitting.fit([train, *(with_injections(train, seed) for seed in (0, 1))])


def test_a_slug_is_found_and_told_from_a_frozen_probe(learnt) -> None:  # type: ignore[no-untyped-def]
    series = plant(2500, 2, ((1500, 1545, "pollution"), (2100, 2160, "fault")))
    result = StationRun(learnt).run(series)
    alarm = by_row(result.alarm)
    assert alarm[1500:1515].any()
    touching = [t for t in result.triage if t.start <= series.events[0].end and t.end >= series.events[0].start]
    assert {t.cls for t in touching} == {TriageClass.POLLUTION}
    assert all(0.5 <= t.probability <= 1 for t in result.triage)
    assert all(1 <= len(t.reasons) <= 3 and all(r.vi and r.en for r in t.reasons) for t in result.triage)
    assert alarm[300:1490].mean() < 0.03


def test_pollution_is_an_alarm_whatever_the_threshold_for_faults_says(learnt) -> None:  # type: ignore[no-untyped-def]
    series = plant(2500, 2, ((1500, 1545, "pollution"), (2100, 2160, "fault")))
    deaf = replace(learnt, threshold=1e3)
    alarm = scored(deaf, series).alarm
    assert alarm[1500:1515].any()
    assert not alarm[2100:2160].any()
    silent = replace(deaf, tells_pollution=False)
    assert not scored(silent, series).alarm.any()


def test_no_figure_depends_on_what_the_files_are_called(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fitting, "TREES", 15)
    parts = [plant(900, seed, ((400, 440, "pollution"), (600, 640, "fault"))) for seed in (1, 2, 3, 4, 5)]
    one = fitting.fit([replace(s, name=n, group=n) for s, n in zip(parts, "abcde", strict=True)])
    other = fitting.fit([replace(s, name=n, group=n) for s, n in zip(parts[::-1], "cadbe", strict=True)])
    assert other.threshold == one.threshold
    np.testing.assert_array_equal(scored(other, parts[0]).margin, scored(one, parts[0]).margin)


def test_a_prefix_of_the_series_gives_a_prefix_of_the_result(learnt) -> None:  # type: ignore[no-untyped-def]
    series = plant(1500, 3, ((900, 940, "pollution"),))
    whole = StationRun(learnt).run(series)
    cut = 950
    head = replace(
        series, times=series.times[:cut], values=series.values[:cut], labels=None, events=(), name="x", group="y"
    )
    part = StationRun(learnt).run(head)
    np.testing.assert_allclose(part.score, whole.score[:cut], rtol=1e-9)
    np.testing.assert_array_equal(part.alarm, whole.alarm[:cut])


def test_row_by_row_equals_the_batch(learnt) -> None:  # type: ignore[no-untyped-def]
    series = plant(400, 4)
    whole = scored(learnt, series)
    one = Scorer(learnt, COLUMNS, ("flow",))
    parts = [one.push(series.times[i : i + 1], series.values[i : i + 1]) for i in range(400)]
    np.testing.assert_allclose(np.concatenate([p.margin for p in parts]), whole.margin, rtol=1e-9, atol=1e-9)


def test_two_scorers_of_one_memory_go_their_own_ways(learnt) -> None:  # type: ignore[no-untyped-def]
    series = plant(600, 4)
    one, other = Scorer(learnt, COLUMNS, ("flow",)), Scorer(learnt, COLUMNS, ("flow",))
    one.push(series.times[:400], series.values[:400])
    other.set_state(one.state())
    for i in range(400, 600):
        row = series.times[i : i + 1], series.values[i : i + 1]
        np.testing.assert_array_equal(one.push(*row).margin, other.push(*row).margin)


def test_without_labels_novelty_judges() -> None:
    fitted = fitting.fit([])
    series = plant(2500, 5, ((1800, 1840, "pollution"),))
    alarm = by_row(StationRun(fitted).run(series).alarm)
    assert alarm[1800:1815].any()
    assert alarm[600:1790].mean() < 0.03


def test_injected_events_are_what_their_labels_say() -> None:
    series = plant(2000, 6)
    made = with_injections(series, 1)
    assert made.labels is not None
    assert made.labels.any()
    changed = (made.values != series.values).any(axis=1)
    assert not (changed & ~made.labels).any()
    assert {e.cls for e in made.events} == {TriageClass.POLLUTION, TriageClass.FAULT}
    np.testing.assert_array_equal(made.values[:, 0], series.values[:, 0])
    again = with_injections(series, 1)
    np.testing.assert_array_equal(made.values, again.values)

"""All stations of a batch in one go: to the bit what each says by itself, and one that fails concerns no other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from models.features import table
from models.features.cross import BLOCK_ROWS
from models.pipeline.pipeline import Fitted
from models.protocol import Row, TriageClass
from models.series import Event, Series
from models.station import charts
from models.station.judging import Learnt, WatchConfig
from models.station.scorer import StationScorer, score_together
from models.training.fitting import fit
from quantrac.domain.stations import Sensor, Station
from tests.factories import station

START = datetime(2026, 11, 1, tzinfo=UTC)
SENSORS = ("COD", "TSS", "NH4", "pH", "Flow", "DO", "Temp")
SIZES = dict(zip("ABCDEF", (5, 3, 5, 1, 7, 3), strict=True))
STATIONS = {code: station(code, [Sensor(p, "mg/L") for p in SENSORS[:n]]) for code, n in SIZES.items()}
Asked = tuple[StationScorer, Sequence[Row], tuple[int, int]]


@pytest.fixture(scope="module")
def taught() -> Learnt:
    """A second stage that tells pollution from faults, learnt from steps of one sensor and of several."""
    rng = np.random.default_rng(0)
    times = np.datetime64("2026-01-01", "ns") + np.arange(1600) * np.timedelta64(300, "s")
    values, labels, events = 50 + rng.normal(size=(1600, 5)), np.zeros(1600, dtype=np.bool_), []
    for number, first in enumerate(range(200, 1560, 150)):
        labels[first : first + 20] = True
        values[first : first + 20, : 1 + 3 * (number % 2)] += 15
        cls = TriageClass.POLLUTION if number % 2 else TriageClass.FAULT
        events.append(Event(times[first], times[first + 19], cls.value, (), cls))
    return Learnt("a" * 64, fit([Series("taught", times, SENSORS[:5], values, labels, tuple(events))]))


def config(code: str, taught: Learnt) -> WatchConfig:
    """Half of the stations are taught, one has a candidate beside."""
    stern = Learnt("b" * 64, Fitted(threshold=3.0))
    learnt = {"A": (taught, None), "B": (None, stern), "E": (taught, stern), "F": (stern, None)}.get(code, (None, None))
    return WatchConfig.of(STATIONS[code], *learnt)


def batches(seed: int, number: int) -> Iterator[dict[str, list[Row]]]:
    """Rows by station: gaps, rows that come twice or late, missing and refused values, stations that join, slugs."""
    rng = np.random.default_rng(seed)
    at = dict.fromkeys(STATIONS, START)
    for n in range(number):
        batch: dict[str, list[Row]] = {}
        for code, place in STATIONS.items():
            if n < 20 and code in "DE":
                continue  # joins later
            for _ in range(int(rng.choice([0, 1, 1, 1, 2, 9]))):
                at[code] += timedelta(seconds=int(rng.choice([300, 300, 300, 300, 60, -300, 9000])))
                batch.setdefault(code, []).append(_row(rng, place, at[code], slug=70 <= n % 90 < 76))
        yield batch


def _row(rng: np.random.Generator, place: Station, at: datetime, *, slug: bool) -> Row:
    values: dict[str, float | None] = {}
    flags, statuses = {}, {}
    for sensor in place.sensors:
        drawn = rng.random()
        if drawn < 0.03:
            continue
        rise = 2.5 if slug and sensor.parameter in {"COD", "TSS"} else 1.0
        values[sensor.parameter] = None if drawn < 0.05 else round(50 * rise + float(rng.normal()), 1)
        flags[sensor.parameter] = 4 if drawn > 0.99 else 3 if drawn > 0.97 else 1
        statuses[sensor.parameter] = "01" if 0.5 < drawn < 0.52 else "00"
    return Row(at, values, flags, statuses)


class Fleet:
    """Stations over the same batches: in one go, or each by itself."""

    def __init__(self, taught: Learnt, *, together: bool) -> None:
        self.taught, self.together = taught, together
        self.scorers: dict[str, StationScorer] = {}
        self.bases: dict[str, bytes | None] = {}

    def score(self, batch: dict[str, list[Row]]) -> list[Any]:
        asked: list[Asked] = [(self._of(code), rows, (2, 1)) for code, rows in batch.items()]
        now = START + timedelta(days=365)
        if self.together:
            return score_together(asked, now)
        return [scorer.score(rows, now, beside) for scorer, rows, beside in asked]

    def stored(self) -> list[Any]:
        """Return what a worker stores after a batch."""
        now, out = START, []
        for code, one in self.scorers.items():
            base = one.take_base(now)
            self.bases[code] = base or self.bases.get(code)
            snapshot = one.snapshot()
            out.append((code, base, snapshot.charts, snapshot.watch, one.take_counts(), one.trouble))
        return out

    def memories(self) -> list[bytes | None]:
        """Return the large part of each pipeline's memory."""
        return [None if one.watch is None else one.watch.take_base() for one in self.scorers.values()]

    def restart(self) -> None:
        """Go on from what is stored, as another worker does."""
        before, self.scorers = self.scorers, {}
        for code, one in before.items():
            snapshot = one.snapshot()
            self._of(code).go_on(snapshot, self.bases.get(code))

    def _of(self, code: str) -> StationScorer:
        if code not in self.scorers:
            self.scorers[code] = StationScorer(STATIONS[code], config(code, self.taught))
        return self.scorers[code]


@pytest.mark.parametrize("seed", [1, 2])
def test_in_one_go_is_to_the_bit_what_each_says_by_itself(taught: Learnt, seed: int) -> None:
    whole, parts = Fleet(taught, together=True), Fleet(taught, together=False)
    alarms = 0
    for n, batch in enumerate(batches(seed, 260)):
        said = whole.score(batch)
        assert repr(said) == repr(parts.score(batch))  # repr: NaN is NaN
        assert whole.stored() == parts.stored()
        alarms += sum(s.alarm for rows in said for row in rows for s in (row or {}).values())
        if n % 40 == 39:
            whole.restart()
    assert alarms
    assert whole.scorers["A"].watch is not None
    assert whole.scorers["A"].watch.active.rows > BLOCK_ROWS


def test_sensors_may_change_in_the_middle(taught: Learnt, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, parts = Fleet(taught, together=True), Fleet(taught, together=False)
    for n, batch in enumerate(batches(4, 60)):
        if n in {25, 45}:  # more of them, as many as another station has; then fewer
            sensors = SENSORS if n == 25 else SENSORS[2:5]
            monkeypatch.setitem(STATIONS, "A", station("A", [Sensor(p, "mg/L") for p in sensors]))
            whole.restart(), parts.restart()
        assert repr(whole.score(batch)) == repr(parts.score(batch))
        assert whole.stored() == parts.stored()
    changed, same = whole.scorers["A"].watch, whole.scorers["C"].watch
    assert changed is not None
    assert same is not None
    assert changed.config.parameters == SENSORS[2:5]
    assert 0 < changed.active.rows < same.active.rows


BAD = 77.125


def spoilt(module: Any, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a step fail on stations of which a value is ``BAD``, after it has moved the memory that it was given."""
    step = getattr(module, name)

    def failing(*given: Any) -> Any:
        said = step(*given)
        if any(isinstance(a, np.ndarray) and a.dtype == np.float64 and (a == BAD).any() for a in given):
            raise FloatingPointError("a row that the model cannot digest")
        return said

    monkeypatch.setattr(module, name, failing)


@pytest.mark.parametrize("code", ["A", "E"])
@pytest.mark.parametrize("name", ["_fill", "features_of"])
def test_a_station_that_fails_is_put_aside_and_no_other(
    taught: Learnt, name: str, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, parts = Fleet(taught, together=True), Fleet(taught, together=False)
    given = list(batches(3, 60))
    for batch in given[:30]:
        whole.score(batch)
        parts.score(batch)
    whole.stored(), parts.stored()
    at = START + timedelta(days=30)
    # Of every shape, those before the one that fails as well.
    rows = {c: [_row(np.random.default_rng(9), place, at, slug=False)] for c, place in STATIONS.items()}
    good = {c: of_one for c, of_one in rows.items() if c != code}
    bad = Row(at, {sensor.parameter: BAD for sensor in STATIONS[code].sensors})
    with monkeypatch.context() as broken:
        spoilt(table, name, broken)
        said = dict(zip(rows, whole.score(rows | {code: [bad]}), strict=True))
    del said[code]
    assert repr(list(said.values())) == repr(parts.score(good))
    failed = whole.scorers.pop(code)
    parts.scorers.pop(code)
    assert failed.trouble is not None
    assert "cannot digest" in failed.trouble.reason
    assert failed.watch is None
    for batch in given[31:]:
        others = {c: of_one for c, of_one in batch.items() if c != code}
        assert repr(whole.score(others)) == repr(parts.score(others))
    assert whole.memories() == parts.memories()


def test_charts_that_fail_are_put_aside_and_no_others(taught: Learnt, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, parts = Fleet(taught, together=True), Fleet(taught, together=False)
    good = {code: [Row(START, {"COD": 50.0, "TSS": 20.0})] for code in "BCDEF"}
    with monkeypatch.context() as broken:
        spoilt(charts, "_judge", broken)
        said = whole.score({"A": [Row(START, {"TSS": BAD})]} | good)
    assert said[0] == [None]
    assert whole.scorers["A"].charts is None
    assert repr(said[1:]) == repr(parts.score(good))
    assert whole.stored()[1:] == parts.stored()

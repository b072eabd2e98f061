"""One suite for every detector: causal, deterministic, restorable, bounded, and calm about bad input.

What the worker runs is put behind the seam in ``station_detector``: any class there with the methods of ``Detector``.
It only needs a line in ``BUILD`` that says how to configure it; a class without one fails the suite.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from models.errors import ModelError
from models.protocol import Row
from models.station.judging import WatchConfig
from quantrac.domain.stations import Sensor
from tests.conformance import station_detector
from tests.conformance.station_detector import REFUSED, ChartsDetector, Detector, NotReady, Score, StationPipeline

PARAMETERS = ("Flow", "Temp", "pH", "TSS", "COD", "NH4", "TN", "TP", "Cl", "Color")
LEVELS = (80.0, 29.0, 7.2, 30.0, 50.0, 4.0, 12.0, 2.0, 0.4, 40.0)
START = datetime(2026, 3, 1, tzinfo=UTC)
NOW = datetime(2030, 1, 1, tzinfo=UTC)
STATE_LIMIT = 100_000

BUILD: dict[type, Callable[[tuple[str, ...]], Any]] = {
    ChartsDetector: lambda ps: ChartsDetector(tuple(Sensor(p, "") for p in ps)),
    StationPipeline: lambda ps: StationPipeline(
        WatchConfig("DT_A", ps, (300.0,) * len(ps), ((-np.inf, np.inf),) * len(ps), legal={"COD": 75.0})
    ),
}


def detector_classes() -> Iterator[type]:
    for _, cls in inspect.getmembers(station_detector, inspect.isclass):
        wanted = ("score", "score_batch", "snapshot", "restore")
        if cls is not Detector and all(callable(getattr(cls, w, None)) for w in wanted):
            yield cls


DETECTORS = sorted(set(detector_classes()), key=lambda c: c.__name__)
every_detector = pytest.mark.parametrize("cls", DETECTORS, ids=lambda c: c.__name__)
pytestmark = pytest.mark.conformance


def build(cls: type, parameters: tuple[str, ...] = PARAMETERS) -> Any:
    return BUILD[cls](parameters)


def feed(rows: int, seed: int = 1, cadence_s: float = 300.0, parameters: tuple[str, ...] = PARAMETERS) -> list[Row]:
    """A day's shape, noise, a repeated value, a spike, holes, and a slug near the end."""
    rng = np.random.default_rng(seed)
    out = []
    for k in range(rows):
        day = 2 * math.pi * k * cadence_s / 86400
        values: dict[str, float | None] = {}
        for i, p in enumerate(parameters):
            level = LEVELS[PARAMETERS.index(p)]
            value = level * (1 + 0.1 * math.sin(day + i) + 0.02 * rng.normal())
            values[p] = None if rng.random() < 0.02 else round(value, 2)
        if k == rows // 2:
            values[parameters[-1]] = 40 * LEVELS[-1]
        if k > rows - rows // 10:
            values |= {p: 3 * LEVELS[PARAMETERS.index(p)] for p in parameters if p in {"COD", "TSS"}}
        out.append(Row(START + timedelta(seconds=k * cadence_s), values))
    return out


def same(one: list[Score | NotReady], other: list[Score | NotReady]) -> bool:
    """Equal up to the last bits of floating point."""
    if len(one) != len(other):
        return False
    return all(_alike(a, b) for a, b in zip(one, other, strict=True))


def _alike(a: Score | NotReady, b: Score | NotReady) -> bool:
    if isinstance(a, NotReady) or isinstance(b, NotReady):
        return a == b
    kept = replace(a, value=0.0, probability=0.0, contributions={}, triage=None)
    close = math.isclose(a.value, b.value, rel_tol=1e-9) and math.isclose(a.probability, b.probability, rel_tol=1e-9)
    return close and kept == replace(b, value=0.0, probability=0.0, contributions={}, triage=None)


def check_sound(scores: list[Score | NotReady]) -> None:
    for s in scores:
        if isinstance(s, Score):
            assert math.isfinite(s.value)
            assert s.value >= 0
            assert 0.0 <= s.probability <= 1.0
            assert (s.probability >= 0.5) == s.alarm or not s.alarm
            assert all(math.isfinite(c) for c in s.contributions.values())


def test_every_detector_is_configured_here() -> None:
    assert set(DETECTORS) == set(BUILD)
    assert all(isinstance(build(cls), Detector) for cls in DETECTORS)


@every_detector
def test_a_prefix_gives_the_same_prefix(cls: type) -> None:
    rows = feed(700)
    whole = build(cls).score_batch(rows, NOW)
    for cut in (1, 63, 300, 513):
        assert same(build(cls).score_batch(rows[:cut], NOW), whole[:cut])
    other_future = rows[:400] + [replace(r, values=dict.fromkeys(PARAMETERS, 100000.0)) for r in rows[400:500]]
    assert same(build(cls).score_batch(other_future, NOW)[:400], whole[:400])


@every_detector
def test_batch_equals_one_by_one_and_is_deterministic(cls: type) -> None:
    rows = feed(400)
    one = build(cls)
    assert build(cls).score_batch(rows, NOW) == [one.score(r, NOW) for r in rows]


@every_detector
@pytest.mark.parametrize("cut", [0, 7, 200, 256, 300, 390])
def test_snapshot_and_restore_in_mid_stream(cls: type, cut: int) -> None:
    rows = feed(400)
    detector = build(cls)
    detector.score_batch(rows[:cut], NOW)
    again = cls.restore(detector.config, detector.snapshot())  # type: ignore[attr-defined]
    assert same(again.score_batch(rows[cut:], NOW), detector.score_batch(rows[cut:], NOW))
    assert again.snapshot() == detector.snapshot()


@every_detector
def test_the_state_is_bounded(cls: type) -> None:
    detector = build(cls)
    detector.score_batch(feed(3000), NOW)
    assert len(detector.snapshot()) <= STATE_LIMIT


@every_detector
@pytest.mark.parametrize("snapshot", [b"", b"\x00junk", b"\x93\xa5other\x01\x80"], ids=["empty", "junk", "other"])
def test_bad_snapshots_are_refused_in_a_sentence(cls: type, snapshot: bytes) -> None:
    with pytest.raises(ModelError, match="snapshot"):
        cls.restore(build(cls).config, snapshot)  # type: ignore[attr-defined]


@every_detector
def test_the_slug_is_alarmed_and_the_days_before_are_quiet(cls: type) -> None:
    rows = feed(2000)
    scores = build(cls).score_batch(rows, NOW)
    slug = [s for s in scores[1801:1830] if isinstance(s, Score)]
    assert any(s.alarm for s in slug[:12])
    quiet = [s for s in scores[300:1795] if isinstance(s, Score)]
    assert sum(s.alarm for s in quiet) <= 0.02 * len(quiet)


@every_detector
def test_late_rows_and_stamps_out_of_order_change_nothing(cls: type) -> None:
    rows = feed(300)
    plain = build(cls).score_batch(rows, NOW)
    detector = build(cls)
    mixed = []
    for k, row in enumerate(rows):
        mixed.append(detector.score(row, NOW))
        if k % 50 == 49:
            assert detector.score(rows[k - 20], NOW) == REFUSED
            assert detector.score(row, NOW) == REFUSED
    assert mixed == plain


@every_detector
def test_a_stamp_ahead_of_our_clock_is_refused_and_changes_nothing(cls: type) -> None:
    rows = feed(100)
    detector = build(cls)
    ahead = replace(rows[0], observed_at=START + timedelta(days=365))
    assert detector.score(ahead, START) == REFUSED
    assert detector.score_batch(rows, NOW) == build(cls).score_batch(rows, NOW)


def _constant(rows: list[Row]) -> list[Row]:
    return [replace(r, values=dict(zip(PARAMETERS, LEVELS, strict=True))) for r in rows]


def _missing(rows: list[Row]) -> list[Row]:
    return [replace(r, values=dict.fromkeys(PARAMETERS)) for r in rows]


def _partly(rows: list[Row]) -> list[Row]:
    return [
        replace(r, values={p: v for i, (p, v) in enumerate(r.values.items()) if (k + i) % 3})
        for k, r in enumerate(rows)
    ]


def _gaps(rows: list[Row]) -> list[Row]:
    gap = {100: 1800, 200: 3 * 3600, 300: 5 * 86400, 400: 366 * 86400}
    shift, out = 0, []
    for k, r in enumerate(rows):
        shift += gap.get(k, 0)
        out.append(replace(r, observed_at=r.observed_at + timedelta(seconds=shift)))
    return out


def _irregular(rows: list[Row]) -> list[Row]:
    return [replace(r, observed_at=r.observed_at + timedelta(seconds=(k * 7919) % 290)) for k, r in enumerate(rows)]


def _huge(rows: list[Row]) -> list[Row]:
    return [
        replace(r, values={p: 1e300 if k % 97 == 5 else v for p, v in r.values.items()}) for k, r in enumerate(rows)
    ]


def _not_numbers(rows: list[Row]) -> list[Row]:
    return [
        replace(r, values={p: math.nan if k % 5 == 0 else v for p, v in r.values.items()}) for k, r in enumerate(rows)
    ]


def _unknown(rows: list[Row]) -> list[Row]:
    return [replace(r, values={**r.values, "Xylene": 1.0}) for r in rows]


BAD = [_constant, _missing, _partly, _gaps, _irregular, _huge, _not_numbers, _unknown]


@every_detector
@pytest.mark.parametrize("spoil", BAD, ids=lambda f: f.__name__.strip("_"))
def test_bad_input_gives_sound_scores(cls: type, spoil: Callable[[list[Row]], list[Row]]) -> None:
    rows = spoil(feed(600))
    detector = build(cls)
    scores = detector.score_batch(rows, NOW)
    assert len(scores) == len(rows)
    check_sound(scores)
    assert len(detector.snapshot()) <= STATE_LIMIT
    if spoil is _constant:
        assert not any(isinstance(s, Score) and s.alarm for s in scores)
    if spoil is _missing:
        assert all(isinstance(s, NotReady) for s in scores)


@every_detector
def test_one_sensor_alone(cls: type) -> None:
    scores = build(cls, ("COD",)).score_batch(feed(1000, parameters=("COD",)), NOW)
    check_sound(scores)
    assert any(isinstance(s, Score) and s.alarm for s in scores[901:])


@every_detector
@pytest.mark.parametrize("cadence_s", [1.0, 60.0, 900.0])
def test_any_cadence(cls: type, cadence_s: float) -> None:
    check_sound(build(cls).score_batch(feed(500, cadence_s=cadence_s), NOW))


@every_detector
def test_after_impossible_numbers_life_goes_on(cls: type) -> None:
    rows = feed(900)[:800]
    spoilt = [replace(r, values=dict.fromkeys(PARAMETERS, 1e300)) if 300 <= k < 303 else r for k, r in enumerate(rows)]
    scores = build(cls).score_batch(spoilt, NOW)
    late = [s for s in scores[500:] if isinstance(s, Score)]
    assert len(late) > 250
    assert sum(s.alarm for s in late) <= 0.02 * len(late)

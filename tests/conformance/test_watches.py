"""One suite for every slow watch: causal, restorable, bounded, calm about bad input, and quiet on ordinary days.

A watch is found by itself: any class in ``models.slow`` with ``push``, ``state`` and ``set_state``; one that is not
configured here fails the suite.
"""

from __future__ import annotations

import importlib
import inspect
import math
import pkgutil
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import models.slow
from models.protocol import Reason, TriageClass
from models.series import Floats
from models.slow.capped import CalibrationWatch, CappedWatch
from models.slow.dilution import DilutionWatch
from models.slow.drift import DriftWatch
from models.slow.finding import Finding, Watch
from models.slow.fouling import FoulingWatch
from models.slow.repeats import RepeatWatch
from models.slow.rise import RiseWatch
from models.slow.stuck import StuckWatch
from models.slow.watches import SlowWatches
from models.snapshots import pack, unpack

COLUMNS = ("Flow", "Temp", "pH", "TSS", "COD", "NH4", "TN", "TP", "Cl", "Color")
LEVELS = np.array([80.0, 29.0, 7.2, 30.0, 50.0, 4.0, 12.0, 2.0, 0.4, 40.0])
LIMITS = {"TSS": 50.0, "COD": 75.0, "NH4": 10.0}
START_S = 1_772_323_200.0
TOGETHER_LIMIT = 8000 * len(COLUMNS)
pytestmark = pytest.mark.conformance

BUILD: dict[type, Callable[[], Watch]] = {
    StuckWatch: lambda: StuckWatch(COLUMNS),
    DriftWatch: lambda: DriftWatch(COLUMNS),
    FoulingWatch: lambda: FoulingWatch(("Level", *COLUMNS[1:])),
    RepeatWatch: lambda: RepeatWatch(COLUMNS),
    RiseWatch: lambda: RiseWatch(COLUMNS, LIMITS),
    CappedWatch: lambda: CappedWatch(COLUMNS, LIMITS),
    CalibrationWatch: lambda: CalibrationWatch(COLUMNS, LIMITS),
    DilutionWatch: lambda: DilutionWatch(COLUMNS),
    SlowWatches: lambda: SlowWatches(COLUMNS, LIMITS),
}


def watch_classes() -> Iterator[type]:
    for module in pkgutil.iter_modules(models.slow.__path__, "models.slow."):
        for _, cls in inspect.getmembers(importlib.import_module(module.name), inspect.isclass):
            wanted = all(callable(getattr(cls, w, None)) for w in ("push", "state", "set_state"))
            if cls.__module__ == module.name and cls is not Watch and wanted:
                yield cls


WATCHES = sorted(set(watch_classes()), key=lambda c: c.__name__)
every_watch = pytest.mark.parametrize("cls", WATCHES, ids=lambda c: c.__name__)


def ordinary(rows: int, seed: int = 1) -> Floats:
    """Days with a shape, shared load and noise, at the instruments' resolution."""
    rng = np.random.default_rng(seed)
    day = 2 * math.pi * np.arange(rows)[:, None] / 288
    load = np.convolve(rng.normal(size=rows + 30), np.ones(30) / 30**0.5, mode="valid")[:rows, None]
    share = 1 + 0.1 * np.sin(day + 0.3 * np.arange(10)) + 0.03 * load + 0.02 * rng.normal(size=(rows, 10))
    return np.asarray(np.round(LEVELS * share, 2))


def eventful(rows: int = 3000) -> tuple[Floats, np.ndarray[Any, np.dtype[np.int8]]]:
    """Something for every watch to find, holes, and statuses."""
    values = ordinary(rows)
    status = np.zeros((rows, 10), dtype=np.int8)
    values[900:960, 3] = values[900, 3]
    values[1000:1200, 4] = values[712:912, 4]
    values[1300:1360, 0] *= 2.0
    values[1300:1360, 3:8] /= 2.0
    rng = np.random.default_rng(3)
    values[1400:1460, 4] = np.round(74.0 - 0.6 * rng.random(60), 1)
    values[1470:1480, 5], status[1475:1480, 5] = 8.0, 1
    values[2700:, 3:8] *= np.linspace(1.0, 4.0, 300)[:, None]
    values[rng.random(values.shape) < 0.01] = np.nan
    return values, status


def run(watch: Watch, values: Floats, status: Any, first: int = 0) -> list[list[Finding]]:
    return [
        watch.push(START_S + 300.0 * (first + i), v, s) for i, (v, s) in enumerate(zip(values, status, strict=True))
    ]


def test_every_watch_is_configured_here() -> None:
    assert set(WATCHES) == set(BUILD)
    assert all(isinstance(build(), Watch) for build in BUILD.values())


@every_watch
def test_a_prefix_gives_the_same_prefix(cls: type) -> None:
    values, status = eventful()
    whole = run(BUILD[cls](), values, status)
    spoilt = values.copy()
    spoilt[1350:] = 12345.0
    assert run(BUILD[cls](), spoilt, status)[:1350] == whole[:1350]


@every_watch
@pytest.mark.parametrize("cut", [0, 1, 930, 1100, 1340, 1478])
def test_it_goes_on_from_its_snapshot(cls: type, cut: int) -> None:
    values, status = eventful()
    one = BUILD[cls]()
    run(one, values[:cut], status[:cut])
    other = BUILD[cls]()
    other.set_state(unpack("watch", 1, pack("watch", 1, one.state())))
    assert run(other, values[cut:], status[cut:], cut) == run(one, values[cut:], status[cut:], cut)
    assert pack("watch", 1, other.state()) == pack("watch", 1, one.state())


@every_watch
def test_the_memory_is_bounded(cls: type) -> None:
    watch = BUILD[cls]()
    values, status = eventful()
    run(watch, values, status)
    early = len(pack("watch", 1, watch.state()))
    run(watch, ordinary(2000, 2), np.zeros((2000, 10), dtype=np.int8), len(values))
    assert max(early, len(pack("watch", 1, watch.state()))) <= TOGETHER_LIMIT


@every_watch
def test_findings_have_words(cls: type) -> None:
    values, status = eventful()
    found = [f for row in run(BUILD[cls](), values, status) for f in row]
    if cls not in {DriftWatch, FoulingWatch}:
        assert found
    for f in found:
        assert (f.cls is TriageClass.POLLUTION) == (f.reason is Reason.RISE)
        assert f.parameter in COLUMNS
        assert f.since_s <= f.at_s
        assert f.text.vi
        assert f.text.en
        if f.cls is TriageClass.FALSIFICATION:
            assert "kiểm tra" in f.text.vi
            assert "worth a check" in f.text.en


@every_watch
def test_ordinary_days_are_quiet(cls: type) -> None:
    found = run(BUILD[cls](), ordinary(4000, 7), np.zeros((4000, 10), dtype=np.int8))
    assert not any(found)


SPOIL: list[Callable[[Floats], Floats]] = [
    lambda v: np.full_like(v, np.nan), lambda v: np.full_like(v, 5.0), lambda v: np.where(v > 60, 1e300, v),
    lambda v: np.where(v > 60, -v, v), np.zeros_like, lambda v: np.where(v > 60, np.inf, v),
]  # fmt: skip


@every_watch
@pytest.mark.parametrize("spoil", SPOIL)
@pytest.mark.filterwarnings("error")
def test_bad_input_is_survived(cls: type, spoil: Callable[[Floats], Floats]) -> None:
    watch = SlowWatches(COLUMNS, LIMITS) if cls is SlowWatches else BUILD[cls]()
    values = spoil(ordinary(700))
    if not isinstance(watch, SlowWatches):
        values = np.where(np.abs(values) < 1e12, values, np.nan)
    run(watch, values, np.zeros((700, 10), dtype=np.int8))
    after_a_year = watch.push(START_S + 366 * 86400.0, LEVELS, np.zeros(10, dtype=np.int8))
    assert all(f.parameter in COLUMNS for f in after_a_year)

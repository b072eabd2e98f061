"""Every quality test, found by itself, against an oracle in arrays; and the worker's chain against every test."""

from __future__ import annotations

import importlib
import math
import pkgutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import quantrac.quality
from quantrac.domain.readings import Flag, QcReason, Reading
from quantrac.domain.stations import QcThresholds
from quantrac.quality.chain import SensorQuality
from quantrac.quality.protocol import QualityTest, TestLimits

MODULES = [
    importlib.import_module(f"quantrac.quality.{m.name}") for m in pkgutil.iter_modules(quantrac.quality.__path__)
]
TESTS = [module.TEST for module in MODULES if hasattr(module, "TEST")]

bound = st.none() | st.sampled_from([-1.0, 0.0, 0.5, 1.0, 2.0, 5.0])
window = st.none() | st.sampled_from([0.0, 300.0, 900.0, 3600.0])
limits = st.builds(
    TestLimits,
    st.builds(
        QcThresholds,
        sensor_min=bound,
        sensor_max=bound,
        expected_min=bound,
        expected_max=bound,
        max_rate_per_s=st.none() | st.sampled_from([0.0, 0.001, 0.01]),
        flat_line_suspect_s=window,
        flat_line_bad_s=window,
        resolution=st.sampled_from([0.0, 0.1, 50.0]),
    ),
    st.sampled_from([1.0, 300.0]),
    st.sampled_from([0.0, 60.0]),
)
# Few distinct values and stamps, so that runs, repetitions, late readings and gaps happen.
value = st.sampled_from([0.0, 1.0, 1.0, 1.0005, 1.5, 3.0, -2.0, math.nan]) | st.floats(-1e6, 1e6)
series = st.lists(st.tuples(st.integers(0, 40).map(lambda i: i * 150.0), value, st.floats(0, 6000)), max_size=60)


Floats = NDArray[np.float64]


# The oracle: whole series at once, in order of arrival, with no memory to go wrong.


def in_order(observed_s: Floats, values: Floats) -> NDArray[np.int64]:
    """Places of the readings that have a value and are newer than every earlier one that has."""
    newest, rows = -math.inf, []
    for i, (at, number) in enumerate(zip(observed_s.tolist(), values.tolist(), strict=True)):
        if not math.isnan(number) and at > newest:
            newest = at
            rows.append(i)
    return np.asarray(rows, dtype=np.int64)


def gross_range(observed_s: Floats, values: Floats, received_s: Floats, limits: TestLimits) -> Floats:
    qc = limits.qc
    found = np.where(np.isnan(values), Flag.NOT_EVALUATED, Flag.GOOD)
    for low, high, flag in ((qc.expected_min, qc.expected_max, Flag.SUSPECT), (qc.sensor_min, qc.sensor_max, Flag.BAD)):
        found[(values < (-np.inf if low is None else low)) | (values > (np.inf if high is None else high))] = flag
    unbounded = qc.sensor_min is qc.sensor_max is qc.expected_min is qc.expected_max is None
    return np.full(len(values), Flag.NOT_EVALUATED) if unbounded else found


def rate_of_change(observed_s: Floats, values: Floats, received_s: Floats, limits: TestLimits) -> Floats:
    found = np.full(len(values), Flag.NOT_EVALUATED)
    if limits.qc.max_rate_per_s is None:
        return found
    rows = in_order(observed_s, values)
    elapsed_s = np.diff(observed_s[rows])
    too_fast = np.abs(np.diff(values[rows])) / elapsed_s > limits.qc.max_rate_per_s
    near = elapsed_s <= limits.max_gap_s
    found[rows[1:][near]] = np.where(too_fast[near], Flag.SUSPECT, Flag.GOOD)
    return found


def flat_line(observed_s: Floats, values: Floats, received_s: Floats, limits: TestLimits) -> Floats:
    qc = limits.qc
    found = np.full(len(values), Flag.NOT_EVALUATED)
    if qc.flat_line_suspect_s is None and qc.flat_line_bad_s is None:
        return found
    rows = in_order(observed_s, values)
    stamps, series = observed_s[rows], values[rows]
    start = 0
    for i in range(len(rows)):
        away = np.abs(series[start : i + 1] - series[start]) > 0.01 * qc.resolution
        if away.any() or (i > start and stamps[i] - stamps[i - 1] > limits.max_gap_s):
            start = i
        lasted_s = stamps[i] - stamps[start]
        found[rows[i]] = Flag.GOOD
        if i > start and qc.flat_line_suspect_s is not None and lasted_s >= qc.flat_line_suspect_s:
            found[rows[i]] = Flag.SUSPECT
        if i > start and qc.flat_line_bad_s is not None and lasted_s >= qc.flat_line_bad_s:
            found[rows[i]] = Flag.BAD
    return found


def ahead_of_clock(observed_s: Floats, values: Floats, received_s: Floats, limits: TestLimits) -> Floats:
    return np.where(observed_s - received_s > limits.clock_ahead_s, Flag.SUSPECT, Flag.GOOD)


ORACLES: dict[str, Callable[[Floats, Floats, Floats, TestLimits], Floats]] = {
    oracle.__name__: oracle for oracle in (gross_range, rate_of_change, flat_line, ahead_of_clock)
}


def columns(series: list[tuple[float, float, float]]) -> Floats:
    return np.asarray(series, dtype=np.float64).reshape(-1, 3).T


def test_every_test_is_found_and_has_an_oracle():
    assert sorted(t.name for t in TESTS) == sorted(ORACLES)


@pytest.mark.parametrize("test", TESTS, ids=lambda t: t.name)
@given(series=series, limits=limits)
def test_one_by_one_is_as_all_at_once(test: QualityTest, series, limits: TestLimits):
    state, one_by_one = None, []
    for observed_s, number, received_s in series:
        flag, state = test.step(state, observed_s, number, received_s, limits)
        one_by_one.append(flag)
    assert one_by_one == ORACLES[test.name](*columns(series), limits).tolist()


EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# (seconds since the one before, value, how far the station's clock is ahead of ours)
live = st.lists(
    st.tuples(
        st.sampled_from([150.0, 150.0, 300.0, 5000.0]),
        st.sampled_from([1.0, 1.0, 1.0, 1.0005, 1.5, 3.0]),
        st.sampled_from([-30.0, 0.0, 59.0, 61.0]),
    ),
    max_size=20,
)


@settings(max_examples=400)
@given(live=live, limits=limits)
def test_the_chain_of_the_worker_says_what_the_tests_say(live, limits: TestLimits):
    """A live series; what the instrument cannot report is left out, since the chain keeps it from the other tests."""
    times = np.cumsum([gap_s for gap_s, _, _ in live])
    sent = [(float(at), value, float(at) - ahead_s) for at, (_, value, ahead_s) in zip(times, live, strict=True)]
    arrived = [row for row in sent if gross_range(*columns([row]), limits)[0] != Flag.BAD]
    expected = np.array([oracle(*columns(arrived), limits) for oracle in ORACLES.values()]).max(axis=0)
    chain = SensorQuality(limits.qc, limits.cadence_s, limits.clock_ahead_s)
    for (at, value, received_s), worst in zip(arrived, expected.tolist(), strict=True):
        observed_at, now = (EPOCH + timedelta(seconds=s) for s in (at, received_s))
        flag, _ = chain.check(Reading("S", "COD", observed_at, now, value), now)
        assert flag == worst or max(flag, worst) <= Flag.NOT_EVALUATED


@pytest.mark.parametrize("test", TESTS, ids=lambda t: t.name)
def test_the_docstring_is_the_specification_and_cites_its_source(test: QualityTest):
    texts = [m.__doc__ or "" for m in MODULES if getattr(m, "TEST", None) is test]
    texts += [
        f.__doc__ or "" for m in MODULES if getattr(m, "TEST", None) is test for f in vars(m).values() if callable(f)
    ]
    assert any("QARTOD" in text for text in texts)
    assert set(test.reasons) <= set(QcReason)

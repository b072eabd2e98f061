"""Every quality test, found by itself: the array form and the one-by-one form give equal flags for any series."""

from __future__ import annotations

import importlib
import math
import pkgutil

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import quantrac.quality
from quantrac.domain.readings import Flag, QcReason
from quantrac.domain.stations import QcThresholds
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


def test_the_tests_are_found():
    assert {t.name for t in TESTS} >= {"gross_range", "rate_of_change", "flat_line", "missing", "ahead_of_clock"}
    assert len({t.name for t in TESTS}) == len(TESTS)


@pytest.mark.parametrize("test", TESTS, ids=lambda t: t.name)
@given(series=series, limits=limits)
def test_both_forms_agree(test: QualityTest, series, limits: TestLimits):
    columns = np.asarray(series, dtype=np.float64).reshape(-1, 3).T
    flags = test.flags(*columns, limits)
    assert flags.dtype == np.uint8
    state, one_by_one = None, []
    for observed_s, number, received_s in series:
        flag, state = test.step(state, observed_s, number, received_s, limits)
        one_by_one.append(flag)
    assert flags.tolist() == one_by_one


@pytest.mark.parametrize("test", TESTS, ids=lambda t: t.name)
@given(series=series, limits=limits)
def test_the_input_is_left_alone_and_the_flags_are_flags(test: QualityTest, series, limits: TestLimits):
    columns = np.asarray(series, dtype=np.float64).reshape(-1, 3).T
    before = columns.copy()
    assert {Flag(f) for f in test.flags(*columns, limits).tolist()} <= set(Flag)
    np.testing.assert_array_equal(columns, before)


@pytest.mark.parametrize("test", TESTS, ids=lambda t: t.name)
def test_the_docstring_is_the_specification_and_cites_its_source(test: QualityTest):
    texts = [m.__doc__ or "" for m in MODULES if getattr(m, "TEST", None) is test]
    texts += [
        f.__doc__ or "" for m in MODULES if getattr(m, "TEST", None) is test for f in vars(m).values() if callable(f)
    ]
    assert any("QARTOD" in text for text in texts)
    assert set(test.reasons) <= set(QcReason)

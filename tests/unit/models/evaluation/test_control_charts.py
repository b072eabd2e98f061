"""The simple charts beside the station: they find a slug, keep quiet before it, and look at the past only."""

from __future__ import annotations

import numpy as np
import pytest

from models.evaluation.detectors import DETECTORS, detector_named
from models.series import Series

STEP, T0 = np.timedelta64(300, "s"), np.datetime64("2026-03-01T00:00:00", "ns")
CHARTS = ("ewma", "t2", "three_terms")


def water(seed: int, slug: bool, by_sensor: bool = False) -> Series:
    rng = np.random.default_rng(seed)
    values = np.array([40.0, 3.0, 20.0]) * (1 + 0.03 * rng.normal(size=(2400, 3)))
    labels = np.zeros(2400, dtype=np.bool_)
    if slug:
        values[2000:2040] *= 2.5
        labels[2000:2040] = True
    shown = np.repeat(labels[:, None], 3, axis=1) if by_sensor else labels
    return Series("w", T0 + np.arange(2400) * STEP, ("COD", "NH4", "TSS"), values, shown)


@pytest.mark.parametrize("name", CHARTS)
@pytest.mark.parametrize("taught", [True, False])
def test_a_chart_finds_a_slug_and_alarms_about_once_a_day_before(name: str, *, taught: bool) -> None:
    judge = detector_named(name)([water(1, slug=False)] if taught else [])
    alarm = judge(water(2, slug=True)).alarm
    assert alarm[2000:2012].any()
    assert alarm[900:1990].sum() <= 20


@pytest.mark.parametrize("name", CHARTS)
def test_a_chart_is_causal_and_judges_sensor_by_sensor_where_labels_do(name: str) -> None:
    judge = detector_named(name)([water(1, slug=True, by_sensor=True)])
    whole = water(2, slug=True, by_sensor=True)
    result = judge(whole)
    assert result.alarm.shape == (2400, 3)
    np.testing.assert_array_equal(judge(whole.taking(slice(2010))).alarm, result.alarm[:2010])


def test_the_charts_are_named() -> None:
    assert set(CHARTS) < set(DETECTORS)

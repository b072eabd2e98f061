from __future__ import annotations

from datetime import datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quantrac.domain.stations import Station
from simulators.instruments import StationInstruments
from simulators.noise import autoregressive, normal, stream_key, uniform
from simulators.signals import StationSignals, decimals

WEEK_S = 7 * 86_400
# QCVN 40:2011/BTNMT column A with Kq 1.2, Kf 1.0: the worked example of the domain notes.
LIMITS = {"COD": 90.0, "TSS": 60.0, "NH4": 6.0, "TN": 24.0, "TP": 4.8, "Temp": 40.0, "pH": 9.0}


def _week(start: datetime, step_s: float = 300.0) -> np.ndarray:
    return start.timestamp() + np.arange(0, WEEK_S, step_s)


@given(st.integers(0, 2**31), st.integers(1, 400), st.integers(0, 300))
@settings(max_examples=30, deadline=None)
def test_noise_of_any_stretch_is_that_of_the_whole(first: int, length: int, skip: int) -> None:
    times = (1.7e9 + first + np.arange(500)) * 1.0
    whole = autoregressive(7, times, 60.0, 0.98)
    part = autoregressive(7, times[skip : skip + length], 60.0, 0.98)
    np.testing.assert_allclose(part, whole[skip : skip + length], atol=1e-9)


def test_noise_has_unit_variance_and_the_asked_for_memory() -> None:
    times = np.arange(200_000) * 60.0
    noise = autoregressive(11, times, 60.0, 0.9)
    assert noise.std() == pytest.approx(1.0, abs=0.03)
    assert np.corrcoef(noise[:-1], noise[1:])[0, 1] == pytest.approx(0.9, abs=0.01)
    index = np.arange(100_000)
    assert uniform(3, index).mean() == pytest.approx(0.5, abs=0.01)
    assert normal(3, index).std() == pytest.approx(1.0, abs=0.02)


def test_streams_of_different_names_differ() -> None:
    assert len({stream_key(s, *n) for s in (1, 2) for n in (("a", "b"), ("ab",), ("a",))}) == 6


@pytest.mark.parametrize("seed", range(5))
def test_a_normal_week_stays_under_every_limit(effluent: Station, start: datetime, seed: int) -> None:
    instruments = StationInstruments(StationSignals(effluent, seed), (), seed)
    for sensor in effluent.sensors:
        values = instruments.read(sensor, _week(start)).values
        if sensor.parameter in LIMITS:
            assert values.max() < LIMITS[sensor.parameter], sensor.parameter
        assert np.isfinite(values).all()
        assert values.min() >= 0


def test_values_are_at_the_resolution_of_the_circular(effluent: Station, start: datetime) -> None:
    # TT 10/2021 Điều 34: COD 0.5, N-NH4 0.2, TSS 0.1, temperature 0.1, pH 0.1
    instruments = StationInstruments(StationSignals(effluent, 1), (), 1)
    for parameter, resolution in {"COD": 0.5, "NH4": 0.2, "TSS": 0.1, "Temp": 0.1, "pH": 0.1}.items():
        values = instruments.read(effluent.sensor_of[parameter], _week(start)).values
        steps = values / resolution
        np.testing.assert_allclose(steps, np.round(steps), atol=1e-6)
        assert np.unique(values).size > 3, parameter


@pytest.mark.parametrize(("parameter", "hold_s"), [("COD", 900), ("NH4", 1800), ("TN", 1800), ("TP", 1800)])
def test_wet_chemistry_repeats_its_result(effluent: Station, start: datetime, parameter: str, hold_s: int) -> None:
    signals = StationSignals(effluent, 1)
    times = start.timestamp() + np.arange(0, 6 * 3600, 60.0)
    sampled = signals.sampled_at(parameter, times)
    assert (sampled <= times).all()
    assert (times - sampled < hold_s).all()
    assert np.unique(sampled).size in (6 * 3600 // hold_s, 6 * 3600 // hold_s + 1)


def test_probes_do_not_repeat(effluent: Station, start: datetime) -> None:
    times = _week(start)
    np.testing.assert_array_equal(StationSignals(effluent, 1).sampled_at("TSS", times), times)


def test_sample_hold_can_be_shortened_for_a_demonstration(effluent: Station, start: datetime) -> None:
    times = start.timestamp() + np.arange(60.0)
    sampled = StationSignals(effluent, 1, sample_hold_s=2).sampled_at("COD", times)
    assert (times - sampled < 2).all()


def test_at_a_speed_the_water_lives_faster_than_the_clock(effluent: Station, start: datetime) -> None:
    """A reading a second at speed 300 moves and repeats as one every five minutes does."""
    begin = start.timestamp()
    slow, fast = StationSignals(effluent, 1), StationSignals(effluent, 1, speed=300, origin_s=begin)
    five_minutes, seconds = begin + 300.0 * np.arange(600), begin + np.arange(600.0)
    steps = [np.abs(np.diff(s.water("TSS", t))).mean() for s, t in ((slow, five_minutes), (fast, seconds))]
    assert steps[1] == pytest.approx(steps[0], rel=0.2)
    held = [np.unique(s.sampled_at("COD", t)).size for s, t in ((slow, five_minutes), (fast, seconds))]
    assert abs(held[0] - held[1]) <= 1


def test_at_a_speed_every_run_shows_the_same_stretch(effluent: Station, start: datetime) -> None:
    shown = []
    for begin in (start.timestamp() + 0.25, start.timestamp() + 98_765.75):
        signals = StationSignals(effluent, 1, speed=300, origin_s=begin)
        sampled = signals.sampled_at("COD", np.floor(begin) + np.arange(60.0))
        shown.append(signals.measured("COD", signals.water("COD", sampled), sampled))
    np.testing.assert_allclose(*shown, rtol=1e-9)


def test_parameters_that_share_causes_move_together(effluent: Station, start: datetime) -> None:
    signals = StationSignals(effluent, 3)
    times = start.timestamp() + np.arange(0, 4 * WEEK_S, 900.0)
    cod, tn, nh4 = (signals.water(p, times) for p in ("COD", "TN", "NH4"))
    assert np.corrcoef(nh4, tn)[0, 1] > 0.6
    assert np.corrcoef(cod, nh4)[0, 1] > 0.2


def test_flow_is_higher_by_day_and_on_working_days(effluent: Station, start: datetime) -> None:
    signals = StationSignals(effluent, 1, noise_scale=0)
    flow = signals.water("Flow", _week(start)).reshape(7, 288)  # from Monday 10:00
    assert flow[0, 48] > flow[0, 192]  # Monday 14:00 against Tuesday 02:00
    assert flow[1].mean() > flow[5].mean() * 1.1  # Tuesday against Saturday


@pytest.mark.parametrize(("resolution", "digits"), [(0.5, 1), (0.1, 1), (0.2, 1), (1.0, 0), (0.02, 2), (0.001, 3)])
def test_decimals(resolution: float, digits: int) -> None:
    assert decimals(resolution) == digits

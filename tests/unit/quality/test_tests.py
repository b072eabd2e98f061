"""Each quality test against hand-made series."""

from __future__ import annotations

import math

import numpy as np
import pytest

from quantrac.domain.readings import Flag
from quantrac.domain.stations import QcThresholds
from quantrac.quality import ahead_of_clock, flat_line, gross_range, rate_of_change
from quantrac.quality.protocol import TestLimits

G, N, S, B = Flag.GOOD, Flag.NOT_EVALUATED, Flag.SUSPECT, Flag.BAD
NAN = math.nan


def flags(module, minutes, values, qc, *, received=None, cadence_s=300.0):
    limits, state, found = TestLimits(qc, cadence_s), None, []
    for at, value, got in zip(minutes, values, minutes if received is None else received, strict=True):
        flag, state = module.step(state, 60.0 * at, value, 60.0 * got, limits)
        found.append(flag)
    return found


def test_gross_range_includes_its_bounds():
    qc = QcThresholds(sensor_min=0, sensor_max=14, expected_min=5.5, expected_max=9)
    assert flags(gross_range, range(7), [-0.01, 0, 5.5, 9, 9.01, 14.01, NAN], qc) == [B, S, G, G, S, B, N]


def test_gross_range_with_one_bound_only():
    assert flags(gross_range, range(3), [-1, 0, 1e9], QcThresholds(expected_min=0)) == [S, G, G]


@pytest.mark.parametrize("module", [gross_range, rate_of_change, flat_line])
def test_without_thresholds_nothing_is_evaluated(module):
    assert flags(module, range(3), [1, 1, 1], QcThresholds()) == [N, N, N]


def test_rate_of_change():
    #  minute   0    5    10   15            60   65
    #  value    10   13   17   17   (gap)    99   99.1
    #  step          3    4    0             new
    qc = QcThresholds(max_rate_per_s=3 / 300)
    assert flags(rate_of_change, [0, 5, 10, 15, 60, 65], [10, 13, 17, 17, 99, 99.1], qc) == [N, G, S, G, N, G]


def test_rate_of_change_skips_what_is_missing_and_what_comes_late():
    # The reading of minute 5 comes after that of minute 10: it is judged by nobody and changes nothing.
    qc = QcThresholds(max_rate_per_s=3 / 300)
    assert flags(rate_of_change, [0, 10, 5, 10, 15], [10, NAN, 500, 12, 14], qc) == [N, N, S, S, G]
    assert flags(rate_of_change, [0, 10, 5, 15], [10, 12, 500, 14], qc) == [N, G, N, G]


def test_flat_line_by_duration():
    #  hour     0    1    2    3    4    5    6     a wet-chemistry analyser, 15 min cadence of the file
    #  value    5    5    5    5    5    5    6
    qc = QcThresholds(flat_line_suspect_s=3 * 3600, flat_line_bad_s=5 * 3600, resolution=0.2)
    minutes = list(range(0, 375, 15))
    values = [5.0] * 24 + [6.0]
    expected = [G] * 12 + [S] * 8 + [B] * 4 + [G]
    assert flags(flat_line, minutes, values, qc, cadence_s=900.0) == expected


def test_flat_line_begins_anew_after_a_gap_and_after_a_change():
    qc = QcThresholds(flat_line_suspect_s=600)
    minutes = [0, 5, 10, 15, 100, 105, 110]
    assert flags(flat_line, minutes, [1] * 7, qc) == [G, G, S, S, G, G, S]
    assert flags(flat_line, minutes[:4], [1, 1, 1.01, 1.01], qc) == [G, G, G, G]


def test_an_analyser_may_repeat_a_value_for_half_an_hour():
    from quantrac.domain.stations import StationKind
    from quantrac.quality.defaults import default_thresholds

    qc = default_thresholds("COD", StationKind.EFFLUENT)
    values = np.repeat([50.0, 51.5, 49.0, 52.0, 50.5, 58.0, 57.0, 55.0], 6)
    assert set(flags(flat_line, range(0, 240, 5), values, qc)) == {G}


def test_clock():
    # observed 2 minutes after receipt, one minute (allowed) after, an hour before
    assert flags(ahead_of_clock, [2, 1, -60], [1, 1, 1], QcThresholds(), received=[0, 0, 0]) == [S, G, G]

"""Flat line: a value that does not move for longer than the instrument can explain."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from quantrac.domain.readings import Flag, QcReason
from quantrac.quality.protocol import Flags, Floats, QualityTest, State, TestLimits, in_order, not_evaluated

SAME = 0.01
"""Values that differ by at most this share of the resolution are equal: room for the rounding of a conversion, and far
too little to call a calm basin stuck (pH in an equalising tank moves by less than its resolution of 0.1 for hours)."""


def step(state: State, observed_s: float, value: float, received_s: float, limits: TestLimits) -> tuple[Flag, State]:
    """Return the flag of one reading; the state is (newest observed_s, start of the run, its first value).

    A run is a series of readings equal to its first one within ``SAME`` × ``resolution``; another value or a gap of
    more than ``max_gap_s`` begins a new one. ``SUSPECT`` when the run has lasted ``flat_line_suspect_s`` or more,
    ``BAD`` from ``flat_line_bad_s``. ``NOT_EVALUATED`` for a reading that is not newer than the newest one.

    The windows are durations and not counts of readings (QARTOD, Test 8, Flat Line Test: REP_CNT_SUSPECT and
    REP_CNT_FAIL), since wet-chemistry analysers measure every 15 to 30 minutes and the 5-minute file repeats their
    value in between (TT 10/2021/TT-BTNMT, Đ.34).
    """
    del received_s
    qc = limits.qc
    suspect_s, bad_s = qc.flat_line_suspect_s, qc.flat_line_bad_s
    if (suspect_s is None and bad_s is None) or value != value:  # noqa: PLR0124 - NaN
        return Flag.NOT_EVALUATED, state
    if state is None:
        return Flag.GOOD, (observed_s, observed_s, value)
    newest_s, since_s, first = state
    if observed_s <= newest_s:
        return Flag.NOT_EVALUATED, state
    if observed_s - newest_s > limits.max_gap_s or abs(value - first) > SAME * qc.resolution:
        return Flag.GOOD, (observed_s, observed_s, value)
    lasted_s = observed_s - since_s
    flag = Flag.GOOD
    if bad_s is not None and lasted_s >= bad_s:
        flag = Flag.BAD
    elif suspect_s is not None and lasted_s >= suspect_s:
        flag = Flag.SUSPECT
    return flag, (observed_s, since_s, first)


def flags(observed_s: Floats, values: Floats, received_s: Floats, limits: TestLimits) -> Flags:
    """Return the flags of a series in order of arrival. See :func:`step`."""
    del received_s
    qc = limits.qc
    result = not_evaluated(len(values))
    if qc.flat_line_suspect_s is None and qc.flat_line_bad_s is None:
        return result
    (rows,) = np.nonzero(in_order(observed_s, values))
    stamps, series = observed_s[rows], values[rows]
    lasted_s = stamps - stamps[_run_starts(stamps, series, SAME * qc.resolution, limits.max_gap_s)]
    found = np.full(len(rows), Flag.GOOD, dtype=np.uint8)
    if qc.flat_line_suspect_s is not None:
        found[(lasted_s >= qc.flat_line_suspect_s) & (lasted_s > 0.0)] = Flag.SUSPECT
    if qc.flat_line_bad_s is not None:
        found[(lasted_s >= qc.flat_line_bad_s) & (lasted_s > 0.0)] = Flag.BAD
    result[rows] = found
    return result


def _run_starts(stamps: Floats, series: Floats, tolerance: float, max_gap_s: float) -> NDArray[np.int64]:
    """Return for each reading the position at which its run begins.

    Neighbours further apart than the tolerance surely part two runs. Within such a stretch a slow drift may leave the
    tolerance around its first value, so each stretch is walked from run to run, not from reading to reading.
    """
    length = len(series)
    starts = np.zeros(length, dtype=np.int64)
    parted = np.ones(length, dtype=np.bool_)
    parted[1:] = (np.abs(np.diff(series)) > 2.0 * tolerance) | (np.diff(stamps) > max_gap_s)
    bounds = np.append(np.nonzero(parted)[0], length)
    for begin, end in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
        start = begin
        while start < end:
            away = np.abs(series[start:end] - series[start]) > tolerance
            stop = start + int(np.argmax(away)) if away.any() else end
            starts[start:stop] = start
            start = stop
    return starts


TEST = QualityTest("flat_line", (QcReason.FLAT_LINE,), flags, step)

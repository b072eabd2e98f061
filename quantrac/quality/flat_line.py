"""Flat line: a value that does not move for longer than the instrument can explain."""

from __future__ import annotations

from quantrac.domain.readings import Flag, QcReason
from quantrac.quality.protocol import QualityTest, State, TestLimits

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


TEST = QualityTest("flat_line", (QcReason.FLAT_LINE,), step)

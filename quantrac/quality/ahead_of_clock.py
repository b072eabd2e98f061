"""Clock: a reading that was observed, by its own stamp, after it was received."""

from __future__ import annotations

import numpy as np

from quantrac.domain.readings import Flag, QcReason
from quantrac.quality.protocol import Flags, Floats, QualityTest, State, TestLimits


def step(state: State, observed_s: float, value: float, received_s: float, limits: TestLimits) -> tuple[Flag, State]:
    """Return ``SUSPECT`` when ``observed_s`` is after ``received_s`` by more than ``clock_ahead_s``, else ``GOOD``.

    Nothing can be said of a stamp in the past: a late reading is normal. Source: QARTOD, Test 1 (Timing/Gap Test), and
    TT 10/2021/TT-BTNMT, Đ.39 (loggers keep Vietnam's standard time).
    """
    del value
    return (Flag.SUSPECT if observed_s - received_s > limits.clock_ahead_s else Flag.GOOD), state


def flags(observed_s: Floats, values: Floats, received_s: Floats, limits: TestLimits) -> Flags:
    """Return the flags of a series. See :func:`step`."""
    del values
    ahead = observed_s - received_s > limits.clock_ahead_s
    return np.where(ahead, Flag.SUSPECT, Flag.GOOD).astype(np.uint8)


TEST = QualityTest("ahead_of_clock", (QcReason.CLOCK_FUTURE,), flags, step)

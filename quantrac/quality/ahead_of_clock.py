"""Clock: a reading that was observed, by its own stamp, after it was received."""

from __future__ import annotations

from quantrac.domain.readings import Flag, QcReason
from quantrac.quality.protocol import QualityTest, State, TestLimits


def is_ahead(observed_s: float, received_s: float, limits: TestLimits) -> bool:
    """Return whether a reading was observed after its receipt by more than ``clock_ahead_s``.

    Nothing can be said of a stamp in the past: a late reading is normal. Source: QARTOD, Test 1 (Timing/Gap Test), and
    TT 10/2021/TT-BTNMT, Đ.39 (loggers keep Vietnam's standard time).
    """
    return observed_s - received_s > limits.clock_ahead_s


def step(state: State, observed_s: float, value: float, received_s: float, limits: TestLimits) -> tuple[Flag, State]:
    """Return ``SUSPECT`` for a reading from ahead of the clock, else ``GOOD``. See :func:`is_ahead`."""
    del value
    return (Flag.SUSPECT if is_ahead(observed_s, received_s, limits) else Flag.GOOD), state


TEST = QualityTest("ahead_of_clock", (QcReason.CLOCK_FUTURE,), step)

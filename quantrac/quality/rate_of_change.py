"""Rate of change: a step between neighbours that the water cannot make."""

from __future__ import annotations

from quantrac.domain.readings import Flag, QcReason
from quantrac.quality.protocol import QualityTest, State, TestLimits


def step(state: State, observed_s: float, value: float, received_s: float, limits: TestLimits) -> tuple[Flag, State]:
    """Return the flag of one reading against the newest earlier one; the state is (observed_s, value) of that.

    ``SUSPECT`` when abs(value - previous) / (observed_s - previous) exceeds ``max_rate_per_s``; equal to it is good.
    ``NOT_EVALUATED`` for the first reading, for one that is not newer than its predecessor, and after a gap of more
    than ``max_gap_s``, since over a gap anything can have happened. Source: QARTOD, Test 7 (Rate of Change Test), with
    a fixed threshold in place of a multiple of the standard deviation, so that a noisy hour does not widen it.
    """
    del received_s
    max_rate_per_s = limits.qc.max_rate_per_s
    if max_rate_per_s is None or value != value:  # noqa: PLR0124 - NaN
        return Flag.NOT_EVALUATED, state
    if state is None:
        return Flag.NOT_EVALUATED, (observed_s, value)
    elapsed_s = observed_s - state[0]
    if elapsed_s <= 0.0:
        return Flag.NOT_EVALUATED, state
    if elapsed_s > limits.max_gap_s:
        return Flag.NOT_EVALUATED, (observed_s, value)
    flag = Flag.SUSPECT if abs(value - state[1]) / elapsed_s > max_rate_per_s else Flag.GOOD
    return flag, (observed_s, value)


TEST = QualityTest("rate_of_change", (QcReason.RATE_OF_CHANGE,), step)

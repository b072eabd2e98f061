"""The shape that every quality test shares."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from quantrac.domain.readings import Flag, QcReason
from quantrac.domain.stations import QcThresholds

State = tuple[float, ...] | None
"""What a test remembers of a sensor between readings; ``None`` at the beginning."""

GAP_CADENCES = 3.0
"""Two readings further apart than this many cadences have nothing to say of each other: three missed sendings are also
what counts as a loss of signal (Envisoft: offline after 15 min at a cadence of 5)."""
SHORTEST_GAP_S = 900.0
"""The same 15 minutes for probes of a faster cadence: a few lost seconds at 1 Hz must not end a flat line."""


@dataclass(frozen=True, slots=True)
class TestLimits:
    """Thresholds of one sensor and what follows from its cadence.

    ``clock_ahead_s`` is how far a station's clock may run before ours without remark: a minute covers loggers that set
    their clock once a day, and a transmission never makes a reading early.
    """

    qc: QcThresholds
    cadence_s: float = 300.0
    clock_ahead_s: float = 60.0
    max_gap_s: float = field(init=False)

    __test__ = False  # its name begins like a test case of pytest

    def __post_init__(self) -> None:
        object.__setattr__(self, "max_gap_s", max(SHORTEST_GAP_S, GAP_CADENCES * self.cadence_s))


@dataclass(frozen=True, slots=True)
class QualityTest:
    """One quality test.

    ``step(state, observed_s, value, received_s, limits)`` takes one reading in order of arrival: seconds since any
    epoch, the value in the parameter's unit with NaN for a missing one, seconds of receipt by the same epoch. It
    returns the reading's flag and the state for the next.

    It says ``NOT_EVALUATED`` where the test is switched off, the value is missing, or the reading has no predecessor to
    be held against, and changes nothing in the state for a reading that is not newer than the newest one seen.
    """

    name: str
    reasons: tuple[QcReason, ...]
    step: Callable[[State, float, float, float, TestLimits], tuple[Flag, State]]

    __test__ = False

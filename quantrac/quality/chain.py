"""All quality tests over one sensor's readings as they arrive: the worst flag wins."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from math import inf

from quantrac.domain.readings import Flag, QcReason, Reading, Status
from quantrac.domain.stations import QcThresholds
from quantrac.quality import flat_line, rate_of_change
from quantrac.quality.ahead_of_clock import is_ahead
from quantrac.quality.gross_range import range_flag
from quantrac.quality.protocol import State, TestLimits

Snapshot = Sequence[Sequence[float] | None]
"""State of one sensor as plain numbers."""

_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
_SECOND = timedelta(seconds=1)
_NEVER_S = -inf
_LANES = 4
"""Memories of a sensor: two tests, live and behind."""
_NO_REASON: tuple[QcReason, ...] = ()
_FIRST = (QcReason.FIRST_READING,)
_OF_STATUS = {
    # The value is not of the water while the instrument is being calibrated, or is in doubt by its own word.
    Status.CALIBRATING: (Flag.SUSPECT, QcReason.STATUS_CALIBRATING),
    Status.FAULT: (Flag.BAD, QcReason.STATUS_FAULT),
    Status.MAINTENANCE: (Flag.SUSPECT, QcReason.STATUS_MAINTENANCE),
    Status.UNKNOWN: (Flag.SUSPECT, QcReason.STATUS_UNKNOWN),
}


class SensorQuality:
    """Quality control of one sensor: thresholds, and what was seen of it.

    Readings newer than all before them go by the live memory. A reading from behind (a backfill after the live feed has
    resumed, a re-sent file) goes by a second memory of its own, so that a backfill is tested against its own
    neighbours and never disturbs the live tests.

    A reading that could not be held against a predecessor is ``NOT_EVALUATED`` with ``FIRST_READING`` when nothing
    else speaks against it; it stays usable.

    A sensor whose logger writes another unit than at first is suspect until it writes the first one again, or the
    registry names the new one: COD in "µg/L" with the numbers of mg/L would be a thousandth of what flows.
    """

    __slots__ = ("_factor", "_head_s", "_limits", "_memory", "_rated", "_units")

    def __init__(
        self, qc: QcThresholds, cadence_s: float = 300.0, clock_ahead_s: float = 60.0, *, units: bool = True
    ) -> None:
        self._limits = TestLimits(qc, cadence_s, clock_ahead_s)
        self._rated = qc.max_rate_per_s is not None
        self._units = units
        self._factor: float | None = None
        self._head_s = _NEVER_S
        # rate of change live, flat line live, rate of change behind, flat line behind
        self._memory: list[State] = [None, None, None, None]

    def check(self, reading: Reading, now: datetime) -> tuple[Flag, tuple[QcReason, ...]]:
        """Return the worst flag of all tests and every reason for a flag worse than ``NOT_EVALUATED``.

        ``now`` is our clock at receipt, aware. Calibration, maintenance, fault and unknown status are flagged,
        tested by range alone, and leave no trace in the memory; so does a missing value.
        """
        limits = self._limits
        observed_s = (reading.observed_at - _EPOCH) / _SECOND
        flag, reasons = Flag.GOOD, _NO_REASON
        if reading.observed_at > now and is_ahead(observed_s, (now - _EPOCH) / _SECOND, limits):
            flag, reasons = Flag.SUSPECT, (QcReason.CLOCK_FUTURE,)
        value = reading.value
        strange = False
        if value is not None:
            strange = self._is_of_another_unit(reading.factor)
            if strange:
                flag, reasons = Flag.SUSPECT, (*reasons, QcReason.UNIT_MISMATCH)
            found = range_flag(value, limits.qc)
            if found > Flag.NOT_EVALUATED:
                reason = QcReason.RANGE_SENSOR if found is Flag.BAD else QcReason.RANGE_EXPECTED
                flag, reasons = max(flag, found), (*reasons, reason)
        if reading.status is not Status.MEASURING or value is None:
            return _unmeasured(reading, flag, reasons)
        if flag is Flag.BAD or strange:
            return flag, reasons  # an impossible number is no predecessor: the next good one must not be blamed for it
        return self._against_memory(observed_s, value, flag, reasons)

    def _against_memory(
        self, observed_s: float, value: float, flag: Flag, reasons: tuple[QcReason, ...]
    ) -> tuple[Flag, tuple[QcReason, ...]]:
        memory, limits = self._memory, self._limits
        lane = 0
        if observed_s > self._head_s:
            self._head_s = observed_s
        else:
            lane = 2
            self._make_way_behind(observed_s)
        rate, memory[lane] = rate_of_change.step(memory[lane], observed_s, value, observed_s, limits)
        flat, memory[lane + 1] = flat_line.step(memory[lane + 1], observed_s, value, observed_s, limits)
        if rate is Flag.SUSPECT:
            flag, reasons = Flag.SUSPECT, (*reasons, QcReason.RATE_OF_CHANGE)
        if flat > Flag.NOT_EVALUATED:
            flag, reasons = max(flag, flat), (*reasons, QcReason.FLAT_LINE)
        if flag is Flag.GOOD and rate is Flag.NOT_EVALUATED and self._rated:
            return Flag.NOT_EVALUATED, _FIRST
        return flag, reasons

    def _is_of_another_unit(self, factor: float) -> bool:
        if self._factor is None:
            self._factor = factor
        return self._units and factor != self._factor

    def _make_way_behind(self, observed_s: float) -> None:
        """Forget the memory of the backfill when this reading lies behind that too: another backfill begins."""
        newest = self._memory[3] or self._memory[2]
        if newest is not None and observed_s <= newest[0]:
            self._memory[2] = self._memory[3] = None

    def snapshot(self) -> Snapshot:
        """Return the state as plain numbers: what a restart needs, thresholds not among them."""
        head = None if self._head_s == _NEVER_S else (self._head_s,)
        factor = None if self._factor is None else (self._factor,)
        return [head, *self._memory, factor]

    def restore(self, snapshot: Snapshot) -> None:
        """Take over a state that :meth:`snapshot` returned, also of a sensor whose thresholds have changed since."""
        head, *memory = snapshot
        self._head_s = _NEVER_S if head is None else head[0]
        self._memory = [None if state is None else tuple(state) for state in memory[:_LANES]]
        factor = memory[_LANES] if len(memory) > _LANES else None  # older ones hold none
        self._factor = None if factor is None else factor[0]


def _unmeasured(reading: Reading, flag: Flag, reasons: tuple[QcReason, ...]) -> tuple[Flag, tuple[QcReason, ...]]:
    if reading.value is None:
        flag, reasons = Flag.MISSING, (*reasons, QcReason.MISSING)
    if reading.status is not Status.MEASURING:
        of_status, reason = _OF_STATUS[reading.status]
        flag, reasons = max(flag, of_status), (*reasons, reason)
    return flag, reasons

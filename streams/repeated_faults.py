"""Work that is done again and again: a fault of it is told once, waited out longer and longer, and its end is told."""

from __future__ import annotations

from dataclasses import dataclass, field

FIRST_PAUSE_S, LONGEST_PAUSE_S = 2.0, 60.0


@dataclass(slots=True)
class _Fault:
    error: str
    pause_s: float
    again_s: float


@dataclass(slots=True)
class RepeatedFaults:
    """Pure state machine: which kinds of work fail just now, by name."""

    _faults: dict[str, _Fault] = field(default_factory=dict)

    def due(self, name: str, now_s: float) -> bool:
        """Return whether the work is to be tried now."""
        fault = self._faults.get(name)
        return fault is None or now_s >= fault.again_s

    def failed(self, name: str, error: str, now_s: float) -> bool:
        """Note that the work failed, and return whether that is news.

        >>> faults = RepeatedFaults()
        >>> faults.failed("sweep", "no such column", 0.0), faults.failed("sweep", "no such column", 2.0)
        (True, False)
        """
        before = self._faults.get(name)
        pause_s = FIRST_PAUSE_S if before is None else min(LONGEST_PAUSE_S, 2 * before.pause_s)
        self._faults[name] = _Fault(error, pause_s, now_s + pause_s)
        return before is None or before.error != error

    def worked(self, name: str) -> bool:
        """Note that the work was done, and return whether it had failed before."""
        return self._faults.pop(name, None) is not None

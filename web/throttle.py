"""How often something may be done: buckets that fill again, one for each who does it. Pure but for its own memory."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock

MOST_REMEMBERED = 10_000
"""Buckets; the one that was not used for longest is forgotten first, and would be full by then."""


class Throttle:
    """So many at once, and so many per second in the long run, for each key.

    >>> throttle = Throttle(burst=2, per_s=0.5)
    >>> [throttle.allows("a", s) for s in (0.0, 0.1, 0.2, 2.2)], throttle.allows("b", 0.2)
    ([True, True, False, True], True)
    """

    def __init__(self, burst: int, per_s: float) -> None:
        self._burst, self._per_s = float(burst), per_s
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = Lock()

    def allows(self, key: str, now_s: float) -> bool:
        """Whether it may be done once more now; takes one if so. ``now_s`` is of a clock that never goes back."""
        with self._lock:
            left, at_s = self._buckets.pop(key, (self._burst, now_s))
            left = min(self._burst, left + (now_s - at_s) * self._per_s)
            allowed = left >= 1.0
            self._buckets[key] = (left - 1.0 if allowed else left, now_s)
            if len(self._buckets) > MOST_REMEMBERED:
                self._buckets.popitem(last=False)
            return allowed

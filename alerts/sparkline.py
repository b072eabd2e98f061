"""A series as one line of text: a picture that survives every mail program and SMS."""

from __future__ import annotations

from collections.abc import Sequence

_BARS = "▁▂▃▄▅▆▇█"
_GAP = "·"


def sparkline(points: Sequence[float | None]) -> str:
    """Return one bar a point between the lowest and the highest; ``·`` for a missing one.

    >>> sparkline([1, 2, None, 8]), sparkline([5, 5]), sparkline([None])
    ('▁▂·█', '▄▄', '·')
    """
    known = [p for p in points if p is not None]
    low, high = min(known, default=0.0), max(known, default=0.0)
    return "".join(_GAP if p is None else _bar(p, low, high) for p in points)


def _bar(value: float, low: float, high: float) -> str:
    if high == low:
        return _BARS[3]
    return _BARS[min(int((value - low) / (high - low) * len(_BARS)), len(_BARS) - 1)]

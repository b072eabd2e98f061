"""Counts of one series, which add up over series."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Self


@dataclass(frozen=True, slots=True)
class Counts:
    """A base for dataclasses of counts: the sum of two is the sum of each field."""

    def __add__(self, other: Self) -> Self:
        return type(self)(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))


def ratio(part: float, whole: float) -> float | None:
    """Return a share or rate; ``None``, which is not 0, where there is nothing to count.

    >>> ratio(1, 4), ratio(0, 0)
    (0.25, None)
    """
    return part / whole if whole else None

"""Limits: versioned sets of minimum and maximum values, and the limit in force for one sensor."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class Window(StrEnum):
    """Over what a value is judged."""

    READING = "reading"
    """Each usable reading by itself: an early indication, not a legal finding."""
    HOUR = "hour"
    DAY = "day"
    """The calendar day 00:00-24:00 in Vietnam."""


@dataclass(frozen=True, slots=True)
class LimitValue:
    """One row of a limit table, before the coefficients."""

    parameter: str
    unit: str
    minimum: float | None
    maximum: float | None
    coefficients_apply: bool = True
    """Whether Kq and Kf multiply the maximum (QCVN 40:2011/BTNMT, 2.1.1 and 2.1.2)."""


@dataclass(frozen=True, slots=True)
class LimitSet:
    """A limit table with its source and the days on which it is in force (``effective_to`` exclusive)."""

    code: str
    title_vi: str
    title_en: str
    source: str
    effective_from: date
    effective_to: date | None
    values: tuple[LimitValue, ...]


@dataclass(frozen=True, slots=True)
class Limit:
    """The limit that judges one sensor on one day, coefficients and permit applied; ``source`` says where from."""

    parameter: str
    unit: str
    minimum: float | None
    maximum: float | None
    source: str


@dataclass(frozen=True, slots=True)
class EffectiveLimit:
    """The limit of one sensor of a station and the days on which it judges (of Vietnam, ``effective_to`` exclusive).

    ``effective_from`` is ``date.min`` for a limit of every day before, ``effective_to`` is ``None`` for one without an
    end.
    """

    station: str
    effective_from: date
    effective_to: date | None
    limit: Limit
    day_only: bool = False
    """It judges the mean of a day and no reading or hour (the permitted flow)."""

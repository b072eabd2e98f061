"""The day or month that a report is about, in Vietnam's calendar."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from quantrac.domain.stations import VIETNAM, Registry, Station, midnight
from quantrac.errors import QuantracError
from reports.document import Text
from reports.formats import moment


class PeriodKind(StrEnum):
    """How long a report's period is."""

    DAY = "day"
    MONTH = "month"


@dataclass(frozen=True, slots=True)
class Period:
    """A calendar day or month of Vietnam."""

    kind: PeriodKind
    first_day: date
    days: tuple[date, ...]

    @classmethod
    def of_day(cls, day: date) -> Period:
        """Return the period of one day."""
        return cls(PeriodKind.DAY, day, (day,))

    @classmethod
    def of_month(cls, year: int, month: int) -> Period:
        """Return the period of one month."""
        first = date(year, month, 1)
        following = date(year + month // 12, month % 12 + 1, 1)
        return cls(PeriodKind.MONTH, first, tuple(first + timedelta(n) for n in range((following - first).days)))

    @property
    def start(self) -> datetime:
        """The first instant."""
        return midnight(self.first_day)

    @property
    def end(self) -> datetime:
        """The first instant after it."""
        return midnight(self.days[-1] + timedelta(1))

    @property
    def words(self) -> Text:
        """The period for people."""
        if self.kind is PeriodKind.DAY:
            return Text(f"Ngày {self.first_day:%d/%m/%Y}", f"Day {self.first_day:%d/%m/%Y}")
        return Text(f"Tháng {self.first_day:%m/%Y}", f"Month {self.first_day:%m/%Y}")

    @property
    def stem(self) -> str:
        """The period in a file's name."""
        return f"{self.first_day:%Y-%m-%d}" if self.kind is PeriodKind.DAY else f"{self.first_day:%Y-%m}"


def day_of(instant: datetime) -> date:
    """Return the calendar day in Vietnam that an instant falls on."""
    return instant.astimezone(VIETNAM).date()


def refuse_future(period: Period, as_of: datetime, now: datetime) -> None:
    """Refuse a period that has not begun, and an instant that has not come.

    Raises
    ------
    QuantracError
        With a sentence that says which, and what can be asked for.
    """
    if as_of > now:
        raise QuantracError(
            f"--as-of {moment(as_of)} (UTC+7) has not come: what will be known then is not known. "
            f"It is {moment(now)}; leave --as-of out for the present state."
        )
    if period.start > as_of:
        raise QuantracError(
            f"{period.words.en} has not begun at {moment(as_of)} (UTC+7): "
            f"the newest possible {period.kind.value} is {_newest(period.kind, as_of)}."
        )


def versions_in(registry: Registry, code: str, period: Period) -> tuple[tuple[date, Station], ...]:
    """Return each description of a station in force in a period with the first day of it there; empty: none has it.

    Raises
    ------
    QuantracError
        The station is not known at all.
    """
    found: list[tuple[date, Station]] = []
    for day in period.days:
        station = registry.station(code, midnight(day))
        if station is None:
            raise QuantracError(unknown_station(registry, code))
        if not found or found[-1][1] != station:
            found.append((day, station))
    return tuple(found)


def _newest(kind: PeriodKind, as_of: datetime) -> str:
    day = day_of(as_of)
    return f"{day:%Y-%m-%d}" if kind is PeriodKind.DAY else f"{day:%Y-%m}"


def unknown_station(registry: Registry, code: str) -> str:
    """Return the sentence about a code that no station has, with the nearest that one has."""
    codes = sorted({s.code for s in registry.stations})
    near = difflib.get_close_matches(code, codes, n=1, cutoff=0.5)
    hint = f" Did you mean {near[0]}?" if near else ""
    return f"Station {code} is not known.{hint} `quantrac stations list` shows every code."

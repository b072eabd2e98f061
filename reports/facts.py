"""What a report of one station starts from: its period, its descriptions, the rows known at an instant. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cached_property

from quantrac.domain.judgements import Verdict
from quantrac.domain.limits import Window
from quantrac.domain.report_rows import HourRow, JudgedRow, StationRows
from quantrac.domain.stations import Sensor, Station, midnight
from reports.period import Period, day_of

LATE_AFTER = timedelta(minutes=30)
"""A reading that came later than this after it was measured is late: the lane limit as it is shipped."""

SILENT_AFTER = timedelta(minutes=15)
"""Three files missed: the Ministry's software calls a station offline after as long."""

_HOUR_S = 3600


@dataclass(frozen=True, slots=True)
class ReportOptions:
    """What a report needs of the settings."""

    minimum_completeness: float = 0.75
    """Share of the expected readings that makes a valid mean of an hour or day."""
    least_wqi_groups: int = 3


@dataclass(frozen=True, slots=True)
class Received:
    """Readings of a sensor as time covered: an hour never counts for more than its cadence makes."""

    expected: float
    received: float
    usable: float
    late: int

    def __add__(self, other: Received) -> Received:
        return Received(
            self.expected + other.expected,
            self.received + other.received,
            self.usable + other.usable,
            self.late + other.late,
        )

    @property
    def received_share(self) -> float | None:
        """Received of expected; ``None`` where nothing was expected."""
        return self.received / self.expected if self.expected else None

    @property
    def usable_share(self) -> float | None:
        """Usable of expected; ``None`` where nothing was expected."""
        return self.usable / self.expected if self.expected else None


@dataclass(frozen=True)
class Facts:
    """A station in a period, as it was known at ``as_of``."""

    period: Period
    versions: tuple[tuple[date, Station], ...]
    """Each description in force, with the first day of it in the period."""
    rows: StationRows
    as_of: datetime
    options: ReportOptions = ReportOptions()

    @property
    def station(self) -> Station:
        """The newest description in force."""
        return self.versions[-1][1]

    @cached_property
    def parameters(self) -> tuple[str, ...]:
        """Every parameter described or measured in the period: in the order of the station's file, then by code."""
        described = dict.fromkeys(s.parameter for _, station in reversed(self.versions) for s in station.sensors)
        return tuple(dict.fromkeys([*described, *sorted({row.parameter for row in self.rows.hours})]))

    @cached_property
    def days(self) -> tuple[date, ...]:
        """The days of the period that had begun."""
        return tuple(day for day in self.period.days if midnight(day) < self.as_of)

    @cached_property
    def hours_of(self) -> Mapping[tuple[str, date], tuple[HourRow, ...]]:
        """Hours by parameter and day, in order of time."""
        found: dict[tuple[str, date], list[HourRow]] = {}
        for row in sorted(self.rows.hours, key=lambda r: r.start):
            found.setdefault((row.parameter, day_of(row.start)), []).append(row)
        return {key: tuple(rows) for key, rows in found.items()}

    @cached_property
    def judged(self) -> tuple[JudgedRow, ...]:
        """The findings in order of time."""
        return tuple(sorted(self.rows.judged, key=lambda row: (row.start, row.parameter)))

    @cached_property
    def judged_of(self) -> Mapping[tuple[str, Window, datetime], JudgedRow]:
        """Findings by parameter, window and start."""
        return {(row.parameter, row.window, row.start): row for row in self.rows.judged}

    @cached_property
    def judged_by(self) -> Mapping[tuple[str, Window], tuple[JudgedRow, ...]]:
        """Findings by parameter and window, in order of time."""
        found: dict[tuple[str, Window], list[JudgedRow]] = {}
        for row in self.judged:
            found.setdefault((row.parameter, row.window), []).append(row)
        return {key: tuple(rows) for key, rows in found.items()}

    @cached_property
    def _station_of(self) -> Mapping[date, Station]:
        return {day: [s for first, s in self.versions if first <= day][-1] for day in self.period.days}

    def hours(self, parameter: str) -> Iterable[HourRow]:
        """Yield the hours of a parameter in order of time."""
        for day in self.period.days:
            yield from self.hours_of.get((parameter, day), ())

    def station_on(self, day: date) -> Station:
        """Return the description in force on a day of the period."""
        return self._station_of[day]

    def sensor_on(self, parameter: str, day: date) -> Sensor | None:
        """Return the description of a sensor on a day; ``None``: the station had none."""
        return self.station_on(day).sensor_of.get(parameter)

    def unit(self, parameter: str) -> str:
        """Return the newest unit of a parameter."""
        for _, station in reversed(self.versions):
            if parameter in station.sensor_of:
                return station.sensor_of[parameter].unit
        return ""

    def received_on(self, parameter: str, day: date) -> Received:
        """Return how much of a day's data came; of a day that was not over, of its elapsed part."""
        rows = self.hours_of.get((parameter, day), ())
        late = sum(row.late_count for row in rows)
        sensor = self.sensor_on(parameter, day)
        if sensor is None:
            return Received(0, 0, 0, late)
        elapsed = min(midnight(day + timedelta(1)), self.as_of) - midnight(day)
        expected = max(elapsed.total_seconds(), 0) / sensor.cadence_s
        most = max(_HOUR_S / sensor.cadence_s, 1)
        received = sum(min(row.total_count, most) for row in rows)
        usable = sum(min(row.usable_count, most) for row in rows)
        return Received(expected, min(received, expected), min(usable, expected), late)

    def received(self, parameter: str) -> Received:
        """Return how much of the period's data of a parameter came."""
        return sum((self.received_on(parameter, day) for day in self.days), Received(0, 0, 0, 0))

    @cached_property
    def valid_hours(self) -> Mapping[tuple[str, date], int]:
        """How many hours of a parameter and day have enough usable readings for a valid mean."""
        least = self.options.minimum_completeness
        return {
            (parameter, day): sum(row.usable_count > 0 and _covered(row, sensor) >= least for row in rows)
            for (parameter, day), rows in self.hours_of.items()
            for sensor in (self.sensor_on(parameter, day),)
        }

    def covered(self, row: HourRow) -> float:
        """Return the share 0..1 of an hour that its usable readings cover."""
        return _covered(row, self.sensor_on(row.parameter, day_of(row.start)))

    @cached_property
    def _exceeded(self) -> tuple[JudgedRow, ...]:
        return tuple(r for r in self.judged if r.verdict is Verdict.EXCEEDED)

    def exceeded(self, window: Window) -> tuple[JudgedRow, ...]:
        """Return the findings beyond the limit, in order of time."""
        return tuple(r for r in self._exceeded if r.window is window)


def _covered(row: HourRow, sensor: Sensor | None) -> float:
    return 0.0 if sensor is None else min(row.usable_count * sensor.cadence_s / _HOUR_S, 1.0)


def mean_of(rows: Iterable[HourRow]) -> float | None:
    """Return the mean of the usable readings of some hours; ``None`` where there is none. Exact sums, rounded once.

    >>> from datetime import UTC
    >>> def hour(total: str, count: int) -> HourRow:
    ...     return HourRow("COD", datetime(2026, 11, 1, tzinfo=UTC), Decimal(total), count, 12, 0, 1.0, 9.0, 0)
    >>> mean_of([hour("30.3", 3), hour("9.7", 1)]), mean_of([hour("0", 0)])
    (10.0, None)
    """
    found = tuple(rows)
    count = sum(row.usable_count for row in found)
    return float(sum((row.usable_sum for row in found), Decimal(0))) / count if count else None

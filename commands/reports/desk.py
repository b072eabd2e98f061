"""Reports from the database: which stations, their rows at an instant, one document."""

from __future__ import annotations

from datetime import datetime, timedelta

from quantrac.domain.stations import Registry, Sensor
from quantrac.errors import QuantracError
from reports.document import Document
from reports.facts import LATE_AFTER, SILENT_AFTER, Facts, ReportOptions
from reports.period import Period, day_of, versions_in
from reports.province import province_report
from reports.station import station_report
from sql.report_rows import station_rows

SETTLED_AFTER = timedelta(minutes=10)
"""What was received before is stored by then, unless a worker stands still."""


class ReportDesk:
    """Makes reports out of one database. Every method raises ``StoreError`` when it is out of reach."""

    def __init__(self, reader_conninfo: str, registry: Registry, options: ReportOptions) -> None:
        self._reader, self._registry, self._options = reader_conninfo, registry, options

    def station(self, code: str, period: Period, as_of: datetime) -> Document:
        """Return the report of one station, by its code or an old one.

        Raises
        ------
        QuantracError
            The station is not known, or neither described nor heard of in the period.
        """
        facts = self._facts(code, period, as_of)
        first = min(s.effective_from for s in self._registry.stations if s.code == facts.station.code)
        if first > period.days[-1] and not facts.rows.hours:
            raise QuantracError(
                f"Station {code} has no data in {period.words.en}: it is described from {first} on. "
                "Ask for a later period, or import an earlier description."
            )
        return station_report(facts)

    def province(self, period: Period, as_of: datetime) -> Document:
        """Return the report of every station that is described in the period.

        Raises
        ------
        QuantracError
            There is none.
        """
        codes = sorted({s.code for s in self._registry.stations if s.effective_from <= period.days[-1]})
        if not codes:
            raise QuantracError(
                f"No station is described in {period.words.en}: import stations with `quantrac stations import`, "
                "or ask for a later period."
            )
        return province_report(period, [self._facts(code, period, as_of) for code in codes], as_of)

    def _facts(self, code: str, period: Period, as_of: datetime) -> Facts:
        versions = versions_in(self._registry, code, period)
        station = versions[-1][1]
        rows = station_rows(
            self._reader,
            station.code,
            period.start,
            period.end,
            as_of,
            late_after=LATE_AFTER,
            silent_after=max(SILENT_AFTER, 3 * min((_cadence(s) for s in station.sensors), default=SILENT_AFTER)),
        )
        return Facts(period, versions, rows, as_of, self._options)


def _cadence(sensor: Sensor) -> timedelta:
    return timedelta(seconds=sensor.cadence_s)


def yesterday(now: datetime) -> Period:
    """Return the last whole day."""
    return Period.of_day(day_of(now) - timedelta(1))


def last_month(now: datetime) -> Period:
    """Return the last whole month."""
    day = day_of(now)
    return Period.of_month(day.year - (day.month == 1), 12 if day.month == 1 else day.month - 1)

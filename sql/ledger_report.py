"""The ledger as it stands: messages from the first byte on, and readings from the rows themselves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sql.connections import connect, translated
from sql.statements import statement

APPLICATION = "quantrac ledger"


class MessageLine(NamedTuple):
    """Messages of one station and hour of receipt: received = committed + in flight + residual."""

    station: str
    hour_start: datetime
    received: int
    committed: int
    in_flight: int
    residual: int
    uncounted: int
    """Committed, and not (yet) in the account of who first held them: a kill between two steps, no loss."""


class ReadingLine(NamedTuple):
    """Readings of one station and hour of observation: ``stored`` as counted then, ``present`` as counted now."""

    station: str
    hour_start: datetime
    stored: int
    present: int
    residual: int


class OlderReadings(NamedTuple):
    """Readings of a station that were observed before the period of a report."""

    station: str
    hour_start: datetime
    """The first hour of theirs."""
    stored: int


class MissingFiles(NamedTuple):
    """Files of a station whose stamps lie between two instants and that never came."""

    station: str
    after: datetime
    before: datetime
    files: int


@dataclass(frozen=True, slots=True)
class StationLedger:
    """Both accounts of one station since an instant."""

    station: str
    messages: MessageLine | None
    readings: ReadingLine | None

    @property
    def residual(self) -> int:
        """Messages lost and rows removed."""
        return sum(abs(line.residual) for line in (self.messages, self.readings) if line is not None)


class LedgerReport(NamedTuple):
    """Both accounts, by station and hour."""

    messages: tuple[MessageLine, ...]
    readings: tuple[ReadingLine, ...]
    older: tuple[OlderReadings, ...] = ()
    """Of stations that sent messages in the period and have no reading observed in it."""

    def stations(self) -> list[StationLedger]:
        """Return the sums by station, by code; each sum bears the first hour of its station."""
        codes = sorted({line.station for line in self.messages} | {line.station for line in self.readings})
        return [StationLedger(code, _sum(self.messages, code), _sum(self.readings, code)) for code in codes]

    @property
    def residual(self) -> int:
        """Messages lost and rows removed, of all stations; hours do not make up for one another."""
        return sum(abs(line.residual) for line in self.wrong())

    def wrong(self) -> list[MessageLine | ReadingLine]:
        """Return the hours whose accounts differ."""
        found: list[MessageLine | ReadingLine] = [line for line in self.messages if line.residual]
        found += [line for line in self.readings if line.residual]
        return found


def ledger_report(conninfo: str, since: datetime, until: datetime, station: str | None = None) -> LedgerReport:
    """Return both accounts between two instants, in one snapshot.

    Raises
    ------
    StoreError
        The database is out of reach or not migrated.
    """
    arguments = {"since": since, "until": until, "station": station}
    with translated("reading the ledger"), connect(conninfo, APPLICATION) as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        messages = connection.execute(statement("message_ledger"), arguments).fetchall()
        readings = connection.execute(statement("reading_ledger"), arguments).fetchall()
        without = sorted({row[0] for row in messages} - {row[0] for row in readings})
        older = connection.execute(statement("older_readings"), {"stations": without, "since": since}).fetchall()
    return LedgerReport(
        tuple(MessageLine(*row) for row in messages),
        tuple(ReadingLine(*row) for row in readings),
        tuple(OlderReadings(*row) for row in older),
    )


def missing_files(
    conninfo: str, since: datetime, until: datetime, limit: int, station: str | None = None
) -> list[MissingFiles]:
    """Return the gaps between the stamps of stations that send files, the longest first.

    Raises
    ------
    StoreError
        The database is out of reach or not migrated.
    """
    arguments = {"since": since, "until": until, "station": station, "limit": limit}
    with translated("reading which files are missing"), connect(conninfo, APPLICATION) as connection:
        return [MissingFiles(*row) for row in connection.execute(statement("report_missing_files"), arguments)]


def _sum(lines: tuple[Any, ...], station: str) -> Any:
    own = [line for line in lines if line.station == station]
    if not own:
        return None
    return type(own[0])(station, own[0].hour_start, *(sum(column) for column in list(zip(*own, strict=True))[2:]))

"""Station files of TT 10/2021/TT-BTNMT, Phụ lục 15: bytes to readings.

One line per parameter, no header, five columns: symbol, value, unit, time ``yyyyMMddHHmmss`` in Vietnam's civil time,
status. The circular's separator is TAB, on which a line is split strictly: a unit may be empty, a symbol may hold
spaces and commas. What loggers in use do otherwise is read as well (docs/intake.md); what cannot be read is refused
line by line.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import isfinite

from ingest.payloads.decoded import Decoded, InstantBounds, refused, shown, symbol_shown
from ingest.payloads.headings import is_heading
from ingest.payloads.json_v1_checks import MAX_PAYLOAD_BYTES, instant_refusal
from ingest.payloads.symbols import SymbolTable, symbol_table
from ingest.payloads.text import Faults, decoded, lines_of, number_of
from quantrac.domain.deadletters import Rejected, RejectReason
from quantrac.domain.loggers import Separator
from quantrac.domain.readings import Reading, Status
from quantrac.domain.stations import VIETNAM, Station
from quantrac.domain.units import converted

_COLUMNS = 5
_LAYOUT = "symbol, value, unit, time yyyyMMddHHmmss, status"
_STAMP = re.compile(r"\s*\d{14}\s*")
_NOTHING = re.compile(r"-+|nan|n/?a|null|none|err(or)?", re.IGNORECASE)
"""What loggers write for no value where the circular leaves the column empty."""
_STATUSES = {s.value: s for s in Status}
_OTHER_SEPARATORS = (Separator.SEMICOLON, Separator.COMMA)


def decode(
    payload: bytes,
    mqtt_topic_station: str,  # noqa: ARG001  a file does not name its station inside
    station: Station,
    received_at: datetime,
    bounds: InstantBounds,
) -> Decoded:
    """Return the readings of a station file, or of some lines of one, ordered by time. Never raises.

    Values are in the registry's units, ``Reading.station`` is the canonical code, instants are UTC.
    """
    if len(payload) > MAX_PAYLOAD_BYTES:
        return refused(
            RejectReason.TOO_LARGE,
            f"The file has {len(payload)} bytes in one piece and {MAX_PAYLOAD_BYTES} are read; write one file per "
            "instant, in UTF-8.",
        )
    lines = lines_of(payload)
    if not lines:
        return refused(RejectReason.WRONG_SHAPE, f"The file is empty; write one line per parameter: {_LAYOUT}.")
    return _File(symbol_table(station), received_at, bounds).decode(lines)


@dataclass(slots=True)
class _File:
    """One file on its way through: readings by parameter and instant, faults by kind."""

    table: SymbolTable
    received_at: datetime
    bounds: InstantBounds
    readings: dict[tuple[str, datetime], Reading] = field(default_factory=dict)
    faults: Faults = field(default_factory=Faults)
    instants: dict[str, datetime | Rejected] = field(default_factory=dict)
    """A file's lines have the same time as a rule: each text is understood once."""
    elsewhere: set[datetime] = field(default_factory=set)

    def decode(self, lines: list[str]) -> Decoded:
        separator = self.table.station.logger.separator or separator_of(lines)
        for line in lines:
            outcome = self._reading(line, separator)
            if outcome is None:
                continue
            if isinstance(outcome, Rejected):
                if not is_heading(line, separator.character):
                    self.faults.add(outcome)
                continue
            key = (outcome.parameter, outcome.observed_at)
            first = self.readings.setdefault(key, outcome)
            if first is not outcome:
                self.faults.add(_duplicate(outcome, first))
        if not self.readings and not self.faults.told() and not self.elsewhere:
            return refused(RejectReason.WRONG_SHAPE, f"The file has a heading and no line below it: {_LAYOUT}.")
        return decoded(self.readings.values(), self.faults, self.elsewhere)

    def _reading(self, line: str, separator: Separator) -> Reading | Rejected | None:
        """Return what a line gives; ``None`` when another description of the station reads it."""
        # What nearly every line is, without a call for it: a reading costs a few microseconds here.
        columns = line.rstrip("\r").split("\t") if separator is Separator.TAB else columns_of(line, separator)
        if len(columns) != _COLUMNS and len(columns := columns_of(line, separator)) != _COLUMNS:
            return _misshapen(line, len(columns), separator)
        symbol, text, unit, stamp, status = columns
        observed_at = self.instants.get(stamp) or self._instant(stamp)
        if self.elsewhere and observed_at in self.elsewhere:
            return None
        pair = self.table.known.get((symbol, unit)) or self._resolve(symbol, unit)
        if isinstance(pair, Rejected):
            return pair
        if isinstance(observed_at, Rejected):
            return observed_at
        parameter, factor = pair
        code = _STATUSES.get(status) or Status.from_code(status.strip())
        value = self._value(text.strip(), factor, parameter, code)
        if isinstance(value, Rejected):
            return value
        return Reading(self.table.station.code, parameter, observed_at, self.received_at, value, code, factor)

    def _resolve(self, symbol: str, unit: str) -> tuple[str, float] | Rejected:
        if not symbol.strip():
            return Rejected(RejectReason.WRONG_SHAPE, "The first column is empty; write the parameter's symbol there.")
        return self.table.resolve(symbol, unit.strip())

    def _instant(self, stamp: str) -> datetime | Rejected:
        found = instant_of(stamp.strip())
        if isinstance(found, datetime) and self.bounds.leaves_out(found):
            self.elsewhere.add(found)
        elif isinstance(found, datetime):
            fault = instant_refusal(found, self.received_at, self.bounds)
            found = found if fault is None else Rejected(*fault)
        self.instants[stamp] = found
        return found

    def _value(self, text: str, factor: float, parameter: str, status: Status) -> float | Rejected | None:
        # With 00 the logger says that it measures: there a word for nothing is a mistake that its maker is told of.
        if not text or (status is not Status.MEASURING and _NOTHING.fullmatch(text)):
            return None
        settings = self.table.station.logger
        value = number_of(text, decimal_comma=settings.decimal_comma)
        if value is not None and factor != 1.0:
            value = converted(value, factor)
        if value is None or not isfinite(value):
            return _not_a_number(text, parameter)
        if value == 0.0 and parameter in settings.zero_is_missing and status is Status.MEASURING:
            return None
        return value


def separator_of(lines: list[str]) -> Separator:
    """Return the separator that a file was written with; TAB unless no line has one and all columns fit another."""
    first = lines[0]
    if any("\t" in line for line in lines):
        return Separator.TAB
    return next((s for s in _OTHER_SEPARATORS if first.count(s.character) >= _COLUMNS - 1), Separator.TAB)


def columns_of(line: str, separator: Separator) -> list[str]:
    r"""Return the columns of one line; what ends with a separator too many has none after it.

    >>> columns_of("COD\t1\tmg/L\t20261123100500\t00\t\r", Separator.TAB)
    ['COD', '1', 'mg/L', '20261123100500', '00']
    """
    line = line.rstrip("\r")
    if separator is Separator.TAB:
        columns = line.split("\t")
        while len(columns) > _COLUMNS and not columns[-1].strip():
            columns.pop()
        return columns
    # A symbol may hold the separator ("m,p-Xylene", "PM2,5"), the four columns after it never do.
    columns = line.rsplit(separator.character, _COLUMNS)
    if len(columns) > _COLUMNS and not columns[-1].strip() and _STAMP.fullmatch(columns[-3]):
        return columns[:-1]
    return line.rsplit(separator.character, _COLUMNS - 1)


def instant_of(stamp: str) -> datetime | Rejected:
    """Return the instant (UTC) of a time of 14 digits, or why it is none."""
    if len(stamp) == 14 and stamp.isascii() and stamp.isdigit():
        parts = (int(stamp[i:j]) for i, j in ((0, 4), (4, 6), (6, 8), (8, 10), (10, 12), (12, 14)))
        try:
            return datetime(*parts, tzinfo=VIETNAM).astimezone(UTC)  # type: ignore[arg-type,misc]
        except (ValueError, OverflowError):
            pass
    return Rejected(
        RejectReason.BAD_INSTANT,
        f"The time is {shown(stamp)} and must be 14 digits, yyyyMMddHHmmss, a time of the calendar in Vietnam.",
    )


def _misshapen(line: str, found: int, separator: Separator) -> Rejected:
    cut = " A line that was cut short comes again whole when the file does." if found < _COLUMNS else ""
    return Rejected(
        RejectReason.WRONG_SHAPE,
        f"The line {shown(line)} has {found} columns ({separator.name} between), not {_COLUMNS}: {_LAYOUT}.{cut}",
    )


def _not_a_number(text: str, parameter: str) -> Rejected:
    advice = " Register decimal_comma for the station if its logger writes one." if "," in text else ""
    return Rejected(
        RejectReason.NOT_A_NUMBER,
        f"{symbol_shown(parameter)} is {shown(text)} and must be a number with a decimal point, or empty where there "
        f"is none.{advice}",
        parameter,
    )


def _duplicate(second: Reading, first: Reading) -> Rejected:
    return Rejected(
        RejectReason.DUPLICATE_PARAMETER,
        f"{second.parameter} stands twice at {first.observed_at.isoformat()}, first as {first.value!r}, then as "
        f"{second.value!r}; the first counts. Write each parameter once, or register a second sensor by its own name.",
        second.parameter,
    )

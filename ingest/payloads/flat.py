"""Flat JSON objects and CSV lines, whose fields a station's mapping explains: bytes to readings.

One row is one instant: a field with the time, perhaps one with the status, and every other field that the mapping does
not tell to ignore is a parameter by its symbol. Values are in the registry's units unless a sensor has a
``convert_rate``.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from math import isfinite, nan
from typing import Any

from ingest.payloads.decoded import Decoded, InstantBounds, refused, shown
from ingest.payloads.json_v1_checks import MAX_PAYLOAD_BYTES, instant_refusal, too_large
from ingest.payloads.symbols import SymbolTable, symbol_table
from ingest.payloads.text import Faults, decoded, number_of, text_of
from quantrac.domain.deadletters import Rejected, RejectReason
from quantrac.domain.loggers import PayloadMapping, Separator
from quantrac.domain.readings import Reading, Status
from quantrac.domain.stations import VIETNAM, Station
from quantrac.domain.units import converted

_MAX_FIELDS = 200
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_UNIX_S = {"unix": 1.0, "unix_ms": 0.001}

_Row = Mapping[str, Any]


def decode_json(
    payload: bytes,
    mqtt_topic_station: str,  # noqa: ARG001
    station: Station,
    received_at: datetime,
    bounds: InstantBounds,
) -> Decoded:
    """Return the readings of a flat JSON object, a list of such, or one a line. Never raises."""
    mapping = _mapping(payload, station)
    if isinstance(mapping, Decoded):
        return mapping
    try:
        rows = _objects(text_of(payload))
    except (ValueError, RecursionError) as exc:
        return refused(RejectReason.NOT_JSON, f"The payload is not JSON in UTF-8 ({shown(str(exc), 120)}).")
    return _Rows(symbol_table(station), mapping, received_at, bounds).decode(rows)


def decode_csv(
    payload: bytes,
    mqtt_topic_station: str,  # noqa: ARG001
    station: Station,
    received_at: datetime,
    bounds: InstantBounds,
) -> Decoded:
    """Return the readings of CSV lines (RFC 4180). Never raises."""
    mapping = _mapping(payload, station)
    if isinstance(mapping, Decoded):
        return mapping
    try:
        lines = _csv_lines(text_of(payload), station)
    except csv.Error as exc:
        return refused(RejectReason.WRONG_SHAPE, f"The payload is not CSV ({shown(str(exc), 120)}).")
    names = mapping.columns or tuple(name.strip() for name in lines[0]) if lines else ()
    rows: list[object] = [
        dict(zip(names, line, strict=True)) if len(line) == len(names) else line
        for line in (lines if mapping.columns else lines[1:])
    ]
    return _Rows(symbol_table(station), mapping, received_at, bounds).decode(rows)


def _mapping(payload: bytes, station: Station) -> PayloadMapping | Decoded:
    if len(payload) > MAX_PAYLOAD_BYTES:
        return refused(*too_large(len(payload)))
    if station.logger.mapping is None:
        return refused(
            RejectReason.NO_MAPPING,
            f"Station {station.code} sends fields whose meaning is not registered: describe them in a table "
            "[station.logger.mapping], import it, then replay this dead letter.",
        )
    return station.logger.mapping


def _objects(text: str) -> list[object]:
    """Return the rows of one JSON value, or of one value a line."""
    try:
        whole = json.loads(text, parse_constant=_no_number)
    except ValueError:
        lines = [line for line in text.split("\n") if line.strip()]
        if len(lines) < 2:
            raise
        return [json.loads(line, parse_constant=_no_number) for line in lines]
    return whole if isinstance(whole, list) else [whole]


def _no_number(_: str) -> float:
    return nan


def _csv_lines(text: str, station: Station) -> list[list[str]]:
    separator = station.logger.separator or Separator.COMMA
    lines = csv.reader(text.replace("\r\n", "\n").split("\n"), delimiter=separator.character, strict=True)
    return [line for line in lines if any(cell.strip() for cell in line)]


@dataclass(slots=True)
class _Rows:
    """Rows on their way through."""

    table: SymbolTable
    mapping: PayloadMapping
    received_at: datetime
    bounds: InstantBounds
    readings: dict[tuple[str, datetime], Reading] = field(default_factory=dict)
    faults: Faults = field(default_factory=Faults)
    elsewhere: set[datetime] = field(default_factory=set)

    def decode(self, rows: Iterable[object]) -> Decoded:
        for row in rows:
            fault = self._take(row)
            if fault is not None:
                self.faults.add(fault)
        if not self.readings and not self.faults.told() and not self.elsewhere:
            return refused(RejectReason.WRONG_SHAPE, "The payload holds no reading; send one row for each instant.")
        return decoded(self.readings.values(), self.faults, self.elsewhere)

    def _take(self, row: object) -> Rejected | None:
        """Take a row's readings; return what is wrong with the row as a whole."""
        if not isinstance(row, dict) or not 0 < len(row) <= _MAX_FIELDS:
            return Rejected(
                RejectReason.WRONG_SHAPE,
                f"A row is {shown(row)} and must have one value for each field of the mapping.",
            )
        observed_at = self._instant(row)
        if isinstance(observed_at, Rejected):
            return observed_at
        if self.elsewhere and observed_at in self.elsewhere:
            return None
        status = self._status(row)
        passed = {self.mapping.time, self.mapping.status, *self.mapping.ignore}
        for symbol, found in row.items():
            if symbol not in passed:
                self._add(self._reading(symbol, found, observed_at, status))
        return None

    def _add(self, outcome: Reading | Rejected) -> None:
        if isinstance(outcome, Reading):
            key = (outcome.parameter, outcome.observed_at)
            if key not in self.readings:
                self.readings[key] = outcome
                return
            outcome = Rejected(
                RejectReason.DUPLICATE_PARAMETER,
                f"{outcome.parameter} stands twice at {outcome.observed_at.isoformat()}; the first counts.",
                outcome.parameter,
            )
        self.faults.add(outcome)

    def _status(self, row: _Row) -> Status:
        if self.mapping.status is None:
            return Status.MEASURING
        return Status.from_code(str(row.get(self.mapping.status, "")).strip().zfill(2))

    def _instant(self, row: _Row) -> datetime | Rejected:
        found = row.get(self.mapping.time)
        try:
            observed_at = _instant_of(found, self.mapping.time_format)
        except (ValueError, OverflowError, TypeError):
            return Rejected(
                RejectReason.BAD_INSTANT,
                f"{self.mapping.time} is {shown(found)} and must be a time of the form "
                f"{self.mapping.time_format!r}, as registered for this station.",
            )
        if self.bounds.leaves_out(observed_at):
            self.elsewhere.add(observed_at)
            return observed_at
        fault = instant_refusal(observed_at, self.received_at, self.bounds)
        return observed_at if fault is None else Rejected(*fault)

    def _reading(self, symbol: str, found: object, observed_at: datetime, status: Status) -> Reading | Rejected:
        pair = self.table.resolve(symbol, None)
        if isinstance(pair, Rejected):
            detail = f"{pair.detail} A field that is no reading belongs into ignore."
            return Rejected(pair.reason, detail, pair.parameter)
        parameter, factor = pair
        settings = self.table.station.logger
        value = _value(found, decimal_comma=settings.decimal_comma)
        if isinstance(value, float):
            value = converted(value, factor)
            if value == 0.0 and parameter in settings.zero_is_missing and status is Status.MEASURING:
                value = None
        if value is not None and not isfinite(value):
            detail = f"{parameter} is {shown(found)} and must be a finite number, or empty where there is none."
            return Rejected(RejectReason.NOT_A_NUMBER, detail, parameter)
        return Reading(self.table.station.code, parameter, observed_at, self.received_at, value, status, factor)


def _value(found: object, *, decimal_comma: bool) -> float | None:
    """Return a field's number, ``None`` where it is empty, NaN where it is none."""
    if found is None:
        return None
    if isinstance(found, str):
        text = found.strip()
        number = number_of(text, decimal_comma=decimal_comma) if text else None
        return nan if text and number is None else number
    if isinstance(found, bool) or not isinstance(found, int | float):
        return nan
    try:
        return float(found)
    except OverflowError:
        return nan


def _instant_of(found: object, form: str) -> datetime:
    if form in _UNIX_S:
        if isinstance(found, bool) or not isinstance(found, int | float | str):
            raise TypeError(form)
        return _EPOCH + timedelta(seconds=float(found) * _UNIX_S[form])
    if not isinstance(found, str):
        raise TypeError(form)
    text = found.strip()
    instant = datetime.fromisoformat(text) if form == "iso" else datetime.strptime(text, form)  # noqa: DTZ007
    return (instant if instant.tzinfo else instant.replace(tzinfo=VIETNAM)).astimezone(UTC)

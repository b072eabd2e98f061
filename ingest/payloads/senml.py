"""SenML packs in JSON and CBOR (RFC 8428): bytes to readings.

A pack is a list of records; base fields (``bn``, ``bt``, ``bu``, ``bv``) hold from their record on. A record's name is
``bn`` and ``n`` together; the station's symbol for it is ``n``, or what follows the last ``:`` or ``/`` where a record
has its name in ``bn`` alone, or the whole name where that is registered. SenML knows no status: every value counts as
measured.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from math import isfinite, nan
from typing import Any

import cbor2

from ingest.payloads.decoded import Decoded, InstantBounds, refused, shown
from ingest.payloads.json_v1_checks import MAX_PAYLOAD_BYTES, instant_refusal, too_large
from ingest.payloads.symbols import SymbolTable, symbol_table
from ingest.payloads.text import Faults, decoded, text_of
from quantrac.domain.deadletters import Rejected, RejectReason
from quantrac.domain.readings import Reading
from quantrac.domain.stations import Station
from quantrac.domain.units import converted

_LABELS = {
    -1: "bver", -2: "bn", -3: "bt", -4: "bu", -5: "bv", -6: "bs",
    0: "n", 1: "u", 2: "v", 3: "vs", 4: "vb", 5: "s", 6: "t", 7: "ut", 8: "vd",
}  # fmt: skip
"""CBOR's labels (RFC 8428, section 6, table 4)."""
_VERSION = 10
"""The highest version that RFC 8428 defines (section 4.4); a pack of a higher one may mean something else."""
_ABSOLUTE_S = 2**28
"""Smaller times are relative to now (section 4.5.3)."""
_MAX_RECORDS = 2000
_MAX_DEPTH = 8
_UNITS = {"Cel": "°C", "pH": ""}
"""SenML units (section 12.1) whose spelling no logger of the circular uses."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_BASE_FIELDS = frozenset({"bver", "bn", "bt", "bu", "bv", "bs"})
_VALUE_FIELDS = frozenset({"n", "v", "vs", "vb", "vd", "s"})

_Record = Mapping[Any, Any]


def decode_json(
    payload: bytes,
    mqtt_topic_station: str,  # noqa: ARG001
    station: Station,
    received_at: datetime,
    bounds: InstantBounds,
) -> Decoded:
    """Return the readings of a SenML pack in JSON, and what was refused of it. Never raises."""
    try:
        pack = json.loads(text_of(payload), parse_constant=_no_number) if len(payload) <= MAX_PAYLOAD_BYTES else None
    except (ValueError, RecursionError) as exc:
        return refused(RejectReason.NOT_JSON, f"The payload is not JSON in UTF-8 ({shown(str(exc), 120)}).")
    return _decode(pack, len(payload), station, received_at, bounds)


def decode_cbor(
    payload: bytes,
    mqtt_topic_station: str,  # noqa: ARG001
    station: Station,
    received_at: datetime,
    bounds: InstantBounds,
) -> Decoded:
    """Return the readings of a SenML pack in CBOR, and what was refused of it. Never raises."""
    try:
        pack = _loads(payload) if len(payload) <= MAX_PAYLOAD_BYTES else None
    except (cbor2.CBORDecodeError, ValueError, TypeError, ArithmeticError, RecursionError, MemoryError) as exc:
        return refused(RejectReason.NOT_CBOR, f"The payload is not CBOR ({shown(str(exc), 120)}); send one SenML pack.")
    return _decode(pack, len(payload), station, received_at, bounds)


def _no_number(_: str) -> float:
    return nan


def _loads(payload: bytes) -> object:
    pack = cbor2.loads(payload, max_depth=_MAX_DEPTH)
    return [_labelled(record) for record in pack] if isinstance(pack, list) else pack


def _labelled(record: object) -> object:
    """Return a CBOR record with JSON's labels; an integer that is no label stays as it is, and is unknown."""
    if not isinstance(record, Mapping):
        return record
    return {_LABELS.get(k, k) if isinstance(k, int) and not isinstance(k, bool) else k: v for k, v in record.items()}


def _decode(pack: object, size: int, station: Station, received_at: datetime, bounds: InstantBounds) -> Decoded:
    if size > MAX_PAYLOAD_BYTES:
        return refused(*too_large(size))
    if not isinstance(pack, list) or not 0 < len(pack) <= _MAX_RECORDS:
        detail = (
            f"The payload is {shown(_plain(pack))} and must be a SenML pack: a list of 1 to {_MAX_RECORDS} records."
        )
        return refused(RejectReason.WRONG_SHAPE, detail)
    return _Pack(symbol_table(station), received_at, bounds).decode(pack)


@dataclass(slots=True)
class _Pack:
    """A pack on its way through; ``base`` holds the base fields seen so far."""

    table: SymbolTable
    received_at: datetime
    bounds: InstantBounds
    base: dict[str, Any] = field(default_factory=dict)
    elsewhere: set[datetime] = field(default_factory=set)

    def decode(self, pack: list[Any]) -> Decoded:
        readings: dict[tuple[str, datetime], Reading] = {}
        faults = Faults()
        for position, record in enumerate(pack):
            outcome = self._outcome(record, position)
            if isinstance(outcome, Reading) and (outcome.parameter, outcome.observed_at) in readings:
                outcome = _duplicate(outcome)
            if isinstance(outcome, Rejected):
                faults.add(outcome)
                if outcome.reason is RejectReason.UNSUPPORTED_VERSION:
                    return refused(outcome.reason, outcome.detail)
            elif outcome is not None:
                readings[outcome.parameter, outcome.observed_at] = outcome
        if not readings and not faults.told() and not self.elsewhere:
            return refused(RejectReason.WRONG_SHAPE, "The pack has base fields only; send at least one value.")
        return decoded(readings.values(), faults, self.elsewhere)

    def _outcome(self, record: object, position: int) -> Reading | Rejected | None:
        """Return what a record gives; ``None``: it only sets base fields (section 4.1), or is another version's."""
        if not isinstance(record, Mapping):
            return _misshapen(f"Record {position} is {shown(_plain(record))} and must be an object.")
        fault = _unknown_field(record) or _wrong_type(record)
        if fault is not None:
            return fault
        self.base.update({k: record[k] for k in _BASE_FIELDS & record.keys()})
        if not float(self.base.get("bver", _VERSION)) <= _VERSION:
            return Rejected(
                RejectReason.UNSUPPORTED_VERSION,
                f"bver is {shown(_plain(self.base['bver']))}; SenML is read up to version {_VERSION} (RFC 8428).",
            )
        if not _VALUE_FIELDS & record.keys():
            return None if _BASE_FIELDS & record.keys() else _misshapen(f"Record {position} is empty.")
        observed_at = self._instant(record)
        return None if observed_at in self.elsewhere else self._reading(record, position, observed_at)

    def _reading(self, record: _Record, position: int, observed_at: datetime | Rejected) -> Reading | Rejected:
        symbol = self._symbol(record)
        if not symbol:
            return _misshapen(f"Record {position} has no name; send n, or bn in a record before it.")
        unit = record.get("u", self.base.get("bu"))
        pair = self.table.resolve(symbol, _UNITS.get(unit, unit) if unit is not None else None)
        if isinstance(pair, Rejected):
            return pair
        parameter, factor = pair
        if isinstance(observed_at, Rejected):
            return observed_at
        if "v" not in record and not ("bv" in self.base and not {"vs", "vb", "vd", "s"} & record.keys()):
            found = next((k for k in ("vs", "vb", "vd", "s") if k in record), "nothing")
            return _no_value(parameter, f"has {found} and no v; only numbers in v are readings")
        value = _finite(record.get("v", 0), self.base.get("bv", 0), factor)
        if value is None:
            return _no_value(parameter, f"is {shown(_plain(record.get('v')))}; v must be a finite number")
        return Reading(self.table.station.code, parameter, observed_at, self.received_at, value, factor=factor)

    def _symbol(self, record: _Record) -> str:
        base, name = self.base.get("bn", ""), record.get("n", "")
        whole = f"{base}{name}"
        if whole in self.table.station.sensor_of_symbol or not whole:
            return whole
        return name or whole.rstrip(":/").replace("/", ":").rpartition(":")[2]

    def _instant(self, record: _Record) -> datetime | Rejected:
        try:
            since_s = float(self.base.get("bt", 0)) + float(record.get("t", 0))
            start = _EPOCH if since_s >= _ABSOLUTE_S else self.received_at
            observed_at = start + timedelta(seconds=round(since_s, 6))
        except (ValueError, ArithmeticError):
            found = f"bt {shown(_plain(self.base.get('bt')))} with t {shown(_plain(record.get('t')))}"
            return Rejected(RejectReason.BAD_INSTANT, f"The time is {found}: out of range.")
        if self.bounds.leaves_out(observed_at):
            self.elsewhere.add(observed_at)
            return observed_at
        fault = instant_refusal(observed_at, self.received_at, self.bounds)
        return observed_at if fault is None else Rejected(*fault)


def _is_number(found: object) -> bool:
    if isinstance(found, Decimal):
        return found.is_finite()
    return isinstance(found, int | float) and not isinstance(found, bool)


_is_text: Callable[[object], bool] = lambda found: isinstance(found, str)  # noqa: E731
_TYPES: Mapping[str, Callable[[object], bool]] = {
    **dict.fromkeys(("bver", "bt", "bv", "bs", "v", "s", "t", "ut"), _is_number),
    **dict.fromkeys(("bn", "bu", "n", "u", "vs"), _is_text),
}


def _wrong_type(record: _Record) -> Rejected | None:
    for key, is_right in _TYPES.items():
        # A value of the wrong type spoils its own record alone, and is told as what it is: no number.
        if key in record and key != "v" and not is_right(record[key]):
            return _misshapen(f"{key} is {shown(_plain(record[key]))}, which is not its type in RFC 8428, section 4.3.")
    return None


def _unknown_field(record: _Record) -> Rejected | None:
    """Refuse a record with a field that must be understood (section 4.4: a name that ends with ``_``)."""
    known = set(_LABELS.values())
    for key in record:
        if key not in known and (not isinstance(key, str) or key.endswith("_")):
            return _misshapen(f"The field {shown(_plain(key))} must be understood and is not known to this receiver.")
    return None


def _finite(value: object, base: object, factor: float) -> float | None:
    if not _is_number(value) or not _is_number(base):
        return None
    try:
        number = converted(float(value) + float(base), factor)  # type: ignore[arg-type]
    except (ValueError, ArithmeticError):
        return None
    return number if isfinite(number) else None


def _plain(found: object) -> object:
    """Return what was found in a form that every text of it is short: CBOR has values that JSON has not."""
    if isinstance(found, int) and abs(found) > 2**64:
        return "a whole number beyond 64 bits"
    return found if isinstance(found, str | int | float | list | dict | None) else type(found).__name__


def _misshapen(detail: str) -> Rejected:
    return Rejected(RejectReason.WRONG_SHAPE, detail)


def _no_value(parameter: str, what: str) -> Rejected:
    return Rejected(RejectReason.NOT_A_NUMBER, f"{parameter} {what}.", parameter)


def _duplicate(second: Reading) -> Rejected:
    return Rejected(
        RejectReason.DUPLICATE_PARAMETER,
        f"{second.parameter} stands twice at {second.observed_at.isoformat()}; the first counts. Send it once.",
        second.parameter,
    )

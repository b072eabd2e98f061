"""The slow way of the JSON format: keeps the good readings of a faulty payload, and names each fault."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from math import isfinite, nan
from typing import Annotated, Any, TypeGuard

import msgspec

from ingest.payloads.decoded import Decoded, InstantBounds, refused, shown, symbol_shown
from ingest.payloads.json_v1_checks import (
    MAX_READINGS,
    MAX_SEQ,
    MAX_SESSION_LENGTH,
    bad_instant,
    instant_refusal,
    is_plain,
)
from ingest.payloads.symbols import SymbolTable, symbol_table
from quantrac.domain.deadletters import Rejected, RejectReason
from quantrac.domain.readings import Reading, Status
from quantrac.domain.stations import Station
from quantrac.domain.units import converted

_Instant = Annotated[datetime, msgspec.Meta(tz=True)]
_DIGITS_OF_MAX_SEQ = 16


class _RefusedError(Exception):
    """A fault of the payload as a whole; carries reason and sentence."""

    def __init__(self, reason: RejectReason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


def salvage(
    payload: bytes, topic_station: str, station: Station, received_at: datetime, bounds: InstantBounds
) -> Decoded:
    """Return what can be used of a payload, and a ``Rejected`` for everything that cannot. Never raises."""
    try:
        message = _object(payload)
    except _RefusedError as fault:
        return refused(fault.reason, fault.detail)
    known = Decoded(readings=())
    try:
        _check_version(message)
        session, seq = _numbering(message)
        known = replace(known, session=session, seq=seq)
        _check_station(message, topic_station)
        known = replace(known, observed_at=_instant("observed_at", message.get("observed_at")))
        if message.get("sent_at") is not None:
            known = replace(known, sent_at=_instant("sent_at", message["sent_at"]))
        return _readings_of(message, known, symbol_table(station), received_at, bounds)
    except _RefusedError as fault:
        return replace(known, rejected=(Rejected(fault.reason, fault.detail),))


def _object(payload: bytes) -> dict[str, Any]:
    try:
        # A byte order mark is not JSON (RFC 8259, section 8.1), but a receiver may ignore it; some loggers write it.
        text = payload.decode("utf-8-sig")
        message = json.loads(text, parse_int=_whole_number, parse_constant=_no_number)
    except (ValueError, RecursionError) as exc:
        raise _RefusedError(
            RejectReason.NOT_JSON, f"The payload is not JSON in UTF-8 ({shown(str(exc), 120)}); send one JSON object."
        ) from exc
    if not isinstance(message, dict):
        raise _RefusedError(RejectReason.WRONG_SHAPE, f"The payload is {shown(message)} and must be a JSON object.")
    return message


def _whole_number(digits: str) -> int | float:
    return int(digits) if len(digits) <= _DIGITS_OF_MAX_SEQ else float(digits)


def _no_number(_: str) -> float:
    return nan  # NaN, Infinity and -Infinity: not JSON, but what many a logger's library writes


def _check_version(message: dict[str, Any]) -> None:
    version = message.get("v")
    if isinstance(version, bool) or not isinstance(version, int | float):
        raise _RefusedError(RejectReason.WRONG_SHAPE, f"v is {shown(version)} and must be the number 1.")
    if version != 1:
        raise _RefusedError(
            RejectReason.UNSUPPORTED_VERSION, f"v is {shown(version)}; this receiver reads version 1 of the format."
        )


def _numbering(message: dict[str, Any]) -> tuple[str | None, int | None]:
    session, seq = message.get("session"), message.get("seq")
    if session is None and seq is None:
        return None, None
    sound_session = isinstance(session, str) and 0 < len(session) <= MAX_SESSION_LENGTH and is_plain(session)
    if sound_session and _is_seq(seq):
        return session, int(seq)
    raise _RefusedError(
        RejectReason.WRONG_SHAPE,
        f"session is {shown(session)} and seq is {shown(seq)}: send both or none; session is 1 to "
        f"{MAX_SESSION_LENGTH} printable characters, seq a whole number from 0 to {MAX_SEQ}.",
    )


def _is_seq(found: object) -> TypeGuard[int | float]:
    if isinstance(found, bool) or not isinstance(found, int | float) or not isfinite(found):
        return False
    return 0 <= found <= MAX_SEQ and found == int(found)


def _check_station(message: dict[str, Any], topic_station: str) -> None:
    named = message.get("station")
    if named is None or named == topic_station:
        return
    if not isinstance(named, str):
        raise _RefusedError(RejectReason.WRONG_SHAPE, f"station is {shown(named)} and must be the station's code.")
    raise _RefusedError(
        RejectReason.WRONG_STATION,
        f"The payload names station {shown(named)} and was published under {shown(topic_station)}; a logger may "
        "publish for its own station only.",
    )


def _instant(key: str, found: object) -> datetime:
    try:
        return msgspec.convert(found, _Instant).astimezone(UTC) if isinstance(found, str) else _refuse(key, found)
    except (msgspec.ValidationError, OverflowError, UnicodeEncodeError):
        return _refuse(key, found)


def _refuse(key: str, found: object) -> datetime:
    raise _RefusedError(*bad_instant(key, found))


def _readings_of(
    message: dict[str, Any], known: Decoded, table: SymbolTable, received_at: datetime, bounds: InstantBounds
) -> Decoded:
    observed_at = known.observed_at
    if observed_at is None:
        raise _RefusedError(*bad_instant("observed_at", None))
    if bounds.leaves_out(observed_at):
        return replace(known, elsewhere=frozenset({observed_at}))
    fault = instant_refusal(observed_at, received_at, bounds)
    if fault is not None:
        raise _RefusedError(*fault)
    entries = message.get("readings")
    if not isinstance(entries, list) or not 0 < len(entries) <= MAX_READINGS:
        raise _RefusedError(
            RejectReason.WRONG_SHAPE,
            f"readings is {shown(entries)} and must be a list of 1 to {MAX_READINGS} objects.",
        )
    readings: dict[str, Reading] = {}
    rejected: list[Rejected] = []
    for position, entry in enumerate(entries):
        outcome = _reading(entry, position, table, observed_at, received_at)
        if isinstance(outcome, Reading) and outcome.parameter in readings:
            outcome = _duplicate(outcome, readings[outcome.parameter])
        if isinstance(outcome, Rejected):
            rejected.append(outcome)
        else:
            readings[outcome.parameter] = outcome
    return replace(known, readings=tuple(readings.values()), rejected=tuple(rejected))


def _duplicate(second: Reading, first: Reading) -> Rejected:
    return Rejected(
        RejectReason.DUPLICATE_PARAMETER,
        f"{second.parameter} stands twice in one message, first as {first.value!r}, then as {second.value!r}; the "
        "first counts. Send each parameter once, or register the second sensor under its own name.",
        second.parameter,
    )


def _reading(
    entry: Any, position: int, table: SymbolTable, observed_at: datetime, received_at: datetime
) -> Reading | Rejected:
    fault = _shape_fault(entry, f"readings[{position}]")
    if fault is not None:
        return fault
    symbol, unit, status = entry["parameter"], entry.get("unit"), entry.get("status")
    pair = table.resolve(symbol, unit)
    if isinstance(pair, Rejected):
        return pair
    parameter, factor = pair
    value = None if entry["value"] is None else _finite(entry["value"], factor)
    if value is None and entry["value"] is not None:
        return Rejected(
            RejectReason.NOT_A_NUMBER,
            f"{parameter} is {shown(entry['value'])} and must be a finite number, or null when there is no value.",
            parameter,
        )
    code = Status.MEASURING if status is None else Status.from_code(status)
    return Reading(table.station.code, parameter, observed_at, received_at, value, code, factor)


def _shape_fault(entry: object, where: str) -> Rejected | None:
    if not isinstance(entry, dict):
        return _misshapen(where, f"{where} is {shown(entry)} and must be an object with parameter and value.")
    symbol, unit, status = entry.get("parameter"), entry.get("unit"), entry.get("status")
    if not isinstance(symbol, str):
        return _misshapen(where, f"{where}.parameter is {shown(symbol)} and must be the parameter's symbol.")
    if "value" not in entry:
        return _misshapen(symbol_shown(symbol), f"{where} has no value; send null for a missing one.")
    if not isinstance(unit, str | None) or not isinstance(status, str | None):
        return _misshapen(
            symbol_shown(symbol), f"{where}: unit is {shown(unit)} and status is {shown(status)}; both must be text."
        )
    return None


def _misshapen(parameter: str, detail: str) -> Rejected:
    return Rejected(RejectReason.WRONG_SHAPE, detail, parameter)


def _finite(value: object, factor: float) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    number = converted(float(value), factor)
    return number if isfinite(number) else None

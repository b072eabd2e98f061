"""The JSON format, version 1 (docs/mqtt-contract.md, docs/schema/readings-1.schema.json): bytes to readings.

A sound payload takes the short way through a typed decoder. Whatever that refuses goes to
:mod:`ingest.payloads.json_v1_salvage`, which is slower, keeps the good readings and says what is wrong with the others.
"""

from __future__ import annotations

from datetime import UTC, datetime
from math import isfinite
from typing import Annotated

import msgspec

from ingest.payloads.decoded import Decoded, InstantBounds, refused
from ingest.payloads.json_v1_checks import (
    MAX_PAYLOAD_BYTES,
    MAX_READINGS,
    MAX_SEQ,
    MAX_SESSION_LENGTH,
    instant_refusal,
    is_plain,
    too_large,
)
from ingest.payloads.json_v1_salvage import salvage
from ingest.payloads.symbols import SymbolTable, symbol_table
from quantrac.domain.deadletters import Rejected
from quantrac.domain.readings import Reading, Status
from quantrac.domain.stations import Station
from quantrac.domain.units import converted

_Instant = Annotated[datetime, msgspec.Meta(tz=True)]
_Seq = Annotated[int, msgspec.Meta(ge=0, le=MAX_SEQ)]
_Session = Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_SESSION_LENGTH)]


class _Entry(msgspec.Struct, gc=False):
    parameter: str
    value: float | None
    unit: str | None = None
    status: str | None = None


class _Message(msgspec.Struct):
    v: int
    observed_at: _Instant
    readings: Annotated[list[_Entry], msgspec.Meta(min_length=1, max_length=MAX_READINGS)]
    station: str | None = None
    sent_at: _Instant | None = None
    session: _Session | None = None
    seq: _Seq | None = None


_decode = msgspec.json.Decoder(_Message).decode
_MEASURING = Status.MEASURING


def decode(
    payload: bytes,
    mqtt_topic_station: str,
    station: Station,
    received_at: datetime,
    bounds: InstantBounds,
) -> Decoded:
    """Return the readings of a JSON payload of version 1, and what was refused of it. Never raises.

    Values are in the registry's units, ``Reading.station`` is the canonical code, instants are UTC. See
    :class:`ingest.payloads.decoded.Decoder` for the arguments.
    """
    if len(payload) > MAX_PAYLOAD_BYTES:
        return refused(*too_large(len(payload)))
    try:
        message = _decode(payload) if payload.isascii() else _decode(payload.decode().encode())
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return salvage(payload, mqtt_topic_station, station, received_at, bounds)
    decoded = _sound(message, mqtt_topic_station, station, received_at, bounds)
    return decoded or salvage(payload, mqtt_topic_station, station, received_at, bounds)


def _sound(
    message: _Message, topic_station: str, station: Station, received_at: datetime, bounds: InstantBounds
) -> Decoded | None:
    """Return the outcome of a message without a fault; ``None`` when it has one, so that the slow way names it."""
    session, seq, sent_at = message.session, message.seq, message.sent_at
    if (
        message.v != 1
        or (message.station is not None and message.station != topic_station)
        or (session is None) is not (seq is None)
        or not (session is None or is_plain(session))
    ):
        return None
    try:
        observed_at = message.observed_at.astimezone(UTC)
        sent_at = sent_at and sent_at.astimezone(UTC)
    except OverflowError:  # year 1 or 9999 at the far side of the date line
        return None
    if bounds.leaves_out(observed_at):
        return Decoded((), (), session, seq, sent_at, observed_at, frozenset({observed_at}))
    if instant_refusal(observed_at, received_at, bounds) is not None:
        return None
    readings = _sound_readings(message.readings, symbol_table(station), observed_at, received_at)
    return None if readings is None else Decoded(readings, (), session, seq, sent_at, observed_at)


def _sound_readings(
    entries: list[_Entry], table: SymbolTable, observed_at: datetime, received_at: datetime
) -> tuple[Reading, ...] | None:
    code = table.station.code
    known = table.known.get
    readings = []
    seen = set()
    for entry in entries:
        pair = known((entry.parameter, entry.unit)) or table.resolve(entry.parameter, entry.unit)
        if isinstance(pair, Rejected):
            return None
        parameter, factor = pair
        value = entry.value
        if factor != 1.0 and value is not None:
            value = converted(value, factor)
            if not isfinite(value):
                return None
        status = entry.status
        seen.add(parameter)
        readings.append(
            Reading(
                code,
                parameter,
                observed_at,
                received_at,
                value,
                _MEASURING if status is None or status == "00" else Status.from_code(status),
                factor,
            )
        )
    return tuple(readings) if len(seen) == len(readings) else None

"""From a raw record to what its bytes say, or to the reasons why it cannot be used."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from ingest.payloads import Decoded, InstantBounds, decoder_of
from quantrac import topics
from quantrac.domain.deadletters import DeadLetter, Rejected, RejectReason, Stage
from quantrac.domain.stations import Station
from streams.catalogue import Catalogue
from streams.records import RawRecord


@dataclass(frozen=True, slots=True)
class DecodedRecord:
    """A raw record after decoding: its station, if it is known, and what its bytes said."""

    record: RawRecord
    station: Station | None
    decoded: Decoded
    online: bool | None = None
    """What a birth or will message says; ``None`` for readings."""


@dataclass(frozen=True, slots=True)
class DecodeOptions:
    """What decoding needs of the settings."""

    bounds: InstantBounds
    max_payload_bytes: int


class _StatusMessage(msgspec.Struct):
    state: str


_status_message = msgspec.json.Decoder(_StatusMessage).decode


def decode(record: RawRecord, catalogue: Catalogue, options: DecodeOptions) -> DecodedRecord:
    """Return what a record says; whatever is wrong with it is a ``Rejected`` with a named reason."""
    code = record.station
    station = catalogue.registry.station(code, record.received_at)
    if station is None:
        detail = f"The station {code!r} of the MQTT topic is not registered: import it, then replay this dead letter."
        return _refused(record, RejectReason.UNKNOWN_STATION, detail)
    if record.content_type == topics.CONTENT_STATUS:
        return _decode_status(record, station)
    if len(record.value) > options.max_payload_bytes:
        detail = f"The payload has {len(record.value)} bytes; at most {options.max_payload_bytes} are read."
        return _refused(record, RejectReason.TOO_LARGE, detail, station)
    decoder = decoder_of(record.content_type)
    if decoder is None:
        detail = f"No decoder is known for the content type {record.content_type!r}."
        return _refused(record, RejectReason.UNKNOWN_CONTENT_TYPE, detail, station)
    return DecodedRecord(record, station, decoder(record.value, code, station, record.received_at, options.bounds))


def _decode_status(record: RawRecord, station: Station) -> DecodedRecord:
    try:
        state = _status_message(record.value).state
    except (msgspec.MsgspecError, UnicodeDecodeError):
        state = ""
    if state not in ("online", "offline"):
        detail = 'A status message is {"state": "online"} or {"state": "offline"}.'
        return _refused(record, RejectReason.WRONG_SHAPE, detail, station)
    return DecodedRecord(record, station, Decoded(()), online=state == "online")


def _refused(record: RawRecord, reason: RejectReason, detail: str, station: Station | None = None) -> DecodedRecord:
    return DecodedRecord(record, station, Decoded((), (Rejected(reason, detail),)))


def dead_letters(record: RawRecord, rejected: Sequence[Rejected], stage: Stage) -> list[DeadLetter]:
    """Return the dead letters of one record."""
    return [
        DeadLetter(
            record.station,
            stage,
            r.reason,
            r.detail,
            r.parameter,
            record.value,
            record.content_type,
            record.mqtt_topic,
            record.received_at,
            record.partition,
            record.offset,
            position,
        )
        for position, r in enumerate(rejected)
    ]

"""From a raw record to what its bytes say, or to the reasons why it cannot be used."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import msgspec

from ingest.dropfolder import refused_file
from ingest.payloads import Decoded, Decoder, InstantBounds, content_type_of, decoder_of
from ingest.payloads.versions import by_version, version_at
from quantrac import topics
from quantrac.domain.deadletters import DeadLetter, Rejected, RejectReason, Stage
from quantrac.domain.readings import Reading
from quantrac.domain.stations import Registry, Station
from streams.catalogue import Catalogue
from streams.records import RawRecord


@dataclass(frozen=True, slots=True)
class DecodedRecord:
    """A raw record after decoding: its station, if it is known, and what its bytes said."""

    record: RawRecord
    station: Station | None
    """In the version of its newest readings."""
    decoded: Decoded
    channels: tuple[Reading, ...] = ()
    """What housekeeping channels said: no readings of water, and among those of ``decoded`` no more."""
    online: bool | None = None
    """What a birth or will message says; ``None`` for readings."""
    versions: tuple[Station, ...] = ()
    """Those of the station that its readings fall under, oldest first."""

    def version_at(self, observed_at: datetime) -> Station:
        """Return the version of the station that was in force at an instant of its readings."""
        return version_at(self.versions, observed_at)


_WANT_OF_IMPORT = frozenset(
    {
        RejectReason.UNKNOWN_STATION,
        RejectReason.WRONG_STATION,
        RejectReason.UNKNOWN_PARAMETER,
        RejectReason.NO_MAPPING,
        RejectReason.UNIT_UNKNOWN,
    }
)


def is_for_want_of_import(message: DecodedRecord) -> bool:
    """Whether something was refused that a newer catalogue may know."""
    return any(r.reason in _WANT_OF_IMPORT for r in message.decoded.rejected)


@dataclass(frozen=True, slots=True)
class DecodeOptions:
    """What decoding needs of the settings."""

    bounds: InstantBounds
    max_payload_bytes: int


class _StatusMessage(msgspec.Struct):
    state: str


_status_message = msgspec.json.Decoder(_StatusMessage).decode


def decode(
    record: RawRecord, catalogue: Catalogue, options: DecodeOptions, now: datetime | None = None
) -> DecodedRecord:
    """Return what a record says; whatever is wrong with it is a ``Rejected`` with a named reason.

    With ``now`` a replay may tell of what was still to come when it was received, by a clock of ours that was slow.
    """
    if now is not None and record.replayed and now > record.received_at:
        future = options.bounds.future + (now - record.received_at)
        options = replace(options, bounds=replace(options.bounds, future=future))
    code = record.station
    if record.content_type == topics.CONTENT_REFUSED_FILE:
        rejected = refused_file.rejected(record.value)
        return DecodedRecord(record, catalogue.registry.station(code, record.received_at), Decoded((), (rejected,)))
    station = catalogue.registry.station(code, record.received_at) or catalogue.registry.newest(code)
    if station is None:
        detail = _unregistered(record, catalogue.registry)
        return _refused(record, RejectReason.UNKNOWN_STATION, detail)
    if record.content_type == topics.CONTENT_UNKNOWN:
        detail = f"Nothing is expected on the topic {record.mqtt_topic!r}: readings go to {topics.mqtt_readings(code)}."
        return _refused(record, RejectReason.UNKNOWN_TOPIC, detail, station)
    if record.content_type == topics.CONTENT_STATUS:
        return _decode_status(record, station)
    return _decode_payload(record, station, catalogue.registry, options)


def _unregistered(record: RawRecord, registry: Registry) -> str:
    code, where = record.station, "file" if record.file_name else "topic"
    near = next((s.code for s in registry.stations if s.code.casefold() == code.casefold()), None)
    if near is not None:
        return f"The station {code!r} of the {where} is registered as {near!r}: write it so, the letters' case counts."
    return f"The station {code!r} of the {where} is not registered: import it, then replay this dead letter."


def _decode_payload(record: RawRecord, station: Station, registry: Registry, options: DecodeOptions) -> DecodedRecord:
    if len(record.value) > options.max_payload_bytes:
        detail = f"The payload has {len(record.value)} bytes; at most {options.max_payload_bytes} are read."
        return _refused(record, RejectReason.TOO_LARGE, detail, station)
    decoder = decoder_of(content_type_of(record.content_type, station.logger.message_format))
    if decoder is None:
        detail = f"No decoder is known for the content type {record.content_type!r}."
        return _refused(record, RejectReason.UNKNOWN_CONTENT_TYPE, detail, station)
    return _decode_readings(record, station, registry, decoder, options.bounds)


def _decode_readings(
    record: RawRecord, station: Station, registry: Registry, decoder: Decoder, bounds: InstantBounds
) -> DecodedRecord:
    """Decode by the versions in force at the instants of observation, which stand in the payload itself."""

    def read(version: Station, bounds: InstantBounds) -> Decoded:
        return decoder(record.value, record.station, version, record.received_at, bounds)

    found = by_version(registry, record.station, station, bounds, read)
    decoded, versions = found.decoded, found.versions
    if decoded.elsewhere:
        since = None if (newest := registry.newest(record.station)) is None else newest.effective_to
        detail = f"The station {record.station!r} is retired since {since}: import it anew, then replay this."
        if not decoded.readings and not decoded.rejected:
            return _refused(record, RejectReason.UNKNOWN_STATION, detail)
        retired = Rejected(RejectReason.UNKNOWN_STATION, detail)
        decoded = replace(decoded, rejected=(*decoded.rejected, retired), elsewhere=frozenset())
    return _divided(DecodedRecord(record, versions[-1], decoded, versions=versions))


def _divided(message: DecodedRecord) -> DecodedRecord:
    """Part what housekeeping channels said from the readings of water."""
    if not any(version.channels for version in message.versions):
        return message
    water: list[Reading] = []
    states: list[Reading] = []
    for r in message.decoded.readings:
        (states if r.parameter in message.version_at(r.observed_at).channel_of else water).append(r)
    return replace(message, decoded=replace(message.decoded, readings=tuple(water)), channels=tuple(states))


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


def dead_letter(record: RawRecord, rejected: Sequence[Rejected], stage: Stage, source: str) -> DeadLetter:
    """Return the dead letter of one record, with everything that was refused of it."""
    return DeadLetter(
        record.station,
        stage,
        tuple(rejected),
        record.value,
        record.content_type,
        record.mqtt_topic,
        record.received_at,
        source,
        record.partition,
        record.offset,
        record.file_name,
    )

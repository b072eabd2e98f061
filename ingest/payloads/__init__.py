"""Device formats: one module each, pure functions from bytes to readings and refusals."""

from __future__ import annotations

from collections.abc import Mapping

from ingest.payloads import flat, json_v1, senml, tt10
from ingest.payloads.decoded import Decoded, Decoder, InstantBounds
from quantrac import topics
from quantrac.domain.loggers import MessageFormat

__all__ = ["DECODERS", "Decoded", "Decoder", "InstantBounds", "content_type_of", "decoder_of"]

DECODERS: Mapping[str, Decoder] = {
    topics.CONTENT_JSON: json_v1.decode,
    topics.CONTENT_TT10: tt10.decode,
    topics.CONTENT_SENML_JSON: senml.decode_json,
    topics.CONTENT_SENML_CBOR: senml.decode_cbor,
    topics.CONTENT_FLAT_JSON: flat.decode_json,
    topics.CONTENT_CSV: flat.decode_csv,
}
"""Decoder by the content type that the bridge or the drop folder writes into the Kafka record."""

_CONTENT_OF_FORMAT = {
    MessageFormat.JSON_V1: topics.CONTENT_JSON,
    MessageFormat.SENML_JSON: topics.CONTENT_SENML_JSON,
    MessageFormat.SENML_CBOR: topics.CONTENT_SENML_CBOR,
    MessageFormat.FLAT_JSON: topics.CONTENT_FLAT_JSON,
    MessageFormat.CSV: topics.CONTENT_CSV,
}


def decoder_of(content_type: str) -> Decoder | None:
    """Return the decoder of a content type; ``None`` when no format of that type is known."""
    return DECODERS.get(content_type)


def content_type_of(written: str, message_format: MessageFormat | None) -> str:
    """Return what a record's bytes are, by its header and the station's registered format.

    The bridge does not know the stations and writes JSON of version 1 for every MQTT message; a station that is
    registered with another format means that one. A file says by its name what it is.
    """
    if written != topics.CONTENT_JSON or message_format is None:
        return written
    return _CONTENT_OF_FORMAT[message_format]

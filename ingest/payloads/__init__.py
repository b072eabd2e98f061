"""Device formats: one module each, pure functions from bytes to readings and refusals."""

from __future__ import annotations

from collections.abc import Mapping

from ingest.payloads import json_v1
from ingest.payloads.decoded import Decoded, Decoder, InstantBounds
from quantrac.topics import CONTENT_JSON

__all__ = ["DECODERS", "Decoded", "Decoder", "InstantBounds", "decoder_of"]

DECODERS: Mapping[str, Decoder] = {CONTENT_JSON: json_v1.decode}
"""Decoder by the content type that the bridge writes into the Kafka record."""


def decoder_of(content_type: str) -> Decoder | None:
    """Return the decoder of a content type; ``None`` when no format of that type is known."""
    return DECODERS.get(content_type)

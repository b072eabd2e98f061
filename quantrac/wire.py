"""Bytes of our own topics: flagged readings and dead letters, as other systems read them from Kafka."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from quantrac.domain.deadletters import DeadLetter
from quantrac.domain.readings import CheckedReading, Flag, QcReason, Status


class _FlaggedReading(msgspec.Struct, omit_defaults=True):
    parameter: str
    observed_at: datetime
    received_at: datetime
    value: float | None
    status: Status
    flag: Flag
    reasons: list[QcReason] = []
    score: float | None = None
    score_reason: str | None = None
    late: bool = False


class _FlaggedReadings(msgspec.Struct):
    v: int
    station: str
    readings: list[_FlaggedReading]


_encoder = msgspec.json.Encoder()


def encode_flagged(station: str, rows: Sequence[CheckedReading]) -> bytes:
    """Return one record of the readings topic: a station's committed readings, in the order of their arrival."""
    readings = [
        _FlaggedReading(
            r.reading.parameter,
            r.reading.observed_at,
            r.reading.received_at,
            r.reading.value,
            r.reading.status,
            r.flag,
            list(r.reasons),
            r.score,
            r.score_reason,
            r.late,
        )
        for r in rows
    ]
    return _encoder.encode(_FlaggedReadings(1, station, readings))


class _Refusal(msgspec.Struct, omit_defaults=True):
    reason: str
    detail: str
    parameter: str | None = None


def dead_letter_headers(letter: DeadLetter) -> list[tuple[str, bytes]]:
    """Return the Kafka headers that go with a dead letter's original bytes: one record a message."""
    refusals = [
        _Refusal(r.reason.value, _plain(r.detail), None if r.parameter is None else _plain(r.parameter))
        for r in letter.refusals
    ]
    return [
        ("stage", letter.stage.value.encode()),
        ("reason", letter.refusals[0].reason.value.encode()),
        ("refusals", _encoder.encode(refusals)),
        ("content-type", letter.content_type.encode()),
        ("mqtt-topic", letter.mqtt_topic.encode()),
        ("received-at", letter.received_at.isoformat().encode()),
        *((("file-name", _plain(letter.file_name).encode()),) if letter.file_name else ()),
        ("source", f"{letter.source}/{letter.partition}/{letter.offset}".encode()),
    ]


def _plain(text: str) -> str:
    """Return text that JSON can hold: halves of surrogate pairs become question marks."""
    return text.encode("utf-8", "replace").decode()

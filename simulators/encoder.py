"""Encode messages as the JSON payload of version 1. Shares no code with the receiving side on purpose.

An error that encoder and decoder have in common would cancel itself out; two independent readings of the contract
do not.
"""

from __future__ import annotations

import json
import math
from datetime import datetime, timedelta, timezone

from simulators.messages import Message

_LOCAL = timezone(timedelta(hours=7))
"""Vietnam: the zone in which loggers write their stamps."""


def encode_readings(message: Message, *, sent_at: datetime, session: str, seq: int) -> bytes:
    """Return the UTF-8 JSON payload of one message.

    ``sent_at`` is the logger's clock when it publishes; ``session`` and ``seq`` let the receiver prove that no
    message of a session is missing.

    Raises
    ------
    ValueError
        When a value is not finite: the format has ``null`` for a missing value and nothing for NaN.
    """
    body = {
        "v": 1,
        "station": message.station,
        "observed_at": stamp(message.observed_at),
        "sent_at": stamp(sent_at),
        "session": session,
        "seq": seq,
        "readings": [_reading(s.parameter, s.value, s.unit, s.status.value) for s in message.samples],
    }
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def encode_birth(at: datetime) -> bytes:
    """Return the retained status payload that a logger publishes when it has connected."""
    return json.dumps({"state": "online", "at": stamp(at)}, separators=(",", ":")).encode()


def encode_will() -> bytes:
    """Return the status payload that the broker publishes when the logger's connection breaks."""
    return b'{"state":"offline"}'


def stamp(instant: datetime) -> str:
    """Return an aware instant as RFC 3339 in Vietnam's civil time, with milliseconds only where there are some.

    >>> from datetime import UTC
    >>> stamp(datetime(2026, 11, 23, 3, 5, tzinfo=UTC)), stamp(datetime(2026, 11, 23, 3, 5, 1, 123400, UTC))
    ('2026-11-23T10:05:00+07:00', '2026-11-23T10:05:01.123+07:00')
    """
    if instant.tzinfo is None:
        raise ValueError(f"{instant!r} has no time zone: a stamp must be aware.")
    local = instant.astimezone(_LOCAL)
    return local.isoformat(timespec="milliseconds" if local.microsecond >= 1000 else "seconds")


def _reading(parameter: str, value: float | None, unit: str | None, status: str) -> dict[str, object]:
    if value is not None and not math.isfinite(value):
        raise ValueError(f"{parameter} is {value!r}: only finite numbers and missing values can be sent.")
    line: dict[str, object] = {"parameter": parameter, "value": value}
    if unit is not None:
        line["unit"] = unit
    line["status"] = status
    return line

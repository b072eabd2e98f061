"""Bounds of the JSON format and the checks that its short and its slow way share."""

from __future__ import annotations

from datetime import datetime

from ingest.payloads.decoded import InstantBounds, shown
from quantrac.domain.deadletters import RejectReason

MAX_PAYLOAD_BYTES = 262_144
"""Twenty times a message of 100 readings. A larger one is kept as it is among the dead letters, but not taken apart."""
MAX_READINGS = 100
"""Readings in one message; a station measures 7 to 30 parameters. Bounds the dead letters that one message can make."""
MAX_SEQ = 2**53 - 1
"""The largest whole number that every JSON implementation keeps exactly (RFC 8259, section 6)."""
MAX_SESSION_LENGTH = 100


def is_plain(text: str) -> bool:
    """Whether a text has only printable characters: what a database stores and a log shows as it is."""
    return text.isprintable()


def too_large(size_bytes: int) -> tuple[RejectReason, str]:
    """Return reason and sentence for a payload beyond ``MAX_PAYLOAD_BYTES``."""
    return (
        RejectReason.TOO_LARGE,
        f"The payload has {size_bytes} bytes and the format allows {MAX_PAYLOAD_BYTES}; send one instant per message.",
    )


def instant_refusal(
    observed_at: datetime, received_at: datetime, bounds: InstantBounds
) -> tuple[RejectReason, str] | None:
    """Return why an instant of observation is out of bounds; ``None`` when it is within."""
    age = received_at - observed_at
    if -age > bounds.future:
        detail = (
            f"observed_at {observed_at.isoformat()} is {-age} later than our clock at receipt "
            f"({received_at.isoformat()}) and {bounds.future} is allowed; set the logger's clock by NTP and check its "
            "offset from UTC."
        )
        return RejectReason.INSTANT_IN_FUTURE, detail
    if age > bounds.past:
        detail = (
            f"observed_at {observed_at.isoformat()} is {age} before its receipt and {bounds.past} is allowed; check "
            "the logger's clock, or hand older data in as a file."
        )
        return RejectReason.INSTANT_TOO_OLD, detail
    return None


def bad_instant(key: str, found: object) -> tuple[RejectReason, str]:
    """Return reason and sentence for a field that should hold an instant."""
    return (
        RejectReason.BAD_INSTANT,
        f"{key} is {shown(found)} and must be an RFC 3339 date-time with offset, such as 2026-11-23T10:05:00+07:00.",
    )

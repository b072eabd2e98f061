"""The note that the drop folder writes in the place of a file that it does not read, and reading it back."""

from __future__ import annotations

import msgspec

from quantrac.domain.deadletters import Rejected, RejectReason

_MAX_DETAIL = 1000


class _Note(msgspec.Struct):
    file: str
    reason: RejectReason
    detail: str


_decode = msgspec.json.Decoder(_Note).decode


def note(file: str, reason: RejectReason, detail: str) -> bytes:
    """Return the payload of content type ``CONTENT_REFUSED_FILE``; ``file`` is already fit to be shown."""
    return msgspec.json.encode(_Note(file, reason, detail))


def rejected(payload: bytes) -> Rejected:
    """Return the refusal that a note tells. Never raises."""
    try:
        told = _decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return Rejected(RejectReason.NOT_JSON, "The drop folder's note of a refused file cannot be read.")
    detail = f"{told.file}: {told.detail}"[:_MAX_DETAIL]
    return Rejected(told.reason, "".join(c if c.isprintable() else "?" for c in detail))

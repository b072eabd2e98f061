"""Text of unknown encoding, its lines, its numbers and its faults: what the line formats share."""

from __future__ import annotations

import codecs
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from math import isfinite

from ingest.payloads.decoded import Decoded
from quantrac.domain.deadletters import Rejected, RejectReason
from quantrac.domain.readings import Reading

_HEAD = 4096
_MARK = "\ufeff"
_KINDS = 50
"""Kinds of fault that one payload can have dead letters of: each keeps a copy of the payload."""


def text_of(payload: bytes) -> str:
    """Return a payload as text in Unicode's composed form (NFC), without byte order marks. Never raises.

    UTF-8 as a rule; UTF-16 where a byte order mark or its zero bytes say so; otherwise Vietnamese Windows (code page
    1258), whose lower half is ASCII and whose ° and µ are those of Western Windows. A symbol that this guess spoils is
    unknown later and named there; the numbers are ASCII in all of them. Marks stand in the middle, too, where blocks
    were appended each with its own.
    """
    if encoding := utf16_of(payload):
        return unicodedata.normalize("NFC", payload.decode(encoding, "replace").replace(_MARK, ""))
    if payload.isascii():
        return payload.decode("ascii")
    try:
        text = payload.decode("utf-8").replace(_MARK, "")
    except UnicodeDecodeError:
        text = payload.decode("cp1258", "replace")
    return unicodedata.normalize("NFC", text)


def utf16_of(payload: bytes) -> str | None:
    r"""Return which UTF-16 a payload is in: by its byte order mark, or since nearly each second byte is 0, no other.

    >>> utf16_of("COD\t58".encode("utf-16-be")), utf16_of(b"COD\t58\x00\x00")
    ('utf-16-be', None)
    """
    head = payload[:_HEAD]
    if b"\x00" not in head:
        return None
    if payload.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    first, second = head[::2].count(0), head[1::2].count(0)
    if first and second:
        return None
    most = len(head) // 4  # letters of Vietnamese have no zero byte, digits and Latin letters have one
    return "utf-16-be" if first > most else "utf-16-le" if second > most else None


def lines_of(payload: bytes) -> list[str]:
    r"""Return the lines of a payload that are not blank; they end with LF, CRLF, or, where there is no LF, with CR.

    >>> lines_of(b"a\rb\r"), lines_of(b"a\r\n\r\nb")
    (['a', 'b'], ['a\r', 'b'])
    """
    text = text_of(payload)
    return [line for line in text.split("\n" if "\n" in text else "\r") if line.strip()]


def number_of(text: str, *, decimal_comma: bool) -> float | None:
    """Return a decimal number in plain ASCII digits; ``None`` when it is none or not finite.

    >>> number_of("7,21", decimal_comma=True), number_of("7,21", decimal_comma=False), number_of("1_0", decimal_comma=0)
    (7.21, None, None)
    """
    if decimal_comma and text.count(",") == 1 and "." not in text:
        text = text.replace(",", ".")
    if "_" in text or not text.isascii():  # Python's own spellings: 1_000, digits of other scripts
        return None
    try:
        value = float(text)
    except ValueError:
        return None
    return value if isfinite(value) else None


@dataclass(slots=True)
class Faults:
    """The faults of one payload, the same fault of the same symbol told once with the number of its lines."""

    _kinds: dict[tuple[RejectReason, str | None], Rejected] = field(default_factory=dict)

    def add(self, rejected: Rejected) -> None:
        """Add one refused reading; its parameter may be ``None``."""
        key = (rejected.reason, rejected.parameter)
        if key not in self._kinds and len(self._kinds) >= _KINDS:
            key = (rejected.reason, None)
            if key not in self._kinds and len(self._kinds) >= 2 * _KINDS:
                key = next(reversed(self._kinds))
        known = self._kinds.get(key)
        self._kinds[key] = rejected if known is None else replace(known, readings=known.readings + rejected.readings)

    def told(self) -> tuple[Rejected, ...]:
        """Return one ``Rejected`` for each kind of fault."""
        if not self._kinds:
            return ()
        return tuple(
            r if r.readings == 1 else replace(r, detail=f"{r.detail} (The first of {r.readings} such lines.)")
            for r in self._kinds.values()
        )


def decoded(readings: Iterable[Reading], faults: Faults, elsewhere: Iterable[datetime] = ()) -> Decoded:
    """Return readings in the order of their instants, what was refused, and the instants that were left out."""
    ordered = tuple(sorted(readings, key=_instant))
    newest = ordered[-1].observed_at if ordered else None
    return Decoded(ordered, faults.told(), observed_at=newest, elsewhere=frozenset(elsewhere))


def _instant(reading: Reading) -> datetime:
    return reading.observed_at

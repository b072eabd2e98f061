"""A person's duties as a calendar feed (iCalendar, RFC 5545). Pure: the same duties give the same bytes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from alerts.oncall.duty import Shift

MOST_OCTETS = 75
"""Of a content line, without its line break (RFC 5545, 3.1)."""


@dataclass(frozen=True, slots=True)
class FeedTitle:
    """What the calendar and each of its events are called."""

    calendar: str
    event: str
    domain: str = "quantrac.local"


def calendar(shifts: Iterable[Shift], title: FeedTitle, *, key: str, stamp: datetime) -> str:
    """Return the feed of some shifts of one person.

    Parameters
    ----------
    key
        What makes the events' ids unique, such as rota and person: an event that stays keeps its id.
    stamp
        When the duties were last changed (DTSTAMP).
    """
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//quantrac//on call//VI",
        "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH",
        f"X-WR-CALNAME:{escaped(title.calendar)}",
        "X-WR-TIMEZONE:Asia/Ho_Chi_Minh",
    ]
    for shift in shifts:
        lines += [
            "BEGIN:VEVENT",
            f"UID:{escaped(key)}-{_utc(shift.starts_at)}@{title.domain}",
            f"DTSTAMP:{_utc(stamp)}",
            f"DTSTART:{_utc(shift.starts_at)}",
            f"DTEND:{_utc(shift.ends_at)}",
            f"SUMMARY:{escaped(title.event)}",
            "END:VEVENT",
        ]
    lines.append("END:VCALENDAR")
    return "".join(f"{part}\r\n" for line in lines for part in folded(line))


def escaped(text: str) -> str:
    r"""Return a text as the value of a property (RFC 5545, 3.3.11); other control characters are left out.

    >>> escaped("a,b;c\\d\ne")
    'a\\,b\\;c\\\\d\\ne'
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    for mark in ("\\", ";", ","):
        text = text.replace(mark, f"\\{mark}")
    text = text.replace("\n", "\\n")
    return "".join(c for c in text if c.isprintable())


def folded(line: str) -> Iterator[str]:
    """Yield the parts of a content line of at most 75 octets each, no character cut; later ones begin with a space."""
    part, octets = "", 0
    for character in line:
        size = len(character.encode())
        if octets + size > MOST_OCTETS:
            yield part
            part, octets = " ", 1
        part += character
        octets += size
    yield part


def _utc(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")

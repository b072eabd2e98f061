"""A person's duties as a calendar feed (iCalendar, RFC 5545). Pure: the same duties give the same bytes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from alerts.oncall.duty import Shift, shifts, shifts_of
from quantrac.domain.oncall import OnCall, Person

BEHIND, AHEAD = timedelta(days=7), timedelta(days=182)
"""Of now: what a feed tells of."""
DOMAIN = "quantrac.local"
MOST_OCTETS = 75
"""Of a content line, without its line break (RFC 5545, 3.1)."""


@dataclass(frozen=True, slots=True)
class Duties:
    """Somebody's shifts in one rota."""

    key: str
    """What makes the events' ids unique, such as rota and person: an event that stays keeps its id."""
    title: str
    shifts: tuple[Shift, ...]


def feed(oncall: OnCall, person: Person, now: datetime) -> tuple[str, bool]:
    """Return the feed of somebody's duties in all rotas, and whether there are any."""
    since, until = now - BEHIND, now + AHEAD
    every = [
        Duties(
            f"{rota.code}.{person.code}",
            rota.title,
            tuple(shifts_of(person.code, shifts(rota, oncall.overrides, since, until))),
        )
        for rota in oncall.rotas
    ]
    return calendar(every, f"Trực ban: {person.name}", stamp=now), any(each.shifts for each in every)


def calendar(duties: Iterable[Duties], name: str, *, stamp: datetime) -> str:
    """Return one calendar, since programs read the first of a file alone; ``stamp``: when it was made (DTSTAMP)."""
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//quantrac//on call//VI",
        "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH",
        f"X-WR-CALNAME:{escaped(name)}",
        "X-WR-TIMEZONE:Asia/Ho_Chi_Minh",
    ]
    for each in duties:
        for shift in each.shifts:
            lines += [
                "BEGIN:VEVENT",
                f"UID:{escaped(each.key)}-{_utc(shift.starts_at)}@{DOMAIN}",
                f"DTSTAMP:{_utc(stamp)}",
                f"DTSTART:{_utc(shift.starts_at)}",
                f"DTEND:{_utc(shift.ends_at)}",
                f"SUMMARY:{escaped(each.title)}",
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

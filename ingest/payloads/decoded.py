"""What a decoder returns, and what it is told beside the bytes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from quantrac.domain.deadletters import Rejected, RejectReason
from quantrac.domain.readings import Reading
from quantrac.domain.stations import Station


@dataclass(frozen=True, slots=True)
class InstantBounds:
    """How far an ``observed_at`` may lie from the instant at which the message was received.

    A logger keeps 60 days (TT 10/2021/TT-BTNMT, Đ.39) and sends them again after an outage; the day beyond covers the
    time that such a burst takes.
    """

    future: timedelta = timedelta(minutes=10)
    past: timedelta = timedelta(days=61)
    since: datetime | None = None
    until: datetime | None = None
    """What was observed before the one, or from the other on, is another description's to read."""

    def leaves_out(self, observed_at: datetime) -> bool:
        """Return whether another description of the station was in force at an instant."""
        return (self.since is not None and observed_at < self.since) or (
            self.until is not None and observed_at >= self.until
        )


@dataclass(frozen=True, slots=True)
class Decoded:
    """The outcome of one payload: every reading of it is either in ``readings`` or in ``rejected``.

    Or it is of an instant in ``elsewhere``, which another description of the station is to read.
    A payload refused as a whole has no readings and one ``Rejected`` without a parameter. ``session``, ``seq``,
    ``sent_at`` and ``observed_at`` are what could be read of them, also in a refused payload, so that a refused message
    is not taken for a missing one. Instants are aware, in UTC.
    """

    readings: tuple[Reading, ...]
    rejected: tuple[Rejected, ...] = ()
    session: str | None = None
    seq: int | None = None
    sent_at: datetime | None = None
    observed_at: datetime | None = None
    elsewhere: frozenset[datetime] = frozenset()


class Decoder(Protocol):
    """A device format: pure, and never raises whatever the bytes are."""

    def __call__(
        self,
        payload: bytes,
        mqtt_topic_station: str,
        station: Station,
        received_at: datetime,
        bounds: InstantBounds,
    ) -> Decoded:
        """Return the readings of a payload, and what was refused of it with the reason.

        ``station`` is the description that says which symbols and units its logger uses; ``mqtt_topic_station`` is the
        code under which the message was published, which may be an old one of the same station.
        """
        ...


def refused(reason: RejectReason, detail: str) -> Decoded:
    """Return the outcome of a payload refused as a whole."""
    return Decoded(readings=(), rejected=(Rejected(reason, detail),))


def shown(found: object, limit: int = 60) -> str:
    r"""Return what was found in a payload, fit for a sentence and a database: short, no control characters.

    >>> shown("CO\x00D"), shown("x" * 100, 8), shown(True), shown([[1], 2])
    ("'CO\\x00D'", "'xxxxxx…", 'true', 'a list of 2')
    """
    if isinstance(found, list):
        return f"a list of {len(found)}"
    if isinstance(found, dict):
        return f"an object of {len(found)} fields"
    if found is None or isinstance(found, bool):
        return {None: "null", True: "true", False: "false"}[found]
    text = repr(found[:limit] if isinstance(found, str) else found)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def symbol_shown(symbol: str) -> str:
    r"""Return a logger's symbol as it may be stored: bare, short, no control characters.

    >>> symbol_shown("Nhiệtđộ"), symbol_shown("a\x00")
    ('Nhiệtđộ', 'a\\x00')
    """
    return symbol if symbol.isprintable() and len(symbol) <= 60 else shown(symbol).strip("'\"")

"""Station files on their way to another authority's server, and the proof that each arrived."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class FilePiece:
    """A raw record of a station's file. ``offset`` is where in the file its bytes begin."""

    partition: int
    record_offset: int
    station: str
    file_name: str
    size: int
    sha256: str
    offset: int
    content: bytes
    received_at: datetime
    made: bool = False
    """Made of an MQTT message: one that the transport delivers twice is one file."""


@dataclass(frozen=True, slots=True)
class WaitingFile:
    """A whole file that a target has not accepted yet."""

    id: int
    station: str
    file_name: str
    sha256: str
    content: bytes
    received_at: datetime
    tries: int


class Proof(StrEnum):
    """How the arrival of a file was confirmed, before it got its final name."""

    CONTENT = "content"
    """Read back, and the same."""
    SIZE = "size"
    """The server told the size."""
    REPLY = "reply"
    """The server said that the transfer was complete; it tells no size, and lets nobody read."""


@dataclass(frozen=True, slots=True)
class ForwardingLine:
    """What became of one station's files at one target."""

    target: str
    station: str
    accepted: int
    by_reply_alone: int
    """Of these, files of which the server tells no more than that it has taken them."""
    waiting: int
    given_up: int
    last_accepted_at: datetime | None
    oldest_waiting_at: datetime | None
    last_error: str | None

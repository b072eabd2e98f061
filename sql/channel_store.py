"""States of housekeeping channels: only their changes are kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import psycopg

from quantrac.domain.channels import Channel, ChannelState, Span, StateRevision, spans_after
from sql.connections import connect, translated
from sql.statements import statement


class ChannelStore:
    """The spans of channels, in an open transaction."""

    def __init__(self, cursor: psycopg.Cursor[Any]) -> None:
        self._cursor = cursor

    def add(self, said: Mapping[tuple[str, Channel], Sequence[ChannelState]]) -> None:
        """Enter what channels said, by station and channel; the same again changes nothing.

        What a station says otherwise than before is kept as it was, and by which record it was revised.
        """
        for (station, channel), states in sorted(said.items(), key=lambda entry: (entry[0][0], entry[0][1].code)):
            key = {"station": station, "channel": channel.code}
            instants = [state.observed_at for state in states]
            bounds = {"oldest": min(instants), "newest": max(instants)}
            before = [Span(*row) for row in self._cursor.execute(statement("lock_channel_spans"), key | bounds)]
            known = {span.since: span for span in before}
            after, revised = spans_after(before, states, channel.goes_on)
            self._cursor.executemany(statement("add_channel_revision"), [key | _revision(r) for r in revised])
            changed = [span for span in after if known.get(span.since) != span]
            self._cursor.executemany(
                statement("save_channel_span"),
                [key | {"since": s.since, "until": s.until, "state": s.state, "late": s.late} for s in changed],
            )

    def revising(self, since: datetime) -> list[RevisingStation]:
        """Return the stations that have said otherwise since an instant of what their channels had said before."""
        return [RevisingStation(*row) for row in self._cursor.execute(statement("revising_channels"), {"since": since})]


def _revision(revised: StateRevision) -> dict[str, object]:
    was, now = revised
    return {
        "since": was.since,
        "until": was.until,
        "state": was.state,
        "observed_at": now.observed_at,
        "revised_state": now.state,
        "replaced_at": now.received_at,
        "partition": now.partition,
        "offset": now.offset,
    }


class RevisingStation(NamedTuple):
    """A station that rewrites the history of its channels."""

    station: str
    times: int
    channels: str
    """Their codes."""
    revised_since: datetime
    since: datetime
    until: datetime
    """The time that it has said otherwise about."""


class ChannelLine(NamedTuple):
    """The last known state of one channel."""

    station: str
    channel: str
    kind: str | None
    state: float | None
    words: str | None
    since: datetime
    last_observed_at: datetime


class ChannelChange(NamedTuple):
    """One change of a channel; with ``revised_at`` one that the station has said otherwise about since."""

    station: str
    channel: str
    kind: str | None
    since: datetime
    state: float | None
    words: str | None
    late: bool
    """Whether it was told in the retrospective lane: of a past time."""
    until: datetime | None
    """Of what was revised: how long it was held to last."""
    revised_at: datetime | None
    """When the other word was received."""
    revised_words: str | None
    """What counts now."""


def channel_states(conninfo: str, station: str | None = None) -> list[ChannelLine]:
    """Return the last known state of every channel, or of one station's.

    Raises
    ------
    StoreError
        The database is out of reach or not migrated.
    """
    with translated("reading states of channels"), connect(conninfo, "quantrac channels") as connection:
        return states_of(connection.cursor(), station)


def states_of(cursor: psycopg.Cursor[Any], station: str | None) -> list[ChannelLine]:
    """Return the same in an open transaction."""
    return [ChannelLine(*row) for row in cursor.execute(statement("channel_states"), {"station": station})]


def channel_changes(conninfo: str, since: datetime, until: datetime, station: str | None = None) -> list[ChannelChange]:
    """Return the changes of channels between two instants, the newest first.

    Raises
    ------
    StoreError
        The database is out of reach or not migrated.
    """
    with translated("reading changes of channels"), connect(conninfo, "quantrac channels") as connection:
        return changes_of(connection.cursor(), station, since, until)


def changes_of(
    cursor: psycopg.Cursor[Any], station: str | None, since: datetime, until: datetime
) -> list[ChannelChange]:
    """Return the same in an open transaction."""
    arguments = {"station": station, "since": since, "until": until}
    return [ChannelChange(*row) for row in cursor.execute(statement("channel_changes"), arguments)]

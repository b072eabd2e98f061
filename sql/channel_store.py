"""States of housekeeping channels: only their changes are kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import psycopg

from quantrac.domain.channels import ChannelState, Span, spans_after
from sql.connections import connect, translated
from sql.statements import statement


class ChannelStore:
    """The spans of channels, in an open transaction."""

    def __init__(self, cursor: psycopg.Cursor[Any]) -> None:
        self._cursor = cursor

    def add(self, said: Mapping[tuple[str, str], Sequence[ChannelState]]) -> None:
        """Enter what channels said, by station and channel; the same again changes nothing."""
        for (station, channel), states in sorted(said.items()):
            key = {"station": station, "channel": channel}
            instants = [state.observed_at for state in states]
            bounds = {"oldest": min(instants), "newest": max(instants)}
            before = [Span(*row) for row in self._cursor.execute(statement("lock_channel_spans"), key | bounds)]
            known = {span.since: span for span in before}
            changed = [span for span in spans_after(before, states) if known.get(span.since) != span]
            self._cursor.executemany(
                statement("save_channel_span"),
                [key | {"since": s.since, "until": s.until, "state": s.state} for s in changed],
            )


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
    """One change of a channel."""

    station: str
    channel: str
    kind: str | None
    since: datetime
    state: float | None
    words: str | None


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

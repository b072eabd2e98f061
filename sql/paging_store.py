"""What was told of a station lately, and what the budget of pages holds back until a digest says so."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

import psycopg

from quantrac.domain.alerts import Severity
from quantrac.domain.briefing import DayClock
from quantrac.domain.notifications import Channel, Held, HeldBack, Notification, Told
from quantrac.domain.oncall import OnCallRows
from sql import briefings, oncall_store
from sql.statements import statement
from sql.storable import storable


class PagingStore:
    """The budget of pages, in an open transaction."""

    def __init__(self, cursor: psycopg.Cursor[Any]) -> None:
        self._cursor = cursor

    def lately(
        self, station: str, alert_id: int, per: timedelta, now: datetime | None
    ) -> dict[tuple[Channel, str], Told]:
        """Return by recipient what was told of a station within a time; without ``now``, by the database's clock."""
        arguments = {"station": station, "alert_id": alert_id, "per": per, "now": now}
        return {
            (Channel(channel), recipient): Told(sent, frozenset(map(Severity, severities or ())), held=held)
            for channel, recipient, sent, severities, held in self._cursor.execute(statement("paged_lately"), arguments)
        }

    def clocks(self, station: str, now: datetime) -> tuple[DayClock, ...]:
        """Return where the day of each sensor of a station leads."""
        return briefings.clocks(self._cursor, [station], now)

    def oncall(self, now: datetime) -> OnCallRows:
        """Return who is on call, and who can be rung."""
        return oncall_store.load(self._cursor, now)

    def hold(
        self, station: str, ids: tuple[int, int], notifications: Iterable[Notification], now: datetime | None
    ) -> None:
        """Keep notifications of an alert and a transition back."""
        self._cursor.executemany(
            statement("hold_back"),
            [
                {
                    "alert_id": ids[0],
                    "transition_id": ids[1],
                    "message_id": n.message_id,
                    "station": station,
                    "channel": n.channel.value,
                    "recipient": n.recipient,
                    "subject": storable(n.subject),
                    "now": now,
                }
                for n in notifications
            ],
        )

    def take_digests(self, now: datetime, after: timedelta, every: timedelta) -> list[HeldBack]:
        """Return what is due to be told in digests, and note that it was: each is returned once.

        Parameters
        ----------
        after
            For how long the oldest message must have been held back.
        every
            Least time between two digests about one station to one recipient.
        """
        arguments = {"now": now, "after": after, "every": every}
        rows = sorted(self._cursor.execute(statement("take_digests"), arguments), key=lambda r: (r[1:4], r[0]))
        return [
            HeldBack(station, Channel(channel), recipient, tuple(Held(r[0], *r[4:]) for r in group))
            for (station, channel, recipient), group in groupby(rows, key=lambda r: r[1:4])
        ]

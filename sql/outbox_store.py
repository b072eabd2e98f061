"""The outbox as the notifier sees it: take under a lease, deliver, report, wait for more."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import psycopg

from quantrac.domain.notifications import (
    Channel,
    Curve,
    CurvePoint,
    Gathered,
    Notification,
    PendingNotification,
    WaitingMail,
)
from sql.connections import ANSWER_S, connect, notified, translated, usable
from sql.notification_rows import notification_row
from sql.statements import statement
from sql.storable import storable

CHANNEL = "quantrac_outbox"
"""On which the database tells that the outbox has new rows."""
MOST_RECEIPT = 500
SLICES = 240
"""Points of a curve: a picture in a mail is 640 pixels wide."""


class OutboxStore:
    """One connection as the notifier role, used by one thread at a time; opened on first use and again when lost.

    Every method raises ``StoreError``.

    Parameters
    ----------
    channels, only
        Which channels' messages are taken: only these, or all but these.
    """

    def __init__(self, conninfo: str, channels: Collection[Channel] = (), *, only: bool = False) -> None:
        self._conninfo, self._channels, self._only = conninfo, [c.value for c in channels], only
        self._connection: psycopg.Connection[Any] | None = None

    def take(self, limit: int, now: datetime, lease_s: float) -> list[PendingNotification]:
        """Take at most ``limit`` notifications that are due, oldest first; nobody else gets them for ``lease_s``.

        One whose notifier dies is due again when its lease has run out.
        """
        arguments = {
            "limit": limit,
            "now": now,
            "until": now + timedelta(seconds=lease_s),
            "channels": self._channels,
            "only": self._only,
        }
        with translated("taking notifications"):
            rows = self._connected().execute(statement("take_notifications"), arguments).fetchall()
        return sorted((_pending(row) for row in rows), key=lambda pending: pending.id)

    def delivered(self, notification_id: int, now: datetime, receipt: str) -> None:
        """Record that the receiver has accepted a notification, and what it answered."""
        arguments = {"id": notification_id, "now": now, "receipt": storable(receipt)[:MOST_RECEIPT]}
        self._run("notification_delivered", arguments)

    def failed(
        self, notification_id: int, now: datetime, error: str, next_try_at: datetime | None, *, refused: bool = False
    ) -> None:
        """Record a delivery that failed; without ``next_try_at`` the notification is given up.

        ``refused``: its receiver was there, and did not take it.
        """
        arguments = {
            "id": notification_id,
            "now": now,
            "error": storable(error),
            "next_try_at": next_try_at,
            "refused": refused,
        }
        self._run("notification_failed", arguments)

    def refused_since(self, channel: Channel) -> datetime | None:
        """Return since when a channel's receiver has refused what waits; ``None`` while it is not known to."""
        with translated("asking for what was refused"):
            row = self._connected().execute(statement("refused_since"), {"channel": channel.value}).fetchone()
        return None if row is None else row[0]

    def refused_no_more(self, channel: Channel) -> None:
        """Note that a channel's receiver takes messages."""
        self._run("refused_no_more", {"channel": channel.value})

    def retry_now(self, channel: Channel, now: datetime) -> None:
        """Let what has failed on a channel fall due now."""
        self._run("retry_notifications", {"channel": channel.value, "now": now})

    def gather(
        self, in_hand: int, now: datetime, decide: Callable[[Sequence[WaitingMail]], Sequence[Gathered]]
    ) -> frozenset[int]:
        """Put messages into the place of mails about incidents, as ``decide`` says; return which are replaced.

        They count as told with the message in whose place they stand, and as given up with it. ``in_hand`` is the one
        that the caller has taken.
        """
        with translated("gathering mails"), self._connected().transaction():
            connection = self._connected()
            arguments = {"channel": Channel.EMAIL.value, "now": now, "in_hand": in_hand}
            mails = [WaitingMail(*row) for row in connection.execute(statement("waiting_mails"), arguments)]
            gathered = decide(mails)
            for one in gathered:
                row = {**notification_row(one.notification), "ids": list(one.ids)}
                connection.execute(statement("gather_mails"), row)
            return frozenset(i for one in gathered for i in one.ids)

    def wait(self, timeout_s: float) -> bool:
        """Wait until the outbox has new rows, or for ``timeout_s``; return whether it was told of any."""
        with translated("waiting for notifications"):
            return notified(self._connected(), timeout_s)

    def curves(self, notification_id: int) -> list[Curve]:
        """Return the readings that a message is about, in at most ``SLICES`` slices of time a sensor."""
        with translated("reading the curve of a message"):
            connection = self._connected()
            sensors = connection.execute(statement("notification_sensors"), {"id": notification_id}).fetchall()
            return [_curve(connection, row) for row in sensors]

    def contacts(self) -> list[str]:
        """Return the contacts of all stations in every version, each once."""
        with translated("asking for contacts"):
            return [str(contact) for (contact,) in self._connected().execute(statement("every_contact"))]

    def close(self) -> None:
        """Close the connection; the store can be used again."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _run(self, name: str, arguments: Mapping[str, object]) -> None:
        with translated("recording a delivery"):
            self._connected().execute(statement(name), arguments)

    def _connected(self) -> psycopg.Connection[Any]:
        self._connection = usable(self._connection)
        if self._connection is None:
            connection = connect(self._conninfo, "quantrac notifier", autocommit=True, answer_s=ANSWER_S)
            connection.execute(f"LISTEN {CHANNEL}".encode())
            self._connection = connection
        return self._connection


def _pending(row: tuple[Any, ...]) -> PendingNotification:
    notification_id, message_id, channel, recipient, subject, text, html, attempts, created_at, answers = row
    notification = Notification(message_id, Channel(channel), recipient, subject, text, html, answers)
    return PendingNotification(notification_id, notification, attempts, created_at)


def _curve(connection: psycopg.Connection[Any], sensor: tuple[Any, ...]) -> Curve:
    station, parameter, unit, since, minimum, maximum, cadence_s, start, end = sensor
    slice_s = max((end - start).total_seconds() / SLICES, cadence_s)
    arguments = {"station": station, "parameter": parameter, "start": start, "end": end, "slice_s": slice_s}
    rows = connection.execute(statement("curve_points"), arguments).fetchall()
    points = tuple(CurvePoint(*row) for row in rows)
    return Curve(station, parameter, unit, since, slice_s, minimum, maximum, points)

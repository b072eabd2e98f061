"""The outbox as the notifier needs it; ``sql`` has a class of this shape."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

from quantrac.domain.notifications import Channel, Gathered, PendingNotification, WaitingMail


class OutboxStore(Protocol):
    """Notifications that wait, leased to one notifier at a time. Every method raises ``StoreError``."""

    def take(self, limit: int, now: datetime, lease_s: float) -> list[PendingNotification]:
        """Take at most ``limit`` that are due, oldest first; nobody else gets them for ``lease_s``."""
        ...

    def delivered(self, notification_id: int, now: datetime, receipt: str) -> None:
        """Record that the receiver has accepted one, and what it answered; lasting when this returns."""
        ...

    def failed(
        self, notification_id: int, now: datetime, error: str, next_try_at: datetime | None, *, refused: bool = False
    ) -> None:
        """Record a delivery that failed; without ``next_try_at`` the notification is given up.

        ``refused``: its receiver was there, and did not take it.
        """
        ...

    def refused_since(self, channel: Channel) -> datetime | None:
        """Return since when a channel's receiver has refused what waits; ``None`` while it is not known to."""
        ...

    def refused_no_more(self, channel: Channel) -> None:
        """Note that a channel's receiver takes messages."""
        ...

    def retry_now(self, channel: Channel, now: datetime) -> None:
        """Let what has failed on a channel fall due now."""
        ...

    def gather(
        self, in_hand: int, now: datetime, decide: Callable[[Sequence[WaitingMail]], Sequence[Gathered]]
    ) -> frozenset[int]:
        """Put messages into the place of mails that wait, as ``decide`` says, and return which are replaced."""
        ...

    def wait(self, timeout_s: float) -> bool:
        """Wait until something new is there, or for ``timeout_s``."""
        ...

    def close(self) -> None:
        """Close the connection; the store can be used again."""
        ...

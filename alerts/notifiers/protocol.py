"""The seam of the notifiers. ``tests/conformance`` holds every one of them to it."""

from __future__ import annotations

from typing import Protocol

from quantrac.domain.notifications import Channel, Notification


class Notifier(Protocol):
    """Delivers notifications of one channel, one after the other, from one thread."""

    @property
    def channel(self) -> Channel:
        """The channel that it serves."""
        ...

    def send(self, notification: Notification) -> str:
        """Deliver one notification; when this returns, the receiver has accepted it. Returns its answer, the receipt.

        Raises
        ------
        NotifyError
            It was not accepted. ``retryable``: the same notification may be accepted later.
        """
        ...

    def close(self) -> None:
        """Let go of connections; the next ``send`` makes new ones. Never raises."""
        ...

"""Who may be told anything: a message that somebody put into the outbox by hand does not go to a stranger."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime, timedelta

from alerts.notifiers.protocol import Notifier
from quantrac.clock import Clock
from quantrac.domain.notifications import Channel, Notification
from quantrac.errors import NotifyError

ASK_AGAIN_AFTER = timedelta(minutes=1)


class KnownRecipients:
    """A notifier that delivers to the addresses of the settings and to the stations' and people's own contacts alone.

    Parameters
    ----------
    addresses
        Of the notifier's own settings, which no role of the database can change.
    contacts
        Returns the contacts of all stations, which only the owner of the database can change. Asked once a minute, and
        each time before anybody is taken for a stranger.
    """

    def __init__(
        self, notifier: Notifier, addresses: Collection[str], contacts: Callable[[], Collection[str]], clock: Clock
    ) -> None:
        self._notifier = notifier
        self._addresses = frozenset(map(str.casefold, addresses))
        self._contacts = contacts
        self._clock = clock
        self._known: frozenset[str] = frozenset()
        self._asked_at: datetime | None = None

    @property
    def channel(self) -> Channel:
        """The channel that it serves."""
        return self._notifier.channel

    def send(self, notification: Notification) -> str:
        """Deliver one notification.

        Raises
        ------
        NotifyError
            It goes to a stranger, or was not accepted.
        StoreError
            The contacts cannot be read just now.
        """
        if not self._is_known(notification.recipient.casefold()):
            raise NotifyError(
                "The recipient is neither in the notifier's settings nor a contact of any station or person: a contact "
                "that was removed, settings that differ from the worker's, or somebody wrote into the outbox. "
                "This message is given up.",
                retryable=False,
            )
        return self._notifier.send(notification)

    def close(self) -> None:
        """Let go of connections."""
        self._notifier.close()

    def _is_known(self, recipient: str) -> bool:
        if recipient in self._addresses:
            return True
        now = self._clock.now()
        stale = self._asked_at is None or now - self._asked_at >= ASK_AGAIN_AFTER
        if stale or recipient not in self._known:  # a contact may have been imported a second ago
            self._known = frozenset(map(str.casefold, self._contacts()))
            self._asked_at = now
        return recipient in self._known

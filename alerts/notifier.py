"""The notifier: takes notifications from the outbox, delivers each, and notes the outcome at once.

The schedule of retries is in the outbox, so it survives a restart. A notification is delivered at least once: a crash
between a receiver's acceptance and the note of it (and there only) makes the same message, with the same Message-ID, go
out again after the lease.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from prometheus_client import Counter

from alerts.notifiers.protocol import Notifier
from alerts.outbox import OutboxStore
from alerts.untold import Untold
from quantrac.away import Away
from quantrac.clock import Clock
from quantrac.domain.notifications import CURVE_STARTS, Channel, Notification, PendingNotification
from quantrac.errors import NotifyError, StoreError
from quantrac.masking import masked
from quantrac.telemetry import get_logger

_log = get_logger(__name__)
_deliveries = Counter("quantrac_notifier_deliveries", "Deliveries by channel and outcome", ["channel", "outcome"])


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """When a delivery that failed is tried again, and when it is given up."""

    first_pause_s: float = 5.0
    """Mail servers that grey-list accept after a minute or more; most other troubles pass in seconds."""
    longest_pause_s: float = 900.0
    give_up_after: timedelta = timedelta(hours=24)
    """Older alerts are seen on the dashboard; a mail about yesterday's would only confuse."""

    def pause_s(self, attempts: int) -> float:
        """Return the pause after the given number of failed deliveries.

        >>> [RetryPolicy().pause_s(n) for n in (1, 2, 3, 9, 1000)]
        [5.0, 10.0, 20.0, 900.0, 900.0]
        """
        # The exponent is bounded: 2 to the power of a thousand is no float.
        return min(self.first_pause_s * 2.0 ** min(attempts - 1, 20), self.longest_pause_s)


@dataclass(frozen=True, slots=True)
class NotifierOptions:
    """How the loop works."""

    batch: int = 1
    """Taken at once. With one, a notifier that is killed holds back no other message until its lease runs out."""
    lease_s: float = 120.0
    """Longer than a batch takes when every reply comes at the last moment, or another notifier sends it as well."""
    keep_s: float = 8.0
    """How long a connection is kept for a next message: an incident's come within seconds of each other, and TLS and
    login cost as much as the mail. Below the ten seconds after which a mail server under stress ends idle ones."""
    outage_s: float = 300.0
    """A mail server that takes nothing for longer, though it answers, was away."""
    wait_s: float = 5.0
    """Longest sleep: how late a retry that fell due is noticed."""
    store_pause_s: float = 2.0
    """Between tries while the database is away."""
    retries: RetryPolicy = RetryPolicy()


class NotifierLoop:
    """Delivers until told to stop; used by one thread."""

    def __init__(
        self,
        store: OutboxStore,
        notifiers: Iterable[Notifier],
        clock: Clock,
        options: NotifierOptions | None = None,
        *,
        draw: Callable[[PendingNotification], bytes | None] | None = None,
        reach: Callable[[], None] | None = None,
        untold: Untold | None = None,
    ) -> None:
        """``draw`` returns the picture of a mail's curve; without it, and where it fails, mails go without one.

        ``reach`` raises ``NotifyError`` while the mail server is away; with it, ``untold`` gathers what was over before
        it could be told.
        """
        self._reach, self._untold = reach, untold
        self._store, self._clock = store, clock
        self._options = options or NotifierOptions()
        self._draw = draw
        self._notifiers: dict[Channel, Notifier] = {n.channel: n for n in notifiers}
        self._sent_at_s: float | None = None
        """When something was sent last over the connections that are open; ``None`` while none is."""
        self._mail_was_away = True
        """Whether mails may wait for their next try though their server is back: nothing is known at the start."""
        self._refused_since: datetime | None = None
        """Since when the mail server, though it is there, has refused for now what it was given; ``None`` after one
        that it took. The outbox keeps it over a restart."""
        self._recalled = False

    def run(self, stop: threading.Event) -> None:
        """Work until ``stop`` is set; the delivery in hand is finished and noted."""
        _log.info("notifier_ready", channels=sorted(self._notifiers))
        away = Away()
        try:
            while not stop.is_set():
                try:
                    delivered = self.deliver_due(stop)
                    away.back("database")
                    if delivered == 0 and not stop.is_set():
                        self._rest()
                except StoreError as exc:
                    if not exc.retryable:
                        raise
                    away.gone("database", exc)
                    stop.wait(self._options.store_pause_s)
        finally:
            self._close_connections()
            self._store.close()

    def deliver_due(self, stop: threading.Event | None = None) -> int:
        """Deliver one batch of what is due and return its size.

        Raises
        ------
        StoreError
            The database is away; what was taken falls due again after the lease.
        """
        if not self._recalled:
            self._refused_since = self._store.refused_since(Channel.EMAIL)
            self._recalled = True
        # What is taken is delivered, also when a stop is asked for meanwhile: left alone it would wait for its lease.
        batch = self._store.take(self._options.batch, self._clock.now(), self._options.lease_s)
        for pending in batch:
            self._deliver(pending, stop or threading.Event())
        return len(batch)

    def _deliver(self, pending: PendingNotification, stop: threading.Event) -> None:
        channel = pending.notification.channel
        try:
            # While it refuses, nothing is gathered: what ends later would be another digest for the same reader.
            away = self._mail_was_away and self._refused_since is None
            if channel is Channel.EMAIL and away and pending.attempts and self._gathered(pending):
                return
            self._sent_at_s = self._clock.monotonic_s()
            receipt = self._notifier(channel).send(self._illustrated(pending))
        except NotifyError as exc:
            self._mail_was_away |= exc.server_away
            refused = channel is Channel.EMAIL and exc.retryable and not exc.server_away
            if refused and self._refused_since is None:
                self._refused_since = self._clock.now()
            self._note_failure(pending, exc, refused=refused)
            return
        # A crash exactly here sends the message again: it is accepted, and not yet noted.
        self._note_delivery(pending, receipt, stop)
        _deliveries.labels(channel=channel.value, outcome="delivered").inc()
        _log.info("notification_delivered", id=pending.id, message_id=pending.notification.message_id)
        if channel is Channel.EMAIL:
            self._mail_is_taken(pending)

    def _mail_is_taken(self, pending: PendingNotification) -> None:
        """Go on after an outage of mail: one server takes all of it, and none waits a quarter more for its own turn."""
        since, self._refused_since = self._refused_since, None
        if since is not None:
            self._store.refused_no_more(Channel.EMAIL)
        # One reader's mailbox that is full for a while is no outage: its mails wait for their own turn.
        refused = since is not None and (self._clock.now() - since).total_seconds() >= self._options.outage_s
        if refused and self._untold is not None:
            self._store.gather(pending.id, self._clock.now(), self._untold.gathered)
        if refused or self._mail_was_away:
            self._store.retry_now(Channel.EMAIL, self._clock.now())
            self._mail_was_away = False

    def _gathered(self, pending: PendingNotification) -> bool:
        """Gather what was over before it could be told, once the server is there; whether this mail is of it.

        Before anything is sent: the first mail that goes out again may be of an incident that is long over.

        Raises
        ------
        NotifyError
            The server is still away.
        """
        if self._untold is None or self._reach is None:
            return False
        self._reach()
        replaced = self._store.gather(pending.id, self._clock.now(), self._untold.gathered)
        if not replaced:
            return False
        _log.info("mails_gathered", mails=len(replaced))
        self._store.retry_now(Channel.EMAIL, self._clock.now())  # what is open goes out before the digest
        return pending.id in replaced

    def _illustrated(self, pending: PendingNotification) -> Notification:
        """Return the message with its picture. A picture that cannot be drawn never keeps a message back."""
        sent = pending.notification
        if self._draw is None or sent.html is None or CURVE_STARTS not in sent.html:
            return sent
        try:
            return replace(sent, picture=self._draw(pending))
        except Exception as exc:  # noqa: BLE001  whatever the drawing raises: the text is what counts
            _log.warning("curve_not_drawn", id=pending.id, error=str(exc))
            return sent

    def _note_delivery(self, pending: PendingNotification, receipt: str, stop: threading.Event) -> None:
        """Note it for as long as it takes: a database that is away just now must not make the message go out again."""
        accepted_at, receipt = self._clock.now(), masked(receipt, pending.notification.recipient)
        while True:
            try:
                self._store.delivered(pending.id, accepted_at, receipt)
            except StoreError as exc:
                if not exc.retryable or stop.wait(self._options.store_pause_s):
                    raise
                _log.warning("delivery_not_noted_yet", id=pending.id, error=str(exc))
            else:
                return

    def _note_failure(self, pending: PendingNotification, exc: NotifyError, *, refused: bool) -> None:
        now, policy = self._clock.now(), self._options.retries
        pause = timedelta(seconds=policy.pause_s(pending.attempts + 1))
        next_try_at = now + max(pause, exc.again_after or pause)
        given_up = not exc.retryable or next_try_at - pending.created_at > policy.give_up_after
        error = masked(str(exc), pending.notification.recipient)
        self._store.failed(pending.id, now, error, None if given_up else next_try_at, refused=refused)
        outcome = "given_up" if given_up else "failed"
        _deliveries.labels(channel=pending.notification.channel.value, outcome=outcome).inc()
        log = _log.error if given_up else _log.warning
        log(f"notification_{outcome}", id=pending.id, attempts=pending.attempts + 1, error=error)

    def _notifier(self, channel: Channel) -> Notifier:
        notifier = self._notifiers.get(channel)
        if notifier is None:
            setting = "QUANTRAC_VAPID_KEY_FILE" if channel is Channel.WEB_PUSH else "QUANTRAC_WEBHOOKS_FILE"
            raise NotifyError(
                f"No notifier is configured for the channel {channel.value}: set {setting}. This message is given up.",
                retryable=False,
            )
        return notifier

    def _rest(self) -> None:
        """Wait for more. Connections are kept for a moment, and not for longer: mail servers close idle ones."""
        pause_s = self._options.wait_s
        kept_s = 0.0 if self._sent_at_s is None else self._sent_at_s + self._options.keep_s - self._clock.monotonic_s()
        if kept_s <= 0:
            self._close_connections()
        self._store.wait(min(pause_s, kept_s) if kept_s > 0 else pause_s)

    def _close_connections(self) -> None:
        self._sent_at_s = None
        for notifier in self._notifiers.values():
            notifier.close()


def run_together(loops: Sequence[Callable[[threading.Event], None]], stop: threading.Event) -> None:
    """Run loops side by side until ``stop`` is set; when one fails all end, and its error is raised."""
    failed: list[BaseException] = []

    def work(loop: Callable[[threading.Event], None]) -> None:
        try:
            loop(stop)
        except BaseException as exc:  # noqa: BLE001  raised below, in the thread that ends the process
            failed.append(exc)
            stop.set()

    threads = [threading.Thread(target=work, args=(loop,)) for loop in loops[1:]]
    for thread in threads:
        thread.start()
    work(loops[0])
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]

"""Transitions into the database, and their notifications into the outbox, in the transaction that found them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from alerts.messages import notifications
from quantrac.domain.alerts import Transition
from quantrac.domain.notifications import Channel
from quantrac.domain.stations import Station
from quantrac.settings import Settings
from sql.worker_store import WorkerTransaction


@dataclass(frozen=True, slots=True)
class Recipients:
    """Who is paged for every alert; a station's own contacts come on top."""

    addresses: tuple[str, ...]
    webhooks: tuple[str, ...] = ()
    """Names; the notifier knows their URLs."""

    def of(self, station: Station) -> list[tuple[Channel, str]]:
        """Return everybody who is paged for a station's alerts, each once."""
        mail = [(Channel.EMAIL, address) for address in dict.fromkeys((*self.addresses, *station.contacts))]
        return mail + [(Channel.WEBHOOK, name) for name in self.webhooks]


def recipients_of(settings: Settings) -> Recipients:
    """Return who the settings say is paged for every alert.

    Raises
    ------
    SettingsError
        The file of webhooks cannot be read, or is not one that the notifier would take.
    """
    if settings.webhooks_file is None:
        return Recipients(settings.mail_to)
    from alerts.notifiers.webhook import load_targets  # noqa: PLC0415  Apprise is large, and most have no webhooks

    return Recipients(settings.mail_to, tuple(load_targets(settings.webhooks_file)))


def save_and_page(
    tx: WorkerTransaction, transitions: Iterable[tuple[Transition, Station]], recipients: Recipients
) -> None:
    """Store transitions; for those that page, put a message to each recipient into the outbox."""
    for transition, station in transitions:
        ids = tx.alerts.apply(transition)
        if ids is None or not transition.page:
            continue
        alert_id, transition_id = ids
        summary = tx.alerts.last_hour(station.code, transition.key.parameter, transition.observed_at)
        messages = notifications(
            transition, station, summary, recipients.of(station), alert_id=alert_id, transition_id=transition_id
        )
        tx.alerts.enqueue(alert_id, transition_id, messages)

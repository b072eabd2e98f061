"""Transitions into the database, and their notifications into the outbox, in the transaction that found them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from alerts.budget import PagingBudget, holds_back
from alerts.contacts import contacts
from alerts.digest import digest
from alerts.figures import clock_words, pressing
from alerts.messages import Beside, notifications
from alerts.oncall.document import of_rows
from quantrac.domain.alerts import Transition
from quantrac.domain.notifications import Channel, Told
from quantrac.domain.stations import Station
from quantrac.errors import RuleError
from quantrac.settings import Settings
from quantrac.telemetry import get_logger
from sql.worker_store import WorkerTransaction

_log = get_logger(__name__)
BUDGET = PagingBudget()


@dataclass(frozen=True, slots=True)
class Recipients:
    """Who is paged for every alert; a station's own contacts come on top."""

    addresses: tuple[str, ...]
    webhooks: tuple[str, ...] = ()
    """Names; the notifier knows their URLs."""
    by_incident: bool = False
    """True: incidents page officers, and single alerts page nobody."""

    def of(self, station: Station) -> list[tuple[Channel, str]]:
        """Return everybody who is paged for a station's alerts, each once."""
        if self.by_incident:
            return []
        if station.drill and station.contacts:  # a drill with a test channel
            return [(Channel.EMAIL, address) for address in dict.fromkeys(station.contacts)]
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
        return Recipients(settings.mail_to, by_incident=settings.incident_pages)
    from alerts.targets import fixed, load_targets  # noqa: PLC0415  Apprise is large, and most have no webhooks

    return Recipients(settings.mail_to, tuple(fixed(load_targets(settings.webhooks_file))), settings.incident_pages)


def save_and_page(
    tx: WorkerTransaction,
    transitions: Iterable[tuple[Transition, Station]],
    recipients: Recipients,
    now: datetime | None = None,
) -> None:
    """Store transitions; for those that page, put a message to each recipient into the outbox.

    What exceeds the recipient's budget of messages about the station is held back for a digest. Without ``now`` the
    database's clock counts.
    """
    for transition, station in transitions:
        applied = tx.alerts.apply(transition)
        if applied is None or not applied.page:
            continue
        ids = (applied.alert_id, applied.transition_id)
        summary = tx.alerts.last_hour(station.code, transition.key.parameter, transition.observed_at)
        to = recipients.of(station)
        paging = replace(transition, page=True)
        messages = notifications(
            paging,
            station,
            summary,
            to,
            alert_id=ids[0],
            transition_id=ids[1],
            beside=_beside(tx, transition, station, now or transition.observed_at) if to else None,
        )
        told = tx.paging.lately(station.code, ids[0], BUDGET.per, now)
        held = [n for n in messages if holds_back(BUDGET, told.get((n.channel, n.recipient), Told()), transition)]
        tx.paging.hold(station.code, ids, held, now)
        tx.alerts.enqueue(*ids, [n for n in messages if n not in held], now)
        if to and transition.assessment is not None:
            tx.alerts.note_paged(applied.alert_id, transition.assessment, now or transition.observed_at)


def _beside(tx: WorkerTransaction, transition: Transition, station: Station, now: datetime) -> Beside:
    """Return where the day leads, and whom to ring; a mistake in the tables of who is on call keeps no message back."""
    parameter = transition.key.parameter
    clocks = pressing((c for c in tx.paging.clocks(station.code, now) if c.parameter == parameter), now)
    try:
        to_ring = contacts(of_rows(tx.paging.oncall(now)), [(station.code, station.operator)], now)
    except RuleError as exc:
        _log.error("oncall_not_taken", error=str(exc))
        to_ring = ()
    return Beside(tuple(clock_words(c, now) for c in clocks), to_ring)


def send_digests(tx: WorkerTransaction, station_of: Callable[[str], Station | None], now: datetime) -> None:
    """Put a digest into the outbox for every recipient who is due to hear what was held back."""
    for back in tx.paging.take_digests(now, BUDGET.digest_after, BUDGET.digest_every):
        last = back.held[-1]
        message = digest(back, station_of(back.station), BUDGET)
        tx.alerts.enqueue(last.alert_id, last.transition_id, [message], now)

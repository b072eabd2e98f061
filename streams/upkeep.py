"""What the sweep does for alerts: those that nothing can end any more are ended, held back messages are told."""

from __future__ import annotations

from datetime import datetime

from alerts.withdrawal import InForce, withdrawn
from quantrac.domain.alerts import Transition
from quantrac.domain.stations import Station
from sql.worker_store import WorkerTransaction
from streams.catalogue import Catalogue
from streams.paging import Recipients, save_and_page, send_digests
from streams.revisions import look_at_channels, look_at_revisions


def keep_up(
    tx: WorkerTransaction, catalogue: Catalogue, recipients: Recipients, now: datetime, *, mass_revision: int
) -> None:
    """End what is withdrawn, whatever its window, and page its end to those who were paged of its beginning.

    Parameters
    ----------
    mass_revision
        So many readings that a station sent again become a work item.
    """
    registry = catalogue.registry
    known = {station.code: station for station in sorted(registry.stations, key=lambda s: s.effective_from)}

    def in_force(code: str) -> Station | None:
        return registry.station(code, now)

    ended = withdrawn(tx.alerts.open_alerts(), InForce(in_force, catalogue.rules, catalogue.limit_sets), now)
    ends: list[tuple[Transition, Station]] = []
    for transition in ended:
        station = in_force(transition.key.station) or known.get(transition.key.station)
        if station is None:
            tx.alerts.apply(transition)  # of a station that nobody has described there is nobody to tell
        else:
            ends.append((transition, station))
    save_and_page(tx, ends, recipients, now)
    look_at_revisions(tx, mass_revision, now)
    look_at_channels(tx, now)
    send_digests(tx, in_force, now)

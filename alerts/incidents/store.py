"""The incidents' table as a step needs it; ``sql`` has classes of this shape. Every method raises ``StoreError``."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import Protocol

from quantrac.domain.alerts import Assessment
from quantrac.domain.briefing import Briefing
from quantrac.domain.incidents import (
    AlertChange,
    HoldWindow,
    Incident,
    IncidentEvent,
    IncidentLink,
    IncidentMessage,
    IncidentProgress,
    Outage,
    PagedRecipient,
)
from quantrac.domain.oncall import OnCallRows


class IncidentTransaction(Protocol):
    """What a step reads and writes, all of it or nothing."""

    def lock(self) -> bool:
        """Return whether this is the only step under way."""
        ...

    def changes(self, limit: int) -> list[AlertChange]:
        """Return changes of alerts that no step has dealt with, oldest first."""
        ...

    def live(self, ended_after: datetime) -> list[Incident]:
        """Lock and return the incidents that are active, or ended after an instant."""
        ...

    def incident(self, incident_id: int) -> Incident | None:
        """Lock and return one incident; ``None`` when there is no such."""
        ...

    def new_id(self) -> int:
        """Return the number of the next incident."""
        ...

    def save(self, incidents: Iterable[Incident]) -> None:
        """Save incidents, and the alerts that have joined them."""
        ...

    def note_placed(self, placed: Sequence[tuple[int, int | None, str]], now: datetime) -> None:
        """Note where changes were put and why: (transition, incident, reason)."""
        ...

    def add_events(self, events: Iterable[IncidentEvent]) -> None:
        """Add lines to the history."""
        ...

    def note_paged(self, pages: Mapping[int, Assessment], now: datetime) -> None:
        """Note what is told of what alerts probably are; what was told first stays."""
        ...

    def windows(self, now: datetime, longest_ad_hoc: timedelta) -> list[HoldWindow]:
        """Return the windows that may hold something back, and silences whose end was not told."""
        ...

    def outages(self, now: datetime) -> list[Outage]:
        """Return the declared outages that last, or ended a short while ago."""
        ...

    def pages_since(self, after: datetime) -> list[tuple[datetime, str]]:
        """Return when incidents were paged after an instant, and why."""
        ...

    def oncall(self, now: datetime) -> OnCallRows:
        """Return who is on call."""
        ...

    def briefing(self, alerts: Collection[int], stations: Collection[str], now: datetime) -> Briefing:
        """Return what a message says beside its alerts."""
        ...

    def enqueue(self, messages: Iterable[IncidentMessage]) -> None:
        """Put messages into the outbox; one whose ``message_id`` is there already is left as it is."""
        ...

    def add_links(self, links: Iterable[IncidentLink]) -> None:
        """Keep links."""
        ...

    def link(self, digest: bytes) -> IncidentLink | None:
        """Return what is kept of a link; ``None`` when there is no such."""
        ...

    def use_link(self, digest: bytes, now: datetime) -> bool:
        """Note that a link was used; ``False`` when it was before, also by another just now."""
        ...

    def contacts(self, stations: Sequence[str]) -> list[str]:
        """Return the e-mail addresses that the descriptions of stations name."""
        ...

    def withdraw(self, incident_ids: Sequence[int], why: str, now: datetime, *, only_later: bool = False) -> int:
        """Withdraw the pages of incidents that were not sent yet, or only those that are due later."""
        ...

    def paged_recipients(self, incident_ids: Sequence[int], now: datetime) -> dict[int, list[PagedRecipient]]:
        """Return who was paged of each incident, by ways that were due."""
        ...

    def fall_back(self, now: datetime) -> list[tuple[int, str, bool]]:
        """Bring the next channel forward where one does not deliver: (incident, person, whether there was one)."""
        ...

    def progress(self) -> IncidentProgress:
        """Return up to when hand-overs and weeks were told."""
        ...

    def save_progress(self, progress: IncidentProgress) -> None:
        """Note up to when they were told."""
        ...

    def set_back(self, by: timedelta, now: datetime, least: timedelta) -> None:
        """Let what waits in the outbox, and counts from ``now`` and ``least`` or later, wait for so much less."""
        ...

    def forget_dealt_with(self, before: datetime) -> None:
        """Look no longer at changes that are dealt with and were stored before an instant."""
        ...

    def opened_in(self, start: datetime, end: datetime) -> list[Incident]:
        """Return the incidents that opened in ``[start, end)``."""
        ...

    def acknowledgements(self, start: datetime, end: datetime) -> list[timedelta]:
        """Return how long each incident of a time waited from its page to its acknowledgement."""
        ...

    def note_window_end(self, window_id: int, now: datetime) -> None:
        """Note that the end of a silence was told."""
        ...


class IncidentStore(Protocol):
    """Opens transactions."""

    def transaction(self) -> AbstractContextManager[IncidentTransaction]:
        """Open a transaction: committed when the block ends, rolled back when it raises."""
        ...

    def close(self) -> None:
        """Close the connection; the store can be used again."""
        ...


class WakingStore(IncidentStore, Protocol):
    """Tells of changes, too."""

    def wait(self, timeout_s: float) -> bool:
        """Wait until alerts have changed, or for ``timeout_s``; return whether it was told of a change."""
        ...

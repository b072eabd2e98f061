"""The numbers of a run: what was published, what became of it, how long it took. Live, and as the last word."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import astuple, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from local.dropped import Dropped, FileCounts
from local.servers.mail import CaughtMail, read_index
from quantrac.domain.ledger import LedgerCounts
from quantrac.topics import RAW

if TYPE_CHECKING:
    from quantrac.endpoints import DatabaseEndpoint, KafkaEndpoint
    from sql.reports import AlertLine, DelayQuantiles, Paged, Totals
    from streams.lag import LagProbe


@dataclass(frozen=True, slots=True)
class FleetCounts:
    """What the fleet says of itself: it counts a reading as published when the broker has acknowledged it."""

    messages: int
    published: int
    pending: int

    @classmethod
    def read(cls, path: Path) -> FleetCounts:
        """Return the counts of the fleet's report; zeros while there is none."""
        if not path.exists():
            return cls(0, 0, 0)
        report: dict[str, Any] = json.loads(path.read_text("utf-8"))
        return cls(report["published_messages"], report["published_readings"], report["pending_readings"])


@dataclass(frozen=True, slots=True)
class Account:
    """One look at the whole path. Counts are of readings and of this run alone."""

    at: datetime
    fleet: FleetCounts
    ledger: LedgerCounts
    waiting_records: int
    """In Kafka, not yet acknowledged by a worker."""
    delays: DelayQuantiles
    totals: Totals
    alerts: tuple[AlertLine, ...]
    """Opened during this run."""
    mails: tuple[CaughtMail, ...]
    paged: Mapping[int, Paged]
    """When officers were first paged for an alert, by its number; alerts for which nobody was are not in it."""
    awaited_delays: int
    """Live readings of messages stored so far, whose delays are known soon after. No file says when it was sent."""
    missing_messages: int
    """Holes in the loggers' sequence numbers."""
    files: FileCounts
    """Station files in the drop folder, of our loggers and of whoever else put some there."""
    about: Mapping[str, frozenset[int]] = field(default_factory=dict)
    """The alerts that a message is about, by its Message-ID."""

    def mails_about(self, alerts: Collection[int]) -> list[CaughtMail]:
        """Return the e-mails about any of some alerts, the first one first."""
        wanted = frozenset(alerts)
        found = [m for m in self.mails if self.about.get(m.message_id, frozenset()) & wanted]
        return sorted(found, key=lambda m: m.received_at)

    @property
    def published(self) -> int:
        """Readings that were handed over: acknowledged by the broker, or in files of the drop folder."""
        return self.fleet.published + self.files.lines

    @property
    def done(self) -> int:
        """Readings whose fate is in the ledger."""
        return self.ledger.stored + self.ledger.duplicate + self.ledger.revision + self.ledger.dead_letter

    @property
    def in_flight(self) -> int:
        """Readings seen on their way: records in Kafka before a worker, at the fleet's mean size of a message."""
        if not self.fleet.messages:
            return 0
        return round(self.waiting_records * self.fleet.published / self.fleet.messages)

    @property
    def residual(self) -> int:
        """Published less everything accounted for and seen on its way; other than 0 at rest, readings were lost."""
        return self.published - self.done - self.in_flight

    @property
    def at_rest(self) -> bool:
        """Whether everything published has arrived."""
        return self.fleet.pending == 0 and self.waiting_records == 0 and self.residual == 0


class Accountant:
    """Looks at fleet report, broker, database and mail folder."""

    def __init__(
        self,
        database: DatabaseEndpoint,
        kafka: KafkaEndpoint,
        fleet_report: Path,
        mail_dir: Path,
        *,
        dropped: Dropped | None = None,
        stations: Collection[str] | None = None,
    ) -> None:
        from sql.reports import Reports

        self._reports = Reports(database.reader)
        self._kafka = kafka
        self._lag: LagProbe | None = None
        self._fleet_report, self._mail_dir, self._dropped = fleet_report, mail_dir, dropped
        self._stations = None if stations is None else frozenset(stations)
        self._before = LedgerCounts()
        self._since: datetime | None = None
        self._delays_before: Counter[int] = Counter()
        self._live_before = 0

    def begin(self, now: datetime) -> None:
        """Count from here: what was received before belongs to earlier runs."""
        self._before = self._ledger()
        self._since = now

    def live(self, account: Account) -> None:
        """Take delays from here: a past that is sent at once waits for itself, which says nothing of live readings."""
        self._delays_before = Counter(self._reports.delay_counts(self._since or account.at))
        self._live_before = account.ledger.stored - account.files.lines

    def waiting(self) -> int:
        """Return the records that no worker has acknowledged."""
        from streams.app import GROUP
        from streams.lag import LagProbe

        self._lag = self._lag or LagProbe(self._kafka, GROUP, RAW)
        return sum(self._lag.waiting().values())

    def look(self, now: datetime) -> Account:
        """Return the numbers of this moment.

        Raises
        ------
        StoreError, BrokerError
            The database or Kafka does not answer.
        """
        from sql.reports import DelayQuantiles

        since = self._since or now
        # The fleet first: what it has counted by now is in the ledger soon after, never the other way round.
        fleet = FleetCounts.read(self._fleet_report)
        files = FileCounts() if self._dropped is None else self._dropped.counts()
        waiting = self.waiting()
        ledger = difference(self._ledger(), self._before)
        alerts = tuple(a for a in self._reports.alerts(only_open=False, limit=200) if a.opened_at >= since)
        paged = {a.id: self._reports.paged(a.id) for a in alerts if a.page}
        return Account(
            at=now,
            fleet=fleet,
            ledger=ledger,
            waiting_records=waiting,
            delays=DelayQuantiles.of(Counter(self._reports.delay_counts(since)) - self._delays_before),
            totals=self._reports.status(now),
            alerts=alerts,
            mails=tuple(m for m in read_index(self._mail_dir) if m.received_at >= since),
            paged={alert_id: one for alert_id, one in paged.items() if one is not None},
            awaited_delays=ledger.stored - files.lines - self._live_before,
            missing_messages=sum(gap.missing for gap in self._reports.sequence_gaps()),
            files=files,
            about=self._reports.message_alerts(since),
        )

    def _ledger(self) -> LedgerCounts:
        """Return the totals of the stations of this run: what others bring has accounts of its own."""
        if self._stations is None:
            return self._reports.ledger_totals()
        counts = [astuple(own) for station, own in self._reports.ledger().items() if station in self._stations]
        return LedgerCounts(*map(sum, zip(*counts, strict=True))) if counts else LedgerCounts()

    def disconnect(self) -> None:
        """Let go of Kafka; the next look connects anew. A client that sees Kafka go away is slow to see its return."""
        if self._lag is not None:
            self._lag.close()
            self._lag = None

    def close(self) -> None:
        """Close the connections."""
        self._reports.close()
        self.disconnect()


def difference(after: LedgerCounts, before: LedgerCounts) -> LedgerCounts:
    """Return what was added to the ledger between two looks."""
    return LedgerCounts(
        received=after.received - before.received,
        stored=after.stored - before.stored,
        duplicate=after.duplicate - before.duplicate,
        revision=after.revision - before.revision,
        dead_letter=after.dead_letter - before.dead_letter,
        redelivered=after.redelivered - before.redelivered,
    )

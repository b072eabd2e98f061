"""One batch, one transaction: progress, readings, averages, judgement, alert state, outbox, ledger.

The progress of every partition is a row of the database, locked at the beginning of the transaction and moved at its
end. That makes the whole step exactly-once in effect: a record that Kafka delivers again lies before the progress and
is only shared again, and of two workers that both believe to own a partition the second one waits for the first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from prometheus_client import Counter

from quantrac.clock import Clock
from quantrac.domain.deadletters import DeadLetter, Rejected, RejectReason, Stage
from quantrac.domain.readings import CheckedReading
from quantrac.domain.stations import VIETNAM, Station
from quantrac.errors import StoreError
from quantrac.telemetry import get_logger
from sql.worker_store import WorkerStore, WorkerTransaction
from streams.artefact_choice import ArtefactChoice
from streams.batch import Batch
from streams.catalogue import Catalogue
from streams.decoding import DecodedRecord, DecodeOptions, decode
from streams.delays import DelayLog
from streams.paging import Recipients, save_and_page
from streams.records import RawRecord
from streams.states import StationStates
from streams.tally import Tally

_log = get_logger(__name__)
_records = Counter("quantrac_worker_records", "Raw records committed by this worker")
_readings = Counter("quantrac_worker_readings", "Readings committed by this worker, by outcome", ["outcome"])


@dataclass(frozen=True, slots=True)
class ProcessorOptions:
    """What the stages need of the settings."""

    lane_limit: timedelta
    decode: DecodeOptions
    recipients: Recipients
    source: str
    """Name of the raw topic with the cluster's id: offsets mean something only within one cluster."""


@dataclass(slots=True)
class Shared:
    """What goes to Kafka for others after the COMMIT."""

    readings: dict[str, list[CheckedReading]] = field(default_factory=dict)
    dead_letters: list[DeadLetter] = field(default_factory=list)

    def add(self, rows: Iterable[CheckedReading]) -> None:
        """Add readings, by station."""
        for row in rows:
            self.readings.setdefault(row.reading.station, []).append(row)

    def merge(self, other: Shared) -> None:
        """Add all of another."""
        for rows in other.readings.values():
            self.add(rows)
        self.dead_letters.extend(other.dead_letters)


class BatchProcessor:
    """Turns raw records into committed rows. Blocking; used by one thread."""

    def __init__(
        self,
        store: WorkerStore,
        catalogue: Callable[[], Catalogue],
        options: ProcessorOptions,
        clock: Clock,
        artefacts: ArtefactChoice | None = None,
    ) -> None:
        self._store, self._catalogue, self._options, self._clock = store, catalogue, options, clock
        self._states = StationStates(artefacts or ArtefactChoice(None))
        self.delays = DelayLog()

    def process(self, records: Sequence[RawRecord]) -> Shared:
        """Commit a batch and return what is to be shared of it.

        A record that our own code cannot digest is found by halving the batch, and becomes a dead letter.

        Raises
        ------
        StoreError
            Retryable: the database is away. The same records may be given again.
        """
        try:
            return self._commit(records)
        except StoreError as exc:
            self._states.clear()
            if exc.retryable:
                raise
            return self._isolate(records, exc)
        except Exception as exc:  # noqa: BLE001  the outermost frame of everything that a record can trigger
            self._states.clear()
            return self._isolate(records, exc)

    def _commit(self, records: Sequence[RawRecord]) -> Shared:
        now = self._clock.now()
        catalogue = self._catalogue()
        shared = Shared()
        with self._store.transaction() as tx:
            fresh, again = self._split(tx, records)
            batch = self._judged(tx, fresh, catalogue, now)
            rows = batch.rows()
            batch.settle(tx.readings.store(rows))
            self._save_accounts(tx, batch.tally, now)
            tx.presence.touch(batch.heard())
            for code, (online, at) in batch.presence().items():
                tx.presence.set(code, online, at)
            save_and_page(tx, batch.transitions(), self._options.recipients)
            for key, value in batch.peaks().items():
                tx.alerts.update_peak(key, value)
            for found in batch.reassessments():
                tx.alerts.reassess(found)
            self._states.save(tx, batch.heard(), now)
            tx.sequences.mark_seen(batch.sequences(), now)
            self._save_delays(tx)
            self._save_progress(tx, fresh)
            shared.add(self._stored_before(tx, again, catalogue))
        self.delays.written()
        self.delays.committed(batch.sent(), self._clock.now())
        shared.add(row.checked for row in rows)
        shared.dead_letters.extend(batch.tally.dead_letters)
        _records.inc(len(fresh))
        for outcome, count in batch.tally.outcomes.items():
            _readings.labels(outcome=outcome).inc(count)
        return shared

    def _split(self, tx: WorkerTransaction, records: Sequence[RawRecord]) -> tuple[list[RawRecord], list[RawRecord]]:
        """Lock the progress; tell records that are new from those that were committed before."""
        progress = tx.progress.lock(self._options.source, {r.partition for r in records})
        self._states.keep_only_if_ours(progress)
        fresh = [r for r in records if r.offset >= progress[r.partition]]
        return fresh, [r for r in records if r.offset < progress[r.partition]]

    def _judged(self, tx: WorkerTransaction, fresh: Sequence[RawRecord], catalogue: Catalogue, now: datetime) -> Batch:
        messages = [decode(record, catalogue, self._options.decode) for record in fresh]
        wanted = list(_wanted(messages))
        self._states.load(tx, wanted, catalogue, now)
        batch = Batch(self._states, self._options.lane_limit, now)
        for message in messages:
            batch.take(message)
        running = {station.code for station, _, _ in wanted if self._states[station.code].scorer.running}
        batch.judge(tx.alerts.neighbours(running, now) if running else {})
        return batch

    def _save_accounts(self, tx: WorkerTransaction, tally: Tally, now: datetime) -> None:
        tx.accounting.add_dead_letters(tally.dead_letters)
        tx.accounting.add_ledger(now.astimezone(VIETNAM).date(), tally.ledger)

    def _save_progress(self, tx: WorkerTransaction, fresh: Sequence[RawRecord]) -> None:
        progress = {r.partition: r.offset + 1 for r in fresh}
        if progress:
            tx.progress.save(self._options.source, progress)
            self._states.advance(progress)

    def _save_delays(self, tx: WorkerTransaction) -> None:
        for minute, buckets in self.delays.drain().items():
            tx.accounting.add_delays(minute, buckets)

    def _stored_before(
        self, tx: WorkerTransaction, again: Sequence[RawRecord], catalogue: Catalogue
    ) -> list[CheckedReading]:
        """Return the stored readings of records that were committed before, perhaps without having been shared."""
        keys = [
            (r.station, r.parameter, r.observed_at)
            for record in again
            for r in decode(record, catalogue, self._options.decode).decoded.readings
        ]
        return tx.readings.fetch(keys) if keys else []

    def _isolate(self, records: Sequence[RawRecord], cause: Exception) -> Shared:
        """Find the record that our own code fails on by halving the batch; bury it, commit the others."""
        if len(records) == 1:
            return self._bury(records[0], cause)
        shared = Shared()
        middle = len(records) // 2
        for half in (records[:middle], records[middle:]):
            shared.merge(self.process(half))
        return shared

    def _bury(self, record: RawRecord, cause: Exception) -> Shared:
        _log.error(
            "record_buried", partition=record.partition, offset=record.offset, topic=record.mqtt_topic, exc_info=cause
        )
        now = self._clock.now()
        detail = f"Our own code failed on this record ({type(cause).__name__}: {cause}). Mend it, then replay."
        tally = Tally()
        tally.bury(record, [Rejected(RejectReason.INTERNAL_ERROR, detail)], Stage.PROCESS)
        with self._store.transaction() as tx:
            fresh, _ = self._split(tx, [record])
            if not fresh:
                return Shared()
            self._save_accounts(tx, tally, now)
            self._save_progress(tx, fresh)
        return Shared(dead_letters=tally.dead_letters)


def _wanted(messages: Iterable[DecodedRecord]) -> Iterator[tuple[Station, int, str | None]]:
    for message in messages:
        if message.station is not None:
            yield message.station, message.record.partition, message.decoded.session

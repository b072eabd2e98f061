"""One batch, one transaction: progress, readings, averages, judgement, alert state, outbox, ledger.

The progress of every partition is a row of the database, locked at the beginning of the transaction and moved at its
end. That makes the whole step exactly-once in effect: a record that Kafka delivers again lies before the progress and
is only shared again, and of two workers that both believe to own a partition the second one waits for the first. What
does not continue the progress is refused; what comes again and left no trace is processed as new.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from prometheus_client import Counter

from quantrac.clock import Clock
from quantrac.domain.deadletters import DeadLetter, Rejected, RejectReason, Stage
from quantrac.domain.progress import BreakKind, LogBreak
from quantrac.domain.readings import CheckedReading
from quantrac.domain.stations import VIETNAM, Station
from quantrac.errors import ProgressError, StoreError
from quantrac.telemetry import get_logger
from sql.deferred_store import Deferred
from sql.readings_store import Key
from sql.storable import storable
from sql.worker_store import WorkerStore, WorkerTransaction
from streams.artefact_choice import ArtefactChoice
from streams.batch import Batch
from streams.bridge_clocks import BridgeClocks, corrected
from streams.catalogue import Catalogue, CatalogueCache
from streams.continuity import continue_from
from streams.decoding import DecodedRecord, DecodeOptions, decode, is_for_want_of_import
from streams.delays import DelayLog
from streams.dues import note_dues
from streams.faults import Witnesses, catalogue_fault, raise_unless_of_a_record, system_fault
from streams.kept_records import KeptRecords
from streams.paging import Recipients, save_and_page
from streams.quota import FLOODED, StationQuota
from streams.records import RawRecord, numbers_of
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
    """Name of the raw topic with the ids of its cluster and its own: offsets mean something within one topic only."""
    messages_per_s: float = math.inf
    """Quota of one station in the long run; what is beyond it is read after the others."""
    bytes_per_s: float = math.inf
    retrospective_before: datetime | None = None
    """What was received before it pages nobody: the instant at which a rebuild began."""
    replayed_before: Mapping[int, int] = field(default_factory=dict)
    """Offsets by partition: what lies before them was dealt with before the database was restored, and pages nobody."""


@dataclass(slots=True)
class Shared:
    """What goes to Kafka for others after the COMMIT."""

    readings: dict[str, list[CheckedReading]] = field(default_factory=dict)
    dead_letters: list[DeadLetter] = field(default_factory=list)
    reached: dict[int, int] = field(default_factory=dict)
    """The offset after the last record of each partition that this is about."""

    def add(self, rows: Iterable[CheckedReading]) -> None:
        """Add readings, by station."""
        for row in rows:
            self.readings.setdefault(row.reading.station, []).append(row)

    def merge(self, other: Shared) -> None:
        """Add all of another."""
        for rows in other.readings.values():
            self.add(rows)
        self.dead_letters.extend(other.dead_letters)
        for partition, offset in other.reached.items():
            self.reached[partition] = max(offset, self.reached.get(partition, 0))


class BatchProcessor:
    """Turns raw records into committed rows. Blocking; used by one thread."""

    def __init__(
        self,
        store: WorkerStore,
        catalogue: CatalogueCache,
        options: ProcessorOptions,
        clock: Clock,
        artefacts: ArtefactChoice | None = None,
    ) -> None:
        self._store, self._catalogue, self._options, self._clock = store, catalogue, options, clock
        self._states = StationStates(artefacts or ArtefactChoice(None))
        self._quota = StationQuota(options.messages_per_s, options.bytes_per_s)
        self._witnesses = Witnesses()
        self._bridge_clocks = BridgeClocks()
        self.delays = DelayLog()
        self.kept = KeptRecords()
        """What this worker has deferred, as long as there is room."""
        self.shared_offsets: Callable[[], Mapping[int, int]] = dict
        """What was sent on to Kafka so far: the offset after it, by partition."""
        self._held: dict[int, int] = {}
        """The offset after the last record that this worker has committed, of each partition since it was assigned."""
        self.steps = 0
        """Rises with every step of every batch: shows that this thread lives, however slow the machine is."""

    def process(self, records: Sequence[RawRecord]) -> Shared:
        """Commit a batch and return what is to be shared of it.

        A record that our own code cannot digest is found by halving the batch, and becomes a dead letter; but only
        when others do pass.

        Raises
        ------
        StoreError
            Retryable: the database is away. The same records may be given again.
        ProgressError
            The records do not continue what is committed; nothing of them is.
        SystemFaultError
            The catalogue cannot be read, or no record passes: nothing is buried for that.
        """
        records = corrected(records, self._clock.now())
        return self._process(records, records, _readable(self._catalogue.current))

    def has_others(self, records: Sequence[RawRecord]) -> bool:
        """Whether any record is of a station that is not beyond its quota."""
        return not all(map(self._quota.is_spent, {record.station for record in records}))

    def has_flooded(self, station: str) -> bool:
        """Whether a station was beyond its quota in the last minutes in which this worker heard it."""
        return self._quota.is_spent(station, FLOODED)

    def next_deferred(self, partitions: Collection[int], most: int) -> list[Deferred]:
        """Return which records of a station beyond its quota are read next; none when none wait.

        They lie in stretches of one partition, in order, that have ``most`` messages together if so many wait.
        """
        with self._store.transaction() as tx:
            waits = tx.deferred.next(self._options.source, partitions, most)
        if not waits:
            self.kept.clear()  # what is left of it was read from Kafka
        return waits

    def process_deferred(self, waits: Sequence[Deferred], records: Sequence[RawRecord], beyond: int) -> Shared:
        """Commit some records of a station beyond its quota; nothing when others have dealt with them meanwhile.

        Parameters
        ----------
        waits
            What waited when it was read: stretches of one station and partition, in order.
        records
            The first of it; fewer than wait when Kafka has no more.
        beyond
            The offset after the last one that was looked at.

        Raises
        ------
        StoreError, SystemFaultError
            As :meth:`process`.
        """
        catalogue, records = _readable(self._catalogue.current), corrected(records, self._clock.now())
        while True:
            try:
                return self._commit_deferred(waits, records, beyond, catalogue)
            except Exception as exc:  # noqa: BLE001  the outermost frame of everything that a record can trigger
                self._states.clear()
                raise_unless_of_a_record(exc)
                if len(records) <= 1:
                    fault = exc
                    break
            # Whichever record it is, it comes to stand alone; what is left out waits on.
            records = records[: len(records) // 2]
            beyond = records[-1].offset + 1
        if not self._passes_elsewhere(None, (), catalogue):
            raise system_fault(fault) from fault
        return self._commit_deferred(waits, records, beyond, catalogue, fault=fault)

    def assigned(self) -> None:
        """Hear that partitions are assigned anew: another worker may have moved the progress of those that come."""
        self._held.clear()
        self.kept.clear()

    def require_progress(self, partitions: Collection[int]) -> None:
        """Compare the progress of ``partitions`` with what this worker has committed.

        Raises
        ------
        StoreError
            The database is away.
        ProgressError
            The database knows less: it was restored from a backup under the running worker.
        """
        ours = {partition: self._held[partition] for partition in partitions if partition in self._held}
        if not ours:
            return
        with self._store.transaction() as tx:
            progress = tx.progress.lock(self._options.source, ours)
        for partition, committed in ours.items():
            if progress[partition] < committed:
                raise ProgressError(
                    f"Partition {partition} of the raw topic: this worker has committed everything before offset "
                    f"{committed}, and the database knows everything before {progress[partition]}: a backup was "
                    "restored. The worker ends, and reads again what is missing when it starts."
                )

    def save_shared(self) -> None:
        """Write what was sent on since the last COMMIT."""
        shared = self.shared_offsets()
        if shared:
            with self._store.transaction() as tx:
                tx.progress.save_shared(self._options.source, shared)

    def _process(self, records: Sequence[RawRecord], among: Sequence[RawRecord], catalogue: Catalogue) -> Shared:
        try:
            shared = self._commit(records, catalogue)
        except Exception as exc:  # noqa: BLE001  the outermost frame of everything that a record can trigger
            self._states.clear()
            raise_unless_of_a_record(exc)
            return self._isolate(records, among, catalogue, exc)
        self._witnesses.remember(records)
        for partition, offset in shared.reached.items():
            self._held[partition] = max(offset, self._held.get(partition, 0))
        return shared

    def _commit(self, records: Sequence[RawRecord], catalogue: Catalogue) -> Shared:
        now = self._clock.now()
        shared = Shared(reached=_reached(records))
        with self._store.transaction() as tx:
            progress = tx.progress.lock(self._options.source, {r.partition for r in records})
            self._states.keep_only_if_ours(progress)
            fresh, again, reached = continue_from(progress, records)
            untraced = self._untraced(tx, again, catalogue)
            decoded: dict[tuple[int, int], DecodedRecord] = {}

            def is_past(record: RawRecord) -> bool:
                (message,) = self._decoded([record], catalogue)
                decoded[record.partition, record.offset] = message
                newest = message.decoded.observed_at
                return newest is not None and record.received_at - newest > self._options.lane_limit

            within, beyond, left = self._quota.divide(fresh, is_past)
            messages = [*self._decoded(untraced, catalogue), *(decoded[r.partition, r.offset] for r in within)]
            batch = self._write(tx, messages, catalogue, now)
            tx.deferred.add(self._options.source, _stretches(beyond), now)
            self._save_delays(tx)
            self._save_progress(tx, reached, fresh)
            for wrong in self._bridge_clocks.look(fresh):
                tx.presence.save_bridge_clock(wrong.bridge, wrong.off_s, wrong.since, wrong.seen_at)
            known = {(r.partition, r.offset) for r in untraced}
            before = [r for r in again if (r.partition, r.offset) not in known]
            shared.add(self._stored_before(tx, before, catalogue))
        self._quota.spend(left)
        self.kept.keep(beyond)
        self.delays.written()
        return self._committed(batch, shared, len(fresh))

    def _commit_deferred(
        self,
        waits: Sequence[Deferred],
        records: Sequence[RawRecord],
        beyond: int,
        catalogue: Catalogue,
        fault: Exception | None = None,
    ) -> Shared:
        """Commit or, with a ``fault`` of our own code, bury some records that wait."""
        now, source = self._clock.now(), self._options.source
        looked_at = [stretch for stretch in waits if stretch.first < beyond]
        with self._store.transaction() as tx:
            if not tx.deferred.lock(source, looked_at):
                return Shared()
            # Whoever owns the station's partition now finds its progress locked, and its states are read anew.
            self._states.keep_only_if_ours(tx.progress.lock(source, [looked_at[0].partition]))
            batch = self._write(tx, [] if fault else list(self._decoded(records, catalogue)), catalogue, now)
            if fault is not None:
                batch.tally = _buried(records, source, fault)
                self._save_accounts(tx, batch.tally, now)
                tx.committed.mark(numbers_of(records))
            tx.deferred.were_read(source, looked_at, now)
            for stretch in looked_at:
                self._leave(
                    tx, stretch, [r for r in records if stretch.first <= r.offset < stretch.beyond], beyond, now
                )
        return self._committed(batch, Shared(), len(records))

    def _leave(
        self, tx: WorkerTransaction, stretch: Deferred, read: Sequence[RawRecord], beyond: int, now: datetime
    ) -> None:
        """Let wait what is left of a stretch; what Kafka has no more is told as lost."""
        left = stretch.messages - len(read)
        if left > 0 and beyond >= stretch.beyond:
            gone = LogBreak(stretch.partition, BreakKind.LOST, stretch.first, stretch.beyond)
            tx.progress.note(self._options.source, gone, now)
            _log.error("deferred_records_gone", station=stretch.station, messages=left, told=gone.told)
        elif left > 0:
            left_bytes = max(0, stretch.bytes - sum(len(r.value) for r in read))
            rest = stretch._replace(first=beyond, messages=left, bytes=left_bytes)
            tx.deferred.add(self._options.source, [rest], now)

    def _committed(self, batch: Batch, shared: Shared, records: int) -> Shared:
        self.delays.committed(batch.sent(), self._clock.now())
        shared.add(row.checked for row in batch.rows())
        shared.dead_letters.extend(batch.tally.dead_letters)
        _records.inc(records)
        for outcome, count in batch.tally.outcomes.items():
            _readings.labels(outcome=outcome).inc(count)
        return shared

    def _write(
        self, tx: WorkerTransaction, messages: Sequence[DecodedRecord], catalogue: Catalogue, now: datetime
    ) -> Batch:
        """Take records through the stages after decoding, and write what they come to, but for the progress."""
        records = [message.record for message in messages]
        if any(is_for_want_of_import(m) for m in messages):
            catalogue = _readable(self._catalogue.renewed)
            messages = list(self._decoded(records, catalogue))
        batch = self._judged(tx, messages, catalogue, now)
        self.steps += 1
        batch.settle(tx.readings.store(batch.rows()))
        self.steps += 1
        self._save_accounts(tx, batch.tally, now)
        tx.committed.mark(numbers_of(records))
        tx.committed.add_stored(batch.stored)
        tx.channels.add(batch.states_of_channels())
        note_dues(tx, batch, catalogue)
        tx.presence.touch(batch.heard())
        for code, (online, at) in batch.presence().items():
            tx.presence.set(code, online, at)
        save_and_page(tx, batch.transitions(), self._options.recipients, now)
        for key, value in batch.peaks().items():
            tx.alerts.update_peak(key, value)
        for found in batch.reassessments():
            tx.alerts.reassess(found)
        self._states.save(tx, batch.heard(), now)
        tx.sequences.mark_seen(batch.sequences(), now)
        self.steps += 1
        return batch

    def _judged(
        self, tx: WorkerTransaction, messages: Sequence[DecodedRecord], catalogue: Catalogue, now: datetime
    ) -> Batch:
        wanted = list(_wanted(messages))
        self._states.load(tx, wanted, catalogue, now)
        batch = Batch(
            self._states,
            self._options.lane_limit,
            now,
            Tally(self._options.source),
            retrospective_before=self._options.retrospective_before,
            replayed_before=self._options.replayed_before,
        )
        for message in messages:
            self.steps += 1
            batch.take(message)
        running = {station.code for station, _, _ in wanted if self._states[station.code].scorer.running}
        batch.judge(tx.alerts.neighbours(running, now) if running else {})
        return batch

    def _decoded(self, records: Iterable[RawRecord], catalogue: Catalogue) -> Iterator[DecodedRecord]:
        now = self._clock.now()
        for record in records:
            self.steps += 1
            yield decode(record, catalogue, self._options.decode, now)

    def _untraced(self, tx: WorkerTransaction, again: Sequence[RawRecord], catalogue: Catalogue) -> list[RawRecord]:
        """Return the records before the progress of which the database holds nothing: the log was written anew."""
        if not again:
            return []
        decoded = list(self._decoded(again, catalogue))
        keys = {(r.station, r.parameter, r.observed_at) for m in decoded for r in m.decoded.readings}
        stored = {(c.reading.station, c.reading.parameter, c.reading.observed_at) for c in _fetched(tx, keys)}
        places = [(r.partition, r.offset) for r in again]
        buried = tx.accounting.dead_letters_at(self._options.source, places)
        waiting = tx.deferred.waiting(self._options.source, {p for p, _ in places})
        return [
            m.record
            for m in decoded
            if (m.record.partition, m.record.offset) not in buried
            and not any(_waits(m.record, d) for d in waiting)
            and (
                m.decoded.rejected
                or any((r.station, r.parameter, r.observed_at) not in stored for r in m.decoded.readings)
            )
        ]

    def _save_accounts(self, tx: WorkerTransaction, tally: Tally, now: datetime) -> None:
        tx.accounting.add_dead_letters(tally.dead_letters)
        tx.accounting.add_ledger(now.astimezone(VIETNAM).date(), tally.ledger)

    def _save_progress(self, tx: WorkerTransaction, reached: Mapping[int, int], fresh: Sequence[RawRecord]) -> None:
        if reached:
            last = {record.partition: record for record in fresh}
            digests = {partition: record.digest for partition, record in last.items()}
            tx.progress.save(self._options.source, reached, digests)
            self._states.advance(reached)
        # Of the batch's own partitions, which it has locked: those that are another worker's now, that one may hold.
        shared = {partition: offset for partition, offset in self.shared_offsets().items() if partition in reached}
        if shared:
            tx.progress.save_shared(self._options.source, shared)

    def _save_delays(self, tx: WorkerTransaction) -> None:
        for minute, buckets in self.delays.drain().items():
            tx.accounting.add_delays(minute, buckets)

    def _stored_before(
        self, tx: WorkerTransaction, again: Sequence[RawRecord], catalogue: Catalogue
    ) -> list[CheckedReading]:
        """Return the stored readings of records that were committed before, perhaps without having been shared."""
        decoded = self._decoded(again, catalogue)
        return _fetched(tx, [(r.station, r.parameter, r.observed_at) for m in decoded for r in m.decoded.readings])

    def _isolate(
        self, records: Sequence[RawRecord], among: Sequence[RawRecord], catalogue: Catalogue, cause: Exception
    ) -> Shared:
        """Find the record that our own code fails on by halving the batch; bury it, commit the others."""
        if len(records) == 1:
            if not self._passes_elsewhere(records[0], among, catalogue):
                raise system_fault(cause) from cause
            return self._bury(records[0], cause)
        shared = Shared()
        middle = len(records) // 2
        for half in (records[:middle], records[middle:]):
            shared.merge(self._process(half, among, catalogue))
        return shared

    def _passes_elsewhere(self, record: RawRecord | None, among: Sequence[RawRecord], catalogue: Catalogue) -> bool:
        """Return whether our own code digests any other record: then the fault is of this one alone."""
        return any(self._rehearse(other, catalogue) for other in self._witnesses.beside(record, among))

    def _rehearse(self, record: RawRecord, catalogue: Catalogue) -> bool:
        """Return whether a record passes all stages; nothing of that is kept."""
        try:
            with self._store.rehearsal() as tx:
                self._write(tx, list(self._decoded([record], catalogue)), catalogue, self._clock.now())
        except StoreError as exc:
            if exc.retryable:
                raise
            return False
        except Exception:  # noqa: BLE001  what is asked is just whether it fails
            return False
        else:
            return True
        finally:
            self._states.clear()

    def _bury(self, record: RawRecord, cause: Exception) -> Shared:
        now = self._clock.now()
        tally = _buried([record], self._options.source, cause)
        with self._store.transaction() as tx:
            progress = tx.progress.lock(self._options.source, [record.partition])
            self._states.keep_only_if_ours(progress)
            fresh, _, reached = continue_from(progress, [record])
            if not fresh:
                return Shared()
            self._save_accounts(tx, tally, now)
            tx.committed.mark(numbers_of([record]))
            self._save_progress(tx, reached, fresh)
        return Shared(dead_letters=tally.dead_letters, reached=reached)


def _readable(load: Callable[[], Catalogue]) -> Catalogue:
    try:
        return load()
    except StoreError as exc:
        if exc.retryable:
            raise
        raise catalogue_fault(exc) from exc
    except Exception as exc:
        raise catalogue_fault(exc) from exc


def _buried(records: Sequence[RawRecord], source: str, cause: Exception) -> Tally:
    tally = Tally(source)
    detail = f"Our own code failed on this record ({type(cause).__name__}: {cause}). Mend it, then replay."
    for record in records:
        _log.error(
            "record_buried", partition=record.partition, offset=record.offset, topic=record.mqtt_topic, exc_info=cause
        )
        tally.bury(record, [Rejected(RejectReason.INTERNAL_ERROR, detail)], Stage.PROCESS)
    return tally


def _fetched(tx: WorkerTransaction, keys: Collection[Key]) -> list[CheckedReading]:
    return tx.readings.fetch(list(keys)) if keys else []


def _reached(records: Iterable[RawRecord]) -> dict[int, int]:
    reached: dict[int, int] = {}
    for record in records:
        reached[record.partition] = max(record.offset + 1, reached.get(record.partition, 0))
    return reached


def _stretches(beyond: Iterable[RawRecord]) -> list[Deferred]:
    """Return one stretch of the log for each station and partition."""
    found: dict[tuple[int, str], Deferred] = {}
    for r in beyond:
        before = found.get((r.partition, r.station))
        first, messages, size = (r.offset, 0, 0) if before is None else (before.first, before.messages, before.bytes)
        found[r.partition, r.station] = Deferred(
            r.partition, first, r.offset + 1, r.station, messages + 1, size + len(r.value)
        )
    return list(found.values())


def _waits(record: RawRecord, stretch: Deferred) -> bool:
    inside = record.partition == stretch.partition and stretch.first <= record.offset < stretch.beyond
    return inside and storable(record.station) == stretch.station


def _wanted(messages: Iterable[DecodedRecord]) -> Iterator[tuple[Station, int, str | None]]:
    for message in messages:
        if message.station is not None:
            yield message.station, message.record.partition, message.decoded.session

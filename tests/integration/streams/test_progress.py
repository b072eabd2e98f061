"""R1, R4 and number 1 on the real database: nothing is passed over, nothing buried for a fault of ours, no flood."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from quantrac.clock import ManualClock
from quantrac.domain.ledger import LedgerCounts
from quantrac.domain.progress import LogRange
from quantrac.endpoints import DatabaseEndpoint
from quantrac.errors import ProgressError, StoreError, SystemFaultError
from sql.reports import Reports
from sql.worker_store import WorkerStore
from streams.flooding import Floods
from streams.positions import DatabasePositions, RawTopic, prepare
from streams.processor import BatchProcessor
from streams.records import RawRecord

STATION, SOURCE = "DT_TEST_NUOSXL", "quantrac.raw@test"
MakeProcessor = Callable[..., BatchProcessor]


@pytest.fixture
def store(prepared: DatabaseEndpoint) -> Iterator[WorkerStore]:
    opened = WorkerStore(prepared.writer)
    yield opened
    opened.close()


def topic(source: str = SOURCE, end: int = 0, acknowledged: int = 0) -> RawTopic:
    return RawTopic(source, {0: LogRange(0, end)}, {0: acknowledged} if acknowledged else {})


def ledger(reports: Reports, station: str = STATION) -> LedgerCounts:
    return reports.ledger().get(station, LedgerCounts())


def slices_from_memory(processor: BatchProcessor) -> int:
    """Read what waits, eight at a time, as long as there is any: all of it has to be kept."""
    slices = 0
    while waits := processor.next_deferred([0], 8):
        kept = processor.kept.take(waits, 8)
        assert kept is not None
        processor.process_deferred(waits, *kept)
        slices += 1
    return slices


def distinct(records: Any, count: int, station: str = STATION) -> list[RawRecord]:
    start = records._clock.now() - timedelta(minutes=20)
    made = [records.message({"COD": 20.0 + n % 5}, at=start + n * timedelta(seconds=1), seq=n) for n in range(count)]
    return [replace(r, mqtt_topic=r.mqtt_topic.replace(STATION, station)) for r in made]


def read_deferred(processor: BatchProcessor, log: list[RawRecord], most: int = 4) -> None:
    """Read all that waits, some records at a time, from a log that has ``log`` and nothing else."""
    while waits := processor.next_deferred([0], most):
        found = [r for w in waits for r in log if w.first <= r.offset < w.beyond and r.station == w.station][:most]
        beyond = found[-1].offset + 1 if len(found) == most else waits[-1].beyond
        processor.process_deferred(waits, found, beyond)


def test_r1_a_gap_is_refused_and_nothing_of_the_batch_is_stored(
    make_processor: MakeProcessor, records: Any, reports: Reports
) -> None:
    batch = distinct(records, 5)
    processor = make_processor()
    processor.process(batch[:2])
    with pytest.raises(ProgressError, match="offset 3"):
        processor.process(batch[3:])
    assert ledger(reports).received == 2
    processor.process(batch)  # as the next worker reads them, from the database's progress
    assert ledger(reports) == LedgerCounts(received=5, stored=5)


def test_r1_a_record_again_that_left_no_trace_is_processed_as_fresh(
    make_processor: MakeProcessor, records: Any, reports: Reports
) -> None:
    first, other, third = distinct(records, 3)
    make_processor().process([first, other])
    anew = replace(third, offset=other.offset)  # the log was cut and written on: this offset is another record's now
    make_processor().process([first, anew])
    assert ledger(reports) == LedgerCounts(received=3, stored=3)
    make_processor().process([first, anew])
    assert ledger(reports) == LedgerCounts(received=3, stored=3)


def test_r1_a_dead_letter_is_a_trace_and_bytes_tell_offsets_apart(
    make_processor: MakeProcessor, records: Any, reports: Reports
) -> None:
    bad = records.raw(b"no json")
    make_processor().process([bad])
    make_processor().process([bad])
    assert ledger(reports) == LedgerCounts(received=1, dead_letter=1)
    assert len(reports.dead_letters()) == 1


@pytest.mark.parametrize(
    ("log", "goes_on_at", "kind"),
    [(LogRange(0, 9), 4, None), (LogRange(6, 9), 6, "lost"), (LogRange(0, 2), 2, "truncated")],
)
def test_r1_a_broken_log_is_told_once_and_read_on(
    store: WorkerStore, reports: Reports, clock: ManualClock, log: LogRange, goes_on_at: int, kind: str | None
) -> None:
    with store.transaction() as tx:
        tx.progress.lock(SOURCE, [0])
        tx.progress.save(SOURCE, {0: 4})
        tx.progress.save_shared(SOURCE, {0: 4})
    positions = DatabasePositions(store, SOURCE, clock)
    assert positions.of({0: log}, positions.committed([0])) == {0: goes_on_at}
    assert positions.of({0: log}, positions.committed([0]))[0] <= goes_on_at
    told = reports.log_breaks()
    assert [b.kind for b in told] == ([] if kind is None else [kind])
    assert all("raw topic" in b.what for b in told)


def test_r1_what_another_worker_committed_while_one_waited_for_the_database_is_no_cut_log(
    make_processor: MakeProcessor, records: Any, reports: Reports, store: WorkerStore, clock: ManualClock
) -> None:
    # this worker    committed? 3   log ends at 5   (the database is away)    where does reading go on?
    # another one                                    reads on: 5 .. 29, of which 20 .. 29 wait beyond the quota
    batch, positions = distinct(records, 30), DatabasePositions(store, SOURCE, clock)
    another = make_processor(messages_per_s=1.0)
    another.process(batch[:3])
    before, log = positions.committed([0]), {0: LogRange(0, 5)}
    another.process(batch[3:])
    positions.of(log, before)
    assert reports.log_breaks() == []
    assert [p.next_offset for p in reports.progress()] == [30]
    read_deferred(another, batch)
    assert ledger(reports) == LedgerCounts(received=30, stored=30)


def test_r1_the_progress_belongs_to_a_topic_s_id_and_a_topic_anew_is_told(
    store: WorkerStore, reports: Reports, clock: ManualClock
) -> None:
    with store.transaction() as tx:
        tx.progress.lock("quantrac.raw@c", [0])
        tx.progress.save("quantrac.raw@c", {0: 7})
    one = prepare(
        store, topic("quantrac.raw@c/one"), clock
    )  # progress of a version that knew no topic ids is taken over
    assert [(p.topic, p.next_offset) for p in reports.progress()] == [("quantrac.raw@c/one", 7)]
    assert reports.log_breaks() == []
    # A worker that had not noticed yet acknowledged three records of the new one: no restored database.
    two = prepare(store, topic("quantrac.raw@c/two", end=5, acknowledged=3), clock)
    prepare(store, topic("quantrac.raw@c/two", end=5, acknowledged=3), clock)  # nor to a second, before any commit
    prepare(store, topic("quantrac.raw@c/two"), clock)
    assert [b.kind for b in reports.log_breaks()] == ["topic_anew"]
    assert one.installation == two.installation
    with store.transaction() as tx:
        assert tx.progress.lock("quantrac.raw@c/two", [0]) == {0: 0}


def test_r1_a_rebuild_pages_nobody_for_what_was_received_before_it(
    make_processor: MakeProcessor, records: Any, clock: ManualClock, reports: Reports
) -> None:
    waited = [records.message({"COD": 300.0 + n}, at=clock.now() + n * timedelta(seconds=1), seq=n) for n in range(6)]
    clock.advance(timedelta(minutes=2))
    make_processor(retrospective_before=clock.now()).process(waited)
    assert ledger(reports).stored == 6
    assert reports.deliveries() == []


def test_r4_when_every_record_fails_alike_nothing_is_buried(
    make_processor: MakeProcessor, records: Any, reports: Reports, monkeypatch: pytest.MonkeyPatch
) -> None:
    from streams.batch import Batch

    batch = distinct(records, 6)
    processor = make_processor()
    processor.process(batch[:1])
    with monkeypatch.context() as patch:
        patch.setattr(Batch, "take", lambda _self, _message: 1 / 0)
        for rest in (batch[1:], batch[1:2]):  # also a lone record, in a quiet hour
            with pytest.raises(SystemFaultError, match="ZeroDivisionError"):
                processor.process(rest)
    assert reports.dead_letters() == []
    processor.process(batch[1:])
    assert ledger(reports) == LedgerCounts(received=6, stored=6)


def test_r4_a_lone_record_that_fails_is_buried_when_another_passes(
    make_processor: MakeProcessor, records: Any, reports: Reports, monkeypatch: pytest.MonkeyPatch
) -> None:
    from streams.batch import Batch

    take = Batch.take
    batch = distinct(records, 3)
    poison = batch[1].offset
    monkeypatch.setattr(Batch, "take", lambda s, m: 1 / 0 if m.record.offset == poison else take(s, m))
    processor = make_processor()
    for one in batch:
        processor.process([one])
    assert ledger(reports) == LedgerCounts(received=3, stored=2, dead_letter=1)
    assert [line.reason for line in reports.dead_letters()] == ["internal_error"]


def test_r4_a_schema_fault_buries_nothing(
    make_processor: MakeProcessor, records: Any, reports: Reports, prepared: DatabaseEndpoint
) -> None:
    batch = distinct(records, 2)
    with psycopg.connect(prepared.owner) as connection:
        connection.execute("ALTER TABLE latest_readings RENAME TO elsewhere")
    with pytest.raises(SystemFaultError, match="latest_readings"):
        make_processor().process(batch)
    assert reports.dead_letters() == []


def test_r4_a_catalogue_that_cannot_be_read_buries_nothing(
    make_processor: MakeProcessor, records: Any, reports: Reports, monkeypatch: pytest.MonkeyPatch
) -> None:
    processor = make_processor()
    monkeypatch.setattr(processor._catalogue, "current", lambda: {}["kq"])
    with pytest.raises(SystemFaultError, match="stations import"):
        processor.process(distinct(records, 2))
    assert reports.dead_letters() == []
    assert ledger(reports) == LedgerCounts()


def test_r4_a_rule_that_a_starting_worker_cannot_read_ends_it_and_buries_nothing(
    prepared: DatabaseEndpoint, make_processor: MakeProcessor, records: Any, reports: Reports, clock: ManualClock
) -> None:
    # As after an older version was installed again; before: it went on without any rule, and told nobody of anything.
    running, batch = make_processor(), distinct(records, 3)
    running.process(batch[:1])
    with psycopg.connect(prepared.owner) as connection:
        unknown = Jsonb({"code": "new", "kind": "x"})
        connection.execute("INSERT INTO alert_rules VALUES ('new', '2026-01-01', %s)", [unknown])
    with pytest.raises(SystemFaultError, match="'x'"):
        make_processor().process(batch[1:])
    assert reports.dead_letters() == []
    clock.advance(timedelta(seconds=31))
    running.process(batch[1:])  # the rules that it has go on
    assert ledger(reports).stored == 3


def test_number_1_a_message_with_a_hundred_bad_readings_is_kept_once(
    make_processor: MakeProcessor, records: Any, reports: Reports
) -> None:
    readings = [{"parameter": f"X{n}", "value": 1} for n in range(100)]
    body = {"v": 1, "observed_at": records._clock.now().isoformat(), "readings": readings, "pad": "x" * 200_000}
    shared = make_processor().process([records.raw(json.dumps(body).encode())])
    (line,) = reports.dead_letters()
    assert len(line.refusals) == 100
    assert ledger(reports) == LedgerCounts(received=100, dead_letter=100)
    assert len(shared.dead_letters) == 1


def test_number_1_what_is_beyond_a_quota_waits_is_a_work_item_and_is_not_lost(
    make_processor: MakeProcessor, records: Any, reports: Reports, store: WorkerStore, clock: ManualClock
) -> None:
    batch = distinct(records, 30)
    processor = make_processor(messages_per_s=1.0)  # 20 at once
    processor.process(batch)
    assert ledger(reports).stored == 20
    floods = Floods(store, clock)
    assert floods.look(processor.has_flooded) == 10
    (item,) = [a for a in reports.alerts() if a.kind == "flooding"]
    assert (item.station, item.page) == (STATION, False)
    processor.process(batch[-3:])  # again: what waits is no record without a trace
    assert ledger(reports).stored == 20

    read_deferred(processor, batch)
    assert ledger(reports) == LedgerCounts(received=30, stored=30)
    assert floods.look(processor.has_flooded) == 0
    assert [a for a in reports.alerts() if a.kind == "flooding"] == []
    assert reports.deliveries() == []


def test_number_1_more_of_the_past_than_goes_ahead_waits_and_is_no_flood(
    make_processor: MakeProcessor, records: Any, reports: Reports, store: WorkerStore, clock: ManualClock
) -> None:
    # an hour and more ago: 40 messages of one station, of which 2 go ahead; live: another one, and later the same
    start = clock.now() - timedelta(hours=2)
    old = [records.message({"COD": 20.0 + n % 5}, at=start + n * timedelta(minutes=1), seq=n) for n in range(31)]
    processor = make_processor(messages_per_s=2.0)
    processor.process(old)
    assert ledger(reports).stored == 2
    clock.advance(timedelta(seconds=30))
    live = records.message({"COD": 30.0}, seq=99)
    processor.process([live])
    assert ledger(reports).stored == 3, "it does not wait for the past"
    floods = Floods(store, clock)
    assert floods.look(processor.has_flooded) == 29
    assert [a for a in reports.alerts() if a.kind == "flooding"] == []
    read_deferred(processor, [*old, live])
    assert ledger(reports) == LedgerCounts(received=32, stored=32)


def test_number_1_who_delays_what_is_live_behind_a_past_of_his_own_is_told(
    make_processor: MakeProcessor, records: Any, reports: Reports, store: WorkerStore, clock: ManualClock
) -> None:
    # within the quota, and never read: so much comes of others
    # past      15 | 15 | ...    2 go ahead at once, then one in five seconds
    # live         1    1        each behind one that waits
    processor, floods = make_processor(messages_per_s=2.0), Floods(store, clock)
    start = clock.now() - timedelta(hours=2)
    for n in range(8):
        clock.advance(timedelta(seconds=100))
        past = [records.message({"COD": 20.0}, at=start + timedelta(seconds=20 * n + k)) for k in range(15)]
        processor.process([*past, records.message({"COD": 200.0})])
        worker_that_starts = Floods(store, clock)
        assert [a for a in reports.alerts() if a.kind == "flooding"] == []
        assert worker_that_starts.look(processor.has_flooded) == 14 * (n + 1)
        assert [a for a in reports.alerts() if a.kind == "flooding"] == [], "an outage of ours is no word of theirs"
        floods.look(processor.has_flooded)
    (told,) = [a for a in reports.alerts() if a.kind == "flooding"]
    assert "much of the past" in told.explanation_en


def test_number_1_what_is_kept_of_records_that_were_read_from_kafka_takes_no_room(
    make_processor: MakeProcessor, records: Any
) -> None:
    batch = distinct(records, 50)
    processor = make_processor(messages_per_s=1.0)
    processor.process(batch)
    assert processor.kept.bytes > 0
    read_deferred(processor, batch)
    assert processor.kept.bytes == 0


def test_number_1_a_slice_whose_commit_failed_is_read_from_kafka_and_none_twice(
    make_processor: MakeProcessor, records: Any, reports: Reports, prepared: DatabaseEndpoint
) -> None:
    batch = distinct(records, 50)
    processor = make_processor(messages_per_s=1.0)
    processor.process(batch)
    waits = processor.next_deferred([0], 8)
    taken = processor.kept.take(waits, 8)
    assert taken is not None
    with psycopg.connect(prepared.writer, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()"
        )
    with pytest.raises(StoreError):
        processor.process_deferred(waits, *taken)
    again = processor.next_deferred([0], 8)
    assert again == waits
    assert processor.kept.take(again, 8) is None, "a part of the stretch is not the stretch"
    from_kafka = batch[20:28]
    processor.process_deferred(again, from_kafka, from_kafka[-1].offset + 1)
    assert (slices_from_memory(processor), ledger(reports)) == (3, LedgerCounts(received=50, stored=50))


def test_number_1_what_waits_is_kept_for_its_slice_until_partitions_are_assigned_anew(
    make_processor: MakeProcessor, records: Any, reports: Reports
) -> None:
    batch = distinct(records, 50)
    processor = make_processor(messages_per_s=1.0)
    assert processor.has_others(batch)
    for part in (batch[:25], batch[25:]):
        processor.process(part)
        assert not processor.has_others(batch)
    assert (slices_from_memory(processor), ledger(reports)) == (4, LedgerCounts(received=50, stored=50))
    processor.process(distinct(records, 5))
    waits = processor.next_deferred([0], 8)
    processor.assigned()
    assert waits
    assert processor.kept.take(waits, 8) is None


def test_r1_a_second_flood_at_the_offsets_of_a_cut_log_waits_too(
    make_processor: MakeProcessor, records: Any, reports: Reports, store: WorkerStore, clock: ManualClock
) -> None:
    # offsets     0 .. 19   20 .. 29     log cut at 20, and written on: 20 .. 24
    # flood       stored    wait, read                                  wait, read
    first, second = (distinct(records, 30), distinct(records, 35)[30:])
    anew = [replace(r, offset=20 + n) for n, r in enumerate(second)]
    processor = make_processor(messages_per_s=1.0)
    processor.process(first)
    read_deferred(processor, first)
    positions = DatabasePositions(store, SOURCE, clock)
    assert positions.of({0: LogRange(0, 20)}, positions.committed([0])) == {0: 20}
    make = make_processor(messages_per_s=1.0)
    make._quota.spend(processor._quota._left)
    make.process(anew)
    assert ledger(reports).stored == 30
    read_deferred(make, anew)
    assert ledger(reports) == LedgerCounts(received=35, stored=35)


def test_r1_what_waited_beyond_a_quota_when_the_log_was_cut_is_told_as_lost(
    make_processor: MakeProcessor, records: Any, reports: Reports, store: WorkerStore, clock: ManualClock
) -> None:
    batch = distinct(records, 30)
    processor = make_processor(messages_per_s=1.0)
    processor.process(batch)  # 20 .. 29 wait
    positions = DatabasePositions(store, SOURCE, clock)
    positions.of({0: LogRange(0, 25)}, positions.committed([0]))
    read_deferred(processor, batch[:25])
    assert ledger(reports).stored == 25
    assert sorted((b.kind, b.first, b.beyond) for b in reports.log_breaks()) == [
        ("lost", 24, 25), ("truncated", 25, 30),
    ]  # fmt: skip


def test_r1_a_slice_of_many_stretches_buries_the_one_bad_record_and_tells_the_lost_one(
    make_processor: MakeProcessor, records: Any, reports: Reports, monkeypatch: pytest.MonkeyPatch
) -> None:
    # offsets   0 .. 19   20 .. 29 | 30 .. 39 | 40 .. 49     three batches, a stretch of each waits
    # flood     stored    25: poison  33: gone
    from streams.batch import Batch

    batch = distinct(records, 50)
    processor = make_processor(messages_per_s=1.0)
    for first in (0, 30, 40):
        processor.process(batch[first : 30 if first == 0 else first + 10])
    assert len(processor.next_deferred([0], 100)) == 3
    take, poison = Batch.take, batch[25].offset
    monkeypatch.setattr(Batch, "take", lambda s, m: 1 / 0 if m.record.offset == poison else take(s, m))
    read_deferred(processor, [r for r in batch if r.offset != 33], most=100)
    assert ledger(reports) == LedgerCounts(received=49, stored=48, dead_letter=1)
    assert [line.reason for line in reports.dead_letters()] == ["internal_error"]
    assert [(b.kind, b.first, b.beyond) for b in reports.log_breaks()] == [("lost", 30, 40)], "by stretches"


def test_r1_a_restored_database_is_noticed_pages_nobody_again_and_repeats_no_message_id(
    make_processor: MakeProcessor, records: Any, reports: Reports, store: WorkerStore, clock: ManualClock
) -> None:
    # offsets   0   1   2   3   4 | 5 ..       acknowledged to Kafka: 5; the backup knows 2
    # COD      20  20  300 ..        |           was paged before the loss; what goes on after it pages
    start = clock.now() - timedelta(minutes=29)
    log = [records.message({"COD": 300.0 + n}, at=start + n * timedelta(minutes=3), seq=n) for n in range(10)]
    log[:2] = [records.message({"COD": 20.0 + n}, at=start + n * timedelta(minutes=3), seq=n) for n in range(2)]
    log = [replace(r, offset=n) for n, r in enumerate(log)]
    before = prepare(store, topic(end=10), clock)
    make_processor().process(log[:2])
    after = prepare(store, topic(end=10, acknowledged=5), clock)
    assert after.installation.id != before.installation.id
    assert after.replayed_before == {0: 5}
    assert prepare(store, topic(end=10, acknowledged=5), clock) == after
    ((kind, first, beyond),) = [(b.kind, b.first, b.beyond) for b in reports.log_breaks()]
    assert (kind, first, beyond) == ("restored", 2, 5)
    processor = make_processor(replayed_before=after.replayed_before)
    processor.process(log[2:5])
    assert reports.deliveries() == []
    processor.process(log[5:])
    assert [after.installation.id in d.message_id for d in reports.deliveries()] == [True]


def test_r1_a_database_that_was_restored_under_a_running_worker_is_noticed_without_a_further_record(
    make_processor: MakeProcessor, records: Any, database: DatabaseEndpoint
) -> None:
    processor = make_processor()
    processor.require_progress([0])
    processor.process([records.message({"COD": 20.0 + n}, seq=n) for n in range(4)])
    processor.require_progress([0, 1])
    with psycopg.connect(database.owner) as owner:
        owner.execute("UPDATE kafka_progress SET next_offset = 2, shared_offset = 0")
    processor.require_progress([1])
    with pytest.raises(ProgressError, match="before offset 4, and the database knows everything before 2"):
        processor.require_progress([0, 1])
    processor.assigned()
    processor.require_progress([0, 1])


def test_workers_that_have_changed_partitions_do_not_wait_for_each_other_to_note_what_was_sent_on(
    prepared: DatabaseEndpoint, make_processor: MakeProcessor, records: Any
) -> None:
    # Each has sent on something of both partitions, and holds the one that is its own now.
    one, two, sent = WorkerStore(prepared.writer), WorkerStore(prepared.writer), {0: 1, 1: 1}
    with one.transaction() as tx:
        tx.progress.lock(SOURCE, [0, 1])
        tx.progress.save(SOURCE, {0: 1, 1: 1})
        tx.progress.save_shared(SOURCE, sent)
    with one.transaction() as theirs:
        theirs.progress.lock(SOURCE, [1])
        with two.transaction() as tx:
            tx.progress.lock(SOURCE, [0])
            tx.progress.save_shared(SOURCE, sent)
    with one.transaction() as tx:
        tx.progress.save(SOURCE, {1: 5})
    processor = make_processor()
    processor.shared_offsets = lambda: {0: 1, 1: 5}  # of partition 1 more than is noted
    with one.transaction() as theirs:
        theirs.progress.lock(SOURCE, [1])
        processor.process([records.raw(b"no json")])
    one.close()
    two.close()

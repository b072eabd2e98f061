"""The life of an hour: dirty when it changes, judged when it has ended, dirty again when a late reading comes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from quantrac.domain.judgements import Bucket, Judgement, Verdict
from quantrac.domain.limits import Window
from quantrac.domain.readings import StoredRow
from quantrac.endpoints import DatabaseEndpoint
from sql.worker_store import WorkerStore

NINE = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)  # 09:00 in Vietnam
DAY_START, DAY_END = datetime(2026, 11, 22, 17, tzinfo=UTC), datetime(2026, 11, 23, 17, tzinfo=UTC)
MINUTE, HOUR, GRACE = timedelta(minutes=1), timedelta(hours=1), timedelta(minutes=2)


def _dirty(store: WorkerStore, now: datetime, limit: int = 100) -> list[Bucket]:
    with store.transaction() as transaction:
        return transaction.buckets.take_dirty(now, GRACE, limit)


def _judge(store: WorkerStore, buckets: list[Bucket]) -> None:
    with store.transaction() as transaction:
        transaction.buckets.save_judgements(
            [Judgement(b, Verdict.EXCEEDED, b.usable_sum, None, 1.0, "permit", 2.0, 1, False, NINE) for b in buckets]
        )


def test_an_hour_is_due_when_it_has_ended_and_the_grace_is_over(
    store: WorkerStore, row: Callable[..., StoredRow]
) -> None:
    with store.transaction() as transaction:
        transaction.readings.store([row(NINE, 1.5), row(NINE + HOUR - MINUTE, 2.0, late=True), row(NINE + HOUR, 4.0)])
    assert _dirty(store, NINE + HOUR + GRACE - timedelta(microseconds=1)) == []
    hour = Bucket("S1", "COD", Window.HOUR, NINE, NINE + HOUR, 3.5, 2, 2, 1, 1.5, 2.0, 0)
    assert _dirty(store, NINE + HOUR + GRACE) == [hour]


def test_a_day_is_due_after_midnight_in_vietnam(store: WorkerStore, row: Callable[..., StoredRow]) -> None:
    with store.transaction() as transaction:
        transaction.readings.store([row(DAY_START, 1.0), row(DAY_END - MINUTE, 2.0), row(DAY_END, 50.0)])
    early = _dirty(store, DAY_END + GRACE - timedelta(seconds=1))
    assert [b.window for b in early] == [Window.HOUR]
    days = [b for b in _dirty(store, DAY_END + GRACE) if b.window is Window.DAY]
    assert days == [Bucket("S1", "COD", Window.DAY, DAY_START, DAY_END, 3.0, 2, 2, 0, 1.0, 2.0, 0)]


def test_a_judged_bucket_comes_back_only_when_it_changes(
    store: WorkerStore, row: Callable[..., StoredRow], database: DatabaseEndpoint
) -> None:
    later = DAY_END + HOUR
    with store.transaction() as transaction:
        transaction.readings.store([row(NINE, 1.0)])
    _judge(store, _dirty(store, later))
    assert _dirty(store, later) == []

    with store.transaction() as transaction:
        transaction.readings.store([row(NINE, 1.0, offset=1)])  # a duplicate changes nothing
    assert _dirty(store, later) == []

    with store.transaction() as transaction:
        transaction.readings.store([row(NINE + MINUTE, 3.0, late=True)])
    assert [(b.window, b.usable_sum, b.late_count) for b in _dirty(store, later)] == [
        (Window.HOUR, 4.0, 1),
        (Window.DAY, 4.0, 1),
    ]
    _judge(store, _dirty(store, later))
    with store.transaction() as transaction:
        transaction.readings.store([row(NINE, 0.5, offset=2)])  # a revision
    revised = _dirty(store, later)
    assert [(b.window, b.usable_sum, b.minimum) for b in revised] == [(Window.HOUR, 3.5, 0.5), (Window.DAY, 3.5, 0.5)]
    _judge(store, revised)
    with store.transaction() as transaction:
        found = transaction.readings._cursor.execute(
            'SELECT "window", window_start, mean, verdict, limit_source FROM judgements ORDER BY "window"'
        ).fetchall()
    # What was judged stands until an officer accepts the revision.
    assert found == [("day", DAY_START, 4.0, "exceeded", "permit"), ("hour", NINE, 4.0, "exceeded", "permit")]
    assert _dirty(store, later) == []


def test_a_reading_between_taking_and_judging_keeps_the_bucket_dirty(
    store: WorkerStore, row: Callable[..., StoredRow]
) -> None:
    with store.transaction() as transaction:
        transaction.readings.store([row(NINE, 1.0)])
    taken = _dirty(store, NINE + 2 * HOUR)
    with store.transaction() as transaction:
        transaction.readings.store([row(NINE + MINUTE, 2.0)])
    _judge(store, taken)
    assert [b.usable_sum for b in _dirty(store, NINE + 2 * HOUR)] == [3.0]


def test_two_judges_share_the_work(
    store: WorkerStore, row: Callable[..., StoredRow], database: DatabaseEndpoint
) -> None:
    with store.transaction() as transaction:
        transaction.readings.store([row(NINE, 1.0, parameter=p) for p in ("A", "B", "C")])
    other = WorkerStore(database.writer)
    with store.transaction() as one, other.transaction() as two:
        mine = one.buckets.take_dirty(NINE + 2 * HOUR, GRACE, 2)
        theirs = two.buckets.take_dirty(NINE + 2 * HOUR, GRACE, 2)
    other.close()
    assert [b.parameter for b in mine + theirs] == ["A", "B", "C"]


def test_recomputation_beside_an_open_transaction_counts_each_reading_once(
    store: WorkerStore, row: Callable[..., StoredRow], database: DatabaseEndpoint
) -> None:
    with store.transaction() as transaction:
        transaction.readings.store([row(NINE, 1.0)])
        transaction.readings.store([row(NINE, 2.0)])  # a revision: the hour is stale
    other = WorkerStore(database.writer)
    with store.transaction() as storing:
        storing.readings.store([row(NINE + MINUTE, 8.0)])
        with other.transaction() as judging:
            assert judging.buckets.take_dirty(NINE + 2 * HOUR, GRACE, 10) == []  # locked by the one that stores
    other.close()
    assert [b.usable_sum for b in _dirty(store, NINE + 2 * HOUR)] == [10.0]

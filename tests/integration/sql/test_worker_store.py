from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import psycopg
import pytest

from quantrac.domain.deadletters import DeadLetter, Rejected, RejectReason, Stage
from quantrac.domain.ledger import LedgerCounts
from quantrac.domain.notifications import Summary
from quantrac.domain.readings import Flag, Status, StoredRow
from quantrac.endpoints import DatabaseEndpoint
from quantrac.errors import StoreError
from sql.deferred_store import Deferred, DeferredStore
from sql.presence_store import SilentStation
from sql.worker_store import WorkerStore, WorkerTransaction

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture
def transaction(store: WorkerStore) -> Iterator[WorkerTransaction]:
    with store.transaction() as opened:
        yield opened


def test_progress_starts_at_zero_and_is_kept_by_topic(transaction: WorkerTransaction) -> None:
    assert transaction.progress.lock("a", [2, 0]) == {0: 0, 2: 0}
    transaction.progress.save("a", {2: 7})
    assert transaction.progress.lock("a", {0, 1, 2}) == {0: 0, 1: 0, 2: 7}
    assert transaction.progress.lock("b", [2]) == {2: 0}
    assert transaction.progress.lock("b", []) == {}


def test_states_are_replaced(transaction: WorkerTransaction) -> None:
    transaction.states.save({"A": b"1\0", "B": b"2"}, NOW)
    transaction.states.save({"A": b"3"}, NOW)
    transaction.states.save({}, NOW)
    assert transaction.states.load(["A", "B", "C"]) == {"A": b"3", "B": b"2"}


def test_seen_is_the_union_of_what_was_marked(transaction: WorkerTransaction) -> None:
    feed, odd = ("S1", "one"), ("S1", "a\0\ud800")
    assert transaction.sequences.lock([feed, odd]) == {feed: [], odd: []}
    transaction.sequences.mark_seen({feed: [(0, 3), (5, 6)], odd: [(0, 1)]}, NOW)
    transaction.sequences.mark_seen({feed: [(3, 5), (9, 12)]}, NOW)
    transaction.sequences.mark_seen({feed: [(10, 11)]}, NOW)
    assert transaction.sequences.lock([feed, odd]) == {feed: [(0, 6), (9, 12)], odd: [(0, 1)]}
    assert transaction.sequences.lock([]) == {}


def test_dead_letters_are_kept_once_with_any_bytes(transaction: WorkerTransaction, database: DatabaseEndpoint) -> None:
    letter = DeadLetter(
        "S1",
        Stage.DECODE,
        (
            Rejected(RejectReason.NOT_JSON, "nul \0, half \udfff", "p\0"),
            Rejected(RejectReason.NOT_A_NUMBER, "second", "pH"),
        ),
        bytes(range(256)),
        "x",
        "t",
        NOW,
        "raw@cluster/topic",
        1,
        2,
    )
    transaction.accounting.add_dead_letters([letter, letter])
    transaction.accounting.add_dead_letters([letter])
    transaction.accounting.add_dead_letters([replace(letter, source="raw@cluster/another")])
    rows = transaction.readings._cursor.execute(
        "SELECT detail, parameter, payload, jsonb_array_length(refusals) FROM dead_letters"
    ).fetchall()
    assert rows == [("nul \ufffd, half \ufffd", "p\ufffd", bytes(range(256)), 2)] * 2
    assert transaction.accounting.dead_letters_at("raw@cluster/topic", [(1, 2), (1, 3)]) == {(1, 2)}


def test_ledger_adds_up_and_must_balance(store: WorkerStore) -> None:
    day = date(2026, 11, 23)
    for _ in range(2):
        with store.transaction() as transaction:
            transaction.accounting.add_ledger(
                day, {"A": LedgerCounts(6, 3, 1, 1, 1, 9), "": LedgerCounts(1, 0, 0, 0, 1)}
            )
    with store.transaction() as transaction:
        rows = transaction.readings._cursor.execute("SELECT * FROM ledger ORDER BY station").fetchall()
    assert rows == [("", day, 2, 0, 0, 0, 2, 0), ("A", day, 12, 6, 2, 2, 2, 18)]

    with pytest.raises(StoreError, match="ledger_balances") as caught, store.transaction() as transaction:
        transaction.accounting.add_ledger(day, {"A": LedgerCounts(received=1)})
    assert not caught.value.retryable


def test_presence_never_goes_back(store: WorkerStore) -> None:
    with store.transaction() as transaction:
        transaction.presence.touch({"A": (NOW, NOW - MINUTE), "B": (NOW - HOUR, None)})
        transaction.presence.touch({"A": (NOW - MINUTE, NOW - HOUR)})
        transaction.presence.set("A", True, NOW)
        transaction.presence.set("A", False, NOW - MINUTE)  # a retained message that came again
        transaction.presence.set("C", False, NOW)
    with store.transaction() as transaction:
        assert transaction.presence.silent_stations(NOW + MINUTE) == [
            SilentStation("C", None, False),
            SilentStation("B", NOW - HOUR, None),
            SilentStation("A", NOW, True),
        ]
        assert [s.station for s in transaction.presence.silent_stations(NOW)] == ["C", "B"]


def test_silent_stations_include_registered_ones_that_never_spoke(
    store: WorkerStore, database: DatabaseEndpoint
) -> None:
    with psycopg.connect(database.owner) as connection:
        for code, day in (("NEW", "2026-11-23"), ("FUTURE", "2026-11-24")):
            connection.execute(
                "INSERT INTO stations (code, effective_from, name_vi, name_en, kind, operator, longitude, latitude) "
                "VALUES (%s, %s, 'n', 'n', 'effluent', 'o', 105, 10)",
                (code, day),
            )
    with store.transaction() as transaction:
        # 16:59 UTC is still the 23rd in Vietnam.
        assert transaction.presence.silent_stations(datetime(2026, 11, 23, 16, 59, tzinfo=UTC)) == [("NEW", None, None)]
        assert len(transaction.presence.silent_stations(datetime(2026, 11, 23, 17, 0, tzinfo=UTC))) == 2


def test_delays_add_up(transaction: WorkerTransaction) -> None:
    transaction.accounting.add_delays(NOW, {3: 4, 0: 1})
    transaction.accounting.add_delays(NOW, {3: 5})
    rows = transaction.readings._cursor.execute("SELECT bucket, readings FROM delays ORDER BY bucket").fetchall()
    assert rows == [(0, 1), (3, 9)]


def test_last_hour_is_open_at_its_start_and_closed_at_its_end(
    transaction: WorkerTransaction, row: Callable[..., StoredRow]
) -> None:
    #  (11:00 .......................... 12:00]
    #   x 11:00 out   * 11:05 slice 0   * 11:05:01, 11:10 slice 1   b bad, c calibrating, m missing   * 12:00 slice 11
    transaction.readings.store(
        [
            row(NOW - HOUR, 1000.0),
            row(NOW - 55 * MINUTE, 1.0),
            row(NOW - 55 * MINUTE + timedelta(seconds=1), 2.0),
            row(NOW - 50 * MINUTE, 4.0),
            row(NOW - 30 * MINUTE, 99.0, flag=Flag.BAD),
            row(NOW - 29 * MINUTE, 99.0, status=Status.CALIBRATING),
            row(NOW - 28 * MINUTE, None, flag=Flag.MISSING),
            row(NOW, 9.0),
            row(NOW + timedelta(microseconds=1), 1000.0),
            row(NOW, 1000.0, parameter="TSS"),
        ]
    )
    points = (1.0, 3.0, None, None, None, None, None, None, None, None, None, 9.0)
    assert transaction.alerts.last_hour("S1", "COD", NOW) == Summary(NOW - HOUR, NOW, 7, 4, 1.0, 4.0, 9.0, points)
    empty = transaction.alerts.last_hour("S9", "COD", NOW)
    assert empty == Summary(NOW - HOUR, NOW, 0, 0, None, None, None, (None,) * 12)


def test_readings_of_unknown_keys_are_left_out(transaction: WorkerTransaction, row: Callable[..., StoredRow]) -> None:
    first, second = row(NOW, 1.5), row(NOW - MINUTE, None, flag=Flag.MISSING, late=True)
    transaction.readings.store([first, second])
    keys = [("S1", "COD", at) for at in (NOW - MINUTE, NOW - HOUR, NOW)]
    assert transaction.readings.fetch(keys) == [second.checked, first.checked]
    assert transaction.readings.fetch([]) == []


def test_number_1_the_next_of_a_long_flood_is_found_at_once(store: WorkerStore, database: DatabaseEndpoint) -> None:
    flood = [Deferred(0, n, n + 1, "FLOOD", 1, 10) for n in range(20_000)]
    with store.transaction() as tx:
        tx.deferred.add("a", [*flood, Deferred(0, 30_000, 30_009, "LESS", 5, 10)], NOW)
    with psycopg.connect(database.writer) as connection:
        connection.execute("SET statement_timeout = '5s'")  # asked for each of them, it took minutes
        deferred = DeferredStore(connection.cursor())
        assert deferred.next("a", [0], 50) == [Deferred(0, 30_000, 30_009, "LESS", 5, 10)]
        assert deferred.next("a", [1], 50) == []
        deferred.were_read("a", deferred.next("a", [0], 50), NOW)
        slice_of_many = deferred.next("a", [0], 50)
        assert slice_of_many == flood[:50]
        assert not deferred.lock("a", [flood[0]._replace(messages=2)]), "others have read some of it"
        assert deferred.lock("a", slice_of_many)

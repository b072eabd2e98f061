"""What is committed stays, what is not is gone, and the store goes on by itself."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from local.servers.postgres import Postgres
from quantrac.domain.readings import Outcome, StoredRow
from quantrac.endpoints import DatabaseEndpoint
from quantrac.errors import StoreError
from sql.worker_store import WorkerStore

START = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
TOPIC = "quantrac.raw"


def _batch(row: Callable[..., StoredRow], number: int) -> list[StoredRow]:
    return [row(START + timedelta(seconds=100 * number + i), float(i), offset=100 * number + i) for i in range(100)]


def _store(store: WorkerStore, rows: list[StoredRow], next_offset: int) -> list[Outcome]:
    with store.transaction() as transaction:
        transaction.progress.lock(TOPIC, [3])
        outcomes = transaction.readings.store(rows)
        transaction.progress.save(TOPIC, {3: next_offset})
    return outcomes


def test_kill_of_the_server_loses_nothing_committed(
    store: WorkerStore, row: Callable[..., StoredRow], database: DatabaseEndpoint, postgres: Postgres
) -> None:
    for number in range(5):
        _store(store, _batch(row, number), 100 * (number + 1))

    with pytest.raises(StoreError) as caught, store.transaction() as transaction:  # noqa: PT012
        transaction.readings.store(_batch(row, 5))
        postgres.kill()
        transaction.progress.save(TOPIC, {3: 600})
    assert caught.value.retryable
    postgres.start()

    with store.transaction() as transaction:
        assert transaction.progress.lock(TOPIC, [3]) == {3: 500}
    assert _store(store, _batch(row, 4), 500) == [Outcome.DUPLICATE] * 100
    assert _store(store, _batch(row, 5), 600) == [Outcome.STORED] * 100
    with psycopg.connect(database.reader) as connection:
        assert connection.execute("SELECT count(*) FROM readings").fetchone() == (600,)
        assert connection.execute("SELECT sum(total_count) FROM reading_hours").fetchone() == (600,)


def test_a_connection_that_an_outage_left_in_mid_pipeline_is_not_used_again(store: WorkerStore) -> None:
    """A server that goes in the middle of ``executemany`` can leave it so, and psycopg does not call that closed."""
    with store.transaction():
        pass
    connection = store._connection
    assert connection is not None
    connection.pgconn.enter_pipeline_mode()
    connection.pgconn.send_query_params(b"SELECT 1/0", [])
    assert not connection.closed
    with store.transaction():
        pass
    assert connection.closed


def test_a_server_that_is_away_is_retryable(store: WorkerStore, postgres: Postgres) -> None:
    postgres.stop()
    with pytest.raises(StoreError, match="It will be tried again") as caught, store.transaction():
        pass
    assert caught.value.retryable
    postgres.start()
    with store.transaction() as transaction:
        assert transaction.progress.lock(TOPIC, [0]) == {0: 0}


def test_a_terminated_connection_is_opened_again(store: WorkerStore, postgres: Postgres) -> None:
    with store.transaction() as transaction:
        transaction.progress.save(TOPIC, {1: 5})
    with psycopg.connect(postgres.uri("postgres", "postgres"), autocommit=True) as administrator:
        administrator.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'quantrac worker'"
        )
    with pytest.raises(StoreError) as caught, store.transaction() as transaction:
        transaction.progress.lock(TOPIC, [1])
    assert caught.value.retryable
    with store.transaction() as transaction:
        assert transaction.progress.lock(TOPIC, [1]) == {1: 5}


def test_an_error_of_the_caller_rolls_back_and_passes(store: WorkerStore, row: Callable[..., StoredRow]) -> None:
    with pytest.raises(ZeroDivisionError), store.transaction() as transaction:  # noqa: PT012
        transaction.readings.store([row(START, 1.0)])
        _ = 1 / 0
    with store.transaction() as transaction:
        assert transaction.readings.store([row(START, 2.0)]) == [Outcome.STORED]


def test_a_deadlock_is_retryable(database: DatabaseEndpoint) -> None:
    from threading import Barrier, Thread

    barrier, errors = Barrier(2), []

    def lock(first: int, second: int) -> None:
        own = WorkerStore(database.writer)
        try:
            with own.transaction() as transaction:
                transaction.progress.lock(TOPIC, [first])
                barrier.wait()
                transaction.progress.lock(TOPIC, [second])
        except StoreError as exc:
            errors.append(exc)
        finally:
            own.close()

    setup = WorkerStore(database.writer)
    with setup.transaction() as transaction:
        transaction.progress.save(TOPIC, {1: 0, 2: 0})
    setup.close()
    threads = [Thread(target=lock, args=pair) for pair in ((1, 2), (2, 1))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [error.retryable for error in errors] == [True]
    assert "deadlock" in str(errors[0])

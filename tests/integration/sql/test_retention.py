"""Numbers 6 and 12 of the promises: what is no evidence does not grow for ever, and nobody forgets what is young."""

from __future__ import annotations

from datetime import timedelta

import psycopg
import pytest
from psycopg.errors import InsufficientPrivilege, RaiseException

from quantrac.endpoints import DatabaseEndpoint
from sql.retention_store import Retention
from sql.worker_store import WorkerStore

YOUNG = Retention(*[timedelta(days=7)] * 6, sessions_per_station=100)
FORGETTING = ("delays", "deferred", "held_notifications", "texts", "receipts")


@pytest.fixture
def grown(database: DatabaseEndpoint) -> DatabaseEndpoint:
    """A database with one thing of each kind that is 6, 8 and 500 days old; and a station with 300 sessions."""
    with psycopg.connect(database.owner) as connection:
        connection.execute(
            """
            CREATE TEMPORARY TABLE ages ON COMMIT DROP AS
            SELECT n, now() - make_interval(days => age) AS at FROM (VALUES (1, 6), (2, 8), (3, 500)) AS a (n, age);
            INSERT INTO alerts (station, rule, kind, severity, opened_at, since)
            VALUES ('S1', 'r', 'offline', 'high', now(), now());
            INSERT INTO alert_transitions (alert_id, kind, reason, observed_at, severity)
            VALUES (1, 'opened', 'r', now(), 'high');
            INSERT INTO delays SELECT at, 1, 1 FROM ages;
            INSERT INTO deferred_records SELECT 's', 0, n, n + 1, 'S1', 1, 1, at, at FROM ages;
            INSERT INTO deferred_records SELECT 's', 1, n, n + 1, 'S1', 1, 1, at, NULL FROM ages;
            INSERT INTO held_notifications (alert_id, transition_id, message_id, station, channel, recipient, subject,
                                            held_at, digested_at)
            SELECT 1, 1, 'h' || n, 'S1', 'email', 'a@b', 's', at, at FROM ages;
            INSERT INTO outbox (alert_id, transition_id, message_id, channel, recipient, subject, text, html,
                                created_at, sent_at)
            SELECT 1, 1, 'm' || n, 'email', 'a@b', 's', 't', '<p>', at, at FROM ages;
            INSERT INTO outbox (message_id, channel, recipient, subject, text, created_at)
            SELECT 'w' || n, 'email', 'a@b', 's', 't', at FROM ages;
            INSERT INTO receipts SELECT 'o', 'S' || kind, at, 5, false, 't', 0, 9
              FROM ages, unnest(ARRAY['1', '2', '3']) AS kind;
            INSERT INTO receipts_committed SELECT 'o', 'S1', at, '{[1,6)}' FROM ages;
            INSERT INTO receipts_committed SELECT 'o', 'S2', at, '{[1,3),[4,6)}' FROM ages;
            INSERT INTO receipts_committed SELECT 'o', 'S3', at, '{[1,8)}' FROM ages;
            INSERT INTO feeds SELECT 'S1', 'old' || n, '{[0,2)}', at FROM ages;
            INSERT INTO feeds SELECT 'FLOOD', 's' || n, '{[0,1)}', now() - make_interval(days => 10, secs => n)
              FROM generate_series(1, 200) n;
            INSERT INTO feeds SELECT 'FLOOD', 'new' || n, '{[0,1)}', now() FROM generate_series(1, 150) n;
            """
        )
    return database


def count(database: DatabaseEndpoint, what: str) -> int:
    with psycopg.connect(database.owner) as connection:
        row = connection.execute(f"SELECT count(*) FROM {what}".encode()).fetchone()
    return -1 if row is None else int(row[0])


def test_number_12_what_is_old_is_forgotten_and_what_is_evidence_stays(grown: DatabaseEndpoint) -> None:
    store = WorkerStore(grown.writer)
    with store.transaction() as tx:
        mine = Retention(receipts=timedelta(days=400), sessions=timedelta(days=60), sessions_per_station=100)
        found = tx.retention.forget(mine)
    assert found == {"delays": 1, "texts": 1, "held_notifications": 1, "deferred": 1, "receipts": 1, "sessions": 201}
    with store.transaction() as tx:
        again = tx.retention.forget(YOUNG)
    store.close()
    assert again == {"delays": 1, "texts": 1, "held_notifications": 1, "deferred": 1, "receipts": 1, "sessions": 1}
    assert count(grown, "receipts WHERE station = 'S1'") == count(grown, "receipts_committed WHERE station = 'S1'") == 1
    assert count(grown, "message_ledger WHERE residual = 1") == 3, "a lost message is told of for ever"
    assert count(grown, "message_ledger WHERE uncounted = 2") == 3
    assert count(grown, "delays") == count(grown, "held_notifications") == 1
    assert count(grown, "deferred_records WHERE read_at IS NULL") == 3, "what waits is never forgotten"
    assert count(grown, "outbox WHERE text = '' AND html IS NULL AND recipient = 'a@b' AND sent_at IS NOT NULL") == 2
    assert count(grown, "outbox WHERE sent_at IS NULL AND text = 't'") == 3, "what is not sent keeps its text"
    assert count(grown, "feeds WHERE station = 'FLOOD'") == 150, "of a week nothing is evicted"
    assert count(grown, "alerts") == count(grown, "alert_transitions") == 1


@pytest.mark.parametrize("keep", ["6 days 23:59:59", "0", "-1 year", "infinity", "1 month -30 days"])
@pytest.mark.parametrize("role", ["writer", "owner"])
def test_number_12_nothing_younger_than_a_week_is_forgotten(grown: DatabaseEndpoint, role: str, keep: str) -> None:
    for name in FORGETTING:
        with psycopg.connect(getattr(grown, role)) as connection:
            if keep == "infinity":
                found = connection.execute(f"SELECT forget_{name}(%s)".encode(), [keep]).fetchone()
                assert found == (0,), "keeps everything"
            else:
                with pytest.raises(RaiseException):
                    connection.execute(f"SELECT forget_{name}(%s)".encode(), [keep])
            connection.rollback()
    with psycopg.connect(getattr(grown, role)) as connection, pytest.raises(RaiseException):
        connection.execute("SELECT forget_sessions('400 days', 0)")


def test_number_12_nobody_but_workers_forgets(database: DatabaseEndpoint) -> None:
    for role in ("notifier", "desk", "trainer", "reader"):
        for name in FORGETTING:
            with psycopg.connect(getattr(database, role)) as connection, pytest.raises(InsufficientPrivilege):
                connection.execute(f"SELECT forget_{name}('400 days')".encode())

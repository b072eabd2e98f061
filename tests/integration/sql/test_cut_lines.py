"""A line to the database that is cut says nothing: both ends miss each other in time, and nobody waits for ever."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest

from local.servers.postgres import Postgres
from quantrac.domain.notifications import Channel
from quantrac.endpoints import DatabaseEndpoint
from quantrac.errors import StoreError
from sql import incident_store, outbox_store, receipts_store, sign_store
from sql.connections import GONE_S, connect
from sql.web_database import WAIT_S, WebDatabase
from tests.freezing import frozen

ANSWER_S = 1.0
NOW = datetime(2026, 12, 1, tzinfo=UTC)


def noticed_within_s(connection: psycopg.Connection[Any]) -> tuple[float, float]:
    """Return after how long a line that is cut is noticed: while something is unacknowledged, and while it is idle."""
    with socket.socket(fileno=socket.dup(connection.fileno())) as line:
        busy_ms, idle_s, every_s, times = (
            line.getsockopt(socket.IPPROTO_TCP, option)
            for option in (socket.TCP_USER_TIMEOUT, socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT)
        )
    return busy_ms / 1000, idle_s + every_s * times


def missed_within_s(cursor: psycopg.Cursor[Any]) -> tuple[int, int]:
    """Return after how long (s) the server ends the session of a client behind a cut line: busy, and idle."""
    cursor.execute("""SELECT name, setting::int FROM pg_settings
                       WHERE name LIKE 'tcp\\_keepalives\\_%' OR name = 'tcp_user_timeout'""")
    given = dict(cursor.fetchall())
    idle_s = given["tcp_keepalives_idle"] + given["tcp_keepalives_interval"] * given["tcp_keepalives_count"]
    return given["tcp_user_timeout"] // 1000, idle_s


def test_a_cut_line_is_noticed_by_both_ends_within_a_minute(database: DatabaseEndpoint) -> None:
    """Else a lock stays with a session that nobody has any more for two hours, and a statement hangs for 15 minutes."""
    with connect(database.notifier, "test") as connection:
        assert max(noticed_within_s(connection)) <= GONE_S
        assert missed_within_s(connection.cursor()) == (60, 60)


def test_the_page_notices_a_cut_line_while_its_reader_waits(database: DatabaseEndpoint) -> None:
    page = WebDatabase(database.web, connections=1)
    page.open()
    try:
        with page.reading("looking") as cursor:
            assert max(noticed_within_s(cursor.connection)) <= WAIT_S
            assert missed_within_s(cursor) == (60, 60)
    finally:
        page.close()


def _incidents(database: DatabaseEndpoint) -> tuple[Any, Callable[[], object]]:
    store = incident_store.IncidentStore(database.notifier)

    def use() -> object:
        with store.transaction() as tx:
            return tx.lock()

    return store, use


def _outbox(database: DatabaseEndpoint) -> tuple[Any, Callable[[], object]]:
    store = outbox_store.OutboxStore(database.notifier, (Channel.EMAIL,), only=True)
    return store, lambda: store.take(1, NOW, 60.0)


def _watch(database: DatabaseEndpoint) -> tuple[Any, Callable[[], object]]:
    store = sign_store.SignStore(database.notifier)
    return store, store.processes


@pytest.mark.parametrize("made", [_incidents, _outbox, _watch])
def test_who_waits_for_a_server_that_says_nothing_hears_so_and_goes_on(
    made: Callable[[DatabaseEndpoint], tuple[Any, Callable[[], object]]],
    database: DatabaseEndpoint,
    postgres: Postgres,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for module in (incident_store, outbox_store, sign_store, receipts_store):
        monkeypatch.setattr(module, "ANSWER_S", ANSWER_S)
    store, use = made(database)
    use()
    with frozen(postgres):
        began_s = time.monotonic()
        with pytest.raises(StoreError, match="no answer within 1 s") as caught:
            use()
        assert caught.value.retryable
        assert time.monotonic() - began_s < 3 * ANSWER_S
    use()
    store.close()

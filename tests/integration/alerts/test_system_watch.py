"""Faults of the system itself on real servers: what the database shows of the processes, and the mails about it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from alerts.notifiers.email import EmailNotifier
from alerts.system_watch import SystemWatch, WatchOptions
from local.servers.mail import MailCatcher
from local.servers.postgres import SUPERUSER, Postgres
from quantrac.clock import ManualClock
from quantrac.endpoints import DatabaseEndpoint
from sql.sign_store import WATCH_KEY, SignStore

from .test_delivery import run_notifier, until

MINUTE = timedelta(minutes=1)
LIFE = """
UPDATE incident_progress SET handed_over_at = %(now)s;
DELETE FROM station_presence;
INSERT INTO station_presence (station, online, last_received_at, last_observed_at)
VALUES ('S1', true, %(now)s, %(now)s);
UPDATE running_workers SET seen_at = %(now)s;
UPDATE receipts SET carried_at = %(now)s WHERE origin LIKE 'bridge-1:%%';
"""


@dataclass
class Centre:
    """A database in which everything works, and a notifier that watches it."""

    database: DatabaseEndpoint
    mail: MailCatcher
    clock: ManualClock
    watch: SystemWatch

    def sql(self, statement: str, **values: object) -> None:
        with psycopg.connect(self.database.owner, autocommit=True) as connection:
            psycopg.ClientCursor(connection).execute(statement.encode(), values)

    def passes(self, minutes: int, *, life: str = LIFE) -> None:
        for _ in range(minutes):
            self.clock.advance(MINUTE)
            if life:
                self.sql(life, now=self.clock.now())
            self.watch.once()

    def subjects(self) -> list[str]:
        return [caught.subject for caught in self.mail.mails()]


@pytest.fixture
def watching(database: DatabaseEndpoint, mail: MailCatcher) -> Iterator[Callable[[ManualClock], SystemWatch]]:
    stores: list[SignStore] = []

    def make(clock: ManualClock) -> SystemWatch:
        stores.append(SignStore(database.notifier))
        options = WatchOptions(("it@so.vn",), lambda: 10**11)
        return SystemWatch(stores[-1], EmailNotifier(mail.endpoint()), options, clock)

    yield make
    for store in stores:
        store.close()


@pytest.fixture
def centre(database: DatabaseEndpoint, mail: MailCatcher, watching: Callable[[ManualClock], SystemWatch]) -> Centre:
    clock = ManualClock(datetime.now(UTC))
    made = Centre(database, mail, clock, watching(clock))
    made.sql("INSERT INTO running_workers (id, version, reads) VALUES (gen_random_uuid(), '1', '{}')")
    made.sql("""INSERT INTO receipts
                SELECT bridge || ':0f3a', 'S1', date_trunc('hour', now()), 1, false, 'raw', 0, 1, now()
                  FROM unnest(ARRAY['bridge-1', 'bridge-2']) AS bridge""")
    return made


def test_a_worker_that_is_gone_is_told_once_and_its_return(centre: Centre) -> None:
    both = LIFE.replace("LIKE 'bridge-1:%%'", "LIKE 'bridge-_:%%'")
    centre.passes(3, life=both)
    gone = both.replace("UPDATE running_workers SET seen_at = %(now)s;", "")
    centre.passes(5, life=gone)
    centre.passes(3, life=both)  # a restart of some minutes
    assert centre.subjects() == []
    centre.passes(40, life=gone)
    assert centre.subjects() == ["[HỆ THỐNG] Không tiến trình xử lý nào chạy, hoặc ghi được (quantrac run worker)"]
    centre.passes(13, life=both)
    assert centre.subjects()[1:] == ["[HỆ THỐNG] Không còn thấy lỗi nào / No fault is seen any more"]


def test_a_bridge_that_is_away_is_named(centre: Centre) -> None:
    centre.passes(30)
    assert [s.split(" từ ")[0] for s in centre.subjects()] == ["[HỆ THỐNG] Cầu nối bridge-2 không đưa tin nào"]


def test_a_database_that_takes_nobody_is_told_and_a_second_notifier_repeats_nothing(
    centre: Centre, watching: Callable[[ManualClock], SystemWatch], postgres: Postgres
) -> None:
    both = LIFE.replace("LIKE 'bridge-1:%%'", "LIKE 'bridge-_:%%'")
    centre.passes(2, life=both)
    other = watching(centre.clock)
    assert other.once() is None
    with psycopg.connect(centre.database.owner) as connection:
        (name,) = connection.execute("SELECT current_database()").fetchone() or ("",)

    def as_superuser(statement: str) -> None:
        with psycopg.connect(postgres.uri(SUPERUSER, "postgres"), autocommit=True) as connection:
            connection.execute(statement.encode())

    as_superuser(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
    try:
        as_superuser(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
        centre.passes(10, life="")
        assert centre.subjects() == ["[HỆ THỐNG] Cơ sở dữ liệu không trả lời"]
    finally:
        as_superuser(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
    centre.passes(1, life=both)
    assert other.once() is None  # the first has taken the watch again
    centre.passes(12, life=both)
    assert len(centre.subjects()) == 2


def test_a_worker_that_died_before_the_databases_clock_was_set_back_hides_none_that_works(
    centre: Centre,
) -> None:
    centre.sql("UPDATE running_workers SET seen_at = now() + INTERVAL '2 hours'")
    centre.sql("INSERT INTO running_workers (id, version, reads) VALUES (gen_random_uuid(), '1', '{}')")
    store = SignStore(centre.database.notifier)
    found = store.processes()
    store.close()
    assert found is not None
    assert found[0] is not None
    assert abs(found[0] - datetime.now(UTC)) < MINUTE


def test_a_database_of_another_shape_is_told_with_its_reason(centre: Centre) -> None:
    both = LIFE.replace("LIKE 'bridge-1:%%'", "LIKE 'bridge-_:%%'")
    centre.passes(1, life=both)
    centre.sql("ALTER TABLE running_workers RENAME COLUMN seen_at TO looked_at")
    centre.passes(8, life="")
    (told,) = centre.mail.mails()
    assert told.subject == "[HỆ THỐNG] Notifier không dùng được cơ sở dữ liệu"
    assert "seen_at" in told.message().get_body(("plain",)).get_content()  # type: ignore[union-attr]
    centre.sql("ALTER TABLE running_workers RENAME COLUMN looked_at TO seen_at")
    centre.passes(13, life=both)
    assert len(centre.subjects()) == 2


def test_the_notifier_watches_where_somebody_is_to_be_told(database: DatabaseEndpoint, mail: MailCatcher) -> None:
    def watched() -> bool:
        with psycopg.connect(database.owner) as connection:
            held = connection.execute(
                "SELECT FROM pg_locks JOIN pg_database d ON d.oid = database WHERE locktype = 'advisory' AND "
                "d.datname = current_database() AND (classid::bigint << 32) + objid::bigint = %s", [WATCH_KEY]
            ).fetchone()  # fmt: skip
        return held is not None

    with run_notifier(database, mail, QUANTRAC_ADMIN_MAIL_TO="it@so.vn"):
        until(watched)


def test_a_notifier_that_the_database_refuses_ends_and_says_so_when_that_lasts(
    database: DatabaseEndpoint, mail: MailCatcher, tmp_path: Path
) -> None:
    """The supervisor starts it each half a minute: what it saw before is in its run folder."""
    with psycopg.connect(database.owner, autocommit=True) as connection:
        connection.execute("DELETE FROM schema_migrations WHERE version = (SELECT max(version) FROM schema_migrations)")
    settings = {"QUANTRAC_ADMIN_MAIL_TO": "it@so.vn", "QUANTRAC_RUN_DIR": str(tmp_path)}
    memory, now = tmp_path / "system-faults.json", datetime.now(UTC)
    with run_notifier(database, mail, **settings) as process:
        assert process.wait(60) == 1
    noted = json.loads(memory.read_text("utf-8"))
    assert (list(noted["since"]), mail.mails()) == (["database refuses"], [])
    noted["since"]["database refuses"] = (now - 6 * MINUTE).isoformat()
    memory.write_text(json.dumps(noted), encoding="utf-8")
    for _ in range(2):
        with run_notifier(database, mail, **settings) as process:
            assert process.wait(60) == 1
    (told,) = mail.mails()
    assert told.subject == "[HỆ THỐNG] Notifier không dùng được cơ sở dữ liệu"
    assert "quantrac db migrate" in told.message().get_body(("plain",)).get_content()  # type: ignore[union-attr]

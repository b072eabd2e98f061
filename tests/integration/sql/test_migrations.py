from __future__ import annotations

import subprocess
import sys
from importlib.resources import files

import psycopg
import pytest

from local.servers.postgres import Postgres
from quantrac.endpoints import DatabaseEndpoint
from quantrac.errors import SettingsError, StoreError
from sql.reports import Reports
from sql.runner import LOCK_KEY, dump_schema, migrate, migrations, pending, require_schema
from sql.statements import statement

MIGRATE = "import sys; from sql.runner import migrate; print(len(migrate(sys.stdin.read())))"


def test_migrations_from_empty_give_the_generated_schema(empty_database: DatabaseEndpoint) -> None:
    steps: list[str] = []
    assert pending(empty_database.reader) == migrations()

    applied = migrate(empty_database.owner, on_step=lambda m: steps.append(m.file_name))

    assert applied == migrations()
    assert steps == [m.file_name for m in migrations()]
    assert dump_schema(empty_database.owner) == files("sql").joinpath("schema.sql").read_text(encoding="utf-8")


def test_a_second_run_changes_nothing(database: DatabaseEndpoint) -> None:
    before = dump_schema(database.owner)
    assert pending(database.reader) == []
    assert migrate(database.owner) == []
    assert dump_schema(database.owner) == before


def test_the_dump_sees_every_kind_of_difference(database: DatabaseEndpoint) -> None:
    seen = {dump_schema(database.owner)}
    changes = (
        "ALTER TABLE ledger ADD COLUMN surplus integer",
        "CREATE INDEX surplus ON ledger (day)",
        "ALTER TABLE delays ADD CHECK (readings > 0)",
        "GRANT DELETE ON readings TO quantrac_writer",
        "GRANT SELECT (contacts) ON stations TO quantrac_reader",
        "DROP TRIGGER outbox_notify ON outbox",
        "CREATE OR REPLACE VIEW current_sensors AS SELECT * FROM sensors",
        "COMMENT ON TABLE ledger IS 'other'",
        "SELECT set_chunk_time_interval('readings', INTERVAL '1 day')",
    )
    for change in changes:
        with psycopg.connect(database.owner) as connection:
            connection.execute(change.encode())
        dump = dump_schema(database.owner)
        assert dump not in seen, change
        seen.add(dump)


def test_the_old_word_for_pollution_becomes_the_new_one(database: DatabaseEndpoint) -> None:
    words = ("process", "fault", None)
    step = next(m for m in migrations() if m.name == "pollution")
    with psycopg.connect(database.owner) as connection:
        for n, word in enumerate(words):
            connection.execute(
                "INSERT INTO alerts (station, parameter, rule, kind, severity, since, opened_at, triage,"
                " explanation_vi, explanation_en, page)"
                " VALUES ('A', %s, 'anomaly', 'anomaly', 'high', now(), now(), %s, '', '', false)",
                [f"P{n}", word],
            )
        connection.execute(step.sql)
        found = connection.execute("SELECT triage FROM alerts ORDER BY parameter").fetchall()
    assert [word for (word,) in found] == ["pollution", "fault", None]


def test_an_edited_migration_is_refused(database: DatabaseEndpoint) -> None:
    with psycopg.connect(database.owner) as connection:
        connection.execute("UPDATE schema_migrations SET sha256 = 'other' WHERE version = 2")
    for run in (migrate, pending):
        with pytest.raises(
            StoreError, match=r"0002_readings\.sql was changed after it was applied on .* new migration"
        ) as e:
            run(database.owner)
        assert not e.value.retryable


def test_a_database_newer_than_the_program_is_refused(database: DatabaseEndpoint) -> None:
    with psycopg.connect(database.owner) as connection:
        connection.execute("INSERT INTO schema_migrations (version, name, sha256) VALUES (9000, 'future', '')")
    for refused in (lambda: migrate(database.owner), lambda: require_schema(database.writer)):
        with pytest.raises(StoreError, match="9000_future, which this version of quantrac does not know: install"):
            refused()
    with psycopg.connect(database.owner) as connection:
        connection.execute("DELETE FROM schema_migrations WHERE version = 9000")
    require_schema(database.writer)


def test_a_database_that_is_away_is_waited_for_by_who_starts() -> None:
    require_schema("postgresql://x:y@127.0.0.1:9/z")


def test_two_processes_migrate_at_once(empty_database: DatabaseEndpoint) -> None:
    with psycopg.connect(empty_database.owner, autocommit=True) as gate:
        # Both processes are made to wait for the lock, so that they really start together.
        gate.execute("SELECT pg_advisory_lock(%s)", (LOCK_KEY,))
        processes = [_start_migration(empty_database.owner) for _ in range(2)]
        waiting = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'quantrac migrate'"
        while gate.execute(waiting).fetchone() != (2,):
            pass
        gate.execute("SELECT pg_advisory_unlock(%s)", (LOCK_KEY,))
    results = [process.communicate(timeout=60) for process in processes]
    assert [process.returncode for process in processes] == [0, 0], results
    assert sorted(int(out) for out, _ in results) == [0, len(migrations())]
    assert pending(empty_database.reader) == []


def _start_migration(conninfo: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", MIGRATE],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    process.stdin.write(conninfo)
    process.stdin.close()
    process.stdin = None
    return process


def test_a_failed_migration_leaves_nothing(empty_database: DatabaseEndpoint) -> None:
    with psycopg.connect(empty_database.owner) as connection:
        connection.execute("CREATE TABLE outbox (id integer)")  # 0003 will find its table's name taken
    with pytest.raises(StoreError, match='relation "outbox" already exists'):
        migrate(empty_database.owner)
    left = [m.version for m in migrations() if m.version >= 3]
    assert [m.version for m in pending(empty_database.owner)] == left
    with psycopg.connect(empty_database.owner) as connection:
        assert connection.execute("SELECT to_regclass('alerts') IS NULL").fetchone() == (True,)
        connection.execute("DROP TABLE outbox")
    assert [m.version for m in migrate(empty_database.owner)] == left


def test_alerts_of_older_versions_stay_readable(empty_database: DatabaseEndpoint) -> None:
    whole = "Mô hình thấy COD bất thường. Có thể là: lỗi thiết bị đo (80 %); lý do: COD đứng yên."
    newer = next(m for m in migrations() if m.name == "assessments")
    with psycopg.connect(empty_database.owner, autocommit=True) as connection:
        connection.execute(statement("create_schema_migrations"))
        for migration in migrations()[: newer.version - 1]:
            connection.execute(migration.sql)
            row = (migration.version, migration.name, migration.sha256)
            connection.execute("INSERT INTO schema_migrations (version, name, sha256) VALUES (%s, %s, %s)", row)
        alert_id = connection.execute(
            "INSERT INTO alerts (station, parameter, rule, kind, severity, opened_at, since, explanation_vi, triage, "
            "triage_probability) VALUES ('S1', 'COD', 'anomaly', 'anomaly', 'high', now(), now(), %s, 'fault', 0.8) "
            "RETURNING id",
            [whole],
        ).fetchone()
        assert alert_id is not None
        reasons = ("told_by_limit", "told_by_incident", "held", "rule_withdrawn")
        with connection.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO alert_transitions (alert_id, kind, reason, observed_at, severity) "
                "VALUES (%s, %s, %s, now(), 'high')",
                [(*alert_id, f"kind {number}", reason) for number, reason in enumerate(reasons)],
            )

    migrate(empty_database.owner)

    with Reports(empty_database.reader) as reports:
        (alert,) = reports.alerts()
    assert (alert.explanation_vi, alert.triage, alert.assessment) == (whole, "fault", None)
    with psycopg.connect(empty_database.reader) as connection:
        renamed = connection.execute("SELECT reason FROM alert_transitions ORDER BY id").fetchall()
    assert renamed == [("paged_by_limit",), ("paged_by_incident",), ("held",), ("rule_withdrawn",)]


def test_a_missing_role_is_named_with_its_remedy(postgres: Postgres, empty_database: DatabaseEndpoint) -> None:
    superuser = postgres.uri("postgres", "postgres")
    with psycopg.connect(superuser, autocommit=True) as administrator:
        administrator.execute("ALTER ROLE quantrac_reader RENAME TO reader_away")
        try:
            with pytest.raises(SettingsError, match=r"no role quantrac_reader.*CREATE ROLE quantrac_reader LOGIN"):
                migrate(empty_database.owner)
        finally:
            administrator.execute("ALTER ROLE reader_away RENAME TO quantrac_reader")
    assert pending(empty_database.owner) == migrations()

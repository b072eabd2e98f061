"""Number 7 of the promises: what somebody does who has stolen a role's password, and knows PostgreSQL well."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from psycopg.errors import InsufficientPrivilege, InvalidParameterValue, RaiseException

from quantrac.domain.readings import CheckedReading, Flag, Reading, Status, StoredRow
from quantrac.endpoints import DatabaseEndpoint
from sql.worker_store import WorkerStore

AT = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
OTHERS = ("notifier", "desk", "trainer", "reader")
ROLES = ("writer", *OTHERS)


@contextmanager
def as_role(database: DatabaseEndpoint, role: str) -> Iterator[psycopg.Connection[Any]]:
    """A session of a role of which nothing is kept."""
    with psycopg.connect(getattr(database, role)) as connection:
        yield connection
        connection.rollback()


def refused(database: DatabaseEndpoint, role: str, *statements: str, error: Any = InsufficientPrivilege) -> None:
    """The last of the statements is refused, and those before it are let pass."""
    with as_role(database, role) as connection:
        for statement in statements[:-1]:
            connection.execute(statement.encode())
        with pytest.raises(error):
            connection.execute(statements[-1].encode())


@pytest.fixture(scope="module")
def database(shared_database: DatabaseEndpoint) -> DatabaseEndpoint:
    """A migrated database of this module, in which S1 has a COD of 400; it was 390, 20 and 400 before.

    No attack changes anything of it: each session is rolled back.
    """
    store = WorkerStore(shared_database.writer)
    for value, offset in ((390.0, 6), (400.0, 7), (20.0, 8), (400.0, 9)):
        reading = Reading("S1", "COD", AT, AT + timedelta(seconds=offset), value, Status.MEASURING)
        with store.transaction() as tx:
            tx.readings.store([StoredRow(CheckedReading(reading, Flag.GOOD, late=False), partition=3, offset=offset)])
    store.close()
    return shared_database


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(
    "trick",
    [
        "SET ROLE quantrac_owner",
        "SET SESSION AUTHORIZATION quantrac_owner",
        "SET session_replication_role = replica",
        "ALTER TABLE readings DISABLE TRIGGER ALL",
        "ALTER TABLE audit DISABLE TRIGGER audit_kept",
        "DROP TRIGGER judgements_keep ON judgements",
        "CREATE OR REPLACE FUNCTION public.refuse_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
        "ALTER FUNCTION public.require_revision() SET search_path = pg_temp",
        "CREATE FUNCTION public.mine() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
        "CREATE SCHEMA mine",
        "CREATE RULE unseen AS ON INSERT TO reading_revisions DO INSTEAD NOTHING",
        "INSERT INTO audit (id, entry, hash) VALUES (1, '{}', '')",
        "INSERT INTO judgement_revisions DEFAULT VALUES",
        "COPY audit FROM STDIN",
        "COPY readings TO PROGRAM 'cat'",
        "COPY readings TO '/tmp/quantrac-readings'",
        "SELECT pg_read_file('postgresql.conf')",
        "SELECT drop_chunks('readings', older_than => now())",
        "GRANT quantrac_owner TO quantrac_writer",
        "ALTER DEFAULT PRIVILEGES FOR ROLE quantrac_owner GRANT ALL ON TABLES TO PUBLIC",
        "LOCK TABLE audit IN ACCESS EXCLUSIVE MODE",
        "ALTER ROLE CURRENT_USER SUPERUSER",
        "ALTER ROLE quantrac_owner SET search_path = pg_temp",
        "REASSIGN OWNED BY quantrac_owner TO CURRENT_USER",
        "COMMENT ON TABLE audit IS ''",
        "CREATE EXTENSION pgcrypto",
        "CREATE PUBLICATION mine FOR ALL TABLES",
        "SELECT set_chunk_time_interval('readings', INTERVAL '1 year')",
        "SELECT add_job('public.refuse_change', '1 hour')",
        "SELECT _timescaledb_functions.stop_background_workers()",
        "SELECT pg_reload_conf()",
        "SELECT pg_rotate_logfile()",
        "SELECT lo_import('/etc/passwd')",
    ],
)
def test_number_7_no_role_becomes_another_nor_unlocks_the_evidence(
    database: DatabaseEndpoint, role: str, trick: str
) -> None:
    refused(database, role, trick, error=(InsufficientPrivilege, InvalidParameterValue))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE {readings} SET value = 20",
        "UPDATE {readings} SET received_at = '2026-01-01'",
        "UPDATE {readings} SET late = true",
        (
            "INSERT INTO {readings} SELECT * FROM {readings} ON CONFLICT (station, parameter, observed_at) DO UPDATE"
            " SET value = 20"
        ),
        "MERGE INTO {readings} r USING (SELECT 1) s ON true WHEN MATCHED THEN UPDATE SET value = 20",
        "WITH changed AS (UPDATE {readings} SET value = 20 RETURNING 1) SELECT count(*) FROM changed",
    ],
)
@pytest.mark.parametrize("chunk", [False, True], ids=["table", "chunk"])
def test_number_7_a_stored_reading_is_not_changed_by_any_path(
    database: DatabaseEndpoint, statement: str, chunk: bool
) -> None:
    readings = "readings"
    if chunk:
        with psycopg.connect(database.reader) as connection:
            found = connection.execute("SELECT show_chunks('readings')::text").fetchone()
        assert found is not None
        readings = found[0]
    refused(database, "writer", statement.format(readings=readings), error=(InsufficientPrivilege, RaiseException))


REVISION = (
    "INSERT INTO reading_revisions (station, parameter, observed_at, received_at, value, status, flag, raw_partition,"
    " raw_offset, replaced_at, replaced_by_partition, replaced_by_offset)"
    " SELECT station, parameter, observed_at, received_at, {value}, status, flag, raw_partition, raw_offset,"
    " now(), 3, {by} FROM readings"
)


def test_number_7_an_older_revision_does_not_excuse_a_change(database: DatabaseEndpoint) -> None:
    """400 of message 7 became 20 of message 8: the row that says so does not excuse it once more."""
    refused(
        database,
        "writer",
        REVISION.format(value="value", by=7),
        "UPDATE readings SET raw_offset = 7, received_at = received_at - INTERVAL '2 s'",
        "UPDATE readings SET value = 20, raw_offset = 8",
        error=RaiseException,
    )


@pytest.mark.parametrize(
    "statements",
    [
        pytest.param((REVISION.format(value="20", by=18),), id="it was never 20"),
        pytest.param((REVISION.format(value="value", by=1).replace("now(), 3,", "now(), -1,"),), id="by an officer"),
        pytest.param((REVISION.format(value="value", by=18), "SET CONSTRAINTS ALL IMMEDIATE"), id="it was not changed"),
        pytest.param(
            (REVISION.format(value="value", by=18), "UPDATE readings SET value = 20, raw_offset = 19"), id="by another"
        ),
        pytest.param(
            (
                (
                    "INSERT INTO reading_revisions (station, parameter, observed_at, received_at, value, status, flag,"
                    " raw_partition, raw_offset, replaced_at, replaced_by_partition, replaced_by_offset)"
                    " VALUES ('S1', 'COD', '2020-01-01', now(), 20, '00', 1, 3, 1, now(), 3, 18)"
                ),
            ),
            id="of no reading",
        ),
        pytest.param(
            (
                (
                    "INSERT INTO reading_revisions (station, parameter, observed_at, received_at, value, status, flag,"
                    " raw_partition, raw_offset, replaced_at, replaced_by_partition, replaced_by_offset)"
                    " VALUES ('S1', 'COD', '2026-11-23 12:00+00', now(), 20, '00', 1, 3, 99, now(), 3, 99)"
                ),
            ),
            id="proves itself",
        ),
        pytest.param(
            (
                (
                    "INSERT INTO reading_revisions (station, parameter, observed_at, received_at, value, status, flag,"
                    " raw_partition, raw_offset, replaced_at, replaced_by_partition, replaced_by_offset)"
                    " VALUES ('S1', 'COD', '2026-11-23 12:00+00', now(), 20, '00', 1, 3, 98, now(), 3, 99),"
                    " ('S1', 'COD', '2026-11-23 12:00+00', now(), 21, '00', 1, 3, 99, now(), 3, 98)"
                ),
            ),
            id="two prove each other",
        ),
    ],
)
def test_number_7_no_revision_is_invented(database: DatabaseEndpoint, statements: tuple[str, ...]) -> None:
    refused(database, "writer", *statements, error=RaiseException)


SHADOW = """
    CREATE TEMPORARY TABLE {table} (LIKE public.{table});
    GRANT ALL ON {table} TO PUBLIC;
    CREATE FUNCTION pg_temp.taken() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF current_user = 'quantrac_owner' THEN
            RAISE EXCEPTION 'runs as the owner' USING ERRCODE = 'syntax_error';
        END IF;
        RETURN NULL;
    END $$;
    CREATE TRIGGER taken BEFORE INSERT OR UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION pg_temp.taken();
"""
JUDGED = (
    'INSERT INTO judgements (station, parameter, "window", window_start, mean, verdict, usable_count, expected,'
    " retrospective, judged_at) VALUES ('S1', 'COD', 'day', '2026-11-20 17:00+00', 120, 'within', 288, 288, false,"
    " now())"
)


@pytest.mark.parametrize("path", ["pg_temp, public", "pg_temp", "public"])
def test_number_7_a_temporary_table_does_not_shadow_the_history(database: DatabaseEndpoint, path: str) -> None:
    """Whoever shadows a table that a function of the owner writes to would lose the trace, and act as the owner."""
    with as_role(database, "writer") as connection:
        connection.execute(JUDGED.encode())
        connection.execute(SHADOW.format(table="judgement_revisions").encode())
        connection.execute(f"SET LOCAL search_path = {path}".encode())
        connection.execute("UPDATE public.judgements SET mean = 121")
        kept = connection.execute("SELECT mean FROM public.judgement_revisions").fetchall()
        assert kept == [(120.0,)]


def test_number_7_every_function_of_the_owner_looks_for_nothing_in_temporary_schemas(
    database: DatabaseEndpoint,
) -> None:
    """SECURITY DEFINER with a path that does not end with pg_temp lets a caller's tables and operators come first."""
    with psycopg.connect(database.reader) as connection:
        found = connection.execute(
            "SELECT proname, proconfig FROM pg_proc WHERE prosecdef AND pronamespace = 'public'::regnamespace"
            " AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_proc.oid AND deptype = 'e')"
        ).fetchall()
    assert len(found) > 5
    for name, config in found:
        (path,) = [entry for entry in config or () if entry.startswith("search_path=")]
        assert path.endswith("pg_temp"), name
        assert path.startswith("search_path=pg_catalog"), name


@pytest.mark.parametrize(
    ("table", "function"), [("judgements", "keep_judgement"), ("alerts", "keep_alert_cause"), ("stations", "audit_row")]
)
def test_number_7_no_trigger_of_the_owner_writes_down_what_a_temporary_table_says(
    database: DatabaseEndpoint, table: str, function: str
) -> None:
    """A finding that was never judged, a cause that no officer found: as the owner's own entries in the history."""
    refused(
        database,
        "writer",
        f"CREATE TEMPORARY TABLE invented (LIKE public.{table})",
        f"CREATE TRIGGER t AFTER UPDATE ON invented FOR EACH ROW EXECUTE FUNCTION public.{function}()",
    )


def test_number_7_no_function_of_the_owner_is_everybodys(database: DatabaseEndpoint) -> None:
    """PostgreSQL lets everybody execute a new function: those that act as the owner are given by name."""
    with psycopg.connect(database.reader) as connection:
        found = connection.execute(
            "SELECT proname FROM pg_proc WHERE prosecdef AND pronamespace = 'public'::regnamespace"
            " AND has_function_privilege('quantrac_reader', oid, 'EXECUTE')"
            " AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_proc.oid AND deptype = 'e')"
        ).fetchall()
    assert found == [], "whoever looks at dashboards acts as nobody else"


def entries(connection: psycopg.Connection[Any]) -> list[dict[str, Any]]:
    return [json.loads(entry) for (entry,) in connection.execute("SELECT entry FROM audit ORDER BY id")]


PERSON = 'INSERT INTO people VALUES (\'an\', 1, \'{"name": "Nguyễn Văn An", "phone": "+84 909 555 777"}\', true, now())'
CHANNEL = (
    "INSERT INTO contact_channels (person, kind, address, position, delay_s) VALUES ('an', 'sms', '+84909000111', 1, 0)"
)
ROTA = "INSERT INTO rotas VALUES ('truc', 1, '{}', true, now())"


@pytest.mark.parametrize(
    ("statements", "action", "subject"),
    [
        ((PERSON,), "insert into people", "an"),
        ((PERSON, "UPDATE people SET active = false"), "update of people", "an"),
        ((PERSON, CHANNEL), "insert into contact_channels", "an"),
        ((PERSON, CHANNEL, "UPDATE contact_channels SET verified_at = now()"), "update of contact_channels", "an"),
        ((PERSON, CHANNEL, "UPDATE contact_channels SET address = 'x'"), "update of contact_channels", "an"),
        ((PERSON, CHANNEL, "UPDATE contact_channels SET removed_at = now()"), "update of contact_channels", "an"),
        ((ROTA,), "insert into rotas", "truc"),
        ((ROTA, "UPDATE rotas SET document = '{\"people\": []}'"), "update of rotas", "truc"),
        (
            ("INSERT INTO escalation_policies VALUES ('p', 1, '{}', true, now())",),
            "insert into escalation_policies",
            "p",
        ),
        (
            (
                ROTA,
                (
                    "INSERT INTO rota_overrides (rota, starts_at, ends_at, add_person, by, created_at)"
                    " VALUES ('truc', now(), now() + INTERVAL '1 h', 'an', 'x', now())"
                ),
            ),
            "insert into rota_overrides",
            "truc",
        ),
        (
            (
                ROTA,
                (
                    "INSERT INTO rota_swaps (rota, person, colleague, starts_at, ends_at, proposed_at)"
                    " VALUES ('truc', 'an', 'ba', now(), now() + INTERVAL '1 h', now())"
                ),
            ),
            "insert into rota_swaps",
            "truc",
        ),
        (
            (
                (
                    "INSERT INTO hold_windows (kind, station, starts_at, ends_at, by)"
                    " VALUES ('silence', 'S1', now(), now() + INTERVAL '1 h', 'x')"
                ),
            ),
            "insert into hold_windows",
            "S1",
        ),
        (("INSERT INTO outages (kind, since) VALUES ('broker', now())",), "insert into outages", None),
    ],
)
def test_number_7_who_is_told_and_when_is_changed_with_a_trace(
    database: DatabaseEndpoint, statements: tuple[str, ...], action: str, subject: str | None
) -> None:
    with as_role(database, "desk") as connection:
        for statement in statements:
            connection.execute(statement.encode())
        found = entries(connection)
    entry, said = found[-1], str(found)
    assert (entry["actor"], entry["action"], entry["subject"]) == ("quantrac_desk", action, subject)
    for hidden in ("+84909000111", "+84 909 555 777", "Nguyễn Văn An"):
        assert hidden not in said, "the audit is open to read: addresses stay out of it"


def test_number_7_what_machines_note_of_a_channel_is_no_entry(database: DatabaseEndpoint) -> None:
    with as_role(database, "desk") as connection:
        connection.execute(PERSON.encode())
        connection.execute(CHANNEL.encode())
        before = len(entries(connection))
        connection.execute("UPDATE contact_channels SET failing_since = now(), code_tries = 1")
        assert len(entries(connection)) == before


@pytest.mark.parametrize(
    "table",
    [
        *("people", "rotas", "stations", "sensors", "limit_sets", "limit_values", "alert_rules", "hold_windows"),
        *("judgements", "alert_transitions", "raw_log_breaks", "readings", "alerts", "outbox", "kafka_progress"),
    ],
)
def test_number_7_the_owner_empties_no_table_unseen(database: DatabaseEndpoint, table: str) -> None:
    with as_role(database, "owner") as connection:
        try:
            connection.execute(f"TRUNCATE {table} CASCADE".encode())
        except RaiseException:
            assert table == "alerts", "alert_causes hangs on it, which is never emptied"
        else:
            found = [(e["actor"], e["action"]) for e in entries(connection)]
            assert ("quantrac_owner", f"truncate from {table}") in found


@pytest.mark.parametrize("table", ["judgement_revisions", "alert_causes"])
@pytest.mark.parametrize("verb", ["UPDATE {} SET id = DEFAULT", "DELETE FROM {}", "TRUNCATE {}"])
def test_number_7_the_history_of_findings_is_never_changed(database: DatabaseEndpoint, table: str, verb: str) -> None:
    refused(database, "owner", verb.format(table), error=RaiseException)

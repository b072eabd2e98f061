from __future__ import annotations

import psycopg
import pytest
from psycopg.errors import InsufficientPrivilege

from quantrac.endpoints import DatabaseEndpoint
from sql.catalogue import load_registry
from sql.reports import Reports

DESCRIPTIONS = (
    *("schema_migrations", "registry_state", "stations", "sensors"),
    *("limit_sets", "limit_values", "effective_limits", "alert_rules"),
)
TABLES = (
    *DESCRIPTIONS,
    *(
        "readings",
        "reading_revisions",
        "desk_revisions",
        "reading_hours",
        "reading_days",
        "latest_readings",
        "judgements",
    ),
    *("alerts", "alert_transitions", "outbox", "audit", "held_notifications"),
    *("dead_letters", "feeds", "ledger", "kafka_progress", "station_states", "station_presence", "delays"),
    *("deferred_records", "installation", "raw_log_breaks", "listening", "bridge_clocks", "sensor_presence"),
    *("model_states", "station_models", "shadow_counts"),
    *("outages", "incidents", "incident_alerts", "incident_transitions", "incident_progress", "incident_events"),
    *("incident_attachments", "hold_windows", "people", "contact_channels", "rotas", "escalation_policies"),
    *("rota_overrides", "rota_swaps"),
    *("forwarded_files", "receipts", "receipts_committed", "stored_hours", "channel_spans"),
    *("channel_revisions", "paged_assessments"),
    *("judgement_revisions", "pending_judgements", "alert_causes", "wqi", "sent_reports", "running_workers"),
    "report_mails",
    *("incident_links", "system_faults"),
    *("accounts", "account_sessions", "login_links", "security_events", "proposals"),
)


def _refused(conninfo: str, *statements: str) -> None:
    """Each of the statements is refused; one that is not leaves nothing behind."""
    with psycopg.connect(conninfo, autocommit=True) as connection:
        for sql in statements:
            with connection.transaction(force_rollback=True):
                try:
                    connection.execute(sql.encode())
                except InsufficientPrivilege:
                    continue
                pytest.fail(f"not refused: {sql}")


def test_the_list_of_tables_is_complete(shared_database: DatabaseEndpoint) -> None:
    with psycopg.connect(shared_database.reader) as connection:
        found = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
    assert sorted(TABLES) == sorted(name for (name,) in found)


def test_reader_cannot_write_anything(shared_database: DatabaseEndpoint) -> None:
    for verb in ("INSERT INTO {} DEFAULT VALUES", "DELETE FROM {}", "TRUNCATE {}", "DROP TABLE {}"):
        _refused(shared_database.reader, *map(verb.format, TABLES))
    _refused(shared_database.reader, "UPDATE readings SET value = 0")
    _refused(shared_database.reader, "CREATE TABLE mine (id integer)")


@pytest.mark.parametrize(
    "query",
    [
        "SELECT contacts FROM stations",
        "SELECT recipient FROM outbox",
        "SELECT text FROM outbox",
        "SELECT html FROM outbox",
        "SELECT last_error FROM outbox",
        "SELECT subject FROM outbox",
        "SELECT recipient FROM held_notifications",
        "SELECT snapshot FROM station_states",
        "SELECT snapshot FROM model_states",
        "SELECT person FROM outbox",
        "SELECT document FROM people",
        "SELECT address FROM contact_channels",
        "SELECT content FROM incident_attachments",
        "SELECT password_hash FROM accounts",
        "SELECT token_hash FROM account_sessions",
    ],
)
def test_reader_does_not_see_people_nor_states(shared_database: DatabaseEndpoint, query: str) -> None:
    _refused(shared_database.reader, query)


def test_reader_reads_everything_else(shared_database: DatabaseEndpoint) -> None:
    with psycopg.connect(shared_database.reader) as connection:
        hidden = {
            "station_states",
            "model_states",
            "stations",
            "outbox",
            "held_notifications",
            "people",
            "contact_channels",
        }
        hidden |= {
            "incident_attachments",
            "incident_links",
            "accounts",
            "account_sessions",
            "login_links",
            "security_events",
            "proposals",
            "report_mails",
        }
        for table in {*TABLES, "current_stations", "current_sensors"} - hidden:
            connection.execute(f"SELECT * FROM {table}".encode())
        connection.execute("SELECT code, name_vi, kq FROM stations")
        connection.execute("SELECT id, sent_at FROM outbox")


def test_writer_cannot_drop_nor_delete(shared_database: DatabaseEndpoint) -> None:
    for verb in ("DROP TABLE {}", "TRUNCATE {}", "DELETE FROM {}", "ALTER TABLE {} ADD COLUMN surplus integer"):
        _refused(shared_database.writer, *map(verb.format, TABLES))
    _refused(shared_database.writer, "CREATE TABLE mine (id integer)")
    _refused(shared_database.writer, "SELECT drop_chunks('readings', INTERVAL '1 day')")


@pytest.mark.parametrize("table", DESCRIPTIONS)
def test_writer_cannot_change_descriptions(shared_database: DatabaseEndpoint, table: str) -> None:
    _refused(shared_database.writer, f"INSERT INTO {table} DEFAULT VALUES")


def test_writer_cannot_rewrite_the_history_of_revisions(shared_database: DatabaseEndpoint) -> None:
    _refused(shared_database.writer, "UPDATE reading_revisions SET value = 0")
    for history in ("judgement_revisions", "alert_causes"):
        _refused(shared_database.writer, f"INSERT INTO {history} DEFAULT VALUES")


@pytest.mark.parametrize("table", ["incident_events", "incident_attachments"])
def test_nobody_rewrites_the_history_of_incidents(shared_database: DatabaseEndpoint, table: str) -> None:
    for conninfo in (shared_database.writer, shared_database.owner):
        _refused(conninfo, f"UPDATE {table} SET actor = 'another'")
        _refused(conninfo, f"DELETE FROM {table}")
        _refused(conninfo, f"TRUNCATE {table}")


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT lo_creat(-1)",
        "SELECT lo_from_bytea(0, '\\x00')",
        "CREATE TEMPORARY TABLE mine (id integer)",
        "SELECT pg_advisory_lock(1)",
        "SELECT pg_try_advisory_xact_lock_shared(1, 2)",
    ],
)
def test_number_8_the_reader_makes_nothing_and_stops_no_migration(
    shared_database: DatabaseEndpoint, statement: str
) -> None:
    for conninfo in (shared_database.reader, shared_database.trainer, shared_database.desk):
        _refused(conninfo, statement)


def test_number_8_the_readers_queries_end_by_themselves(shared_database: DatabaseEndpoint) -> None:
    with psycopg.connect(shared_database.reader) as connection:
        assert connection.execute("SHOW statement_timeout").fetchone() == ("30s",)
        assert connection.execute("SHOW idle_in_transaction_session_timeout").fetchone() == ("1min",)
    _refused(shared_database.reader, "SET temp_file_limit = -1")


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("550 5.1.1 <an.nguyen@example.vn>: unknown user", "550 5.1.1 <…>: unknown user"),
        ("554 no 'truc+ban@mail.example.vn', an@b", "554 no …, …"),
        ("421 try later", "421 try later"),
        (None, None),
    ],
)
def test_number_8_a_mail_servers_answer_shows_the_reader_no_address(
    database: DatabaseEndpoint, said: str | None, shown: str | None
) -> None:
    with psycopg.connect(database.owner) as connection:
        connection.execute(
            "INSERT INTO alerts (station, rule, kind, severity, opened_at, since)"
            " VALUES ('S1', 'r', 'offline', 'high', now(), now())"
        )
        connection.execute(
            "INSERT INTO alert_transitions (alert_id, kind, reason, observed_at, severity)"
            " VALUES (1, 'opened', 'r', now(), 'high')"
        )
        connection.execute(
            "INSERT INTO outbox (alert_id, transition_id, message_id, channel, recipient, subject, text, last_error)"
            " VALUES (1, 1, 'm', 'email', 'an@b', '', '', %s)",
            [said],
        )
    with Reports(database.reader) as reports:
        assert [line.last_error for line in reports.deliveries()] == [shown]


def test_the_two_accounts_of_messages_belong_to_different_roles(database: DatabaseEndpoint) -> None:
    for name in ("writer", "notifier", "desk", "trainer", "reader", "web"):
        _refused(
            getattr(database, name), "SELECT carry_receipts('{a}','{b}','{2026-01-01}','{1}','{f}','{t}','{0}','{0}')"
        )
    _refused(database.writer, "INSERT INTO receipts DEFAULT VALUES")
    _refused(database.writer, "UPDATE receipts SET acknowledged = 1")
    _refused(database.intake, "UPDATE receipts_committed SET numbers = '{}'")
    with psycopg.connect(database.intake, autocommit=True) as connection:
        for count in (5, 3):
            connection.execute(
                "SELECT carry_receipts('{a}','{b}','{2026-01-01}',%s,'{f}','{t}','{0}','{0}')", ([count],)
            )
    with psycopg.connect(database.reader) as connection:
        assert connection.execute("SELECT acknowledged FROM receipts").fetchall() == [(5,)]


def test_the_intake_knows_the_stations_and_nothing_else(shared_database: DatabaseEndpoint) -> None:
    assert load_registry(shared_database.intake).stations == ()
    _refused(shared_database.intake, "SELECT contacts FROM stations")
    hidden = [table for table in TABLES if table not in ("stations", "sensors", "registry_state")]
    _refused(shared_database.intake, *map("SELECT * FROM {}".format, hidden))
    for verb in ("INSERT INTO {} DEFAULT VALUES", "DELETE FROM {}", "TRUNCATE {}"):
        _refused(shared_database.intake, *map(verb.format, TABLES))
    _refused(
        shared_database.intake,
        "UPDATE stations SET name_vi = ''",
        "UPDATE receipts SET acknowledged = 1",
        "SELECT forget_receipts('800 days')",
        "SELECT audit_append('a', 'b', '{}')",
        "CREATE TABLE mine (id integer)",
        "CREATE TEMPORARY TABLE mine (id integer)",
        "SELECT pg_advisory_lock(1)",
        "SELECT lo_create(0)",
    )


def test_the_page_deletes_nothing_and_changes_no_evidence(shared_database: DatabaseEndpoint) -> None:
    for verb in ("DELETE FROM {}", "TRUNCATE {}"):
        _refused(shared_database.web, *map(verb.format, TABLES))
    _refused(
        shared_database.web,
        "UPDATE readings SET value = 0",
        "UPDATE alerts SET closed_cause = 'drill'",
        "UPDATE security_events SET kind = ''",
        "UPDATE account_sessions SET login = 'another'",
        # A channel counts by its code alone, and never becomes another's.
        "INSERT INTO contact_channels (verified_at) VALUES (now())",
        "UPDATE contact_channels SET address = 'x@so.vn'",
        "UPDATE contact_channels SET person = 'x'",
        # Limits, rules and stations: through a second person's approval alone.
        "INSERT INTO limit_sets DEFAULT VALUES",
        "UPDATE stations SET kq = 1",
        "UPDATE proposals SET state = 'approved'",
        "SELECT recipient FROM outbox",
        "SELECT contacts FROM stations",
    )


def test_nobody_but_the_page_sees_accounts(shared_database: DatabaseEndpoint) -> None:
    for conninfo in (
        shared_database.writer,
        shared_database.notifier,
        shared_database.desk,
        shared_database.trainer,
        shared_database.reader,
    ):
        accounts = ("accounts", "account_sessions", "login_links", "security_events")
        _refused(conninfo, *map("SELECT * FROM {}".format, accounts))

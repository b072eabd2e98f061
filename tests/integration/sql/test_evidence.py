"""Number 7 of the promises: what each role's password could do to the evidence, and that it leaves a trace."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime
from threading import Thread

import psycopg
import pytest
from psycopg.errors import InsufficientPrivilege, RaiseException

from local.servers.postgres import Postgres
from quantrac.domain.readings import StoredRow
from quantrac.endpoints import DatabaseEndpoint
from sql.alert_desk import acknowledge, record_cause
from sql.audit_store import Verdict, head, verify_stored
from sql.worker_store import WorkerStore

AT = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
ALERT = (
    "INSERT INTO alerts (station, parameter, rule, kind, severity, opened_at, since{more}) "
    "VALUES ('S1', 'COD', 'limit', 'limit', 'high', '2026-01-01', '2026-01-01'{values})"
)


def _refused(conninfo: str, sql: str, error: type[psycopg.Error] = InsufficientPrivilege) -> None:
    with psycopg.connect(conninfo) as connection, pytest.raises(error):
        connection.execute(sql.encode())


@pytest.fixture
def reading(store: WorkerStore, row: Callable[..., StoredRow]) -> None:
    """One stored reading of S1, COD: 400."""
    with store.transaction() as tx:
        tx.readings.store([row(AT, 400.0, offset=7)])


@pytest.mark.usefixtures("reading")
@pytest.mark.parametrize("change", ["value = 20", "flag = 4", "status = '01'", "value = 20, raw_offset = 8"])
def test_number_7_the_worker_changes_no_stored_value_without_a_revision(
    database: DatabaseEndpoint, change: str
) -> None:
    _refused(database.writer, f"UPDATE readings SET {change}", RaiseException)
    _refused(database.owner, f"UPDATE readings SET {change}", RaiseException)


@pytest.mark.usefixtures("reading")
def test_number_7_a_reading_is_not_moved_to_another_key(database: DatabaseEndpoint) -> None:
    for change in ("station = 'S2'", "parameter = 'TSS'", "observed_at = now()"):
        _refused(database.writer, f"UPDATE readings SET {change}")


@pytest.mark.usefixtures("reading")
def test_number_7_a_real_revision_says_which_login_wrote_it(
    database: DatabaseEndpoint, store: WorkerStore, row: Callable[..., StoredRow]
) -> None:
    with store.transaction() as tx:
        tx.readings.store([row(AT, 20.0, offset=8), row(AT, 21.0, offset=9)])
    with psycopg.connect(database.reader) as connection:
        found = connection.execute(
            "SELECT value, recorded_by, recorded_at > now() - INTERVAL '1 minute' FROM reading_revisions ORDER BY id"
        ).fetchall()
        assert connection.execute("SELECT value FROM readings").fetchall() == [(21.0,)]
    assert found == [(400.0, "quantrac_writer", True), (20.0, "quantrac_writer", True)]


def test_number_7_revisions_and_the_audit_are_never_changed(database: DatabaseEndpoint) -> None:
    for table in ("reading_revisions", "audit"):
        for statement in (f"DELETE FROM {table}", f"TRUNCATE {table}", f"UPDATE {table} SET id = DEFAULT"):
            _refused(database.owner, statement, RaiseException)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("acknowledged_at", "'2026-01-01'"),
        ("acknowledged_by", "'Giám đốc'"),
        ("closed_cause", "'sensor_fault'"),
        ("resolved_at", "'2026-01-01'"),
        ("recorded_at", "'2026-01-01'"),
    ],
)
def test_number_7_the_worker_backdates_and_acknowledges_no_alert(
    database: DatabaseEndpoint, column: str, value: str
) -> None:
    _refused(database.writer, ALERT.format(more=f", {column}", values=f", {value}"))
    with psycopg.connect(database.writer) as connection:
        connection.execute(ALERT.format(more="", values="").encode())
    if column != "resolved_at":
        _refused(database.writer, f"UPDATE alerts SET {column} = {value}")
    with psycopg.connect(database.reader) as connection:
        shown = connection.execute(
            "SELECT recorded_by, recorded_at > now() - INTERVAL '1 minute' FROM alerts"
        ).fetchone()
    assert shown == ("quantrac_writer", True)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger SET stored = 0, received = 0",
        "UPDATE ledger SET duplicate = duplicate - 1, received = received - 1",
    ],
)
def test_number_7_the_ledger_only_grows(database: DatabaseEndpoint, statement: str) -> None:
    with psycopg.connect(database.writer) as connection:
        connection.execute("INSERT INTO ledger VALUES ('S1', '2026-11-23', 10, 9, 1, 0, 0, 0)")
    _refused(database.writer, statement, RaiseException)
    _refused(database.owner, statement, RaiseException)
    _refused(database.writer, "UPDATE ledger SET station = 'S2'")
    with psycopg.connect(database.writer) as connection:
        connection.execute("UPDATE ledger SET received = received + 1, stored = stored + 1")


def test_number_7_a_dead_letter_keeps_its_bytes(database: DatabaseEndpoint) -> None:
    for change in ("payload = ''", "reason = 'x'", "station = 'S2'", "received_at = now()"):
        _refused(database.writer, f"UPDATE dead_letters SET {change}")


def test_number_7_each_process_has_its_own_role(database: DatabaseEndpoint) -> None:
    """The worker delivers nothing, the notifier judges nothing, the desk and the trainer write no row by hand."""
    for change in ("sent_at = now()", "failed_at = now()", "recipient = 'x'", "locked_until = now()"):
        _refused(database.writer, f"UPDATE outbox SET {change}")
    for change in ("recipient = 'x'", "text = ''", "message_id = ''", "alert_id = 1"):
        _refused(database.notifier, f"UPDATE outbox SET {change}")
    for conninfo in (database.notifier, database.desk, database.trainer):
        for table in ("readings", "reading_revisions", "alerts", "ledger", "dead_letters", "judgements", "audit"):
            _refused(conninfo, f"INSERT INTO {table} DEFAULT VALUES")
            _refused(conninfo, f"DELETE FROM {table}")
        _refused(conninfo, "UPDATE alerts SET acknowledged_by = 'x'")
        _refused(conninfo, "CREATE TEMPORARY TABLE mine (id integer)")
    _refused(database.trainer, "SELECT recipient FROM outbox")
    _refused(database.trainer, "SELECT contacts FROM stations")


def _entries(conninfo: str) -> list[dict[str, object]]:
    with psycopg.connect(conninfo) as connection:
        return [json.loads(entry) for (entry,) in connection.execute("SELECT entry FROM audit ORDER BY id")]


def test_number_7_the_audit_takes_the_actor_from_the_login(database: DatabaseEndpoint) -> None:
    with psycopg.connect(database.desk) as connection:
        connection.execute("SET search_path = pg_temp")
        connection.execute("SELECT public.audit_append('signed in', 'desk', '{\"actor\": \"quantrac_owner\"}')")
    (entry,) = _entries(database.reader)
    assert (entry["id"], entry["actor"], entry["action"]) == (1, "quantrac_desk", "signed in")
    for conninfo in (database.reader, database.trainer, database.notifier):
        _refused(conninfo, "SELECT audit_append('signed in', 'desk', '{}')")


def test_number_7_an_acknowledgement_goes_through_the_desk_and_is_audited(database: DatabaseEndpoint) -> None:
    with psycopg.connect(database.writer) as connection:
        connection.execute(ALERT.format(more="", values="").encode())
    assert acknowledge(database.desk, 1, "Nguyễn Văn A") == "Nguyễn Văn A"
    assert acknowledge(database.desk, 1, "Giám đốc") == "Nguyễn Văn A"
    assert acknowledge(database.desk, 2, "Nguyễn Văn A") is None
    assert record_cause(database.desk, 1, "sensor_fault", "Trần B")
    assert not record_cause(database.desk, 2, "sensor_fault", "Trần B")
    _refused(database.writer, "SELECT acknowledge_alert(1, 'Giám đốc')")
    with psycopg.connect(database.reader) as connection:
        alert = connection.execute(
            "SELECT acknowledged_by, acknowledged_at > now() - INTERVAL '1 minute', closed_cause FROM alerts"
        ).fetchone()
    assert alert == ("Nguyễn Văn A", True, "sensor_fault")
    told = [(e["actor"], e["action"], e["subject"], e["detail"]) for e in _entries(database.reader)]
    assert told == [
        ("quantrac_desk", "alert acknowledged", "alert 1", {"officer": "Nguyễn Văn A"}),
        ("quantrac_desk", "cause recorded", "alert 1", {"officer": "Trần B", "cause": "sensor_fault", "before": None}),
    ]


def test_number_7_a_changed_description_is_audited(database: DatabaseEndpoint) -> None:
    with psycopg.connect(database.owner) as connection:
        connection.execute(
            "INSERT INTO stations (code, effective_from, name_vi, name_en, kind, operator, longitude, latitude,"
            " contacts) VALUES ('S1', '2026-01-01', 'a', 'a', 'park', 'o', 105, 10, '{an@example.vn}')"
        )
        connection.execute("UPDATE stations SET kq = 2")
        connection.execute("INSERT INTO limit_sets VALUES ('L', '2026-01-01', NULL, 'a', 'a', 's')")
        connection.execute("INSERT INTO limit_values VALUES ('L', '2026-01-01', 1, 'COD', 'mg/L', NULL, 75, true)")
        connection.execute("UPDATE limit_values SET maximum = 750")
    found = _entries(database.reader)
    assert [(e["action"], e["subject"]) for e in found] == [
        ("insert into stations", "S1"),
        ("update of stations", "S1"),
        ("insert into limit_sets", "L"),
        ("insert into limit_values", "L"),
        ("update of limit_values", "L"),
    ]
    assert {e["actor"] for e in found} == {"quantrac_owner"}
    assert found[-1]["detail"] == {"effective_from": "2026-01-01", "before": {"maximum": 75}, "after": {"maximum": 750}}
    assert "an@example.vn" not in str(found), "people's addresses stay out of what dashboards may read"


@pytest.mark.usefixtures("reading")
def test_number_7_what_the_owner_deletes_is_audited(database: DatabaseEndpoint) -> None:
    with psycopg.connect(database.owner) as connection:
        connection.execute("DELETE FROM readings WHERE station = 'S1'")
        connection.execute("DELETE FROM dead_letters")
    found = _entries(database.reader)
    assert [(e["actor"], e["action"]) for e in found] == [
        ("quantrac_owner", "delete from readings"),
        ("quantrac_owner", "delete from dead_letters"),
    ]


def test_number_7_the_chain_is_what_anybody_can_compute(database: DatabaseEndpoint) -> None:
    with psycopg.connect(database.desk) as connection:
        for n in range(5):
            connection.execute("SELECT audit_append('tried', %s, '{}')", [str(n)])
    before = b""
    with psycopg.connect(database.reader) as connection:
        for _, entry, digest in connection.execute("SELECT id, entry, hash FROM audit ORDER BY id"):
            before = hashlib.sha256(before + entry.encode()).digest()
            assert digest == before


def test_number_7_even_a_superusers_change_of_the_audit_is_found(
    database: DatabaseEndpoint, postgres: Postgres
) -> None:
    name = psycopg.conninfo.conninfo_to_dict(database.owner)["dbname"]
    with psycopg.connect(database.desk) as connection:
        for n in range(4):
            connection.execute("SELECT audit_append('tried', %s, '{}')", [str(n)])
    kept = head(database.reader)
    assert verify_stored(database.reader, kept) == Verdict(kept)
    with psycopg.connect(postgres.uri("postgres", str(name))) as connection:
        connection.execute("ALTER TABLE audit DISABLE TRIGGER audit_kept")
        connection.execute("UPDATE audit SET entry = replace(entry, 'tried', 'wrote') WHERE id = 2")
    assert verify_stored(database.reader).broken_at == 2
    with psycopg.connect(postgres.uri("postgres", str(name))) as connection:
        connection.execute("DELETE FROM audit WHERE id >= 2")
    assert verify_stored(database.reader).broken_at is None
    assert verify_stored(database.reader, kept).broken_at == 2


def test_number_7_two_desks_at_once_make_one_chain(database: DatabaseEndpoint) -> None:
    def desk(name: str) -> None:
        with psycopg.connect(database.desk, autocommit=True) as connection:
            for n in range(25):
                connection.execute("SELECT audit_append('tried', %s, '{}')", [f"{name}{n}"])

    threads = [Thread(target=desk, args=(name,)) for name in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    verdict = verify_stored(database.reader)
    assert (verdict.broken_at, verdict.head.id) == (None, 75)

from __future__ import annotations

import psycopg
import pytest
from psycopg.errors import InsufficientPrivilege

from quantrac.endpoints import DatabaseEndpoint

DESCRIPTIONS = (
    *("schema_migrations", "registry_state", "stations", "sensors"),
    *("limit_sets", "limit_values", "effective_limits", "alert_rules"),
)
TABLES = (
    *DESCRIPTIONS,
    *("readings", "reading_revisions", "reading_hours", "reading_days", "latest_readings", "judgements"),
    *("alerts", "alert_transitions", "outbox"),
    *("dead_letters", "feeds", "ledger", "kafka_progress", "station_states", "station_presence", "delays"),
    *("model_states", "station_models", "shadow_counts"),
    *("judgement_revisions", "alert_causes", "wqi", "sent_reports"),
)


def _refused(conninfo: str, sql: str) -> None:
    with psycopg.connect(conninfo) as connection, pytest.raises(InsufficientPrivilege):
        connection.execute(sql.encode())


def test_the_list_of_tables_is_complete(database: DatabaseEndpoint) -> None:
    with psycopg.connect(database.reader) as connection:
        found = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
    assert sorted(TABLES) == sorted(name for (name,) in found)


def test_reader_cannot_write_anything(database: DatabaseEndpoint) -> None:
    for table in TABLES:
        _refused(database.reader, f"INSERT INTO {table} DEFAULT VALUES")
        _refused(database.reader, f"DELETE FROM {table}")
        _refused(database.reader, f"TRUNCATE {table}")
        _refused(database.reader, f"DROP TABLE {table}")
    _refused(database.reader, "UPDATE readings SET value = 0")
    _refused(database.reader, "CREATE TABLE mine (id integer)")


@pytest.mark.parametrize(
    "query",
    [
        "SELECT contacts FROM stations",
        "SELECT recipient FROM outbox",
        "SELECT text FROM outbox",
        "SELECT html FROM outbox",
        "SELECT subject FROM outbox",
        "SELECT snapshot FROM station_states",
        "SELECT snapshot FROM model_states",
    ],
)
def test_reader_does_not_see_people_nor_states(database: DatabaseEndpoint, query: str) -> None:
    _refused(database.reader, query)


def test_reader_reads_everything_else(database: DatabaseEndpoint) -> None:
    with psycopg.connect(database.reader) as connection:
        hidden = {"station_states", "model_states", "stations", "outbox"}
        for table in {*TABLES, "current_stations", "current_sensors"} - hidden:
            connection.execute(f"SELECT * FROM {table}".encode())
        connection.execute("SELECT code, name_vi, kq FROM stations")
        connection.execute("SELECT id, sent_at, last_error FROM outbox")


def test_writer_cannot_drop_nor_delete(database: DatabaseEndpoint) -> None:
    for table in TABLES:
        _refused(database.writer, f"DROP TABLE {table}")
        _refused(database.writer, f"TRUNCATE {table}")
        _refused(database.writer, f"DELETE FROM {table}")
        _refused(database.writer, f"ALTER TABLE {table} ADD COLUMN surplus integer")
    _refused(database.writer, "CREATE TABLE mine (id integer)")
    _refused(database.writer, "SELECT drop_chunks('readings', INTERVAL '1 day')")


@pytest.mark.parametrize("table", DESCRIPTIONS)
def test_writer_cannot_change_descriptions(database: DatabaseEndpoint, table: str) -> None:
    _refused(database.writer, f"INSERT INTO {table} DEFAULT VALUES")


def test_writer_cannot_rewrite_the_history_of_revisions(database: DatabaseEndpoint) -> None:
    _refused(database.writer, "UPDATE reading_revisions SET value = 0")
    for history in ("judgement_revisions", "alert_causes"):
        _refused(database.writer, f"INSERT INTO {history} DEFAULT VALUES")

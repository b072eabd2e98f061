from __future__ import annotations

import psycopg

from local.servers.postgres import Postgres
from quantrac.endpoints import DatabaseEndpoint


def test_each_role_logs_in_over_checked_tls(empty_database: DatabaseEndpoint) -> None:
    for uri in (empty_database.owner, empty_database.writer, empty_database.reader):
        assert "sslmode=verify-full" in uri
        with psycopg.connect(uri) as connection:
            assert connection.execute("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()").fetchone() == (True,)


def test_owner_makes_hypertables_and_clones_hold_their_rows(postgres: Postgres, unique: str) -> None:
    source = postgres.create_database(f"t_{unique}")
    with psycopg.connect(source.owner) as connection:
        connection.execute("CREATE TABLE r (at timestamptz NOT NULL, value double precision)")
        connection.execute("SELECT create_hypertable('r', by_range('at'))")
        connection.execute(
            "INSERT INTO r SELECT '2026-01-01Z'::timestamptz + i * '1 h'::interval, i FROM generate_series(1, 500) i"
        )
    clone = postgres.create_database(f"c_{unique}", f"t_{unique}")
    with psycopg.connect(clone.owner) as connection:
        assert connection.execute("SELECT count(*), sum(value) FROM r").fetchone() == (500, 125250)
        assert connection.execute("SELECT current_setting('TimeZone')").fetchone() == ("UTC",)
    for name in (f"c_{unique}", f"t_{unique}"):
        postgres.drop_database(name)


def test_a_migrated_clone(database: DatabaseEndpoint) -> None:
    with psycopg.connect(database.reader) as connection:
        assert connection.execute("SELECT extname FROM pg_extension WHERE extname = 'timescaledb'").fetchone()

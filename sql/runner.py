"""Migrations: numbered plain SQL files, applied forward only, once, by one process at a time."""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import psycopg

from quantrac.errors import SettingsError, StoreError
from sql.connections import connect, translated
from sql.statements import statement

LOCK_KEY = 0x7175616E74726163
"""Advisory lock of a running migration: the bytes of "quantrac"."""

LOCK_POLL_S = 0.2
"""Between two tries for the lock. A blocking wait would deadlock with CREATE INDEX CONCURRENTLY, which waits for us."""

LOCK_WAIT_S = 60.0

_FILE_NAME = re.compile(r"(\d{4})_([a-z0-9_]+)\.sql")


@dataclass(frozen=True, slots=True)
class Migration:
    """One migration file."""

    version: int
    name: str
    sql: bytes

    @property
    def file_name(self) -> str:
        """Name of the file in ``sql/migrations``."""
        return f"{self.version:04}_{self.name}.sql"

    @property
    def sha256(self) -> str:
        """Hash of the file's content, in hex."""
        return hashlib.sha256(self.sql).hexdigest()


def migrations() -> list[Migration]:
    """Return the migrations of this version of quantrac, in order.

    Raises
    ------
    StoreError
        A file is not named ``NNNN_name.sql``, or two have the same number.
    """
    found = []
    for file in files("sql").joinpath("migrations").iterdir():
        match = _FILE_NAME.fullmatch(file.name)
        if match:
            found.append(Migration(int(match[1]), match[2], file.read_bytes()))
        elif file.name.endswith(".sql"):
            raise StoreError(f"sql/migrations/{file.name} is not named NNNN_name.sql: rename it.", retryable=False)
    found.sort(key=lambda m: m.version)
    if len({m.version for m in found}) < len(found):
        raise StoreError("Two files of sql/migrations have the same number: renumber the newest.", retryable=False)
    return found


def migrate(owner_conninfo: str, *, on_step: Callable[[Migration], None] | None = None) -> list[Migration]:
    """Bring the database to this version of quantrac and return the migrations that were applied.

    Each migration is one transaction. Afterwards every role has exactly its grants, also when nothing was pending.
    A second process waits until the first is done, and then finds nothing to do.

    Raises
    ------
    SettingsError
        A role is missing on the server.
    StoreError
        The database is out of reach, a migration that was applied has been changed, or another migration did not
        end within ``LOCK_WAIT_S``.
    """
    known = migrations()
    with translated("migrating"), connect(owner_conninfo, "quantrac migrate", autocommit=True) as connection:
        _refuse_missing_roles(connection)
        with _only_runner(connection):
            connection.execute(statement("create_schema_migrations"))
            todo = _pending(connection, known)
            for migration in todo:
                if on_step is not None:
                    on_step(migration)
                _apply(connection, migration)
            connection.execute(statement("grant_privileges"))
            if _setting(connection, "timescaledb.license") == "timescale":
                connection.execute(statement("set_policies"))
    return todo


def pending(conninfo: str) -> list[Migration]:
    """Return the migrations that the database still needs; the reader role is enough.

    Raises
    ------
    StoreError
        The database is out of reach, or an applied migration differs from its file.
    """
    known = migrations()
    with translated("reading the state of the migrations"), connect(conninfo, "quantrac status") as connection:
        if connection.execute("SELECT to_regclass('schema_migrations') IS NULL").fetchone() == (True,):
            return known
        return _pending(connection, known)


def require_schema(conninfo: str) -> None:
    """Return when the schema is that of this version of quantrac, or nobody answers; the role needs to read it only.

    Raises
    ------
    StoreError
        The database is older or newer than this version, whose statements would fail in it or miss what it has.
    """
    try:
        todo = pending(conninfo)
    except StoreError as exc:
        if exc.retryable:  # who starts waits for the database by itself
            return
        raise
    if todo:
        raise StoreError(
            f"The database is older than this version of quantrac, {len(todo)} migrations are pending: run "
            "`quantrac db migrate`, then start this again. What stations send meanwhile waits in Kafka.",
            retryable=False,
        )


def dump_schema(conninfo: str) -> str:
    """Return the schema of a migrated database as SQL text that is the same for the same schema.

    It is read from the catalogue and not by pg_dump, whose output differs from release to release. ``sql/schema.sql``
    is this text of an empty database after every migration.
    """
    with translated("reading the schema"), connect(conninfo, "quantrac schema") as connection:
        objects = [str(ddl).rstrip() for (ddl,) in connection.execute(statement("schema_dump"))]
    header = "-- Generated by `quantrac db schema` from sql/migrations: change a migration, never this file.\n"
    return "\n".join([header, *objects]) + "\n"


def _pending(connection: psycopg.Connection[Any], known: Sequence[Migration]) -> list[Migration]:
    by_version = {m.version: m for m in known}
    applied = set()
    for version, name, sha256, applied_at in connection.execute(statement("applied_migrations")):
        migration = by_version.get(version)
        if migration is None:
            raise StoreError(
                f"The database has migration {version:04}_{name}, which this version of quantrac does not know: "
                "install the newer version.",
                retryable=False,
            )
        if migration.sha256 != sha256:
            raise StoreError(
                f"sql/migrations/{migration.file_name} was changed after it was applied on {applied_at:%Y-%m-%d}: "
                "restore the file, and put the change into a new migration.",
                retryable=False,
            )
        applied.add(version)
    return [m for m in known if m.version not in applied]


def _apply(connection: psycopg.Connection[Any], migration: Migration) -> None:
    with connection.transaction():
        connection.execute(migration.sql)
        row = {"version": migration.version, "name": migration.name, "sha256": migration.sha256}
        connection.execute(statement("record_migration"), row)


def _refuse_missing_roles(connection: psycopg.Connection[Any]) -> None:
    missing = [role for (role,) in connection.execute(statement("missing_roles"))]
    if missing:
        creates = " ".join(f"CREATE ROLE {role} LOGIN PASSWORD '...';" for role in missing)
        raise SettingsError(
            f"The database server has no role {' and no role '.join(missing)}. As its administrator run: {creates} "
            "Then run `quantrac db migrate` again."
        )


def _setting(connection: psycopg.Connection[Any], name: str) -> str | None:
    row = connection.execute("SELECT current_setting(%s, true)", (name,)).fetchone()
    return None if row is None else row[0]


@contextmanager
def _only_runner(connection: psycopg.Connection[Any]) -> Iterator[None]:
    deadline = time.monotonic() + LOCK_WAIT_S
    while connection.execute("SELECT pg_try_advisory_lock(%s)", (LOCK_KEY,)).fetchone() != (True,):
        if time.monotonic() > deadline:
            raise StoreError(
                f"Another process has been migrating this database for {LOCK_WAIT_S:.0f} s: wait until it has ended, "
                "then run `quantrac db migrate` again.",
                retryable=True,
            )
        time.sleep(LOCK_POLL_S)
    try:
        yield
    finally:
        if not connection.closed:
            connection.execute("SELECT pg_advisory_unlock(%s)", (LOCK_KEY,))

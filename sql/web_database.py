"""The page's connections: a few as its own role, shared by its threads."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg_pool import ConnectionPool

from quantrac.errors import OutcomeUnknownError
from sql.connections import CONNECT_TIMEOUT_S, SESSION, Impatient, gone_after, translated
from sql.incident_store import IncidentTransaction
from sql.oncall_store import OnCallStore
from sql.statements import statement

_SESSION = f"{SESSION} -c lock_timeout=10s -c jit=off"
WAIT_S = 5.0
"""How long a request waits for a connection before it says that the database is away.

For as long a connection that was lost is tried again; then the next request makes one. The pool's own tries wait twice
as long each time, up to minutes: so long the page would be away after the database is back. And so long the line may be
silent under something that was sent.
"""
ANSWER_S = 25.0
"""How long a statement may take: longer than the role's ``statement_timeout``, which ends it where the server lives."""


class WebDatabase:
    """Transactions of the page. Each block is one; it raises ``StoreError``, and then nothing was done.

    Where it raises ``OutcomeUnknownError`` nobody knows: the database went while it committed.
    """

    def __init__(self, conninfo: str, *, connections: int = 8) -> None:
        options = f"{psycopg.conninfo.conninfo_to_dict(conninfo).get('options', '')} {_SESSION}".strip()
        given = psycopg.conninfo.make_conninfo(conninfo, options=options, application_name="quantrac web")
        self._pool: ConnectionPool[Impatient] = ConnectionPool(
            given,
            min_size=1,
            max_size=connections,
            open=False,
            timeout=WAIT_S,
            reconnect_timeout=WAIT_S,
            connection_class=Impatient,
            check=_check,
            kwargs={"connect_timeout": CONNECT_TIMEOUT_S, **gone_after(WAIT_S)},
        )

    def open(self) -> None:
        """Begin to connect; a database that is away is tried again, nobody waits here."""
        self._pool.open()

    def close(self) -> None:
        """Close every connection."""
        self._pool.close()

    @contextmanager
    def reading(self, doing: str) -> Iterator[psycopg.Cursor[Any]]:
        """Open a transaction that sees one state of the database and changes nothing."""
        with translated(doing), self._pool.connection() as connection, connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            yield cursor

    @contextmanager
    def acting(self, login: str, doing: str) -> Iterator[psycopg.Cursor[Any]]:
        """Open a transaction in the name of an account, which stands in the audit beside the page's own role."""
        with translated(doing), self._pool.connection() as connection, connection.cursor() as cursor:
            cursor.execute(statement("act_as"), {"login": login})
            yield cursor
            _commit(connection, doing)


def _check(connection: Impatient) -> None:
    """Raise ``psycopg.Error`` unless the server answers while somebody still waits for the connection."""
    connection.answer_s = WAIT_S
    ConnectionPool.check_connection(connection)
    connection.answer_s = ANSWER_S


def _commit(connection: psycopg.Connection[Any], doing: str) -> None:
    try:
        connection.commit()
    except psycopg.OperationalError as exc:
        if not connection.closed:
            raise  # the database has answered: it is rolled back
        raise OutcomeUnknownError(
            f"The database went while it was committing ({doing}): {' '.join(str(exc).split())}", retryable=False
        ) from exc


class ActingStore:
    """What the officers' desk needs of a store, in the name of an account."""

    def __init__(self, database: WebDatabase, login: str) -> None:
        self._database, self._login = database, login

    @contextmanager
    def transaction(self) -> Iterator[IncidentTransaction]:
        """Open a transaction: committed when the block ends, rolled back when it raises."""
        with self._database.acting(self._login, "working on incidents") as cursor:
            yield IncidentTransaction(cursor)

    def close(self) -> None:
        """Nothing: the connections are the page's."""


class ActingOnCallStore(OnCallStore):
    """Changes of who is on call, in the name of an account."""

    def __init__(self, database: WebDatabase, login: str) -> None:
        super().__init__("")
        self._database, self._login = database, login

    @contextmanager
    def _cursor(self, doing: str) -> Iterator[psycopg.Cursor[Any]]:
        with self._database.acting(self._login, doing) as cursor:
            yield cursor

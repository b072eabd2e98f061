"""The edge to psycopg: connections, and its errors as ``StoreError``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import errors
from psycopg.pq import TransactionStatus
from psycopg.rows import TupleRow

from quantrac.errors import DataRefusedError, StoreError

CONNECT_TIMEOUT_S = 10

_SESSION = "-c TimeZone=UTC -c synchronous_commit=on"
"""Commits are on disk when they return, and what SQL calls an hour or a day never depends on the server's zone."""

_KEEPALIVE: dict[str, Any] = {
    "keepalives_idle": 30,  # s
    "keepalives_interval": 10,  # s
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,  # ms
}
"""A server that vanished is noticed within a minute, not after the kernel's hours."""

_RETRYABLE = (
    psycopg.InterfaceError,
    errors.SerializationFailure,
    errors.DeadlockDetected,
    errors.LockNotAvailable,
    errors.QueryCanceled,
    errors.ReadOnlySqlTransaction,
    errors.IdleInTransactionSessionTimeout,
)
"""The same call may succeed later. A read-only server is one that is being failed over."""

_LIMIT_EXCEEDED = "54"
"""SQLSTATE class of what is too large for the server's own limits, as a key of an index."""
_NOT_RETRYABLE_CLASSES = ("28", "3D", _LIMIT_EXCEEDED)
"""SQLSTATE classes of operational errors that no waiting ends: wrong password, no such database."""


def is_retryable(error: psycopg.Error) -> bool:
    """Return whether the same call may succeed later without anybody doing anything."""
    if isinstance(error, psycopg.OperationalError):
        return not (error.sqlstate or "").startswith(_NOT_RETRYABLE_CLASSES)
    return isinstance(error, _RETRYABLE)


@contextmanager
def translated(doing: str) -> Iterator[None]:
    """Turn psycopg's errors into ``StoreError``; ``doing`` says in the message what was being done."""
    try:
        yield
    except psycopg.Error as exc:
        retryable = is_retryable(exc)
        advice = "It will be tried again." if retryable else "Run `quantrac doctor` to see what is wrong."
        detail = " ".join(str(exc).split()) or type(exc).__name__
        kind = DataRefusedError if _concerns_data(exc) else StoreError
        raise kind(f"The database failed while {doing}: {detail}. {advice}", retryable=retryable) from exc


def _concerns_data(error: psycopg.Error) -> bool:
    data = isinstance(error, (psycopg.DataError, psycopg.IntegrityError))
    return data or (error.sqlstate or "").startswith(_LIMIT_EXCEEDED)


def connect(
    conninfo: str, application: str, *, autocommit: bool = False, session: str = ""
) -> psycopg.Connection[TupleRow]:
    """Open a connection with the session settings that every store relies on; ``psycopg.Error`` when it fails.

    ``session`` is more of libpq's ``options``.
    """
    given = psycopg.conninfo.conninfo_to_dict(conninfo)
    options = f"{given.get('options', '')} {_SESSION} {session}".strip()
    return psycopg.connect(
        psycopg.conninfo.make_conninfo(conninfo, options=options, application_name=application),
        autocommit=autocommit,
        connect_timeout=CONNECT_TIMEOUT_S,
        **_KEEPALIVE,
    )


def answers(conninfo: str, patience_s: float) -> None:
    """Ask the server for nothing, once.

    Raises
    ------
    StoreError
        It did not answer within ``patience_s`` (2 s or more), or refused us.
    """
    try:
        with translated("being asked whether it answers"):
            psycopg.connect(conninfo, connect_timeout=round(patience_s), application_name="quantrac reach").close()
    except StoreError as exc:
        if isinstance(exc.__cause__, errors.ConnectionTimeout):
            given = psycopg.conninfo.conninfo_to_dict(conninfo)
            where = f"{given.get('host', 'localhost')}:{given.get('port', 5432)}"
            raise StoreError(
                f"The database at {where} does not answer within {patience_s:g} s.", retryable=True
            ) from exc
        raise


def notified(connection: psycopg.Connection[Any], timeout_s: float) -> bool:
    """Wait for a notification of a channel that the connection listens to; return whether one came in time."""
    return any(True for _ in connection.notifies(timeout=timeout_s, stop_after=1))


def usable(connection: psycopg.Connection[Any] | None) -> psycopg.Connection[Any] | None:
    """Return a connection that can take another transaction, else ``None``; one that cannot is closed.

    A server that goes in the middle of something leaves a connection that is neither closed nor of any use.
    """
    if connection is None or connection.info.transaction_status is TransactionStatus.IDLE:
        return connection
    connection.close()
    return None

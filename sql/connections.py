"""The edge to psycopg: connections, and its errors as ``StoreError``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import psycopg
from psycopg import errors
from psycopg.abc import PQGen
from psycopg.pq import TransactionStatus
from psycopg.rows import TupleRow

from quantrac.errors import DataRefusedError, StoreError

CONNECT_TIMEOUT_S = 10
GONE_S = 20
"""For so long nothing of ours may stay without acknowledgement: then the line is cut, and the connection is lost.

Less than a watchdog's minute, with a try to connect in it: a worker must know why nothing moves before it counts as
deaf. The kernel's own patience is a quarter of an hour, and of a connection that is idle two hours.
"""
ANSWER_S = 60.0
"""The same of an answer, where every statement is short: whoever forwards (a proxy, a tunnel) acknowledges for a server
that is behind a cut line, or frozen."""
_FORGOTTEN_S = 60
"""The same at the server: what a client holds behind a cut line (a lock, a turn at watching) ends with its session."""

SESSION = (
    "-c TimeZone=UTC -c synchronous_commit=on"
    f" -c tcp_keepalives_idle={_FORGOTTEN_S // 2} -c tcp_keepalives_interval={_FORGOTTEN_S // 6}"
    f" -c tcp_keepalives_count=3 -c tcp_user_timeout={_FORGOTTEN_S}s"
)
"""Commits are on disk when they return, what SQL calls an hour or a day never depends on the server's zone, and a
client that vanished is missed by the server."""

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


_LOOK_S = 0.1
"""Between two looks at the clock while an answer is waited for: psycopg's own."""
_T = TypeVar("_T")


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


class Impatient(psycopg.Connection[TupleRow]):
    """A connection on which an answer is waited for no longer than ``answer_s``; ``None``: for as long as it takes."""

    answer_s: float | None = None

    def wait(self, gen: PQGen[_T], interval: float = _LOOK_S, timeout: float | None = None) -> _T:
        """Do as psycopg's; where nothing comes in time it closes the connection and raises ``OperationalError``."""
        if timeout is not None or self.answer_s is None:
            return super().wait(gen, interval, timeout)
        try:
            return super().wait(gen, interval, self.answer_s)
        except errors._WaitTimeout as exc:  # noqa: SLF001  psycopg leaves it to whoever gives a timeout
            self.close()
            raise psycopg.OperationalError(f"no answer within {self.answer_s:g} s") from exc


def gone_after(seconds: float) -> dict[str, Any]:
    """Return libpq's options with which a line that is cut is noticed after so long (s), busy or idle."""
    return {
        "keepalives_idle": max(1, round(seconds / 2)),
        "keepalives_interval": max(1, round(seconds / 4)),
        "keepalives_count": 2,
        "tcp_user_timeout": round(1000 * seconds),
    }


def connect(
    conninfo: str, application: str, *, autocommit: bool = False, session: str = "", answer_s: float | None = None
) -> psycopg.Connection[TupleRow]:
    """Open a connection with the session settings that every store relies on; ``psycopg.Error`` when it fails.

    ``session`` is more of libpq's ``options``. ``answer_s``: see ``Impatient``.
    """
    given = psycopg.conninfo.conninfo_to_dict(conninfo)
    options = f"{given.get('options', '')} {SESSION} {session}".strip()
    connection = Impatient.connect(
        psycopg.conninfo.make_conninfo(conninfo, options=options, application_name=application),
        autocommit=autocommit,
        connect_timeout=CONNECT_TIMEOUT_S,
        **gone_after(GONE_S),
    )
    connection.answer_s = answer_s
    return connection


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

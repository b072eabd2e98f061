from __future__ import annotations

import psycopg
import pytest
from psycopg import errors

from quantrac.errors import StoreError
from sql.connections import translated


@pytest.mark.parametrize(
    ("error", "retryable"),
    [
        (psycopg.OperationalError("server closed the connection unexpectedly"), True),
        (psycopg.InterfaceError("the connection is closed"), True),
        (errors.AdminShutdown("terminating connection"), True),
        (errors.CannotConnectNow("the database system is starting up"), True),
        (errors.TooManyConnections("sorry"), True),
        (errors.SerializationFailure("could not serialize"), True),
        (errors.DeadlockDetected("deadlock detected"), True),
        (errors.LockNotAvailable("lock timeout"), True),
        (errors.IdleInTransactionSessionTimeout("idle"), True),
        (errors.ReadOnlySqlTransaction("read-only"), True),
        (errors.DiskFull("no space left"), True),
        (errors.InvalidPassword("password authentication failed"), False),
        (errors.InvalidCatalogName("no such database"), False),
        (errors.UniqueViolation("duplicate key"), False),
        (errors.CheckViolation("ledger_balances"), False),
        (errors.UndefinedTable("relation does not exist"), False),
        (errors.InsufficientPrivilege("permission denied"), False),
        (psycopg.DataError("value out of range"), False),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else str(value),
)
def test_errors_say_whether_to_retry(error: psycopg.Error, retryable: bool) -> None:
    with pytest.raises(StoreError) as caught, translated("storing a batch"):
        raise error
    assert caught.value.retryable is retryable
    assert caught.value.__cause__ is error
    assert str(caught.value).startswith(f"The database failed while storing a batch: {error}. ")


def test_other_errors_pass() -> None:
    with pytest.raises(KeyError), translated("storing"):
        raise KeyError

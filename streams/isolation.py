"""One bad thing among many is found and put aside; when all fail alike, the fault is in none of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from sql.worker_store import WorkerTransaction
from streams.faults import raise_unless_of_a_record

T = TypeVar("T")


def each_or_aside(
    tx: WorkerTransaction, items: Sequence[T], act: Callable[[Sequence[T]], None], aside: Callable[[T, Exception], None]
) -> None:
    """Let ``act`` deal with all items; those that it fails on go to ``aside``, with nothing of them kept.

    Raises
    ------
    StoreError, SystemFaultError
        Nothing of the items is to blame.
    Exception
        ``act`` fails on each of several items: whatever it is, it concerns none of them alone.
    """
    try:
        with tx.savepoint():
            act(items)
    except Exception as exc:  # noqa: BLE001  whatever it is, the others go on
        raise_unless_of_a_record(exc)
        if len(items) == 1:
            aside(items[0], exc)
            return
    else:
        return
    failed: list[tuple[T, Exception]] = []
    for item in items:
        try:
            with tx.savepoint():
                act([item])
        except Exception as exc:  # noqa: BLE001
            raise_unless_of_a_record(exc)
            failed.append((item, exc))
    if len(failed) == len(items):
        raise failed[0][1]
    for item, cause in failed:
        aside(item, cause)

"""The two accounts of messages: what was received where they are first held, and what was committed of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

import psycopg

from quantrac.domain.receipts import ReceiptKey, ReceiptLine
from sql.connections import ANSWER_S, connect, translated
from sql.statements import statement
from sql.storable import storable


class ReceiptStore:
    """The first account, as the intake's role, which may raise it. A call every few seconds, each with a connection."""

    def __init__(self, conninfo: str) -> None:
        self._conninfo = conninfo

    def add(self, lines: Sequence[ReceiptLine]) -> None:
        """Save lines; the same again, or an older one, changes nothing.

        Raises
        ------
        StoreError
            The database is away, or not migrated.
        """
        arguments = _keys(line.key for line in lines) | {
            "acknowledged": [line.acknowledged for line in lines],
            "by_file": [line.by_file for line in lines],
            "raw_topics": [line.raw_topic for line in lines],
            "raw_partitions": [line.raw_partition for line in lines],
            "last_offsets": [line.last_offset for line in lines],
        }
        with (
            translated("carrying the account of what was received"),
            connect(self._conninfo, "quantrac receipts", answer_s=ANSWER_S) as c,
        ):
            c.execute(statement("add_receipts"), arguments)


class CommittedStore:
    """The second account, in an open transaction."""

    def __init__(self, cursor: psycopg.Cursor[Any]) -> None:
        self._cursor = cursor

    def mark(self, numbers: Mapping[ReceiptKey, Iterable[int]]) -> None:
        """Enter the numbers of messages that this transaction commits; one that is entered already changes nothing."""
        if numbers:
            ranges = [_multirange(sorted(set(of_key))) for of_key in numbers.values()]
            self._cursor.execute(statement("mark_committed"), _keys(numbers) | {"numbers": ranges})

    def add_stored(self, hours: Mapping[tuple[str, datetime], int]) -> None:
        """Count readings that were stored, by station and hour of observation."""
        if hours:
            arguments = {
                "stations": [station for station, _ in hours],
                "hours": [hour for _, hour in hours],
                "stored": list(hours.values()),
            }
            self._cursor.execute(statement("add_stored_hours"), arguments)


def _multirange(numbers: Sequence[int]) -> str:
    """Return ascending numbers as PostgreSQL writes them; a batch's are nearly always one range.

    >>> _multirange([1, 2, 3, 7])
    '{[1,3],[7,7]}'
    """
    # What follows the number before it has the same distance to its place in the list.
    runs = [list(run) for _, run in groupby(enumerate(numbers), key=lambda placed: placed[1] - placed[0])]
    return "{" + ",".join(f"[{run[0][1]},{run[-1][1]}]" for run in runs) + "}"


def _keys(keys: Iterable[ReceiptKey]) -> dict[str, list[Any]]:
    listed = list(keys)
    return {
        "origins": [storable(key.origin) for key in listed],
        "stations": [storable(key.station) for key in listed],
        "hours": [key.hour_start for key in listed],
    }

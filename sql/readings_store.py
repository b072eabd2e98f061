"""Storing a batch of readings: one COPY and one statement while everything is new, exact in every other case."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg

from quantrac.domain.readings import CheckedReading, Flag, Outcome, QcReason, Reading, Status, StoredRow
from sql.statements import statement

Key = tuple[str, str, datetime]
"""Station, parameter, observed_at: what a reading is unique by."""

_STAGED_TYPES = (
    *("int4", "timestamptz", "timestamptz", "float8", "int8", "int4", "float4", "int2", "bool"),
    *("text", "text", "text", "text[]", "text"),
)
"""Of the columns of copy_staged.sql, in its order."""
_REVISION_TYPES = (
    *("text", "text", "timestamptz", "timestamptz", "float8", "text", "int2", "int4", "int8"),
    *("timestamptz", "int4", "int8"),
)
"""Of the columns of copy_revisions.sql, in its order."""


def create_staging(connection: psycopg.Connection[Any]) -> None:
    """Create the connection's staging table; needs the TEMPORARY privilege."""
    connection.execute(statement("create_staging"))


class ReadingsStore:
    """Readings, in an open transaction."""

    def __init__(self, cursor: psycopg.Cursor[Any]) -> None:
        self._cursor = cursor
        self._staged_before = False
        """Whether this transaction has stored readings already, so that the staging table is not empty."""

    def store(self, rows: Sequence[StoredRow]) -> list[Outcome]:
        """Store readings, keep the sums of their hours and days exact, and return what became of each, in order.

        Of rows with the same key the first counts as stored, and each later one is compared with the one before it.
        """
        if not rows:
            return []
        if self._staged_before:
            self._cursor.execute("DELETE FROM staged_readings")
        self._staged_before = True
        with self._cursor.copy(statement("copy_staged")) as copy:
            copy.set_types(_STAGED_TYPES)
            for staged in _staged(rows):
                copy.write_row(staged)
        self._cursor.execute(statement("store_staged"), prepare=True)
        (_, _, _, inserted), *keys = self._cursor.fetchall()
        if inserted == len(rows):
            return [Outcome.STORED] * len(rows)
        return self._compare(rows, {(station, parameter, at) for station, parameter, at, _ in keys})

    def fetch(self, keys: Sequence[Key]) -> list[CheckedReading]:
        """Return the stored readings of (station, parameter, observed_at), in that order; unknown keys are left out."""
        found = self._rows_of(keys)
        return [found[key].checked for key in keys if key in found]

    def _rows_of(self, keys: Sequence[Key]) -> dict[Key, StoredRow]:
        if not keys:
            return {}
        stations, parameters, instants = (list(column) for column in zip(*keys, strict=True))
        self._cursor.execute(
            statement("readings_of_keys"), {"stations": stations, "parameters": parameters, "instants": instants}
        )
        return {(row[0], row[1], row[2]): _stored_row(row) for row in self._cursor}

    def _compare(self, rows: Sequence[StoredRow], inserted: set[Key]) -> list[Outcome]:
        outcomes, contenders = [Outcome.STORED] * len(rows), []
        for position, row in enumerate(rows):
            key = _key(row)
            if key in inserted:
                inserted.remove(key)
            else:
                contenders.append(position)
        disputed = list({_key(rows[position]) for position in contenders})
        kept = {key: _Kept(row) for key, row in self._rows_of(disputed).items()}
        replaced: list[tuple[StoredRow, StoredRow]] = []
        for position in contenders:
            row, stored = rows[position], kept[_key(rows[position])]
            if _says_the_same(row, stored.row):
                outcomes[position] = Outcome.DUPLICATE
            else:
                outcomes[position] = Outcome.REVISION
                replaced.append((stored.row, row))
                stored.row, stored.position = row, position
        if replaced:
            self._revise(replaced, [k.position for k in kept.values() if k.position is not None])
        return outcomes

    def _revise(self, replaced: Iterable[tuple[StoredRow, StoredRow]], positions: Sequence[int]) -> None:
        with self._cursor.copy(statement("copy_revisions")) as copy:
            copy.set_types(_REVISION_TYPES)
            for old, new in replaced:
                copy.write_row(_revision(old, new))
        self._cursor.execute(statement("revise_readings"), {"positions": list(positions)})


def _staged(rows: Iterable[StoredRow]) -> Iterator[tuple[object, ...]]:
    for position, row in enumerate(rows):
        checked = row.checked
        reading = checked.reading
        yield (
            position,
            reading.observed_at,
            reading.received_at,
            reading.value,
            row.offset,
            row.partition,
            checked.score,
            checked.flag.value,
            checked.late,
            reading.station,
            reading.parameter,
            reading.status.value,
            [reason.value for reason in checked.reasons] or None,
            checked.score_reason,
        )


def _stored_row(row: Sequence[Any]) -> StoredRow:
    station, parameter, observed_at, received_at, value, status, flag, reasons, score, score_reason, late, *raw = row
    reading = Reading(station, parameter, observed_at, received_at, value, Status.from_code(status))
    names = tuple(QcReason(name) for name in reasons or ())
    return StoredRow(CheckedReading(reading, Flag(flag), names, score, score_reason, late), *raw)


@dataclass(slots=True)
class _Kept:
    """What is stored under one key while the rows of a batch are compared with it in order."""

    row: StoredRow
    position: int | None = None
    """Place in the batch of the row that replaces the stored one; ``None`` while none does."""


def _revision(old: StoredRow, new: StoredRow) -> tuple[object, ...]:
    reading = old.checked.reading
    return (
        reading.station,
        reading.parameter,
        reading.observed_at,
        reading.received_at,
        reading.value,
        reading.status.value,
        old.checked.flag.value,
        old.partition,
        old.offset,
        new.checked.reading.received_at,
        new.partition,
        new.offset,
    )


def _key(row: StoredRow) -> Key:
    reading = row.checked.reading
    return reading.station, reading.parameter, reading.observed_at


def _says_the_same(one: StoredRow, other: StoredRow) -> bool:
    a, b = one.checked.reading, other.checked.reading
    return a.value == b.value and a.status is b.status

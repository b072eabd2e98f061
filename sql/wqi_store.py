"""The water quality index of hot spots: which hours and days are due, and what was computed of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sql.connections import connect, translated
from sql.statements import statement

APPLICATION = "quantrac wqi"
MOST_WINDOWS = 5000
"""Per transaction: half a year of one hot spot."""


@dataclass(frozen=True, slots=True)
class DueIndex:
    """An hour or day of a station whose index is to be computed, with what was found of each parameter."""

    station: str
    window: str
    """``hour`` or ``day``."""
    start: datetime
    means: tuple[tuple[str, float | None, int, int], ...]
    """Parameter, mean, usable and expected readings."""
    judged_until: datetime


@dataclass(frozen=True, slots=True)
class StoredIndex:
    """What is stored of one index; ``value`` is ``None`` where it cannot be computed, and ``reason`` says why."""

    value: int | None
    reason: str
    parameters: tuple[str, ...]


def refresh_indices(
    writer_conninfo: str, stations: Sequence[str], since: datetime, compute: Callable[[DueIndex], StoredIndex]
) -> int:
    """Compute and store the indices of hours and days since an instant whose findings changed; return how many.

    Doing it again changes nothing; two processes at once write the same.

    Raises
    ------
    StoreError
        The database is out of reach or not migrated.
    """
    done = 0
    with translated("computing water quality indices"), connect(writer_conninfo, APPLICATION) as connection:
        arguments = {"stations": list(stations), "since": since, "limit": MOST_WINDOWS}
        while True:
            due = [_due(row) for row in connection.execute(statement("wqi_due"), arguments)]
            cursor = connection.cursor()
            cursor.executemany(statement("save_wqi"), [_row(window, compute(window)) for window in due])
            connection.commit()
            done += len(due)
            if len(due) < MOST_WINDOWS:
                return done


def _due(row: tuple[Any, ...]) -> DueIndex:
    station, window, start, *columns, judged_until = row
    return DueIndex(station, window, start, tuple(zip(*columns, strict=True)), judged_until)


def _row(due: DueIndex, index: StoredIndex) -> dict[str, object]:
    return {
        "station": due.station,
        "window": due.window,
        "window_start": due.start,
        "value": index.value,
        "reason": index.reason,
        "parameters": list(index.parameters),
        "judged_count": len(due.means),
        "judged_until": due.judged_until,
    }

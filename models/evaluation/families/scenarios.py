"""Simulated scenarios: ``<name>.csv`` (observed_at, a column a parameter, its status) and ``<name>_events.csv``.

A value with status 01 or 02 is no measurement: as in the stream it is not shown to a detector, the status is. The
columns ``neighbours`` and ``neighbours_alarmed`` are optional, as is the events' ``magnitude``. The events table has
the columns of Eindhoven's (start, end, cls, type, sensors). An event counts only if a row lies inside.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from models.evaluation.families.base import Family, series_name
from models.evaluation.families.labelled import is_events, labels_of, own, partner, read_events
from models.evaluation.metrics.events import runs
from models.evaluation.tables import Table, read_tables
from models.series import Series, Times

TIME = "observed_at"
STATUS = "_status"
NEIGHBOURS = ("neighbours", "neighbours_alarmed")
_CODES = {"00": 0, "01": 1, "02": 2}
"""What a logger reports: measuring, calibrating, fault (TT 10/2021/TT-BTNMT)."""


def _series(table: Table, events: list[Table], name: str) -> Series:
    times = table.times(TIME)
    columns = tuple(c for c in table.header if c not in (TIME, *NEIGHBOURS) and not c.endswith(STATUS))
    truth = partner(table, times, events, "start")
    labelled = () if truth is None else read_events(truth)
    status = np.column_stack([_statuses(table, c) for c in columns])
    values = np.column_stack([table.floats(c) for c in columns])
    return Series(
        name=name,
        times=times,
        columns=columns,
        values=np.where(status == 0, values, np.nan),
        labels=labels_of(times, labelled),
        events=labelled,
        group=name,
        maintenance={c: _calibrations(times, status[:, i]) for i, c in enumerate(columns)},
        status=status if status.any() else None,
        neighbours=_neighbours(table),
    )


def _statuses(table: Table, column: str) -> npt.NDArray[np.int8]:
    cells = table.cells.get(column + STATUS, ["00"] * table.rows)
    return np.array([_CODES.get(cell, 0) for cell in cells], dtype=np.int8)


def _neighbours(table: Table) -> npt.NDArray[np.int16] | None:
    if not table.has(*NEIGHBOURS):
        return None
    return np.column_stack([np.nan_to_num(table.floats(c)) for c in NEIGHBOURS]).astype(np.int16)


def _calibrations(times: Times, status: npt.NDArray[np.int8]) -> tuple[np.datetime64, ...]:
    """Return when each calibration of a sensor began."""
    return tuple(times[first] for first, _ in runs(status == 1))


def load(folder: Path) -> tuple[Series, ...]:
    """Read every series with its events."""
    tables = list(read_tables(folder))
    events = [t for t in tables if is_events(t)]
    return tuple(_series(t, events, series_name(t.path, folder)) for t in tables if t.has(TIME))


SCENARIOS = Family("scenarios", load, own, "the folder of --train, from other seeds")

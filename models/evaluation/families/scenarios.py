"""Simulated scenarios: ``<name>.csv`` (observed_at, a column a parameter, its status) and ``<name>_events.csv``.

The events table has the columns of Eindhoven's (start, end, cls, type, sensors). An event counts only if a row lies
inside.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from models.evaluation.families.base import Family, series_name
from models.evaluation.families.labelled import is_events, labels_of, own, partner, read_events
from models.evaluation.metrics.events import runs
from models.evaluation.tables import Table, read_tables
from models.series import Series, Times

TIME = "observed_at"
STATUS = "_status"
_CALIBRATING = "01"
"""What a logger reports while its instrument is calibrated (TT 10/2021/TT-BTNMT)."""


def _series(table: Table, events: list[Table], name: str) -> Series:
    times = table.times(TIME)
    columns = tuple(c for c in table.header if c != TIME and not c.endswith(STATUS))
    truth = partner(table, times, events, "start")
    labelled = () if truth is None else read_events(truth)
    return Series(
        name=name,
        times=times,
        columns=columns,
        values=np.column_stack([table.floats(c) for c in columns]),
        labels=labels_of(times, labelled),
        events=labelled,
        group=name,
        maintenance={c: _calibrations(table, times, c) for c in columns if table.has(c + STATUS)},
    )


def _calibrations(table: Table, times: Times, column: str) -> tuple[np.datetime64, ...]:
    """Return when each calibration of a sensor began."""
    calibrating = np.array([status == _CALIBRATING for status in table.cells[column + STATUS]], dtype=np.bool_)
    return tuple(times[first] for first, _ in runs(calibrating))


def load(folder: Path) -> tuple[Series, ...]:
    """Read every series with its events."""
    tables = list(read_tables(folder))
    events = [t for t in tables if is_events(t)]
    return tuple(_series(t, events, series_name(t.path, folder)) for t in tables if t.has(TIME))


SCENARIOS = Family("scenarios", load, own, "the folder of --train, from other seeds")

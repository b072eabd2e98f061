"""Simulated scenarios: ``<name>.csv`` (observed_at, a column a parameter) and ``<name>_events.csv`` in one folder.

The events table has the columns of Eindhoven's (start, end, cls, type, sensors). An event counts only if a row lies
inside.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from models.evaluation.families.base import Family, series_name
from models.evaluation.families.labelled import is_events, labels_of, own, partner, read_events
from models.evaluation.tables import Table, read_tables
from models.series import Series

TIME = "observed_at"
FLOW = "FLOW"


def _series(table: Table, events: list[Table], name: str) -> Series:
    times = table.times(TIME)
    columns = tuple(c for c in table.header if c != TIME)
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
    )


def load(folder: Path) -> tuple[Series, ...]:
    """Read every series with its events."""
    tables = list(read_tables(folder))
    events = [t for t in tables if is_events(t)]
    return tuple(_series(t, events, series_name(t.path, folder)) for t in tables if t.has(TIME))


SCENARIOS = Family("scenarios", load, own, "the folder of --train, from other seeds")

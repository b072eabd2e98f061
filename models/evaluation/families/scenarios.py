"""Simulated scenarios: ``<name>.csv`` (observed_at, a column a parameter, its status) and ``<name>_events.csv``.

A value with status 01 or 02 is no measurement: as in the stream it is not shown to a detector, the status is. The
columns ``neighbours``, ``neighbours_alarmed`` and ``<parameter>_limit`` (the legal upper limit, given once) are
optional. The events table has the columns of Eindhoven's (start, end, cls, type, sensors). An event counts only if a
row lies inside.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from models.evaluation.families.base import Family, Run, pooled
from models.evaluation.families.labelled import events_of, is_events, triaged
from models.evaluation.metrics.triage import TriageCount
from models.evaluation.tables import Table, read_tables
from models.protocol import TriageClass
from models.series import Result, Series, TriagedInterval, inside

TIME = "observed_at"
STATUS = "_status"
NEIGHBOURS = ("neighbours", "neighbours_alarmed")
LIMIT = "_limit"
_CODES = {"00": 0, "01": 1, "02": 2}
"""What a logger reports: measuring, calibrating, fault (TT 10/2021/TT-BTNMT)."""


def _series(table: Table, events: list[Table]) -> Series:
    times = table.times(TIME)
    beside = {c for c in table.header if c.endswith((STATUS, LIMIT))}
    columns = table.sensors({TIME, *NEIGHBOURS, *beside})
    labelled = events_of(table, times, events)
    status = np.column_stack([_statuses(table, c) for c in columns])
    reported = table.series(times, columns)
    return replace(
        reported,
        values=np.where(status == 0, reported.values, np.nan),
        labels=inside(times, labelled),
        events=labelled,
        status=status if status.any() else None,
        neighbours=_neighbours(table),
        reported=reported.values,
        legal=_legal(table, columns),
    )


def _statuses(table: Table, column: str) -> npt.NDArray[np.int8]:
    cells = table.cells.get(column + STATUS, ["00"] * table.rows)
    return np.array([_CODES.get(cell, 0) for cell in cells], dtype=np.int8)


def _legal(table: Table, columns: tuple[str, ...]) -> dict[str, float]:
    """Return the first limit given in each column of limits."""
    given = {c: table.floats(c + LIMIT) for c in columns if table.has(c + LIMIT)}
    return {c: float(x[np.isfinite(x)][0]) for c, x in given.items() if np.isfinite(x).any()}


def _neighbours(table: Table) -> npt.NDArray[np.int16] | None:
    if not table.has(*NEIGHBOURS):
        return None
    return np.nan_to_num(table.values(NEIGHBOURS)).astype(np.int16)


def load(folder: Path) -> tuple[Series, ...]:
    """Read every series with its events."""
    tables = list(read_tables(folder))
    events = [t for t in tables if is_events(t)]
    return tuple(_series(t, events) for t in tables if t.has(TIME))


def _count(run: Run) -> TriageCount:
    """Count the triages, with the watches' findings where no alarm judged an event."""
    return triaged(replace(run, result=_with_findings(run.series, run.result)))


def _with_findings(series: Series, result: Result) -> Result:
    """Return the result with findings as judgements beside the alarms.

    An alarm that lies in a suspicion of altered data and is not taken for pollution gives way to it: both are work
    items, and the suspicion says more. A finding of a fault counts only where nothing else was said of those rows.
    """
    suspicions = [f for f in result.findings if f.cls is TriageClass.FALSIFICATION]
    kept = [t for t in result.triage if t.cls is TriageClass.POLLUTION or not any(_overlap(f, t) for f in suspicions)]
    faults = [
        f for f in result.findings
        if f.cls is not TriageClass.FALSIFICATION and not any(_overlap(f, t) for t in (*kept, *suspicions))
    ]  # fmt: skip
    shown = sorted((*kept, *suspicions, *faults), key=lambda t: t.start)
    alarm = result.alarm | inside(series.times, (*suspicions, *faults))[:, None]
    return replace(result, alarm=alarm, triage=tuple(shown))


def _overlap(one: TriagedInterval, other: TriagedInterval) -> bool:
    return bool(one.start <= other.end and one.end >= other.start)


SCENARIOS = Family("scenarios", load, pooled(_count, TriageCount.figures, TriageCount()))

"""oddwater: river sensors in Queensland with typed technical anomalies, irregular 60-90 min.

The published target is the high-priority types on turbidity and conductivity: large sudden spike (A), sudden shift (D)
and spike cluster (I), Leigh et al. 2019. Rows with a missing measurement and rows with only other types are left out
of the count. Drift (H) is reported by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from models.evaluation.families.base import Family, OwnFigures, Run, by_row, series_name
from models.evaluation.metrics.events import runs as stretches
from models.evaluation.tables import Table, read_tables
from models.series import Bools, Event, Series

HIGH_PRIORITY = frozenset("ADI")
DRIFT = "H"
_TARGETS = ("Cond", "Tur")
_NORMAL = frozenset({"0", "0.0", "", "NA", "nan"})


def _of_type(table: Table, sensor: str, wanted: frozenset[str]) -> Bools:
    return np.array([cell.strip() in wanted for cell in table.cells[f"type_{sensor}"]], dtype=np.bool_)


def _series(table: Table, name: str) -> Series:
    columns = tuple(c for c in ("Level", *_TARGETS) if table.has(c))
    targets = [c for c in _TARGETS if table.has(c, f"type_{c}")]
    typed = [c for c in columns if table.has(f"type_{c}")]
    values = np.column_stack([table.floats(c) for c in columns])
    labels = np.logical_or.reduce([_of_type(table, c, HIGH_PRIORITY) for c in targets])
    other = np.logical_or.reduce([~_of_type(table, c, _NORMAL) for c in typed])
    drift = np.logical_or.reduce([_of_type(table, c, frozenset(DRIFT)) for c in targets])
    times = table.times("Timestamp")
    return Series(
        name=name,
        times=times,
        columns=columns,
        values=values,
        labels=labels,
        events=tuple(Event(times[a], times[b], "drift") for a, b in stretches(drift)),
        covariates=tuple(c for c in columns if c not in targets),
        ignore=~labels & (other | np.isnan(values).any(axis=1)),
        group=name,
    )


def load(folder: Path) -> tuple[Series, ...]:
    """Read every file with time stamps and at least one typed sensor."""
    tables = (t for t in read_tables(folder) if t.has("Timestamp") and any(t.has(c, f"type_{c}") for c in _TARGETS))
    return tuple(_series(t, series_name(t.path, folder)) for t in tables)


def _drift_rows(run: Run) -> tuple[int, int]:
    alarm = by_row(run.result.alarm)
    drift = np.zeros(len(alarm), dtype=np.bool_)
    for event in run.series.events:
        drift |= (run.series.times >= event.start) & (run.series.times <= event.end)
    return int(np.count_nonzero(drift & alarm)), int(np.count_nonzero(drift))


def own(runs: Sequence[Run]) -> OwnFigures:
    """Return the share of the drifting rows that are alarmed (``None`` without drift)."""
    counts = [_drift_rows(run) for run in runs]
    found, total = sum(f for f, _ in counts), sum(t for _, t in counts)
    files = tuple({"drift_recall": f / t if t else None} for f, t in counts)
    return OwnFigures({"drift_recall": found / total if total else None}, files)


ODDWATER = Family("oddwater", load, own, "nothing but --train; the score is by row")

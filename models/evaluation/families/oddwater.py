"""oddwater: river sensors in Queensland with typed technical anomalies, irregular 60-90 min.

The published target is the high-priority types on turbidity and conductivity: large sudden spike (A), sudden shift (D)
and spike cluster (I), Leigh et al. 2019. Rows with a missing measurement and rows with only other types are left out
of the count. Drift (H) is reported by itself: a row counts as found where it is alarmed or a slow watch finds a drift.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from models.evaluation.families.base import Family, Figures, OwnFigures, Run, by_row, series_name
from models.evaluation.tables import Table, read_tables
from models.protocol import Reason
from models.series import Bools, Event, Series, inside, stretches

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
        events=tuple(Event(times[a], times[b - 1], "drift") for a, b in stretches(drift)),
        covariates=tuple(c for c in columns if c not in targets),
        ignore=~labels & (other | np.isnan(values).any(axis=1)),
        in_river=True,
        group=name,
    )


def load(folder: Path) -> tuple[Series, ...]:
    """Read every file with time stamps and at least one typed sensor."""
    tables = (t for t in read_tables(folder) if t.has("Timestamp") and any(t.has(c, f"type_{c}") for c in _TARGETS))
    return tuple(_series(t, series_name(t.path, folder)) for t in tables)


def _drift_counts(run: Run) -> tuple[int, int, int, int]:
    """Return the drifting rows that were found and all of them, the false rows and all normal ones."""
    series = run.series
    slow = [f for f in run.result.findings if f.reason in {Reason.DRIFT, Reason.FOULING}]
    found = by_row(run.result.alarm) | inside(series.times, slow)
    drift = inside(series.times, series.events)
    beside = np.zeros(len(found), dtype=np.bool_)
    for marked in (series.labels, series.ignore):
        beside |= False if marked is None else marked
    normal = ~beside
    return int((drift & found).sum()), int(drift.sum()), int((normal & found).sum()), int(normal.sum())


def _drift_figures(found: int, drift: int, false: int, normal: int) -> Figures:
    return {
        "drift_recall": found / drift if drift else None,
        "drift_false_rows": false / normal if normal else None,
    }


def own(runs: Sequence[Run]) -> OwnFigures:
    """Return the shares of the drifting rows and of the normal rows that are found (``None`` where there are none)."""
    counts = [_drift_counts(run) for run in runs]
    total = [sum(column) for column in zip(*counts, strict=True)] or [0, 0, 0, 0]
    return OwnFigures(_drift_figures(*total), tuple(_drift_figures(*c) for c in counts))


ODDWATER = Family("oddwater", load, own, 0.02)

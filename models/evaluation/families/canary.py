"""US EPA CANARY tutorial, station B: real drinking water, a row in 20 min, no labels: a background for the exam."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from models.evaluation.families.base import Family, no_own_metric, series_name
from models.evaluation.tables import Table, read_tables
from models.series import Series

_TIME = "Time_Step"
_SYMBOLS = {
    "B_CL2_VAL": "Cl", "B_TURB_VAL": "TURB", "B_PH_VAL": "pH", "B_TOC_VAL": "TOC", "B_COND_VAL": "COND",
    "B_TEMP_VAL": "Temp", "B_PLNT_FLOW_OP": "Flow",
}  # fmt: skip
"""Of the columns of the plant beside it, only its flow counts."""
_COVARIATES = ("Temp", "Flow")


def _series(table: Table, name: str) -> Series:
    columns = [c for c in _SYMBOLS if table.has(c)]
    named = tuple(_SYMBOLS[c] for c in columns)
    return Series(
        name=name,
        times=_times(table),
        columns=named,
        values=np.column_stack([table.floats(c) for c in columns]),
        covariates=tuple(c for c in _COVARIATES if c in named),
        group=name,
    )


def _times(table: Table) -> np.ndarray[tuple[int], np.dtype[np.datetime64]]:
    """Read month/day/year stamps."""
    cells = table.cells[_TIME]
    return np.array([f"{c[6:10]}-{c[:2]}-{c[3:5]}T{c[11:]}" for c in cells], dtype="datetime64[ns]")


def load(folder: Path) -> tuple[Series, ...]:
    """Read every file that has the stamps and a known column."""
    tables = (t for t in read_tables(folder) if t.has(_TIME) and any(t.has(c) for c in _SYMBOLS))
    return tuple(_series(t, series_name(t.path, folder)) for t in tables)


CANARY = Family("canary", load, no_own_metric)

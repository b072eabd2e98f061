"""Eindhoven wastewater works, the signals before anything was injected: backgrounds for the exam, 5 min.

Three points of the works stand for three stations of one site. A column that is a tenth of the time missing, zero or
still is left out; rows where one of the others is so are marked, and neither injected into nor counted.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from models.evaluation.families.base import Family, no_own_metric, series_name
from models.evaluation.tables import Table, read_tables
from models.series import Bools, Floats, Series, stretches, widened

_TIME = "Time"
_POINTS = {
    "line 3": {"TSS_line3": "TSS", "NO3_line3": "NO3", "CODtot_line3": "COD", "CODsol_line3": "COD_soluble",
               "NH3_line3": "NH4", "Flow_line3": "Flow"},
    "line 2": {"TSS_line2": "TSS", "NO3_line2": "NO3", "CODtot_line2": "COD", "CODsol_line2": "COD_soluble",
               "Cond_line2": "COND", "Turb_line2": "TURB", "Flow_line2": "Flow"},
    "buffer tank": {"TSS_efflRBT": "TSS", "NO3_efflRBT": "NO3", "CODtot_efflRBT": "COD",
                    "CODsol_efflRBT": "COD_soluble", "NH4_efflPST": "NH4", "PO4_efflPST": "PO4", "Flow_total": "Flow"},
}  # fmt: skip
"""The ammonium of line 3 is published as NH3."""
_STILL_ROWS = 12
_SPOILT_SHARE = 0.1
_AROUND_ROWS = 6


def _series(table: Table, point: str, names: dict[str, str], name: str) -> Series | None:
    columns = [c for c in names if table.has(c)]
    values = {c: table.floats(c) for c in columns}
    spoilt = {c: _spoilt(x) for c, x in values.items()}
    columns = [c for c in columns if spoilt[c].mean() < _SPOILT_SHARE]
    if len(columns) < 2:
        return None
    return Series(
        name=f"{name} {point}",
        times=table.times(_TIME),
        columns=tuple(names[c] for c in columns),
        values=np.column_stack([values[c] for c in columns]),
        ignore=widened(np.logical_or.reduce([spoilt[c] for c in columns]), _AROUND_ROWS),
        group="eindhoven",
    )


def _spoilt(x: Floats) -> Bools:
    """Return true where a value is missing, exactly zero, or one of twelve equal ones in a row."""
    out: Bools = np.isnan(x) | (x == 0.0)
    for first, stop in stretches(np.concatenate([np.diff(x) == 0, [False]])):
        if stop - first >= _STILL_ROWS:
            out[first : stop + 1] = True
    return out


def load(folder: Path) -> tuple[Series, ...]:
    """Read every file of raw signals."""
    tables = [t for t in read_tables(folder) if t.has(_TIME, "Flow_total")]
    made = (_series(t, p, names, series_name(t.path, folder)) for t in tables for p, names in _POINTS.items())
    return tuple(s for s in made if s is not None)


EINDHOVEN_RAW = Family("eindhoven_raw", load, no_own_metric)

"""Eindhoven wastewater works, the signals before anything was injected: backgrounds for the exam, 5 min.

Three points of the works stand for three stations of one site. A column that is a tenth of the time missing, zero or
still is left out; rows where one of the others is so are marked, and neither injected into nor counted.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from scipy.ndimage import binary_dilation

from models.evaluation.families.base import Family, each_file
from models.evaluation.tables import Table
from models.series import Bools, Floats, Series, stretches

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


def _series(table: Table) -> Iterator[Series]:
    for point, names in _POINTS.items() if table.has(_TIME, "Flow_total") else ():
        spoilt = {c: _spoilt(table.floats(c)) for c in names if table.has(c)}
        columns = [c for c, rows in spoilt.items() if rows.mean() < _SPOILT_SHARE]
        if len(columns) > 1:
            ignore = binary_dilation(np.logical_or.reduce([spoilt[c] for c in columns]), iterations=_AROUND_ROWS)
            series = table.series(table.times(_TIME), columns, names)
            yield replace(series, name=f"{table.name} {point}", ignore=ignore, group="eindhoven")


def _spoilt(x: Floats) -> Bools:
    """Return true where a value is missing, exactly zero, or one of twelve equal ones in a row."""
    out: Bools = np.isnan(x) | (x == 0.0)
    for first, stop in stretches(np.concatenate([np.diff(x) == 0, [False]])):
        if stop - first >= _STILL_ROWS:
            out[first : stop + 1] = True
    return out


EINDHOVEN_RAW = Family("eindhoven_raw", each_file(_series), folder="eindhoven")

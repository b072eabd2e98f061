"""GECCO 2017/2018 challenge: drinking water, one row a minute; EVENT marks a remarkable change of the water.

Official score: point-wise F1 on EVENT. Flow and temperature are operational and never events by themselves.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from models.evaluation.families.base import Family, no_own_metric, series_name
from models.evaluation.tables import Table, read_tables
from models.series import Series

_SYMBOLS = {
    "Leit": "COND",
    "Trueb": "TURB",
    "Tp": "Temp",
    "Fm": "Flow_1",
    "Fm_2": "Flow_2",
    "Cl": "ClO2",
    "Cl_2": "ClO2_2",
}
_COVARIATES = ("Temp", "Flow_1", "Flow_2")


def _series(table: Table, name: str) -> Series:
    columns = table.sensors({"Time", "EVENT"})
    return Series(
        name=name,
        times=table.times("Time"),
        columns=tuple(_SYMBOLS.get(c, c) for c in columns),
        values=np.column_stack([table.floats(c) for c in columns]),
        labels=table.flags("EVENT"),
        covariates=tuple(_SYMBOLS[c] for c in columns if _SYMBOLS.get(c) in _COVARIATES),
        group=name,
    )


def load(folder: Path) -> tuple[Series, ...]:
    """Read every file that has the columns Time and EVENT."""
    return tuple(_series(t, series_name(t.path, folder)) for t in read_tables(folder) if t.has("Time", "EVENT"))


GECCO = Family("gecco", load, no_own_metric, 0.15)

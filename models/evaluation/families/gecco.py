"""GECCO 2017/2018 challenge: drinking water, one row a minute; EVENT marks a remarkable change of the water.

Official score: point-wise F1 on EVENT. Flow and temperature are operational and never events by themselves.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from models.evaluation.families.base import Family, each_file
from models.evaluation.tables import Table
from models.series import Series

_SYMBOLS = {
    "Leit": "COND", "Trueb": "TURB", "Tp": "Temp", "Fm": "Flow_1", "Fm_2": "Flow_2", "Cl": "ClO2", "Cl_2": "ClO2_2",
}  # fmt: skip
_COVARIATES = ("Temp", "Flow_1", "Flow_2")


def _series(table: Table) -> Iterator[Series]:
    if table.has("Time", "EVENT"):
        columns = table.sensors({"Time", "EVENT"})
        series = table.series(table.times("Time"), columns, _SYMBOLS, _COVARIATES)
        yield replace(series, labels=table.flags("EVENT"))


GECCO = Family("gecco", each_file(_series), budget_per_day=0.15)

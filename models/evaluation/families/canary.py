"""US EPA CANARY tutorial, station B: real drinking water, a row in 20 min, no labels: a background for the exam."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from models.evaluation.families.base import Family, each_file
from models.evaluation.tables import Table
from models.series import Series

_TIME = "Time_Step"
"""Month/day/year and time of the day."""
_SYMBOLS = {
    "B_CL2_VAL": "Cl", "B_TURB_VAL": "TURB", "B_PH_VAL": "pH", "B_TOC_VAL": "TOC", "B_COND_VAL": "COND",
    "B_TEMP_VAL": "Temp", "B_PLNT_FLOW_OP": "Flow",
}  # fmt: skip
"""Of the columns of the plant beside it, only its flow counts."""
_COVARIATES = ("Temp", "Flow")


def _series(table: Table) -> Iterator[Series]:
    columns = [c for c in _SYMBOLS if table.has(c)]
    if table.has(_TIME) and columns:
        stamps = [f"{c[6:10]}-{c[:2]}-{c[3:5]}T{c[11:]}" for c in table.cells[_TIME]]
        yield table.series(np.array(stamps, dtype="datetime64[ns]"), columns, _SYMBOLS, _COVARIATES)


CANARY = Family("canary", each_file(_series))

"""oddwater: river sensors in Queensland with typed technical anomalies, irregular 60-90 min.

The published target is the high-priority types on turbidity and conductivity: large sudden spike (A), sudden shift (D)
and spike cluster (I), Leigh et al. 2019. Rows with a missing measurement and rows with only other types are left out
of the count.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from models.evaluation.families.base import Family, each_file
from models.evaluation.tables import Table
from models.series import Bools, Series

_HIGH_PRIORITY = frozenset("ADI")
_TARGETS = ("Cond", "Tur")
_NORMAL = frozenset({"0", "0.0", "", "NA", "nan"})


def _of_type(table: Table, sensor: str, wanted: frozenset[str]) -> Bools:
    return np.array([cell.strip() in wanted for cell in table.cells[f"type_{sensor}"]], dtype=np.bool_)


def _series(table: Table) -> Iterator[Series]:
    targets = [c for c in _TARGETS if table.has(c, f"type_{c}")]
    if not table.has("Timestamp") or not targets:
        return
    columns = tuple(c for c in ("Level", *_TARGETS) if table.has(c))
    series = table.series(table.times("Timestamp"), columns, covariates={*columns} - {*targets})
    labels = np.logical_or.reduce([_of_type(table, c, _HIGH_PRIORITY) for c in targets])
    other = np.logical_or.reduce([~_of_type(table, c, _NORMAL) for c in columns if table.has(f"type_{c}")])
    ignore = ~labels & (other | np.isnan(series.values).any(axis=1))
    yield replace(series, labels=labels, ignore=ignore, in_river=True)


ODDWATER = Family("oddwater", each_file(_series), budget_per_day=0.02)

"""Logan River Observatory: aquatic sensors, 15 min, labelled sensor by sensor by technicians.

A raw value is anomalous when its qualifier is not NULL, or the corrected or the raw value is -9999. Real floods are
valid data. The four scored sensors are temp, cond, ph and do; turbidity and stage are covariates.

The published score is the overlap F1, pooled over sensors (Jones, Jones and Horsburgh 2022, pyhydroqc): label and
detection are widened by one sample; each contiguous group of their union is judged as a whole. All its points are true
positives if it holds both, false positives if it holds only a detection, false negatives if only a label.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import takewhile

import numpy as np
from scipy.ndimage import binary_dilation

from models.evaluation.families.base import Family, Run, each_file, pooled
from models.evaluation.metrics.points import Confusion
from models.evaluation.tables import Table
from models.series import Bools, Series, stretches

_SENSORS = ("temp", "cond", "ph", "do")
_COVARIATES = ("turb", "stage")
_NO_VALUE = -9999.0


def _label(table: Table, sensor: str) -> Bools:
    label: Bools = ~table.missing(f"{sensor}_qual") | (table.floats(sensor) == _NO_VALUE)
    if table.has(f"{sensor}_cor"):
        label |= table.floats(f"{sensor}_cor") == _NO_VALUE
    return label


def _series(table: Table) -> Iterator[Series]:
    scored = tuple(s for s in _SENSORS if table.has(s, f"{s}_qual"))
    if not table.has("datetime") or not scored:
        return
    columns = scored + tuple(c for c in _COVARIATES if table.has(c))
    series = table.series(table.times("datetime"), columns, covariates=_COVARIATES)
    unlabelled = np.zeros(table.rows, dtype=np.bool_)
    yield replace(
        series,
        values=np.where(series.values == _NO_VALUE, np.nan, series.values),
        labels=np.column_stack([_label(table, c) if c in scored else unlabelled for c in columns]),
        in_river=True,
        group="".join(takewhile(lambda c: not c.isdigit(), table.path.name)),  # the site
    )


def overlap_confusion(truth: Bools, alarm: Bools) -> Confusion:
    """Count the points of one sensor's series by groups of the widened union."""
    label, detection = binary_dilation(truth), binary_dilation(alarm)
    counts = Confusion(tn=int(np.count_nonzero(~(label | detection))))
    for first, stop in stretches(label | detection):
        size, labelled = stop - first, bool(label[first:stop].any())
        if not detection[first:stop].any():
            counts += Confusion(fn=size)
        elif labelled:
            counts += Confusion(tp=size)
        else:
            counts += Confusion(fp=size)
    return counts


def _count(run: Run) -> Confusion:
    labels, alarm = run.series.labels, run.result.alarm
    if labels is None:
        return Confusion()
    return sum((overlap_confusion(labels[:, i], alarm[:, i]) for i in run.series.target_places), Confusion())


LRO = Family("lro", each_file(_series), pooled(_count, lambda c: {"overlap_f1": c.f1}, Confusion()), 0.12)

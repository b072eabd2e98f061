"""Rows for the second stage: scale-free features of a row, its class, and what it weighs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.compiled import compiled
from models.features.table import SLOW_5, Features
from models.protocol import TriageClass
from models.series import Bools, Floats, Ints, Series, stretches

Matrix = npt.NDArray[np.float32]

NORMAL, ANOMALY, POLLUTION = 0, 1, 2
"""Classes of the second stage. ANOMALY is a fault where pollution is told apart, else any labelled row."""

_TOP = 3
_EVENT_ROWS = 12
"""An event longer than this weighs no more than the square root of its length says."""


@dataclass(frozen=True, slots=True)
class Examples:
    """What one series teaches: a matrix of rows, their classes and weights."""

    x: Matrix
    y: Ints
    weight: Floats


def matrix(features: Features, watched: Bools) -> Matrix:
    """Return what the second stage sees, shape (rows, features): the sensors that moved most, and the row.

    ``watched`` has shape (rows, sensors): which may be alarmed.
    """
    cells = features.cells
    known = cells.shape[2]
    out: Matrix = np.zeros((len(cells), (2 * _TOP + 1) * known + features.rows.shape[1]), dtype=np.float32)
    _fill(cells, features.rows, watched, SLOW_5, out)
    return out


@compiled
def _fill(cells: Floats, rows: Floats, chosen: Bools, key: int, out: Matrix) -> None:
    """Write features of the chosen sensors that moved most, the largest of each feature, the row, all others."""
    sensors, known = cells.shape[1:]
    for i in range(len(cells)):
        cell, left = cells[i], chosen[i].copy()
        for place in range(min(_TOP, left.sum())):
            moved = _farthest(cell, left, key)
            left[moved] = False
            out[i, place * known : (place + 1) * known] = cell[moved]
        largest, around = out[i, _TOP * known : 2 * _TOP * known], out[i, len(out[i]) - known :]
        for k in range(known):
            for j in range(sensors):
                size = np.float32(abs(cell[j, k]))
                if not chosen[i, j]:
                    around[k] = max(around[k], size)
                    continue
                for place in range(_TOP):
                    held = largest[place * known + k]
                    if size > held:
                        largest[place * known + k], size = size, held
        out[i, 2 * _TOP * known : len(out[i]) - known] = rows[i]


@compiled
def _farthest(cell: Floats, left: Bools, key: int) -> int:
    moved = -1
    for j in range(len(cell)):
        if left[j] and (moved < 0 or abs(cell[j, key]) > abs(cell[moved, key])):
            moved = j
    return moved


def classes(series: Series, targets: list[int]) -> Ints:
    """Return the class of every row."""
    if series.labels is None:
        return np.zeros(len(series.times), dtype=np.int64)
    flat = series.labels if series.labels.ndim == 1 else series.labels[:, targets].any(axis=1)
    y: Ints = np.asarray(flat, dtype=np.int64)
    for event in series.events:
        if event.cls is TriageClass.POLLUTION:
            y[series.within(event) & flat] = POLLUTION
    return y


def event_weights(labels: Bools) -> Floats:
    """Return weights by which a long event counts little more than a short one: sqrt(12 rows / length)."""
    weight = np.ones(len(labels))
    for first, stop in stretches(labels):
        weight[first:stop] = min(3.0, float(np.sqrt(_EVENT_ROWS / (stop - first))))
        if stop - first <= _EVENT_ROWS:
            weight[first:stop] = max(1.0, min(weight[first], 2.0))
    return weight

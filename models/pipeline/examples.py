"""Rows for the second stage: scale-free features of a row, its class, and what it weighs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.features.table import Features
from models.protocol import TriageClass
from models.series import Bools, Floats, Ints, Series

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


def target_columns(series_columns: tuple[str, ...], covariates: tuple[str, ...]) -> list[int]:
    """Return the columns that may be alarmed; all, if every column is a covariate."""
    targets = [i for i, c in enumerate(series_columns) if c not in covariates]
    return targets or list(range(len(series_columns)))


def matrix(features: Features, targets: list[int]) -> Matrix:
    """Return what the second stage sees, shape (rows, features): the sensors that moved most, and the row."""
    cells = features.cells
    others = [i for i in range(cells.shape[1]) if i not in targets]
    around = np.abs(cells[:, others]).max(axis=1) if others else np.zeros((len(cells), cells.shape[2]))
    judged = cells[:, targets]
    magnitude = np.abs(judged)
    key = magnitude[:, :, features.cell_names.index("slow_5")]
    top = min(_TOP, len(targets))
    order = np.argsort(-key, axis=1, kind="stable")[:, :top]
    leading = _padded(np.take_along_axis(judged, order[:, :, None], axis=1))
    largest = _padded(-np.sort(-magnitude, axis=1)[:, :top])
    return np.concatenate([leading, largest, features.rows, around], axis=1).astype(np.float32)


def _padded(top: Floats) -> Floats:
    missing = _TOP - top.shape[1]
    full = np.pad(top, ((0, 0), (0, missing), (0, 0))) if missing else top
    return full.reshape(len(full), -1)


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


def event_weights(labels: Bools, event_rows: int = _EVENT_ROWS) -> Floats:
    """Return weights by which a long event counts little more than a short one: sqrt(event_rows / length)."""
    weight = np.ones(len(labels))
    edges = np.flatnonzero(np.diff(np.concatenate(([False], labels, [False])).astype(np.int8)))
    for first, stop in zip(edges[::2], edges[1::2], strict=True):
        weight[first:stop] = min(3.0, float(np.sqrt(event_rows / (stop - first))))
        if stop - first <= event_rows:
            weight[first:stop] = max(1.0, min(weight[first], 2.0))
    return weight

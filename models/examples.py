"""Rows for the second stage: scale-free features of a row or of a cell, its class, and what it weighs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.families import FamilyConfig
from models.features.table import Features
from models.protocol import TriageClass
from models.series import Bools, Floats, Ints, Series, stretches

Matrix = npt.NDArray[np.float32]

NORMAL, ANOMALY, POLLUTION = 0, 1, 2
"""Classes of the second stage. ANOMALY is a fault where pollution is told apart, else any labelled row."""

_TOP = 3


@dataclass(frozen=True, slots=True)
class Examples:
    """Matrices of one series; one per judged sensor for families judged by sensor, else one."""

    x: tuple[Matrix, ...]
    y: tuple[Ints, ...]
    weight: tuple[Floats, ...]


def target_columns(series_columns: tuple[str, ...], covariates: tuple[str, ...]) -> list[int]:
    """Return the columns that may be alarmed; all, if every column is a covariate."""
    targets = [i for i, c in enumerate(series_columns) if c not in covariates]
    return targets or list(range(len(series_columns)))


def matrices(features: Features, targets: list[int], config: FamilyConfig) -> tuple[Matrix, ...]:
    """Return what the second stage sees, shape (rows, features): one matrix a row, or one for each judged sensor."""
    cells = features.cells
    others = [i for i in range(cells.shape[1]) if i not in targets]
    around = np.abs(cells[:, others]).max(axis=1) if others else np.zeros((len(cells), cells.shape[2]))
    if config.by_sensor:
        return tuple(_cell_matrix(features, j, targets, around, config) for j in targets)
    judged = cells[:, targets]
    magnitude = np.abs(judged)
    key = magnitude[:, :, features.cell_names.index("slow_5")]
    top = min(_TOP, len(targets))
    order = np.argsort(-key, axis=1, kind="stable")[:, :top]
    leading = _padded(np.take_along_axis(judged, order[:, :, None], axis=1))
    largest = _padded(-np.sort(-magnitude, axis=1)[:, :top])
    parts = [leading, largest, features.rows, around]
    return (np.concatenate(parts, axis=1).astype(np.float32),)


def _padded(top: Floats) -> Floats:
    missing = _TOP - top.shape[1]
    full = np.pad(top, ((0, 0), (0, missing), (0, 0))) if missing else top
    return full.reshape(len(full), -1)


def _cell_matrix(features: Features, j: int, targets: list[int], around: Floats, config: FamilyConfig) -> Matrix:
    own = features.cells[:, j]
    if not config.surroundings:
        return np.concatenate([own, features.rows], axis=1).astype(np.float32)
    siblings = [i for i in targets if i != j]
    beside = np.abs(features.cells[:, siblings]).max(axis=1) if siblings else np.zeros_like(own)
    return np.concatenate([own, np.abs(own), beside, around, features.rows], axis=1).astype(np.float32)


def classes(series: Series, targets: list[int], by_sensor: bool) -> tuple[Ints, ...]:
    """Return the class of every row (for each judged sensor, where judged by sensor)."""
    rows = len(series.times)
    if series.labels is None:
        return tuple(np.zeros(rows, dtype=np.int64) for _ in (targets if by_sensor else [0]))
    if by_sensor and series.labels.ndim == 2:
        return tuple(series.labels[:, j].astype(np.int64) for j in targets)
    flat = series.labels if series.labels.ndim == 1 else series.labels[:, targets].any(axis=1)
    y: Ints = np.asarray(flat, dtype=np.int64)
    for event in series.events:
        if event.cls is TriageClass.POLLUTION:
            y[series.within(event) & flat] = POLLUTION
    return tuple(y for _ in (targets if by_sensor else [0]))


def event_weights(labels: Bools, event_rows: int) -> Floats:
    """Return weights by which a long event counts little more than a short one: sqrt(event_rows / length)."""
    weight = np.ones(len(labels))
    edges = np.flatnonzero(np.diff(np.concatenate(([False], labels, [False])).astype(np.int8)))
    for first, stop in zip(edges[::2], edges[1::2], strict=True):
        weight[first:stop] = min(3.0, float(np.sqrt(event_rows / (stop - first))))
        if stop - first <= event_rows:
            weight[first:stop] = max(1.0, min(weight[first], 2.0))
    return weight


def inner_rows(labels: Bools, edge_rows: int) -> Bools:
    """Return true for the rows of an event that are ``edge_rows`` and more from both its ends; none if that is 0.

    >>> inner_rows(np.array([False, True, True, True, True, True]), 2).tolist()
    [False, False, False, True, False, False]
    """
    inner = np.zeros(len(labels), dtype=np.bool_)
    if edge_rows > 0:
        for first, stop in stretches(labels):
            inner[first + edge_rows : max(stop - edge_rows, first + edge_rows)] = True
    return inner

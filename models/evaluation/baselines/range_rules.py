"""Rules only: outside the range seen in training, missing, or unchanged for long. What most stations have today."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from models.evaluation.baselines.rows import columns_of, head_rows
from models.series import Bools, Floats, Result, Series

_MARGIN = 0.1
"""Share of the range seen that is added on both sides."""
_PERSISTENCE_FACTOR = 2
"""A value is frozen when unchanged for this many times the longest stretch seen in training."""
_PERSISTENCE_MIN = 30


@dataclass
class RangeRulesBaseline:
    """Range, missing and persistence rules by sensor: lowest and highest value, longest unchanged stretch."""

    known: dict[str, list[tuple[float, float, int]]] = field(default_factory=dict)
    by_sensor: bool = False

    def fit(self, train: Sequence[Series]) -> RangeRulesBaseline:
        """Learn range and longest unchanged stretch of each sensor from its normal values."""
        self.by_sensor = any(s.labels is not None and s.labels.ndim == 2 for s in train)
        for series in train:
            for i, column in enumerate(series.columns):
                if column in series.targets:
                    self.known.setdefault(column, []).append(_learnt(_normal(series, i)))
        return self

    def run(self, series: Series) -> Result:
        """Judge a series."""
        alarm = np.column_stack([self._broken(series, c) for c in series.targets])
        if self.by_sensor:
            return Result(np.where(alarm, 2.0, 0.0), alarm, series.targets)
        rows: Bools = np.asarray(alarm.any(axis=1))
        return Result(np.where(rows, 2.0, 0.0), rows)

    def _broken(self, series: Series, column: str) -> Bools:
        values = columns_of(series, [column])[:, 0]
        known = [] if series.probation_rows else self.known.get(column, [])
        known = known or [_learnt(values[: head_rows(series)])]
        low, high = min(k[0] for k in known), max(k[1] for k in known)
        longest = max(k[2] for k in known)
        outside = (values < low) | (values > high)
        frozen = _unchanged(values) >= max(_PERSISTENCE_MIN, _PERSISTENCE_FACTOR * longest)
        broken: Bools = outside | frozen | np.isnan(values)
        return broken


def _normal(series: Series, column: int) -> Floats:
    values = columns_of(series, [series.columns[column]])[:, 0]
    if series.labels is None:
        return values
    labelled = series.labels if series.labels.ndim == 1 else series.labels[:, column]
    return values[~labelled]


def _learnt(values: Floats) -> tuple[float, float, int]:
    seen = values[~np.isnan(values)]
    if not len(seen):
        return -np.inf, np.inf, 0
    low, high = float(seen.min()), float(seen.max())
    margin = _MARGIN * (high - low)
    return low - margin, high + margin, int(_unchanged(values).max(initial=0))


def _unchanged(values: Floats) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Return for each row how many rows up to it hold the same value (1 = just changed)."""
    index = np.arange(len(values))
    changed = np.ones(len(values), dtype=np.bool_)
    changed[1:] = values[1:] != values[:-1]
    return np.asarray(index - np.maximum.accumulate(np.where(changed, index, 0)) + 1)

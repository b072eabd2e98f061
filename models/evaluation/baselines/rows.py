"""What the baselines share: the head of a series that they may learn from, and its columns cut to numbers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from models.series import Floats, Series

_HEAD = np.timedelta64(3, "D")
_HEAD_MIN, _HEAD_MAX = 200, 10_000
"""Rows of the head where a family names none: three days, whatever the length of the series (else not causal)."""


def head_rows(series: Series) -> int:
    """Return how many rows at the head of a series may be learnt from."""
    if series.probation_rows:
        return series.probation_rows
    within = int(np.count_nonzero(series.times[:_HEAD_MAX] < series.times[0] + _HEAD)) if len(series.times) else 0
    return max(within, _HEAD_MIN)


def columns_of(series: Series, columns: Sequence[str]) -> Floats:
    """Return some columns of a series, absurd numbers cut so that no arithmetic overflows."""
    picked = series.values[:, [series.columns.index(c) for c in columns]]
    return np.clip(np.where(np.isfinite(picked), picked, np.nan), -1e12, 1e12)

"""Missing values, and readings that did not come at all."""

from __future__ import annotations

import numpy as np

from quantrac.domain.readings import Flag, QcReason
from quantrac.quality.protocol import Flags, Floats, QualityTest, State, TestLimits


def step(state: State, observed_s: float, value: float, received_s: float, limits: TestLimits) -> tuple[Flag, State]:
    """Return ``MISSING`` for NaN, else ``GOOD``: the logger sent the line without a value. Source: QARTOD, flag 9."""
    del observed_s, received_s, limits
    return (Flag.MISSING if value != value else Flag.GOOD), state  # noqa: PLR0124 - NaN


def flags(observed_s: Floats, values: Floats, received_s: Floats, limits: TestLimits) -> Flags:
    """Return the flags of a series. See :func:`step`."""
    del observed_s, received_s, limits
    return np.where(np.isnan(values), Flag.MISSING, Flag.GOOD).astype(np.uint8)


def absent_instants(observed_s: Floats, start_s: float, end_s: float, cadence_s: float) -> Floats:
    """Return the instants at which a reading was due and none came, ascending.

    Due are ``start_s``, ``start_s + cadence_s``, … before ``end_s``. A reading stands for the due instant nearest to
    it, so that a logger whose stamps lie a few seconds beside the grid misses nothing; two readings near one instant
    fill one. Order and repetition of ``observed_s`` do not matter. Source: QARTOD, Test 1 (Timing/Gap Test).

    >>> absent_instants(np.array([0.0, 299.0, 907.0]), 0.0, 1200.0, 300.0).tolist()
    [600.0]
    """
    count = max(0, int(np.ceil((end_s - start_s) / cadence_s)))
    nearest = np.floor((observed_s - start_s) / cadence_s + 0.5).astype(np.int64)
    came = np.zeros(count, dtype=np.bool_)
    came[nearest[(nearest >= 0) & (nearest < count)]] = True
    return np.asarray(start_s + cadence_s * np.nonzero(~came)[0], dtype=np.float64)


TEST = QualityTest("missing", (QcReason.MISSING,), flags, step)

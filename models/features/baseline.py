"""Residual of one sensor to a causal adaptive baseline: the loop that every other feature stands on."""

from __future__ import annotations

from math import isnan, nan, sqrt
from typing import Any

import numpy as np

from models.compiled import Records, compiled
from models.series import Floats

_CONFIG = np.dtype([("level_rows", np.float64), ("scatter_rows", np.float64), ("cap_rows", np.float64)])
"""Time constants of level and scatter, and the rows beyond ``_FREEZE`` after which the new level is accepted."""
FAST = np.array([(12, 300, 500)], dtype=_CONFIG)
SLOW = np.array([(72, 864, 72)], dtype=_CONFIG)

_FREEZE, _CRAWL = 5.0, 0.02
"""Residual, in scatters, beyond which level and scatter learn at this speed."""
_CLIP = 3.0
"""Scatters that a residual counts as at most where it is learnt from."""
_HEAD = 12
"""Rows before the first residual: until then it is 0."""

_FIELDS = (
    "rows", "level", "variance", "sigma", "reference", "resolution", "last", "step_variance",
    "run", "usual_run", "low", "high", "over",
)  # fmt: skip
BASELINE = np.dtype([(name, np.float64) for name in _FIELDS])
"""The memory of one baseline."""


def memories(sensors: int) -> Records:
    """Return the empty memories of baselines, one record a sensor, in the sensor's unit.

    ``reference`` is the long-run scatter: the scatter never falls below a share of it. ``run`` counts repeats of a
    value, ``over`` the rows beyond ``_FREEZE``; ``low`` and ``high`` are the usual range.
    """
    made = np.zeros(sensors, dtype=BASELINE)
    made["sigma"] = 1e-12
    made["usual_run"] = 1.0
    return made


Z, STEP, RUN, NOVELTY, SIGMA, LEVEL = range(6)
"""What ``residuals`` says of a row: residual and first difference in scatters, repeats in a row over the usual, excess
over the range in scatters, and scatter and level that it was held against."""

_FLOOR_SHARE = 0.3
"""A sensor in a calm spell is not trusted to be calmer than this share of its long-run scatter."""
_HUGE = 1e12
_LIMIT = 1e6
"""Residuals are cut here, so that no later square overflows."""


@compiled
def residuals(values: Floats, memory: Records, config: Records) -> Floats:
    """Advance one memory a column over values, shape (rows, columns), NaN = missing.

    Returns shape (rows, columns, 6): see ``Z``. ``memory`` is written in place.
    """
    out = np.zeros((*values.shape, 6))
    for j in range(values.shape[1]):
        for i in range(values.shape[0]):
            residual(values[i, j], memory[j], config[0], out[i, j])
    return out


@compiled
def residual(value: float, memory: Any, config: Any, out: Floats) -> None:
    """Advance one memory over a value, and write the six numbers."""
    out[LEVEL] = memory.level if memory.rows else nan
    if not isnan(value):
        _advance(min(max(value, -_HUGE), _HUGE), memory, config, out)
    out[SIGMA] = memory.sigma


@compiled
def _advance(x: float, s: Any, c: Any, out: Floats) -> None:
    rows = s.rows
    s.rows = rows + 1
    if rows == 0:
        s.level = s.last = s.low = s.high = x
        return
    off = x - s.level
    change = x - s.last
    size = abs(change)
    if size > 1e-9 * (abs(x) + 1e-9) and (s.resolution == 0.0 or size < s.resolution):
        s.resolution = size
    sigma = max(sqrt(s.variance), _FLOOR_SHARE * s.reference, 0.5 * s.resolution, 1e-9 * abs(s.level), 1e-12)
    s.sigma = sigma
    z = min(max(off / sigma, -_LIMIT), _LIMIT)
    step = _step(change, s, c, rows)
    run = _run(size, s)
    novelty = min(max(x - s.high, s.low - x, 0.0) / sigma, _LIMIT)
    if abs(z) > _FREEZE and rows > _HEAD:
        s.over += 1
        speed = _CRAWL if s.over < c.cap_rows else 1.0
    else:
        s.over = max(s.over - 2, 0.0)
        speed = 1.0
    _learn(x, off, z, sigma, speed, s, c, rows)
    if rows >= _HEAD:
        out[Z], out[STEP], out[RUN], out[NOVELTY] = z, step, run, novelty


@compiled
def _learn(x: float, off: float, z: float, sigma: float, speed: float, s: Any, c: Any, rows: float) -> None:
    usual = speed == 1.0
    clipped = min(max(z, -_CLIP), _CLIP) * sigma if rows > _HEAD else off
    s.level += clipped * speed * max(1.0 / c.level_rows, 1.0 / (rows + 1.0))
    if s.run == 0.0 or rows < _HEAD:
        gain = speed * max(1.0 / c.scatter_rows, 1.0 / (rows + 1.0))
        s.variance += (clipped * clipped - s.variance) * gain
        s.reference += (sqrt(s.variance) - s.reference) * max(0.1 / c.scatter_rows, 1.0 / (rows + 1.0))
    if usual:
        shrink = (s.high - s.low) * 0.2 / c.scatter_rows
        s.high = max(x, s.high - shrink)
        s.low = min(x, s.low + shrink)


@compiled
def _step(change: float, s: Any, c: Any, rows: float) -> float:
    s.last += change
    scale = max(sqrt(s.step_variance), 0.5 * s.resolution, 1e-9 * abs(s.last), 1e-12)
    step = min(max(change / scale, -_LIMIT), _LIMIT)
    clipped = min(max(step, -_CLIP), _CLIP) * scale if rows > _HEAD else change
    if change != 0.0 or rows < _HEAD:
        s.step_variance += (clipped * clipped - s.step_variance) * max(1.0 / c.scatter_rows, 1.0 / rows)
    return float(step)


@compiled
def _run(size: float, s: Any) -> float:
    if size == 0.0:
        s.run += 1.0
        return float(s.run / s.usual_run)
    # The usual run grows quickly and is forgotten slowly: a frozen sensor may not teach that freezing is usual at once.
    if s.run:
        s.usual_run += (min(s.run, 3.0 * s.usual_run) - s.usual_run) * 0.02
        s.usual_run = max(s.usual_run, 1.0)
    s.run = 0.0
    return 0.0

"""Residual of one sensor to a causal adaptive baseline: the loop that every other feature stands on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan, sqrt
from typing import NamedTuple

import msgspec


@dataclass(frozen=True, slots=True)
class BaselineConfig:
    """Memory of a baseline, in rows of the series' cadence."""

    level_rows: float
    """Time constant of the level."""
    scatter_rows: float
    """Time constant of the scatter."""
    freeze: float = 5.0
    """Residual, in scatters, beyond which level and scatter learn at ``crawl`` speed."""
    crawl: float = 0.02
    cap_rows: float = 500.0
    """After so many rows beyond ``freeze`` the new level is accepted."""
    clip: float = 3.0
    head: int = 12
    """Rows before the first residual: until then it is 0."""
    settle_rows: float = float("inf")
    """Rows of learning, then the baseline moves at ``settled`` speed: for runs that begin with a known good part."""
    settled: float = 0.05


class BaselineState(msgspec.Struct, array_like=True):
    """Memory of one baseline, in the sensor's unit."""

    rows: int = 0
    level: float = 0.0
    variance: float = 0.0
    sigma: float = 1e-12
    reference: float = 0.0
    """Long-run scatter: the scatter never falls below a share of it."""
    resolution: float = 0.0
    last: float = 0.0
    step_variance: float = 0.0
    run: int = 0
    usual_run: float = 1.0
    low: float = 0.0
    high: float = 0.0
    over: int = 0
    missing: int = 0


class Residuals(NamedTuple):
    """Per row: residual and first difference in scatters, repeats in a row over the usual, excess over the range."""

    z: list[float]
    step: list[float]
    run: list[float]
    novelty: list[float]
    sigma: list[float]


_FLOOR_SHARE = 0.3
"""A sensor in a calm spell is not trusted to be calmer than this share of its long-run scatter."""
_HUGE = 1e12
_LIMIT = 1e6
"""Residuals are cut here, so that no later square overflows."""


def residuals(values: Sequence[float], s: BaselineState, c: BaselineConfig) -> Residuals:
    """Advance the state over values (NaN = missing) and return what each says. One row's cost is about 1.5 us."""
    zs: list[float] = []
    steps: list[float] = []
    runs: list[float] = []
    novelties: list[float] = []
    sigmas: list[float] = []
    for x in values:
        z, step, run, novelty = (0.0, 0.0, 0.0, 0.0) if isnan(x) else _advance(min(max(x, -_HUGE), _HUGE), s, c)
        s.missing = s.missing + 1 if isnan(x) else 0
        zs.append(z)
        steps.append(step)
        runs.append(run)
        novelties.append(novelty)
        sigmas.append(s.sigma)
    return Residuals(zs, steps, runs, novelties, sigmas)


def _advance(x: float, s: BaselineState, c: BaselineConfig) -> tuple[float, float, float, float]:
    rows = s.rows
    s.rows = rows + 1
    if rows == 0:
        s.level = s.last = s.low = s.high = x
        return 0.0, 0.0, 0.0, 0.0
    residual = x - s.level
    change = x - s.last
    size = abs(change)
    if size > 1e-9 * (abs(x) + 1e-9) and (s.resolution == 0.0 or size < s.resolution):
        s.resolution = size
    sigma = max(sqrt(s.variance), _FLOOR_SHARE * s.reference, 0.5 * s.resolution, 1e-9 * abs(s.level), 1e-12)
    s.sigma = sigma
    z = min(max(residual / sigma, -_LIMIT), _LIMIT)
    step = _step(change, s, c, rows)
    run = _run(size, s)
    novelty = (x - s.high if x > s.high else s.low - x if x < s.low else 0.0) / sigma
    if abs(z) > c.freeze and rows > c.head:
        s.over += 1
        speed = c.crawl if s.over < c.cap_rows else 1.0
    else:
        s.over = max(s.over - 2, 0)
        speed = 1.0
    usual = speed == 1.0
    if rows > c.settle_rows:
        speed *= c.settled
    clipped = min(max(z, -c.clip), c.clip) * sigma if rows > c.head else residual
    s.level += clipped * speed * max(1.0 / c.level_rows, 1.0 / (rows + 1.0))
    if size > 0.0 or rows < c.head:
        gain = speed * max(1.0 / c.scatter_rows, 1.0 / (rows + 1.0))
        s.variance += (clipped * clipped - s.variance) * gain
        s.reference += (sqrt(s.variance) - s.reference) * max(0.1 / c.scatter_rows, 1.0 / (rows + 1.0))
    if usual:
        shrink = (s.high - s.low) * 0.2 / c.scatter_rows
        s.high = max(x, s.high - shrink)
        s.low = min(x, s.low + shrink)
    if rows < c.head:
        return 0.0, 0.0, 0.0, 0.0
    return z, step, run, min(novelty, _LIMIT)


def _step(change: float, s: BaselineState, c: BaselineConfig, rows: int) -> float:
    s.last += change
    scale = max(sqrt(s.step_variance), 0.5 * s.resolution, 1e-9 * abs(s.last), 1e-12)
    step = min(max(change / scale, -_LIMIT), _LIMIT)
    clipped = min(max(step, -c.clip), c.clip) * scale if rows > c.head else change
    if change != 0.0 or rows < c.head:
        s.step_variance += (clipped * clipped - s.step_variance) * max(1.0 / c.scatter_rows, 1.0 / rows)
    return step


def _run(size: float, s: BaselineState) -> float:
    if size == 0.0:
        s.run += 1
        return s.run / s.usual_run
    # The usual run grows quickly and is forgotten slowly: a frozen sensor may not teach that freezing is usual at once.
    if s.run:
        s.usual_run += (min(s.run, 3.0 * s.usual_run) - s.usual_run) * 0.02
        s.usual_run = max(s.usual_run, 1.0)
    s.run = 0
    return 0.0

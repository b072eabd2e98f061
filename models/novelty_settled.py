"""Distance from a known good head: for runs that begin in order and are judged by how they began.

Hotelling's T2 of the smoothed values, with the covariance of Ledoit and Wolf (2004, J. Multivariate Analysis 88) over
the head. A run does not stay where it began, though: oil warms, a tank empties. How fast the sensors wander is learnt
from the head's blocks, and the covariance grows with the time since, as the forecast variance of a local level model
does (a random walk seen through noise).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log2
from typing import Any

import numpy as np

from models.compiled import compiled
from models.series import Floats

_CLIP = 1e3
"""Scatters of the head beyond which a value is no further off."""
_FLOOR = 1e-6
"""Scatter, as a share of the level, that no sensor is calmer than."""
_QUANTILE = 0.99
_GAIN = 2.0
"""Log-odds for one octave of T2."""
_IN_ORDER = -10.0
"""Log-odds of the head itself."""
_LEAST = 1.0
"""T2 that is no alarm even after a head in which nothing moved."""
_TINY = 1e-9
_HUGE = 1e12


@dataclass(frozen=True, slots=True)
class SettledConfig:
    """Lengths in rows."""

    head_rows: int = 400
    smooth_rows: float = 15.0
    block_rows: int = 50
    """Means of the head's blocks show how the sensors wander."""
    joint: float = 0.5
    """Share of the blocks' covariance that is kept beside its diagonal: the blocks are few."""
    wander: float = 0.2
    """Share of the wandering seen in the head that is allowed afterwards."""
    margin: float = 1.6
    """The threshold (log-odds 0), in 99 % quantiles of the head's own T2, which is fitted and so too small."""
    share: float = 0.9
    """Weight beside the novelty of sizes (``models/novelty.py``)."""


class Settled:
    """Streaming distance of ``sensors`` values from their head; a missing value stays where the sensor was last."""

    def __init__(self, sensors: int, config: SettledConfig) -> None:
        self.config = config
        self._rows = 0
        self._head = np.zeros((config.head_rows, sensors))
        self._smooth = np.zeros(sensors)
        self._usual = np.zeros((2, sensors))
        """Mean and scatter of the head."""
        self._axes = np.zeros((sensors, sensors))
        self._centre = np.zeros(sensors)
        self._speeds = np.zeros(sensors)
        self._limit = 1.0

    def push(self, values: Floats) -> Floats:
        """Return log-odds-like distance, shape (rows, 1)."""
        values = np.clip(values, -_HUGE, _HUGE)
        out = np.full((len(values), 1), _IN_ORDER)
        head = values[: max(self.config.head_rows - self._rows, 0)]
        if len(head):
            self._head[self._rows : self._rows + len(head)] = head
            self._rows += len(head)
            if self._rows == self.config.head_rows:
                self._settle()
        rest = values[len(head) :]
        if len(rest):
            self._judge(rest, out[len(head) :, 0])
            self._rows += len(rest)
        return out

    def _judge(self, values: Floats, out: Floats) -> None:
        since = float(self._rows) - self.config.head_rows / 2
        gain = 1.0 / self.config.smooth_rows
        _distance(
            self._scaled(values), self._smooth, gain, self._axes, self._centre, self._speeds, since, self._limit, out
        )

    def _scaled(self, values: Floats) -> Floats:
        """Return values in scatters of the head; NaN stays."""
        return np.asarray(np.clip((values - self._usual[0]) / self._usual[1], -_CLIP, _CLIP))

    def _settle(self) -> None:
        """Learn the head's level, covariance and wandering."""
        from scipy.linalg import eigh  # noqa: PLC0415  loaded where a family asks for it, not in every worker
        from sklearn.covariance import LedoitWolf  # noqa: PLC0415

        c = self.config
        held = _held(self._head)
        level = held.mean(axis=0)
        self._usual = np.array([level, np.maximum(held.std(axis=0), _FLOOR * np.abs(level) + _TINY)])
        scaled = self._scaled(held)
        smooth = np.empty_like(scaled)
        self._smooth[:] = scaled[0]
        _follow(scaled, self._smooth, 1.0 / c.smooth_rows, smooth)
        known = smooth[int(2 * c.smooth_rows) :]
        covariance = LedoitWolf().fit(known).covariance_ + _TINY * np.eye(len(level))
        self._centre = known.mean(axis=0)
        self._speeds, self._axes = eigh(c.wander * self._wandering(scaled), covariance)
        self._speeds = np.maximum(self._speeds, 0.0)
        t2 = (((known - self._centre) @ self._axes) ** 2).sum(axis=1)
        self._limit = max(c.margin * float(np.quantile(t2, _QUANTILE)), _LEAST)
        self._head = np.zeros((0, len(level)))

    def _wandering(self, scaled: Floats) -> Floats:
        """Return the covariance by which the level moves in a row, from the differences between the head's blocks."""
        c = self.config
        blocks = len(scaled) // c.block_rows
        means = scaled[: blocks * c.block_rows].reshape(blocks, c.block_rows, -1).mean(axis=1)
        steps = np.diff(means, axis=0)
        seen = steps.T @ steps / max(len(steps), 1) / c.block_rows
        return np.asarray(c.joint * seen + (1.0 - c.joint) * np.diag(np.diag(seen)))

    def state(self) -> dict[str, Any]:
        """Return the whole memory as numbers and arrays; the head is kept only until it is learnt."""
        return {
            "rows": self._rows,
            "head": self._head,
            "smooth": self._smooth,
            "usual": self._usual,
            "axes": self._axes,
            "centre": self._centre,
            "speeds": self._speeds,
            "limit": self._limit,
        }

    def set_state(self, state: dict[str, Any]) -> None:
        """Go on from a memory returned by ``state``."""
        self._rows, self._limit = state["rows"], state["limit"]
        self._head, self._smooth, self._usual = state["head"], state["smooth"], state["usual"]
        self._axes, self._centre, self._speeds = state["axes"], state["centre"], state["speeds"]


def _held(values: Floats) -> Floats:
    """Return values with gaps filled by the value before, or where there is none by the next; 0 where all are missing.

    >>> _held(np.array([[np.nan, np.nan], [2.0, np.nan], [np.nan, np.nan]])).tolist()
    [[2.0, 0.0], [2.0, 0.0], [2.0, 0.0]]
    """
    out = np.zeros_like(values)
    for j in range(values.shape[1]):
        known = np.flatnonzero(np.isfinite(values[:, j]))
        if len(known):
            last = np.searchsorted(known, np.arange(len(values)), side="right") - 1
            out[:, j] = values[known[np.maximum(last, 0)], j]
    return out


@compiled
def _follow(values: Floats, memory: Floats, gain: float, out: Floats) -> None:
    """Write the smoothed values, shape (rows, sensors); a missing one leaves the memory as it is."""
    for i in range(values.shape[0]):
        for j in range(values.shape[1]):
            if values[i, j] == values[i, j]:
                memory[j] += gain * (values[i, j] - memory[j])
            out[i, j] = memory[j]


@compiled
def _distance(
    values: Floats, memory: Floats, gain: float, axes: Floats, centre: Floats, speeds: Floats, since: float,
    limit: float, out: Floats,
) -> None:  # fmt: skip
    """Write log-odds of the distance; row 0 is ``since`` rows after the middle of the head."""
    sensors = values.shape[1]
    for i in range(values.shape[0]):
        for j in range(sensors):
            if values[i, j] == values[i, j]:
                memory[j] += gain * (values[i, j] - memory[j])
        t2 = 0.0
        for k in range(sensors):
            along = 0.0
            for j in range(sensors):
                along += (memory[j] - centre[j]) * axes[j, k]
            t2 += along * along / (1.0 + (since + i) * speeds[k])
        out[i] = min(max(_GAIN * log2(max(t2, _TINY) / limit), -20.0), 40.0)

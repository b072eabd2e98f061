"""The feature table: for every row and sensor, scale-free numbers that depend on the past only."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from math import log
from typing import Any

import msgspec
import numpy as np
from scipy.signal import lfilter

from models.features.baseline import BaselineConfig, BaselineState, residuals
from models.features.cross import CrossConfig, CrossModel, CrossState
from models.features.daily import DailyProfile
from models.features.levels import LEVEL_NAMES, Levels
from models.features.visits import VISIT_NAMES, Visits
from models.series import Bools, Floats, Times

_BASE = (
    "fast", "slow", "slow_5", "slow_20", "step", "step_5", "noise",
    "run", "zero", "missing", "novelty", "day", "beyond",
)  # fmt: skip
_CLIP = 50.0
GROUPS: Mapping[str, tuple[str, ...]] = {
    "quality": ("run", "zero", "missing", "novelty", "beyond", "noise"),
    "cross": ("cross_", "t2", "q", "drift"),
    "daily": ("day",),
    "fast": ("fast", "step"),
    "visits": VISIT_NAMES,
    "levels": LEVEL_NAMES,
}
"""Groups of features that an ablation can leave out, by the beginnings of their names."""


_FAST = BaselineConfig(level_rows=30, scatter_rows=500)
_SLOW = BaselineConfig(level_rows=400, scatter_rows=2000)
_CROSS = CrossConfig()


@dataclass(frozen=True, slots=True)
class FeatureConfig:
    """Memories of the features, in rows. ``short`` is the time of confirmation, ``long`` about a day."""

    fast: BaselineConfig = _FAST
    slow: BaselineConfig = _SLOW
    cross: CrossConfig = _CROSS
    daily: bool = True
    visits: bool = False
    """Signs of somebody at the probes: repeats and silences of several sensors (``models.features.visits``)."""
    levels: bool = False
    """Value over its usual level, and ranges over an hour to a day (``models.features.levels``)."""
    smooth_rows: int = 3
    """Smoothing of the residuals that T2, Q and the cross prediction look at."""
    drift_rows: float = 288.0
    off: frozenset[str] = frozenset()
    """Groups of features that are left at 0 (``GROUPS``): for ablation."""


@dataclass(frozen=True, slots=True)
class Features:
    """``cells`` has shape (rows, sensors, len(cell_names)), ``rows`` has shape (rows, len(row_names)); no NaN."""

    cells: Floats
    rows: Floats
    cell_names: tuple[str, ...]
    row_names: tuple[str, ...]


class _Smoother:
    """Exponential smoothing of columns with a carried state; chunking does not change a bit of the output."""

    def __init__(self, rows: float, columns: int) -> None:
        self.gain = 1.0 / rows
        self.state = np.zeros((1, columns))

    def push(self, x: Floats) -> Floats:
        y, self.state = lfilter([self.gain], [1.0, self.gain - 1.0], x, axis=0, zi=self.state)
        return np.asarray(y)


class FeatureTable:
    """Computes the features of one series chunk by chunk."""

    def __init__(self, columns: tuple[str, ...], config: FeatureConfig, limits: Floats | None = None) -> None:
        d = len(columns)
        self.config = config
        self.columns = columns
        self.limits = np.tile([-np.inf, np.inf], (d, 1)) if limits is None else limits
        self.cell_names = _BASE + tuple(f"cross_{h}" for h in config.cross.horizons) + ("drift",)
        self._visits = Visits(d) if config.visits else None
        if self._visits is not None:
            self.cell_names += VISIT_NAMES
        self._levels = Levels(d) if config.levels else None
        if self._levels is not None:
            self.cell_names += LEVEL_NAMES
        self.row_names = ("t2", "q", "moving", "gap")
        self._fast = [BaselineState() for _ in range(d)]
        self._slow = [BaselineState() for _ in range(d)]
        self._cross = CrossModel(d, config.cross)
        self._daily = DailyProfile(d)
        rows = {"v": config.smooth_rows, "5": 5, "20": 20, "step": 5, "noise": 12, "day": 5, "drift": config.drift_rows}
        self._smooth = {name: _Smoother(r, d) for name, r in rows.items()}
        self._last = np.datetime64("NaT", "ns")
        self._cadence = 0.0
        self._missing = np.zeros(d)

    def push(self, times: Times, values: Floats) -> Features:
        """Return the features of the next rows, in order of time; ``values`` may hold NaN."""
        n, d = values.shape
        cells = np.zeros((n, d, len(self.cell_names)))
        put = {name: i for i, name in enumerate(self.cell_names)}
        sigma = np.ones((n, d))
        for j in range(d):
            column = values[:, j].tolist()
            fast = residuals(column, self._fast[j], self.config.fast)
            slow = residuals(column, self._slow[j], self.config.slow)
            cells[:, j, put["fast"]] = fast.z
            cells[:, j, put["slow"]] = slow.z
            cells[:, j, put["step"]] = fast.step
            cells[:, j, put["run"]] = np.log1p(slow.run)
            cells[:, j, put["novelty"]] = slow.novelty
            sigma[:, j] = slow.sigma
        z = np.clip(cells[:, :, put["slow"]], -_CLIP, _CLIP)
        step = np.clip(cells[:, :, put["step"]], -_CLIP, _CLIP)
        cells[:, :, put["slow_5"]] = self._smooth["5"].push(z)
        cells[:, :, put["slow_20"]] = self._smooth["20"].push(z)
        cells[:, :, put["step_5"]] = self._smooth["step"].push(np.abs(step))
        cells[:, :, put["noise"]] = np.log1p(self._smooth["noise"].push(np.minimum(step * step, 100.0)))
        absent = np.isnan(values)
        cells[:, :, put["missing"]] = np.log1p(self._count_missing(absent))
        cells[:, :, put["zero"]] = (values == 0.0) & (np.abs(z) > 1.0)
        with np.errstate(invalid="ignore"):
            cells[:, :, put["beyond"]] = (values < self.limits[:, 0]) | (values > self.limits[:, 1])
        if self.config.daily:
            day = self._daily.push(times, np.clip(values, -1e12, 1e12)) / sigma
            cells[:, :, put["day"]] = self._smooth["day"].push(np.clip(np.nan_to_num(day), -_CLIP, _CLIP))
        t2, q, errors = self._cross.push(self._smooth["v"].push(z))
        for k, h in enumerate(self.config.cross.horizons):
            cells[:, :, put[f"cross_{h}"]] = errors[k]
        cells[:, :, put["drift"]] = self._smooth["drift"].push(np.clip(errors[0], -5, 5))
        if self._visits is not None:
            first = put[VISIT_NAMES[0]]
            cells[:, :, first : first + len(VISIT_NAMES)] = self._visits.push(values)
        if self._levels is not None:
            cells[:, :, put[LEVEL_NAMES[0]] :] = self._levels.push(values)
        moving = (np.abs(cells[:, :, put["slow_5"]]) > 3.0).sum(axis=1)
        rows = np.column_stack([t2, q, moving, self._gaps(times)])
        self._switch_off(cells, rows)
        return Features(np.clip(cells, -1e4, 1e4), np.clip(rows, -1e4, 1e4), self.cell_names, self.row_names)

    def _switch_off(self, cells: Floats, rows: Floats) -> None:
        prefixes = tuple(p for group in self.config.off for p in GROUPS.get(group, ()))
        for array, names in ((cells, self.cell_names), (rows, self.row_names)):
            for i, name in enumerate(names):
                if prefixes and name.startswith(prefixes):
                    array[..., i] = 0.0

    def _count_missing(self, absent: Bools) -> Floats:
        """Rows in a row without a value, per sensor, the present one included."""
        index = np.arange(1, len(absent) + 1)[:, None]
        last_seen = np.maximum.accumulate(np.where(absent, -self._missing, index), axis=0)
        counts = np.where(absent, index - last_seen, 0.0)
        if len(counts):
            self._missing = counts[-1]
        return np.asarray(counts, dtype=np.float64)

    def _gaps(self, times: Times) -> Floats:
        """Length of the silence before each row, in usual steps, as a logarithm: 0 at the usual cadence."""
        before = np.concatenate((np.array([self._last], dtype=times.dtype), times[:-1]))
        steps = ((times - before) / np.timedelta64(1, "s")).tolist()
        out = np.zeros(len(times))
        cadence = self._cadence
        for i, step in enumerate(steps):
            if not step > 0:
                continue
            cadence = step if cadence == 0 else cadence + 0.02 * (min(step, 2 * cadence) - cadence)
            if step > cadence:
                out[i] = log(step / cadence)
        self._cadence = cadence
        if len(times):
            self._last = times[-1]
        return out

    def state(self) -> dict[str, Any]:
        """Return the whole memory as numbers, lists and arrays."""
        return {
            "fast": self._fast,
            "slow": self._slow,
            "smooth": {name: s.state for name, s in self._smooth.items()},
            "missing": self._missing,
            "last": int(self._last.astype("datetime64[ns]").astype(np.int64)),
            "cadence": self._cadence,
            "cross": dataclasses.asdict(self._cross.state),
            "daily": [self._daily.history, self._daily.sums, self._daily.counts, self._daily.slot],
            "visits": self._visits.memory if self._visits is not None else None,
            "levels": self._levels.memory if self._levels is not None else None,
        }

    def set_state(self, state: dict[str, Any]) -> None:
        """Go on from a memory returned by ``state``."""
        self._fast = [msgspec.convert(s, BaselineState) for s in state["fast"]]
        self._slow = [msgspec.convert(s, BaselineState) for s in state["slow"]]
        for name, smoother in self._smooth.items():
            smoother.state = state["smooth"][name]
        self._missing = state["missing"]
        self._last = np.datetime64(state["last"], "ns")
        self._cadence = state["cadence"]
        self._cross.state = CrossState(**state["cross"])
        self._cross.refit()
        self._daily.history, self._daily.sums, self._daily.counts, self._daily.slot = state["daily"]
        if self._visits is not None:
            self._visits.memory = state["visits"]
        if self._levels is not None:
            self._levels.memory = state["levels"]

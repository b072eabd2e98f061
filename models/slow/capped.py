"""Values capped just below the limit, and calibrations that begin exactly when a value nears it.

The limit is a setting of the station (its permit, or its limit set): nothing is assumed where it is not known.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isnan
from typing import Any

import numpy as np
import numpy.typing as npt

from models.compiled import compiled
from models.protocol import Reason, TriageClass
from models.series import Bools, Floats, Ints, Singles
from models.slow.finding import CALIBRATING, MEASURING, Finding, Statuses
from models.snapshots import ByFields
from quantrac.domain.parameters import names_of
from quantrac.domain.words import Bilingual, number, number_vi, rounded_duration

_ROWS = 36
"""Readings that are looked at together: three hours at five minutes."""
_ENOUGH = 18
_NEAR = 0.85
"""A highest value from this share of the limit on is looked at."""
_BAND = 0.014
"""Readings this close under the highest one are pressed together: probes scatter more than 1 % (their accuracy is 5 %,
TT 10/2021/TT-BTNMT article 34)."""
_PRESSED = 0.7


class _LimitedWatch(ByFields):
    """A watch of the sensors with a known upper limit. Which ones have one may change: each has a memory by itself."""

    def __init__(self, columns: Sequence[str], limits: Mapping[str, float]) -> None:
        self.columns = tuple(columns)
        known = [(j, limits[c]) for j, c in enumerate(columns) if limits.get(c, 0.0) > 0]
        self._limited = np.array([j for j, _ in known], dtype=np.int64)
        self._limits = np.array([limit for _, limit in known], dtype=np.float64)

    @property
    def _memory(self) -> list[npt.NDArray[Any]]:
        """What is kept, in arrays by limited sensor."""
        return super().state()

    def state(self) -> Any:
        """Return the whole memory by the parameters that have a limit."""
        return {self.columns[j]: [kept[i] for kept in self._memory] for i, j in enumerate(self._limited.tolist())}

    def set_state(self, state: Any) -> None:
        """Go on from a memory returned by ``state``; a parameter that had no limit then begins."""
        for i, j in enumerate(self._limited.tolist()):
            for kept, of_one in zip(self._memory, state.get(self.columns[j], ()), strict=False):
                kept[i] = of_one


class CappedWatch(_LimitedWatch):
    """The last readings of each sensor with a known upper limit: capped ones crowd below their maximum."""

    def __init__(self, columns: Sequence[str], limits: Mapping[str, float]) -> None:
        super().__init__(columns, limits)
        n = len(self._limited)
        self._ring = np.full((n, _ROWS), np.nan, dtype=np.float32)
        self._count = np.zeros(n, dtype=np.int64)
        self._since = np.zeros(n)
        self._near = np.zeros(n, dtype=np.bool_)
        """Of the last row: no memory."""

    def push(self, at_s: float, values: Floats, status: Statuses) -> list[Finding]:
        """Take the next row and return the sensors that are capped."""
        if not _keep(values, status, self._limited, self._limits, self._near, *self._memory):
            return []
        found = []
        for i in np.flatnonzero(self._near).tolist():
            limit = float(self._limits[i])
            if self._capped(self._ring[i], limit):
                self._since[i] = self._since[i] or at_s
                found.append(self._finding(i, int(self._limited[i]), limit, at_s))
            else:
                self._since[i] = 0.0
        return found

    _FIELDS = ("_ring", "_count", "_since")

    @staticmethod
    def _capped(ring: Singles, limit: float) -> bool:
        top = float(np.nanmax(ring))
        if not _NEAR * limit <= top <= limit:
            return False
        close = ring >= top * (1.0 - _BAND)
        different = len(np.unique(ring[close]))
        return bool(
            close.sum() >= _ENOUGH and close.sum() >= _PRESSED * (ring >= _NEAR * limit).sum() and different > 3
        )

    def _finding(self, i: int, j: int, limit: float, at_s: float) -> Finding:
        top = float(np.nanmax(self._ring[i]))
        vi, en = names_of(self.columns[j])
        share = 100 * top / limit
        top_vi, limit_vi = number_vi(top, 3), number_vi(limit, 3)
        text = Bilingual(
            f"{vi} dồn sát dưới {top_vi} ({share:.0f} % giới hạn {limit_vi}), không lần nào vượt: cần kiểm tra",
            f"{en} crowds just under {number(top, 3)} ({share:.0f} % of the limit {number(limit, 3)}) "
            "and never passes it: worth a check",
        )
        return Finding(self.columns[j], Reason.CAPPED, TriageClass.FALSIFICATION, float(self._since[i]), at_s, text)


@compiled
def _keep(
    values: Floats, status: Statuses, limited: Ints, limits: Floats, near: Bools, ring: Singles, count: Ints,
    since: Floats,
) -> bool:  # fmt: skip
    """Take a row, and say whether any value is near its limit."""
    any_near = False
    for i in range(len(limited)):
        x = values[limited[i]]
        near[i] = False
        if status[limited[i]] == MEASURING and not isnan(x):
            ring[i, count[i] % _ROWS] = x
            count[i] += 1
            if _NEAR * limits[i] <= x <= limits[i]:
                near[i] = any_near = True
            else:
                since[i] = 0.0
    return any_near


_HIGH = 0.6
"""Share of the limit from which a calibration that begins there is looked at."""
_LIKE_BEFORE = 0.25
_SPELLS = 2
_FORGET_S = 2 * 86_400.0
_TOLD_S = 3600.0


class CalibrationWatch(_LimitedWatch):
    """Calibrations that begin while the value is high and whose readings go on like the water's.

    In a real calibration the probe stands in a standard solution: its readings jump. Two such spells in two days, or
    one with three readings, are reported for as long as they last and an hour after.
    """

    def __init__(self, columns: Sequence[str], limits: Mapping[str, float]) -> None:
        super().__init__(columns, limits)
        n = len(self._limited)
        self._before = np.full(n, np.nan)
        self._in_spell = np.zeros(n, dtype=np.int64)
        """Readings of the running spell that look like the water's."""
        self._spells = np.zeros(n, dtype=np.int64)
        self._first_s = np.zeros(n)
        self._last_s = np.full(n, -np.inf)

    def push(self, at_s: float, values: Floats, status: Statuses) -> list[Finding]:
        """Take the next row and return the sensors whose calibrations are remarkable."""
        if not _follow(at_s, values, status, self._limited, self._limits, *self._memory):
            return []
        remarkable = (self._spells >= _SPELLS) | (self._in_spell >= 3)
        told = np.flatnonzero(remarkable & (at_s - self._last_s <= _TOLD_S))
        return [self._finding(i, int(self._limited[i]), float(self._limits[i]), at_s) for i in told.tolist()]

    _FIELDS = ("_before", "_in_spell", "_spells", "_first_s", "_last_s")

    def _finding(self, i: int, j: int, limit: float, at_s: float) -> Finding:
        vi, en = names_of(self.columns[j])
        (long_vi, long_en), share = rounded_duration(at_s - self._first_s[i]), 100 * float(self._before[i]) / limit
        text = Bilingual(
            f"{vi} chuyển sang trạng thái hiệu chuẩn đúng lúc đạt {share:.0f} % giới hạn, số đo vẫn như nước thải "
            f"({self._spells[i]} lần trong {long_vi}): cần kiểm tra",
            f"{en} goes into calibration just when it is at {share:.0f} % of the limit, with readings like the water's "
            f"({self._spells[i]} times in {long_en}): worth a check",
        )
        since = float(self._first_s[i])
        return Finding(self.columns[j], Reason.MASKING_CALIBRATION, TriageClass.FALSIFICATION, since, at_s, text)


@compiled
def _follow(
    at_s: float, values: Floats, status: Statuses, limited: Ints, limits: Floats, before: Floats, in_spell: Ints,
    spells: Ints, first_s: Floats, last_s: Floats,
) -> bool:  # fmt: skip
    """Take a row, and say whether any sensor's calibrations are remarkable; every array is written in place."""
    found = False
    for i in range(len(limited)):
        x, code, high = values[limited[i]], status[limited[i]], _HIGH * limits[i]
        if code == CALIBRATING and not isnan(x):
            if before[i] >= high and x >= high and abs(x - before[i]) <= _LIKE_BEFORE * before[i]:
                in_spell[i] += 1
                if in_spell[i] == 1:
                    if spells[i] == 0:
                        first_s[i] = at_s
                    spells[i] += 1
                else:
                    before[i] = x
                last_s[i] = at_s
        elif code == MEASURING and not isnan(x):
            before[i], in_spell[i] = x, 0
        if at_s - last_s[i] > _FORGET_S:
            spells[i] = 0
        found |= at_s - last_s[i] <= _TOLD_S and (spells[i] >= _SPELLS or in_spell[i] >= 3)
    return found

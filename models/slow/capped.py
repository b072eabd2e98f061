"""Values capped just below the limit, and calibrations that begin exactly when a value nears it.

The limit is a setting of the station (its permit, or its limit set): nothing is assumed where it is not known.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from models.protocol import Reason, TriageClass
from models.series import Floats
from models.slow.finding import CALIBRATING, MEASURING, Finding, Statuses
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


class CappedWatch:
    """The last readings of each sensor with a known upper limit: capped ones crowd below their maximum."""

    def __init__(self, columns: Sequence[str], limits: Mapping[str, float]) -> None:
        self.columns = tuple(columns)
        self._limited = [(j, limits[c]) for j, c in enumerate(columns) if limits.get(c, 0.0) > 0]
        self._ring = np.full((len(self._limited), _ROWS), np.nan, dtype=np.float32)
        self._count = [0] * len(self._limited)
        self._since = [0.0] * len(self._limited)

    def push(self, at_s: float, values: Floats, status: Statuses) -> list[Finding]:
        """Take the next row and return the sensors that are capped."""
        found = []
        for i, (j, limit) in enumerate(self._limited):
            x = float(values[j])
            if status[j] != MEASURING or np.isnan(x):
                continue
            self._ring[i, self._count[i] % _ROWS] = x
            self._count[i] += 1
            if _NEAR * limit <= x <= limit and self._capped(self._ring[i], limit):
                self._since[i] = self._since[i] or at_s
                found.append(self._finding(i, j, limit, at_s))
            else:
                self._since[i] = 0.0
        return found

    @staticmethod
    def _capped(ring: npt.NDArray[np.float32], limit: float) -> bool:
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
        return Finding(self.columns[j], Reason.CAPPED, TriageClass.FALSIFICATION, self._since[i], at_s, text)

    def state(self) -> Any:
        """Return the whole memory, by the parameters that have a limit: which ones have may change meanwhile."""
        return {
            self.columns[j]: [self._ring[i], self._count[i], self._since[i]] for i, (j, _) in enumerate(self._limited)
        }

    def set_state(self, state: Any) -> None:
        """Go on from a memory returned by ``state``; a parameter that had no limit then begins."""
        for i, (j, _) in enumerate(self._limited):
            if self.columns[j] in state:
                self._ring[i], self._count[i], self._since[i] = state[self.columns[j]]


_HIGH = 0.6
"""Share of the limit from which a calibration that begins there is looked at."""
_LIKE_BEFORE = 0.25
_SPELLS = 2
_FORGET_S = 2 * 86_400.0


class CalibrationWatch:
    """Calibrations that begin while the value is high and whose readings go on like the water's.

    In a real calibration the probe stands in a standard solution: its readings jump. Two such spells in two days, or
    one with three readings, are reported for as long as they last and an hour after.
    """

    def __init__(self, columns: Sequence[str], limits: Mapping[str, float]) -> None:
        self.columns = tuple(columns)
        self._limited = [(j, limits[c]) for j, c in enumerate(columns) if limits.get(c, 0.0) > 0]
        n = len(self._limited)
        self._before = [float("nan")] * n
        self._in_spell = [0] * n
        """Readings of the running spell that look like the water's."""
        self._spells = [0] * n
        self._first_s = [0.0] * n
        self._last_s = [float("-inf")] * n

    def push(self, at_s: float, values: Floats, status: Statuses) -> list[Finding]:
        """Take the next row and return the sensors whose calibrations are remarkable."""
        found = []
        for i, (j, limit) in enumerate(self._limited):
            x = float(values[j])
            if status[j] == CALIBRATING and not np.isnan(x):
                self._calibrating(i, x, limit, at_s)
            elif status[j] == MEASURING and not np.isnan(x):
                self._before[i], self._in_spell[i] = x, 0
            if at_s - self._last_s[i] > _FORGET_S:
                self._spells[i] = 0
            recent = at_s - self._last_s[i] <= 3600.0
            if recent and (self._spells[i] >= _SPELLS or self._in_spell[i] >= 3):
                found.append(self._finding(i, j, limit, at_s))
        return found

    def _calibrating(self, i: int, x: float, limit: float, at_s: float) -> None:
        before = self._before[i]
        if not (before >= _HIGH * limit and x >= _HIGH * limit and abs(x - before) <= _LIKE_BEFORE * before):
            return
        self._in_spell[i] += 1
        if self._in_spell[i] == 1:
            if not self._spells[i]:
                self._first_s[i] = at_s
            self._spells[i] += 1
        self._last_s[i] = at_s
        if self._in_spell[i] > 1:
            self._before[i] = x

    def _finding(self, i: int, j: int, limit: float, at_s: float) -> Finding:
        vi, en = names_of(self.columns[j])
        (long_vi, long_en), share = rounded_duration(at_s - self._first_s[i]), 100 * self._before[i] / limit
        text = Bilingual(
            f"{vi} chuyển sang trạng thái hiệu chuẩn đúng lúc đạt {share:.0f} % giới hạn, số đo vẫn như nước thải "
            f"({self._spells[i]} lần trong {long_vi}): cần kiểm tra",
            f"{en} goes into calibration just when it is at {share:.0f} % of the limit, with readings like the water's "
            f"({self._spells[i]} times in {long_en}): worth a check",
        )
        since = self._first_s[i]
        return Finding(self.columns[j], Reason.MASKING_CALIBRATION, TriageClass.FALSIFICATION, since, at_s, text)

    def state(self) -> Any:
        """Return the whole memory, by the parameters that have a limit: which ones have may change meanwhile."""
        return {
            self.columns[j]: [self._before[i], self._in_spell[i], self._spells[i], self._first_s[i], self._last_s[i]]
            for i, (j, _) in enumerate(self._limited)
        }

    def set_state(self, state: Any) -> None:
        """Go on from a memory returned by ``state``; a parameter that had no limit then begins."""
        for i, (j, _) in enumerate(self._limited):
            if self.columns[j] in state:
                (
                    self._before[i], self._in_spell[i], self._spells[i], self._first_s[i], self._last_s[i],
                ) = state[self.columns[j]]  # fmt: skip

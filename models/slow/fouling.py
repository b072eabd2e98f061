"""Fouling in open water: turbidity that rises slowly for days while the water does not rise.

Rain, floods and waste make a river turbid within hours and, but for waste, raise its level; afterwards both fall. A
window that is being overgrown reads a little more every day. What is compared is the clear water of each half day (the
lower quarter of its hourly means), so that neither spikes nor a short slug count, with the clearest half day of the
last three weeks since which the level has not risen. A doubling that no single half day made is a finding.

In a river the other sensors do not explain turbidity well enough for the cumulative sum of ``drift.py``: it would find
something in most weeks.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from models.priors import kind_of, prior_of
from models.protocol import Reason, TriageClass
from models.series import Floats
from models.slow.finding import CALIBRATING, MEASURING, Finding, Statuses
from models.snapshots import ByFields
from quantrac.domain.parameters import names_of
from quantrac.domain.words import Bilingual, number, number_vi, rounded_duration

_HOUR_S = 3600.0
_BLOCK_HOURS = 12
_QUARTER = 0.25
_BACK = 40
"""Half days that are looked back over: three weeks."""
_LEVELS = 240
"""Half days over which the usual range of the level is known: four months, so that a rainy spell is among them."""
_WARM = 8
_RISE = 0.8
"""Logarithm of the rise that is found, 2.2 times: in ten recorded river years only one had such rises by itself (3.5 %
of its rows), at 2.1 times it would be two."""
_STEEP = 0.4
"""A rise of which half a day makes a larger share is no fouling, but a jump."""
_BEGUN = 0.25
"""Share of the rise up to which it had not begun."""
_OVER = 0.5
"""Share of that rise below which a finding ends."""
_STILL = 0.3
"""The level has risen when it is higher by this share of its usual range (from its 10 to its 90 % quantile)."""
_GIVE_UP = 120
"""After two months of a finding what stays so is how it is."""
_JUDGED = frozenset({"turb", "tss"})


def is_open_water(columns: Sequence[str]) -> bool:
    """Whether a station looks like one in a river or lake: it measures a water level, and no flow."""
    kinds = {kind_of(c) for c in columns}
    return "level" in kinds and "flow" not in kinds


class FoulingWatch(ByFields):
    """The clear water of the last half days by sensor, beside the level. Finds nothing where no level is measured."""

    def __init__(self, columns: Sequence[str]) -> None:
        self.columns = tuple(columns)
        kinds = [kind_of(c) for c in columns]
        self._level = kinds.index("level") if "level" in kinds else -1
        self._judged = [j for j, kind in enumerate(kinds) if kind in _JUDGED and self._level >= 0]
        self._picked = [*self._judged, self._level]
        self._floor = np.array([prior_of(kinds[j]).floor_absolute for j in self._judged])
        d = len(self._judged) + 1
        self._hour = -1
        self._sum, self._rows = np.zeros(d), np.zeros(d)
        self._hours = np.full((_BLOCK_HOURS, d), np.nan)
        self._clear = np.full((_BACK, d - 1), np.nan)
        self._levels = np.full(_LEVELS, np.nan)
        self._low, self._low_level = np.full(d - 1, np.nan), np.full(d - 1, np.nan)
        self._since, self._found = np.zeros(d - 1), np.zeros(d - 1)
        self._times = np.ones(d - 1)

    def push(self, at_s: float, values: Floats, status: Statuses) -> list[Finding]:
        """Take the next row and return the sensors whose clear water rises slowly."""
        if not self._judged:
            return []
        hour = int(at_s // _HOUR_S)
        if hour > self._hour:
            self._close(hour)
        picked, said = values[self._picked], status[self._picked]
        calibrated = said[:-1] == CALIBRATING
        if calibrated.any():
            self._clear[:, calibrated] = np.nan
            self._found[calibrated] = 0.0
        good = np.isfinite(picked) & (said == MEASURING)
        picked[:-1] = np.log(np.fmax(picked[:-1], self._floor))
        self._sum += np.where(good, picked, 0.0)
        self._rows += good
        return [self._finding(i, at_s) for i in np.flatnonzero(self._found).tolist()]

    def _close(self, hour: int) -> None:
        """Keep the means of the last hour; at the end of half a day, and for each one without rows, judge it."""
        before = self._hour
        self._hour = hour
        if before < 0:
            return
        known = self._rows > 0
        self._hours[before % _BLOCK_HOURS] = np.where(known, self._sum / np.maximum(self._rows, 1.0), np.nan)
        self._sum[:], self._rows[:] = 0.0, 0.0
        first, last = before // _BLOCK_HOURS, hour // _BLOCK_HOURS
        for block in range(max(first, last - _LEVELS), last):
            self._judge(block)
            self._hours[:] = np.nan

    def _judge(self, block: int) -> None:
        """Take half a day into the memory and say where the clear water has crept up."""
        known = np.isfinite(self._hours).any(axis=0)
        hours = np.where(known, self._hours, 0.0)
        clear = np.where(known, np.nanquantile(hours, _QUARTER, axis=0), np.nan)[:-1]
        level = float(np.nanmedian(hours[:, -1])) if known[-1] else np.nan
        self._clear = np.vstack([self._clear[1:], clear])
        self._levels = np.append(self._levels[1:], level)
        measured = self._levels[np.isfinite(self._levels)]
        self._found += self._found > 0
        self._found[self._found > _GIVE_UP] = 0.0
        if len(measured) < _WARM or not known[-1]:
            return
        low, high = np.quantile(measured, (0.1, 0.9))
        still = _STILL * float(high - low)
        recent = self._levels[-_BACK:]
        since = np.fmax.accumulate(recent[::-1])[::-1]
        comparable = since <= recent + still
        for i in range(len(self._judged)):
            if np.isfinite(clear[i]):
                self._judge_sensor(i, block, comparable, still)

    def _judge_sensor(self, i: int, block: int, comparable: Any, still: float) -> None:
        clear, level = float(self._clear[-1, i]), float(self._levels[-1])
        if self._found[i]:
            back = clear - self._low[i] < _OVER * _RISE
            if back or level > self._low_level[i] + still:
                self._found[i] = 0.0
        if not self._found[i]:
            candidates = np.where(comparable & np.isfinite(self._clear[:, i]), self._clear[:, i], np.inf)
            lowest = int(np.argmin(candidates))
            path = self._clear[lowest:, i]
            steepest = float(np.diff(path[np.isfinite(path)]).max(initial=0.0))
            rise = clear - float(candidates[lowest])
            if rise > _RISE and steepest < _STEEP * rise:
                self._found[i] = 1.0
                self._low[i], self._low_level[i] = candidates[lowest], self._levels[lowest - _BACK]
                began = int(np.flatnonzero(candidates < candidates[lowest] + _BEGUN * rise)[-1])
                self._since[i] = (block - (_BACK - 1 - began)) * _BLOCK_HOURS * _HOUR_S
        self._times[i] = np.exp(clear - self._low[i]) if self._found[i] else 1.0

    def _finding(self, i: int, at_s: float) -> Finding:
        column = self.columns[self._judged[i]]
        vi, en = names_of(column)
        long_vi, long_en = rounded_duration(at_s - float(self._since[i]))
        times = float(self._times[i])
        text = Bilingual(
            f"{vi} tăng dần trong {long_vi}, gấp {number_vi(times, 3)} lần lúc trong nhất, mà mực nước không dâng: "
            "đầu đo có thể bẩn; nếu sạch, hãy tìm nguồn thải",
            f"{en} has crept up for {long_en} to {number(times, 3)} times its clearest while the water did not rise: "
            "the probe may be fouled; if it is clean, look for a source",
        )
        return Finding(column, Reason.FOULING, TriageClass.FAULT, float(self._since[i]), at_s, text)

    _FIELDS = (
        "_hour", "_sum", "_rows", "_hours", "_clear", "_levels", "_low", "_low_level", "_since", "_found", "_times",
    )  # fmt: skip

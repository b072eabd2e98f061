"""Values that come again exactly: yesterday's, or those of some hours ago."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite, log

import numpy as np

from models.compiled import compiled
from models.protocol import Reason, TriageClass
from models.series import Bools, Floats, Singles
from models.slow.finding import Finding, Statuses
from models.snapshots import ByFields
from quantrac.domain.parameters import names_of
from quantrac.domain.words import Bilingual, rounded_duration

SLOT_S = 300.0
_LAGS = np.array([12, 24, 36, 72, 144, 288])
"""Ages that are compared, in slots: 1, 2, 3, 6, 12 and 24 hours."""
_SLOTS = 289
_SURE = 14.0
"""Log-odds of a copy against chance at which it is reported: less than one in a million."""
_HIT, _FLOOR = 0.98, 0.05
_MATCHES = 8
_MEMORY = 300.0


class RepeatWatch(ByFields):
    """A day of values by slot of five minutes; a sequential test for each sensor and age.

    Only values that differ from the one before are compared: an analyser that holds its result proves nothing. How
    often a sensor hits an old value by chance (coarse resolution, a calm day) is learnt from the same comparisons.
    """

    def __init__(self, columns: Sequence[str]) -> None:
        self.columns = tuple(columns)
        d = len(self.columns)
        self._ring = np.full((_SLOTS, d), np.nan, dtype=np.float32)
        self._slot = -1
        self._last = np.full(d, np.nan, dtype=np.float32)
        self._chance = np.full(d, 0.2)
        self._odds = np.zeros((len(_LAGS), d))
        self._matches = np.zeros((len(_LAGS), d))
        self._since = np.zeros((len(_LAGS), d))

    def push(self, at_s: float, values: Floats, status: Statuses) -> list[Finding]:
        """Take the next row and return the sensors whose values repeat."""
        before, self._slot = self._slot, max(int(at_s // SLOT_S), self._slot)
        if not _take(
            self._slot, before, at_s, values, status, self._ring, self._last, self._chance, self._odds, self._matches,
            self._since,
        ):  # fmt: skip
            return []
        sure = (self._odds >= _SURE) & (self._matches >= _MATCHES)
        return [self._finding(j, sure[:, j], at_s) for j in np.flatnonzero(sure.any(axis=0)).tolist()]

    def _finding(self, j: int, sure: Bools, at_s: float) -> Finding:
        k = int(np.argmax(np.where(sure, self._odds[:, j], -1.0)))
        age_s, since = float(_LAGS[k]) * SLOT_S, float(self._since[k, j])
        vi, en = names_of(self.columns[j])
        (age_vi, age_en), (long_vi, long_en) = rounded_duration(age_s), rounded_duration(at_s - since)
        many = int(self._matches[k, j])
        reason = Reason.COPIED_DAY if age_s >= 86_400 else Reason.REPEATED
        text = Bilingual(
            f"{vi} trong {long_vi} qua lặp lại đúng số liệu {age_vi} trước ({many} giá trị trùng): cần kiểm tra",
            f"{en} repeats exactly its values of {age_en} before for {long_en} ({many} equal values): worth a check",
        )
        return Finding(self.columns[j], reason, TriageClass.FALSIFICATION, since, at_s, text)

    _FIELDS = ("_ring", "_slot", "_last", "_chance", "_odds", "_matches", "_since")


@compiled
def _take(
    slot: int, before: int, at_s: float, values: Floats, status: Statuses, ring: Singles, last: Singles,
    chance: Floats, odds: Floats, matches: Floats, since: Floats,
) -> bool:  # fmt: skip
    """Take the first row of a slot, and say whether any repetition is sure; every array is written in place."""
    if slot > before:
        if before >= 0:
            for skipped in range(max(before + 1, slot - _SLOTS), slot):
                ring[skipped % _SLOTS] = np.nan
        _compare(slot, at_s, values, status, ring, last, chance, odds, matches, since)
    for k in range(odds.shape[0]):
        for j in range(odds.shape[1]):
            if odds[k, j] >= _SURE and matches[k, j] >= _MATCHES:
                return True
    return False


@compiled
def _compare(
    slot: int, at_s: float, values: Floats, status: Statuses, ring: Singles, last: Singles, chance: Floats,
    odds: Floats, matches: Floats, since: Floats,
) -> None:  # fmt: skip
    """Hold a slot against the older ones, learn from it, and keep it."""
    for j in range(len(values)):
        x = np.float32(values[j] if status[j] == 0 else np.nan)
        changed = isfinite(x) and isfinite(last[j]) and x != last[j]
        by_chance = min(max(chance[j], _FLOOR), 0.9)
        compared = calm = calm_hits = 0
        for k in range(len(_LAGS)):
            old = ring[(slot - _LAGS[k]) % _SLOTS, j]
            if not (changed and isfinite(old)):
                continue
            compared += 1
            hit = old == x
            if hit and odds[k, j] <= 0.0:
                since[k, j] = at_s
            step = log(_HIT / by_chance) if hit else log((1.0 - _HIT) / (1.0 - by_chance))
            odds[k, j] = min(max(odds[k, j] + step, 0.0), 3.0 * _SURE)
            matches[k, j] = 0.0 if odds[k, j] <= 0.0 else matches[k, j] + hit
            # A copy must not teach that hits are chance: the ages that are under suspicion do not count.
            if odds[k, j] < _SURE / 2.0:
                calm += 1
                calm_hits += hit
        if compared and calm:
            chance[j] += (calm_hits / calm - chance[j]) / _MEMORY
        ring[slot % _SLOTS, j] = x
        if isfinite(x):
            last[j] = x

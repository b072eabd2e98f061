"""Dilution: the flow rises, the concentrations fall together, and the load stays what it was."""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan, log
from statistics import median

import numpy as np

from models.chemistry import is_outflow, roles_of
from models.compiled import compiled
from models.protocol import Reason, TriageClass
from models.series import Floats
from models.slow.finding import Finding, Statuses, add_measured
from models.snapshots import ByFields
from quantrac.domain.parameters import names_of
from quantrac.domain.words import Bilingual

_DAY_S = 86_400.0
_BLOCK_S = 900.0
_WARM_S = 2 * _DAY_S
_MORE, _THINNER = float(np.log(1.4)), float(np.log(0.8))
_HALF = 0.5
"""Of the rise in flow may be seen in the load: the rest was met by thinner water."""
_LASTING_S = 3000.0


class DilutionWatch(ByFields):
    """Flow and concentrations (as logarithms) against their own last day."""

    def __init__(self, columns: Sequence[str]) -> None:
        self.columns = tuple(columns)
        self._flow = next((j for j, c in enumerate(columns) if is_outflow(c)), -1)
        thinned = roles_of(self.columns).thinned
        self._thinned = [j for j in range(len(self.columns)) if thinned[j]]
        d = len(self.columns)
        self._level = np.full(d, np.nan)
        self._away = np.zeros(d)
        self._sum = np.zeros(d)
        self._rows = np.zeros(d)
        self._block = -1
        self._at_s = 0.0
        self._age_s = 0.0
        self._since = 0.0

    def push(self, at_s: float, values: Floats, status: Statuses) -> list[Finding]:
        """Take the next row and return a finding at the flow sensor while the water is being thinned."""
        if self._flow < 0 or len(self._thinned) < 2:
            return []
        add_measured(values, status, 0.0, self._sum, self._rows)
        block = int(at_s // _BLOCK_S)
        if block > self._block:
            self._close(at_s)
            self._block = block
        lasting = self._since > 0 and at_s - self._since >= _LASTING_S
        return [self._finding(at_s)] if lasting else []

    def _close(self, at_s: float) -> None:
        """Judge the mean of the rows since the last block began."""
        passed = min(max(at_s - self._at_s, 0.0), 3600.0) if self._at_s else 0.0
        self._at_s = at_s
        self._age_s += passed
        _hold_against_level(self._sum, self._rows, self._level, self._away)
        rise, fall = self._rise_and_fall()
        thin = self._age_s > _WARM_S and rise > _MORE and fall < _THINNER and rise + fall < _HALF * rise
        self._level += passed / _DAY_S * (0.1 if thin else 1.0) * self._away
        self._since = (self._since or at_s) if thin else 0.0

    def _rise_and_fall(self) -> tuple[float, float]:
        return float(self._away[self._flow]), median(self._away[self._thinned].tolist())

    def _finding(self, at_s: float) -> Finding:
        rise, fall = self._rise_and_fall()
        vi, en = names_of(self.columns[self._flow])
        more, less = 100 * (np.exp(rise) - 1), 100 * (1 - np.exp(fall))
        text = Bilingual(
            f"{vi} tăng {more:.0f} % trong khi các nồng độ cùng giảm khoảng {less:.0f} %, tải lượng không tăng: "
            "có thể pha loãng, cần kiểm tra",
            f"{en} up {more:.0f} % while concentrations fell together by about {less:.0f} %, the load did not rise: "
            "possibly dilution, worth a check",
        )
        return Finding(self.columns[self._flow], Reason.DILUTION, TriageClass.FALSIFICATION, self._since, at_s, text)

    _FIELDS = ("_level", "_away", "_sum", "_rows", "_block", "_at_s", "_age_s", "_since")


@compiled
def _hold_against_level(total: Floats, rows: Floats, level: Floats, away: Floats) -> None:
    """Write how far the block's means (as logarithms) are from the level, and begin another block."""
    for j in range(len(total)):
        away[j] = 0.0
        if rows[j] > 0.0:
            mean = log(total[j] / rows[j])
            if isnan(level[j]):
                level[j] = mean
            away[j] = mean - level[j]
        total[j] = rows[j] = 0.0

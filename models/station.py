"""The watch of a station behind the common protocol: what the worker runs, as one detector."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from math import isnan
from typing import Any, Self

import numpy as np

from models.evidence import MOVED
from models.features.table import Features
from models.judge import LEARNING_ROWS, Verdict, WatchConfig
from models.pipeline import Scored
from models.protocol import NotReady, NotReadyReason, Reason, Row, Score
from models.reported import reported
from models.residual import FUTURE_S, probability_of
from models.snapshots import pack, unpack
from models.watch import StationWatch

_KIND, _VERSION = "station pipeline", 6
_ALARMED = 5.0
"""Scatters of a sensor that count as a contribution of 1."""


class StationPipeline:
    """Pipeline, slow watches and triage of one station; the same rows in one series give the same scores.

    A base is taken whenever it is due, as the worker does with every batch.
    """

    def __init__(self, config: WatchConfig) -> None:
        self.config = config
        self._watch = StationWatch(config)
        self._base: bytes | None = None
        self._last_s = float("-inf")

    def score(self, row: Row, now: datetime) -> Score | NotReady:
        """Learn from one row and score it."""
        at = row.observed_at.timestamp()
        if at <= self._last_s:
            return NotReady(NotReadyReason.LATE)
        if at > now.timestamp() + FUTURE_S:
            return NotReady(NotReadyReason.FUTURE)
        self._last_s = at
        (verdict,) = self._watch.push([row], [False])
        if self._watch.base_is_due:
            self._base = self._watch.take_base()
        if all(isnan(value) for value in reported(row, self.config.parameters).usable):
            return NotReady(NotReadyReason.MISSING)
        scored = self._watch.scored
        if scored is None or self._watch.rows < LEARNING_ROWS:
            return NotReady(NotReadyReason.LEARNING)
        return self._worded(verdict, scored)

    def _worded(self, verdict: Verdict, scored: Scored) -> Score:
        features, columns = scored.features, self.config.parameters
        at = features.cell_names.index("slow_5")
        contributions = {columns[j]: abs(float(features.cells[0, j, at])) / _ALARMED for j in self._watch.targets}
        reason = self._reason(features) if verdict.alarm or verdict.severity >= 1 else Reason.NORMAL
        probability = probability_of(verdict.severity, verdict.alarm)
        triage = verdict.triage if verdict.alarm else None
        return Score(verdict.severity, probability, verdict.alarm, reason, contributions, triage)

    def _reason(self, features: Features) -> Reason:
        """Return the strongest single cause in a row, faults of the instrument first."""
        targets = list(self._watch.targets)
        cells = {name: np.abs(features.cells[0, targets, i]) for i, name in enumerate(features.cell_names)}
        lead = int(np.argmax(cells["slow_5"]))
        alone = (cells["slow_5"] > MOVED).sum() < 2
        named = (
            (cells["missing"].any(), Reason.MISSING), (cells["zero"].any(), Reason.EXACT_ZERO),
            (cells["run"].max() > 2.3, Reason.FROZEN), (alone and cells["cross_0"][lead] > 6, Reason.RELATION),
            (cells["noise"][lead] > 3.5, Reason.NOISE), (cells["step"][lead] > 12, Reason.STEP),
        )  # fmt: skip
        signed = features.cells[0, targets[lead], features.cell_names.index("slow_5")]
        return next((reason for holds, reason in named if holds), Reason.HIGH if signed > 0 else Reason.LOW)

    def score_batch(self, rows: Iterable[Row], now: datetime) -> list[Score | NotReady]:
        """Score rows in order."""
        return [self.score(row, now) for row in rows]

    def snapshot(self) -> bytes:
        """Return the state: the last base and the rows since, under 100 kB for twelve parameters."""
        return pack(_KIND, _VERSION, [self._last_s, self._watch.light(), self._base])

    @classmethod
    def restore(cls, config: WatchConfig, snapshot: bytes) -> Self:
        """Return a detector that goes on where ``snapshot`` was taken. Raises ModelError if it cannot."""
        detector = cls(config)
        state: Any = unpack(_KIND, _VERSION, snapshot)
        detector._last_s, light, detector._base = state
        detector._watch = StationWatch.restore(config, light, detector._base)
        return detector

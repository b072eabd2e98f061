"""The pipeline as a detector of one station: rows in, scores out, behind the common protocol."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from math import exp2
from typing import Self

import numpy as np

from models.examples import NORMAL
from models.families import FAMILIES, FamilyConfig
from models.features.table import Features
from models.pipeline import Fitted, Scored, Scorer
from models.protocol import NotReady, NotReadyReason, Reason, Row, Score
from models.residual import FUTURE_S, IMPLAUSIBLE, probability_of
from models.snapshots import pack, unpack
from models.triage import evidence, judge

_KIND, _VERSION = "station pipeline", 1


@dataclass(frozen=True)
class StationConfig:
    """Parameters of the station in a fixed order, and the pipeline that judges it."""

    parameters: tuple[str, ...]
    covariates: tuple[str, ...] = ()
    family: FamilyConfig = FAMILIES["scenarios"]
    fitted: Fitted | None = None
    """``None``: nothing was learnt elsewhere, novelty alone judges."""
    learning_rows: int = 60
    """Rows before the first score."""


class StationPipeline:
    """Streaming form of the pipeline; the same rows in one series give the same scores."""

    def __init__(self, config: StationConfig) -> None:
        self.config = config
        fitted = config.fitted or Fitted(config.family.effective(), None, 0.0, 0.005, False)
        self._scorer = Scorer(fitted, config.parameters, config.covariates)
        self._last_s = float("-inf")
        self._rows = 0

    def score(self, row: Row, now: datetime) -> Score | NotReady:
        """Learn from one row and score it."""
        at = row.observed_at.timestamp()
        if at <= self._last_s:
            return NotReady(NotReadyReason.LATE)
        if at > now.timestamp() + FUTURE_S:
            return NotReady(NotReadyReason.FUTURE)
        self._last_s = at
        values = np.array([[self._usable(row, p) for p in self.config.parameters]])
        stamp = np.array([row.observed_at.astimezone(UTC).replace(tzinfo=None)], dtype="datetime64[ns]")
        scored = self._scorer.push(stamp, values)
        self._rows += 1
        if np.isnan(values).all():
            return NotReady(NotReadyReason.MISSING)
        if self._rows < self.config.learning_rows:
            return NotReady(NotReadyReason.LEARNING)
        return self._worded(scored)

    @staticmethod
    def _usable(row: Row, parameter: str) -> float:
        value = row.values.get(parameter)
        if value is None or row.flags.get(parameter, 1) >= 4 or row.statuses.get(parameter, "00") != "00":
            return float("nan")
        return value if abs(value) < IMPLAUSIBLE else float("nan")

    def _worded(self, scored: Scored) -> Score:
        line = int(np.argmax(scored.margin[0]))
        severity = exp2(min(max(float(scored.margin[0, line]), -20.0), 20.0))
        alarm = bool(scored.alarm[0].any())
        columns, targets = self.config.parameters, self._scorer.targets
        at = scored.features.cell_names.index("slow_5")
        contributions = {columns[j]: abs(float(scored.features.cells[0, j, at])) / 5.0 for j in targets}
        triage = None
        if alarm:
            learnt = scored.shares[0] if scored.shares[0, NORMAL] < 1 and scored.shares[0].any() else None
            triage = judge(evidence(scored.features, columns, targets), learnt)
        reason = self._reason(scored.features) if alarm or severity >= 1 else Reason.NORMAL
        return Score(severity, probability_of(severity, alarm), alarm, reason, contributions, triage)

    def _reason(self, features: Features) -> Reason:
        e = evidence(features, self.config.parameters, self._scorer.targets)
        named = (
            (e.missing, Reason.MISSING), (e.zero, Reason.EXACT_ZERO), (e.frozen > 2.3, Reason.FROZEN),
            (e.alone > 6 and e.moving < 2, Reason.RELATION), (e.noise > 3.5, Reason.NOISE), (e.jump > 12, Reason.STEP),
        )  # fmt: skip
        return next((reason for holds, reason in named if holds), Reason.HIGH if e.upward else Reason.LOW)

    def score_batch(self, rows: Iterable[Row], now: datetime) -> list[Score | NotReady]:
        """Score rows in order."""
        return [self.score(row, now) for row in rows]

    def snapshot(self) -> bytes:
        """Return the state: under 100 kB for ten parameters."""
        return pack(_KIND, _VERSION, [self._last_s, self._rows, list(self.config.parameters), self._scorer.state()])

    @classmethod
    def restore(cls, config: StationConfig, snapshot: bytes) -> Self:
        """Return a detector that goes on where ``snapshot`` was taken. Raises ModelError if it cannot."""
        last_s, rows, parameters, state = unpack(_KIND, _VERSION, snapshot)
        detector = cls(config)
        if tuple(parameters) == config.parameters:
            detector._last_s, detector._rows = last_s, rows
            detector._scorer.set_state(state)
        return detector

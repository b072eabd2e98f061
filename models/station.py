"""The pipeline as a detector of one station: rows in, scores out, behind the common protocol."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from math import exp2, isfinite
from typing import Self

import numpy as np

from models.evidence import MOVED
from models.families import FAMILIES, FamilyConfig
from models.features.table import Features
from models.pipeline import Fitted, Scored, Scorer
from models.protocol import NotReady, NotReadyReason, Reason, Row, Score, Triage
from models.reported import Reported, as_reported, reported
from models.residual import FUTURE_S, probability_of
from models.slow.finding import Finding
from models.slow.watches import SlowWatches, known_to_triage
from models.snapshots import pack, unpack
from models.triage import Context, Incident

_KIND, _VERSION = "station pipeline", 5


@dataclass(frozen=True)
class StationConfig:
    """Parameters of the station in a fixed order, and the pipeline that judges it."""

    parameters: tuple[str, ...]
    covariates: tuple[str, ...] = ()
    family: FamilyConfig = FAMILIES["scenarios"]
    limits: Mapping[str, float] = field(default_factory=dict)
    """Upper legal limits, in the parameter's unit, where they are known: for the slow watches only."""
    fitted: Fitted | None = None
    """``None``: nothing was learnt elsewhere, novelty alone judges."""
    learning_rows: int = 60
    """Rows before the first score."""


class StationPipeline:
    """Streaming form of the pipeline; the same rows in one series give the same scores."""

    def __init__(self, config: StationConfig) -> None:
        self.config = config
        fitted = config.fitted or Fitted(config.family, None, 0.0, 0.005, False)
        self._scorer = Scorer(fitted, config.parameters, config.covariates)
        self._incident = Incident(config.parameters, self._scorer.targets, fitted.triage_model())
        self._watches = SlowWatches(config.parameters, config.limits) if fitted.config.watched else None
        self.findings: list[Finding] = []
        """What the slow watches find after the last row: work items."""
        self._tells = fitted.tells_process
        self._last_s = float("-inf")
        self._rows = 0
        self._calibrated_s = float("-inf")
        self.surroundings = Context()
        """What is known beside the rows (neighbours, open findings): the worker may set it before each row."""

    def score(self, row: Row, now: datetime) -> Score | NotReady:
        """Learn from one row and score it."""
        at = row.observed_at.timestamp()
        if at <= self._last_s:
            return NotReady(NotReadyReason.LATE)
        if at > now.timestamp() + FUTURE_S:
            return NotReady(NotReadyReason.FUTURE)
        self._last_s = at
        said = reported(row, self.config.parameters)
        values = np.array([said.usable])
        if self._watches is not None:
            self.findings = self._watches.push(at, *as_reported(said.usable, said.odd))
        stamp = np.array([row.observed_at.astimezone(UTC).replace(tzinfo=None)], dtype="datetime64[ns]")
        scored = self._scorer.push(stamp, values)
        context = self._context(said, at)
        shares = scored.shares if self._tells and scored.shares.any() else None
        alarm = np.asarray(scored.alarm.any(axis=1))
        (triage,) = self._incident.push(scored.features, alarm, shares, values, [context])
        self._rows += 1
        if np.isnan(values).all():
            return NotReady(NotReadyReason.MISSING)
        if self._rows < self.config.learning_rows:
            return NotReady(NotReadyReason.LEARNING)
        return self._worded(scored, triage)

    def _context(self, said: Reported, at: float) -> Context:
        """Return the surroundings with what the row's statuses and flags say."""
        if said.calibrating:
            self._calibrated_s = at
        ago = at - self._calibrated_s
        known = self.surroundings.maintenance_ago_s
        ago = ago if known is None else min(known, ago)
        found = known_to_triage(self.findings)
        return replace(
            self.surroundings,
            suspected=self.surroundings.suspected | found.suspected,
            worn=self.surroundings.worn | found.worn,
            calibrating=frozenset(said.calibrating),
            faulty=self.surroundings.faulty.union(said.faulty),
            maintenance_ago_s=ago if isfinite(ago) else None,
        )

    def _worded(self, scored: Scored, triage: Triage | None) -> Score:
        line = int(np.argmax(scored.margin[0]))
        severity = exp2(min(max(float(scored.margin[0, line]), -20.0), 20.0))
        alarm = bool(scored.alarm[0].any())
        columns, targets = self.config.parameters, self._scorer.targets
        at = scored.features.cell_names.index("slow_5")
        contributions = {columns[j]: abs(float(scored.features.cells[0, j, at])) / 5.0 for j in targets}
        reason = self._reason(scored.features) if alarm or severity >= 1 else Reason.NORMAL
        return Score(severity, probability_of(severity, alarm), alarm, reason, contributions, triage)

    def _reason(self, features: Features) -> Reason:
        """Return the strongest single cause in a row, faults of the instrument first."""
        cells = {name: np.abs(features.cells[0, self._scorer.targets, i]) for i, name in enumerate(features.cell_names)}
        lead = int(np.argmax(cells["slow_5"]))
        alone = (cells["slow_5"] > MOVED).sum() < 2
        named = (
            (cells["missing"].any(), Reason.MISSING), (cells["zero"].any(), Reason.EXACT_ZERO),
            (cells["run"].max() > 2.3, Reason.FROZEN), (alone and cells["cross_0"][lead] > 6, Reason.RELATION),
            (cells["noise"][lead] > 3.5, Reason.NOISE), (cells["step"][lead] > 12, Reason.STEP),
        )  # fmt: skip
        signed = features.cells[0, self._scorer.targets[lead], features.cell_names.index("slow_5")]
        return next((reason for holds, reason in named if holds), Reason.HIGH if signed > 0 else Reason.LOW)

    def score_batch(self, rows: Iterable[Row], now: datetime) -> list[Score | NotReady]:
        """Score rows in order."""
        return [self.score(row, now) for row in rows]

    def snapshot(self) -> bytes:
        """Return the state: under 100 kB for ten parameters."""
        watches = None if self._watches is None else self._watches.state()
        state = [self._last_s, self._rows, self._calibrated_s, self._scorer.state(), self._incident.state(), watches]
        return pack(_KIND, _VERSION, [list(self.config.parameters), *state])

    @classmethod
    def restore(cls, config: StationConfig, snapshot: bytes) -> Self:
        """Return a detector that goes on where ``snapshot`` was taken. Raises ModelError if it cannot."""
        parameters, last_s, rows, calibrated_s, scorer, incident, watches = unpack(_KIND, _VERSION, snapshot)
        detector = cls(config)
        if tuple(parameters) == config.parameters:
            detector._last_s, detector._rows, detector._calibrated_s = last_s, rows, calibrated_s
            detector._scorer.set_state(scorer)
            detector._incident.set_state(incident)
            if detector._watches is not None and watches is not None:
                detector._watches.set_state(watches)
        return detector

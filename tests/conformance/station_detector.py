"""What the worker runs of a station, charts and pipeline, each behind one seam for the conformance suite."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from math import isnan
from typing import Any, Protocol, Self, runtime_checkable

from models.features.table import SLOW_5
from models.pipeline.pipeline import Scored
from models.protocol import Reason, Row, Triage
from models.snapshots import pack, unpack
from models.station.charts import (
    ALARM,
    FUTURE_S,
    LEARNING,
    REASONS,
    SAID,
    SEVERITY,
    ResidualDetector,
    probability_of,
)
from models.station.judging import LEARNING_ROWS, RowAssessment, WatchConfig
from models.station.pipeline_memory import StationWatch, push_together
from models.station.reported import reported


@dataclass(frozen=True, slots=True)
class Score:
    """How unusual a row is.

    ``value`` is the severity: 1.0 is the threshold for an alarm, 0.0 is the baseline itself; it has no upper end.
    ``probability`` is the same on 0..1, 0.5 at the threshold. ``alarm`` is true when the severity stayed above the
    threshold long enough. ``contributions`` is the severity by parameter. ``triage`` is set while ``alarm`` is true by
    detectors that can tell, else ``None``.
    """

    value: float
    probability: float
    alarm: bool
    reason: Reason
    contributions: Mapping[str, float] = field(default_factory=dict)
    triage: Triage | None = None


@dataclass(frozen=True, slots=True)
class NotReady:
    """No score, and why: "not ready" is never written as zero."""

    why: str


REFUSED, MISSING, LEARNING_YET = NotReady("late, or ahead of our clock"), NotReady("no value"), NotReady("learning")


@runtime_checkable
class Detector(Protocol):
    """A causal, deterministic, restorable anomaly detector of one station."""

    @property
    def config(self) -> Any:
        """The frozen configuration that ``restore`` takes back."""
        ...

    def score(self, row: Row, now: datetime) -> Score | NotReady:
        """Learn from one row and score it. ``now`` is our clock: rows stamped well ahead of it are refused."""
        ...

    def score_batch(self, rows: Iterable[Row], now: datetime) -> list[Score | NotReady]:
        """Score rows in order; equal to calling ``score`` for each. ``now`` is not before the last row."""
        ...

    def snapshot(self) -> bytes:
        """Return the whole state, for ``restore``."""
        ...

    @classmethod
    def restore(cls, config: Any, snapshot: bytes) -> Self:
        """Return a detector that goes on exactly where ``snapshot`` was taken. Raises ``ModelError`` if it cannot."""
        ...


class ChartsDetector(ResidualDetector):
    """The charts of a station as one detector."""

    def score(self, row: Row, now: datetime) -> Score | NotReady:
        """Learn from one row and score it."""
        (said,) = self.advance((row,), now)
        if said is None:
            return REFUSED
        if not said:
            return MISSING
        known = {p: of_value for p, of_value in said.items() if of_value[SAID] != LEARNING}
        if not known:
            return LEARNING_YET
        alarm = any(of_value[ALARM] for of_value in known.values())
        worst = max(known.values(), key=lambda of_value: (of_value[ALARM], of_value[SEVERITY]))
        severities = {p: of_value[SEVERITY] for p, of_value in known.items()}
        reason = REASONS[int(worst[SAID])]
        return Score(worst[SEVERITY], probability_of(worst[SEVERITY], alarm), alarm, reason, severities)

    def score_batch(self, rows: Iterable[Row], now: datetime) -> list[Score | NotReady]:
        """Score rows in order."""
        return [self.score(row, now) for row in rows]


def pushed(watch: StationWatch, rows: Sequence[Row], charted: Sequence[bool]) -> list[RowAssessment]:
    """Return what the watch of one station says of its next rows, no neighbour reporting."""
    (said,) = push_together([(watch, rows, charted, (0, 0))])
    assert not isinstance(said, Exception), said
    return said


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
        if at <= self._last_s or at > now.timestamp() + FUTURE_S:
            return REFUSED
        self._last_s = at
        (assessment,) = pushed(self._watch, [row], [False])
        if self._watch.base_is_due:
            self._base = self._watch.take_base()
        if all(isnan(value) for value in reported(row, self.config.parameters).usable):
            return MISSING
        scored = self._watch.active.scored
        if scored is None or self._watch.active.rows < LEARNING_ROWS:
            return LEARNING_YET
        return self._worded(assessment, scored)

    def _worded(self, assessment: RowAssessment, scored: Scored) -> Score:
        features, columns = scored.features, self.config.parameters
        contributions = {
            columns[j]: abs(float(features.cells[0, j, SLOW_5])) / _ALARMED for j in self._watch.active.scorer.targets
        }
        reason = Reason.RELATION if assessment.alarm or assessment.severity >= 1 else Reason.NORMAL
        probability = probability_of(assessment.severity, assessment.alarm)
        triage = assessment.triage if assessment.alarm else None
        return Score(assessment.severity, probability, assessment.alarm, reason, contributions, triage)

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

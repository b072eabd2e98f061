"""The seam of the anomaly models: what a detector takes, what it gives, and what it promises.

A detector is configuration + state + snapshot. It is causal (a prefix of the input gives the same prefix of the
output), deterministic, restorable in mid-stream, bounded in state (100 kB a station), and never raises on a row: gaps,
missing parameters, irregular cadence and rows that come late are part of its life. ``tests/conformance`` holds every
implementation to that.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol, Self, runtime_checkable

from quantrac.domain.words import Bilingual


class Reason(StrEnum):
    """Why a score is what it is: the strongest single cause."""

    NORMAL = "normal"
    HIGH = "high"
    """Above the causal baseline."""
    LOW = "low"
    """Below the causal baseline."""
    SPIKE = "spike"
    """One or two values off the baseline, gone again."""
    STEP = "step"
    FROZEN = "frozen"
    """Unchanged for longer than this sensor is used to."""
    EXACT_ZERO = "exact_zero"
    RANGE = "range"
    """Outside what the instrument can report."""
    NOISE = "noise"
    """The values scatter far more than usual around the same level."""
    MISSING = "missing"
    RELATION = "relation"
    """The sensors contradict each other: the cross-sensor prediction or T2/Q is exceeded."""
    DRIFT = "drift"
    """A slow one-sided departure from the other sensors."""
    CAPPED = "capped"
    """Crowded just under the limit, never above it."""
    REPEATED = "repeated"
    """Exactly the values of some hours before."""
    COPIED_DAY = "copied_day"
    """Exactly the values of the day before."""
    TIMELY_CALIBRATION = "timely_calibration"
    """Calibration status exactly when the value nears its limit."""
    DILUTION = "dilution"
    """More flow, thinner water, the same load."""


class NotReadyReason(StrEnum):
    """Why there is no score."""

    LEARNING = "learning"
    """Too few values yet for a baseline, and no prior for the parameter."""
    LATE = "late"
    """Not newer than a row that was already scored: the state is not turned back."""
    FUTURE = "future"
    """Stamped ahead of our clock."""
    MISSING = "missing"
    """No usable value in the row."""


class TriageClass(StrEnum):
    """What an alarm probably is. Only ``PROCESS`` pages an officer; the rest becomes a work item."""

    PROCESS = "process"
    FAULT = "fault"
    MAINTENANCE = "maintenance"
    COMMUNICATION = "communication"
    NATURAL = "natural"
    FALSIFICATION = "falsification"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Triage:
    """Fault or pollution: class, its probability (0..1), and up to three reasons in plain words, strongest first."""

    cls: TriageClass
    probability: float
    reasons: tuple[Bilingual, ...] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """All values of one station at one instant.

    ``values`` maps canonical parameter codes to numbers in the registry's unit; ``None`` or NaN is missing, and a
    parameter may be absent. ``flags`` holds QARTOD flags (absent = not evaluated), ``statuses`` the logger's codes.
    """

    observed_at: datetime
    values: Mapping[str, float | None]
    flags: Mapping[str, int] = field(default_factory=dict)
    statuses: Mapping[str, str] = field(default_factory=dict)


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

    reason: NotReadyReason


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

"""What the models take and say: rows, reasons, classes.

What scores a station is configuration + state + snapshot. It is causal (a prefix of the input gives the same prefix of
the output), deterministic, restorable in mid-stream, bounded in state (100 kB a station), and never raises on a row:
gaps, missing parameters, irregular cadence and rows that come late are part of its life. ``tests/conformance`` holds
charts and pipeline to that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from quantrac.domain.words import Bilingual


class Reason(StrEnum):
    """Why a score is what it is: the strongest single cause."""

    LEARNING = "learning"
    """There is no score: too few values yet for a baseline."""
    NORMAL = "normal"
    HIGH = "high"
    """Above the causal baseline."""
    LOW = "low"
    """Below the causal baseline."""
    SPIKE = "spike"
    """One or two values off the baseline, gone again."""
    STUCK = "stuck"
    """Unchanged for longer than this sensor is used to."""
    RANGE = "range"
    """Outside what the instrument can report."""
    RELATION = "relation"
    """The sensors contradict each other: the cross-sensor prediction or T2/Q is exceeded."""
    DRIFT = "drift"
    """A slow one-sided departure from the other sensors."""
    FOULING = "fouling"
    """Clear water that reads dirtier every day while its level does not rise."""
    RISE = "rise"
    """Several parameters together above the same hour of the last days."""
    CAPPED = "capped"
    """Crowded just under the limit, never above it."""
    REPEATED = "repeated"
    """Exactly the values of some hours before."""
    COPIED_DAY = "copied_day"
    """Exactly the values of the day before."""
    MASKING_CALIBRATION = "masking_calibration"
    """Calibration status exactly when the value nears its limit."""
    DILUTION = "dilution"
    """More flow, thinner water, the same load."""


class TriageClass(StrEnum):
    """What an alarm probably is. Only ``POLLUTION`` pages an officer; the rest becomes a work item."""

    POLLUTION = "pollution"
    FAULT = "fault"
    MAINTENANCE = "maintenance"
    COMMUNICATION = "communication"
    NATURAL = "natural"
    FALSIFICATION = "falsification"
    UNKNOWN = "unknown"

    @classmethod
    def _missing_(cls, value: object) -> TriageClass | None:
        """Read the word that benchmarks have for pollution."""
        return cls.POLLUTION if value == "process" else None


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

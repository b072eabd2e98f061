"""Alerts: what is raised, how severe it is, and the transitions of its life."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from quantrac.domain.limits import Limit
from quantrac.domain.words import NOTHING_SAID, Bilingual


class AlertKind(StrEnum):
    """What an alert is about."""

    LIMIT = "limit"
    ANOMALY = "anomaly"
    FAULT = "fault"
    OFFLINE = "offline"
    DUE = "due"
    """A usable reading was due, in time, and did not come."""
    FLOODING = "flooding"
    """A station sends more than its quota: a work item, never paged."""
    REVISION = "revision"
    """A station sent readings of judged periods again, or many of any: a work item, never paged."""


class Severity(StrEnum):
    """How urgent an alert is; the rule decides, the paging policy reads it."""

    __hash__ = str.__hash__  # in C, and that of the equal text; the enumeration's own is a call of Python, of the name

    INFO = "info"
    WARNING = "warning"
    HIGH = "high"
    CRITICAL = "critical"


GRAVITY = {severity: rank for rank, severity in enumerate(Severity)}
"""How grave each severity is: the gravest has the highest number."""


class TransitionKind(StrEnum):
    """The steps of an alert's life that are stored and may page somebody."""

    OPENED = "opened"
    ESCALATED = "escalated"
    RESOLVED = "resolved"


class Cause(StrEnum):
    """What an officer found an alert to be: the label that a model can learn from."""

    POLLUTION = "pollution"
    SENSOR_FAULT = "sensor_fault"
    MAINTENANCE = "maintenance"
    COMMUNICATION = "communication"
    NATURAL = "natural"
    FALSIFICATION = "falsification"
    FALSE_ALARM = "false_alarm"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Assessment:
    """What the model makes of an anomaly: fault or pollution, how sure that is, and why."""

    cls: str
    """Value of the models' ``TriageClass``: process, fault, maintenance, ..., unknown."""
    probability: float
    """Of the class, 0..1."""
    reasons: tuple[Bilingual, ...] = ()
    """The strongest first, at most three."""

    def beside(self, told: str) -> Assessment:
        """Return it without the reasons that stand word by word in what a reader is told already, in Vietnamese."""
        return replace(self, reasons=tuple(reason for reason in self.reasons if reason.vi not in told))


@dataclass(frozen=True, slots=True)
class AlertKey:
    """What an open alert is unique by: the database allows one open alert per key."""

    station: str
    parameter: str
    """Canonical code, or the empty string for an alert of the whole station."""
    rule: str


@dataclass(frozen=True, slots=True)
class Transition:
    """One step of an alert's life, with the named reason of the engine and the facts that explain it."""

    key: AlertKey
    kind: TransitionKind
    alert_kind: AlertKind
    severity: Severity
    reason: str
    """Name of the engine's ``Reason`` member."""
    observed_at: datetime
    since: datetime
    """``observed_at`` of the first reading of the condition."""
    value: float | None
    limit: Limit | None
    """The one in force; ``None`` where nothing limits the parameter."""
    explanation: Bilingual = NOTHING_SAID
    """What happened and how much; what the model takes it for is in ``assessment`` only."""
    page: bool = True
    """False for what becomes a work item only: nobody is notified."""
    assessment: Assessment | None = None
    """Of an anomaly; ``None`` where no model could tell."""
    level: int = 0
    """Step of the rule that is reached, counted from 1; 0: not known, or none."""
    peak: float | None = None
    """The worst value so far; ``None``: not known."""


@dataclass(frozen=True, slots=True)
class OpenAlert:
    """An open alert as the table has it, which owns its state."""

    key: AlertKey
    kind: AlertKind
    severity: Severity
    level: int
    """Step of the rule, counted from 1; 0: an older version has not stored it."""
    paged: bool
    """Whether officers were paged."""
    since: datetime
    opened_at: datetime
    peak: float | None = None
    seen_at: datetime | None = None
    """``observed_at`` of the sensor's newest stored reading; ``None`` for an alert of the whole station."""


@dataclass(frozen=True, slots=True)
class Reassessment:
    """An open alert that the model came to see in another light; no transition, nobody is notified."""

    key: AlertKey
    assessment: Assessment
    explanation: Bilingual | None = None
    """``None``: what was said of it stays."""

"""Incidents: alerts that belong together, the steps of their life, and what holds their pages back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from quantrac.domain.alerts import GRAVITY, AlertKey, AlertKind, Severity, TransitionKind
from quantrac.domain.notifications import Channel, Notification
from quantrac.domain.stations import is_drill_code


def worst(severities: Iterable[Severity]) -> Severity:
    """Return the gravest of some severities; ``INFO`` when there is none."""
    found = Severity.INFO
    for severity in severities:  # a loop: every decision about every incident comes through here
        if GRAVITY[severity] > GRAVITY[found]:
            found = severity
    return found


def graver(one: Severity, than: Severity) -> bool:
    """Whether ``one`` is graver than the other.

    >>> graver(Severity.CRITICAL, Severity.HIGH), graver(Severity.HIGH, Severity.HIGH)
    (True, False)
    """
    return GRAVITY[one] > GRAVITY[than]


class Topic(StrEnum):
    """What an incident is about: alerts of different topics are never one incident."""

    WATER = "water"
    """Limits, their means, and anomalies."""
    INSTRUMENT = "instrument"
    """Faults and long calibrations; what a station sends too much of, or again."""
    SIGNAL = "signal"
    """Loss of signal."""


TOPIC_OF = {
    AlertKind.LIMIT: Topic.WATER,
    AlertKind.ANOMALY: Topic.WATER,
    AlertKind.FAULT: Topic.INSTRUMENT,
    AlertKind.OFFLINE: Topic.SIGNAL,
    AlertKind.DUE: Topic.SIGNAL,
    AlertKind.FLOODING: Topic.INSTRUMENT,  # a station that sends is not silent: many of them are no outage
    AlertKind.REVISION: Topic.INSTRUMENT,
}


class Extent(StrEnum):
    """How far an incident reaches."""

    STATION = "station"
    PARK = "park"
    """Several stations, all of one park."""
    SEVERAL = "several"
    """Stations of different parks, too few for an outage."""
    OUTAGE = "outage"
    """So many silent stations, or a declared outage, that the fault is on the way and not at the stations."""


class IncidentState(StrEnum):
    """The steps of an incident's life."""

    __hash__ = str.__hash__
    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    SNOOZED = "snoozed"
    RESOLVED = "resolved"
    CLOSED = "closed"


MAX_ATTACHMENT_BYTES = 5 * 1024 * 1024
"""A photograph of a phone has two to four; the database refuses more."""

ACTIVE = frozenset({IncidentState.OPEN, IncidentState.ACKNOWLEDGED, IncidentState.SNOOZED})


class IncidentCause(StrEnum):
    """What an officer found an incident to be; a label that a model can learn from."""

    POLLUTION = "pollution"
    PROCESS_UPSET = "process_upset"
    SENSOR_FAULT = "sensor_fault"
    CALIBRATION = "calibration"
    COMMUNICATION = "communication"
    FALSE_ALARM = "false_alarm"
    DRILL = "drill"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class AlertChange:
    """A stored transition of an alert, as incidents see it."""

    transition_id: int
    alert_id: int
    key: AlertKey
    alert_kind: AlertKind
    kind: TransitionKind
    severity: Severity
    reason: str
    """Name of the alert engine's reason."""
    observed_at: datetime
    since: datetime
    """``observed_at`` of the first reading of the condition; start of the hour or day of a mean."""
    created_at: datetime
    """When it was stored, by our clock."""
    page: bool
    """Whether the alert's rule tells officers."""
    retrospective: bool = False
    park: str | None = None
    explanation_vi: str = ""
    explanation_en: str = ""


@dataclass(frozen=True, slots=True)
class Member:
    """One alert of an incident."""

    alert_id: int
    transition_id: int
    """Of the opening."""
    key: AlertKey
    kind: AlertKind
    severity: Severity
    page: bool
    park: str | None
    since: datetime
    opened_at: datetime
    """By our clock."""
    resolved_at: datetime | None = None
    """By the station's clock."""
    counts: bool = True
    """False for a mean that confirms a slug: it keeps the incident neither open nor reopens it."""
    explanation_vi: str = ""
    explanation_en: str = ""

    @property
    def is_open(self) -> bool:
        """Whether it keeps its incident open."""
        return self.counts and self.resolved_at is None


@dataclass(frozen=True, slots=True)
class Chain:
    """How far the escalation of an incident has come."""

    policy: str
    step: int
    """Index of the step that was told last; -1: none yet."""
    round: int
    due_at: datetime | None
    """When the next step is told unless somebody acknowledges; ``None``: nobody is left."""


@dataclass(frozen=True, slots=True)
class Closing:
    """How somebody has closed an incident; without an instant it was reopened since."""

    incident_id: int
    at: datetime | None
    by: str | None
    cause: IncidentCause | None
    cause_text: str = ""


@dataclass(frozen=True, slots=True)
class Incident:
    """Alerts that belong together, told once. Instants are by our clock."""

    id: int
    topic: Topic
    opened_at: datetime
    spread_at: datetime
    """When its last station joined."""
    members: tuple[Member, ...] = ()
    state: IncidentState = IncidentState.OPEN
    extent: Extent = Extent.STATION
    outage: int | None = None
    """Id of the declared outage that explains it."""
    holder: str | None = None
    """Who has acknowledged it, or whom it was assigned to."""
    acted_at: datetime | None = None
    """Last act of an officer: acknowledgement, comment, assignment, snooze."""
    snoozed_until: datetime | None = None
    resolved_at: datetime | None = None
    closed_at: datetime | None = None
    closed_by: str | None = None
    cause: IncidentCause | None = None
    cause_text: str = ""
    paged_at: datetime | None = None
    paged_severity: Severity | None = None
    end_sent: bool = False
    rest_sent: bool = False
    """Whether what an outage has left behind was told."""
    held: bool = False
    """A page was held back by a window or a silence, and is owed if it still holds afterwards."""
    relapses: tuple[datetime, ...] = ()
    flapping: bool = False
    chain: Chain | None = None
    digest: int | None = None
    """The incident whose digest has named it in a storm, instead of a page of its own."""
    reason: str = ""
    """Named reason of the last decision: why it was told, or was not."""
    after: Closing | None = None
    """Of the incident before, which a person closed, and which therefore stays closed."""

    @property
    def is_active(self) -> bool:
        """Whether somebody has something to do: neither resolved nor closed."""
        return self.state in ACTIVE

    @property
    def lead(self) -> Member | None:
        """The alert that says most of it now: what lasts before what is over, then the gravest, then the newest."""
        return max(
            self.members,
            key=lambda m: (m.resolved_at is None, m.page, GRAVITY[m.severity], m.alert_id),
            default=None,
        )

    @property
    def open_members(self) -> tuple[Member, ...]:
        """Alerts that keep it open."""
        return tuple(m for m in self.members if m.is_open)

    @property
    def closing(self) -> Closing:
        """How it was closed."""
        return Closing(self.id, self.closed_at, self.closed_by, self.cause, self.cause_text)

    @property
    def severity(self) -> Severity:
        """The gravest of its alerts."""
        return worst(m.severity for m in self.members)

    @property
    def stations(self) -> tuple[str, ...]:
        """Its stations, in the order in which they joined."""
        return tuple(dict.fromkeys(m.key.station for m in self.members))

    @property
    def silent(self) -> tuple[str, ...]:
        """Those of its stations that fell silent: one that sends what cannot be used is none."""
        return tuple(dict.fromkeys(m.key.station for m in self.members if m.kind is AlertKind.OFFLINE))

    @property
    def is_drill(self) -> bool:
        """Whether its stations are the copies of a drill; drills and the real are never one incident."""
        return any(is_drill_code(m.key.station) for m in self.members)

    @property
    def since(self) -> datetime:
        """When it began, by the stations' clocks."""
        return min((m.since for m in self.members), default=self.opened_at)


class WindowKind(StrEnum):
    """Why pages are held back for a time."""

    MAINTENANCE = "maintenance"
    CALIBRATION = "calibration"
    AD_HOC = "ad_hoc"
    """The logger itself says that it calibrates (status 01)."""
    SILENCE = "silence"
    """An officer asked for quiet; its end is told."""


@dataclass(frozen=True, slots=True)
class HoldWindow:
    """A time in which pages of a station or a sensor are held back; half-open: ``ends_at`` is outside."""

    id: int
    kind: WindowKind
    station: str
    """Empty: every station."""
    parameter: str
    """Empty: every sensor, and the station itself."""
    starts_at: datetime
    ends_at: datetime
    repeat_days: int = 0
    """Repeats every so many days (7: weekly) until ``repeat_until``; 0: once."""
    repeat_until: datetime | None = None
    by: str = ""
    note: str = ""
    end_sent_at: datetime | None = None

    def covers(self, key: AlertKey, at: datetime) -> bool:
        """Whether pages of an alert are held back at an instant."""
        if self.station and self.station != key.station:
            return False
        return (not self.parameter or self.parameter == key.parameter) and self.contains(at)

    def contains(self, at: datetime) -> bool:
        """Whether an instant lies in the window or in one of its repetitions."""
        if at < self.starts_at:
            return False
        if not self.repeat_days:
            return at < self.ends_at
        period = timedelta(days=self.repeat_days)
        shifted = self.starts_at + (at - self.starts_at) // period * period
        if self.repeat_until is not None and shifted >= self.repeat_until:
            return False
        return at - shifted < self.ends_at - self.starts_at


@dataclass(frozen=True, slots=True)
class Outage:
    """An outage that somebody or something has declared: of the broker, a line, or our own pipeline."""

    id: int
    kind: str
    """broker, line or pipeline."""
    park: str | None
    """Whose line; ``None``: everything."""
    since: datetime
    until: datetime | None = None
    detail: str = ""

    def covers(self, park: str | None, at: datetime) -> bool:
        """Whether a silence of a station of a park that was found at an instant belongs to it."""
        within = self.since <= at and (self.until is None or at < self.until)
        return within and (self.park is None or self.park == park)


@dataclass(frozen=True, slots=True)
class IncidentEvent:
    """One line of the history of an incident: who did what, or what was decided and why."""

    incident_id: int
    at: datetime
    actor: str
    """A login or a name; empty: the machine."""
    what: str
    """Name of the act or of the notice."""
    reason: str
    """Named reason of the decision."""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class IncidentMessage:
    """A notification about an incident, and what it belongs to."""

    notification: Notification
    notice: str
    incident_id: int | None = None
    person: str | None = None
    """Code; ``None`` for a common recipient."""
    contact_id: int | None = None
    due_at: datetime | None = None
    """``None``: at once."""


@dataclass(frozen=True, slots=True)
class IncidentLink:
    """What is kept of a link with which one person can take one incident, once."""

    digest: bytes
    """SHA-256 of its token."""
    incident_id: int
    person: str
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class PagedRecipient:
    """Somebody who was paged of an incident, and by which way."""

    channel: Channel
    recipient: str
    person: str | None
    contact_id: int | None


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that belongs to an incident, without its content."""

    id: int
    at: datetime
    actor: str
    name: str
    content_type: str
    sha256: str
    """Hex."""
    size: int
    """Bytes."""


@dataclass(frozen=True, slots=True)
class IncidentProgress:
    """Up to when hand-overs and weeks were told."""

    handed_over_at: datetime | None
    summarised_at: datetime | None

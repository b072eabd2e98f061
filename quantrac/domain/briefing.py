"""What a message needs to know beside its incident: what was measured, where, and where the day leads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from quantrac.domain.alerts import Assessment
from quantrac.domain.limits import Limit
from quantrac.domain.stations import StationKind


@dataclass(frozen=True, slots=True)
class Finding:
    """What one alert has measured, in the unit of its sensor."""

    alert_id: int
    unit: str
    peak: float | None
    """The worst so far, as the alert engine found it."""
    newest: float | None
    """The newest usable reading; ``None`` where there is none, or the alert is about a mean."""
    newest_at: datetime | None
    limit: Limit | None
    of_mean: bool = False
    """It judges the mean of an hour or a day, not readings."""
    assessment: Assessment | None = None
    """What the model makes of it now."""
    paged_at: datetime | None = None
    """When officers were told of it first; ``None``: not yet."""
    paged_as: Assessment | None = None
    """What they read then of what it probably is; reasons stand in that message alone."""


@dataclass(frozen=True, slots=True)
class Place:
    """A station as a message names it."""

    code: str
    name_vi: str
    name_en: str
    kind: StationKind
    park: str | None
    operator: str
    illustration: bool


@dataclass(frozen=True, slots=True)
class DayClock:
    """Where a sensor's day leads if the level of the last hour holds: a row of ``compliance_clock``."""

    station: str
    parameter: str
    unit: str
    maximum: float
    """Limit of the day's mean."""
    mean: float
    """So far."""
    level: float | None
    """Mean of the latest hour; ``None``: nothing usable for two hours."""
    allowance: float | None
    """Highest mean that the rest of the day may have; below zero: no rest can mend it."""
    passed_at: datetime | None
    """When the day's mean passes the limit for good if the level holds; ``None``: it does not."""


@dataclass(frozen=True, slots=True)
class Briefing:
    """Facts about the alerts and stations of some incidents, read in the transaction that tells of them."""

    findings: Mapping[int, Finding] = field(default_factory=dict)
    """By number of the alert."""
    places: Mapping[str, Place] = field(default_factory=dict)
    """By code of the station."""
    clocks: tuple[DayClock, ...] = ()


NOTHING_KNOWN = Briefing()

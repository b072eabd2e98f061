"""The named reasons of every decision about incidents, and the settings that they depend on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from quantrac.domain.alerts import Severity


class Placing(StrEnum):
    """Why an alert belongs to the incident that it was put into."""

    NEW = "new"
    """Nothing that is open or just over explains it: an incident of its own."""
    SAME_ALERT = "same_alert"
    """A later step of an alert that the incident holds."""
    SAME_STATION = "same_station"
    """The station has an incident of the same topic that is not over."""
    RELAPSE = "relapse"
    """The station's incident was resolved by its alerts a short while ago: it is opened again."""
    AFTER_CLOSED = "after_closed"
    """An officer has closed the station's incident a short while ago, or its alerts last: another, which says so."""
    MEAN_OF_SLUG = "mean_of_slug"
    """The mean of an hour or day that holds the incident: it confirms, and opens nothing."""
    SAME_PARK = "same_park"
    """Another station of the park is polluting since a short while."""
    SAME_OUTAGE = "same_outage"
    """Other stations have fallen silent just before, or a declared outage explains it."""
    RETROSPECTIVE = "retrospective"
    """Not grouped: a finding that rests on late data is reported, and tells nobody."""
    NOT_OF_INCIDENT = "not_of_incident"
    """Not grouped: the end or a step of an alert that was opened before incidents were kept."""


class Reason(StrEnum):
    """Why an incident is told, or is not."""

    OPENED = "opened"
    RELAPSE = "relapse"
    WORSE = "worse"
    OUTAGE = "outage"
    """So many stations are silent that the fault is on the way."""
    STILL_HOLDS = "still_holds"
    """A window or silence has ended, or an outage is over, and this is left."""
    SNOOZE_OVER = "snooze_over"
    FORGOTTEN = "forgotten"
    """Acknowledged, and nothing has happened for too long."""
    UNATTENDED = "unattended"
    """Told, and nobody has acknowledged for too long."""
    FLAPPING = "flapping"
    """Opened again so often that it is told a last time until it has been calm."""
    DIGEST = "digest"
    """Stands for all that was held back in a storm."""
    RESOLVED = "resolved"
    CALM = "calm"
    """A flapping incident has stayed over."""
    ASSIGNED = "assigned"
    """Told to whom it was handed on."""

    WORK_ITEM = "work_item"
    """Not told: none of its open alerts tells officers."""
    GATHERING = "gathering"
    """Not told yet: other stations may fall silent within the minute."""
    IN_WINDOW = "in_window"
    """Not told: maintenance, calibration, or the logger's status 01."""
    SILENCED = "silenced"
    """Not told: an officer asked for quiet."""
    STORM = "storm"
    """Not told by itself: too many incidents are opening; the digest names it."""
    IN_DIGEST = "in_digest"
    """Named by a digest, not told by itself."""
    PAGED_ALREADY = "paged_already"
    ACKNOWLEDGED = "acknowledged"
    """Not told again: somebody has it."""
    SNOOZED = "snoozed"
    CALMING = "calming"
    """Over for the moment; a flapping incident is not yet taken for resolved."""
    UNPAGED_END = "unpaged_end"
    """Resolved; its beginning was told to nobody, so neither is its end."""
    OVER = "over"


class Notice(StrEnum):
    """What is sent."""

    PAGE = "page"
    """Begins the escalation anew: somebody must acknowledge."""
    UPDATE = "update"
    """To those who were paged before, and the holder; nobody need acknowledge."""
    END = "end"
    """To those who were paged: it is over."""


def _hours(critical: float, high: float, warning: float, info: float) -> dict[Severity, timedelta]:
    values = {Severity.CRITICAL: critical, Severity.HIGH: high, Severity.WARNING: warning, Severity.INFO: info}
    return {severity: timedelta(hours=hours) for severity, hours in values.items()}


@dataclass(frozen=True, slots=True)
class IncidentPolicy:
    """How alerts are grouped and how often incidents are told. All figures are practice, none is law."""

    gap: timedelta = timedelta(hours=1)
    """Within it an alert of the same station is a relapse of what has ended by itself; later it is a new incident."""
    look_back: timedelta = timedelta(hours=26)
    """How long what has ended is looked at: the mean of a day comes a day and a grace later."""
    park_gap: timedelta = timedelta(minutes=30)
    """Within it another station of the park joins. A slug takes about so long through a park's sewer."""
    outage_gap: timedelta = timedelta(minutes=10)
    """Within it silences are one outage: loggers send every 5 minutes, so one cut is noticed over 5 minutes."""
    outage_stations: int = 3
    """Silent stations that make an outage, which is told although single silences are work items."""
    signal_wait: timedelta = timedelta(minutes=2)
    """Before a silence is told; pollution is told at once."""
    rest_after: timedelta = timedelta(minutes=15)
    """After the last station has come back, until what an outage left behind is told."""
    flap_count: int = 3
    """Relapses within ``flap_window`` that make an incident a flapping one."""
    flap_window: timedelta = timedelta(hours=6)
    calm: timedelta = timedelta(hours=1)
    """How long a flapping incident must stay over before it is resolved."""
    storm_pages: int = 10
    """Incidents told within ``storm_window``; further ones wait for the digest."""
    storm_window: timedelta = timedelta(minutes=10)
    digest_every: timedelta = timedelta(minutes=10)
    forgotten_after: Mapping[Severity, timedelta] = field(default_factory=lambda: _hours(2, 4, 24, 72))
    """Since the last act of an officer, by severity."""
    longest_ad_hoc: timedelta = timedelta(hours=4)
    """A logger's status 01 holds pages back no longer than this: it must not be a way to pollute unseen."""

"""When each sensor was heard, and what was wrong with what it sent: what is due is held against this."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple


class Defect(StrEnum):
    """Why a reading that was due cannot be used, or was not there."""

    LATE = "late"
    """Received later after its observation than the lane limit: a backfill, or a clock that is slow."""
    AHEAD = "ahead"
    """Stamped later than our clock."""
    REFUSED = "refused"
    """It became a dead letter."""
    UNKNOWN_STATUS = "unknown_status"
    CALIBRATING = "calibrating"
    FAULT = "fault"
    SUSPECT = "suspect"
    BAD = "bad"
    NO_VALUE = "no_value"
    """The line came, without a value."""
    MISSING_LINE = "missing_line"
    """The station is heard, and the sensor's line is not in what it sends."""
    SPARSE = "sparse"
    """Usable readings come, too far apart."""


class Note(NamedTuple):
    """One line of a sensor as it arrived; ``defect`` is ``None`` for a usable reading in time.

    A named tuple, as what is remembered is: one of each is made for every reading.
    """

    received_at: datetime
    observed_at: datetime | None
    """``None`` where the stamp could not be used."""
    defect: Defect | None
    detail: str = ""
    """Which quality test, or why it was refused."""


class SensorPresence(NamedTuple):
    """What is remembered of a sensor. All but ``observed_at`` and ``usable_observed_at`` are our clock."""

    received_at: datetime | None = None
    """Of its last line, whatever it was."""
    observed_at: datetime | None = None
    """The newest stamp: the cadence is measured from it."""
    usable_at: datetime | None = None
    usable_observed_at: datetime | None = None
    usable_run: int = 0
    """Usable readings one after another at the sensor's cadence."""
    steady_at: datetime | None = None
    """When the last usable reading of a long enough run was received: until then all was in order."""
    returned_at: datetime | None = None
    """When the station was heard again after a silence that had found the sensor in order."""
    defect: Defect | None = None
    """Of the last line that could not be used."""
    defect_at: datetime | None = None
    detail: str = ""
    interval_s: float | None = None
    """Between the stamps of its readings, and how many in a row had this interval."""
    interval_run: int = 0
    declared_s: float = 0.0
    """For how long the instrument was calibrated by its own word, less what is usual."""
    short_s: float = 0.0
    """How much time the sensor owes: what its usable readings had to cover of the past, less what they did cover."""


@dataclass(frozen=True, slots=True)
class Listening:
    """The time in which our own path heard everything: silence outside it is ours, and counts for nobody."""

    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class OpenAlert:
    """What is known of an open alert: how severe it is, and whether officers were paged for it."""

    severity: str
    paged: bool

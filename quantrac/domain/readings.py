"""A reading: one value of one parameter of one station at one instant."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import NamedTuple


class Status(StrEnum):
    """What the logger says of its instrument (TT 10/2021/TT-BTNMT, Phụ lục 15: fifth column of the data file)."""

    MEASURING = "00"
    CALIBRATING = "01"
    FAULT = "02"
    MAINTENANCE = "03"
    """Not of the circular, but written by loggers in use: somebody works at the instrument."""
    UNKNOWN = "??"
    """Any other code: kept as a reading, never used for a judgement."""

    @classmethod
    def from_code(cls, code: str) -> Status:
        """Return the status of a logger's code; a code that neither the circular nor practice knows is ``UNKNOWN``.

        >>> Status.from_code("01").name, Status.from_code("7").name
        ('CALIBRATING', 'UNKNOWN')
        """
        return _STATUS_OF_CODE.get(code, cls.UNKNOWN)


_STATUS_OF_CODE = {s.value: s for s in Status}


class Flag(IntEnum):
    """What our quality control says of a reading: the primary flags of QARTOD (IOC Manuals and Guides 54, vol. 3)."""

    GOOD = 1
    NOT_EVALUATED = 2
    SUSPECT = 3
    BAD = 4
    MISSING = 9


class QcReason(StrEnum):
    """Which quality test set a flag other than ``GOOD``."""

    MISSING = "missing"
    RANGE_SENSOR = "range_sensor"
    RANGE_EXPECTED = "range_expected"
    RATE_OF_CHANGE = "rate_of_change"
    FLAT_LINE = "flat_line"
    CLOCK_FUTURE = "clock_future"
    STATUS_CALIBRATING = "status_calibrating"
    STATUS_FAULT = "status_fault"
    STATUS_MAINTENANCE = "status_maintenance"
    STATUS_UNKNOWN = "status_unknown"
    UNIT_MISMATCH = "unit_mismatch"
    FIRST_READING = "first_reading"


@dataclass(frozen=True, slots=True)
class Reading:
    """A decoded reading, before quality control.

    ``parameter`` is the canonical code and ``value`` is in the registry's unit of that parameter; ``None`` means that
    the logger sent the line without a value. ``observed_at`` is the station's clock, ``received_at`` is ours; both are
    aware UTC instants.
    """

    station: str
    parameter: str
    observed_at: datetime
    received_at: datetime
    value: float | None
    status: Status = Status.MEASURING
    factor: float = field(default=1.0, compare=False)
    """What the logger's number was multiplied by to be in the registry's unit."""


class CheckedReading(NamedTuple):
    """A reading with what quality control and the anomaly model said of it.

    A named tuple, as a stored row is: one of each is made for every reading, in a third of the time of a dataclass.

    ``score`` is the model's probability-like score in 0..1, ``None`` while the model is not ready for this sensor;
    ``score_reason`` says why in one line. ``late`` is true when the reading came in the retrospective lane.
    """

    reading: Reading
    flag: Flag
    reasons: tuple[QcReason, ...] = ()
    score: float | None = None
    score_reason: str | None = None
    late: bool = False

    @property
    def usable(self) -> bool:
        """Whether the reading may enter an average or a judgement: measured, and passed quality control."""
        return (
            self.reading.status is Status.MEASURING
            and self.reading.value is not None
            and self.flag <= Flag.NOT_EVALUATED
        )


class Outcome(IntEnum):
    """What became of a reading when it was stored."""

    STORED = 1
    DUPLICATE = 2
    """The same value and status were stored before for this instant."""
    REVISION = 3
    """Another value or status was: the new one counts now, the old one is kept beside it."""


class StoredRow(NamedTuple):
    """A checked reading with the Kafka record that it came in: the link to its original bytes."""

    checked: CheckedReading
    partition: int
    offset: int
    again: bool = False
    """The transport delivered its message before (session and sequence number): it is inserted or dropped, and never
    revises."""
    replayed: bool = False
    """It was sent through the pipeline again by an officer: it revises only what was received before it."""

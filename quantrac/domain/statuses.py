"""One status a station, in the words and colours of Envisoft, which the centre's staff know.

From what it follows is said once, by the database's function ``station_rank``.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from quantrac.domain.words import Bilingual


class StationStatus(StrEnum):
    """How a station is, the one thing that matters most."""

    GOOD = "good"
    TENDENCY = "tendency"
    PREPARING = "preparing"
    EXCEED = "exceed"
    ADJUSTING = "adjusting"
    ERROR = "error"
    OFFLINE = "offline"
    INCIDENT = "incident"
    """An open incident about the water, or an anomaly of which somebody is told."""


@dataclass(frozen=True, slots=True)
class StatusLook:
    """A status as people see it: never by its colour alone."""

    text: Bilingual
    color: str
    urgency: int
    """The most urgent first in a list: 0 is the most."""


LOOKS = {
    StationStatus.INCIDENT: StatusLook(Bilingual("Sự cố", "INCIDENT"), "#7e0023", 0),
    StationStatus.EXCEED: StatusLook(Bilingual("Vượt ngưỡng", "EXCEED"), "#EA3223", 1),
    StationStatus.ERROR: StatusLook(Bilingual("Lỗi thiết bị", "ERROR"), "#ff7e00", 2),
    StationStatus.OFFLINE: StatusLook(Bilingual("Mất tín hiệu", "OFFLINE"), "#999999", 3),
    StationStatus.PREPARING: StatusLook(Bilingual("Chuẩn bị vượt", "PREPARING"), "#F08432", 4),
    StationStatus.TENDENCY: StatusLook(Bilingual("Xu hướng vượt", "TENDENCY"), "#F1D748", 5),
    # Envisoft's is called purple without a number.
    StationStatus.ADJUSTING: StatusLook(Bilingual("Hiệu chuẩn", "ADJUSTING"), "#8e44ad", 6),
    StationStatus.GOOD: StatusLook(Bilingual("Tốt", "GOOD"), "#1dce6c", 7),
}

_RANKS = (
    StationStatus.GOOD,
    StationStatus.TENDENCY,
    StationStatus.PREPARING,
    StationStatus.EXCEED,
    StationStatus.ADJUSTING,
    StationStatus.ERROR,
    StationStatus.OFFLINE,
    StationStatus.INCIDENT,
)


def status_of_rank(rank: int) -> StationStatus:
    """Return the status that the database gives this number.

    >>> status_of_rank(7).value, LOOKS[status_of_rank(0)].text.vi
    ('incident', 'Tốt')
    """
    return _RANKS[rank]

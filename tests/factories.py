"""What many tests need one of, with everything that they do not care about filled in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from typing import Any

from quantrac.domain.stations import Sensor, Station, StationKind


def station(code: str = "DT_A_NUOSXL", sensors: Iterable[Sensor | str] = ("COD",), **fields: Any) -> Station:
    """Return an effluent station; a sensor given by its parameter alone is in mg/L, ``fields`` are any of a station."""
    plain = Station(
        code=code,
        effective_from=date(2026, 1, 1),
        name_vi="Trạm A",
        name_en="Station A",
        kind=StationKind.EFFLUENT,
        operator="Chủ đầu tư",
        longitude=105.7,
        latitude=10.3,
        sensors=tuple(Sensor(each, "mg/L") if isinstance(each, str) else each for each in sensors),
    )
    return replace(plain, **fields)

"""The simulator's own table of limits: it decides what "over the limit" means in the truth, independent of ``alerts``.

Source: QCVN 40:2011/BTNMT, table 1 (C values of columns A and B) and 2.1 (Cmax = C x Kq x Kf except temperature,
colour and pH). A parameter without a row has no known limit here.
"""

from __future__ import annotations

from dataclasses import dataclass

from quantrac.domain.stations import Station


@dataclass(frozen=True, slots=True)
class Bounds:
    """Allowed range of one parameter at one station; ``None`` where a side is open."""

    minimum: float | None
    maximum: float | None


_QCVN40_2011: dict[str, tuple[float, float]] = {
    "Temp": (40, 40),
    "Color": (50, 150),
    "COD": (75, 150),
    "BOD5": (30, 50),
    "TSS": (50, 100),
    "NH4": (5, 10),
    "TN": (20, 40),
    "TP": (4, 6),
    "Cl": (1, 2),
}
_WITHOUT_COEFFICIENTS = frozenset({"Temp", "Color"})
_PH_MINIMUM = (6.0, 5.5)
_PH_MAXIMUM = 9.0


def bounds_of(station: Station, parameter: str) -> Bounds | None:
    """Return the bounds that count at a station: its permit's, else the standard's with Kq and Kf, else ``None``."""
    for permit in station.permit_limits:
        if permit.parameter == parameter:
            return Bounds(permit.minimum, permit.maximum)
    if station.limit_set is None or not station.limit_set.upper().startswith("QCVN40-2011"):
        return None
    column = 1 if station.limit_set.upper().endswith("B") else 0
    if parameter == "pH":
        return Bounds(_PH_MINIMUM[column], _PH_MAXIMUM)
    if parameter not in _QCVN40_2011:
        return None
    factor = 1.0 if parameter in _WITHOUT_COEFFICIENTS else station.kq * station.kf
    return Bounds(None, _QCVN40_2011[parameter][column] * factor)


def outside(bounds: Bounds | None, value: float) -> bool:
    """Whether a value is outside its bounds; false where there are none."""
    if bounds is None:
        return False
    above = bounds.maximum is not None and value > bounds.maximum
    return above or (bounds.minimum is not None and value < bounds.minimum)

"""How each parameter behaves in normal operation: level, shape of the day, couplings, noise, resolution, sample hold.

Resolutions are those of the instrument table of TT 10/2021/TT-BTNMT, Điều 34; a registry that gives a sensor's own
resolution prevails. Levels are typical of a well-run plant: a third to a half of QCVN 40:2011 column A.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from quantrac.domain.stations import Sensor, Station, StationKind
from simulators.reference_limits import bounds_of

_USUAL_SHARE_OF_LIMIT = 0.42
"""Usual level of a parameter that has a limit lower than its profile expects, as a share of that limit."""


@dataclass(frozen=True, slots=True)
class Profile:
    """Normal behaviour of one parameter.

    ``level`` is the usual value in the parameter's unit. Where ``additive`` is false the shape multiplies the level
    (``level * exp(sum)``), else it is added, in units. ``daily`` is the amplitude of the diurnal shape, ``peak_hour``
    the local hour of its top, ``factors`` the weights of the shared causes, ``own`` the standard deviation of the
    parameter's own slow noise, ``instrument`` the relative (additive: absolute) noise of each measurement.
    """

    level: float
    daily: float = 0.1
    peak_hour: float = 10.0
    weekend: float = -0.08
    factors: Mapping[str, float] = field(default_factory=dict)
    own: float = 0.04
    instrument: float = 0.01
    resolution: float = 0.01
    sample_hold_s: float = 0.0
    """Seconds for which a wet-chemistry analyser repeats its last result; 0 for a probe that measures all the time."""
    additive: bool = False
    minimum: float = 0.0


_EFFLUENT: dict[str, Profile] = {
    "Flow": Profile(120, 0.25, 14, -0.30, {"hydraulic": 0.12, "load": 0.05}, 0.03, 0.02, 0.1),
    "Temp": Profile(29.5, 1.0, 15, 0.0, {"weather": 0.5}, 0.15, 0.03, 0.1, additive=True),
    "pH": Profile(7.2, 0.10, 13, 0.0, {"nitrogen": 0.04, "organic": -0.04}, 0.05, 0.02, 0.1, additive=True),
    "Color": Profile(18, 0.10, 11, -0.15, {"organic": 0.08}, 0.06, 0.02, 1.0),
    "TSS": Profile(18, 0.12, 11, -0.10, {"solids": 0.14, "load": 0.06}, 0.05, 0.03, 0.1),
    "COD": Profile(32, 0.14, 11, -0.12, {"organic": 0.10, "load": 0.07}, 0.03, 0.01, 0.5, 900),
    "BOD5": Profile(12, 0.14, 11, -0.12, {"organic": 0.10, "load": 0.07}, 0.03, 0.01, 0.5, 900),
    "CODsol": Profile(18, 0.14, 11, -0.12, {"organic": 0.10, "load": 0.06}, 0.03, 0.01, 0.5, 900),
    "TOC": Profile(11, 0.14, 11, -0.12, {"organic": 0.10, "load": 0.06}, 0.03, 0.01, 0.1, 900),
    "NH4": Profile(2.0, 0.14, 10, -0.08, {"nitrogen": 0.13, "load": 0.06}, 0.04, 0.01, 0.2, 1800),
    "TN": Profile(8.0, 0.10, 10, -0.08, {"nitrogen": 0.10, "load": 0.05}, 0.03, 0.01, 0.1, 1800),
    "NO3": Profile(4.0, 0.10, 16, 0.0, {"nitrogen": -0.08}, 0.04, 0.01, 0.1, 600),
    "TP": Profile(1.4, 0.10, 10, -0.06, {"nitrogen": 0.04, "solids": 0.05}, 0.03, 0.01, 0.1, 1800),
    "PO4": Profile(0.9, 0.10, 10, -0.06, {"nitrogen": 0.04}, 0.03, 0.01, 0.1, 600),
    "Cl": Profile(0.4, 0.10, 9, 0.0, {"hydraulic": -0.05}, 0.06, 0.02, 0.1, 1800),
    "COND": Profile(900, 0.05, 12, -0.05, {"load": 0.05, "hydraulic": -0.03}, 0.02, 0.004, 1.0),
    "TURB": Profile(12, 0.12, 11, -0.10, {"solids": 0.14}, 0.05, 0.03, 0.1),
    "DO": Profile(5.0, 0.4, 15, 0.0, {"organic": -0.25}, 0.15, 0.03, 0.1, additive=True),
}
_EFFLUENT["Flow_in"] = Profile(128, 0.28, 10, -0.30, {"hydraulic": 0.14, "load": 0.05}, 0.04, 0.02, 0.1)

_SURFACE: dict[str, Profile] = {
    "Temp": Profile(29.0, 1.2, 15, 0.0, {"weather": 0.6}, 0.10, 0.03, 0.1, additive=True),
    "pH": Profile(7.1, 0.12, 15, 0.0, {"weather": 0.03}, 0.04, 0.01, 0.1, additive=True),
    "DO": Profile(5.4, 0.70, 15, 0.0, {"weather": 0.12, "organic": -0.20}, 0.12, 0.03, 0.1, additive=True),
    "TSS": Profile(38, 0.06, 6, 0.0, {"solids": 0.16}, 0.05, 0.03, 0.1),
    "TURB": Profile(30, 0.06, 6, 0.0, {"solids": 0.16}, 0.05, 0.03, 0.1),
    "COND": Profile(185, 0.03, 9, 0.0, {"hydraulic": -0.04}, 0.02, 0.004, 1.0),
    "COD": Profile(9.5, 0.06, 9, 0.0, {"organic": 0.10}, 0.04, 0.01, 0.5, 900),
    "BOD5": Profile(3.5, 0.06, 9, 0.0, {"organic": 0.10}, 0.04, 0.01, 0.1, 900),
    "TOC": Profile(3.4, 0.06, 9, 0.0, {"organic": 0.10}, 0.04, 0.01, 0.1, 900),
    "NH4": Profile(0.22, 0.08, 8, 0.0, {"nitrogen": 0.12}, 0.05, 0.02, 0.01, 1800),
    "NO3": Profile(0.9, 0.06, 12, 0.0, {"nitrogen": 0.08}, 0.04, 0.02, 0.01, 600),
    "PO4": Profile(0.08, 0.06, 9, 0.0, {"nitrogen": 0.06}, 0.04, 0.02, 0.01, 600),
    "TN": Profile(1.3, 0.06, 9, 0.0, {"nitrogen": 0.08}, 0.04, 0.01, 0.1, 1800),
    "TP": Profile(0.2, 0.06, 9, 0.0, {"nitrogen": 0.05, "solids": 0.06}, 0.04, 0.01, 0.01, 1800),
    "Coliform": Profile(2700, 0.10, 7, 0.0, {"organic": 0.08, "solids": 0.08}, 0.06, 0.03, 10.0, 3600),
    "Level": Profile(1.6, 0.35, 5, 0.0, {"hydraulic": 0.15}, 0.03, 0.005, 0.01, additive=True),
    "Flow": Profile(2400, 0.15, 5, 0.0, {"hydraulic": 0.10}, 0.02, 0.02, 1.0),
}


def profile_of(station: Station, sensor: Sensor) -> Profile:
    """Return the normal behaviour of a sensor, fitted to its station.

    The flow follows the permit, a level lies well below the station's limit, the registry's resolution prevails, and
    a parameter that is not known gets the middle of its expected range.
    """
    table = _EFFLUENT if station.kind is StationKind.EFFLUENT else _SURFACE
    profile = table.get(sensor.parameter) or _unknown(sensor)
    level = _level(station, sensor, profile)
    resolution = sensor.qc.resolution if sensor.qc.resolution > 0 else profile.resolution
    return Profile(
        level, profile.daily, profile.peak_hour, profile.weekend, profile.factors, profile.own, profile.instrument,
        resolution, profile.sample_hold_s, profile.additive, profile.minimum,
    )  # fmt: skip


def _level(station: Station, sensor: Sensor, profile: Profile) -> float:
    effluent = station.kind is StationKind.EFFLUENT
    if effluent and sensor.parameter in ("Flow", "Flow_in") and station.permit_flow_m3_per_day:
        share = 0.62 if sensor.parameter == "Flow" else 0.66
        return share * station.permit_flow_m3_per_day / 24.0
    if profile.additive:
        return profile.level
    bounds = bounds_of(station, sensor.parameter)
    if bounds is not None and bounds.maximum is not None:
        return min(profile.level, _USUAL_SHARE_OF_LIMIT * bounds.maximum)
    return profile.level


def _unknown(sensor: Sensor) -> Profile:
    low = sensor.qc.expected_min if sensor.qc.expected_min is not None else sensor.qc.sensor_min or 0.0
    high = sensor.qc.expected_max if sensor.qc.expected_max is not None else sensor.qc.sensor_max
    level = low + 0.35 * (high - low) if high is not None else 10.0
    if level <= 0 or low < 0:
        width = (high - low) if high is not None else 10.0
        return Profile(level, 0.02 * width, own=0.01 * width, instrument=0.002 * width, additive=True, minimum=low)
    return Profile(level, resolution=max(level / 1000, 1e-6))

"""The generators of injected events: pure functions from a series of values to the series with the event in it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

import numpy as np
from numpy.typing import NDArray

from quantrac.domain.stations import Sensor
from simulators.events import EventKind, Occurrence, RelativeTo, SlugType
from simulators.noise import normal, stream_key, uniform
from simulators.profiles import Profile
from simulators.reference_limits import Bounds
from simulators.signals import Series

Mask = NDArray[np.bool_]

_MULTIPLES: Mapping[SlugType, Mapping[str, float]] = {
    SlugType.ORGANIC: {
        "COD": 1.0, "CODsol": 0.9, "BOD5": 1.0, "TOC": 1.0, "TSS": 0.7, "TURB": 0.7, "NH4": 0.5, "TN": 0.45, "TP": 0.35,
        "Color": 0.5, "COND": 0.06, "Flow": 0.08,
    },
    SlugType.AMMONIA: {"NH4": 1.0, "TN": 0.7, "COND": 0.08, "COD": 0.12, "TP": 0.1},
    SlugType.SOLIDS: {"TSS": 1.0, "TURB": 1.0, "COD": 0.45, "TOC": 0.35, "TP": 0.3, "Color": 0.2, "TN": 0.15},
    SlugType.SALT: {"COND": 1.0, "Cl": 0.2},
    SlugType.ACID: {"COND": 0.25},
    SlugType.DYE: {"Color": 1.0, "COD": 0.6, "TOC": 0.6, "COND": 0.15, "TSS": 0.15},
}  # fmt: skip
"""Relative rise of each parameter when the leading one rises by 1 (times its usual level)."""
_SHIFTS: Mapping[SlugType, Mapping[str, float]] = {
    SlugType.ORGANIC: {"DO": -2.0, "pH": -0.3, "Temp": 0.4},
    SlugType.AMMONIA: {"pH": 0.4, "DO": -1.0},
    SlugType.SOLIDS: {"DO": -0.8},
    SlugType.SALT: {},
    SlugType.ACID: {"pH": -2.5},
    SlugType.DYE: {"pH": 0.3, "Temp": 1.5, "DO": -0.8},
}
"""Shift in units at a magnitude of 3, of the parameters that do not multiply."""
_RAIN_MULTIPLES: Mapping[str, float] = {
    "TURB": 1.0, "TSS": 0.9, "Flow": 0.35, "Flow_in": 0.45, "TP": 0.25, "NO3": 0.12, "COD": 0.12, "NH4": -0.05,
    "COND": -0.09,
}  # fmt: skip
_RAIN_SHIFTS: Mapping[str, float] = {"Temp": -1.2, "DO": -0.4, "pH": -0.15, "Level": 0.6}
_NOT_DILUTED = frozenset({"pH", "Temp", "DO", "Flow", "Flow_in", "Level"})


def affected(kind: EventKind, slug: SlugType) -> frozenset[str]:
    """Return the parameters that an event of the water moves when its author names none."""
    if kind is EventKind.RAIN:
        return frozenset(_RAIN_MULTIPLES) | frozenset(_RAIN_SHIFTS)
    return frozenset(_MULTIPLES[slug]) | frozenset(_SHIFTS[slug])


def strongest_response(slug: SlugType, measured: Collection[str]) -> float:
    """Return the largest rise among some parameters when a slug's leading one rises by 1; an acid's pH counts as 1."""
    if slug is SlugType.ACID and "pH" in measured:
        return 1.0
    return max((rise for p, rise in _MULTIPLES[slug].items() if p in measured), default=0.0)


def shape(occurrence: Occurrence, times_s: Series) -> Series:
    """Return the course of an event from 0 to 1 and back: smooth over its onset and its tail."""
    event = occurrence.event
    rise = _smooth((times_s - occurrence.start_s) / max(event.onset_s, 1e-9))
    fall = _smooth((occurrence.end_s - times_s) / max(event.tail_s, 1e-9))
    return np.asarray(np.minimum(rise, fall), dtype=np.float64)


def alter_water(
    occurrence: Occurrence, parameter: str, times_s: Series, values: Series, *, profile: Profile, bounds: Bounds | None
) -> Series:
    """Return what is in the water while a slug, rain or dilution passes."""
    event = occurrence.event
    course = shape(occurrence, times_s)
    excess = event.magnitude - 1.0
    if event.kind is EventKind.DILUTION:
        return _dilute(parameter, values, course, event.magnitude)
    if event.kind is EventKind.RAIN:
        multiple, shift = _RAIN_MULTIPLES.get(parameter, 0.0), _RAIN_SHIFTS.get(parameter, 0.0)
        excess_units = excess / 3.0
    else:
        multiple, shift = _response(event.slug, parameter, profile)
        excess_units = excess / 2.0
        limit = bounds.maximum if bounds is not None else None
        if event.relative_to is RelativeTo.LIMIT and limit is not None and not profile.additive:
            return np.asarray(values + course * max(event.magnitude * limit - profile.level, 0.0), dtype=np.float64)
    if profile.additive:
        changed = values + course * shift * max(excess_units, 0.0)
    else:
        changed = values * np.maximum(1.0 + multiple * excess * course, 0.02)
    return np.asarray(np.maximum(changed, profile.minimum), dtype=np.float64)


def _response(slug: SlugType, parameter: str, profile: Profile) -> tuple[float, float]:
    known = parameter in _MULTIPLES[slug] or parameter in _SHIFTS[slug]
    if not known:
        return 1.0, profile.level * 0.1
    return _MULTIPLES[slug].get(parameter, 0.0), _SHIFTS[slug].get(parameter, 0.0)


def _dilute(parameter: str, values: Series, course: Series, magnitude: float) -> Series:
    factor = 1.0 + (magnitude - 1.0) * course
    if parameter == "Flow":
        return np.asarray(values * factor, dtype=np.float64)
    return values if parameter in _NOT_DILUTED else np.asarray(values / factor, dtype=np.float64)


def _smooth(x: Series) -> Series:
    clipped = np.clip(x, 0.0, 1.0)
    return np.asarray(clipped * clipped * (3.0 - 2.0 * clipped), dtype=np.float64)


def alter_reading(
    occurrence: Occurrence,
    parameter: str,
    times_s: Series,
    values: Series,
    *,
    profile: Profile,
    reading_at: Callable[[Series], Series],
    seed: int,
) -> Series:
    """Return what a faulty instrument shows during an occurrence; ``times_s`` and ``values`` lie within it.

    ``reading_at`` gives what the sound instrument shows at other times. Sizes are relative to the usual level, for
    the parameters that do not multiply (pH, temperature, oxygen) in their unit.
    """
    event = occurrence.event
    unit = 1.0 if profile.additive else profile.level
    progress = (times_s - occurrence.start_s) / max(event.duration_s, 1e-9)
    size = event.magnitude * unit
    match event.kind:
        case EventKind.STUCK | EventKind.INSTRUMENT_FAULT:
            shown = np.full_like(values, reading_at(np.array([occurrence.start_s]))[0])
        case EventKind.SPIKE | EventKind.OFFSET:
            shown = values + size
        case EventKind.DRIFT:
            shown = values + size * progress
        case EventKind.FOULING if profile.additive:
            shown = values - size * progress**1.5
        case EventKind.FOULING:
            shown = values * (1.0 - np.clip(event.magnitude, 0, 1) * progress**1.5)
        case EventKind.NOISE:
            key = stream_key(seed, event.station, parameter, "fault", str(event.number))
            shown = values + size * normal(key, np.round(times_s * 1000).astype(np.int64))
        case EventKind.COPIED_DAY:
            shown = reading_at(times_s - event.copy_s)
        case _:
            shown = values
    return np.asarray(shown, dtype=np.float64)


def capped(occurrence: Occurrence, parameter: str, times_s: Series, values: Series, *, cap: float, seed: int) -> Series:
    """Return values pressed under a share of ``cap``, with a little noise as a falsifier would add."""
    key = stream_key(seed, occurrence.event.station, parameter, "cap")
    jitter = 0.01 * uniform(key, np.round(times_s * 1000).astype(np.int64))
    return np.asarray(np.minimum(values, cap * (occurrence.event.magnitude - jitter)), dtype=np.float64)


def calibration_values(occurrence: Occurrence, sensor: Sensor, profile: Profile, times_s: Series) -> Series:
    """Return what a probe shows in its standard solutions: the low one half of the time, then the high one."""
    low, high = _standards(sensor, profile)
    half_s = (occurrence.start_s + occurrence.end_s) / 2
    return np.where(times_s < half_s, low, high).astype(np.float64)


def _standards(sensor: Sensor, profile: Profile) -> tuple[float, float]:
    if sensor.parameter == "pH":
        return 4.0, 7.0
    if sensor.parameter == "Temp":
        return profile.level, profile.level
    top = sensor.qc.sensor_max
    span = 2.5 * profile.level
    return max(0.0, sensor.qc.sensor_min or 0.0), span if top is None else min(span, 0.8 * top)


def lost(occurrence: Occurrence, parameter: str, times_s: Series, seed: int) -> Mask:
    """Return which samples a drop-out loses: ``magnitude`` is the share."""
    key = stream_key(seed, occurrence.event.station, parameter, "lost", str(occurrence.event.number))
    return np.asarray(uniform(key, np.round(times_s * 1000).astype(np.int64)) < occurrence.event.magnitude)

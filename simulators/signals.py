"""What one station's water does in normal operation, and what its instruments make of it.

Everything is a pure function of (seed, station, parameter, time): asking for one hour twice, alone or within a day,
gives equal numbers.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from quantrac.domain.stations import Station
from simulators.noise import autoregressive, normal, stream_key, uniform
from simulators.profiles import Profile, profile_of

Series = NDArray[np.float64]

_VIETNAM_S = 7 * 3600.0
_DAY_S = 86_400.0
_WEEK_S = 7 * _DAY_S
_EPOCH_TO_MONDAY_S = 4 * _DAY_S
"""1970-01-01 was a Thursday; the first Monday 00:00 came four days later."""
_FACTOR_STEP_S, _FACTOR_PHI = 300.0, 0.97
"""Shared causes forget themselves in about 2.7 hours."""
_OWN_STEP_S, _OWN_PHI = 60.0, 0.98
"""A parameter's own slow noise forgets itself in about 50 minutes."""
_LIVED_FROM_S = 1_795_446_000.0
"""Where signals that are faster than the clock stand at a run's start: each run shows the same stretch of them."""
_SITE_SPREAD = 0.10
"""Stations differ in their usual level by at most this share."""


class StationSignals:
    """Normal behaviour of every sensor of one station.

    Parameters
    ----------
    sample_hold_s
        Replaces the sample hold of the wet-chemistry analysers: a demonstration at one reading a second would see
        none of their changes at the real 15 to 30 minutes. ``None`` keeps each profile's.
    noise_scale
        Factor on all noise; 0 leaves the bare daily and weekly shape.
    speed
        How much faster than the clock the water and the analysers live: at 300 a reading a second looks like one
        every five minutes. Events keep the clock's time.
    origin_s
        Start of the run (epoch seconds). Only at another speed than 1 it matters: then equal seeds give equal values
        for equal times since the start, not for equal instants.
    """

    def __init__(
        self,
        station: Station,
        seed: int,
        *,
        sample_hold_s: float | None = None,
        noise_scale: float = 1.0,
        speed: float = 1.0,
        origin_s: float = 0.0,
    ) -> None:
        self.station = station
        self._seed = seed
        self._noise_scale = noise_scale
        self._speed = speed
        self._shift_s = 0.0 if speed == 1.0 else _LIVED_FROM_S - math.floor(origin_s)
        self._profiles = {s.parameter: profile_of(station, s) for s in station.sensors}
        self._hold_s = {
            parameter: p.sample_hold_s / speed if sample_hold_s is None or p.sample_hold_s == 0 else sample_hold_s
            for parameter, p in self._profiles.items()
        }

    def profile(self, parameter: str) -> Profile:
        """Return the normal behaviour of a parameter."""
        return self._profiles[parameter]

    def water(self, parameter: str, times_s: Series) -> Series:
        """Return what is truly in the water at the given times (epoch seconds), in the parameter's unit."""
        profile = self._profiles[parameter]
        shape = self._shape(parameter, profile, (times_s + self._shift_s) * self._speed)
        level = self._site_level(parameter, profile)
        values = level + shape if profile.additive else level * np.exp(shape)
        return np.asarray(np.maximum(values, profile.minimum), dtype=np.float64)

    def sampled_at(self, parameter: str, times_s: Series) -> Series:
        """Return the instants at which the shown results were sampled: earlier than now for a wet-chemistry analyser.

        Each analyser has a phase of its own, so that they do not all step together.
        """
        hold_s = self._hold_s[parameter]
        if hold_s <= 0:
            return times_s
        phase_s = hold_s * float(self._one_uniform("phase", parameter)) - self._shift_s
        return np.asarray(np.floor((times_s - phase_s) / hold_s) * hold_s + phase_s, dtype=np.float64)

    def measured(self, parameter: str, values: Series, sampled_at_s: Series) -> Series:
        """Return the values with the instrument's own noise, not yet rounded."""
        profile = self._profiles[parameter]
        key = stream_key(self._seed, self.station.code, parameter, "instrument")
        noise = (
            self._noise_scale
            * profile.instrument
            * normal(key, np.round((sampled_at_s + self._shift_s) * 1000).astype(np.int64))
        )
        return np.asarray(values + noise if profile.additive else values * (1.0 + noise), dtype=np.float64)

    def rounded(self, parameter: str, values: Series) -> Series:
        """Return the values at the instrument's resolution."""
        resolution = self._profiles[parameter].resolution
        if resolution <= 0:
            return values
        digits = decimals(resolution)
        return np.asarray(np.round(np.round(values / resolution) * resolution, digits), dtype=np.float64)

    def _shape(self, parameter: str, profile: Profile, times_s: Series) -> Series:
        local_s = times_s + _VIETNAM_S
        angle = 2 * np.pi * (local_s / _DAY_S - profile.peak_hour / 24)
        shape = profile.daily * (np.cos(angle) + 0.3 * np.cos(2 * angle - 1.0))
        if profile.weekend:
            shape = shape + profile.weekend * _weekend(local_s)
        if self._noise_scale == 0:
            return np.asarray(shape, dtype=np.float64)
        slow = np.zeros_like(times_s)
        for factor, weight in profile.factors.items():
            slow += weight * autoregressive(self._factor_key(factor), times_s, _FACTOR_STEP_S, _FACTOR_PHI)
        own = stream_key(self._seed, self.station.code, parameter, "own")
        slow += profile.own * autoregressive(own, times_s, _OWN_STEP_S, _OWN_PHI)
        return np.asarray(shape + self._noise_scale * slow, dtype=np.float64)

    def _factor_key(self, factor: str) -> int:
        where = "province" if factor == "weather" else self.station.code
        return stream_key(self._seed, where, "factor", factor)

    def _site_level(self, parameter: str, profile: Profile) -> float:
        spread = _SITE_SPREAD * (2.0 * self._one_uniform("level", parameter) - 1.0)
        return profile.level * (1.0 + (0.1 * spread if profile.additive else spread))

    def _one_uniform(self, *names: str) -> float:
        key = stream_key(self._seed, self.station.code, *names)
        return float(uniform(key, np.zeros(1, dtype=np.int64))[0])


def decimals(resolution: float) -> int:
    """Return how many decimals a value at a resolution needs.

    >>> decimals(0.5), decimals(0.01), decimals(10.0)
    (1, 2, 0)
    """
    return next((d for d in range(9) if math.isclose(resolution * 10**d, round(resolution * 10**d), rel_tol=1e-9)), 9)


def _weekend(local_s: Series) -> Series:
    """1 in the middle of the weekend, 0 on working days, smooth over six hours at both ends."""
    day = ((local_s - _EPOCH_TO_MONDAY_S) % _WEEK_S) / _DAY_S
    rise = np.clip((day - 4.9) / 0.25, 0.0, 1.0)
    fall = np.clip((7.0 - day) / 0.25, 0.0, 1.0)
    return np.asarray(np.minimum(rise, fall), dtype=np.float64)

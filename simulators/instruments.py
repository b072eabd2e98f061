"""What the instruments of one station show: the water with its events, then their own faults, statuses and losses."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from quantrac.domain.readings import Status
from quantrac.domain.stations import Sensor
from simulators import faults
from simulators.events import MESSAGE_KINDS, WATER_KINDS, EventKind, Occurrence, StationEvent
from simulators.messages import Sample
from simulators.reference_limits import Bounds, bounds_of
from simulators.signals import Series, StationSignals

_STATUSES = (Status.MEASURING, Status.CALIBRATING, Status.FAULT)


@dataclass(frozen=True, slots=True)
class Column:
    """One sensor at a series of instants: values, which of them are missing, and the status codes."""

    values: Series
    missing: NDArray[np.bool_]
    status: NDArray[np.int8]

    def samples(self, sensor: Sensor) -> list[Sample]:
        """Return the lines that the logger sends of them."""
        parameter, unit = sensor.parameter, sensor.unit
        return [
            Sample(parameter, None if missing else value, unit, _STATUSES[status])
            for value, missing, status in zip(
                self.values.tolist(), self.missing.tolist(), self.status.tolist(), strict=True
            )
        ]


class StationInstruments:
    """The instruments of one station under its events."""

    def __init__(self, signals: StationSignals, events: tuple[StationEvent, ...], seed: int) -> None:
        self._signals = signals
        self._seed = seed
        self._bounds = {s.parameter: bounds_of(signals.station, s.parameter) for s in signals.station.sensors}
        self._water_events: dict[str, list[StationEvent]] = {}
        self._reading_events: dict[str, list[StationEvent]] = {}
        for event in events:
            if event.kind in MESSAGE_KINDS:
                continue
            by_parameter = self._water_events if event.kind in WATER_KINDS else self._reading_events
            for parameter in event.parameters:
                by_parameter.setdefault(parameter, []).append(event)

    def bounds(self, parameter: str) -> Bounds | None:
        """Return the limit that the truth goes by."""
        return self._bounds[parameter]

    def sound(self, parameter: str, times_s: Series) -> Series:
        """Return what a sound instrument shows at the given times: events of the water, no faults, not rounded."""
        sampled_s = self._signals.sampled_at(parameter, times_s)
        values = self._signals.water(parameter, sampled_s)
        profile = self._signals.profile(parameter)
        for event in self._water_events.get(parameter, ()):
            for occurrence in event.occurrences(float(sampled_s.min()), float(sampled_s.max())):
                values = faults.alter_water(
                    occurrence, parameter, sampled_s, values, profile=profile, bounds=self._bounds[parameter]
                )
        return self._signals.measured(parameter, values, sampled_s)

    def read(self, sensor: Sensor, times_s: Series) -> Column:
        """Return what the sensor's line in the logger says at the given times, which must ascend."""
        values = self.sound(sensor.parameter, times_s).copy()
        column = Column(values, np.zeros(times_s.size, dtype=np.bool_), np.zeros(times_s.size, dtype=np.int8))
        for event in self._reading_events.get(sensor.parameter, ()):
            for occurrence in event.occurrences(float(times_s[0]), float(times_s[-1])):
                self._apply(occurrence, sensor, times_s, column)
        profile = self._signals.profile(sensor.parameter)
        if not profile.additive:
            np.maximum(values, profile.minimum, out=values)
        values[:] = self._signals.rounded(sensor.parameter, values)
        if sensor.convert_rate not in (0.0, 1.0):
            values /= sensor.convert_rate
        return column

    def _apply(self, occurrence: Occurrence, sensor: Sensor, times_s: Series, column: Column) -> None:
        mask = _covered(occurrence, times_s)
        if not mask.any():
            return
        parameter = sensor.parameter
        at_s, values = times_s[mask], column.values[mask]
        profile = self._signals.profile(parameter)
        match occurrence.event.kind:
            case EventKind.CALIBRATION:
                column.values[mask] = faults.calibration_values(occurrence, sensor, profile, at_s)
                column.status[mask] = 1
            case EventKind.MASKING_CALIBRATION:
                column.status[mask & (column.values > occurrence.event.magnitude * self._top(parameter))] = 1
            case EventKind.CAPPED:
                cap = self._top(parameter)
                column.values[mask] = faults.capped(occurrence, parameter, at_s, values, cap=cap, seed=self._seed)
            case EventKind.DROP_OUT:
                column.missing[mask] = faults.lost(occurrence, parameter, at_s, self._seed)
            case kind:
                column.values[mask] = faults.alter_reading(
                    occurrence,
                    parameter,
                    at_s,
                    values,
                    profile=profile,
                    reading_at=lambda t: self.sound(parameter, t),
                    seed=self._seed,
                )
                if kind is EventKind.INSTRUMENT_FAULT:
                    column.status[mask] = 2

    def _top(self, parameter: str) -> float:
        bounds = self._bounds[parameter]
        if bounds is not None and bounds.maximum is not None:
            return bounds.maximum
        return 1.3 * self._signals.profile(parameter).level


def _covered(occurrence: Occurrence, times_s: Series) -> NDArray[np.bool_]:
    """Rows of an occurrence; one shorter than the cadence hits the first row at or after its start."""
    mask = (times_s >= occurrence.start_s) & (times_s < occurrence.end_s)
    if not mask.any() and occurrence.event.kind is EventKind.SPIKE:
        first = int(np.searchsorted(times_s, occurrence.start_s))
        step_s = float(times_s[1] - times_s[0]) if times_s.size > 1 else np.inf
        if first < times_s.size and times_s[first] - occurrence.start_s < step_s:
            mask[first] = True
    return np.asarray(mask, dtype=np.bool_)

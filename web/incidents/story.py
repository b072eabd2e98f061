"""What the picture of an alert shows, put together from the database: readings, baselines, limits, what was done."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from math import copysign
from typing import TYPE_CHECKING

from quantrac.errors import QuantracError

if TYPE_CHECKING:
    from models.station.scores import ParameterScore
    from quantrac.domain.limits import Limit, LimitSet
    from quantrac.domain.stations import Registry, Sensor, Station
    from sql.reports import AlertLine, Paged, ReadingLine, Reports

BEFORE_ROWS, AFTER_ROWS = 144, 24
"""Readings shown before the condition began and after the alert ended: 12 h and 2 h at a cadence of five minutes."""
LEARNING_ROWS = 288
"""Readings before those, from which the baseline has formed by then: a day at a cadence of five minutes."""
PANELS = 4
MOVED = 3.0
"""Scatters off its baseline from which a parameter counts as having moved."""


@dataclass(frozen=True, slots=True)
class Trace:
    """One parameter: its readings within the window, and the causal baseline that each of them was judged by."""

    sensor: Sensor
    name_vi: str
    name_en: str
    readings: tuple[ReadingLine, ...]
    baseline: Mapping[datetime, float]
    limit: Limit | None
    off: float
    """The farthest that it was off its baseline while the alert was open, in scatters, with sign."""

    @property
    def moved(self) -> bool:
        """Whether it departed from its baseline."""
        return abs(self.off) >= MOVED


@dataclass(frozen=True, slots=True)
class Story:
    """An alert with everything that explains it."""

    alert: AlertLine
    station: Station
    traces: tuple[Trace, ...]
    """The alerted parameter first, then those that moved with it, then others for comparison."""
    start: datetime
    end: datetime
    crossed_at: datetime | None
    """First usable reading beyond the limit since shortly before the alert; ``None``: not crossed."""
    paged: Paged | None

    @property
    def cadence(self) -> timedelta:
        """Time between two readings of the alerted parameter."""
        return timedelta(seconds=self.traces[0].sensor.cadence_s)


@dataclass(slots=True)
class _Course:
    baseline: dict[datetime, float] = field(default_factory=dict)
    off: float = 0.0


def story_of(
    reports: Reports, registry: Registry, limit_sets: Sequence[LimitSet], alert: AlertLine, hours: float | None = None
) -> Story:
    """Collect what explains an alert.

    Parameters
    ----------
    hours
        Shown before the alert's condition began; ``None``: ``BEFORE_ROWS`` readings.

    Raises
    ------
    QuantracError
        The station or the sensor is no longer registered, or nothing is stored of that time.
    """
    station = registry.station(alert.station, alert.since)
    if station is None:
        raise QuantracError(f"The station {alert.station} is not registered: `quantrac stations import`.")
    lead = station.sensor_of.get(alert.parameter) or next(iter(station.sensors), None)
    if lead is None:
        raise QuantracError(f"The station {alert.station} has no sensor to draw.")
    row = timedelta(seconds=lead.cadence_s)
    start = alert.since - (BEFORE_ROWS * row if hours is None else timedelta(hours=hours))
    end = (alert.resolved_at or alert.opened_at + 2 * AFTER_ROWS * row) + AFTER_ROWS * row
    # What was judged, not what the station says today: a value that it sent otherwise since must not change the story.
    lines = reports.readings_known_at(station.code, start - LEARNING_ROWS * row, end, alert.opened_at)
    if not any(r.parameter == lead.parameter and r.observed_at >= start for r in lines):
        raise QuantracError(f"No readings of {lead.parameter} at {station.code} are stored around alert {alert.id}.")
    courses = _courses(station, lines, alert)
    traces = [_trace(station, s, lines, courses[s.parameter], limit_sets, start) for s in station.sensors]
    ordered = sorted(
        (t for t in traces if t.readings), key=lambda t: (t.sensor.parameter != lead.parameter, -abs(t.off))
    )
    first = ordered[0]
    return Story(
        alert, station, tuple(ordered[:PANELS]), start, end, _crossed_at(first, alert.since), reports.paged(alert.id)
    )


def _courses(station: Station, lines: Iterable[ReadingLine], alert: AlertLine) -> dict[str, _Course]:
    """Run the charts of the stream over the stored readings again: the baseline before each row, and the departures."""
    from models.protocol import Row
    from models.station.scores import StationModel

    model = StationModel(station.sensors)
    courses = {sensor.parameter: _Course() for sensor in station.sensors}
    until = alert.resolved_at or alert.opened_at + timedelta(days=1)
    for at, group in groupby(lines, key=lambda r: r.observed_at):
        readings = {r.parameter: r for r in group if r.parameter in courses}
        row = Row(
            at,
            {p: r.value for p, r in readings.items()},
            {p: r.flag for p, r in readings.items()},
            {p: r.status for p, r in readings.items()},
        )
        for parameter, score in (model.score_row(row, at) or {}).items():
            course, value = courses[parameter], readings[parameter].value
            course.baseline[at] = score.level
            off = _scatters(score, value)
            if alert.since <= at <= until and abs(off) > abs(course.off):
                course.off = off
    return courses


def _scatters(score: ParameterScore, value: float | None) -> float:
    from models.station.charts import THRESHOLD

    return 0.0 if value is None else copysign(score.severity * THRESHOLD, value - score.level)


def _trace(  # noqa: PLR0917  one parameter's share of each
    station: Station,
    sensor: Sensor,
    lines: Iterable[ReadingLine],
    course: _Course,
    limit_sets: Sequence[LimitSet],
    start: datetime,
) -> Trace:
    from alerts.limits import limit_for
    from quantrac.domain.limits import Window
    from quantrac.domain.parameters import names_of
    from quantrac.domain.stations import VIETNAM

    limit = limit_for(station, sensor.parameter, start.astimezone(VIETNAM).date(), limit_sets, Window.READING)
    mine = tuple(r for r in lines if r.parameter == sensor.parameter and r.observed_at >= start)
    baseline = {at: level for at, level in course.baseline.items() if at >= start}
    name_vi, name_en = names_of(sensor.parameter)
    return Trace(sensor, name_vi, name_en, mine, baseline, limit, course.off)


def _crossed_at(trace: Trace, since: datetime) -> datetime | None:
    """Return the first usable reading beyond the limit; it may lie a little before the alert's own condition."""
    from alerts.thresholds import exceeds

    limit, begin = trace.limit, since - timedelta(seconds=10 * trace.sensor.cadence_s)
    if limit is None:
        return None
    usable = (r for r in trace.readings if r.flag <= 2 and r.status == "00" and r.observed_at >= begin)
    return next((r.observed_at for r in usable if r.value is not None and exceeds(limit, r.value)), None)

"""Turns labels and alarms of one series into counts that add up over files, and counts into figures."""

from __future__ import annotations

from dataclasses import dataclass, field

from models.evaluation.families.base import Run
from models.evaluation.metrics.counts import Counts
from models.evaluation.metrics.events import EventCount, Interval, count_events, label_intervals
from models.evaluation.metrics.points import Confusion, confusion
from models.evaluation.metrics.ranges import RangeScores, range_scores
from models.series import Bools, Floats, Series, by_row, inside


@dataclass(frozen=True, slots=True)
class Tally(Counts):
    """Counts of one or more series."""

    points: Confusion = field(default_factory=Confusion)
    events: EventCount = field(default_factory=EventCount)
    ranges: RangeScores = field(default_factory=RangeScores)
    rows: int = 0
    seconds: float = 0.0

    def figures(self) -> dict[str, float | None]:
        """Return the figures common to all families; ``None`` where one is not defined."""
        return {
            "point_f1": self.points.f1,
            "event_f1": self.events.f1,
            "event_recall": self.events.recall,
            "false_alarms_per_day": self.events.false_alarms_per_day,
            "median_delay_min": self.events.median_delay_min,
            "false_alarm_rate": self.points.false_alarm_rate,
            "missed_alarm_rate": self.points.missed_alarm_rate,
            **self.ranges.figures(),
            "ms_per_row": 1000.0 * self.seconds / self.rows if self.rows else None,
            "rows": self.rows,
            "events": self.events.events,
            "false_alarms": self.events.false_alarms,
        }


def tally(run: Run, *, ranges: bool = False) -> Tally:
    """Count one series: by row, or sensor by sensor where the labels are by sensor (days are then sensor-days).

    ``ranges`` adds the metrics of ranges, which take seconds a series.
    """
    series, said = run.series, run.result
    rows = len(series.times)
    if series.labels is None:
        return Tally(rows=rows, seconds=run.seconds)
    if series.labels.ndim == 1:
        counts = [_count(series, series.labels, said.worst, by_row(said.alarm), ranges)]
    else:
        counts = [
            _count(series, series.labels[:, j], said.score[:, j], said.alarm[:, j], ranges)
            for j in series.target_places
        ]
    return sum(counts, Tally(rows=rows, seconds=run.seconds))


def _count(series: Series, labels: Bools, score: Floats, alarm: Bools, ranges: bool) -> Tally:
    counted = series.counted
    points = confusion(labels, alarm, counted)
    events = count_events(series.times, _intervals(series, labels), alarm, counted)
    if not ranges:
        return Tally(points, events)
    kept = series.times[counted], labels[counted], score[counted], alarm[counted]
    return Tally(points, events, range_scores(*kept))


def _intervals(series: Series, labels: Bools) -> list[Interval]:
    """Return the listed events where the labelled rows are those inside them, else the stretches of labelled rows."""
    if series.events and (inside(series.times, series.events) == labels).all():
        return [(event.start, event.end) for event in series.events]
    return label_intervals(series.times, labels)

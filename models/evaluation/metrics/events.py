"""Event counts: which labelled intervals were noticed, how soon, and how often something was cried for nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np

from models.evaluation.metrics.counts import Counts, ratio
from models.series import Bools, Times, stretches

GRACE = np.timedelta64(60, "m")
"""Alarms up to this long after the end of an event are its aftermath: neither right nor wrong."""

_MINUTE = np.timedelta64(60_000_000_000, "ns")
_DAY_MIN = 1440.0

Interval = tuple[np.datetime64, np.datetime64]


@dataclass(frozen=True, slots=True)
class EventCount(Counts):
    """Events and false alarms of one or more series. ``days`` is the counted time (sensor-days if by sensor)."""

    events: int = 0
    detected: int = 0
    false_alarms: int = 0
    days: float = 0.0
    delays_min: tuple[float, ...] = ()

    @property
    def recall(self) -> float | None:
        """Share of the events with an alarmed row inside."""
        return ratio(self.detected, self.events)

    @property
    def f1(self) -> float | None:
        """F1 of detected events (TP), false alarm runs (FP) and missed events (FN)."""
        return ratio(2 * self.detected, self.detected + self.false_alarms + self.events)

    @property
    def false_alarms_per_day(self) -> float | None:
        """False alarm runs per counted day."""
        return ratio(self.false_alarms, self.days)

    @property
    def median_delay_min(self) -> float | None:
        """Minutes from the start of an event to its first alarmed row, median over the detected events."""
        return float(median(self.delays_min)) if self.delays_min else None


def label_intervals(times: Times, truth: Bools) -> list[Interval]:
    """Return the instants of the first and last row of each stretch of labelled rows."""
    return [(times[first], times[stop - 1]) for first, stop in stretches(truth)]


def cadence_min(times: Times) -> float:
    """Return the usual distance of rows in minutes: the median of the positive steps (0 for fewer than two rows)."""
    steps = np.diff(np.sort(times[~np.isnat(times)])) / _MINUTE
    positive = steps[steps > 0]
    return float(np.median(positive)) if len(positive) else 0.0


def count_events(
    times: Times,
    intervals: Sequence[Interval],
    alarm: Bools,
    counted: Bools | None = None,
) -> EventCount:
    """Count the events of one series (of one sensor, where judged by sensor).

    An event counts if at least one counted row lies inside; it is detected if one of those rows is alarmed. A false
    alarm is a maximal run of alarmed counted rows outside all events and their grace: an alarm that began in an event
    and is still on after the grace is one more false alarm, so that a constant alarm is never free.

    Parameters
    ----------
    times
        datetime64[ns], shape (rows,).
    intervals
        Events, both ends inclusive.
    alarm, counted
        bool, shape (rows,).
    """
    keep = np.ones(len(times), dtype=np.bool_) if counted is None else counted
    cadence = cadence_min(times)
    times, alarm = times[keep], alarm[keep]
    outside = np.ones(len(times), dtype=np.bool_)
    events, delays = 0, []
    for start, end in intervals:
        inside = (times >= start) & (times <= end)
        outside &= ~((times >= start) & (times <= end + GRACE))
        if not inside.any():
            continue
        events += 1
        alarmed = times[inside & alarm]
        if len(alarmed):
            delays.append(float((alarmed.min() - start) / _MINUTE))
    return EventCount(
        events, len(delays), len(stretches(alarm & outside)), len(times) * cadence / _DAY_MIN, tuple(delays)
    )

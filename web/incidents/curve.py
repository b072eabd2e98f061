"""The curve of an alert as the browser draws it: readings by flag, baseline, limit, and what happened when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from web.incidents.doubts import Surroundings
from web.incidents.story import Story, Trace


def as_json(story: Story) -> dict[str, Any]:
    """Return a story as columns: seconds since 1970, values, ``None`` for what is not there."""
    alert = story.alert
    return {
        "since": alert.since.timestamp(),
        "opened": alert.opened_at.timestamp(),
        "resolved": None if alert.resolved_at is None else alert.resolved_at.timestamp(),
        "crossed": None if story.crossed_at is None else story.crossed_at.timestamp(),
        "paged": None if story.paged is None else story.paged.observed_at.timestamp(),
        "traces": [_trace(trace) for trace in story.traces],
    }


def _trace(trace: Trace) -> dict[str, Any]:
    usable: list[float | None] = []
    doubted: list[float | None] = []
    calibrating: list[float | None] = []
    for r in trace.readings:
        good = r.status == "00" and r.flag <= 2
        usable.append(r.value if good else None)
        calibrating.append(r.value if r.status == "01" else None)
        doubted.append(None if good or r.status == "01" else r.value)
    return {
        "parameter": trace.sensor.parameter,
        "unit": trace.sensor.unit,
        "name": [trace.name_vi, trace.name_en],
        "moved": trace.moved,
        "t": [r.observed_at.timestamp() for r in trace.readings],
        "usable": usable,
        "doubted": doubted,
        "calibrating": calibrating,
        "baseline": [trace.baseline.get(r.observed_at) for r in trace.readings],
        "minimum": None if trace.limit is None else trace.limit.minimum,
        "maximum": None if trace.limit is None else trace.limit.maximum,
    }


@dataclass(frozen=True, slots=True)
class Around:
    """What is known beside the story."""

    window: bool
    neighbours_alarmed: int


def surroundings(story: Story, around: Around) -> Surroundings | None:
    """Return what may speak against the model's class; ``None`` where it has named none."""
    alert = story.alert
    if alert.triage is None:
        return None
    lead, *others = story.traces
    during = [r for r in lead.readings if r.observed_at >= alert.since]
    flagged = sum(r.flag in {3, 4} for r in during)
    return Surroundings(
        cls=alert.triage,
        probability=alert.triage_probability or 0.0,
        moved=sum(t.moved for t in others),
        others=len(others),
        suspect_share=flagged / len(during) if during else 0.0,
        calibrating=around.window or any(r.status == "01" for r in during),
        neighbours_alarmed=around.neighbours_alarmed,
        told=alert.paged_probability if alert.paged_triage == alert.triage else None,
    )

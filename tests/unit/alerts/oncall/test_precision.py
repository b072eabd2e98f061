"""Drawn weeks: what was told and how it was closed, and the share of it that was right.

::

    week before   w P W . d s      told and closed: pollution, wrong, open, drill; s: not told
    this week     P P i            i: instrument, not of the water
"""

from __future__ import annotations

import doctest
from datetime import UTC, datetime, timedelta

import pytest

from alerts.oncall import precision as module
from alerts.oncall.precision import as_json, by_week, wilson
from quantrac.domain.incidents import Incident, IncidentCause, IncidentState, Topic

NOW = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)
"""Wednesday."""
MONDAY = datetime(2026, 11, 22, 17, 0, tzinfo=UTC)
"""Monday, 00:00 in Vietnam."""


def closed(at: datetime, cause: IncidentCause | None, *, told: bool = True, topic: Topic = Topic.WATER) -> Incident:
    return Incident(
        1, topic, at, at, state=IncidentState.OPEN if cause is None else IncidentState.CLOSED,
        paged_at=at if told else None, cause=cause,
    )  # fmt: skip


def test_weeks_are_counted_by_what_was_told_of_the_water() -> None:
    last, this = MONDAY - timedelta(seconds=1), MONDAY
    weeks = by_week([
        closed(last, IncidentCause.POLLUTION), closed(last, IncidentCause.SENSOR_FAULT), closed(last, None),
        closed(last, IncidentCause.DRILL), closed(last, IncidentCause.POLLUTION, told=False),
        closed(this, IncidentCause.POLLUTION), closed(this, IncidentCause.PROCESS_UPSET),
        closed(this, IncidentCause.FALSE_ALARM, topic=Topic.INSTRUMENT),
    ], 3, NOW)  # fmt: skip
    assert [(w.paged, w.right, w.wrong, w.unclosed, w.share) for w in weeks] == [
        (2, 2, 0, 0, 1.0), (4, 1, 1, 1, 0.5), (0, 0, 0, 0, None),
    ]  # fmt: skip
    assert weeks[0].starts_at == MONDAY
    assert [w.ends_at for w in weeks[1:]] == [w.starts_at for w in weeks[:-1]]
    assert as_json(weeks[1])["causes"] == {"pollution": 1, "sensor_fault": 1, "drill": 1}
    assert as_json(weeks[2])["interval_95"] is None


@pytest.mark.parametrize(("hits", "of", "low", "high"), [
    # Newcombe 1998, Statistics in Medicine 17, table I, method 3 (Wilson score, no continuity correction)
    (81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718),
])  # fmt: skip
def test_the_interval_is_the_published_one(hits: int, of: int, low: float, high: float) -> None:
    assert wilson(hits, of) == pytest.approx((low, high), abs=5e-5)


def test_examples() -> None:
    assert doctest.testmod(module).failed == 0

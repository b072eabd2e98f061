"""What lies ahead when our clock was set back, and what of it is brought back."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from alerts.incidents.set_back import Ahead, Note, ahead, brought_back
from quantrac.domain.incidents import Chain, Incident, IncidentState, Topic

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
MINUTE, HOURS = timedelta(minutes=1), timedelta(hours=2)
INCIDENT = Incident(1, Topic.WATER, NOW, NOW, state=IncidentState.SNOOZED)


@pytest.mark.parametrize(
    ("noted_at", "seen_s", "found"),
    [
        # (minutes ahead now, seconds since it was seen first) -> (as of then, whether it stands still)
        (-0.5, 0, None),
        (0.9, 0, None),
        (120, 0, (120, False)),
        (119.5, 30, (120, False)),
        (119, 60, (120, True)),
        # the clock went forward again meanwhile
        (-1, 60, None),
    ],
)
def test_a_note_ahead_is_of_nobody_once_it_stands_still(
    noted_at: float, seen_s: float, found: tuple[float, bool] | None
) -> None:
    at = NOW + noted_at * MINUTE
    note = Note(at, 1000.0 - seen_s)
    expected = None if found is None else Ahead(note, found[0] * MINUTE, found[1])
    assert ahead(note if seen_s else None, at, NOW, 1000.0) == expected


def test_a_note_that_moves_is_of_another_at_work() -> None:
    found = ahead(Note(NOW + HOURS, 0.0), NOW + HOURS + MINUTE, NOW, 1000.0)
    assert found is not None
    assert not found.is_still


@pytest.mark.parametrize(
    ("counts_from", "comes"),
    [
        (0, 180),  # by a clock that was right, or long before
        (0.9, 180),  # machines' clocks differ by less than a minute
        (1, 60),
        (119, 60),
    ],
)
def test_what_is_to_come_moves_with_what_it_counts_from(counts_from: float, comes: float) -> None:
    at, due = NOW + counts_from * MINUTE, NOW + 180 * MINUTE
    chain = Chain("water", 0, 0, due)
    back = brought_back(replace(INCIDENT, acted_at=at, snoozed_until=due, chain=chain), HOURS, NOW, due - at)
    assert back.snoozed_until == NOW + comes * MINUTE
    assert back.chain == replace(chain, due_at=NOW + comes * MINUTE)
    assert back.acted_at == (at - HOURS if counts_from >= 1 else NOW)

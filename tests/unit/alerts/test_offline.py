"""Loss of signal: 15 minutes, an hour, a day; back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from alerts.offline import signal_loss
from alerts.rules import Rule
from quantrac.domain.alerts import Severity, TransitionKind

HEARD = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("silent_s", "is_open", "severity", "expected"),
    [
        (899, False, None, None),
        (900, False, None, (TransitionKind.OPENED, Severity.WARNING)),
        (1800, True, Severity.WARNING, None),
        (1800, True, None, None),
        (3600, True, Severity.WARNING, (TransitionKind.ESCALATED, Severity.HIGH)),
        (3700, True, Severity.HIGH, None),
        (86_400, True, Severity.HIGH, (TransitionKind.ESCALATED, Severity.CRITICAL)),
        (200_000, False, None, (TransitionKind.OPENED, Severity.CRITICAL)),
        (10, True, Severity.HIGH, (TransitionKind.RESOLVED, Severity.INFO)),
        (-60, True, Severity.HIGH, (TransitionKind.RESOLVED, Severity.INFO)),
    ],
)
def test_ladder(
    rules: tuple[Rule, ...],
    silent_s: float,
    is_open: bool,
    severity: Severity | None,
    expected: tuple[TransitionKind, Severity] | None,
) -> None:
    rule = next(r for r in rules if r.code == "offline")
    now = HEARD + timedelta(seconds=silent_s)
    transition = signal_loss(rule, "S", HEARD, now, is_open=is_open, severity=severity)
    assert (None if transition is None else (transition.kind, transition.severity)) == expected
    if transition is not None:
        assert transition.key.parameter == ""
        assert not transition.page
        assert transition.since == HEARD

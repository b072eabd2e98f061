"""The state of a rule at a sensor, made to agree with the table of alerts, which owns what is open. Pure."""

from __future__ import annotations

import math

import msgspec

from alerts.escalation import IDLE, AlertState
from alerts.rules import Rule
from quantrac.domain.alerts import OpenAlert


def adopted(state: AlertState, alert: OpenAlert | None, rule: Rule | None) -> AlertState:
    """Return the state to go on with.

    Parameters
    ----------
    state
        What a snapshot remembers; ``IDLE`` where it remembers nothing.
    alert
        What the table has open for the rule at the sensor; ``None``: nothing is.
    rule
        Any version of it; ``None`` when no version is known.
    """
    if alert is None:
        return state if state.level == 0 else _pending(state)
    level = alert.level or _level_of(alert, rule)
    if state.level == 0:
        return AlertState(
            level=level,
            paged=alert.paged,
            since=alert.since,
            last=max(alert.opened_at, alert.seen_at or alert.opened_at),
            peak=alert.peak,
            peak_measure=0.0 if alert.peak is None else math.nan,
        )
    state = msgspec.structs.replace(state, level=level, paged=alert.paged)
    if alert.peak is not None and alert.peak != state.peak:
        state = msgspec.structs.replace(state, peak=alert.peak, peak_measure=math.nan)
    return state


def _pending(state: AlertState) -> AlertState:
    """Return what is left of a state whose alert was ended elsewhere: what goes on is counted, and opens another."""
    if not any(state.counts):
        return IDLE
    return AlertState(
        0,
        state.counts,
        state.firsts,
        last=state.last,
        counts_before=state.counts_before,
        firsts_before=state.firsts_before,
    )


def _level_of(alert: OpenAlert, rule: Rule | None) -> int:
    """Return the step that an alert has reached, from its severity: the highest that fits also by who was paged."""
    if rule is None:
        return 1
    same = [i for i, step in enumerate(rule.steps, start=1) if step.severity is alert.severity]
    fitting = [i for i in same if rule.steps[i - 1].page == alert.paged]
    return max(fitting or same or [1])

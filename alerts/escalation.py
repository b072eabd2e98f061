"""The state machine of one rule at one sensor: pure, event time only.

Each usable reading becomes an :class:`Observation`: how many of the rule's steps it reaches, and how many it still
holds. :func:`step` counts consecutive ones and returns the new state with a named reason. It needs no "now": pending
and keep-firing are counted in readings and in the station's time, so a replay decides as the live stream did.

::

    value   . . . # # # . # . . . .      # reaches the step (pending 3, keep_firing 3, hysteresis left out)
    count   0 0 0 1 2 3 0 1 0 0 0 0
    alert   . . . . . O | | | | R .      O opened, R resolved: three in a row below the clear threshold

Readings closer together than half a cadence count once, as the worst of them: a probe that sends every second neither
opens an alert within seconds nor ends one, and a good reading sent just before a bad one hides nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import msgspec

from alerts.rules import Rule
from quantrac.domain.alerts import AlertKind, TransitionKind


class Reason(StrEnum):
    """Why an alert changed, or did not."""

    WITHIN = "within"
    """The reading reaches no step, and nothing is open."""
    PENDING = "pending"
    """A step is reached, by too few consecutive readings yet."""
    HELD = "held"
    """Opened: a step was reached by enough consecutive readings."""
    WORSE = "worse"
    """Escalated: a higher step was reached by enough consecutive readings."""
    PAGED_BY_LIMIT = "paged_by_limit"
    """Opened or escalated as a work item: the officers were paged for the same sensor's limit already."""
    PAGED_BY_INCIDENT = "paged_by_incident"
    """Opened or escalated as a work item: the officers were paged for the same incident by another parameter."""
    FIRING = "firing"
    """Open, and the reading is not below the clear threshold."""
    CLEARING = "clearing"
    """Open; the reading is below the clear threshold, too few consecutive ones yet."""
    CLEARED = "cleared"
    """Resolved: enough consecutive readings below the clear threshold."""
    LATE = "late"
    """Not counted: the reading came in the retrospective lane."""
    OUT_OF_ORDER = "out_of_order"
    """Not counted: not newer than a reading that was counted before."""
    UNUSABLE = "unusable"
    """Not counted: calibrating, faulty, missing, or refused by quality control."""
    NO_SCORE = "no_score"
    """Not counted: the model has no score for the reading."""
    NO_LIMIT = "no_limit"
    """Not counted: nothing limits the parameter on that day."""
    LIMIT_WITHDRAWN = "limit_withdrawn"
    """Resolved: the limit is no longer in force."""
    RULE_WITHDRAWN = "rule_withdrawn"
    """Resolved: the rule is no longer in force, or no longer watches the parameter."""
    SENSOR_REMOVED = "sensor_removed"
    """Resolved: the station no longer has the sensor."""
    STATION_RETIRED = "station_retired"
    """Resolved: the station is no longer registered."""
    UNSEEN = "unseen"
    """Resolved: for so long no reading counted that its end is not known; what comes now is another incident."""
    SIGNAL_LOST = "signal_lost"
    SIGNAL_BACK = "signal_back"
    MEAN_EXCEEDED = "mean_exceeded"
    MEAN_WITHIN = "mean_within"
    NOT_USABLE = "not_usable"
    """Opened or escalated: no usable reading came in time, for too long."""
    USABLE_AGAIN = "usable_again"
    OTHER_CADENCE = "other_cadence"
    """Opened: the sensor's readings come at another cadence than the registered one."""
    CADENCE_AS_REGISTERED = "cadence_as_registered"
    DECLARED_OFTEN = "declared_often"
    """Opened: an instrument is calibrated, by its own word, for more of the time than is usual."""
    DECLARED_AS_USUAL = "declared_as_usual"
    INCOMPLETE = "incomplete"
    """Opened: too little of a day is covered by usable readings for a valid mean."""
    COMPLETE = "complete"
    RETROSPECTIVE = "retrospective"
    """A finding that rests on late or revised readings: reported, never paged at night."""


CROWDED = 0.5
"""Share of the cadence: readings closer together count once. Half of it, so that a late reading still counts."""


class AlertState(msgspec.Struct, frozen=True, array_like=True):
    """What one rule remembers of one sensor; all instants are ``observed_at``."""

    level: int = 0
    """Step of the open alert, counted from 1; 0: none is open."""
    counts: tuple[int, ...] = ()
    """Consecutive observations that reached each step; empty: none did."""
    firsts: tuple[datetime | None, ...] = ()
    """The first of them."""
    clearing: int = 0
    """Consecutive observations beyond the clear threshold of the open step."""
    paged: bool = False
    """Whether the open alert has paged the officers."""
    since: datetime | None = None
    """The first observation of the open step."""
    last: datetime | None = None
    """The newest counted observation while anything is counted: gaps are measured from it."""
    peak: float | None = None
    """The worst value of the open alert or of the pending condition."""
    peak_measure: float = 0.0
    """Of the peak; NaN: not known, the peak came from elsewhere."""
    assessed: str = ""
    """Class that the open alert of an anomaly bears; empty: none."""
    assured: float = 0.0
    """Its probability."""
    counts_before: tuple[int, ...] = ()
    """``counts`` without the newest counted observation and those that crowd around it; empty: not known."""
    firsts_before: tuple[datetime | None, ...] = ()


IDLE = AlertState()


@dataclass(frozen=True, slots=True)
class Observation:
    """One reading as a rule sees it.

    ``level`` is the highest step that it reaches and ``holds`` the highest whose clear threshold it has not passed
    (``level <= holds``), both counted from 1, 0 for none. ``measure`` orders observations by how bad they are.
    """

    observed_at: datetime
    value: float | None
    level: int
    holds: int
    measure: float = 0.0
    alone: bool = False
    """Of an anomaly: whether no other parameter of the station departs to its polluting side."""


@dataclass(frozen=True, slots=True)
class Decision:
    """The new state, why, and which transition of the alert it is, if any."""

    state: AlertState
    reason: Reason
    kind: TransitionKind | None = None


def step(rule: Rule, state: AlertState, observation: Observation, cadence_s: float) -> Decision:
    """Count one observation.

    Parameters
    ----------
    cadence_s
        The sensor's cadence: after a gap of more than ``rule.max_gap_cadences`` of it, counting begins anew; towards
        the end of an alert only, where the rule is one of a limit.
    """
    if state is IDLE and observation.level == 0:
        return _WITHIN
    state = _counted(rule, state, observation, cadence_s)
    reached = _reached(rule, state, observation, cadence_s)
    if reached > state.level:
        return _climb(rule, state, observation, reached)
    if state.level == 0:
        if state.counts[0]:
            return Decision(state, Reason.PENDING)
        # What was pending is kept for a moment: a worse reading that crowds around this one goes on with it.
        return Decision(state, Reason.WITHIN) if any(state.counts_before) else _WITHIN
    if observation.holds >= state.level:
        return Decision(state, Reason.FIRING)
    return _clear(rule, state)


def not_paged_again(decision: Decision, before: AlertState, reason: Reason = Reason.PAGED_BY_LIMIT) -> Decision:
    """Return a decision that pages nobody, where it would have been the first of its incident to page."""
    if decision.kind in (None, TransitionKind.RESOLVED) or before.paged or not decision.state.paged:
        return decision
    quiet = msgspec.structs.replace(decision.state, paged=False)
    return Decision(quiet, reason, decision.kind)


def _counted(rule: Rule, state: AlertState, observation: Observation, cadence_s: float) -> AlertState:
    at, size = observation.observed_at, len(rule.steps)
    apart_s = None if state.last is None else (at - state.last).total_seconds()
    # Another number of steps: a newer version of the rule. What was pending under the old one is forgotten.
    same = len(state.counts) == size
    if apart_s is not None and same and len(state.counts_before) == size and apart_s < CROWDED * cadence_s:
        return _crowded(state, observation)
    # A gap between two readings beyond a limit, with nothing good between them, does not erase the first.
    gap = apart_s is not None and apart_s > rule.max_gap_cadences * cadence_s
    erased = gap and rule.kind is not AlertKind.LIMIT
    before = state.counts if same and not erased else (0,) * size
    began = state.firsts if same and not erased else (None,) * size
    counts = tuple(n + 1 if observation.level > i else 0 for i, n in enumerate(before))
    firsts = tuple(None if n == 0 else at if n == 1 else first for n, first in zip(counts, began, strict=True))
    peak, measure = _worse(state, observation, anew=counts[0] == 1)
    return AlertState(
        min(state.level, size),
        counts,
        firsts,
        (0 if gap else state.clearing) + 1 if observation.holds < state.level else 0,
        state.paged,
        state.since,
        at,
        peak,
        measure,
        state.assessed,
        state.assured,
        before,
        began,
    )


def _crowded(state: AlertState, observation: Observation) -> AlertState:
    """Count an observation together with the one that was counted a moment ago: the worse of the two stands."""
    counts, firsts = list(state.counts), list(state.firsts)
    for i in range(min(observation.level, len(counts))):
        if counts[i] == 0:
            counts[i] = state.counts_before[i] + 1
            firsts[i] = state.firsts_before[i] or observation.observed_at
    peak, measure = _worse(state, observation, anew=state.counts[0] == 0 and counts[0] == 1)
    return msgspec.structs.replace(
        state,
        counts=tuple(counts),
        firsts=tuple(firsts),
        clearing=0 if observation.holds >= state.level else state.clearing,
        peak=peak,
        peak_measure=measure,
    )


def _worse(state: AlertState, observation: Observation, *, anew: bool) -> tuple[float | None, float]:
    """Return the worst value and its measure. While an alert is open they stay; before, they are of the pending run."""
    if state.peak is None or observation.measure > state.peak_measure or (state.level == 0 and anew):
        return observation.value, observation.measure
    return state.peak, state.peak_measure


def _reached(rule: Rule, state: AlertState, observation: Observation, cadence_s: float) -> int:
    at = observation.observed_at
    for index in range(len(rule.steps) - 1, -1, -1):
        needed, first, readings = rule.steps[index], state.firsts[index], state.counts[index]
        least = needed.pending_alone if observation.alone else 1
        covered = needed.enough_s is not None and readings * cadence_s >= needed.enough_s
        enough = first is not None and readings >= least and (readings >= needed.pending or covered)
        if enough and first is not None and (at - first).total_seconds() >= needed.pending_s:
            return index + 1
    return 0


def _climb(rule: Rule, state: AlertState, observation: Observation, reached: int) -> Decision:
    opened = state.level == 0
    climbed = msgspec.structs.replace(
        state,
        level=reached,
        clearing=0,
        since=state.firsts[reached - 1] or observation.observed_at,
        paged=state.paged or rule.steps[reached - 1].page,
    )
    if opened:
        return Decision(climbed, Reason.HELD, TransitionKind.OPENED)
    return Decision(climbed, Reason.WORSE, TransitionKind.ESCALATED)


def _clear(rule: Rule, state: AlertState) -> Decision:
    if state.clearing < rule.keep_firing:
        return Decision(state, Reason.CLEARING)
    # Still on a milder step: that counts from here, as a new incident. What was counted until now was told, with its
    # worst value, by the alert that ends; another one with the same beginning would not know it.
    return Decision(IDLE, Reason.CLEARED, TransitionKind.RESOLVED)


_WITHIN = Decision(IDLE, Reason.WITHIN)

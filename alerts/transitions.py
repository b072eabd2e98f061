"""From a decision of the engine to the transition that is stored and told: who, what, since when, and one sentence."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from alerts import explanations
from alerts.escalation import AlertState, Decision, Observation, Reason
from alerts.explanations import Explanation
from alerts.observations import AnomalyScore, Machine
from alerts.rules import Rule, Trigger
from quantrac.domain.alerts import (
    AlertKey,
    AlertKind,
    Assessment,
    Reassessment,
    Severity,
    Transition,
    TransitionKind,
)
from quantrac.domain.limits import Limit

NEARLY = 0.1
"""A probability that moves by less is not written: an incident would otherwise be written with each of its readings."""


@dataclass(frozen=True, slots=True)
class Foretold:
    """An open anomaly of the station that the officers were told of."""

    parameter: str
    since: datetime


def transition_of(
    key: AlertKey,
    machine: Machine,
    before: AlertState,
    decision: Decision,
    *,
    unit: str,
    observation: Observation,
    score: AnomalyScore | None,
    foretold: Foretold | None = None,
) -> Transition | None:
    """Return the transition of a decision; ``None`` when the alert did not change.

    ``foretold`` is what the officers were told of the station before, to be said in an alert that opens.
    """
    if decision.kind is None:
        return None
    if decision.kind is TransitionKind.RESOLVED:
        return resolution(
            key,
            machine.rule,
            before,
            decision.reason,
            observation.observed_at,
            unit=unit,
            limit=machine.limit,
            value=observation.value,
        )
    state, limit = decision.state, machine.limit
    since = state.since or observation.observed_at
    why = _opening(key.parameter, machine, state, observation, unit=unit, score=score)
    if foretold is not None:
        why = explanations.following(why, foretold.parameter, foretold.since)
    return Transition(
        key=key,
        kind=decision.kind,
        alert_kind=machine.rule.kind,
        severity=machine.rule.steps[state.level - 1].severity,
        reason=decision.reason.value,
        observed_at=observation.observed_at,
        since=since,
        value=observation.value,
        limit_minimum=None if limit is None else limit.minimum,
        limit_maximum=None if limit is None else limit.maximum,
        limit_source=None if limit is None else limit.source,
        explanation_vi=why.vi,
        explanation_en=why.en,
        page=state.paged and not before.paged,
        assessment=_assessment(machine, score),
    )


def reassessment_of(
    key: AlertKey,
    machine: Machine,
    state: AlertState,
    *,
    unit: str,
    observation: Observation,
    score: AnomalyScore | None,
) -> Reassessment | None:
    """Return the new light in which an open alert stands; ``None`` while class and probability (nearly) stay."""
    found = _assessment(machine, score)
    if found is None or state.level == 0:
        return None
    if found.cls == state.assessed and abs(found.probability - state.assured) < NEARLY:
        return None
    why = _opening(key.parameter, machine, state, observation, unit=unit, score=score)
    return Reassessment(key, found, why.vi, why.en)


def _assessment(machine: Machine, score: AnomalyScore | None) -> Assessment | None:
    if machine.rule.kind is not AlertKind.ANOMALY or score is None or score.triage is None:
        return None
    t = score.triage
    return explanations.assessed(t.cls.value, t.probability, t.reasons_vi, t.reasons_en)


def resolution(
    key: AlertKey,
    rule: Rule | None,
    before: AlertState,
    reason: Reason,
    observed_at: datetime,
    *,
    unit: str = "",
    limit: Limit | None = None,
    value: float | None = None,
) -> Transition:
    """Return the end of an open alert; it is told to the officers when its beginning was.

    ``rule`` is ``None`` when no version of it is known any more.
    """
    since = before.since or observed_at
    peak = before.peak if rule is None or rule.kind is not AlertKind.FAULT else None
    why = explanations.resolved(key.parameter, unit, peak, observed_at - since)
    if reason in (Reason.RULE_WITHDRAWN, Reason.LIMIT_WITHDRAWN):
        what = Explanation("quy tắc", "rule") if reason is Reason.RULE_WITHDRAWN else Explanation("giới hạn", "limit")
        why = Explanation(
            f"{key.parameter}: {what.vi} không còn hiệu lực, cảnh báo kết thúc".lstrip(": "),
            f"{key.parameter}: the {what.en} is no longer in force, the alert ends".lstrip(": "),
        )
    return Transition(
        key=key,
        kind=TransitionKind.RESOLVED,
        alert_kind=AlertKind.LIMIT if rule is None else rule.kind,
        severity=severity_at(rule, before.level),
        reason=reason.value,
        observed_at=observed_at,
        since=since,
        value=value,
        limit_minimum=None if limit is None else limit.minimum,
        limit_maximum=None if limit is None else limit.maximum,
        limit_source=None if limit is None else limit.source,
        explanation_vi=why.vi,
        explanation_en=why.en,
        page=before.paged,
    )


def severity_at(rule: Rule | None, level: int) -> Severity:
    """Return the severity of a level of a rule; that of its highest step where a newer version has fewer steps."""
    if rule is None or level < 1:
        return Severity.INFO
    return rule.steps[min(level, len(rule.steps)) - 1].severity


def _opening(
    parameter: str,
    machine: Machine,
    state: AlertState,
    observation: Observation,
    *,
    unit: str,
    score: AnomalyScore | None,
) -> Explanation:
    since = explanations.local_time(state.since or observation.observed_at)
    count = state.counts[state.level - 1]
    run = Explanation(f"{count} giá trị liên tiếp từ {since}", f"{count} consecutive readings since {since}")
    value, limit = observation.value, machine.limit
    if machine.rule.kind is AlertKind.FAULT:
        return _fault(machine.rule, parameter, run)
    if machine.rule.kind is AlertKind.ANOMALY and score is not None and value is not None:
        why = Explanation(score.text.vi, score.text.en)
        what = explanations.anomaly(parameter, value, unit, limit, why)
        told = _assessment(machine, score)
        tail = Explanation("", "") if told is None else Explanation(f" {told.sentence_vi}", f" {told.sentence_en}")
        return Explanation(f"{what.vi} {run.vi}.{tail.vi}", f"{what.en} {run.en}.{tail.en}")
    if limit is not None and value is not None:
        what = explanations.against_limit(parameter, value, limit)
        return Explanation(f"{what.vi}; {run.vi}", f"{what.en}; {run.en}")
    return run


def _fault(rule: Rule, parameter: str, run: Explanation) -> Explanation:
    if rule.trigger is Trigger.CALIBRATING:
        return Explanation(f"{parameter}: đang hiệu chuẩn, {run.vi}", f"{parameter}: calibrating, {run.en}")
    return Explanation(
        f"{parameter}: thiết bị báo hỏng hoặc số liệu không dùng được, {run.vi}",
        f"{parameter}: the instrument reports a fault or its data are unusable, {run.en}",
    )

"""From a decision of the engine to the transition that is stored and sent: who, what, since when, and one sentence."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from alerts import explanations
from alerts.escalation import AlertState, Decision, Observation, Reason
from alerts.observations import AnomalyScore, SensorRule
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
from quantrac.domain.words import Bilingual, local_time

NEARLY = 0.1
"""A probability that moves by less is not written: an incident would otherwise be written with each of its readings."""
MOST_REASONS = 3
"""Of an assessment: what an officer reads on a phone."""


_WITHDRAWN = {
    Reason.RULE_WITHDRAWN: Bilingual("quy tắc không còn hiệu lực", "the rule is no longer in force"),
    Reason.LIMIT_WITHDRAWN: Bilingual("giới hạn không còn hiệu lực", "the limit is no longer in force"),
    Reason.SENSOR_REMOVED: Bilingual(
        "trạm không còn thiết bị đo thông số này", "the station no longer has a sensor of it"
    ),
    Reason.STATION_RETIRED: Bilingual("trạm đã ngừng hoạt động", "the station is retired"),
    Reason.UNSEEN: Bilingual(
        "đã lâu không có số liệu dùng được, không rõ sự việc kết thúc lúc nào",
        "for long there were no usable readings, so when it ended is not known",
    ),
}


@dataclass(frozen=True, slots=True)
class PagedAnomaly:
    """An open anomaly of the station for which the officers were paged."""

    parameter: str
    since: datetime


def transition_of(
    key: AlertKey,
    watched: SensorRule,
    before: AlertState,
    decision: Decision,
    *,
    unit: str,
    observation: Observation,
    score: AnomalyScore | None,
    earlier: PagedAnomaly | None = None,
) -> Transition | None:
    """Return the transition of a decision; ``None`` when the alert did not change.

    ``earlier`` is what the officers were paged for at the station before, to be said in an alert that opens.
    """
    if decision.kind is None:
        return None
    if decision.kind is TransitionKind.RESOLVED:
        return resolution(
            key,
            watched.rule,
            before,
            decision.reason,
            observation.observed_at,
            unit=unit,
            limit=watched.limit,
            value=observation.value,
        )
    state, limit = decision.state, watched.limit
    since = state.since or observation.observed_at
    why = _found(key.parameter, watched, observation, _run(state, since), unit=unit, score=score)
    if earlier is not None:
        why = explanations.following(why, earlier.parameter, earlier.since)
    return Transition(
        key=key,
        kind=decision.kind,
        alert_kind=watched.rule.kind,
        severity=watched.rule.steps[state.level - 1].severity,
        reason=decision.reason.value,
        observed_at=observation.observed_at,
        since=since,
        value=observation.value,
        limit=limit,
        explanation=why,
        page=state.paged and not before.paged,
        assessment=_assessment(watched, score),
        level=state.level,
        peak=None if watched.rule.kind is AlertKind.FAULT else state.peak,
    )


def reassessment_of(
    key: AlertKey,
    watched: SensorRule,
    state: AlertState,
    *,
    unit: str,
    observation: Observation,
    score: AnomalyScore | None,
) -> Reassessment | None:
    """Return the new light in which an open alert stands; ``None`` while class and probability (nearly) stay."""
    found = _assessment(watched, score)
    if found is None or state.level == 0:
        return None
    if found.cls == state.assessed and abs(found.probability - state.assured) < NEARLY:
        return None
    on_other_side = watched.rule.steps[state.level - 1].harmful and score is not None and not score.harmful
    if observation.level == 0 or on_other_side:  # it explains nothing: the slug has passed
        return Reassessment(key, found)
    since = local_time(state.since or observation.observed_at)
    so_far = Bilingual(f"Bắt đầu từ {since}", f"It began at {since}")
    why = _found(key.parameter, watched, observation, so_far, unit=unit, score=score)
    return Reassessment(key, found, why)


def _assessment(watched: SensorRule, score: AnomalyScore | None) -> Assessment | None:
    if watched.rule.kind is not AlertKind.ANOMALY or score is None or score.triage is None:
        return None
    t = score.triage
    return Assessment(t.cls.value, t.probability, t.reasons[:MOST_REASONS])


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
    """Return the end of an open alert; it pages the officers when its beginning did.

    ``rule`` is ``None`` when no version of it is known any more.
    """
    since = before.since or observed_at
    peak = before.peak if rule is None or rule.kind is not AlertKind.FAULT else None
    withdrawn = _WITHDRAWN.get(reason)
    if reason is Reason.CLEARED and rule is not None and rule.kind is AlertKind.ANOMALY:
        why = explanations.settled(key.parameter, unit, value, peak, observed_at - since)
    elif withdrawn is None:
        why = explanations.resolved(key.parameter, unit, peak, observed_at - since)
    else:
        why = explanations.ended_without_end(key.parameter, withdrawn, unit, peak)
    return Transition(
        key=key,
        kind=TransitionKind.RESOLVED,
        alert_kind=AlertKind.LIMIT if rule is None else rule.kind,
        severity=severity_at(rule, before.level),
        reason=reason.value,
        observed_at=observed_at,
        since=since,
        value=value,
        limit=limit,
        explanation=why,
        page=before.paged,
        peak=peak,
    )


def severity_at(rule: Rule | None, level: int) -> Severity:
    """Return the severity of a level of a rule; that of its highest step where a newer version has fewer steps."""
    if rule is None or level < 1:
        return Severity.INFO
    return rule.steps[min(level, len(rule.steps)) - 1].severity


def _run(state: AlertState, since: datetime) -> Bilingual:
    count, at = state.counts[state.level - 1], local_time(since)
    return Bilingual(f"{count} giá trị liên tiếp từ {at}", f"{count} consecutive readings since {at}")


def _found(
    parameter: str,
    watched: SensorRule,
    observation: Observation,
    run: Bilingual,
    *,
    unit: str,
    score: AnomalyScore | None,
) -> Bilingual:
    value, limit = observation.value, watched.limit
    if watched.rule.kind is AlertKind.FAULT:
        if watched.rule.trigger is Trigger.FLAT_HIGH and limit is not None and value is not None:
            return _flat_high(parameter, value, limit, run)
        return _fault(watched.rule, parameter, run)
    if watched.rule.kind is AlertKind.ANOMALY and score is not None and value is not None:
        what = explanations.anomaly(parameter, value, unit, limit, score.text)
        return Bilingual(f"{what.vi} {run.vi}.", f"{what.en} {run.en}.")
    if limit is not None and value is not None:
        what = explanations.against_limit(parameter, value, limit)
        return Bilingual(f"{what.vi}; {run.vi}", f"{what.en}; {run.en}")
    return run


def _flat_high(parameter: str, value: float, limit: Limit, run: Bilingual) -> Bilingual:
    what = explanations.against_limit(parameter, value, limit)
    return Bilingual(
        f"{what.vi}, và đứng yên: kịch thang đo hoặc kẹt đầu đo; {run.vi}",
        f"{what.en}, and stands still: full scale or a stuck probe; {run.en}",
    )


def _fault(rule: Rule, parameter: str, run: Bilingual) -> Bilingual:
    if rule.trigger is Trigger.STATE:
        return Bilingual(f"{parameter}: {rule.title_vi}, {run.vi}", f"{parameter}: {rule.title_en}, {run.en}")
    if rule.trigger is Trigger.CALIBRATING:
        return Bilingual(f"{parameter}: đang hiệu chuẩn, {run.vi}", f"{parameter}: calibrating, {run.en}")
    return Bilingual(
        f"{parameter}: thiết bị báo hỏng hoặc số liệu không dùng được, {run.vi}",
        f"{parameter}: the instrument reports a fault or its data are unusable, {run.en}",
    )

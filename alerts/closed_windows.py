"""Judging closed hours and days: the mean of the usable readings against the limit that was in force. Pure.

The daily mean of the valid readings is what counts; the hourly mean is an operational indication. What rests on late or
revised readings is *retrospective*: it is reported and becomes a work item, and nobody is paged at night.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from alerts.escalation import Reason
from alerts.explanations import against_limit, limit_words
from alerts.limits import FLOW
from alerts.rules import Rule, Step
from alerts.standing import exact_mean
from alerts.thresholds import exceeds, thresholds
from quantrac.domain.alerts import AlertKey, AlertKind, Severity, Transition, TransitionKind
from quantrac.domain.judgements import Bucket, Judgement, Verdict
from quantrac.domain.limits import Limit, Window
from quantrac.domain.presence import Listening
from quantrac.domain.stations import VIETNAM
from quantrac.domain.words import Bilingual, percentage, quantity, quantity_vi

MINIMUM_COMPLETENESS = 0.75
"""Share of the expected readings that makes a valid mean. Practice: no statutory figure is known."""

FRESH_FOR = {Window.HOUR: timedelta(hours=2), Window.DAY: timedelta(hours=24)}
"""A finding about an older window pages nobody at once: it comes from a revision, or after an outage of our own."""

RETROSPECTIVE = ".retrospective"
"""Ends the rule's code in the key of a retrospective work item, so that it never meets the live alert."""

_CLASSES = (1.1, 1.5, 3.0, 5.0, 10.0)


def exceedance_class(ratio: float) -> int | None:
    """Return the class 1..6 of NĐ 45/2022/NĐ-CP, Điều 18, of a ratio of value to maximum; ``None`` within the limit.

    A reference for officers, never a fine.

    >>> [exceedance_class(r) for r in (1.0, 1.05, 1.1, 1.5, 3, 5, 9.99, 10)]
    [None, 1, 2, 3, 4, 5, 5, 6]
    """
    return 1 + sum(ratio >= bound for bound in _CLASSES) if ratio > 1 else None


def expected_readings(window: Window, cadence_s: float) -> int:
    """Return how many readings an hour or a day of a sensor should have.

    >>> expected_readings(Window.HOUR, 300), expected_readings(Window.DAY, 300)
    (12, 288)
    """
    length_s = 86_400 if window is Window.DAY else 3600
    return max(round(length_s / cadence_s), 1)


def completeness(bucket: Bucket) -> float:
    """Return the share of a bucket's time that its usable readings cover, 0..1.

    What counts is time and not rows: a day's number of readings sent within an hour covers an hour.
    """
    if bucket.covered_s is not None:
        return bucket.covered_s / (bucket.end - bucket.start).total_seconds()
    return bucket.usable_count / bucket.expected if bucket.expected else 1.0


def judgement_of(
    bucket: Bucket, limit: Limit | None, *, now: datetime, minimum_completeness: float = MINIMUM_COMPLETENESS
) -> Judgement:
    """Judge one closed bucket.

    Parameters
    ----------
    bucket
        With ``expected`` filled in (:func:`expected_readings`).
    limit
        The limit in force on the bucket's day, in the unit of its values. The permitted daily flow judges days only.
    """
    if bucket.parameter == FLOW and bucket.window is not Window.DAY:
        limit = None
    mean = exact_mean(bucket.usable_sum, bucket.usable_count)
    verdict = _verdict(bucket, mean, limit, minimum_completeness)
    ratio = _ratio(mean, limit)
    return Judgement(
        bucket=bucket,
        verdict=verdict,
        mean=mean,
        limit_minimum=None if limit is None else limit.minimum,
        limit_maximum=None if limit is None else limit.maximum,
        limit_source=None if limit is None else limit.source,
        ratio=ratio,
        exceedance_class=exceedance_class(ratio) if ratio is not None and verdict is Verdict.EXCEEDED else None,
        retrospective=_retrospective(bucket, now, minimum_completeness),
        judged_at=now,
    )


def findings(
    judgement: Judgement, limit: Limit | None, rules: Iterable[Rule], open_rules: Collection[str]
) -> list[Transition]:
    """Return what a judgement changes in the alerts of its sensor.

    Parameters
    ----------
    limit
        The limit that it was judged by.
    rules
        Those in force on the bucket's day; others than of its window are passed over.
    open_rules
        Codes of the rules (of keys, see ``RETROSPECTIVE``) that have an open alert at this sensor.
    """
    mean, bucket = judgement.mean, judgement.bucket
    if limit is None or mean is None or judgement.verdict not in (Verdict.EXCEEDED, Verdict.WITHIN):
        return []
    found: list[Transition] = []
    for rule in rules:
        if rule.kind is not AlertKind.LIMIT or rule.window is not bucket.window:
            continue
        if not rule.applies_to(bucket.parameter):
            continue
        level = thresholds(limit, rule).level(mean)
        if judgement.retrospective:
            found += _retrospective_finding(judgement, limit, rule, level)
        else:
            found += _live_finding(judgement, limit, rule, level, open_rules)
    return found


def completeness_findings(
    judgement: Judgement,
    rules: Iterable[Rule],
    open_rules: Collection[str],
    listening: Listening | None,
    minimum_completeness: float = MINIMUM_COMPLETENESS,
) -> Iterator[Transition]:
    """Yield the work item of a day that usable readings cover too little of, or its end.

    A step with a ``fraction`` counts below that share of the day, or from its number of ``gaps`` on; one without where
    there is no valid mean. None is opened for an old day, nor for one in which our own path did not hear everything
    (``listening``; ``None``: it never has) for longer than such a day may lack.
    """
    bucket = judgement.bucket
    late = judgement.judged_at - bucket.end > FRESH_FOR[bucket.window]
    for rule in rules:
        watched = rule.kind is AlertKind.DUE and rule.window is bucket.window and rule.applies_to(bucket.parameter)
        level, is_open = _lacking(judgement, rule), rule.code in open_rules
        if not watched or (level <= 1 and level == is_open):
            continue
        if level:
            least = rule.steps[level - 1].fraction or minimum_completeness
            if late or listening is None or not _heard(listening, bucket, least):
                continue
        yield _coverage(judgement, rule, level, is_open=is_open)


def _lacking(judgement: Judgement, rule: Rule) -> int:
    """Return the step that a day's lack of readings reaches, counted from 1; 0: none."""
    incomplete, covered = judgement.verdict is Verdict.INCOMPLETE, completeness(judgement.bucket)

    def lacks(step: Step) -> bool:
        often = step.gaps is not None and judgement.bucket.gaps >= step.gaps
        return often or (incomplete if step.fraction is None else covered < step.fraction)

    return max((number for number, step in enumerate(rule.steps, start=1) if lacks(step)), default=0)


def _coverage(judgement: Judgement, rule: Rule, level: int, *, is_open: bool) -> Transition:
    bucket = judgement.bucket
    day, share = bucket.start.astimezone(VIETNAM), percentage(completeness(bucket))
    step = rule.steps[max(level - 1, 0)]
    often_vi = f", ngắt quãng {bucket.gaps} lần" if bucket.gaps else ""
    often_en = f", with {bucket.gaps} gaps" if bucket.gaps else ""
    going_on = TransitionKind.ESCALATED if is_open else TransitionKind.OPENED
    return Transition(
        key=_key(judgement, rule.code),
        kind=going_on if level else TransitionKind.RESOLVED,
        alert_kind=rule.kind,
        severity=step.severity if level else Severity.INFO,
        reason=(Reason.INCOMPLETE if level else Reason.COMPLETE).value,
        observed_at=bucket.end,
        since=bucket.start,
        value=None,
        limit=None,
        explanation=Bilingual(
            f"{bucket.parameter}: ngày {day:%d/%m/%Y} có số liệu hợp lệ cho {share} thời gian{often_vi}",
            f"{bucket.parameter}: valid readings cover {share} of {day:%d/%m/%Y}{often_en}",
        ),
        page=step.page,
        level=level,
    )


def _heard(listening: Listening, bucket: Bucket, least_share: float) -> bool:
    allowed = (1 - least_share) * (bucket.end - bucket.start)
    return listening.since - bucket.start <= allowed and listening.until >= bucket.end


def _verdict(bucket: Bucket, mean: float | None, limit: Limit | None, minimum_completeness: float) -> Verdict:
    if limit is None:
        return Verdict.NO_LIMIT
    if mean is None or completeness(bucket) < minimum_completeness:
        return Verdict.INCOMPLETE
    return Verdict.EXCEEDED if exceeds(limit, mean) else Verdict.WITHIN


def _ratio(mean: float | None, limit: Limit | None) -> float | None:
    """Return mean over maximum; none for a range such as pH, whose classes are others."""
    if mean is None or limit is None or limit.maximum is None or limit.minimum is not None:
        return None
    return round(mean / limit.maximum, 9)


def _retrospective(bucket: Bucket, now: datetime, minimum_completeness: float) -> bool:
    """Whether the finding rests on the late lane: without it the bucket would not be complete. Or it is an old one."""
    timely = bucket.total_count - bucket.late_count
    rests_on_late = bucket.late_count > 0 and timely < minimum_completeness * bucket.expected
    return bucket.rejudged or rests_on_late or now - bucket.end > FRESH_FOR[bucket.window]


def _live_finding(
    judgement: Judgement, limit: Limit, rule: Rule, level: int, open_rules: Collection[str]
) -> list[Transition]:
    is_open = rule.code in open_rules
    if level and not is_open:
        return [_transition(judgement, limit, rule, level, TransitionKind.OPENED)]
    if level > 1:
        # The store passes over an escalation to a step that the alert has reached already.
        return [_transition(judgement, limit, rule, level, TransitionKind.ESCALATED)]
    ended = []
    if not level:
        if is_open:
            ended.append(_transition(judgement, limit, rule, level, TransitionKind.RESOLVED))
        if rule.code + RETROSPECTIVE in open_rules:
            end = _transition(judgement, limit, rule, level, TransitionKind.RESOLVED)
            ended.append(replace(end, key=_key(judgement, rule.code + RETROSPECTIVE), page=False))
    return ended


def _retrospective_finding(judgement: Judgement, limit: Limit, rule: Rule, level: int) -> list[Transition]:
    """Open a work item for a day; hours stand in the report only. The store keeps one open item a sensor."""
    if not level or rule.window is not Window.DAY:
        return []
    opened = _transition(judgement, limit, rule, level, TransitionKind.OPENED)
    key = _key(judgement, rule.code + RETROSPECTIVE)
    return [replace(opened, key=key, reason=Reason.RETROSPECTIVE.value, page=False)]


def _transition(judgement: Judgement, limit: Limit, rule: Rule, level: int, kind: TransitionKind) -> Transition:
    bucket = judgement.bucket
    why = _explanation(judgement, limit)
    step = rule.steps[level - 1] if level else None
    return Transition(
        key=_key(judgement, rule.code),
        kind=kind,
        alert_kind=rule.kind,
        severity=Severity.INFO if step is None else step.severity,
        reason=(Reason.MEAN_WITHIN if step is None else Reason.MEAN_EXCEEDED).value,
        observed_at=bucket.end,
        since=bucket.start,
        value=judgement.mean,
        limit=limit,
        explanation=why,
        page=any(s.page for s in rule.steps) if step is None else step.page,
        level=level,
    )


def _key(judgement: Judgement, rule: str) -> AlertKey:
    return AlertKey(judgement.bucket.station, judgement.bucket.parameter, rule)


def _explanation(judgement: Judgement, limit: Limit) -> Bilingual:
    bucket = judgement.bucket
    start = bucket.start.astimezone(VIETNAM)
    day = bucket.window is Window.DAY
    when_vi = f"Trung bình ngày {start:%d/%m/%Y}" if day else f"Trung bình giờ {start:%H:%M %d/%m/%Y}"
    when_en = f"Daily mean of {start:%d/%m/%Y}" if day else f"Hourly mean of {start:%H:%M %d/%m/%Y}"
    counts_vi = f"{bucket.usable_count}/{bucket.expected} số liệu hợp lệ"
    counts_en = f"{bucket.usable_count}/{bucket.expected} valid readings"
    mean = judgement.mean
    if mean is not None and exceeds(limit, mean):
        what = against_limit(bucket.parameter, mean, limit)
    else:
        words = limit_words(limit)
        what = Bilingual(
            f"{bucket.parameter} {quantity_vi(mean, limit.unit)} trong giới hạn {words.vi}",
            f"{bucket.parameter} {quantity(mean, limit.unit)} is within the limit {words.en}",
        )
    reference_vi = reference_en = ""
    if judgement.exceedance_class is not None:
        reference_vi = f"; bậc vượt {judgement.exceedance_class}/6 theo NĐ 45/2022 (tham khảo)"
        reference_en = f"; class {judgement.exceedance_class} of 6 of NĐ 45/2022 (reference only)"
    return Bilingual(
        f"{when_vi}: {what.vi}; {counts_vi}{reference_vi}", f"{when_en}: {what.en}; {counts_en}{reference_en}"
    )

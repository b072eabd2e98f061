"""Judging hours and days: valid means, classes, what pages and what is only reported."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from alerts.closed_windows import RETROSPECTIVE, completeness_findings, exceedance_class, findings, judgement_of
from alerts.escalation import Reason
from alerts.rules import Rule
from quantrac.domain.alerts import Severity, Transition, TransitionKind
from quantrac.domain.judgements import Bucket, Verdict
from quantrac.domain.limits import Limit, Window
from quantrac.domain.presence import Listening

COD = Limit("COD", "mg/L", None, 90.0, "QCVN 40:2011/BTNMT cột A")
PH = Limit("pH", "", 6.0, 9.0, "QCVN 40:2011/BTNMT cột A")
MIDNIGHT = datetime(2026, 11, 22, 17, 0, tzinfo=UTC)
SOON = timedelta(minutes=2)


def bucket(
    mean: float,
    usable: int = 288,
    *,
    late: int = 0,
    window: Window = Window.DAY,
    parameter: str = "COD",
    total: int = 288,
) -> Bucket:
    length, expected = (timedelta(days=1), 288) if window is Window.DAY else (timedelta(hours=1), 12)
    end = MIDNIGHT + length
    return Bucket("S", parameter, window, MIDNIGHT, end, mean * usable, usable, total, late, None, None, expected)


def found(b: Bucket, rules: tuple[Rule, ...], *open_rules: str, limit: Limit = COD) -> list[Transition]:
    return findings(judgement_of(b, limit, now=b.end + SOON), limit, rules, open_rules)


@pytest.mark.parametrize(
    ("b", "limit", "verdict", "ratio", "cls"),
    [
        (bucket(89.0), COD, Verdict.WITHIN, 89 / 90, None),
        (bucket(90.0), COD, Verdict.WITHIN, 1.0, None),
        (bucket(99.0), COD, Verdict.EXCEEDED, 1.1, 2),
        (bucket(900.0), COD, Verdict.EXCEEDED, 10.0, 6),
        (bucket(99.0, usable=215), COD, Verdict.INCOMPLETE, 1.1, None),
        (bucket(99.0, usable=216), COD, Verdict.EXCEEDED, 1.1, 2),
        (bucket(0.0, usable=0), COD, Verdict.INCOMPLETE, None, None),
        (bucket(99.0), None, Verdict.NO_LIMIT, None, None),
        (bucket(5.5, parameter="pH"), PH, Verdict.EXCEEDED, None, None),
        (bucket(7.5, parameter="pH"), PH, Verdict.WITHIN, None, None),
        (bucket(500.0, usable=12, window=Window.HOUR, parameter="Flow"), COD, Verdict.NO_LIMIT, None, None),
    ],
)  # fmt: skip
def test_verdicts(b: Bucket, limit: Limit | None, verdict: Verdict, ratio: float | None, cls: int | None) -> None:
    judgement = judgement_of(b, limit, now=b.end + SOON)
    assert (judgement.verdict, judgement.exceedance_class) == (verdict, cls)
    assert judgement.ratio == (None if ratio is None else pytest.approx(ratio))


@pytest.mark.parametrize(
    ("ratio", "cls"), [(1.0, None), (1.09, 1), (1.1, 2), (1.49, 2), (1.5, 3), (3.0, 4), (5.0, 5), (10.0, 6)]
)
def test_classes(ratio: float, cls: int | None) -> None:
    assert exceedance_class(ratio) == cls


def test_a_day_beyond_the_limit_is_critical_and_told(rules: tuple[Rule, ...]) -> None:
    (opened,) = found(bucket(99.0), rules)
    assert (opened.kind, opened.severity, opened.page) == (TransitionKind.OPENED, Severity.CRITICAL, True)
    assert opened.key.rule == "day_mean"
    assert opened.explanation.vi == (
        "Trung bình ngày 23/11/2026: COD 99 mg/L vượt giới hạn 90 mg/L, gấp 1,1 lần (QCVN 40:2011/BTNMT cột A); "
        "288/288 số liệu hợp lệ; bậc vượt 2/6 theo NĐ 45/2022 (tham khảo)"
    )


def test_an_hour_beyond_the_limit_is_stored_and_not_told(rules: tuple[Rule, ...]) -> None:
    (opened,) = found(bucket(99.0, 12, window=Window.HOUR, total=12), rules)
    assert (opened.key.rule, opened.page) == ("hour_mean", False)


def test_the_same_finding_again_changes_nothing_and_a_good_day_ends_it(rules: tuple[Rule, ...]) -> None:
    assert found(bucket(99.0), rules, "day_mean") == []
    (ended,) = found(bucket(50.0), rules, "day_mean")
    assert (ended.kind, ended.page) == (TransitionKind.RESOLVED, True)
    assert found(bucket(50.0), rules) == []
    assert found(bucket(50.0, usable=10), rules, "day_mean") == []


@pytest.mark.parametrize(
    ("b", "judged_after"),
    [(bucket(99.0, late=288), SOON), (bucket(99.0, late=100), SOON), (bucket(99.0), timedelta(days=2))],
)
def test_what_rests_on_late_readings_is_a_work_item_and_pages_nobody(
    rules: tuple[Rule, ...], b: Bucket, judged_after: timedelta
) -> None:
    judgement = judgement_of(b, COD, now=b.end + judged_after)
    assert judgement.retrospective
    assert judgement.verdict is Verdict.EXCEEDED
    (item,) = findings(judgement, COD, rules, ())
    assert (item.key.rule, item.reason, item.page) == ("day_mean" + RETROSPECTIVE, Reason.RETROSPECTIVE.value, False)


def test_few_late_readings_do_not_silence_a_finding(rules: tuple[Rule, ...]) -> None:
    (opened,) = found(bucket(99.0, late=10), rules)
    assert opened.page


def test_a_good_day_ends_the_retrospective_item_quietly(rules: tuple[Rule, ...]) -> None:
    (ended,) = found(bucket(50.0), rules, "day_mean" + RETROSPECTIVE)
    assert (ended.kind, ended.page) == (TransitionKind.RESOLVED, False)


def test_a_retrospective_hour_stands_in_the_report_only(rules: tuple[Rule, ...]) -> None:
    assert found(bucket(99.0, 12, late=12, window=Window.HOUR, total=12), rules) == []


def coverage(
    usable: int, rules: tuple[Rule, ...], *open_rules: str, since: timedelta = timedelta()
) -> list[Transition]:
    b = bucket(50.0, usable=usable)
    judgement = judgement_of(b, COD, now=b.end + SOON)
    return list(completeness_findings(judgement, rules, open_rules, Listening(MIDNIGHT + since, b.end + SOON)))


def test_a_day_with_many_short_gaps_is_a_work_item_and_one_without_a_mean_a_graver_one(rules: tuple[Rule, ...]) -> None:
    # rows of 288     260 (90 %)      240: two of each twelve are hidden     216 (75 %)     215
    # step            none            gaps                                   gaps           incomplete
    assert coverage(260, rules) == []
    for usable in (259, 240, 216):
        (gaps,) = coverage(usable, rules)
        assert (gaps.key.rule, gaps.kind, gaps.severity, gaps.level, gaps.page) == (
            "day_incomplete", TransitionKind.OPENED, Severity.WARNING, 1, False
        )  # fmt: skip
    (graver,) = coverage(215, rules)
    assert (graver.kind, graver.severity, graver.level) == (TransitionKind.OPENED, Severity.HIGH, 2)
    (worse,) = coverage(215, rules, "day_incomplete")
    assert (worse.kind, worse.level) == (TransitionKind.ESCALATED, 2)
    assert coverage(240, rules, "day_incomplete") == []
    (ended,) = coverage(288, rules, "day_incomplete")
    assert (ended.kind, ended.reason, ended.page) == (TransitionKind.RESOLVED, Reason.COMPLETE, False)


def test_a_gap_every_second_hour_is_a_work_item_however_much_is_covered(rules: tuple[Rule, ...]) -> None:
    def said(gaps: int) -> list[Transition]:
        day = replace(bucket(50.0, usable=276), gaps=gaps)
        judgement = judgement_of(day, COD, now=day.end + SOON)
        return list(completeness_findings(judgement, rules, (), Listening(MIDNIGHT, day.end + SOON)))

    assert said(11) == []
    (item,) = said(12)
    assert (item.key.rule, item.severity, item.level, item.page) == ("day_incomplete", Severity.WARNING, 1, False)
    assert item.explanation.vi == "COD: ngày 23/11/2026 có số liệu hợp lệ cho 96 % thời gian, ngắt quãng 12 lần"


def test_what_we_did_not_hear_of_a_day_is_no_gap_of_the_station(rules: tuple[Rule, ...]) -> None:
    assert coverage(240, rules, since=timedelta(hours=3)) == []
    assert len(coverage(240, rules, since=timedelta(hours=2))) == 1
    assert len(coverage(200, rules, since=timedelta(hours=3))) == 1

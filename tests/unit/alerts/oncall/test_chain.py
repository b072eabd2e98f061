"""Drawn timelines of escalation: who is told at which minute when nobody acknowledges."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest

from alerts.oncall.chain import Step, advance, begin
from alerts.oncall.channels import (
    MOST_TRIES,
    CodeAnswer,
    SentCode,
    Way,
    check_code,
    new_code,
    only_telegram,
    plan,
)
from alerts.oncall.check import Finding, Trouble, check
from alerts.oncall.duty import duty, on_duty
from quantrac.domain.alerts import Severity
from quantrac.domain.incidents import Chain
from quantrac.domain.oncall import (
    ContactChannel,
    ContactKind,
    EscalationPolicy,
    EscalationStep,
    Layer,
    OnCall,
    Override,
    Person,
    PersonRole,
    QuietHours,
    Rota,
)

START = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
"""Monday, 10:00 in Vietnam."""
MINUTE = timedelta(minutes=1)


def channel(person: str, kind: ContactKind = ContactKind.EMAIL, number: int = 1, **changed: object) -> ContactChannel:
    fresh = ContactChannel(number, person, kind, f"{person}@so.vn", number, verified_at=START)
    return replace(fresh, **changed)


def person(code: str, role: PersonRole = PersonRole.OFFICER, *stations: str) -> Person:
    return Person(code, code.title(), role, stations, channels=(channel(code),))


PEOPLE = (
    person("owner", PersonRole.OPERATOR, "S1"),
    person("an"),
    person("binh"),
    person("head", PersonRole.HEAD),
    person("leader", PersonRole.LEADER),
    Person("mute", "No channel"),
    Person("new", "Unverified", channels=(channel("new", verified_at=None),)),
)
ROTA = Rota("duty", "Duty", (Layer(("an", "binh"), date(2026, 11, 9), time(7)),))
NIGHT = Rota("night", "Night", (Layer(("binh",), date(2026, 11, 2), time(7), 7, time(19), time(7)),))
FOUR = (("operator",), ("rota:duty",), ("person:head",), ("person:leader",))


def policy(*steps: tuple[str, ...], code: str = "p", **changed: object) -> EscalationPolicy:
    made = EscalationPolicy(code, (Severity.HIGH, Severity.CRITICAL), tuple(EscalationStep(s) for s in steps))
    return replace(made, **changed)


def story(*policies: EscalationPolicy, station: str = "S1", acknowledged: int = 999, pause: range = range(0)) -> str:
    """Who is told, as ``minute:person``, looked at every minute but in a ``pause`` of our own."""
    oncall = OnCall(PEOPLE, (ROTA, NIGHT), policies)
    chain, told = begin(policies[0], START), []
    for minute in range(100):
        if minute == acknowledged:
            break
        if minute in pause:
            continue
        moved = advance(oncall, chain, (station,), START + minute * MINUTE)
        chain = moved.chain
        told += [f"{minute}:{p.code}" for p in moved.people]
    return " ".join(told)


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        pytest.param(story(policy(*FOUR)), "0:owner 10:an 20:head 30:leader", id="operator, duty, head, leadership"),
        pytest.param(story(policy(*FOUR), acknowledged=15), "0:owner 10:an", id="nobody after the acknowledgement"),
        pytest.param(story(policy(*FOUR), acknowledged=0), "", id="acknowledged before the first"),
        pytest.param(story(policy(*FOUR), station="S2"), "0:an 10:head 20:leader", id="no operator: at once the next"),
        pytest.param(story(policy(("rota:night",), *FOUR[1:])), "0:an 10:head 20:leader", id="nobody by day: at once"),
        pytest.param(story(policy(("person:mute",), ("person:new",), ("person:an",))), "0:an", id="out of reach"),
        pytest.param(story(policy(("person:gone",), ("rota:gone",), ("person:an",))), "0:an", id="unknown"),
        pytest.param(story(policy(("rota:duty", "person:an", "person:head"))), "0:an 0:head", id="each once a step"),
        pytest.param(
            story(policy(("person:an",), ("person:head",), rounds=2)), "0:an 10:head 20:an 30:head", id="rounds"
        ),
        pytest.param(
            story(policy(("person:an",), then="q"), policy(("person:head",), code="q")), "0:an 10:head", id="then"
        ),
        pytest.param(
            story(policy(("person:an",), then="q"), policy(("person:head",), code="q", then="p")),
            "0:an 10:head 20:an 30:head 40:an 50:head 60:an 70:head 80:an 90:head",
            id="a circle goes on, a step at a time",
        ),
        pytest.param(story(policy(("person:mute",), then="p")), "", id="a circle of nobody ends"),
        pytest.param(story(policy(("person:mute",), rounds=10)), "", id="rounds of nobody end"),
        # our own pause of an hour: one step is told when we are back, and the wait begins there
        pytest.param(story(policy(*FOUR), pause=range(5, 65)), "0:owner 65:an 75:head 85:leader", id="no burst"),
        pytest.param(story(policy(("person:gone",)), policy(("person:an",), code="q")), "", id="of its own policy"),
    ],
)  # fmt: skip
def test_escalation(told: str, expected: str) -> None:
    assert told == expected


def test_what_reaches_nobody_is_told_from_what_is_at_its_end() -> None:
    oncall = OnCall(PEOPLE, (ROTA,), (policy(("person:mute",)),))
    nobody = advance(oncall, begin(oncall.policies[0], START), ("S1",), START)
    assert (nobody.step, nobody.chain.due_at) == (Step.NOBODY, None)
    oncall = OnCall(PEOPLE, (ROTA,), (policy(("person:an",)),))
    first = advance(oncall, begin(oncall.policies[0], START), ("S1",), START)
    waiting = advance(oncall, first.chain, ("S1",), START + 9 * MINUTE)
    over = advance(oncall, waiting.chain, ("S1",), START + 10 * MINUTE)
    assert [first.step, waiting.step, over.step] == [Step.PAGED, Step.WAITING, Step.EXHAUSTED]
    assert advance(oncall, over.chain, ("S1",), START + 99 * MINUTE).step is Step.EXHAUSTED


def test_a_policy_that_was_taken_away_ends_its_chains() -> None:
    assert advance(OnCall(PEOPLE), Chain("gone", 0, 0, START), ("S1",), START).step is Step.EXHAUSTED


SMS, ZALO, TELEGRAM = ContactKind.SMS, ContactKind.ZALO, ContactKind.TELEGRAM
FIRST = channel("an")
SECOND = channel("an", SMS, 2, delay=5 * MINUTE)
THIRD = channel("an", ZALO, 3, delay=15 * MINUTE)


@pytest.mark.parametrize(
    ("channels", "way", "expected"),
    [
        ((FIRST, SECOND, THIRD), Way.AT_ONCE, "1@0 2@5 3@15"),
        ((THIRD, SECOND, FIRST), Way.AT_ONCE, "1@0 2@5 3@15"),
        # the first is not verified, or fails: the second begins at once, nobody waits for it
        ((replace(FIRST, verified_at=None), SECOND, THIRD), Way.AT_ONCE, "2@0 3@10"),
        ((replace(FIRST, failing_since=START), SECOND, THIRD), Way.AT_ONCE, "2@0 3@10"),
        # all fail: they are tried all the same
        ((replace(FIRST, failing_since=START),), Way.ONLY_FAILING, "1@0"),
        ((replace(FIRST, verified_at=None),), Way.NO_CHANNEL, ""),
        ((), Way.NO_CHANNEL, ""),
    ],
)
def test_channels_in_order_with_their_delays(channels: tuple[ContactChannel, ...], way: Way, expected: str) -> None:
    found = plan(Person("an", "An", channels=channels), Severity.HIGH, START)
    assert found.way is way
    assert " ".join(f"{m.channel.id}@{(m.due_at - START) // MINUTE}" for m in found.messages) == expected


@pytest.mark.parametrize(
    ("clock", "severity", "wait_h"),
    [
        # quiet from 22:00 to 06:00 in Vietnam
        (time(21, 59), Severity.WARNING, 0),
        (time(22, 0), Severity.WARNING, 8),
        (time(2, 0), Severity.INFO, 4),
        (time(6, 0), Severity.WARNING, 0),
        (time(2, 0), Severity.HIGH, 0),
        (time(2, 0), Severity.CRITICAL, 0),
    ],
)
def test_quiet_hours_hold_back_low_severities_only(clock: time, severity: Severity, wait_h: int) -> None:
    now = datetime.combine(date(2026, 11, 23), clock, UTC) - timedelta(hours=7)
    found = plan(Person("an", "An", quiet=QuietHours(time(22), time(6)), channels=(FIRST,)), severity, now)
    assert found.messages[0].due_at - now == timedelta(hours=wait_h)
    assert (found.way is Way.AFTER_QUIET_HOURS) is bool(wait_h)


def test_telegram_alone_is_found() -> None:
    assert only_telegram((channel("an", TELEGRAM),))
    assert only_telegram((channel("an", TELEGRAM), replace(SECOND, verified_at=None)))
    assert not only_telegram((channel("an", TELEGRAM), SECOND))
    assert not only_telegram(())


@pytest.mark.parametrize(
    ("given", "minutes", "tries", "expected"),
    [
        ("042042", 0, 0, CodeAnswer.VERIFIED),
        (" 042042 ", 14, MOST_TRIES - 1, CodeAnswer.VERIFIED),
        ("42042", 0, 0, CodeAnswer.WRONG),
        ("", 0, 0, CodeAnswer.WRONG),
        ("042042", 15, 0, CodeAnswer.EXPIRED),
        ("042042", 0, MOST_TRIES, CodeAnswer.TOO_MANY_TRIES),
    ],
)
def test_codes(given: str, minutes: int, tries: int, expected: CodeAnswer) -> None:
    code, sent = new_code(7, 42042, START)
    assert code not in sent.digest
    kept = SentCode(sent.digest, sent.expires_at, tries)
    assert check_code(7, kept, given, START + minutes * MINUTE) is expected
    assert check_code(8, kept, given, START) is not CodeAnswer.VERIFIED
    assert check_code(7, None, given, START) is CodeAnswer.NONE_SENT


def _day(day: int, hour: int) -> datetime:
    return datetime(2026, 11, day, hour, tzinfo=UTC) - timedelta(hours=7)


def test_all_is_well() -> None:
    assert check(OnCall(PEOPLE, (ROTA,), (policy(*FOUR),)), START) == []


def test_the_check_finds_what_would_fail_at_night() -> None:
    days = Rota("days", "Days", (Layer(("an", "gone"), date(2026, 11, 9), time(7), 7, time(7), time(19)),))
    oncall = OnCall(
        PEOPLE,
        (days, Rota("empty", "Empty")),
        (
            policy(("rota:days",), ("person:mute", "rota:nowhere"), then="q"),
            policy(("person:an",), code="q", then="p", severities=(Severity.INFO,)),
            policy(("person:new",), code="r", then="nowhere"),
        ),
    )
    found = check(oncall, START, timedelta(days=1))
    assert [(f.trouble, f.subject) for f in found] == [
        (Trouble.OFF_HOURS, "days"),
        (Trouble.EMPTY_ROTA, "empty"),
        (Trouble.CIRCLE, "p"),
        (Trouble.UNKNOWN_TARGET, "p: rota:nowhere"),
        (Trouble.EMPTY_STEP, "p: 2"),
        (Trouble.CIRCLE, "q"),
        (Trouble.EMPTY_STEP, "r: 1"),
        (Trouble.UNKNOWN_TARGET, "r: policy:nowhere"),
        (Trouble.NO_CHANNEL, "mute"),
        (Trouble.NO_CHANNEL, "new"),
    ]
    assert found[0] == Finding(Trouble.OFF_HOURS, "days", hours=(time(19), time(7)))
    weeks = check(oncall, START)
    assert (Trouble.UNKNOWN_PERSON, "gone") in {(f.trouble, f.subject) for f in weeks}
    assert [f for f in weeks if f.subject == "days"] == [found[0]]


def test_a_rota_for_nights_alone_is_told_once_and_what_is_missing_of_its_nights_is_a_gap() -> None:
    # clock   07   19   07   19   07   19   07          the nights of An and Binh by turns
    # rota         |An--|    |Binh|    |An--|
    # without           |    |xxxx|    |                one override takes Binh's night away
    # told    each day 07:00 to 19:00; the gap from 19:00 to 07:00 of that night
    night = Layer(("an", "binh"), date(2026, 11, 9), time(19), 1, time(19), time(7))
    rota = Rota("night", "Night", (night,))
    [on] = on_duty(rota, (), _day(24, 20))
    without = Override("night", _day(24, 19), _day(25, 7), remove=on)
    oncall = OnCall(PEOPLE, (rota,), (policy(("rota:night",)),), (without,))
    for now in (_day(23, 12), _day(23, 22), _day(24, 7), _day(24, 19)):  # whatever the time of the day
        assert [f for f in check(oncall, now) if f.subject != "info"] == [
            Finding(Trouble.OFF_HOURS, "night", hours=(time(7), time(19))),
            Finding(Trouble.GAP, "night", max(now, _day(24, 19)), _day(25, 7)),
        ]
    assert [f.is_wrong for f in check(replace(oncall, overrides=()), _day(23, 12))] == [False]
    late = replace(night, first_turn=date(2026, 11, 26))  # begins in three days: one gap, not three
    assert Finding(Trouble.GAP, "late", _day(23, 19), _day(26, 7)) in check(
        OnCall(PEOPLE, (Rota("late", "Late", (late,)),), ()), _day(23, 12)
    )
    assert duty(rota, (), _day(23, 12)).off_hours
    assert not duty(rota, (without,), _day(24, 20)).off_hours


def test_failing_and_telegram_only_people_and_severities_without_policy() -> None:
    people = (
        Person("an", "An", channels=(channel("an", failing_since=START),)),
        Person("binh", "B", channels=(channel("binh", TELEGRAM),)),
    )
    found = check(OnCall(people, (ROTA,), (policy(("rota:duty",), severities=(Severity.HIGH,)),)), START)
    assert {(f.trouble, f.subject) for f in found} == {
        (Trouble.FAILING, "an"),
        (Trouble.ONLY_TELEGRAM, "binh"),
        (Trouble.NO_POLICY, "critical"),
    }

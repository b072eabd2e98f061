"""Drawn timelines of rotas: who is on duty, until when, who is next. Vietnam's clock; 2 November 2026 is a Monday."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

import pytest

from alerts.oncall.duty import Duty, Shift, duty, on_duty, shifts, shifts_of
from alerts.oncall.handover import hand_over_subject, hand_over_text, hand_overs
from alerts.oncall.swaps import SwapAnswer, accepted, answer, propose
from quantrac.domain.oncall import FixedShift, Layer, OnCall, Override, Person, Rota, Swap, SwapState, Temporary

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def at(day: int, hour: int = 0, minute: int = 0) -> datetime:
    """An instant of Vietnam's clock in November 2026 (and on: day 31 is 1 December), given in UTC."""
    return datetime(2026, 11, 1, tzinfo=UTC) - 7 * HOUR + (day - 1) * DAY + hour * HOUR + minute * timedelta(minutes=1)


WEEKLY = Layer(("an", "binh", "chi"), date(2026, 11, 2), time(7))
DAYS = Layer(("an", "binh"), date(2026, 11, 2), time(7), 1, time(7), time(19))
NIGHTS = Layer(("chi", "dung"), date(2026, 11, 2), time(19), 1, time(19), time(7))
TET = Temporary(
    "Tết", at(10, 12), at(12, 12), (FixedShift("dung", at(10, 12), at(11)), FixedShift("em", at(11, 6), at(12, 12)))
)


def drawn(rota: Rota, start: datetime, hours: int, step_h: int, overrides: Sequence[Override] = ()) -> str:
    """The first letter of who is on duty each ``step_h`` hours; ``.`` nobody, a digit where there are more."""
    drawing = ""
    for n in range(0, hours, step_h):
        people = on_duty(rota, overrides, start + n * HOUR)
        drawing += "." if not people else people[0][0] if len(people) == 1 else str(len(people))
    return drawing


@pytest.mark.parametrize(
    ("layers", "start", "step_h", "expected"),
    [
        # a week each, from Monday; a day a letter
        pytest.param((WEEKLY,), at(2, 7), 24, "aaaaaaabbbbbbbcccccccaaaaaaa", id="weekly"),
        # before the first turn nobody is on duty
        pytest.param((WEEKLY,), at(1, 7), 24, ".aaaaaaab", id="before the first turn"),
        # day and night, 3 hours a letter: 07-19 an, 19-07 chi, next day binh, dung
        pytest.param((DAYS, NIGHTS), at(2, 7), 3, "aaaaccccbbbbddddaaaacccc", id="day and night"),
        # days only: the night is a gap
        pytest.param((DAYS,), at(2, 7), 3, "aaaa....bbbb....", id="days only"),
        # two layers all day: two people
        pytest.param((WEEKLY, Layer(("dung",), date(2026, 11, 2), time(7))), at(2, 7), 24, "2222", id="two at once"),
        # the same person in both layers counts once
        pytest.param((WEEKLY, Layer(("an",), date(2026, 11, 2), time(7))), at(2, 7), 24, "aaaaaaa2", id="once"),
        # three days a turn
        pytest.param((Layer(("an", "binh"), date(2026, 11, 2), time(7), 3),), at(2, 7), 24, "aaabbbaaa", id="3 days"),
        pytest.param((Layer((), date(2026, 11, 2), time(7)),), at(2, 7), 24, "....", id="nobody"),
        pytest.param((), at(2, 7), 24, "..", id="no layer"),
    ],
)
def test_turns(layers: tuple[Layer, ...], start: datetime, step_h: int, expected: str) -> None:
    assert drawn(Rota("r", "R", layers), start, len(expected) * step_h, step_h) == expected


NOON, EVENING, MIDNIGHT = at(9, 12), at(9, 18), at(10)


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        # the 9th to the 13th, 6 hours a letter; 07:00 on the 9th binh's week begins, Tết replaces it from noon to noon
        pytest.param((), "aabb bbdd .eee eebb bbbb", id="temporary"),
        pytest.param(
            (Override("r", NOON, MIDNIGHT, remove="binh", add="em"),), "aaee bbdd .eee eebb bbbb", id="in place"
        ),
        pytest.param((Override("r", NOON, MIDNIGHT, remove="binh"),), "aa.. bbdd .eee eebb bbbb", id="less"),
        pytest.param((Override("r", NOON, MIDNIGHT, add="em"),), "aa22 bbdd .eee eebb bbbb", id="more"),
        pytest.param(
            (Override("r", NOON, MIDNIGHT, remove="chi", add="em"),), "aabb bbdd .eee eebb bbbb", id="not on duty"
        ),
        pytest.param(
            (Override("other", NOON, MIDNIGHT, remove="binh"),), "aabb bbdd .eee eebb bbbb", id="another rota"
        ),
        # an override fills a gap that the temporary schedule leaves
        pytest.param((Override("r", at(11), at(11, 6), add="chi"),), "aabb bbdd ceee eebb bbbb", id="fills a gap"),
        # of two, the later counts on what the first has made
        pytest.param(
            (
                Override("r", NOON, MIDNIGHT, remove="binh", add="em"),
                Override("r", EVENING, MIDNIGHT, remove="em", add="chi"),
            ),
            "aaec bbdd .eee eebb bbbb",
            id="handed on",
        ),
    ],
)
def test_temporary_schedules_and_overrides(overrides: tuple[Override, ...], expected: str) -> None:
    rota = Rota("r", "R", (WEEKLY,), (TET,))
    assert drawn(rota, at(9), 120, 6, overrides) == expected.replace(" ", "")


def test_shifts_have_no_holes_and_agree_with_every_instant() -> None:
    rota = Rota("r", "R", (DAYS, NIGHTS), (TET,))
    overrides = (Override("r", at(9, 12), at(10, 3), remove="binh", add="em"),)
    plan = shifts(rota, overrides, at(8, 5), at(15, 5))
    assert (plan[0].starts_at, plan[-1].ends_at) == (at(8, 5), at(15, 5))
    for before, after in pairwise(plan):
        assert before.ends_at == after.starts_at
        assert before.people != after.people
    for shift in plan:
        for instant in (shift.starts_at, shift.ends_at - timedelta(seconds=1)):
            assert on_duty(rota, overrides, instant) == shift.people


@pytest.mark.parametrize(
    ("rota", "instant", "expected"),
    [
        (Rota("r", "R", (WEEKLY,)), at(4, 12), Duty(("an",), at(9, 7), ("binh",), at(9, 7))),
        # the last second before the hand-over, and the hand-over itself
        (Rota("r", "R", (WEEKLY,)), at(9, 6, 59), Duty(("an",), at(9, 7), ("binh",), at(9, 7))),
        (Rota("r", "R", (WEEKLY,)), at(9, 7), Duty(("binh",), at(16, 7), ("chi",), at(16, 7))),
        # after a gap: the next who is on duty, not nobody
        (Rota("r", "R", (DAYS,)), at(2, 18), Duty(("an",), at(2, 19), ("binh",), at(3, 7))),
        # in a gap
        (Rota("r", "R", (DAYS,)), at(2, 20), Duty((), at(3, 7), ("binh",), at(3, 7), off_hours=True)),
        # alone for ever
        (Rota("r", "R", (Layer(("an",), date(2026, 11, 2), time(7)),)), at(4), Duty(("an",), None, (), None)),
    ],
)  # fmt: skip
def test_who_is_on_duty_until_when_and_who_is_next(rota: Rota, instant: datetime, expected: Duty) -> None:
    assert duty(rota, (), instant) == expected


def test_the_utc_day_is_not_vietnams() -> None:
    # 23:30 UTC on Sunday the 8th is 06:30 on Monday the 9th in Vietnam: half an hour before the hand-over
    rota = Rota("r", "R", (WEEKLY,))
    assert on_duty(rota, (), datetime(2026, 11, 8, 23, 30, tzinfo=UTC)) == ("an",)
    assert on_duty(rota, (), datetime(2026, 11, 9, 0, 0, tzinfo=UTC)) == ("binh",)


def test_a_person_sees_their_time_in_one_piece() -> None:
    # dung joins for two hours: an's shift stays one
    plan = shifts(Rota("r", "R", (WEEKLY,)), (Override("r", at(3), at(3, 2), add="dung"),), at(2, 7), at(16, 7))
    assert shifts_of("an", plan) == [Shift(("an",), at(2, 7), at(9, 7))]


def test_hand_overs_are_found_once_however_often_one_looks() -> None:
    rota = Rota("r", "R", (DAYS, NIGHTS))
    found = []
    instant = at(2, 0)
    while instant < at(4, 0):
        found += hand_overs(rota, (), instant, instant + 7 * HOUR)
        instant += 7 * HOUR
    assert [(h.at, h.leaving, h.coming) for h in found] == [
        (at(2, 7), (), ("an",)),
        (at(2, 19), ("an",), ("chi",)),
        (at(3, 7), ("chi",), ("binh",)),
        (at(3, 19), ("binh",), ("dung",)),
    ]


def test_who_goes_while_a_colleague_stays_leaves_nobody_alone() -> None:
    always = Layer(("em",), date(2026, 11, 2), time(7))
    (change,) = hand_overs(Rota("r", "R", (DAYS, always)), (), at(2, 18), at(2, 20))
    assert (change.leaving, change.coming, change.staying) == (("an",), (), ("em",))
    assert hand_over_subject(change, "R") == "[TRỰC BAN] R"
    assert "An hết ca lúc 19:00 02/11/2026, Em vẫn trực" in hand_over_text(change, "R", {"an": "An", "em": "Em"})


SWAP = Swap(1, "r", "an", "binh", at(4), at(5), at(11), at(12))
PEOPLE = OnCall(people=(Person("an", "An"), Person("binh", "Bình")))


@pytest.mark.parametrize(
    ("by", "state", "now", "expected"),
    [
        ("binh", SwapState.ACCEPTED, at(3), SwapAnswer.DONE),
        ("binh", SwapState.DECLINED, at(3), SwapAnswer.DONE),
        ("an", SwapState.WITHDRAWN, at(3), SwapAnswer.DONE),
        ("an", SwapState.ACCEPTED, at(3), SwapAnswer.NOT_YOURS),
        ("chi", SwapState.DECLINED, at(3), SwapAnswer.NOT_YOURS),
        ("binh", SwapState.WITHDRAWN, at(3), SwapAnswer.NOT_YOURS),
        ("binh", SwapState.ACCEPTED, at(4), SwapAnswer.BEGUN),
    ],
)
def test_answers_to_a_swap(by: str, state: SwapState, now: datetime, expected: SwapAnswer) -> None:
    outcome = answer(SWAP, by, state, now)
    assert outcome.answer is expected
    assert outcome.swap.state is (state if expected is SwapAnswer.DONE else SwapState.PROPOSED)
    if expected is SwapAnswer.DONE:
        assert answer(outcome.swap, by, state, now).answer is SwapAnswer.ANSWERED


def test_a_swap_counts_when_it_is_accepted_and_for_both_times() -> None:
    rota = Rota("r", "R", (WEEKLY,))
    assert drawn(rota, at(2, 7), 14 * 24, 24, accepted([SWAP])) == "aaaaaaabbbbbbb"
    done = answer(SWAP, "binh", SwapState.ACCEPTED, at(3)).swap
    # an gives away the 4th, binh the 11th; at 07:00 of the 5th and of the 12th they are back
    assert drawn(rota, at(2, 7), 14 * 24, 24, accepted([done])) == "aabaaaabbabbbb"


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, SwapAnswer.DONE),
        ({"colleague": "an"}, SwapAnswer.SAME_PERSON),
        ({"colleague": "zoe"}, SwapAnswer.UNKNOWN_PERSON),
        ({"ends_at": at(4)}, SwapAnswer.EMPTY_TIME),
        ({"starts_at": at(2)}, SwapAnswer.BEGUN),
        ({"starts_at": at(12), "ends_at": at(13)}, SwapAnswer.NOT_ON_DUTY),
    ],
)
def test_what_can_be_asked_for(changed: dict[str, object], expected: SwapAnswer) -> None:
    fields = {name: getattr(SWAP, name) for name in Swap.__slots__} | changed
    assert propose(Swap(**fields), PEOPLE, Rota("r", "R", (WEEKLY,)), at(3)).answer is expected

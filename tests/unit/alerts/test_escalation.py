"""The state machine of one rule, drawn: one character a reading.

Values: ``.`` below the clear threshold, ``~`` between it and the step, ``#`` at the first step, ``!`` at the second,
a space is a reading that never came.
Alert: ``-`` none, ``O`` opened, ``|`` open, ``E`` escalated, ``R`` resolved.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta

import pytest

from alerts.escalation import IDLE, AlertState, Observation, Reason, step
from alerts.rules import Rule, Step
from quantrac.domain.alerts import AlertKind, Severity, TransitionKind

CADENCE_S = 300.0
# level, holds and value of each character; the clear threshold of the second step is the first step itself
_SEEN = {".": (0, 0, 50.0), "~": (0, 1, 70.0), "#": (1, 1, 80.0), "!": (2, 2, 100.0)}
_DRAWN = {TransitionKind.OPENED: "O", TransitionKind.ESCALATED: "E", TransitionKind.RESOLVED: "R"}

RULE = Rule(
    code="limit",
    effective_from=date(2026, 1, 1),
    title_vi="",
    title_en="",
    kind=AlertKind.LIMIT,
    steps=(
        Step("preparing", Severity.WARNING, pending=3, fraction=0.8, clear=0.75),
        Step("exceed", Severity.HIGH, page=True, pending=2, fraction=1.0, clear=0.95),
    ),
    keep_firing=3,
    max_gap_cadences=3,
)


def draw(
    values: str, at: Callable[[float], datetime], rule: Rule = RULE, cadence_s: float = CADENCE_S
) -> tuple[str, list[AlertState]]:
    state, drawing, states = IDLE, "", []
    for index, character in enumerate(values):
        if character == " ":
            drawing += " "
            continue
        level, holds, value = _SEEN[character]
        seen = Observation(at(index * cadence_s / CADENCE_S), value, level, holds, value)
        decision = step(rule, state, seen, cadence_s)
        state = decision.state
        states.append(state)
        drawing += _DRAWN[decision.kind] if decision.kind else "|" if state.level else "-"
    return drawing, states


@pytest.mark.parametrize(
    ("values", "alert"),
    [
        # pending: three in a row, and one below breaks the row
        ("..##.##.", "--------"),
        ("..###...", "----O||R"),
        # keep firing: three in a row below the clear threshold, and between clear and step keeps it open
        ("###..~..~...", "--O||||||||R"),
        ("###~~~~~~...", "--O||||||||R"),
        # between the thresholds opens nothing
        ("~~~~~~~~", "--------"),
        # a jump opens at the step that is reached first, once
        ("!!......", "-O||R---"),
        # a ladder climbs in one alert and ends once, by the clear threshold of its highest step
        ("###!!##...", "--O|E||R--"),
        # ended from the high step while the mild one is still reached: a new incident there, of what comes now
        ("!!######", "-O||R--O"),
        # a gap with nothing good in it does not erase what was beyond the limit before it, however long it is
        ("##  #...", "--  O||R"),
        ("##   ###", "--   O||"),
        ("##                      #", "--                      O"),
        ("##   .##", "--   ---"),
        # so with the end: before a gap does not count
        ("###..   ...", "--O||   ||R"),
        # a single spike is nothing
        (".!.!.!.", "-------"),
    ],
)
def test_timelines(values: str, alert: str, at: Callable[[float], datetime]) -> None:
    assert draw(values, at)[0] == alert


def test_since_is_the_first_reading_of_the_step_and_peak_the_worst_value(at: Callable[[float], datetime]) -> None:
    # index 0 1 2 3 4 5
    # value # # # ! ! #
    _, states = draw("###!!#", at)
    assert states[2].since == at(0)
    assert states[4].since == at(3)
    assert [s.peak for s in states] == [80, 80, 80, 100, 100, 100]
    assert [s.paged for s in states] == [False, False, False, False, True, True]


def test_the_incident_after_an_ended_one_begins_after_it_so_that_its_worst_value_is_the_worst(
    at: Callable[[float], datetime],
) -> None:
    # index 0 1 2 3 4 5 6 7 8 9
    # value # # # ! ! # # # # #      of the first alert the worst is 100, and it ends at 7
    drawing, states = draw("###!!#####" + "#", at)
    assert drawing == "--O|E||R--O"
    assert (states[6].since, states[6].peak) == (at(3), 100)
    assert (states[10].since, states[10].peak) == (at(8), 80)


def test_pending_time_counts_beside_pending_readings(at: Callable[[float], datetime]) -> None:
    rule = Rule(
        code="calibrating",
        effective_from=date(2026, 1, 1),
        title_vi="",
        title_en="",
        kind=AlertKind.FAULT,
        steps=(Step("long", Severity.WARNING, pending=2, pending_s=1500),),
    )
    # 1500 s are five cadences: the sixth reading
    assert draw("########.", at, rule)[0] == "-----O||R"


@pytest.mark.parametrize(
    ("cadence_s", "alert"),
    [(300.0, "--O|||R--"), (450.0, "-O||||R--"), (900.0, "O|||||R--"), (3600.0, "O|||||R--")],
)
def test_fewer_readings_are_enough_where_they_cover_the_time(
    at: Callable[[float], datetime], cadence_s: float, alert: str
) -> None:
    rule = Rule(
        code="anomaly",
        effective_from=date(2026, 1, 1),
        title_vi="",
        title_en="",
        kind=AlertKind.LIMIT,
        steps=(Step("departure", Severity.HIGH, pending=3, enough_s=900),),
    )
    assert draw("######...", at, rule, cadence_s)[0] == alert


@pytest.mark.parametrize("pending", [1, 3])
def test_one_reading_of_a_parameter_that_departs_alone_is_not_enough(
    at: Callable[[float], datetime], pending: int
) -> None:
    needed = Step("pollution", Severity.HIGH, page=True, pending=pending, enough_s=900, pending_alone=2)
    rule = Rule(**{f: getattr(RULE, f) for f in RULE.__slots__} | {"kind": AlertKind.ANOMALY, "steps": (needed,)})
    hourly = 3600.0
    alone, beside = (Observation(at(0), 80.0, 1, 1, 80.0, alone=alone) for alone in (True, False))
    assert step(rule, IDLE, beside, hourly).reason is Reason.HELD
    first = step(rule, IDLE, alone, hourly)
    assert first.reason is Reason.PENDING
    later = Observation(at(12), 80.0, 1, 1, 80.0, alone=True)
    assert step(rule, first.state, later, hourly).reason is Reason.HELD


@pytest.mark.parametrize(
    ("before", "seen", "reason"),
    [
        (IDLE, ".", Reason.WITHIN),
        (IDLE, "#", Reason.PENDING),
        (AlertState(1, (3, 0), (None, None)), "#", Reason.FIRING),
        (AlertState(1, (3, 0), (None, None)), ".", Reason.CLEARING),
        (AlertState(1, (0, 0), (None, None), clearing=2), ".", Reason.CLEARED),
        (AlertState(1, (3, 1), (None, None), last=None), "!", Reason.FIRING),
    ],
)
def test_reasons(at: Callable[[float], datetime], before: AlertState, seen: str, reason: Reason) -> None:
    level, holds, value = _SEEN[seen]
    assert step(RULE, before, Observation(at(0), value, level, holds, value), CADENCE_S).reason is reason


def test_a_new_version_with_other_steps_goes_on(at: Callable[[float], datetime]) -> None:
    _, states = draw("!!", at)
    shorter = Rule(**{f: getattr(RULE, f) for f in RULE.__slots__} | {"steps": RULE.steps[:1]})
    decision = step(shorter, states[-1], Observation(at(2), 80.0, 1, 1, 80.0), CADENCE_S)
    assert (decision.state.level, decision.kind) == (1, None)
    assert timedelta(0) <= at(2) - at(1)

"""What officers may do to an incident, and what is refused, by state."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from alerts.incidents.lifecycle import MOST_TEXT, Answer, Outcome, acknowledge, assign, close, comment, reopen, snooze
from alerts.incidents.messages import IncidentNotice, compose, notification
from alerts.incidents.reasons import Notice, Reason
from quantrac.domain.alerts import AlertKey, AlertKind, Severity
from quantrac.domain.briefing import Briefing, Place
from quantrac.domain.incidents import Incident, IncidentCause, IncidentState, Member, Topic
from quantrac.domain.notifications import Channel
from quantrac.domain.stations import StationKind

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
MEMBER = Member(
    1, 1, AlertKey("S1", "COD", "limit"), AlertKind.LIMIT, Severity.HIGH, True, None, NOW, NOW,
    explanation_vi="COD vượt", explanation_en="COD over",
)  # fmt: skip
OPEN = Incident(1, Topic.WATER, NOW, NOW, (MEMBER,), paged_at=NOW, paged_severity=Severity.HIGH)
BY_STATE = {
    "open": OPEN,
    "acknowledged": replace(OPEN, state=IncidentState.ACKNOWLEDGED, holder="an"),
    "snoozed": replace(OPEN, state=IncidentState.SNOOZED, holder="an", snoozed_until=NOW + HOUR),
    "resolved": replace(OPEN, state=IncidentState.RESOLVED, resolved_at=NOW),
    "closed": replace(OPEN, state=IncidentState.CLOSED, closed_at=NOW, cause=IncidentCause.DRILL),
}
ACTS: dict[str, Callable[[Incident], Outcome]] = {
    "acknowledge": lambda i: acknowledge(i, "binh", NOW),
    "again": lambda i: acknowledge(i, "an", NOW),
    "snooze": lambda i: snooze(i, "binh", NOW + HOUR, NOW),
    "assign": lambda i: assign(i, "chi", NOW),
    "comment": lambda i: comment(i, "x", NOW),
    "close": lambda i: close(i, "binh", IncidentCause.POLLUTION, "", NOW),
    "reopen": lambda i: reopen(i, "binh", NOW),
}
TABLE = """
              open          acknowledged   snoozed        resolved    closed
acknowledge   done          held_by_other  held_by_other  not_active  not_active
again         done          held_already   held_already   not_active  not_active
snooze        done          done           done           not_active  not_active
assign        done          done           done           not_active  not_active
comment       done          done           done           done        done
close         done          done           done           done        closed_already
reopen        not_closed    not_closed     not_closed     not_closed  done
"""
_HEAD, *_ROWS = [line.split() for line in TABLE.strip().splitlines()]
CASES = [(row[0], state, answer) for row in _ROWS for state, answer in zip(_HEAD, row[1:], strict=True)]


@pytest.mark.parametrize(("act", "state", "answer"), CASES)
def test_acts_by_state(act: str, state: str, answer: str) -> None:
    before = BY_STATE[state]
    outcome = ACTS[act](before)
    assert outcome.answer.value == answer
    if outcome.answer is not Answer.DONE:
        assert outcome.incident == before


@pytest.mark.parametrize(
    ("outcome", "answer"),
    [
        (snooze(OPEN, "an", NOW, NOW), Answer.PAST),
        (snooze(OPEN, "an", NOW + timedelta(days=7, seconds=1), NOW), Answer.TOO_LONG),
        (comment(OPEN, " \n", NOW), Answer.TEXT_NEEDED),
        (comment(OPEN, "x" * (MOST_TEXT + 1), NOW), Answer.TOO_LONG),
        (close(OPEN, "an", IncidentCause.OTHER, " ", NOW), Answer.TEXT_NEEDED),
        (close(OPEN, "an", IncidentCause.OTHER, "cá chết", NOW), Answer.DONE),
        (close(OPEN, "an", IncidentCause.DRILL, "x" * (MOST_TEXT + 1), NOW), Answer.TOO_LONG),
    ],
)
def test_what_is_refused(outcome: Outcome, answer: Answer) -> None:
    assert outcome.answer is answer


def test_who_has_it() -> None:
    taken = acknowledge(OPEN, "an", NOW).incident
    assert (taken.holder, taken.state) == ("an", IncidentState.ACKNOWLEDGED)
    assert assign(taken, "chi", NOW).incident.holder == "chi"
    assert snooze(OPEN, "binh", NOW + HOUR, NOW).incident.holder == "binh"
    assert close(taken, "binh", IncidentCause.DRILL, "", NOW).incident.holder == "an"


def test_who_closes_from_an_old_page_does_not_replace_the_cause_of_who_was_first() -> None:
    first = close(OPEN, "an", IncidentCause.PROCESS_UPSET, "tràn bể", NOW).incident
    assert close(first, "binh", IncidentCause.POLLUTION, "", NOW + HOUR) == Outcome(first, Answer.CLOSED_ALREADY)
    # The same once more is a second touch.
    assert close(first, "an", IncidentCause.PROCESS_UPSET, " tràn bể ", NOW + HOUR) == Outcome(first, Answer.DONE)


def test_a_closing_taken_back_is_resolved_where_its_alerts_are_over() -> None:
    closed = close(OPEN, "an", IncidentCause.FALSE_ALARM, "", NOW).incident
    assert reopen(closed, "an", NOW).incident.state is IncidentState.ACKNOWLEDGED
    over = replace(closed, members=(replace(MEMBER, resolved_at=NOW),))
    again = reopen(over, "an", NOW).incident
    assert (again.state, again.cause, again.closed_at) == (IncidentState.RESOLVED, None, None)


def test_a_message_cannot_forge_a_header_a_page_nor_a_terminal() -> None:
    evil = "COD\r\nBcc: x@y\x1b[2J<script>alert(1)</script>"
    incident = replace(OPEN, members=(replace(MEMBER, explanation_vi=evil),))
    place = Place("S1", evil, evil, StationKind.EFFLUENT, evil, evil, illustration=False)
    text = compose(IncidentNotice(incident, Reason.OPENED, Notice.PAGE, NOW, Briefing({}, {"S1": place})))
    assert not set(text.subject) & set("\r\n\x1b")
    assert "\x1b" not in text.text
    assert "\r" not in text.text
    assert "\nBcc" not in text.text
    assert "<script>" not in text.html


def test_the_same_message_has_the_same_id_and_another_has_another() -> None:
    text = compose(IncidentNotice(OPEN, Reason.OPENED, Notice.PAGE, NOW))
    one = notification(text, Channel.EMAIL, "a@b.vn", 1, "an", NOW.isoformat())
    assert one == notification(text, Channel.EMAIL, "a@b.vn", 1, "an", NOW.isoformat())
    others = [("b@b.vn", 1, "an"), ("a@b.vn", 2, "an"), ("a@b.vn", 1, "binh")]
    ids = {notification(text, Channel.EMAIL, r, *about, NOW.isoformat()).message_id for r, *about in others}
    assert len(ids | {one.message_id}) == 4

"""The heartbeat beats only while readings are stored, incidents are watched and messages get through."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from alerts.heartbeat import Beat, Heartbeat, HeartbeatOptions, Row, Signs, judge
from quantrac.clock import ManualClock

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
WELL = Signs(NOW - timedelta(minutes=1), NOW - timedelta(seconds=20), None, None, NOW - timedelta(hours=3))
OPTIONS = HeartbeatOptions("https://monitor.example.vn/ping/SECRET")


def ago(minutes: float) -> datetime:
    return NOW - timedelta(minutes=minutes)


@pytest.mark.parametrize(
    ("changed", "beat"),
    [
        ({}, Beat.SENT),
        ({"received_at": ago(19)}, Beat.SENT),
        ({"received_at": ago(21)}, Beat.NO_READINGS),
        ({"received_at": None}, Beat.NO_READINGS),
        ({"stepped_at": ago(6)}, Beat.STEP_SILENT),
        ({"stepped_at": None}, Beat.STEP_SILENT),
        # something is due just now, as always; nobody has taken it for ten minutes
        ({"due_since": ago(1)}, Beat.SENT),
        ({"due_since": ago(11)}, Beat.STUCK),
        # the mail server is down for an hour; one mailbox fails while others get their mail
        ({"failing_since": ago(60)}, Beat.STUCK),
        ({"failing_since": ago(60), "sent_at": None}, Beat.STUCK),
        ({"failing_since": ago(60), "sent_at": ago(2)}, Beat.SENT),
        # our clock was set back: everything lies ahead, but what a step at work has noted since
        ({"received_at": ago(-90), "stepped_at": ago(0.3), "sent_at": ago(-90)}, Beat.SENT),
    ],
)
def test_it_beats_only_while_all_is_well(changed: dict[str, datetime | None], beat: Beat) -> None:
    assert judge(replace(WELL, **changed), NOW, OPTIONS) is beat


def test_without_paging_by_incidents_their_process_need_not_run() -> None:
    assert judge(replace(WELL, stepped_at=None), NOW, replace(OPTIONS, step=False)) is Beat.SENT


class _Store:
    """A path that is well, of a step that notes when it worked by its own clock."""

    stepped_at: datetime

    def signs(self) -> Row:
        return NOW, self.stepped_at, None, None, NOW

    def close(self) -> None: ...


@pytest.mark.parametrize(
    ("off_min", "beats"),
    [
        # a minute apart, of a step that is at work until the fifth: it is heard by what moves, whatever its clock says
        (0, "++++++++++-----"),
        (60 * 72, "++++++++++-----"),
        (-60 * 72, "-+++++++++-----"),
    ],
)
def test_a_step_works_while_what_it_notes_moves(monkeypatch: pytest.MonkeyPatch, off_min: float, beats: str) -> None:
    monkeypatch.setattr(Heartbeat, "_told", lambda _: True)
    clock, store = ManualClock(NOW), _Store()
    heart, found = Heartbeat(store, OPTIONS, clock), ""
    for minute in range(len(beats)):
        if minute < 5:
            store.stepped_at = clock.now() + timedelta(minutes=off_min)
        found += "+" if heart.once() is Beat.SENT else "-"
        clock.advance(timedelta(minutes=1))
    assert found == beats

"""The heartbeat beats only while readings are stored, incidents are watched and messages get through."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from alerts.heartbeat import Beat, HeartbeatOptions, Signs, judge

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
        ({"received_at": ago(-90), "stepped_at": ago(-90), "sent_at": ago(-90)}, Beat.STEP_SILENT),
    ],
)
def test_it_beats_only_while_all_is_well(changed: dict[str, datetime | None], beat: Beat) -> None:
    assert judge(replace(WELL, **changed), NOW, OPTIONS) is beat


def test_without_paging_by_incidents_their_process_need_not_run() -> None:
    assert judge(replace(WELL, stepped_at=None), NOW, replace(OPTIONS, step=False)) is Beat.SENT

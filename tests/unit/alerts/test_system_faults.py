"""Drawn timelines of the system's own faults: who operates it gets one mail, and one when all is well again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from alerts.heartbeat import Signs
from alerts.system_faults import BridgeSign, FaultPolicy, FaultState, SystemSigns, faults, look
from alerts.system_watch import SystemWatch, WatchOptions
from quantrac.clock import ManualClock
from quantrac.domain.notifications import Notification
from quantrac.errors import NotifyError, StoreError

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
POLICY = FaultPolicy()


def ago(minutes: float) -> datetime:
    return NOW - minutes * MINUTE


PATH = Signs(ago(1), ago(0.3), None, None, ago(180))
WELL = SystemSigns(
    PATH, ago(0.5), 300.0, {"bridge-1": BridgeSign(ago(1), 300), "bridge-2": BridgeSign(ago(4), 300)}, 10**11
)
QUIET = {name: BridgeSign(ago(25), 300) for name in ("bridge-1", "bridge-2")}


@pytest.mark.parametrize(
    ("changed", "names"),
    [
        ({}, []),
        ({"worker_seen_at": ago(3)}, ["workers"]),
        ({"worker_seen_at": None}, ["workers"]),
        # an installation that no station has sent to yet needs neither
        ({"path": Signs(None, None, None, None, None), "worker_seen_at": None, "bridges": {}}, []),
        ({"path": replace(PATH, stepped_at=ago(6))}, ["incidents"]),
        ({"path": replace(PATH, due_since=ago(11))}, ["messages"]),
        ({"path": replace(PATH, failing_since=ago(30))}, ["messages"]),
        ({"path": replace(PATH, failing_since=ago(30), sent_at=ago(1))}, []),
        ({"bridges": WELL.bridges | {"bridge-2": BridgeSign(ago(21), 300)}}, ["bridge bridge-2"]),
        # of a bridge whose stations send every hour nothing comes for an hour
        ({"bridges": WELL.bridges | {"bridge-2": BridgeSign(ago(70), 3600)}}, []),
        # what was brought is not stored: a worker that hangs
        ({"path": replace(PATH, received_at=ago(21))}, ["readings"]),
        # one reason, told once: nothing is stored because nothing comes, or because nobody works
        ({"path": replace(PATH, received_at=ago(25)), "bridges": QUIET}, ["bridge bridge-1", "bridge bridge-2"]),
        ({"path": replace(PATH, received_at=ago(25)), "bridges": {}}, ["readings"]),
        ({"path": replace(PATH, received_at=ago(25)), "worker_seen_at": ago(25), "bridges": QUIET}, ["workers"]),
        ({"free_bytes": 10**9}, ["disk"]),
        ({"free_bytes": None}, []),
        # our clock was set back
        ({"path": Signs(ago(-90), ago(-90), None, None, None), "worker_seen_at": ago(-90)}, []),
    ],
)  # fmt: skip
def test_what_is_wrong(changed: dict[str, object], names: list[str]) -> None:
    assert sorted(faults(replace(WELL, **changed), NOW, POLICY)) == names  # type: ignore[arg-type]


def test_without_paging_by_incidents_their_process_need_not_run() -> None:
    signs = replace(WELL, path=replace(PATH, stepped_at=None))
    assert faults(signs, NOW, replace(POLICY, step=False)) == {}


def played(drawing: Mapping[str, str]) -> str:
    """Return what was told, a letter a minute: P with faults, W well again."""
    state, story = FaultState(), ""
    for minute in range(max(map(len, drawing.values()))):
        now = NOW + minute * MINUTE
        found = {name: None for name, line in drawing.items() if line[minute : minute + 1] == "#"}
        state, letter = look(state, found, now, POLICY)
        if letter is not None:
            state = replace(state, mailed=letter.mailed, well_since=None)
        story += "." if letter is None else "P" if letter.faults else "W"
    return story


@pytest.mark.parametrize("drawn", [
    # a restart of minutes tells nobody
    ("..####......................",
     "............................"),
    # one mail, and one when it has been well for ten minutes
    ("..###########................",
     ".......P...............W....."),
    # it comes and goes: no stream
    ("..######..##..######..##.............",
     ".......P..........................W.."),
])  # fmt: skip
def test_one_mail_and_one_when_it_is_well(drawn: Sequence[str]) -> None:
    fault, told = drawn
    assert played({"workers": fault}) == told


def test_a_second_fault_is_told_once_and_the_end_when_both_are_over() -> None:
    drawing = {
        "disk":    "#########################............",
        "workers": "..........########...................",
    }  # fmt: skip
    assert played(drawing) == ".....P.........P...................W."


class _Store:
    """Of a database that can be away: what a notifier that is started anew finds again."""

    def __init__(self, clock: ManualClock) -> None:
        self.clock, self.kept, self.away, self.worker = clock, dict[str, datetime](), False, True
        self.bridges = dict[str, tuple[datetime, float]]()

    def signs(self) -> tuple[datetime | None, ...]:
        now = self.clock.now()
        return (now, now, None, None, now)

    def processes(self) -> tuple[datetime | None, float, dict[str, tuple[datetime, float]]] | None:
        if self.away:
            raise StoreError("away", retryable=True)
        return (self.clock.now() if self.worker else None), 300.0, self.bridges

    def mailed(self) -> dict[str, datetime]:
        return dict(self.kept)

    def save_mailed(self, mailed: Mapping[str, datetime]) -> None:
        if self.away:
            raise StoreError("away", retryable=True)
        self.kept = dict(mailed)

    def close(self) -> None: ...


class _Mail:
    def __init__(self) -> None:
        self.sent: list[Notification] = []
        self.refuses: set[str] = set()

    def send(self, notification: Notification) -> str:
        if notification.recipient in self.refuses:
            raise NotifyError("refused", retryable=True)
        self.sent.append(notification)
        return "250"

    def close(self) -> None: ...


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


def _watch(store: _Store, mail: _Mail, clock: ManualClock) -> SystemWatch:
    return SystemWatch(store, mail, WatchOptions(("a@x.vn", "b@x.vn"), lambda: 10**11), clock)  # type: ignore[arg-type]


def _minutes(watch: SystemWatch, clock: ManualClock, minutes: int) -> None:
    for _ in range(minutes):
        watch.once()
        clock.advance(MINUTE)


def test_a_database_that_is_away_is_told_without_it(clock: ManualClock) -> None:
    store, mail = _Store(clock), _Mail()
    watch = _watch(store, mail, clock)
    _minutes(watch, clock, 2)
    store.away = True
    _minutes(watch, clock, 30)
    assert [(n.recipient, n.subject) for n in mail.sent] == [
        (to, "[HỆ THỐNG] Cơ sở dữ liệu không trả lời") for to in ("a@x.vn", "b@x.vn")
    ]
    store.away = False
    _minutes(watch, clock, 1)
    assert list(store.kept) == ["database"]
    _minutes(watch, clock, 12)
    assert [n.subject for n in mail.sent[2:]] == ["[HỆ THỐNG] Đã hoạt động bình thường trở lại / All is well again"] * 2
    assert store.kept == {}


def test_a_restart_repeats_nothing_and_tells_the_end(clock: ManualClock) -> None:
    store, mail = _Store(clock), _Mail()
    store.worker = False
    _minutes(_watch(store, mail, clock), clock, 8)
    assert len(mail.sent) == 2
    again = _watch(store, mail, clock)
    _minutes(again, clock, 30)
    assert len(mail.sent) == 2
    store.worker = True
    _minutes(again, clock, 12)
    assert len(mail.sent) == 4


def test_a_mail_server_that_refuses_is_tried_again_until_one_has_it(clock: ManualClock) -> None:
    store, mail = _Store(clock), _Mail()
    store.worker = False
    mail.refuses = {"a@x.vn", "b@x.vn"}
    watch = _watch(store, mail, clock)
    _minutes(watch, clock, 20)
    assert (mail.sent, store.kept) == ([], {})
    mail.refuses = {"a@x.vn"}
    _minutes(watch, clock, 20)
    assert [n.recipient for n in mail.sent] == ["b@x.vn"]


def test_a_disk_that_cannot_be_seen_and_a_name_of_many_lines_end_no_notifier(clock: ManualClock) -> None:
    def gone() -> int:
        raise PermissionError("run folder")

    store, mail = _Store(clock), _Mail()
    store.bridges = {"bridge-1\r\nBcc: x@y.vn\n" + "x" * 500: (NOW - 60 * MINUTE, 300.0)}
    watch = SystemWatch(store, mail, WatchOptions(("a@x.vn",), gone), clock)  # type: ignore[arg-type]
    _minutes(watch, clock, 8)
    (sent,) = mail.sent
    assert "\n" not in sent.subject
    assert "\nBcc" not in sent.text
    assert len(sent.subject) < 200

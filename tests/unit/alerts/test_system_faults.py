"""Drawn timelines of the system's own faults: who operates it gets one mail, and one when nothing lasts any more."""

from __future__ import annotations

import gc
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from alerts.fault_memory import FaultMemory
from alerts.heartbeat import Signs
from alerts.system_faults import BridgeSign, FaultPolicy, FaultState, SystemSigns, delivered, faults, look
from alerts.system_watch import SystemWatch, WatchOptions
from quantrac.clock import ManualClock
from quantrac.domain.notifications import Notification
from quantrac.errors import NotifyError, StoreError

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
POLICY = FaultPolicy()
OVER = "[HỆ THỐNG] Không còn thấy lỗi nào / No fault is seen any more"


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
        # our clock was set back: what is at work has noted so since, by the clock of now
        ({"path": Signs(ago(-90), ago(0.3), None, None, None)}, []),
    ],
)  # fmt: skip
def test_what_is_wrong(changed: dict[str, object], names: list[str]) -> None:
    assert sorted(faults(replace(WELL, **changed), NOW, POLICY)) == names  # type: ignore[arg-type]


def test_without_paging_by_incidents_their_process_need_not_run() -> None:
    signs = replace(WELL, path=replace(PATH, stepped_at=None))
    assert faults(signs, NOW, replace(POLICY, step=False)) == {}


def played(drawing: Mapping[str, str]) -> str:
    """Return what was told, a letter a minute: P with faults, W when nothing lasts any more."""
    state, story = FaultState(), ""
    for minute in range(max(map(len, drawing.values()))):
        now = NOW + minute * MINUTE
        found = {name: None for name, line in drawing.items() if line[minute : minute + 1] == "#"}
        state, letter = look(state, found, now, POLICY)
        if letter is not None:
            state = delivered(state, letter)
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
    fault, story = drawn
    assert played({"workers": fault}) == story


def test_a_second_fault_is_told_once_and_the_end_when_both_are_over() -> None:
    drawing = {
        "disk":    "#########################............",
        "workers": "..........########...................",
    }  # fmt: skip
    assert played(drawing) == ".....P.........P...................W."


def test_what_comes_back_while_another_fault_lasts_is_told_anew() -> None:
    drawing = {
        "disk":    "############################################################............",
        "workers": "..######....................##############################..............",
    }  # fmt: skip
    assert played(drawing) == ".....P.P.........................P....................................W."


def test_what_comes_and_goes_while_another_fault_lasts_is_told_once() -> None:
    drawing = {
        "disk":    "########################################",
        "workers": "..######.........######.........########",
    }  # fmt: skip
    assert played(drawing) == ".....P.P................................"


def test_the_end_is_told_although_another_fault_of_minutes_was_there_when_it_was_due() -> None:
    drawing = {
        "workers": "######..............",
        "disk":    "..............###...",
    }  # fmt: skip
    assert played(drawing) == ".....P...........W.."


@pytest.mark.parametrize("hiding", ["database", "database refuses"])
def test_what_is_not_seen_without_a_database_lasts_meanwhile(hiding: str) -> None:
    drawing = {
        # one look in three fails: it is told all the same
        "workers": "##.##.##.##.######",
        hiding:    "..#..#..#..#......",
    }  # fmt: skip
    assert played(drawing) == "......P..........."
    # and what was told before it was away is not told again once it is back
    hidden = {
        "workers": "##########....................##########...........",
        hiding:    "..........####################.....................",
    }  # fmt: skip
    assert played(hidden) == ".....P.........P..................................W"


def test_a_bridge_that_was_told_is_not_told_again_after_the_workers_were_gone() -> None:
    drawing = {
        "bridge b1": "##########....................##########...........",
        "workers":   "..........####################.....................",
    }  # fmt: skip
    assert played(drawing) == ".....P.........P..................................W"


class _Store:
    """Of a database that can be away: what a notifier that is started anew finds again."""

    def __init__(self, clock: ManualClock) -> None:
        self.clock, self.kept, self.away, self.worker = clock, dict[str, datetime](), False, True
        self.refused = ""
        self.bridges = dict[str, tuple[datetime, float]]()
        self.off = timedelta(0)
        self.noted_at: datetime | None = None

    def noted(self) -> datetime:
        """When the processes noted that they work, by clocks that are off; those that are gone note nothing more."""
        return self.noted_at or self.clock.now() + self.off

    def signs(self) -> tuple[datetime | None, ...]:
        now = self.clock.now()
        return (now, self.noted(), None, None, now)

    def processes(self) -> tuple[datetime | None, float, dict[str, tuple[datetime, float]]] | None:
        if self.away:
            raise StoreError("away", retryable=True)
        if self.refused:
            raise StoreError(self.refused, retryable=False)
        return (self.noted() if self.worker else None), 300.0, self.bridges

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

    def to(self, recipient: str) -> list[str]:
        return [n.subject for n in self.sent if n.recipient == recipient]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


class _Disk:
    free = 10**11


def _watch(
    store: _Store, mail: _Mail, clock: ManualClock, folder: Path | None = None, disk: _Disk | None = None
) -> SystemWatch:
    """Return a watch; with a folder, as the process has it, which is started again on the same one."""
    gc.collect()  # a process that was killed leaves its lock
    free = disk or _Disk()
    memory = FaultMemory(None if folder is None else folder / "system-faults.json")
    options = WatchOptions(("a@x.vn", "b@x.vn"), lambda: free.free)
    return SystemWatch(store, mail, options, clock, memory)  # type: ignore[arg-type]


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
    assert [n.subject for n in mail.sent[2:]] == [OVER] * 2
    assert store.kept == {}


def test_a_database_that_refuses_is_told_with_its_reason_and_not_as_away(clock: ManualClock) -> None:
    store, mail = _Store(clock), _Mail()
    store.refused = "The database failed: permission denied for table x\r\nBcc: y@z.vn. " + "x" * 5000
    with capture_logs() as logs:
        _minutes(_watch(store, mail, clock), clock, 30)
    assert [n.subject for n in mail.sent] == ["[HỆ THỐNG] Notifier không dùng được cơ sở dữ liệu"] * 2
    assert "permission denied for table x" in mail.sent[0].text
    assert "\nBcc" not in mail.sent[0].text
    assert len(mail.sent[0].text) < 3000
    assert [log["event"] for log in logs if "error" in log] == ["system_not_seen"]


def test_a_full_disk_under_a_database_that_is_away_is_told_with_it(clock: ManualClock) -> None:
    # minutes    0     10      20      30
    # database   ##############              # away
    # disk       ########                    # full
    store, mail, disk = _Store(clock), _Mail(), _Disk()
    watch = _watch(store, mail, clock, None, disk)
    store.away, disk.free = True, 4096
    _minutes(watch, clock, 12)
    (told,) = [n for n in mail.sent if n.recipient == "a@x.vn"]
    assert told.subject == "[HỆ THỐNG] Ổ đĩa sắp đầy (+1)"
    assert "Cơ sở dữ liệu không trả lời" in told.text
    assert "Lý do: away" in told.text
    disk.free = 10**11
    _minutes(watch, clock, 10)
    store.away = False
    _minutes(watch, clock, 12)
    assert mail.to("a@x.vn")[1:] == [OVER]


def test_a_database_that_is_away_is_logged_once_and_its_return(clock: ManualClock) -> None:
    store, mail = _Store(clock), _Mail()
    watch = _watch(store, mail, clock)
    with capture_logs() as logs:
        store.away = True
        _minutes(watch, clock, 3)
        store.away = False
        _minutes(watch, clock, 3)
    assert [log["event"] for log in logs] == ["server_away", "server_back"]


def test_looks_that_fail_between_hide_no_fault(clock: ManualClock) -> None:
    store, mail = _Store(clock), _Mail()
    watch = _watch(store, mail, clock)
    store.worker = False
    for _ in range(4):
        _minutes(watch, clock, 2)
        store.away = True
        _minutes(watch, clock, 1)
        store.away = False
    assert [n.subject.split(" (")[0] for n in mail.sent] == [
        "[HỆ THỐNG] Không tiến trình xử lý nào chạy, hoặc ghi được"
    ] * 2


def test_what_came_back_is_told_anew_after_a_restart_and_nothing_twice(clock: ManualClock) -> None:
    store, mail = _Store(clock), _Mail()
    store.bridges = {"b1": (NOW - 60 * MINUTE, 300.0)}  # lasts all the time
    watch = SystemWatch(store, mail, WatchOptions(("a@x.vn",), lambda: free), clock)  # type: ignore[arg-type]
    free = 1
    _minutes(watch, clock, 8)
    free = 10**11
    _minutes(watch, clock, 12)
    assert list(store.kept) == ["bridge b1"]
    free = 1
    _minutes(watch, clock, 3)
    watch = SystemWatch(store, mail, WatchOptions(("a@x.vn",), lambda: free), clock)  # type: ignore[arg-type]
    _minutes(watch, clock, 20)
    assert len(mail.sent) == 2
    assert "Ổ đĩa" in mail.sent[1].subject


def test_of_a_bridge_that_is_forgotten_nobody_says_that_it_works_again(clock: ManualClock) -> None:
    store, mail = _Store(clock), _Mail()
    store.bridges = {"b1": (NOW - 60 * MINUTE, 300.0)}
    watch = _watch(store, mail, clock)
    _minutes(watch, clock, 8)
    store.bridges = {}
    _minutes(watch, clock, 12)
    last = mail.sent[-1]
    assert last.subject == OVER
    assert "Cầu nối một tuần không đưa tin nào thì không được theo dõi nữa" in last.text
    assert "A bridge through which nothing came for a week is no longer watched" in last.text


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


@pytest.mark.parametrize("back_before", [False, True], ids=["still away", "back by then"])
def test_what_was_told_without_a_database_outlives_a_kill(
    clock: ManualClock, tmp_path: Path, *, back_before: bool
) -> None:
    """Neither is it told again, nor does its end stay untold."""
    store, mail = _Store(clock), _Mail()
    store.away = True
    _minutes(_watch(store, mail, clock, tmp_path), clock, 7)
    (told,) = mail.to("a@x.vn")
    assert told.startswith("[HỆ THỐNG] Cơ sở dữ liệu không trả lời")
    store.away = not back_before
    _minutes(_watch(store, mail, clock, tmp_path), clock, 9)
    assert len(mail.to("a@x.vn")) == 1
    store.away = False
    _minutes(_watch(store, mail, clock, tmp_path), clock, 30)
    assert [s.partition(" / ")[0] for s in mail.to("a@x.vn")[1:]] == ["[HỆ THỐNG] Không còn thấy lỗi nào"]
    assert [path.name for path in tmp_path.iterdir()] == ["system-faults.lock"]
    _minutes(_watch(store, mail, clock, tmp_path), clock, 30)
    assert len(mail.to("a@x.vn")) == 2


def test_a_notifier_that_ends_again_and_again_says_why(clock: ManualClock, tmp_path: Path) -> None:
    """A database that refuses it ends the process; the supervisor starts it anew each half a minute."""
    store, mail = _Store(clock), _Mail()
    for _ in range(20):
        _watch(store, mail, clock, tmp_path).once(StoreError("no such column\nsent_at", retryable=False))
        clock.advance(MINUTE / 2)
    (told,) = mail.to("a@x.vn")
    assert told.startswith("[HỆ THỐNG] Notifier không")
    assert "no such column sent_at" in mail.sent[0].text


def test_what_was_seen_long_before_a_restart_lasts_from_the_restart_on(clock: ManualClock, tmp_path: Path) -> None:
    """The whole machine was off for an hour: that the database starts after the notifier is no fault of an hour."""
    store, mail = _Store(clock), _Mail()
    store.away = True
    _minutes(_watch(store, mail, clock, tmp_path), clock, 3)
    clock.advance(60 * MINUTE)
    watch = _watch(store, mail, clock, tmp_path)
    _minutes(watch, clock, 3)
    store.away = False
    _minutes(watch, clock, 30)
    assert mail.sent == []


def test_the_end_is_told_although_it_restarts_while_a_fault_of_minutes_is_there(
    clock: ManualClock, tmp_path: Path
) -> None:
    # minute   0       20        31        33
    # worker   #########
    # disk                       #########         # not told: shorter than five minutes
    # killed                         ×
    store, mail = _Store(clock), _Mail()
    disk = _Disk()
    watch = _watch(store, mail, clock, tmp_path, disk)
    store.worker = False
    _minutes(watch, clock, 20)
    store.worker = True
    _minutes(watch, clock, 9)
    disk.free = 10**6
    _minutes(watch, clock, 3)
    disk.free = 10**11
    del watch
    _minutes(_watch(store, mail, clock, tmp_path, disk), clock, 30)
    assert len(mail.to("a@x.vn")) == 2


def test_our_clock_set_back_puts_off_neither_a_fault_nor_its_end(clock: ManualClock, tmp_path: Path) -> None:
    store, mail = _Store(clock), _Mail()
    watch = _watch(store, mail, clock, tmp_path)
    store.worker = False
    _minutes(watch, clock, 3)
    clock.leap(timedelta(hours=-2))
    _minutes(watch, clock, 7)
    assert len(mail.to("a@x.vn")) == 1
    store.worker = True
    _minutes(watch, clock, 3)
    clock.leap(timedelta(hours=-2))
    _minutes(watch, clock, 12)
    assert len(mail.to("a@x.vn")) == 2


@pytest.mark.parametrize("off_min", [-120, -6, 6, 120])
def test_processes_whose_clocks_differ_from_ours_are_not_said_to_be_gone(clock: ManualClock, off_min: int) -> None:
    store, mail = _Store(clock), _Mail()
    store.off = off_min * MINUTE
    _minutes(_watch(store, mail, clock), clock, 20)
    assert mail.sent == []


@pytest.mark.parametrize("restarted", [False, True])
def test_processes_that_are_gone_are_told_although_their_clock_was_days_ahead(
    clock: ManualClock, *, restarted: bool
) -> None:
    store, mail = _Store(clock), _Mail()
    store.off = timedelta(days=3)
    watch = _watch(store, mail, clock)
    _minutes(watch, clock, 20)
    store.noted_at = store.noted()
    _minutes(_watch(store, mail, clock) if restarted else watch, clock, 12)
    assert "Không tiến trình xử lý nào chạy" in mail.sent[0].text
    assert "Tiến trình sự cố" in "".join(n.text for n in mail.sent)


@pytest.mark.parametrize(
    "text",
    [
        "[1, 2",
        "[" * 100_000,
        '{"noted_at": "2026-12-01T10:00:00", "since": {}, "mailed": {}, "owed": false}',
        '{"noted_at": "2026-12-01T10:00:00+07:00", "since": {}, "mailed": {"disk": "2026-12-01T10:00:00"}}',
    ],
    ids=["cut off", "deep", "noted without an offset", "mailed without an offset"],
)
def test_a_file_of_its_memory_that_cannot_be_read_ends_no_notifier(
    clock: ManualClock, tmp_path: Path, text: str
) -> None:
    store, mail = _Store(clock), _Mail()
    store.away = True
    (tmp_path / "system-faults.json").write_text(text, encoding="utf-8")
    _minutes(_watch(store, mail, clock, tmp_path), clock, 7)
    assert len(mail.to("a@x.vn")) == 1
    _minutes(_watch(store, mail, clock, tmp_path / "there is no such folder"), clock, 7)
    assert len(mail.to("a@x.vn")) == 2


def test_of_two_notifiers_on_one_machine_one_tells_and_the_other_goes_on_when_it_is_gone(
    clock: ManualClock, tmp_path: Path
) -> None:
    # minute       0       6       20       40
    # database     ##################                # away
    # first                P        ×
    # second                                 W
    store, mail = _Store(clock), _Mail()
    first, second = _watch(store, mail, clock, tmp_path), _watch(store, mail, clock, tmp_path)
    store.away = True
    for _ in range(20):
        clock.advance(MINUTE)
        first.once()
        second.once()
    assert len(mail.to("a@x.vn")) == 1
    del first
    _minutes(second, clock, 5)
    store.away = False
    _minutes(second, clock, 15)
    assert mail.to("a@x.vn")[1:] == [OVER]


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

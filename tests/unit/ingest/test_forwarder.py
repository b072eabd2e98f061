"""When a file is tried again, where it goes, and which addresses are refused."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ingest.dropfolder.names import printable
from ingest.forwarder.forwarder import Forwarder, ForwarderOptions, next_try, path_of
from ingest.forwarder.source import RawFiles
from ingest.forwarder.targets import FolderTarget, TargetOptions, target_of
from quantrac.clock import ManualClock
from quantrac.domain.forwarding import FilePiece, Proof, WaitingFile
from quantrac.errors import BrokerError, SettingsError
from quantrac.settings import load_settings

NOW = datetime(2026, 11, 23, 3, tzinfo=UTC)
WEEK = timedelta(days=7)


def waiting(tries: int = 0, name: str = "DT_A_20261123100500.txt", received_at: datetime = NOW) -> WaitingFile:
    return WaitingFile(1, "DT_A", name, "", b"", received_at, tries)


@pytest.mark.parametrize(("tries", "pause_s"), [(0, 10), (1, 20), (5, 320), (8, 1800), (500, 1800)])
def test_later_each_time(tries: int, pause_s: float) -> None:
    assert next_try(waiting(tries), NOW, WEEK) == NOW + timedelta(seconds=pause_s)


def test_given_up_after_a_week() -> None:
    assert next_try(waiting(), NOW + WEEK, WEEK) is not None
    assert next_try(waiting(), NOW + WEEK + timedelta(seconds=1), WEEK) is None


def test_a_name_without_a_time_goes_by_the_day_of_receipt() -> None:
    late = datetime(2026, 11, 22, 18, tzinfo=UTC)  # the 23rd in Vietnam
    assert path_of(waiting(name="a/b/c.txt", received_at=late), "{day}/{name}") == "2026/11/23/c.txt"


def test_a_file_deep_in_folders_is_forwarded_under_its_name() -> None:
    told = printable(b"DT_A/" + b"deeper/" * 60 + b"DT_A_20261123100500.txt")
    assert path_of(waiting(name=told), "{day}/{name}") == "2026/11/23/DT_A_20261123100500.txt"


@pytest.mark.parametrize(
    ("place", "told"),
    [
        ("http://u@h/x", "neither a folder nor sftp"),
        ("ftp://u@h/x", "QUANTRAC_FORWARD_PASSWORD"),
        ("ftps://u@h/x", "QUANTRAC_FORWARD_PASSWORD"),
        ("sftp://h/x", "neither a folder nor sftp"),
        ("sftp://u:secret@h/x", "QUANTRAC_FORWARD_PASSWORD"),
        ("sftp://u@h/x", "QUANTRAC_FORWARD_KNOWN_HOSTS"),
    ],
)
def test_addresses_that_are_refused(place: str, told: str) -> None:
    with pytest.raises(SettingsError, match=told):
        target_of(TargetOptions(place))


@pytest.mark.parametrize("path", ["/{name}", "../{name}", "{station}", "{name}/{user}", "{name", "{name}{0}"])
def test_paths_that_are_refused(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUANTRAC_FORWARD_PATH", path)
    with pytest.raises(SettingsError, match="FORWARD_PATH"):
        load_settings()


def test_a_folder_that_is_away_takes_nothing(tmp_path: Path) -> None:
    target = FolderTarget(tmp_path / "mount")
    with pytest.raises(BrokerError, match="is not there"):
        target.put("a/b.txt", b"x")
    (tmp_path / "mount").mkdir()
    target.put("a/b.txt", b"x")
    target.put("a/b.txt", b"y")
    assert [p.name for p in (tmp_path / "mount" / "a").iterdir()] == ["b.txt"]
    assert (tmp_path / "mount" / "a" / "b.txt").read_bytes() == b"y"


class Waiting:
    """Files of some stations that wait, as the database would give them, and what is recorded of them."""

    def __init__(self, *files: WaitingFile) -> None:
        self.files, self.accepted_ids, self.failed_ids = list(files), list[int](), list[int]()
        self.next_tries = list[datetime | None]()

    def progress(self) -> dict[int, int]:
        return {}

    def add(self, pieces: Sequence[FilePiece], progress: dict[int, int]) -> None:
        raise AssertionError((pieces, progress))

    def take(self, limit: int, now: datetime) -> list[WaitingFile]:
        return self.files[:limit]

    def accepted(self, file_id: int, now: datetime, proof: Proof) -> None:
        assert proof is Proof.CONTENT
        self.accepted_ids.append(file_id)

    def failed(self, file_id: int, now: datetime, error: str, next_try_at: datetime | None) -> None:
        self.failed_ids.append(file_id)
        self.next_tries.append(next_try_at)


class Nothing(RawFiles):
    """A topic without news."""

    def __init__(self) -> None:
        pass

    def poll(self, timeout_s: float) -> tuple[list[FilePiece], dict[int, int]]:
        return [], {}


class Pauses(threading.Event):
    """Notes how long was waited, and does not wait."""

    def __init__(self) -> None:
        super().__init__()
        self.noted: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.noted.append(timeout or 0.0)
        return False


def numbered(*contents: bytes) -> list[WaitingFile]:
    return [replace(waiting(), id=n, content=c) for n, c in enumerate(contents, 1)]


def test_no_faster_than_the_rate_and_a_rewritten_file_goes_again(tmp_path: Path) -> None:
    store, pauses = Waiting(*numbered(b"first", b"rewritten")), Pauses()
    options = ForwarderOptions(files_per_s=20.0)
    Forwarder(store, FolderTarget(tmp_path), options, ManualClock(NOW)).turn(Nothing(), pauses)
    assert pauses.noted == [0.05, 0.05]
    assert store.accepted_ids == [1, 2]
    assert [p.read_bytes() for p in tmp_path.rglob("*.txt")] == [b"rewritten"]


def test_what_a_target_takes_of_the_time_of_a_file_is_not_waited_for(tmp_path: Path) -> None:
    clock, pauses = ManualClock(NOW), Pauses()

    class Slow(FolderTarget):
        def put(self, path: str, content: bytes) -> Proof:
            clock.advance(timedelta(milliseconds=30 if content == b"a" else 80))
            return super().put(path, content)

    forwarder = Forwarder(Waiting(*numbered(b"a", b"b", b"c")), Slow(tmp_path), ForwarderOptions(files_per_s=20), clock)
    forwarder.turn(Nothing(), pauses)
    assert pauses.noted == pytest.approx([0.05, 0.02, 0.0])


def test_a_refusal_ends_the_turn(tmp_path: Path) -> None:
    store = Waiting(*numbered(b"a", b"b"))
    (tmp_path / "DT_A").write_bytes(b"in the way")
    Forwarder(store, FolderTarget(tmp_path), ForwarderOptions(), ManualClock(NOW)).turn(Nothing(), Pauses())
    assert (store.accepted_ids, store.failed_ids) == ([], [1])


def test_a_target_that_is_away_is_asked_at_its_door_alone_and_gives_up_no_file(tmp_path: Path) -> None:
    #  s      0    10    30    70   150   310   610   910 ... 5 min each
    #  asked  1     1     1     1     1     1     1     1
    store, clock = Waiting(*[replace(f, received_at=NOW - 9 * WEEK) for f in numbered(b"a", b"b")]), ManualClock(NOW)
    forwarder = Forwarder(store, FolderTarget(tmp_path / "away"), ForwarderOptions(), clock)
    asked_s = []
    for second in range(0, 1000, 5):
        before = len(store.failed_ids)
        forwarder.turn(Nothing(), Pauses())
        asked_s += [second] * (len(store.failed_ids) - before)
        clock.advance(timedelta(seconds=5))
    assert asked_s == [0, 10, 30, 70, 150, 310, 610, 910]
    assert store.next_tries[:3] == [NOW + timedelta(seconds=s) for s in (10, 30, 70)]
    assert None not in store.next_tries
    (tmp_path / "away").mkdir()
    clock.advance(timedelta(minutes=5))
    forwarder.turn(Nothing(), Pauses())
    assert store.accepted_ids == [1, 2]

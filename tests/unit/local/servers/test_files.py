from __future__ import annotations

import multiprocessing
import stat
from pathlib import Path

import pytest

from local.servers.files import complete_once, is_complete, read_json, write_private
from local.servers.passwords import Passwords
from quantrac.errors import ServerError


def download(work: Path) -> None:
    """Fetch two files, as a build would: the first is kept over an interruption, the second breaks the first try."""
    with (work / "archive").open("a") as archive:
        archive.write("x")
    if not (work / "tried").exists():
        (work / "tried").touch()
        raise KeyboardInterrupt
    (work / "root").mkdir()
    (work / "root" / "program").write_text((work / "archive").read_text())


def test_an_interrupted_fetch_goes_on_with_what_it_has(tmp_path: Path) -> None:
    folder = tmp_path / "programs"
    with pytest.raises(KeyboardInterrupt):
        complete_once(folder, "v1", download)
    assert not folder.exists()
    assert (tmp_path / "programs.partial" / "archive").read_text() == "x"
    assert complete_once(folder, "v1", download) == folder
    assert (folder / "program").read_text() == "xx"
    assert not (tmp_path / "programs.partial").exists()


def test_half_unpacked_files_are_not_taken_for_whole(tmp_path: Path) -> None:
    left = tmp_path / "programs.partial" / "root"
    left.mkdir(parents=True)
    (left / "half").touch()
    folder = tmp_path / "programs"
    folder.mkdir()
    (folder / "unstamped").touch()

    def build(work: Path) -> None:
        (work / "root").mkdir()

    complete_once(folder, "v1", build)
    assert [path.name for path in folder.iterdir()] == [".complete"]


def test_a_finished_fetch_is_not_repeated_unless_it_is_another_one(tmp_path: Path) -> None:
    built: list[str] = []

    def build(work: Path) -> None:
        built.append("again")
        (work / "root").mkdir()

    folder = tmp_path / "programs"
    complete_once(folder, "v1", build)
    complete_once(folder, "v1", build)
    assert is_complete(folder, "v1")
    assert not is_complete(folder, "v2")
    complete_once(folder, "v2", build)
    assert len(built) == 2


def _count(folder: Path, log: Path) -> None:
    def build(work: Path) -> None:
        with log.open("a") as file:
            file.write("built\n")
        (work / "root").mkdir()

    complete_once(folder, "v1", build)


def test_two_processes_fetch_once(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_count, args=(tmp_path / "programs", tmp_path / "log")) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0, 0]
    assert (tmp_path / "log").read_text() == "built\n"


def test_private_files(tmp_path: Path) -> None:
    path = tmp_path / "new" / "secrets.json"
    write_private(path, "{}")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in path.parent.iterdir()] == ["secrets.json"]


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "ports.json"
    path.write_text("{")
    with pytest.raises(ServerError, match=r"ports\.json is not valid JSON"):
        read_json(path)


def test_passwords_are_kept_and_differ(tmp_path: Path) -> None:
    first = Passwords(tmp_path).ensure("mqtt", ["A", "B", "A"])
    again = Passwords(tmp_path).ensure("mqtt", ["B", "C"])
    assert first["B"] == again["B"]
    assert len({*first.values(), *again.values()}) == 3
    assert min(map(len, first.values())) >= 32
    assert stat.S_IMODE(Passwords(tmp_path).path.stat().st_mode) == 0o600
    assert set(Passwords(tmp_path).users("mqtt")) == {"A", "B", "C"}
    assert Passwords(tmp_path).users("kafka") == {}

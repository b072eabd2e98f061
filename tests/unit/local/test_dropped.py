"""What lies in the drop folder is counted beside its reader: once per content, also after it was overwritten."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from ingest.dropfolder.known import KnownFile, KnownFiles
from ingest.dropfolder.walker import fingerprint_of
from local.dropped import Dropped, FileCounts

NOW_S = 1_795_000_000
TWO = b"COD\t58.0\tmg/L\t20261123100500\t00\r\npH\t7.2\t\t20261123100500\t00"
THREE = TWO + b"\r\nTSS\t31\tmg/L\t20261123100500\t00\r\n\r\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "stations" / "S1" / "2026").mkdir(parents=True)
    return tmp_path / "stations"


@pytest.fixture
def dropped(root: Path, tmp_path: Path) -> Dropped:
    return Dropped(root, tmp_path / "state.sqlite")


def read(root: Path, name: str, station: str = "S1", *, refused: bool = False) -> None:
    """Remember a file as its reader does."""
    path = root / name
    content = None if refused else hashlib.sha256(path.read_bytes()).digest()
    file = KnownFile(os.fsencode(name), fingerprint_of(path.lstat()), content, station, NOW_S)
    with KnownFiles(root.parent / "state.sqlite") as known:
        known.remember([file])


def test_lines_count_once_a_file_was_read(root: Path, dropped: Dropped) -> None:
    dropped.begin(["S1"])
    (root / "S1" / "2026" / "S1_20261123100500.txt").write_bytes(TWO)
    (root / "S1" / ".S1_20261123101000.txt").write_bytes(TWO)  # an upload under way
    assert dropped.counts() == FileCounts(1, 0, 0)
    read(root, "S1/2026/S1_20261123100500.txt")
    assert dropped.counts() == FileCounts(1, 1, 2)


def test_a_file_that_was_read_and_then_written_anew_counts_twice_and_a_copy_once(root: Path, dropped: Dropped) -> None:
    dropped.begin(["S1"])
    path = root / "S1_20261123100500.txt"
    path.write_bytes(TWO)
    read(root, path.name)
    assert dropped.counts().lines == 2
    path.write_bytes(THREE)
    assert dropped.counts() == FileCounts(2, 1, 2)
    read(root, path.name)
    copy = root / "S1" / path.name
    copy.write_bytes(THREE)
    read(root, f"S1/{path.name}")
    assert dropped.counts() == FileCounts(2, 2, 5)


def test_a_half_written_file_counts_as_what_it_became(root: Path, dropped: Dropped) -> None:
    dropped.begin(["S1"])
    path = root / "S1_20261123100500.txt"
    path.write_bytes(TWO)
    assert dropped.counts() == FileCounts(1, 0, 0)
    path.write_bytes(THREE)
    read(root, path.name)
    assert dropped.counts() == FileCounts(1, 1, 3)


def test_files_of_others_count_as_files_alone(root: Path, dropped: Dropped) -> None:
    dropped.begin(["S1"])
    (root / "NEW_20261123100500.txt").write_bytes(THREE)
    read(root, "NEW_20261123100500.txt", "NEW")
    assert dropped.counts() == FileCounts(1, 1, 0)


def test_a_refused_file_is_one_dead_letter(root: Path, dropped: Dropped) -> None:
    dropped.begin(["S1"])
    (root / "notes.txt").write_bytes(THREE)
    (root / "link.txt").symlink_to(root / "notes.txt")
    for name in ("notes.txt", "link.txt"):
        read(root, name, "S1", refused=True)
    assert dropped.counts() == FileCounts(2, 2, 2)


def test_earlier_runs_do_not_count_and_our_loggers_old_files_go(root: Path, dropped: Dropped) -> None:
    for name in ("S1/S1_20261123100500.txt", "S2_20261123100500.txt"):
        (root / name).write_bytes(TWO)
        read(root, name, name[:2])
    (root / "S1" / "S1_20261123101000.txt").write_bytes(THREE)  # dropped while nothing ran: it is read now
    dropped.begin(["S1", "S2"], own=["S1"])
    assert not (root / "S1" / "S1_20261123100500.txt").exists()
    assert (root / "S2_20261123100500.txt").exists()
    assert dropped.counts() == FileCounts(1, 0, 0)


def test_a_file_that_is_too_large_is_not_read(root: Path, dropped: Dropped) -> None:
    dropped.begin(["S1"])
    with (root / "S1_20261123100500.txt").open("wb") as file:
        file.truncate(1 << 30)
    assert dropped.counts() == FileCounts()

"""Moving what was read: never over another file, never one that was written since, never half-way."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ingest.dropfolder.archive import Archive
from ingest.dropfolder.known import Fingerprint
from ingest.dropfolder.walker import fingerprint_of
from quantrac.errors import SettingsError

AT = datetime(2026, 11, 22, 17, 30, tzinfo=UTC)  # the 23rd in Vietnam


@pytest.fixture
def drop(tmp_path: Path) -> Path:
    (tmp_path / "drop" / "S").mkdir(parents=True)
    return tmp_path / "drop"


@pytest.fixture
def archive(drop: Path, tmp_path: Path) -> Archive:
    return Archive(tmp_path / "archive", drop)


def seen(path: Path, content: bytes = b"x") -> Fingerprint:
    path.write_bytes(content)
    return fingerprint_of(os.lstat(path))


def test_a_file_goes_to_the_day_of_the_move(archive: Archive, drop: Path, tmp_path: Path) -> None:
    assert archive.take(b"S/a.txt", seen(drop / "S" / "a.txt"), AT)
    assert (tmp_path / "archive/2026/11/23/S/a.txt").read_bytes() == b"x"
    assert not (drop / "S" / "a.txt").exists()


def test_nothing_in_the_archive_is_replaced(archive: Archive, drop: Path, tmp_path: Path) -> None:
    for content in (b"1", b"2", b"3"):
        assert archive.take(b"S/a.txt", seen(drop / "S" / "a.txt", content), AT)
    found = {p.name: p.read_bytes() for p in (tmp_path / "archive").rglob("a.txt*")}
    assert found == {"a.txt": b"1", "a.txt.2": b"2", "a.txt.3": b"3"}


def test_a_file_that_was_written_since_stays(archive: Archive, drop: Path) -> None:
    before = seen(drop / "S" / "a.txt")
    seen(drop / "S" / "a.txt", b"longer")
    assert not archive.take(b"S/a.txt", before, AT)
    assert (drop / "S" / "a.txt").read_bytes() == b"longer"


def test_a_file_that_is_replaced_while_it_is_moved_is_not_taken_for_it(
    archive: Archive, drop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = drop / "S" / "a.txt"
    before = seen(path, b"1")
    rename = os.rename

    def replaced_first(source: bytes, target: bytes) -> None:
        if os.fsdecode(source) == str(path):
            other = path.with_name("b")  # the same size and time, as a program that keeps times writes it
            other.write_bytes(b"2")
            os.utime(other, ns=(before.mtime_ns, before.mtime_ns))
            rename(other, path)
        rename(source, target)

    monkeypatch.setattr(os, "rename", replaced_first)
    assert not archive.take(b"S/a.txt", before, AT)
    assert path.read_bytes() == b"2"


def test_a_file_that_became_a_link_or_went_away_stays(archive: Archive, drop: Path, tmp_path: Path) -> None:
    before = seen(drop / "S" / "a.txt")
    (drop / "S" / "a.txt").rename(tmp_path / "b.txt")
    assert not archive.take(b"S/a.txt", before, AT)
    (drop / "S" / "a.txt").symlink_to(tmp_path / "b.txt")
    assert not archive.take(b"S/a.txt", before, AT)
    assert (tmp_path / "b.txt").exists()


def test_folders_that_cannot_be_an_archive(drop: Path, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="inside the drop folder"):
        Archive(drop / "archive", drop)
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(SettingsError, match="cannot be made"):
        Archive(tmp_path / "file" / "archive", drop)
    shared = Path("/dev/shm")
    if shared.is_dir() and shared.stat().st_dev != drop.stat().st_dev:
        with pytest.raises(SettingsError, match="another file system"):
            Archive(shared / "quantrac-archive-test", drop)
        (shared / "quantrac-archive-test").rmdir()

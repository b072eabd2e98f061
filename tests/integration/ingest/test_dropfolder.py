"""The drop folder on a real file system and a real Kafka: each file arrives whole, once, whatever is killed."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ingest.dropfolder.refused_file import rejected
from local.servers.kafka import Kafka
from quantrac import topics
from quantrac.domain.deadletters import RejectReason
from tests.integration.ingest.dropfolders import REGISTRY, STATION, lines, stamp_of, wait_for, write


def test_a_file_arrives_with_its_bytes_and_what_is_known_of_it(dropfolder: Any, folder: Path, raw: Any) -> None:
    dropfolder().start()
    before = datetime.now(UTC)
    name = f"DT_KCNA_NUOSXL/2026/11/23/DT_KCNA_NUOSXL_{stamp_of(0)}.txt"
    path = write(folder, name, lines())
    (record,) = wait_for(raw, 1, settle_s=3)
    assert record.value == lines()
    assert record.key == b"DT_KCNA_NUOSXL"
    headers = {key: value.decode() for key, value in record.headers.items()}
    assert before <= datetime.fromisoformat(headers.pop("received-at")) <= datetime.now(UTC)
    assert headers.pop("receipt").startswith("dropfolder-1:")
    assert headers == {
        "content-type": topics.CONTENT_TT10,
        "mqtt-topic": "quantrac/v1/DT_KCNA_NUOSXL/files",
        "bridge-id": "dropfolder-1",
        "file-name": name,
        "file-size": str(len(lines())),
        "file-sha256": hashlib.sha256(lines()).hexdigest(),
        "file-offset": "0",
    }
    assert path.read_bytes() == lines()


def test_names_and_folders_of_other_loggers(dropfolder: Any, folder: Path, raw: Any) -> None:
    expected = {
        f"TRAM-BD-001_{stamp_of(0)}.txt": "TRAM-BD-001",
        f"2017/Thang11/20261123/KCNCu{stamp_of(1)}.txt": "TRAM-BD-001",
        f"KCNA_NUOSXL_{stamp_of(2)}.txt": "DT_KCNA_NUOSXL",
        f"TG_KCNA_NUOSXL_{stamp_of(3)}.TXT": "DT_KCNA_NUOSXL",
        f"XX_TRAM-BD-001/2026/{stamp_of(4)}.txt": "XX_TRAM-BD-001",
        f"TRAM-BD-001/2026/11/{stamp_of(5)}.txt": "TRAM-BD-001",
        f"DT_NOBODY_NUOSXL_{stamp_of(6)}.txt": "DT_NOBODY_NUOSXL",
    }
    for minute, name in enumerate(expected):
        write(folder, name, lines(minute))
    dropfolder().start()
    found = {r.headers["file-name"].decode(): r.key.decode() for r in wait_for(raw, len(expected))}
    assert found == expected


def test_half_files_are_waited_for_and_a_rewritten_one_comes_again(dropfolder: Any, folder: Path, raw: Any) -> None:
    #  bytes    half ......... whole            other content
    #  sent                    |lines()|        |lines(cod=60)|
    dropfolder().start()
    path = folder / f"TRAM-BD-001_{stamp_of(0)}.txt"
    with path.open("wb") as file:
        file.write(lines()[:30])
        file.flush()
        time.sleep(2.5)  # five times the settling time, but the line is plainly cut
        assert raw.records() == []
        file.write(lines()[30:])
    (first,) = wait_for(raw, 1, settle_s=2)
    assert first.value == lines()
    path.write_bytes(lines(cod=60.0))
    assert [r.value for r in wait_for(raw, 2, settle_s=2)] == [lines(), lines(cod=60.0)]
    path.write_bytes(lines())  # and back: a version as well
    assert len(wait_for(raw, 3, settle_s=2)) == 3


def test_a_name_that_ends_the_watch_delays_no_other_station(dropfolder: Any, folder: Path, raw: Any) -> None:
    process = dropfolder(rescan_s=600.0).start()
    write(folder, f"TRAM-BD-001/TRAM-BD-001_{stamp_of(0)}.txt", lines(0))
    wait_for(raw, 1)
    for minute in (1, 2):
        bad = os.fsencode(folder) + b"/TRAM-BD-001/tr\xe1m%d_20261123100500.txt" % minute
        Path(os.fsdecode(bad)).write_bytes(lines())
        write(folder, f"DT_KCNA_NUOSXL/DT_KCNA_NUOSXL_{stamp_of(minute)}.txt", lines(minute))
        wait_for(raw, 1 + 2 * minute, timeout_s=12)
        assert process.log().count("Unable to decode") == minute


def test_renames_and_uploads_of_the_same_are_not_read_twice(dropfolder: Any, folder: Path, raw: Any) -> None:
    process = dropfolder().start()
    path = write(folder, f"TRAM-BD-001_{stamp_of(0)}.txt", lines())
    wait_for(raw, 1)
    done = folder / "processed" / path.name
    done.parent.mkdir()
    path.rename(done)
    write(folder, path.name, lines())
    os.utime(done, (0, 0))
    wait_for(raw, 1, settle_s=4)
    process.kill()
    process.start()
    wait_for(raw, 1, settle_s=4)


def test_a_backfill_of_two_months_survives_kills(dropfolder: Any, folder: Path, raw: Any) -> None:
    count = 17_280
    for minute in range(count):
        day = folder / "DT_KCNA_NUOSXL" / f"{minute // 288:02}"
        if minute % 288 == 0:
            day.mkdir(parents=True)
        (day / f"DT_KCNA_NUOSXL_{stamp_of(5 * minute)}.txt").write_bytes(lines(5 * minute))
    process = dropfolder(settle_s=0.2)
    for _ in range(3):
        process.start()
        time.sleep(1.5)
        process.kill()
    process.start()
    deadline = time.monotonic() + 100
    while len(found := {r.headers["file-name"]: r.value for r in raw.records()}) < count:
        assert time.monotonic() < deadline, len(found)
        time.sleep(1)
    assert set(found.values()) == {lines(5 * minute) for minute in range(count)}


def test_what_is_no_stations_file_is_refused_with_a_reason(dropfolder: Any, folder: Path, raw: Any) -> None:
    outside = write(folder.parent, "secret.txt", b"secret")
    good = f"TRAM-BD-001_{stamp_of(0)}.txt"
    write(folder, good, lines())
    (folder / f"TRAM-BD-001_{stamp_of(1)}.txt").symlink_to(outside)
    (folder / "link").symlink_to("/etc")
    os.mkfifo(folder / f"TRAM-BD-001_{stamp_of(2)}.txt")
    with (folder / f"TRAM-BD-001_{stamp_of(3)}.txt").open("wb") as big:
        big.truncate(5 * 1024**3)
    write(folder, "README.txt", b"read me")
    write(folder, "a\x07\n_20261123100500.txt", lines())
    (Path(os.fsdecode(os.fsencode(folder) + b"/\xff_20261123100500.txt"))).write_bytes(lines())
    write(folder, "TRAM-BD-001/DT_KCNA_NUOSXL_20261123100500.txt", lines())
    write(folder, "..._20261123100500.txt", lines())  # hidden: an upload under way
    write(folder, "x..y/tr ạm_20261123100500.txt", lines())
    write(folder, "notes.docx", b"not ours")
    dropfolder(max_file_bytes=1_000_000).start()
    records = wait_for(raw, 10, settle_s=4)
    (sent,) = (r for r in records if r.headers["content-type"].decode() == topics.CONTENT_TT10)
    assert sent.headers["file-name"].decode() == good
    refused = {r.headers["file-name"].decode(): rejected(r.value) for r in records if r is not sent}
    assert {name: told.reason for name, told in refused.items()} == {
        f"TRAM-BD-001_{stamp_of(1)}.txt": RejectReason.NOT_A_REGULAR_FILE,
        f"TRAM-BD-001_{stamp_of(2)}.txt": RejectReason.NOT_A_REGULAR_FILE,
        "link": RejectReason.NOT_A_REGULAR_FILE,
        f"TRAM-BD-001_{stamp_of(3)}.txt": RejectReason.TOO_LARGE,
        "README.txt": RejectReason.BAD_FILE_NAME,
        "a\\x07\\n_20261123100500.txt": RejectReason.BAD_FILE_NAME,
        "\\xff_20261123100500.txt": RejectReason.BAD_FILE_NAME,
        "TRAM-BD-001/DT_KCNA_NUOSXL_20261123100500.txt": RejectReason.WRONG_STATION,
        "x..y/tr ạm_20261123100500.txt": RejectReason.UNKNOWN_STATION,
    }
    assert all(told.detail.isprintable() and len(told.detail) > 40 for told in refused.values())


def test_a_folder_of_a_station_that_was_imported_a_second_ago(dropfolder: Any, folder: Path, raw: Any) -> None:
    process = dropfolder().start()
    time.sleep(1.2)
    process.registry.write_text(REGISTRY + STATION.format(code="TRAM-BD-002", old="TramBenDo"), "utf-8")
    write(folder, "TramBenDo/nuoc_20261123100000.txt", lines())
    (record,) = wait_for(raw, 1)
    assert record.headers["content-type"].decode() == topics.CONTENT_TT10
    assert record.key == b"TRAM-BD-002"


def test_both_modes_beside_a_second_reader(dropfolder: Any, folder: Path, raw: Any, tmp_path: Path) -> None:
    """Another program polls the folder: in look-only mode it finds every file untouched."""
    dropfolder("looker", name="looker").start()
    paths = [write(folder, f"TRAM-BD-001/2026/TRAM-BD-001_{stamp_of(m)}.txt", lines(m)) for m in range(20)]
    before = {p: (p.stat().st_mtime_ns, p.stat().st_ctime_ns, p.stat().st_ino) for p in paths}
    wait_for(raw, 20, settle_s=3)
    polled = {p.name: p.read_bytes() for p in folder.rglob("*.txt")}
    assert polled == {p.name: lines(m) for m, p in enumerate(paths)}
    assert {p: (p.stat().st_mtime_ns, p.stat().st_ctime_ns, p.stat().st_ino) for p in paths} == before

    archive = tmp_path / "archive"
    dropfolder("mover", name="mover", archive=archive, archive_after_s=2.0).start()
    wait_for(raw, 40, settle_s=0)
    deadline = time.monotonic() + 30
    while any(folder.rglob("*.txt")):
        assert time.monotonic() < deadline
        time.sleep(0.3)
    moved = sorted(archive.rglob("*.txt"))
    assert {p.name: p.read_bytes() for p in moved} == polled
    assert {len(p.relative_to(archive).parts) for p in moved} == {6}  # year, month, day, and the path below
    write(folder, f"TRAM-BD-001/2026/TRAM-BD-001_{stamp_of(0)}.txt", lines(0))  # uploaded again
    while any(folder.rglob("*.txt")):
        assert time.monotonic() < deadline + 30
        time.sleep(0.3)
    assert len(sorted(archive.rglob("*.txt*"))) == 21
    assert len(raw.records()) == 40


def test_files_that_a_second_reader_removes_while_they_wait_are_read_all_the_same(
    dropfolder: Any, folder: Path, raw: Any
) -> None:
    process = dropfolder(settle_s=10.0).start()
    first, _, _ = lines().partition(b"\r\n")
    paths = [write(folder, f"TRAM-BD-001/TRAM-BD-001_{stamp_of(m)}.txt", lines(m)[: len(first) + 2]) for m in range(5)]
    paths.append(write(folder, f"TRAM-BD-002/TRAM-BD-002_{stamp_of(0)}.txt", lines()))  # nobody has registered it
    cut = write(folder, f"TRAM-BD-001/TRAM-BD-001_{stamp_of(9)}.txt", first[:-4])
    time.sleep(3)
    assert raw.records() == []
    for path in (*paths, cut):
        path.unlink()
    found = wait_for(raw, 6, settle_s=2)
    assert {r.value for r in found} == {lines(m)[: len(first) + 2] for m in range(5)} | {lines()}
    assert process.log().count("file_gone_unread") == 1
    write(folder, str(paths[0].relative_to(folder)), lines()[: len(first) + 2])  # it comes again: nothing new
    time.sleep(12)
    assert len(raw.records()) == 6


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 1 MiB for 60 files and folders."""
    made = tmp_path / "disk"
    made.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m,nr_inodes=60", "none", str(made)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("a disk of its own needs the right to mount one")
    yield made
    subprocess.run(["umount", "--lazy", str(made)], check=True)


def fill(disk: Path, size: int) -> list[Path]:
    """Write files until there is no room."""
    ballast: list[Path] = []
    while True:
        ballast.append(disk / f"ballast-{len(ballast)}")
        try:
            ballast[-1].write_bytes(b"x" * size)
        except OSError as exc:
            if exc.errno != errno.ENOSPC:
                raise
            return [path for path in ballast if path.exists()]


def test_an_archive_whose_disk_is_full_loses_nothing_and_is_told_once(dropfolder: Any, disk: Path, raw: Any) -> None:
    drop, archive = disk / "stations", disk / "archive"
    process = dropfolder(folder=drop, archive=archive, archive_after_s=1.0)
    for time_, station in enumerate(("TRAM-BD-001", "DT_KCNA_NUOSXL")):
        paths = [write(drop, f"{station}/{station}_{stamp_of(m)}.txt", lines(m)) for m in range(3)]
        ballast = fill(disk, 0)
        if time_ == 0:
            process.start()  # it cannot even make the archive
        wait_for(raw, 3 * time_ + 3, settle_s=9)  # four walks
        assert {p.read_bytes() for p in paths} == {lines(m) for m in range(3)}
        assert process.log().count('"side": "archive"') == time_ + 1, process.log()
        for path in ballast:
            path.unlink()
        deadline = time.monotonic() + 30
        while any(drop.rglob("*.txt")):
            assert time.monotonic() < deadline, process.log()
            time.sleep(0.2)
        assert {p.read_bytes() for p in archive.rglob(f"{station}*.txt")} == {lines(m) for m in range(3)}
        assert len(raw.records()) == 3 * time_ + 3


def test_a_memory_whose_disk_is_full_loses_nothing_and_reads_nothing_twice(
    dropfolder: Any, folder: Path, disk: Path, raw: Any
) -> None:
    process = dropfolder(state=disk / "state").start()
    write(folder, f"TRAM-BD-001_{stamp_of(0)}.txt", lines(0))
    wait_for(raw, 1)
    ballast = fill(disk, 65_536)
    for minute in range(1, 400):
        write(folder, f"TRAM-BD-001_{stamp_of(minute)}.txt", lines(minute))
    time.sleep(9)
    assert process.log().count('"side": "state"') == 1, process.log()
    for path in ballast:
        path.unlink()
    found = wait_for(raw, 400, settle_s=5)
    assert {r.value for r in found} == {lines(m) for m in range(400)}
    process.kill()
    process.start()
    time.sleep(6)
    assert len(raw.records()) == 400


def test_a_folder_that_goes_away_and_comes_back(dropfolder: Any, folder: Path, raw: Any) -> None:
    dropfolder().start()
    write(folder, f"TRAM-BD-001_{stamp_of(0)}.txt", lines(0))
    wait_for(raw, 1)
    away = folder.with_name("away")
    folder.rename(away)
    time.sleep(5)
    write(away, f"TRAM-BD-001_{stamp_of(1)}.txt", lines(1))
    shutil.copytree(away, folder)
    assert {r.value for r in wait_for(raw, 2, settle_s=3)} == {lines(0), lines(1)}
    write(folder, f"TRAM-BD-001_{stamp_of(2)}.txt", lines(2))
    wait_for(raw, 3)


def test_kafka_away(dropfolder: Any, folder: Path, raw: Any, kafka_server: Kafka) -> None:
    process = dropfolder().start()
    kafka_server.kill()
    count = 2500  # more than are sent before the first has arrived
    for minute in range(count):
        write(folder, f"TRAM-BD-001_{stamp_of(minute)}.txt", lines(minute))
    time.sleep(5)
    before_s = process.cpu_s()
    time.sleep(2)
    assert process.cpu_s() - before_s < 0.5  # it waits, and does not ask again and again
    process.kill()  # nothing may be known that Kafka has not
    kafka_server.start()
    process.start()
    deadline = time.monotonic() + 60
    while len(found := {r.value for r in raw.records()}) < count:
        assert time.monotonic() < deadline, len(found)
        time.sleep(0.5)


def test_a_large_file_comes_in_pieces_that_make_it_whole(dropfolder: Any, folder: Path, raw: Any) -> None:
    content = b"".join(lines(minute) for minute in range(5000))
    write(folder, f"TRAM-BD-001_{stamp_of(0)}.txt", content)
    dropfolder().start()
    deadline = time.monotonic() + 30
    while sum(len(r.value) for r in raw.records()) < len(content):
        assert time.monotonic() < deadline
        time.sleep(0.3)
    pieces = sorted(raw.records(), key=lambda r: int(r.headers["file-offset"]))
    assert b"".join(p.value for p in pieces) == content
    assert all(p.value.endswith(b"\n") for p in pieces)
    assert len(pieces) > 2


def test_a_second_process_is_refused(dropfolder: Any) -> None:
    dropfolder().start()
    other = dropfolder()
    with pytest.raises(AssertionError, match="Another process reads this drop folder"):
        other.start()

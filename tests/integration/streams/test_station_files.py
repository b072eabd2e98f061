"""Station files through the worker: each instant judged by itself, statuses kept, refusals told with their reason."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import psycopg

from ingest.dropfolder.refused_file import note
from ingest.forwarder.stationfile import file_of
from quantrac import topics
from quantrac.clock import ManualClock
from quantrac.domain.deadletters import RejectReason
from quantrac.domain.stations import VIETNAM
from quantrac.endpoints import DatabaseEndpoint
from sql.export import readings_by_instant
from streams.processor import BatchProcessor
from streams.records import RawRecord

STATION = "DT_TEST_NUOSXL"


def stamp(at: datetime) -> str:
    return at.astimezone(VIETNAM).strftime("%Y%m%d%H%M%S")


def file_record(
    content: bytes, offset: int, clock: ManualClock, station: str = STATION, kind: str = topics.CONTENT_TT10
) -> RawRecord:
    return RawRecord(0, offset, content, kind, topics.file_topic(station), clock.now())


def rows(database: DatabaseEndpoint, sql: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(database.owner) as connection:
        return connection.execute(sql.encode()).fetchall()


def test_several_instants_are_stored_each_in_its_lane(
    make_processor: Callable[..., BatchProcessor], prepared: DatabaseEndpoint, clock: ManualClock
) -> None:
    #  now 10:00    09:55  live    08:00  retrospective (31 minutes and more)
    live, old = clock.now() - timedelta(minutes=5), clock.now() - timedelta(hours=2)
    text = (
        f"COD\t58.0\tmg/L\t{stamp(live)}\t00\nCOD\t57.0\tmg/L\t{stamp(old)}\t00\n"
        f"pH\t\t\t{stamp(live)}\t02\nTSS\t31\tmg/l\t{stamp(live)}\t03\nDoor\t1\t\t{stamp(live)}\t00\nDoor\t0\t\t{stamp(old)}\t00"
    )
    make_processor().process([file_record(text.encode(), 0, clock)])
    stored = rows(prepared, "SELECT parameter, observed_at, value, status, flag, late FROM readings ORDER BY 2, 1")
    assert [(p, at, v, s, late) for p, at, v, s, _, late in stored] == [
        ("COD", old, 57.0, "00", True),
        ("COD", live, 58.0, "00", False),
        ("TSS", live, 31.0, "03", False),
        ("pH", live, None, "02", False),
    ]
    assert {p: flag for p, at, _, _, flag, _ in stored if at == live} == {"COD": 2, "TSS": 3, "pH": 9}
    assert rows(prepared, "SELECT reason, parameter FROM dead_letters") == [("unknown_parameter", "Door")]
    assert rows(prepared, "SELECT received, stored, dead_letter FROM ledger") == [(6, 4, 2)]


def test_a_file_read_again_is_a_duplicate_and_a_changed_one_a_revision(
    make_processor: Callable[..., BatchProcessor], prepared: DatabaseEndpoint, clock: ManualClock
) -> None:
    at = clock.now() - timedelta(minutes=5)
    first, second = (f"COD\t{v}\tmg/L\t{stamp(at)}\t00\r\n".encode() for v in (58.0, 60.0))
    make_processor().process([file_record(c, k, clock) for k, c in enumerate((first, first, second))])
    assert rows(prepared, "SELECT value FROM readings") == [(60.0,)]
    assert rows(prepared, "SELECT stored, duplicate, revision FROM ledger") == [(1, 1, 1)]


def test_refused_files_are_dead_letters_also_without_a_station(
    make_processor: Callable[..., BatchProcessor], prepared: DatabaseEndpoint, clock: ManualClock
) -> None:
    told = note("x/link.txt", RejectReason.NOT_A_REGULAR_FILE, "This is a link; upload a regular file.")
    kind = topics.CONTENT_REFUSED_FILE
    records = [file_record(told, 0, clock, "", kind), file_record(told, 1, clock, STATION, kind)]
    records.append(file_record(b"COD\t1\tmg/L\t20261123095500\t00", 2, clock, "DT_NOBODY"))
    make_processor().process(records)
    found = rows(prepared, "SELECT station, reason, detail FROM dead_letters ORDER BY raw_offset")
    assert [(s, r) for s, r, _ in found] == [
        ("", "not_a_regular_file"),
        (STATION, "not_a_regular_file"),
        ("DT_NOBODY", "unknown_station"),
    ]
    assert found[0][2] == "x/link.txt: This is a link; upload a regular file."


def test_what_is_exported_is_the_file_that_came(
    make_processor: Callable[..., BatchProcessor], prepared: DatabaseEndpoint, clock: ManualClock
) -> None:
    instants = [clock.now() - timedelta(minutes=10), clock.now() - timedelta(minutes=5)]
    files = [
        f"COD\t58.5\tmg/L\t{stamp(at)}\t00\r\nTSS\t\tmg/L\t{stamp(at)}\t02\r\npH\t7.21\t\t{stamp(at)}\t01\r\n".encode()
        for at in instants
    ]
    make_processor().process([file_record(content, n, clock) for n, content in enumerate(files)])
    units = {"COD": "mg/L", "TSS": "mg/L", "pH": ""}
    exported = readings_by_instant(prepared.reader, STATION, clock.now() - timedelta(hours=1), clock.now())
    assert [file_of(readings, units) for _, readings in exported] == [
        (f"{STATION}_{stamp(at)}.txt", content) for at, content in zip(instants, files, strict=True)
    ]

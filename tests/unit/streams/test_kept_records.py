"""What is kept of deferred records gives what Kafka would, or nothing."""

from __future__ import annotations

from datetime import UTC, datetime

from sql.deferred_store import Deferred
from streams.kept_records import KeptRecords
from streams.records import RawRecord
from streams.slices import SLICE_BYTES

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)


def records(*offsets: int, station: str = "A", partition: int = 0, size: int = 10) -> list[RawRecord]:
    return [RawRecord(partition, o, b"x" * size, "", f"quantrac/v1/{station}/readings", NOW) for o in offsets]


def offsets(taken: tuple[list[RawRecord], int] | None) -> tuple[list[int], int] | None:
    return None if taken is None else ([record.offset for record in taken[0]], taken[1])


def test_slices_go_through_a_stretch_and_on_to_the_next() -> None:
    # offsets  0 2 4 6   |   9 11       of A; the others are of B
    kept = KeptRecords()
    kept.keep([*records(0, 2, 4, 6), *records(1, 3, station="B")])
    kept.keep(records(9, 11))
    first, second = Deferred(0, 0, 7, "A", 4, 40), Deferred(0, 9, 12, "A", 2, 20)
    assert offsets(kept.take([first, second], 3)) == ([0, 2, 4], 5)
    assert offsets(kept.take([first._replace(first=5, messages=1), second], 2)) == ([6, 9], 10)
    assert offsets(kept.take([second._replace(first=10, messages=1)], 9)) == ([11], 12)
    assert kept.take([second], 9) is None
    assert offsets(kept.take([Deferred(0, 1, 4, "B", 2, 20)], 9)) == ([1, 3], 4)


def test_what_is_not_here_as_a_whole_is_asked_of_kafka() -> None:
    kept = KeptRecords()
    kept.keep(records(3, 4, 5))
    assert kept.take([Deferred(0, 0, 6, "A", 6, 60)], 9) is None
    assert kept.take([Deferred(1, 3, 6, "A", 3, 30)], 9) is None
    assert kept.take([Deferred(0, 3, 5, "A", 3, 30)], 9) is None
    here, elsewhere = Deferred(0, 3, 6, "A", 3, 30), Deferred(0, 8, 9, "A", 1, 10)
    assert offsets(kept.take([here, elsewhere], 9)) == ([3, 4, 5], 6)


def test_a_station_in_two_partitions_waits_in_two_places() -> None:
    kept = KeptRecords()
    kept.keep([*records(7, 8), *records(3, 4, partition=1)])
    assert offsets(kept.take([Deferred(1, 3, 5, "A", 2, 20)], 9)) == ([3, 4], 5)
    assert offsets(kept.take([Deferred(0, 7, 9, "A", 2, 20)], 9)) == ([7, 8], 9)


def test_what_was_read_by_another_way_is_passed_over() -> None:
    kept = KeptRecords()
    kept.keep(records(0, 1))
    kept.keep(records(7))
    assert offsets(kept.take([Deferred(0, 7, 8, "A", 1, 10)], 9)) == ([7], 8)
    assert kept.take([Deferred(0, 0, 2, "A", 2, 20)], 9) is None


def test_a_slice_ends_with_the_record_that_fills_it() -> None:
    kept = KeptRecords()
    kept.keep(records(0, 1, 2, size=SLICE_BYTES // 2))
    assert offsets(kept.take([Deferred(0, 0, 3, "A", 3, 3)], 9)) == ([0, 1], 2)


def test_what_does_not_fit_is_left_to_kafka_and_room_is_made_by_reading() -> None:
    kept = KeptRecords(3_500)
    kept.keep(records(0, 1))
    kept.keep(records(2, 3))
    assert kept.take([Deferred(0, 2, 4, "A", 2, 20)], 9) is None, "the first to come is the first to be read"
    kept.keep(records(4))
    assert offsets(kept.take([Deferred(0, 4, 5, "A", 1, 10)], 9)) == ([4], 5)
    kept.keep(records(5, 6, 7))
    assert offsets(kept.take([Deferred(0, 5, 8, "A", 3, 30)], 9)) == ([5, 6, 7], 8)
    kept.keep(records(8, 9, 10))
    kept.clear()
    kept.keep(records(11, 12, 13))
    assert offsets(kept.take([Deferred(0, 11, 14, "A", 3, 30)], 9)) == ([11, 12, 13], 14)

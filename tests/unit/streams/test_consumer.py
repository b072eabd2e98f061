"""Runs of records, each one message for Faust."""

from __future__ import annotations

from faust.types import TP
from faust.types.tuples import ConsumerMessage

from streams.consumer import Run


def message(offset: int, value: bytes | None = b"{}") -> ConsumerMessage:
    return ConsumerMessage("raw", 3, offset, 1.0, 0, None, b"DT_A", value, None, tp=TP("raw", 3), generation_id=7)


def test_a_run_stands_at_the_place_of_its_last_record() -> None:
    run = Run()
    for offset in (5, 6, 7):
        run.add(message(offset))
    one = run.as_one()
    assert (one.tp, one.offset, one.generation_id) == (TP("raw", 3), 7, 7)
    assert one.value is run  # type: ignore[comparison-overlap]
    assert [each.offset for each in run.messages] == [5, 6, 7]


def test_a_run_is_full_by_number_or_by_size() -> None:
    many, large = Run(), Run()
    for offset in range(64):
        assert not many.full
        many.add(message(offset, None))
    large.add(message(0, bytes(300_000)))
    assert not large.full
    large.add(message(1, bytes(300_000)))
    assert many.full
    assert large.full

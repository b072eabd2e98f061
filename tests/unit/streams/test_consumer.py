"""Runs of records, each one message for Faust."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from types import SimpleNamespace
from typing import Any

import pytest
from faust.transport.drivers import aiokafka as driver
from faust.types import TP
from faust.types.tuples import ConsumerMessage

from quantrac.domain.progress import LogRange
from streams.consumer import DatabaseConsumer, Run


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


class Consumer(DatabaseConsumer):
    """One whose broker and database answer from memory."""

    def __init__(self) -> None:
        self.app: Any = SimpleNamespace(positions=self)
        self.assigned = {TP("raw", 3)}
        self.asked: list[set[int]] = []
        self.sought: list[Mapping[TP, int]] = []

    def assignment(self) -> set[TP]:
        return self.assigned

    async def earliest_offsets(self, *partitions: TP) -> Mapping[TP, int]:
        return dict.fromkeys(partitions, 0)

    async def highwaters(self, *partitions: TP) -> Mapping[TP, int]:
        return dict.fromkeys(partitions, 9)

    async def seek_wait(self, partitions: Mapping[TP, int]) -> None:
        self.sought.append(partitions)

    async def of(
        self, partitions: Collection[int], logs: Callable[[], Awaitable[Mapping[int, LogRange]]]
    ) -> dict[int, int]:
        """Say where reading goes on."""
        self.asked.append(set(partitions))
        assert await logs() == dict.fromkeys(partitions, LogRange(0, 9))
        return dict.fromkeys(partitions, 5)


def test_a_seek_takes_over_where_reading_goes_on_and_asks_nobody_for_it_again() -> None:
    """Faust gives a seek 90 s: who waits for the database in it is passed over, and nothing is read any more."""
    consumer = Consumer()
    asyncio.run(consumer.locate())
    assert (consumer.asked, consumer.sought) == ([{3}], [])
    assert asyncio.run(consumer.seek_to_committed()) == {TP("raw", 3): 5}
    assert (consumer.asked, consumer.sought) == ([{3}], [{TP("raw", 3): 5}])
    asyncio.run(consumer.seek_to_committed())
    assert consumer.asked == [{3}, {3}], "what was said is taken over once"


def test_a_seek_asks_itself_when_other_partitions_were_assigned_meanwhile() -> None:
    consumer = Consumer()
    asyncio.run(consumer.locate())
    consumer.assigned = {TP("raw", 3), TP("raw", 4)}
    assert asyncio.run(consumer.seek_to_committed()) == {TP("raw", 3): 5, TP("raw", 4): 5}
    assert consumer.asked == [{3}, {3, 4}]
    consumer.assigned = set()
    assert asyncio.run(consumer.seek_to_committed()) == {}


@pytest.mark.parametrize(("offsets", "pauses"), [((5, 6), 1), ((), 0)])
def test_what_comes_next_is_gathered_when_something_came(
    monkeypatch: pytest.MonkeyPatch, offsets: tuple[int, ...], pauses: int
) -> None:
    async def fetched(_: object, __: float) -> AsyncIterator[tuple[TP, ConsumerMessage]]:
        for offset in offsets:
            yield TP("raw", 3), message(offset)

    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    async def read() -> list[list[int]]:
        return [[m.offset for m in run.value.messages] async for _, run in consumer.getmany(1.0)]

    monkeypatch.setattr(driver.Consumer, "getmany", fetched)
    consumer = Consumer()
    consumer.flow_active, consumer._read_offset = True, defaultdict(lambda: None)
    monkeypatch.setattr(asyncio, "sleep", sleep)
    assert asyncio.run(read()) == ([list(offsets)] if offsets else [])
    assert len(slept) == pauses

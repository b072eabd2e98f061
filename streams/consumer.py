"""Faust's consumer, made to start where the database says, to tell of a log that was cut, and to hand over runs.

Faust seeks to the group's committed offsets after each rebalance, and whenever records arrive while its flow is
stopped. Both go through ``seek_to_committed``; what it returns becomes Faust's own idea of what is committed and read.
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import faust
from faust.transport.drivers import aiokafka as driver
from faust.types import TP
from faust.types.tuples import ConsumerMessage, Message

from quantrac.domain.progress import LogRange

_RUN_MESSAGES = 64
_RUN_BYTES = 512 * 1024
_GATHER_S = 0.02
"""Pause after something came: each fetch wakes the broker and two threads here, and a batch is filled for longer."""
_LOGS_S = 30.0
"""Kafka answers at once where a log begins and ends, or not at all."""
_LOCATED_S = 5.0
"""For so long an answer counts: the seek follows at once, or another rebalance does."""


@dataclass(slots=True)
class Run:
    """Records of one partition that came together, in order."""

    messages: list[Message] = field(default_factory=list)
    size_bytes: int = 0

    def add(self, message: Message) -> None:
        """Append the next record."""
        self.messages.append(message)
        self.size_bytes += len(message.value or b"")

    @property
    def full(self) -> bool:
        """Whether it goes out before all that has come is looked at, so that what waits behind it stays little."""
        return len(self.messages) >= _RUN_MESSAGES or self.size_bytes >= _RUN_BYTES

    def as_one(self) -> ConsumerMessage:
        """Return the message that stands for it: at its last record's place, with the run as its value."""
        last = self.messages[-1]
        return ConsumerMessage(
            last.topic,
            last.partition,
            last.offset,
            last.timestamp,
            last.timestamp_type,
            headers=None,
            key=None,
            value=self,  # type: ignore[arg-type]  # handed on as it is
            checksum=None,
            tp=last.tp,
            generation_id=last.generation_id,
        )


class Positions(Protocol):
    """Who knows where reading goes on."""

    async def of(
        self, partitions: Collection[int], logs: Callable[[], Awaitable[Mapping[int, LogRange]]]
    ) -> dict[int, int]:
        """Return the offset at which each partition goes on, however long the database takes to say so.

        ``logs`` asks Kafka where they begin and end, which is done after the database was asked what is committed.
        """
        ...

    def log_was_cut(self, partition: int, offset: int, read: int) -> None:
        """Hear that Kafka delivered ``offset`` after everything before ``read`` was delivered."""
        ...


class DatabaseConsumer(driver.Consumer):
    """A consumer whose committed offsets are the database's."""

    _located: tuple[float, dict[TP, int]] | None = None

    async def locate(self) -> None:
        """Ask where reading goes on, however long the answer takes: the seek that follows takes it over.

        Faust gives the seek itself a minute and a half. When the database is away for longer in the midst of it, Faust
        goes on without, and the worker reads nothing for as long as it lives.
        """
        self._located = None
        try:
            positions = await self._positions(lambda assigned: asyncio.wait_for(self._logs(assigned), _LOGS_S))
        except Exception:  # noqa: BLE001  Kafka's own trouble is the seek's, which asks it again
            return
        self._located = time.monotonic(), positions

    async def seek_to_committed(self) -> Mapping[TP, int]:
        """Seek all partitions to the database's progress and return it."""
        located, self._located = self._located, None
        if (
            located is not None
            and time.monotonic() - located[0] < _LOCATED_S
            and located[1].keys() == self.assignment()
        ):
            positions = located[1]
        else:
            positions = await self._positions(self._logs)
        if positions:
            await self.seek_wait(positions)
        return positions

    async def _positions(self, logs: Callable[[set[TP]], Awaitable[Mapping[int, LogRange]]]) -> dict[TP, int]:
        assigned = self.assignment()
        if not assigned:
            return {}
        partitions = {tp.partition for tp in assigned}
        found = await self.app.positions.of(partitions, lambda: logs(assigned))  # type: ignore[attr-defined]
        return {tp: found[tp.partition] for tp in assigned}

    async def _logs(self, assigned: set[TP]) -> dict[int, LogRange]:
        starts, ends = await self.earliest_offsets(*assigned), await self.highwaters(*assigned)
        return {tp.partition: LogRange(starts[tp], ends[tp]) for tp in assigned}

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, Any]]:
        """Yield what has come in runs, each as one message: Faust's price is per message.

        Faust would drop records before the position without a word. They come when the log was cut behind our back
        and the client began anew at its beginning.
        """
        runs: defaultdict[TP, Run] = defaultdict(Run)
        async for tp, message in super().getmany(timeout):
            run = runs[tp]
            read = run.messages[-1].offset if run.messages else self._read_offset[tp]
            if read is not None and message.offset < read:
                self.app.positions.log_was_cut(tp.partition, message.offset, read)  # type: ignore[attr-defined]
                return
            run.add(message)
            if run.full:
                yield tp, runs.pop(tp).as_one()
        for tp, run in runs.items():
            if not self.flow_active:
                return  # a rebalance: Faust seeks before it goes on
            yield tp, run.as_one()
        if runs:
            await asyncio.sleep(_GATHER_S)

    async def _add_gap(self, tp: TP, offset_from: int, offset_to: int) -> None:
        """Acknowledge nothing: what Faust takes for a gap before a run are the run's own records."""


class DatabaseTransport(driver.Transport):
    """Faust's Kafka with the consumer above."""

    Consumer = DatabaseConsumer


class App(faust.App):
    """A Faust app whose consumer starts where ``positions`` says."""

    positions: Positions

    def _new_transport(self) -> Any:
        return DatabaseTransport(self.conf.broker_consumer, self)

    def acknowledge(self, run: Run) -> None:
        """Mark the records of a run as committed, but the last: that is for the event that brought them."""
        for message in run.messages[:-1]:
            self.consumer.ack(message)

"""Faust's consumer, made to start where the database says and to tell of a log that was cut.

Faust seeks to the group's committed offsets after each rebalance, and whenever records arrive while its flow is
stopped. Both go through ``seek_to_committed``; what it returns becomes Faust's own idea of what is committed and read.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any, Protocol

import faust
from faust.transport.drivers import aiokafka as driver
from faust.types import TP

from quantrac.domain.progress import LogRange


class Positions(Protocol):
    """Who knows where reading goes on."""

    async def of(self, logs: Mapping[int, LogRange]) -> dict[int, int]:
        """Return the offset at which each partition goes on, however long the database takes to say so."""
        ...

    def log_was_cut(self, partition: int, offset: int, read: int) -> None:
        """Hear that Kafka delivered ``offset`` after everything before ``read`` was delivered."""
        ...


class DatabaseConsumer(driver.Consumer):
    """A consumer whose committed offsets are the database's."""

    async def seek_to_committed(self) -> Mapping[TP, int]:
        """Seek all partitions to the database's progress and return it."""
        assigned = self.assignment()
        if not assigned:
            return {}
        starts, ends = await self.earliest_offsets(*assigned), await self.highwaters(*assigned)
        logs = {tp.partition: LogRange(starts[tp], ends[tp]) for tp in assigned}
        found = await self.app.positions.of(logs)  # type: ignore[attr-defined]
        positions = {tp: found[tp.partition] for tp in assigned}
        await self.seek_wait(positions)
        return positions

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, Any]]:
        """Yield records; Faust would drop those before the position without a word.

        They come when the log was cut behind our back and the client began anew at its beginning.
        """
        async for tp, message in super().getmany(timeout):
            read = self._read_offset[tp]
            if read is not None and message.offset < read:
                self.app.positions.log_was_cut(tp.partition, message.offset, read)  # type: ignore[attr-defined]
                return
            yield tp, message


class DatabaseTransport(driver.Transport):
    """Faust's Kafka with the consumer above."""

    Consumer = DatabaseConsumer


class App(faust.App):
    """A Faust app whose consumer starts where ``positions`` says."""

    positions: Positions

    def _new_transport(self) -> Any:
        return DatabaseTransport(self.conf.broker_consumer, self)

"""What others read from Kafka: flagged readings and dead letters, sent after the COMMIT, before the acknowledgement."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any

import faust

from quantrac import topics, wire
from streams.processor import Shared

MAX_READINGS_PER_RECORD = 5000
"""Keeps a record of a large backfill below 1 MiB."""


class Sharer:
    """Sends what a batch shares and waits until Kafka has it.

    By the app's producer itself: a Faust topic would add as much again to the cost of each record.
    """

    def __init__(self, app: faust.App) -> None:
        self._app = app

    async def share(self, shared: Shared) -> None:
        """Return when Kafka has acknowledged everything (acks=all). Sending again after an error is harmless.

        Raises
        ------
        KafkaError, FaustError
            Whatever the producer raises; the caller tries again.
        """
        sent = []
        for station, rows in shared.readings.items():
            for start in range(0, len(rows), MAX_READINGS_PER_RECORD):
                value = wire.encode_flagged(station, rows[start : start + MAX_READINGS_PER_RECORD])
                sent.append(await self._send(topics.READINGS, station, value))
        for letter in shared.dead_letters:
            headers = wire.dead_letter_headers(letter)
            sent.append(await self._send(topics.DEAD_LETTERS, letter.station, letter.payload, headers))
        if sent:
            await asyncio.gather(*sent)

    async def _send(
        self, topic: str, station: str, value: bytes, headers: list[tuple[str, bytes]] | None = None
    ) -> Awaitable[Any]:
        return await self._app.producer.send(topic, station.encode(), value, None, None, headers)

"""What others read from Kafka: flagged readings and dead letters, sent after the COMMIT, before the acknowledgement."""

from __future__ import annotations

import asyncio
from typing import Any

import faust

from quantrac import topics, wire
from streams.processor import Shared

MAX_READINGS_PER_RECORD = 5000
"""Keeps a record of a large backfill below 1 MiB."""


class Sharer:
    """Sends what a batch shares and waits until Kafka has it."""

    def __init__(self, app: faust.App) -> None:
        raw: dict[str, Any] = {"key_serializer": "raw", "value_serializer": "raw"}
        self._readings = app.topic(topics.READINGS, key_type=bytes, value_type=bytes, **raw)
        self._dead_letters = app.topic(topics.DEAD_LETTERS, key_type=bytes, value_type=bytes, **raw)

    async def share(self, shared: Shared) -> None:
        """Return when Kafka has acknowledged everything (acks=all). Sending again after an error is harmless.

        Raises
        ------
        Exception
            Whatever the producer raises; the caller tries again.
        """
        sent = []
        for station, rows in shared.readings.items():
            for start in range(0, len(rows), MAX_READINGS_PER_RECORD):
                value = wire.encode_flagged(station, rows[start : start + MAX_READINGS_PER_RECORD])
                sent.append(await self._readings.send(key=station.encode(), value=value))
        for letter in shared.dead_letters:
            headers = wire.dead_letter_headers(letter)
            sent.append(
                await self._dead_letters.send(key=letter.station.encode(), value=letter.payload, headers=headers)
            )
        if sent:
            await asyncio.gather(*sent)

"""A worker whose agent takes its first batch and never comes back, as a Faust consumer that has gone deaf."""

from __future__ import annotations

import asyncio

from commands.run import app
from streams.records import RawRecord
from streams.worker import Worker


async def hang(_self: Worker, _records: list[RawRecord]) -> None:
    await asyncio.Event().wait()


if __name__ == "__main__":
    Worker.commit = hang  # type: ignore[method-assign]
    app(["worker"])

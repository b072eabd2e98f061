"""A worker's store on a fresh database, and rows to put into it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest

from quantrac.domain.readings import CheckedReading, Flag, Reading, Status, StoredRow
from quantrac.endpoints import DatabaseEndpoint
from sql.worker_store import WorkerStore

RECEIVED_AT = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.fixture
def store(database: DatabaseEndpoint) -> Iterator[WorkerStore]:
    worker_store = WorkerStore(database.writer)
    yield worker_store
    worker_store.close()


@pytest.fixture
def row() -> Callable[..., StoredRow]:
    """``row(at, value)``: a reading of station S1, parameter COD."""

    def make(
        at: datetime,
        value: float | None,
        *,
        station: str = "S1",
        parameter: str = "COD",
        status: Status = Status.MEASURING,
        flag: Flag = Flag.GOOD,
        late: bool = False,
        offset: int = 0,
        received_at: datetime = RECEIVED_AT,
    ) -> StoredRow:
        reading = Reading(station, parameter, at, received_at + timedelta(seconds=offset), value, status)
        return StoredRow(CheckedReading(reading, flag, late=late), partition=3, offset=offset)

    return make

"""Drawn: who reads the stations, and who gets what was read. ``R`` read, ``k`` kept, ``!`` something has changed.

::

    second   0     0.5   0.9   1.0   1.2   1.3
    asks     R     k     k     R     ! R   k        a kept reading lasts a second, and no change
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sql import page_rows
from web.stations.rows import StationRows

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)


class Row:
    def __init__(self, code: str, reading: int) -> None:
        self.code, self.reading = code, reading


@pytest.fixture
def readings(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    found: list[int] = []

    def read(*_: Any) -> list[Row]:
        found.append(len(found))
        return [Row("S1", found[-1]), Row("S2", found[-1])]

    monkeypatch.setattr(page_rows, "stations", read)
    return found


def asked(rows: StationRows, s: float, *, scope: list[str] | None = None, first: bool = True) -> list[tuple[str, int]]:
    found: Any = rows.of(None, NOW + timedelta(seconds=s), scope, first=first)  # type: ignore[arg-type]
    return [(row.code, row.reading) for row in found]


def test_a_reading_lasts_a_second_and_no_change(readings: list[int]) -> None:
    rows = StationRows()
    assert [asked(rows, s)[0][1] for s in (0, 0.5, 0.9, 1.0)] == [0, 0, 0, 1]
    rows.forget()
    assert [asked(rows, s)[0][1] for s in (1.2, 1.3)] == [2, 2]


def test_an_account_gets_its_own_stations_of_the_shared_reading(readings: list[int]) -> None:
    rows = StationRows()
    assert asked(rows, 0) == [("S1", 0), ("S2", 0)]
    assert asked(rows, 0.1, scope=["S2"]) == [("S2", 0)]
    assert asked(rows, 0.2, scope=["S3"]) == []


def test_what_an_older_transaction_sees_is_not_kept_and_a_clock_moved_back_reads_anew(readings: list[int]) -> None:
    rows = StationRows()
    assert [asked(rows, s, first=False)[0][1] for s in (0, 0.1)] == [0, 1]
    assert [asked(rows, s)[0][1] for s in (5, 4)] == [2, 3]

"""The first account: on disk before anybody is told, carried once, never counted twice."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ingest.receipts import ReceiptBook, carry
from ingest.window import Delivery
from quantrac.domain.receipts import Numbers, ReceiptKey, ReceiptLine
from quantrac.errors import StoreError

NOW = datetime(2026, 11, 23, 3, 20, tzinfo=UTC)
KEY = ReceiptKey("bridge-1:a", "DT_A", NOW.replace(minute=0))


def stored(number: int, key: ReceiptKey = KEY, offset: int | None = None) -> Delivery:
    delivery = Delivery(number, 10, 0.0)
    delivery.receipt_key, delivery.number, delivery.raw_topic = key, number, "topic"
    delivery.offset = number + 100 if offset is None else offset
    delivery.stored = True
    return delivery


class Shelf:
    """Takes lines as the database does, or is away."""

    def __init__(self) -> None:
        self.lines: dict[ReceiptKey, ReceiptLine] = {}
        self.away = False

    def add(self, lines: Sequence[ReceiptLine]) -> None:
        if self.away:
            raise StoreError("away", retryable=True)
        self.lines |= {line.key: line for line in lines}


def test_numbers_run_by_station_and_hour_and_never_twice_when_the_clock_goes_back() -> None:
    numbers, given = Numbers("bridge-1"), set()
    for minutes in (0, 10, 70, 5, -70, 80):  # the fifth one: the clock went back beyond the first
        for station in ("A", "B"):
            given.add(numbers.next(station, NOW + timedelta(minutes=minutes)))
    assert len(given) == 12
    assert len({key.origin for key, _ in given}) == 2


def test_two_producers_of_one_process_have_two_origins() -> None:
    assert Numbers("b").next("A", NOW)[0] != Numbers("b").next("A", NOW)[0]


def test_what_is_noted_survives_and_is_carried_once(tmp_path: Path) -> None:
    path, shelf = tmp_path / "receipts" / "bridge-1.sqlite", Shelf()
    book = ReceiptBook(path)
    book.note([stored(1), stored(2), stored(3)])
    # Killed here: nothing is closed. The next process finds it.
    again = ReceiptBook(path)
    assert carry(again, shelf, NOW) == 1
    assert shelf.lines == {KEY: ReceiptLine(KEY, 3, False, "topic", 0, 103)}
    assert carry(again, shelf, NOW) == 0
    again.note([stored(4)])
    assert carry(again, shelf, NOW) == 1
    assert shelf.lines[KEY].acknowledged == 4
    book.close()
    again.close()


def test_what_is_counted_while_it_is_carried_is_carried_again(tmp_path: Path) -> None:
    book = ReceiptBook(tmp_path / "a.sqlite")
    book.note([stored(1)])
    lines = book.waiting()
    book.note([stored(2)])
    book.carried(lines, NOW)
    assert [line.acknowledged for line in book.waiting()] == [2]
    book.close()


def test_an_older_number_never_lowers_the_account(tmp_path: Path) -> None:
    book = ReceiptBook(tmp_path / "a.sqlite")
    book.note([stored(7)])
    book.note([stored(5)])
    assert [line.acknowledged for line in book.waiting()] == [7]
    book.close()


def test_while_the_database_is_away_the_account_waits(tmp_path: Path) -> None:
    book, shelf = ReceiptBook(tmp_path / "a.sqlite"), Shelf()
    shelf.away = True
    book.note([stored(1)])
    with pytest.raises(StoreError):
        carry(book, shelf, NOW)
    shelf.away = False
    assert carry(book, shelf, NOW) == 1
    book.close()


def test_lines_that_the_database_has_are_let_go_after_a_week(tmp_path: Path) -> None:
    book, shelf = ReceiptBook(tmp_path / "a.sqlite"), Shelf()
    later = KEY._replace(hour_start=KEY.hour_start + timedelta(days=8))
    book.note([stored(1)])
    carry(book, shelf, NOW)
    book.note([stored(1, later)])
    carry(book, shelf, NOW + timedelta(days=8))
    assert book._db.execute("SELECT count(*) FROM receipts").fetchone() == (1,)
    book.close()


def test_a_book_that_cannot_be_read_is_begun_anew(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite"
    path.write_bytes(b"no database at all, but bytes" * 100)
    book = ReceiptBook(path)
    book.note([stored(1)])
    assert len(book.waiting()) == 1
    assert (tmp_path / "a.sqlite.broken").exists()
    book.close()


def test_a_book_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    book = ReceiptBook(tmp_path / "a.sqlite")
    book._db.execute("PRAGMA max_page_count = 1")  # a full disk
    with pytest.raises(StoreError, match="make room"):
        book.note([stored(n, KEY._replace(station=f"S{n}")) for n in range(1, 2000)])
    book.close()

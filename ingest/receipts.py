"""The first account: how many messages of each station Kafka has acknowledged, on our own disk before the sender hears.

The order is the proof: Kafka acknowledges, the account is on disk, only then the station's logger is told (PUBACK), or
a file is taken for read. A kill between the first two means that the message comes again, under another number of
another origin; the first one is then committed without having been counted, which is no loss. A kill after them changes
nothing: the account lies on the disk and is carried to the database by the next process.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

from ingest.window import Delivery
from quantrac.domain.receipts import ReceiptKey, ReceiptLine
from quantrac.errors import SettingsError, StoreError
from quantrac.telemetry import get_logger

_SCHEMA = """
CREATE TABLE IF NOT EXISTS receipts (
    origin TEXT NOT NULL, station TEXT NOT NULL, hour_s INTEGER NOT NULL, acknowledged INTEGER NOT NULL,
    by_file INTEGER NOT NULL, raw_topic TEXT NOT NULL, raw_partition INTEGER NOT NULL, last_offset INTEGER NOT NULL,
    carried INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (origin, station, hour_s)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS receipts_waiting ON receipts (hour_s) WHERE carried = 0;
"""
_SAVE = """
INSERT INTO receipts (origin, station, hour_s, acknowledged, by_file, raw_topic, raw_partition, last_offset)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (origin, station, hour_s) DO UPDATE SET acknowledged = excluded.acknowledged,
    last_offset = excluded.last_offset, carried = 0
 WHERE excluded.acknowledged > receipts.acknowledged
"""
_WAITING = """
SELECT origin, station, hour_s, acknowledged, by_file, raw_topic, raw_partition, last_offset
  FROM receipts WHERE carried = 0 ORDER BY hour_s LIMIT ?
"""
_CARRIED = "UPDATE receipts SET carried = 1 WHERE origin = ? AND station = ? AND hour_s = ? AND acknowledged = ?"
_FORGET = "DELETE FROM receipts WHERE carried = 1 AND hour_s < ?"
_KEPT = timedelta(days=7)
"""Lines that the database has are kept so long beside it."""
_EVERY_S = 5.0
_MOST_AT_ONCE = 1000

_log = get_logger(__name__)


class Store(Protocol):
    """Where the account is carried to."""

    def add(self, lines: Sequence[ReceiptLine]) -> None:
        """Save lines; the same again, or an older one, changes nothing. Raises ``StoreError``."""
        ...


class ReceiptBook:
    """The account of one process, in SQLite. Used by one thread."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._db = _opened(path)

    def note(self, deliveries: Iterable[Delivery]) -> None:
        """Enter messages that Kafka has; on disk when this returns.

        Raises
        ------
        StoreError
            It cannot be written: nobody is to be told that we have them.
        """
        newest: dict[ReceiptKey, Delivery] = {}
        for delivery in deliveries:
            if delivery.receipt_key is not None:
                newest[delivery.receipt_key] = delivery  # they come in the order of their numbers
        if not newest:
            return
        rows = [
            (
                k.origin,
                k.station,
                int(k.hour_start.timestamp()),
                d.number,
                d.by_file,
                d.raw_topic,
                d.partition,
                d.offset,
            )
            for k, d in newest.items()
        ]
        try:
            self._db.execute("BEGIN IMMEDIATE")
            self._db.executemany(_SAVE, rows)
            self._db.execute("COMMIT")
        except sqlite3.Error as exc:
            with contextlib.suppress(sqlite3.Error):
                self._db.execute("ROLLBACK")
            raise StoreError(
                f"The account of what was received cannot be written to {self._path} ({exc}): make room on its disk. "
                "Nothing is acknowledged meanwhile.",
                retryable=True,
            ) from exc

    def waiting(self, most: int = _MOST_AT_ONCE) -> list[ReceiptLine]:
        """Return lines that the database does not have yet, the oldest first."""
        return [
            ReceiptLine(ReceiptKey(o, s, datetime.fromtimestamp(h, UTC)), n, bool(f), t, p, offset)
            for o, s, h, n, f, t, p, offset in self._db.execute(_WAITING, (most,))
        ]

    def carried(self, lines: Iterable[ReceiptLine], now: datetime) -> None:
        """Remember that the database has these lines, unless more was counted since."""
        keys = [(k.origin, k.station, int(k.hour_start.timestamp()), n) for k, n, *_ in lines]
        self._db.execute("BEGIN IMMEDIATE")
        self._db.executemany(_CARRIED, keys)
        self._db.execute(_FORGET, (int((now - _KEPT).timestamp()),))
        self._db.execute("COMMIT")

    def close(self) -> None:
        """Close the file."""
        self._db.close()


def carry(book: ReceiptBook, store: Store, now: datetime) -> int:
    """Carry what waits to the database; return how many lines.

    Raises
    ------
    StoreError
        The database is away: the lines wait.
    """
    lines = book.waiting()
    if lines:
        store.add(lines)
        book.carried(lines, now)
    return len(lines)


@contextmanager
def kept(path: Path, store: Store | None) -> Iterator[ReceiptBook]:
    """Open the account of a process, and carry it to the database beside it until the end.

    Raises
    ------
    SettingsError
        Its folder cannot be written.
    """
    book, stop = ReceiptBook(path), threading.Event()
    carrier = threading.Thread(target=_carry_until, args=(path, store, stop), name="receipts", daemon=True)
    if store is not None:
        carrier.start()
    try:
        yield book
    finally:
        book.close()
        stop.set()
        if store is not None:
            carrier.join(2 * _EVERY_S)


def _carry_until(path: Path, store: Store, stop: threading.Event) -> None:
    book, told = ReceiptBook(path), False
    while True:
        stopping = stop.wait(_EVERY_S)
        try:
            while carry(book, store, datetime.now(UTC)) == _MOST_AT_ONCE:
                pass
            told = False
        except (StoreError, sqlite3.Error) as exc:
            if not told:
                _log.warning("receipts_wait", error=str(exc), next="they are on disk and are carried later")
            told = True
        if stopping:
            book.close()
            return


def _opened(path: Path) -> sqlite3.Connection:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return _connected(path)
    except (OSError, sqlite3.OperationalError) as exc:
        raise SettingsError(f"{path} cannot be opened ({exc}): make room on its disk, or correct its folder.") from exc
    except sqlite3.DatabaseError as exc:
        _log.error("receipts_begun_anew", file=str(path), error=str(exc))
        for part in (path, path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")):
            if part.exists():
                part.replace(part.with_name(f"{part.name}.broken"))
        return _connected(path)


def _connected(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    # FULL: a COMMIT is on the disk, also when the power goes.
    db.executescript(f"PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; {_SCHEMA}")
    return db

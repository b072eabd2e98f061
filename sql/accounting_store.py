"""Where every received reading went: dead letters, the ledger, and the histogram of delays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import date, datetime
from typing import Any

import psycopg

from quantrac.domain.deadletters import DeadLetter
from quantrac.domain.ledger import LedgerCounts
from sql.statements import statement
from sql.storable import storable

_COUNTS = tuple(f.name for f in fields(LedgerCounts))


class AccountingStore:
    """The accounts of what was received, in an open transaction."""

    def __init__(self, cursor: psycopg.Cursor[Any]) -> None:
        self._cursor = cursor

    def add_dead_letters(self, letters: Sequence[DeadLetter]) -> None:
        """Keep what could not be used; a letter that is kept already is left as it is."""
        self._cursor.executemany(statement("add_dead_letter"), [_letter(letter) for letter in letters])

    def mark_replayed(self, ids: Sequence[int], now: datetime) -> None:
        """Record that the messages of dead letters were sent through the pipeline again."""
        self._cursor.execute(statement("mark_replayed"), {"ids": list(ids), "now": now})

    def add_ledger(self, day: date, counts: Mapping[str, LedgerCounts]) -> None:
        """Add to the accounts of a Vietnamese calendar day by station; refused when a residual is not 0."""
        rows = [
            {"station": storable(station), "day": day} | {name: getattr(c, name) for name in _COUNTS}
            for station, c in sorted(counts.items())
        ]
        self._cursor.executemany(statement("add_ledger"), rows)

    def add_delays(self, minute: datetime, counts: Mapping[int, int]) -> None:
        """Add readings to the delay histogram of a minute, by bucket."""
        arguments = {"minute": minute, "buckets": list(counts), "counts": list(counts.values())}
        self._cursor.execute(statement("add_delays"), arguments)


def _letter(letter: DeadLetter) -> dict[str, object]:
    return {
        "station": storable(letter.station),
        "stage": letter.stage.value,
        "reason": letter.reason.value,
        "detail": storable(letter.detail),
        "parameter": None if letter.parameter is None else storable(letter.parameter),
        "payload": letter.payload,
        "content_type": storable(letter.content_type),
        "mqtt_topic": storable(letter.mqtt_topic),
        "received_at": letter.received_at,
        "partition": letter.partition,
        "offset": letter.offset,
        "position": letter.position,
    }

"""Where every received reading went: dead letters, the ledger, and the histogram of delays."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields
from datetime import date, datetime
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

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
        if letters:
            self._cursor.executemany(statement("add_dead_letter"), [_letter(letter) for letter in letters])

    def dead_letters_at(self, source: str, records: Collection[tuple[int, int]]) -> set[tuple[int, int]]:
        """Return those (partition, offset) of ``records`` of which a dead letter is kept."""
        places = {"partitions": [p for p, _ in records], "offsets": [offset for _, offset in records]}
        return set(self._cursor.execute(statement("dead_letters_at"), {"source": source, **places}).fetchall())

    def take_for_replay(self, ids: Sequence[int]) -> set[int]:
        """Return those dead letters that nobody has sent again; till this transaction ends nobody else takes them."""
        return {number for (number,) in self._cursor.execute(statement("take_for_replay"), {"ids": list(ids)})}

    def mark_replayed(self, ids: Sequence[int], now: datetime) -> None:
        """Record that the messages of dead letters were sent through the pipeline again."""
        self._cursor.execute(statement("mark_replayed"), {"ids": list(ids), "now": now})

    def add_ledger(self, day: date, counts: Mapping[str, LedgerCounts]) -> None:
        """Add to the accounts of a Vietnamese calendar day by station; refused when a residual is not 0."""
        if counts:
            columns = {name: [getattr(c, name) for c in counts.values()] for name in _COUNTS}
            stations = [storable(station) for station in counts]
            self._cursor.execute(statement("add_ledger"), {"stations": stations, "day": day, **columns})

    def add_delays(self, minute: datetime, counts: Mapping[int, int]) -> None:
        """Add readings to the delay histogram of a minute, by bucket."""
        arguments = {"minute": minute, "buckets": list(counts), "counts": list(counts.values())}
        self._cursor.execute(statement("add_delays"), arguments)


def _letter(letter: DeadLetter) -> dict[str, object]:
    refusals = [
        {
            "reason": refused.reason.value,
            "detail": storable(refused.detail),
            "parameter": None if refused.parameter is None else storable(refused.parameter),
        }
        for refused in letter.refusals
    ]
    return {
        "station": storable(letter.station),
        "stage": letter.stage.value,
        **refusals[0],
        "refusals": Jsonb(refusals),
        "payload": letter.payload,
        "content_type": storable(letter.content_type),
        "mqtt_topic": storable(letter.mqtt_topic),
        "received_at": letter.received_at,
        "source": letter.source,
        "partition": letter.partition,
        "offset": letter.offset,
        "file_name": storable(letter.file_name),
    }

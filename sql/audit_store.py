"""The audit: a chain of entries, each with the hash of all before it. Written by functions of the database alone."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from sql.connections import connect, translated
from sql.statements import statement

_APPLICATION = "quantrac audit"
_FETCHED_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One link of the chain as it is stored."""

    id: int
    entry: str
    """JSON: id, at, actor (login of the session), address, action, subject, detail."""
    hash: bytes
    """SHA-256 of the hash before and the entry's UTF-8."""

    def document(self) -> dict[str, Any]:
        """Return the entry's content."""
        content: dict[str, Any] = json.loads(self.entry)
        return content


@dataclass(frozen=True, slots=True)
class Head:
    """The newest link: whoever keeps it elsewhere can prove later that nothing before it was changed."""

    id: int
    """0: the chain is empty."""
    hash: str
    """Lower-case hex; empty for an empty chain."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What following the chain showed."""

    head: Head
    broken_at: int | None = None
    """Id of the first entry that is not what its hash says, or that is missing."""
    why: str = ""


def verify(rows: Iterable[AuditRow], kept: Head | None = None) -> Verdict:
    """Follow the chain from its beginning; with ``kept``, a head exported earlier has to lie in it.

    Without a kept head an end that was cut off, or a chain that was written anew as a whole, cannot be told.
    """
    before, number = b"", 0
    met = kept is None or kept.id == 0
    for row in rows:
        wrong = _wrong(row, number + 1, before)
        if wrong:
            return Verdict(Head(number, before.hex()), number + 1, wrong)
        before, number = row.hash, row.id
        if kept is not None and kept.id == number:
            if kept.hash != before.hex():
                return Verdict(Head(number, before.hex()), number, "its hash is not the one that was exported")
            met = True
    if not met and kept is not None:
        return Verdict(Head(number, before.hex()), number + 1, f"the chain ends before the exported entry {kept.id}")
    return Verdict(Head(number, before.hex()))


def _wrong(row: AuditRow, expected: int, before: bytes) -> str:
    if row.id != expected:
        return f"it is missing: the next one has the number {row.id}"
    if hashlib.sha256(before + row.entry.encode()).digest() != row.hash:
        return "it, or one before it, is not what its hash says"
    try:
        said = row.document().get("id")
    except ValueError:
        said = None
    return "" if said == expected else f"it says of itself that it is number {said}"


def verify_stored(conninfo: str, kept: Head | None = None) -> Verdict:
    """Follow the stored chain; the reader role is enough.

    Raises
    ------
    StoreError
        The database is out of reach or not migrated.
    """
    with translated("reading the audit"):
        return verify(_stored(conninfo), kept)


def newest(conninfo: str, limit: int) -> list[AuditRow]:
    """Return the newest entries, the newest first."""
    with translated("reading the audit"), connect(conninfo, _APPLICATION) as connection:
        return [AuditRow(*row) for row in connection.execute(statement("audit_newest"), {"limit": limit})]


def entry(conninfo: str, number: int) -> AuditRow | None:
    """Return an entry by its number."""
    with translated("reading the audit"), connect(conninfo, _APPLICATION) as connection:
        row = connection.execute(statement("audit_entry"), {"id": number}).fetchone()
    return None if row is None else AuditRow(*row)


def append(conninfo: str, action: str, subject: str, detail: Mapping[str, Any]) -> None:
    """Append an entry; the database notes whose session it was."""
    with translated("writing the audit"), connect(conninfo, _APPLICATION) as connection:
        append_with(connection.cursor(), action, subject, detail)


def append_with(cursor: psycopg.Cursor[Any], action: str, subject: str, detail: Mapping[str, Any]) -> None:
    """Append an entry within a transaction that is open."""
    cursor.execute(statement("audit_append"), {"action": action, "subject": subject, "detail": Jsonb(detail)})


def head(conninfo: str) -> Head:
    """Return the newest link of the chain."""
    for row in newest(conninfo, 1):
        return Head(row.id, row.hash.hex())
    return Head(0, "")


def _stored(conninfo: str) -> Iterator[AuditRow]:
    # A cursor of the server's: the chain may be longer than memory.
    with connect(conninfo, _APPLICATION) as connection, connection.cursor(name="audit") as cursor:
        cursor.itersize = _FETCHED_AT_ONCE
        cursor.execute(statement("audit_entries"))
        for row in cursor:
            yield AuditRow(*row)

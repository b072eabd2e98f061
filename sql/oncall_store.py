"""Who is on call, in the database: people and their channels, rotas, overrides, swaps, escalation policies."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from quantrac.domain.incidents import IncidentMessage
from quantrac.domain.oncall import ContactChannel, ContactKind, OnCallRows, Override, Swap, SwapState
from sql.connections import connect, translated
from sql.incident_rows import message_row
from sql.statements import statement
from sql.storable import storable

_STATEMENTS = {
    "person": ("save_oncall_person", "retire_oncall_person"),
    "rota": ("save_oncall_rota", "retire_oncall_rota"),
    "policy": ("save_oncall_policy", "retire_oncall_policy"),
}
"""By kind of document: to save one, and to retire what is no longer named."""
Documents = Mapping[str, Sequence[Mapping[str, Any]]]


def load(cursor: psycopg.Cursor[Any], now: datetime) -> OnCallRows:
    """Return who is on call; overrides and swaps that are over are left out."""
    people, rotas, policies = (
        tuple(document for (document,) in cursor.execute(statement(name)))
        for name in ("load_people", "load_rotas", "load_escalation_policies")
    )
    channels = tuple(_channel(row) for row in cursor.execute(statement("load_contact_channels")))
    after = {"after": now}
    overrides = tuple(Override(*row) for row in cursor.execute(statement("load_rota_overrides"), after))
    swaps = tuple(_swap(row) for row in cursor.execute(statement("load_rota_swaps"), after))
    return OnCallRows(people, rotas, policies, channels, overrides, swaps)


def names(cursor: psycopg.Cursor[Any]) -> dict[str, str]:
    """Return how people are called, by their codes; whoever is described wrongly is left out and hinders nobody."""
    people = (document for (document,) in cursor.execute(statement("load_people")))
    return {p["code"]: p["name"] for p in people if isinstance(p.get("code"), str) and isinstance(p.get("name"), str)}


class OnCallStore:
    """Changes of who is on call, each a transaction of its own as the writer role.

    Every method raises ``StoreError``.
    """

    def __init__(self, conninfo: str) -> None:
        self._conninfo = conninfo

    def load(self, now: datetime) -> OnCallRows:
        """Return who is on call."""
        with self._cursor("loading who is on call") as cursor:
            return load(cursor, now)

    def replace(self, documents: Documents, now: datetime) -> None:
        """Put documents in place of what is in force, whole; what they do not name is retired, nothing is deleted.

        A kind (``person``, ``rota``, ``policy``) of which there is no document stays as it is. Channels keep what is
        known of the same address; new ones are unverified.
        """
        with self._cursor("saving who is on call") as cursor:
            for kind in _STATEMENTS:
                if documents.get(kind):
                    _replace(cursor, kind, documents[kind], now)
            if documents.get("person"):
                ids = [
                    _save_channel(cursor, person, position, channel)
                    for person in documents["person"]
                    for position, channel in enumerate(person.get("channel", ()))
                ]
                cursor.execute(statement("remove_contact_channels"), {"ids": ids, "now": now})

    def save_document(
        self, kind: str, code: str, decide: Callable[[OnCallRows], Mapping[str, Any]], now: datetime
    ) -> None:
        """Keep one person, rota or policy as ``decide`` returns it, which sees all that is kept; others stay.

        Of two changes at once the second sees the first. What ``decide`` raises leaves everything as it is.
        """
        with self._cursor("saving who is on call") as cursor:
            cursor.execute(statement("lock_oncall"))
            document = decide(load(cursor, now))
            position = _one(cursor.execute(statement(f"oncall_place_{kind}"), {"code": code}))
            row = {"code": code, "position": position, "document": Jsonb(_without_channels(document)), "now": now}
            cursor.execute(statement(_STATEMENTS[kind][0]), row)

    def retire(self, kind: str, code: str, check: Callable[[OnCallRows], object], now: datetime) -> None:
        """Retire one person, with their channels, rota or policy; nothing is deleted. ``check`` may raise before."""
        with self._cursor("retiring who is on call") as cursor:
            cursor.execute(statement("lock_oncall"))
            check(load(cursor, now))
            cursor.execute(statement(f"stop_oncall_{kind}"), {"code": code, "now": now})
            if kind == "person":
                cursor.execute(statement("remove_channels_of_person"), {"code": code, "now": now})

    def add_override(self, override: Override, by: str, now: datetime) -> int:
        """Add an override and return its number."""
        row = {
            "rota": override.rota,
            "starts_at": override.starts_at,
            "ends_at": override.ends_at,
            "remove": override.remove,
            "add": override.add,
            "by": storable(by),
            "now": now,
        }
        with self._cursor("adding an override") as cursor:
            return int(_one(cursor.execute(statement("add_rota_override"), row)))

    def withdraw_override(self, override_id: int, now: datetime) -> bool:
        """Take an override back; ``False`` when there is none in force with this number."""
        with self._cursor("withdrawing an override") as cursor:
            arguments = {"id": override_id, "now": now}
            return cursor.execute(statement("withdraw_rota_override"), arguments).fetchone() is not None

    def propose_swap(self, swap: Swap, now: datetime) -> int:
        """Keep a proposed swap and return its number."""
        row = {
            "rota": swap.rota,
            "person": swap.person,
            "colleague": swap.colleague,
            "starts_at": swap.starts_at,
            "ends_at": swap.ends_at,
            "back_starts_at": swap.back_starts_at,
            "back_ends_at": swap.back_ends_at,
            "now": now,
        }
        with self._cursor("proposing a swap") as cursor:
            return int(_one(cursor.execute(statement("add_rota_swap"), row)))

    def change_swap(self, swap_id: int, decide: Callable[[Swap], Swap], now: datetime) -> Swap | None:
        """Lock a swap, let ``decide`` return it as it shall be, and save its state; ``None`` when there is no such.

        Of two answers at once the second sees the first.
        """
        with self._cursor("answering a swap") as cursor:
            row = cursor.execute(statement("rota_swap"), {"id": swap_id}).fetchone()
            if row is None:
                return None
            before = _swap(row)
            after = decide(before)
            if after.state is not before.state:
                arguments = {"id": swap_id, "state": after.state.value, "now": now}
                cursor.execute(statement("answer_rota_swap"), arguments)
            return after

    def add_channel(self, channel: ContactChannel) -> int:
        """Keep a channel of a person, unverified, and return its number; one that is there takes place and delay."""
        row = {
            "person": channel.person,
            "kind": channel.kind.value,
            "address": storable(channel.address),
            "position": channel.position,
            "delay_s": channel.delay.total_seconds(),
        }
        with self._cursor("adding a channel") as cursor:
            return int(_one(cursor.execute(statement("save_contact_channel"), row)))

    def order_channels(self, person: str, ordered: Sequence[ContactChannel]) -> None:
        """Give a person's channels their places and delays; those of others, or removed ones, stay as they are."""
        rows = [
            {"id": c.id, "person": person, "position": position, "delay_s": c.delay.total_seconds()}
            for position, c in enumerate(ordered)
        ]
        with self._cursor("ordering channels") as cursor:
            cursor.executemany(statement("order_contact_channel"), rows)

    def remove_channel(self, person: str, channel_id: int, now: datetime) -> bool:
        """Take a person's channel away; ``False`` when the person has no such."""
        with self._cursor("removing a channel") as cursor:
            arguments = {"id": channel_id, "person": person, "now": now}
            return cursor.execute(statement("remove_contact_channel"), arguments).fetchone() is not None

    def send_code(self, channel_id: int, digest: str, expires_at: datetime, message: IncidentMessage) -> None:
        """Keep the digest of a code and put the message with the code into the outbox; an earlier code ends."""
        with self._cursor("sending a code") as cursor:
            row = {"id": channel_id, "digest": digest, "expires_at": expires_at}
            cursor.execute(statement("save_contact_code"), row)
            cursor.execute(statement("enqueue_incident"), message_row(message))

    def try_code(
        self, channel_id: int, verify: Callable[[tuple[str, datetime, int] | None], bool], now: datetime
    ) -> None:
        """Lock what is kept of a channel's code, let ``verify`` judge it, and count the try.

        ``verify`` gets digest, end and tries of the code, or ``None`` when none was sent.
        """
        with self._cursor("verifying a channel") as cursor:
            row = cursor.execute(statement("contact_code"), {"id": channel_id}).fetchone()
            sent = None if row is None or row[0] is None else (row[0], row[1], row[2])
            verified = verify(sent)
            if sent is not None:
                arguments = {"id": channel_id, "verified": verified, "now": now}
                cursor.execute(statement("contact_tried"), arguments)

    @contextmanager
    def _cursor(self, doing: str) -> Iterator[psycopg.Cursor[Any]]:
        with translated(doing), connect(self._conninfo, "quantrac on call") as connection:
            yield connection.cursor()


def _replace(cursor: psycopg.Cursor[Any], kind: str, documents: Iterable[Mapping[str, Any]], now: datetime) -> None:
    rows = [
        {"code": d["code"], "position": position, "document": Jsonb(_without_channels(d)), "now": now}
        for position, d in enumerate(documents)
    ]
    save, retire = _STATEMENTS[kind]
    cursor.executemany(statement(save), rows)
    cursor.execute(statement(retire), {"codes": [row["code"] for row in rows], "now": now})


def _without_channels(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a document without what has a table of its own."""
    return {key: value for key, value in document.items() if key != "channel"}


def _save_channel(
    cursor: psycopg.Cursor[Any], person: Mapping[str, Any], position: int, channel: Mapping[str, Any]
) -> int:
    row = {
        "person": person["code"],
        "kind": channel["kind"],
        "address": storable(channel["address"]),
        "position": position,
        "delay_s": channel.get("delay_min", 0) * 60,
    }
    return int(_one(cursor.execute(statement("save_contact_channel"), row)))


def _one(cursor: psycopg.Cursor[Any]) -> Any:
    row = cursor.fetchone()
    return None if row is None else row[0]


def _channel(row: Sequence[Any]) -> ContactChannel:
    channel_id, person, kind, address, position, delay_s, verified_at, failing_since = row
    delay = timedelta(seconds=delay_s)
    return ContactChannel(channel_id, person, ContactKind(kind), address, position, delay, verified_at, failing_since)


def _swap(row: Sequence[Any]) -> Swap:
    swap_id, rota, person, colleague, starts_at, ends_at, back_starts_at, back_ends_at, state = row
    return Swap(swap_id, rota, person, colleague, starts_at, ends_at, back_starts_at, back_ends_at, SwapState(state))

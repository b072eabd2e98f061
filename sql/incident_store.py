"""Incidents in the database: what a step reads and writes, and what officers do, each in one transaction."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import psycopg

from quantrac.domain.alerts import Assessment
from quantrac.domain.briefing import Briefing
from quantrac.domain.incidents import (
    AlertChange,
    Attachment,
    HoldWindow,
    Incident,
    IncidentEvent,
    IncidentLink,
    IncidentMessage,
    IncidentProgress,
    Member,
    Outage,
    PagedRecipient,
    WindowKind,
)
from quantrac.domain.notifications import Channel
from quantrac.domain.oncall import OnCallRows
from quantrac.domain.stations import DRILL_PREFIX
from sql import briefings, incident_rows, oncall_store
from sql.connections import ANSWER_S, connect, notified, translated, usable
from sql.statements import statement
from sql.storable import storable

CHANNEL = "quantrac_alerts"
"""On which the database tells that alerts have changed."""
LOCK_KEY = 0x696E636964656E74
"""Advisory lock of a step: the bytes of "incident"."""

_SESSION = "-c lock_timeout=10s -c idle_in_transaction_session_timeout=60s"


class IncidentTransaction:
    """The open transaction of an ``IncidentStore``."""

    def __init__(self, cursor: psycopg.Cursor[Any]) -> None:
        self._cursor = cursor

    def lock(self) -> bool:
        """Return whether this is the only step under way; the lock ends with the transaction."""
        return self._value("incident_lock", {"key": LOCK_KEY}) is True

    def changes(self, limit: int) -> list[AlertChange]:
        """Return changes of alerts that no step has dealt with, oldest first."""
        rows = self._cursor.execute(statement("incident_changes"), {"limit": limit})
        return [incident_rows.change(row) for row in rows]

    def live(self, ended_after: datetime) -> list[Incident]:
        """Lock and return the incidents that are active, or ended after an instant."""
        return self._incidents("live_incidents", {"ended_after": ended_after})

    def incident(self, incident_id: int) -> Incident | None:
        """Lock and return one incident; ``None`` when there is no such."""
        return next(iter(self._incidents("incident_by_id", {"id": incident_id})), None)

    def shown(self, incident_id: int) -> Incident | None:
        """Return one incident as readers see it: with the instant at which it was told first."""
        return next(iter(self._incidents("shown_incident", {"id": incident_id})), None)

    def listed(self, limit: int, *, only_active: bool) -> list[Incident]:
        """Return incidents, the newest first."""
        return self._incidents("list_incidents", {"limit": limit, "only_active": only_active})

    def opened_in(self, start: datetime, end: datetime) -> list[Incident]:
        """Return the incidents that opened in ``[start, end)``."""
        return self._incidents("incidents_of_time", {"start": start, "end": end})

    def new_id(self) -> int:
        """Return the number of the next incident."""
        return int(self._value("new_incident_id", {}))

    def save(self, incidents: Iterable[Incident]) -> None:
        """Save incidents, and the alerts that have joined them."""
        saved = list(incidents)
        self._cursor.executemany(statement("save_incident"), [incident_rows.row(i) for i in saved])
        members = [incident_rows.member_row(i.id, m) for i in saved for m in i.members]
        self._cursor.executemany(statement("add_incident_alert"), members)

    def note_placed(self, placed: Sequence[tuple[int, int | None, str]], now: datetime) -> None:
        """Note where changes of alerts were put and why: (transition, incident, reason)."""
        rows = [{"transition_id": t, "incident_id": i, "reason": r, "at": now} for t, i, r in placed]
        self._cursor.executemany(statement("add_incident_transition"), rows)

    def add_events(self, events: Iterable[IncidentEvent]) -> None:
        """Add lines to the history."""
        self._cursor.executemany(statement("add_incident_event"), [incident_rows.event_row(e) for e in events])

    def note_paged(self, pages: Mapping[int, Assessment], now: datetime) -> None:
        """Note what is told of what alerts probably are; what was told first stays."""
        briefings.note_paged(self._cursor, pages, now)

    def events(self, incident_id: int) -> list[IncidentEvent]:
        """Return the history of an incident, oldest first."""
        rows = self._cursor.execute(statement("incident_events"), {"id": incident_id})
        return [IncidentEvent(*row) for row in rows]

    def windows(self, now: datetime, longest_ad_hoc: timedelta) -> list[HoldWindow]:
        """Return the windows that may hold something back, also those that loggers open by their status 01."""
        known = [
            incident_rows.window(row) for row in self._cursor.execute(statement("load_hold_windows"), {"now": now})
        ]
        times = {"earliest": now - longest_ad_hoc, "fresh_after": now - timedelta(hours=1)}
        calibrating = self._cursor.execute(statement("ad_hoc_windows"), times)
        return known + [
            HoldWindow(0, WindowKind.AD_HOC, station, parameter, since, since + longest_ad_hoc, by="01")
            for station, parameter, since in calibrating
        ]

    def outages(self, now: datetime) -> list[Outage]:
        """Return the declared outages that last, or ended within the hour."""
        rows = self._cursor.execute(statement("load_outages"), {"after": now - timedelta(hours=1)})
        return [Outage(*row) for row in rows]

    def pages_since(self, after: datetime) -> list[tuple[datetime, str]]:
        """Return when incidents were paged after an instant, and why."""
        return list(self._cursor.execute(statement("pages_since"), {"after": after, "drill": DRILL_PREFIX}))

    def oncall(self, now: datetime) -> OnCallRows:
        """Return who is on call."""
        return oncall_store.load(self._cursor, now)

    def briefing(self, alerts: Collection[int], stations: Collection[str], now: datetime) -> Briefing:
        """Return what a message says beside its alerts."""
        return briefings.load(self._cursor, alerts, stations, now)

    def enqueue(self, messages: Iterable[IncidentMessage]) -> None:
        """Put messages into the outbox; one whose ``message_id`` is there already is left as it is."""
        self._cursor.executemany(statement("enqueue_incident"), [incident_rows.message_row(m) for m in messages])

    def add_links(self, links: Iterable[IncidentLink]) -> None:
        """Keep links."""
        self._cursor.executemany(statement("add_incident_link"), [incident_rows.link_row(li) for li in links])

    def link(self, digest: bytes) -> IncidentLink | None:
        """Return what is kept of a link; ``None`` when there is no such."""
        row = self._cursor.execute(statement("incident_link"), {"digest": digest}).fetchone()
        return None if row is None else IncidentLink(bytes(row[0]), *row[1:])

    def use_link(self, digest: bytes, now: datetime) -> bool:
        """Note that a link was used; ``False`` when it was before, also by another just now."""
        return self._value("use_incident_link", {"digest": digest, "now": now}) is not None

    def contacts(self, stations: Sequence[str]) -> list[str]:
        """Return the e-mail addresses that the descriptions of stations in force name, each once."""
        rows = self._cursor.execute(statement("station_contacts"), {"stations": list(stations)})
        return [address for (address,) in rows]

    def withdraw(self, incident_ids: Sequence[int], why: str, now: datetime, *, only_later: bool = False) -> int:
        """Withdraw the pages of incidents that were not sent yet, or only those that are due later; return how many."""
        arguments = {"ids": list(incident_ids), "why": why, "now": now, "only_later": only_later}
        return self._cursor.execute(statement("withdraw_pages"), arguments).rowcount

    def paged_recipients(self, incident_ids: Sequence[int], now: datetime) -> dict[int, list[PagedRecipient]]:
        """Return who was paged of each incident, each way once; ways that are due later are left out."""
        found: dict[int, list[PagedRecipient]] = {}
        rows = self._cursor.execute(statement("paged_recipients"), {"ids": list(incident_ids), "now": now})
        for incident_id, channel, recipient, person, contact_id in rows:
            found.setdefault(incident_id, []).append(PagedRecipient(Channel(channel), recipient, person, contact_id))
        return found

    def fall_back(self, now: datetime) -> list[tuple[int, str, bool]]:
        """Bring the next channel forward where one does not deliver, and mark or clear failing channels.

        Returns (incident, person, whether there was a next channel).
        """
        self._cursor.execute(statement("clear_failing"))
        return list(self._cursor.execute(statement("fall_back"), {"now": now}))

    def progress(self) -> IncidentProgress:
        """Return up to when hand-overs and weeks were told."""
        row = self._cursor.execute(statement("incident_progress")).fetchone() or (None, None)
        return IncidentProgress(*row)

    def save_progress(self, progress: IncidentProgress) -> None:
        """Note up to when hand-overs and weeks were told."""
        row = {"handed_over_at": progress.handed_over_at, "summarised_at": progress.summarised_at}
        self._cursor.execute(statement("save_incident_progress"), row)

    def set_back(self, by: timedelta, now: datetime, least: timedelta) -> None:
        """Let what waits in the outbox, and counts from ``now`` and ``least`` or later, wait for so much less."""
        self._cursor.execute(statement("set_outbox_back"), {"by": by, "now": now, "least": least})

    def forget_dealt_with(self, before: datetime) -> None:
        """Look no longer at changes of alerts that are dealt with and were stored before an instant."""
        self._cursor.execute(statement("move_first_transition"), {"after": before})

    def acknowledgements(self, start: datetime, end: datetime) -> list[timedelta]:
        """Return how long each incident of a time waited from its page to its acknowledgement."""
        rows = self._cursor.execute(statement("acknowledgements"), {"start": start, "end": end})
        return [span for (span,) in rows]

    def add_window(self, window: HoldWindow) -> int:
        """Add a window and return its number."""
        return int(self._value("add_hold_window", incident_rows.window_row(window)))

    def end_window(self, window_id: int, now: datetime) -> bool:
        """End a window now; ``False`` when there is no such."""
        return self._value("end_hold_window", {"id": window_id, "now": now}) is not None

    def note_window_end(self, window_id: int, now: datetime) -> None:
        """Note that the end of a silence was told."""
        self._cursor.execute(statement("window_end_sent"), {"id": window_id, "now": now})

    def declare_outage(self, kind: str, park: str | None, since: datetime, detail: str) -> int:
        """Declare an outage of the broker, a line or the pipeline, and return its number."""
        row = {"kind": kind, "park": park, "since": since, "detail": storable(detail)}
        return int(self._value("add_outage", row))

    def end_outage(self, outage_id: int, until: datetime) -> bool:
        """End an outage; ``False`` when there is none that lasts."""
        return self._value("end_outage", {"id": outage_id, "until": until}) is not None

    def attach(self, incident_id: int, file: Attachment, content: bytes) -> int | None:
        """Keep a file; the database computes its hash and bounds its size. ``None`` when it is kept already."""
        row = incident_rows.attachment_row(incident_id, file, content)
        found = self._cursor.execute(statement("add_attachment"), row).fetchone()
        return None if found is None else int(found[0])

    def attachments(self, incident_id: int) -> list[Attachment]:
        """Return the files of an incident, without their content."""
        rows = self._cursor.execute(statement("list_attachments"), {"id": incident_id})
        return [Attachment(*row) for row in rows]

    def attachment(self, incident_id: int, attachment_id: int) -> bytes | None:
        """Return the content of a file of an incident; ``None`` when the incident has no such."""
        found = self._value("load_attachment", {"id": attachment_id, "incident_id": incident_id})
        return None if found is None else bytes(found)

    def read(self, name: str, arguments: Mapping[str, object]) -> list[Incident]:
        """Return the incidents of a statement that has their columns, with their alerts."""
        return self._incidents(name, arguments)

    def _incidents(self, name: str, arguments: Mapping[str, object]) -> list[Incident]:
        rows = self._cursor.execute(statement(name), arguments).fetchall()
        members = self._members([row[0] for row in rows])
        return [incident_rows.incident(row, members.get(row[0], ())) for row in rows]

    def _members(self, ids: list[int]) -> dict[int, list[Member]]:
        found: dict[int, list[Member]] = {}
        if ids:
            for incident_id, *row in self._cursor.execute(statement("incident_members"), {"ids": ids}):
                found.setdefault(incident_id, []).append(incident_rows.member(row))
        return found

    def _value(self, name: str, arguments: Mapping[str, object]) -> Any:
        row = self._cursor.execute(statement(name), arguments).fetchone()
        return None if row is None else row[0]


class IncidentStore:
    """One connection as the writer role, used by one thread at a time; opened on first use and again when lost."""

    def __init__(self, conninfo: str) -> None:
        self._conninfo = conninfo
        self._connection: psycopg.Connection[Any] | None = None
        self._listening: psycopg.Connection[Any] | None = None

    @contextmanager
    def transaction(self) -> Iterator[IncidentTransaction]:
        """Open a transaction: committed when the block ends, rolled back when it raises.

        Raises
        ------
        StoreError
            Something failed in the block or at its end.
        """
        with translated("working on incidents"):
            connection = self._connected()
            with connection.transaction(), connection.cursor() as cursor:
                yield IncidentTransaction(cursor)

    def wait(self, timeout_s: float) -> bool:
        """Wait until alerts have changed, or for ``timeout_s``; return whether it was told of a change.

        Changes before the first wait of a connection are not told of.
        """
        with translated("waiting for alerts"):
            connection = self._connected()
            if self._listening is not connection:
                connection.execute(f"LISTEN {CHANNEL}".encode())
                self._listening = connection
            return notified(connection, timeout_s)

    def close(self) -> None:
        """Close the connection; the store can be used again."""
        if self._connection is not None:
            self._connection.close()
            self._connection = self._listening = None

    def _connected(self) -> psycopg.Connection[Any]:
        self._connection = usable(self._connection)
        if self._connection is None:
            self._connection = connect(
                self._conninfo, "quantrac incidents", autocommit=True, session=_SESSION, answer_s=ANSWER_S
            )
        return self._connection

"""Proposals to change the catalogue, and what an approved one writes; within the page's transactions."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple

import psycopg
from psycopg.types.json import Jsonb

from quantrac.domain.limits import EffectiveLimit, LimitSet
from quantrac.domain.stations import Registry, Station
from quantrac.registry import registry_sha256
from sql import catalogue
from sql.limit_changes import changed_days
from sql.statements import statement

Cursor = psycopg.Cursor[Any]
Limits = Sequence[EffectiveLimit]
_dumps = partial(json.dumps, default=str, ensure_ascii=False)


class ProposalRow(NamedTuple):
    """A proposal as it is kept."""

    id: int
    kind: str
    document: str
    note: str
    proposed_by: str
    proposed_at: datetime
    mark: str
    state: str
    decided_by: str | None
    decided_at: datetime | None


class Changes(NamedTuple):
    """What an approved proposal changes."""

    stations: Sequence[Station]
    limit_sets: Sequence[LimitSet]
    rules: Sequence[catalogue.RuleDocument]


def listed(cursor: Cursor) -> list[ProposalRow]:
    """Return proposals, those that wait first."""
    return [ProposalRow(*row) for row in cursor.execute(statement("list_proposals"), {"id": None})]


def found(cursor: Cursor, proposal_id: int) -> ProposalRow | None:
    """Return one; ``None`` when there is no such."""
    row = cursor.execute(statement("list_proposals"), {"id": proposal_id}).fetchone()
    return None if row is None else ProposalRow(*row)


def mark(cursor: Cursor) -> str:
    """Return the mark of the catalogue as it stands."""
    return str(_one(cursor.execute(statement("catalogue_mark"))))


def propose(cursor: Cursor, kind: str, document: str, note: str) -> int:
    """Keep a proposal in the acting account's name and return its number."""
    row = {"kind": kind, "document": document, "note": note}
    return int(_one(cursor.execute(statement("propose"), row)))


def may_decide(cursor: Cursor, proposal_id: int, state: str) -> str:
    """Return whether the acting account may decide it now; the catalogue stands still until the COMMIT."""
    return str(_one(cursor.execute(statement("may_decide"), {"id": proposal_id, "state": state})))


def decide(cursor: Cursor, proposal_id: int, state: str) -> str:
    """Refuse or withdraw a proposal; return what became of it."""
    row = {"id": proposal_id, "state": state, "tables": None}
    return str(_one(cursor.execute(statement("decide_proposal"), row)))


def approve(cursor: Cursor, proposal_id: int, changes: Changes, registry: Registry, limits: Limits) -> str:
    """Approve a proposal and write what it changes, as an import does; return what became of it.

    Parameters
    ----------
    registry, limits
        The stations, and what limits every sensor, as they are afterwards.
    """
    days = changed_days(catalogue.stored_effective_limits(cursor), limits)
    tables = {
        "stations": [catalogue.station_row(s) for s in changes.stations],
        "sensors": [row for s in changes.stations for row in catalogue.sensor_rows(s)],
        "limit_sets": [catalogue.limit_set_row(s) for s in changes.limit_sets],
        "limit_values": [row for s in changes.limit_sets for row in catalogue.limit_value_rows(s)],
        "alert_rules": [asdict(rule) for rule in changes.rules],
        "effective_limits": [catalogue.effective_limit_row(row) for row in limits],
        "rejudged": [asdict(day) for day in days],
        "sha256": registry_sha256(registry),
    }
    row = {"id": proposal_id, "state": "approved", "tables": Jsonb(tables, dumps=_dumps)}
    return str(_one(cursor.execute(statement("decide_proposal"), row)))


def _one(cursor: Cursor) -> Any:
    row = cursor.fetchone()
    return None if row is None else row[0]

"""What messages say beside their alerts, read and noted in the transaction that writes them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

import psycopg

from quantrac.domain.alerts import Assessment
from quantrac.domain.briefing import Briefing, DayClock, Finding, Place
from quantrac.domain.limits import Limit
from quantrac.domain.stations import StationKind
from quantrac.domain.words import Bilingual
from sql.statements import statement


def load(cursor: psycopg.Cursor[Any], alerts: Collection[int], stations: Collection[str], now: datetime) -> Briefing:
    """Return what is known of some alerts and stations."""
    findings = cursor.execute(statement("briefing_findings"), {"alerts": list(alerts)}).fetchall()
    places = cursor.execute(statement("briefing_places"), {"stations": list(stations)}).fetchall()
    return Briefing(
        {row[0]: _finding(row) for row in findings},
        {code: Place(code, vi, en, StationKind(kind), *rest) for code, vi, en, kind, *rest in places},
        clocks(cursor, stations, now),
    )


def clocks(cursor: psycopg.Cursor[Any], stations: Collection[str], now: datetime) -> tuple[DayClock, ...]:
    """Return where the day of each sensor of some stations leads."""
    arguments = {"stations": list(stations), "now": now}
    return tuple(DayClock(*row) for row in cursor.execute(statement("briefing_clocks"), arguments))


def note_paged(cursor: psycopg.Cursor[Any], pages: Mapping[int, Assessment], now: datetime) -> None:
    """Note what messages say alerts probably are, by alert; what was told first stays."""
    rows = [
        {"alert": alert, "now": now, "triage": found.cls, "triage_probability": found.probability}
        for alert, found in pages.items()
    ]
    cursor.executemany(statement("note_paged_assessment"), rows)


def _finding(row: Sequence[Any]) -> Finding:
    alert_id, unit, peak, newest, newest_at, parameter, minimum, maximum, source, of_mean, *triage = row
    *triage, paged_at, paged_triage, paged_probability = triage
    limited = minimum is not None or maximum is not None
    limit = Limit(parameter, unit, minimum, maximum, source or "") if limited else None
    return Finding(
        alert_id, unit, peak, newest, newest_at, limit, of_mean, _assessment(*triage), paged_at,
        _assessment(paged_triage, paged_probability),
    )  # fmt: skip


def _assessment(
    cls: str | None,
    probability: float | None,
    reasons_vi: Sequence[str] | None = None,
    reasons_en: Sequence[str] | None = None,
) -> Assessment | None:
    if cls is None or probability is None:
        return None
    reasons = (Bilingual(vi, en) for vi, en in zip(reasons_vi or (), reasons_en or (), strict=True))
    return Assessment(cls, probability, tuple(reasons))

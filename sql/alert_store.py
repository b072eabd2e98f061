"""Alerts and the outbox, as the worker writes them in the transaction of the readings that caused them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import psycopg

from quantrac.domain.alerts import (
    AlertKey,
    AlertKind,
    Assessment,
    OpenAlert,
    Reassessment,
    Severity,
    Transition,
    TransitionKind,
)
from quantrac.domain.notifications import Notification, Summary
from quantrac.domain.words import Bilingual
from sql import briefings
from sql.notification_rows import notification_row
from sql.statements import statement
from sql.storable import storable

SLICES = 12
_STATEMENT_OF = {
    TransitionKind.OPENED: "alert_opened",
    TransitionKind.ESCALATED: "alert_escalated",
    TransitionKind.RESOLVED: "alert_resolved",
}


class Applied(NamedTuple):
    """What a transition became in the table."""

    alert_id: int
    transition_id: int
    page: bool
    """Whether officers are to be paged: of a beginning once, of an end only where they were of the beginning."""


class AlertStore:
    """Alerts and their notifications, in an open transaction."""

    def __init__(self, cursor: psycopg.Cursor[Any]) -> None:
        self._cursor = cursor

    def apply(self, transition: Transition) -> Applied | None:
        """Open, escalate or resolve an alert, and return what it became in the table.

        ``None`` when nothing changed: nothing is open that could escalate or end, or the open alert has reached that
        step already and has paged if the step does. An opening of what is open already counts as an escalation.
        """
        applied = self._apply(transition, transition.kind)
        if applied is None and transition.kind is TransitionKind.OPENED:
            return self._apply(transition, TransitionKind.ESCALATED)
        return applied

    def _apply(self, transition: Transition, kind: TransitionKind) -> Applied | None:
        limit = transition.limit
        arguments = {
            **_key(transition.key),
            "kind": kind.value,
            "alert_kind": transition.alert_kind.value,
            "severity": transition.severity.value,
            "level": transition.level,
            "reason": transition.reason,
            "observed_at": transition.observed_at,
            "since": transition.since,
            "value": transition.value,
            "peak": transition.peak,
            "limit_minimum": None if limit is None else limit.minimum,
            "limit_maximum": None if limit is None else limit.maximum,
            "limit_source": None if limit is None else limit.source,
            **_explanation(transition.explanation),
            **_assessment(transition.assessment),
            "page": transition.page,
        }
        row = self._cursor.execute(statement(_STATEMENT_OF[kind]), arguments).fetchone()
        return None if row is None else Applied(*row)

    def update_peak(self, key: AlertKey, value: float) -> None:
        """Write the worst value of the open alert of ``key``, if there is one."""
        self._cursor.execute(statement("update_peak"), {**_key(key), "value": value})

    def reassess(self, found: Reassessment) -> None:
        """Write what the model now makes of the open alert of a key, if there is one."""
        stays: dict[str, object] = {"explanation_vi": None, "explanation_en": None}
        said = stays if found.explanation is None else _explanation(found.explanation)
        arguments = {**_key(found.key), **said, **_assessment(found.assessment)}
        self._cursor.execute(statement("reassess_alert"), arguments)

    def note_paged(self, alert_id: int, paged_as: Assessment, now: datetime) -> None:
        """Note what a message says an alert probably is; what was told first stays."""
        briefings.note_paged(self._cursor, {alert_id: paged_as}, now)

    def open_alerts(self, stations: Collection[str] | None = None) -> list[OpenAlert]:
        """Return the open alerts of some stations, or of all."""
        arguments = {"stations": None if stations is None else list(stations)}
        return [_open_alert(row) for row in self._cursor.execute(statement("open_alerts"), arguments)]

    def stations_with(self, rule: str) -> list[str]:
        """Return the stations with an open alert of a rule."""
        return [station for (station,) in self._cursor.execute(statement("open_floods"), {"rule": rule})]

    def open_keys(self, station: str) -> list[AlertKey]:
        """Return the keys of a station's open alerts."""
        return [alert.key for alert in self.open_alerts([station])]

    def neighbours(self, stations: Collection[str], now: datetime) -> dict[str, tuple[int, int]]:
        """Return how many other stations of each one's park report, and how many of them have an open anomaly.

        An anomaly that the model takes for a fault, maintenance or the like of that station says nothing of the water.
        """
        self._cursor.execute(statement("neighbours"), {"stations": list(stations), "now": now})
        return {station: (reporting, alarmed) for station, reporting, alarmed in self._cursor}

    def last_hour(self, station: str, parameter: str, at: datetime) -> Summary:
        """Return what one sensor's readings in (at - 1 h, at] looked like; the mean is over the usable ones."""
        self._cursor.execute(statement("last_hour"), {"station": station, "parameter": parameter, "at": at})
        points: list[float | None] = [None] * SLICES
        count = usable = 0
        total, lows, highs = 0.0, [], []
        for position, readings, good, low, high, good_sum in self._cursor:
            count += readings
            if good:
                usable += good
                total += good_sum
                points[position] = good_sum / good
                lows.append(low)
                highs.append(high)
        mean = total / usable if usable else None
        minimum, maximum = min(lows, default=None), max(highs, default=None)
        return Summary(at - timedelta(hours=1), at, count, usable, minimum, mean, maximum, tuple(points))

    def enqueue(
        self, alert_id: int, transition_id: int, notifications: Sequence[Notification], now: datetime | None = None
    ) -> None:
        """Put notifications into the outbox; one whose ``message_id`` is there already is left as it is.

        Without ``now`` the database's own clock says when they were written.
        """
        self._cursor.executemany(
            statement("enqueue"),
            [
                {
                    "alert_id": alert_id,
                    "transition_id": transition_id,
                    **notification_row(n),
                    "now": now,
                }
                for n in notifications
            ],
        )


def _explanation(explanation: Bilingual) -> dict[str, str]:
    return {"explanation_vi": storable(explanation.vi), "explanation_en": storable(explanation.en)}


def _assessment(assessment: Assessment | None) -> dict[str, object]:
    """Return the columns of an assessment; all of them are NULL where no model could tell."""
    if assessment is None:
        return dict.fromkeys(("triage", "triage_probability", "triage_reasons_vi", "triage_reasons_en"))
    return {
        "triage": assessment.cls,
        "triage_probability": assessment.probability,
        "triage_reasons_vi": [storable(reason.vi) for reason in assessment.reasons],
        "triage_reasons_en": [storable(reason.en) for reason in assessment.reasons],
    }


def _key(key: AlertKey) -> dict[str, str]:
    return {"station": key.station, "parameter": key.parameter, "rule": key.rule}


def _open_alert(row: tuple[Any, ...]) -> OpenAlert:
    station, parameter, rule, kind, severity, level, page, since, opened_at, peak, seen_at = row
    key = AlertKey(station, parameter, rule)
    return OpenAlert(key, AlertKind(kind), Severity(severity), level, page, since, opened_at, peak, seen_at)

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import psycopg

from quantrac.domain.alerts import AlertKey, AlertKind, Severity, Transition, TransitionKind
from quantrac.domain.limits import Limit
from quantrac.domain.words import Bilingual
from quantrac.endpoints import DatabaseEndpoint
from sql.fresh_start import forget
from sql.reports import Reports
from sql.worker_store import WorkerStore

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
OPENED = Transition(
    AlertKey("A", "COD", "anomaly"), TransitionKind.OPENED, AlertKind.ANOMALY, Severity.HIGH, "held", NOW,
    NOW - timedelta(minutes=1), 80.0, Limit("COD", "mg/L", None, 75.0, "QCVN"), Bilingual("Vì", "Because"),
)  # fmt: skip


def test_memory_goes_and_alerts_of_readings_end_while_others_stay(
    store: WorkerStore, database: DatabaseEndpoint
) -> None:
    keys = [AlertKey("A", "COD", rule) for rule in ("anomaly", "limit", "fault", "day_mean")] + [
        AlertKey("A", "", "offline"),
        AlertKey("A", "", "revisions"),
        AlertKey("B", "COD", "anomaly"),
    ]
    with store.transaction() as tx:
        for key in keys:
            tx.alerts.apply(replace(OPENED, key=key))
        tx.states.save({"A": b"a", "B": b"b"}, NOW)
        tx.states.save_bases({"A": b"a", "B": b"b"}, NOW)
    forget(database.owner, {"A"}, NOW + timedelta(minutes=5))
    with Reports(database.reader) as reports:
        assert {(a.station, a.rule) for a in reports.alerts()} == {
            ("A", "day_mean"),
            ("A", "offline"),
            ("A", "revisions"),
            ("B", "anomaly"),
        }
        ended = {a.resolved_at for a in reports.alerts(only_open=False) if a.resolved_at is not None}
    assert ended == {NOW + timedelta(minutes=5)}
    with psycopg.connect(database.owner) as connection:
        for table in ("station_states", "model_states"):
            assert connection.execute(f"SELECT station FROM {table}").fetchall() == [("B",)]  # type: ignore[call-overload]

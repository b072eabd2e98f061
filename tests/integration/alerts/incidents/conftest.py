"""Steps of incidents on a real database, with alerts that workers commit and an on-call plan of three people."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from alerts.incidents.step import IncidentStep, StepOptions
from alerts.oncall.document import parse
from alerts.oncall.writing import documents
from quantrac.clock import ManualClock
from quantrac.domain.alerts import AlertKey, AlertKind, Severity, Transition, TransitionKind
from quantrac.domain.limits import Limit
from quantrac.domain.notifications import Channel
from quantrac.domain.words import Bilingual
from quantrac.endpoints import DatabaseEndpoint
from sql.incident_store import IncidentStore
from sql.oncall_store import OnCallStore
from sql.worker_store import WorkerStore

MINUTE = timedelta(minutes=1)
PLAN = """
[[person]]
code = "an"
name = "Nguyễn Văn An"
[[person.channel]]
kind = "email"
address = "an@so.vn"
[[person.channel]]
kind = "sms"
address = "sms-an"
delay_min = 5

[[person]]
code = "binh"
name = "Trần Thị Bình"
role = "head"
[[person.channel]]
kind = "email"
address = "binh@so.vn"

[[person]]
code = "chi"
name = "Lê Chi"
[[person.channel]]
kind = "email"
address = "chi@so.vn"

[[rota]]
code = "truc-ban"
title = "Trực ban"
[[rota.layer]]
members = ["an"]
first_turn = 2020-01-06
hand_over = "07:00"

[[policy]]
code = "water"
severities = ["warning", "high", "critical"]
[[policy.step]]
targets = ["rota:truc-ban"]
wait_min = 10
[[policy.step]]
targets = ["person:chi-has-left"]
[[policy.step]]
targets = ["person:binh"]
wait_min = 10
"""


@dataclass
class Centre:
    """What a worker, the step and an officer do, and what is in the outbox."""

    database: DatabaseEndpoint
    clock: ManualClock
    store: IncidentStore
    worker: WorkerStore
    step: IncidentStep

    def transition(
        self,
        station: str,
        parameter: str = "COD",
        kind: TransitionKind = TransitionKind.OPENED,
        *,
        alert_kind: AlertKind = AlertKind.LIMIT,
        severity: Severity = Severity.HIGH,
        page: bool = True,
    ) -> Transition:
        at = self.clock.now()
        return Transition(
            AlertKey(station, parameter, alert_kind.value), kind, alert_kind, severity, "held", at, at - 5 * MINUTE,
            120.0, Limit("COD", "mg/L", None, 90.0, "QCVN"), Bilingual("COD vượt giới hạn", "COD over its limit"), page,
        )  # fmt: skip

    def happens(self, *transitions: Transition) -> None:
        with self.worker.transaction() as t:
            for transition in transitions:
                t.alerts.apply(transition)

    def outbox(self, *columns: str) -> list[tuple[object, ...]]:
        names = ", ".join(columns or ("recipient", "notice"))
        with psycopg.connect(self.database.writer) as connection:
            return connection.execute(f"SELECT {names} FROM outbox ORDER BY id".encode()).fetchall()

    def later(self, minutes: float) -> None:
        self.clock.advance(minutes * MINUTE)
        self.step.once()

    def sql(self, statement: str, *arguments: object) -> list[tuple[object, ...]]:
        with psycopg.connect(self.database.owner, autocommit=True) as connection:
            cursor = connection.execute(statement.encode(), arguments)
            return cursor.fetchall() if cursor.description else []


@pytest.fixture
def empty_centre(database: DatabaseEndpoint) -> Iterator[Centre]:
    """Nobody is on call: the common recipients are told."""
    clock = ManualClock(datetime.now(UTC))
    store, worker = IncidentStore(database.notifier), WorkerStore(database.writer)
    options = StepOptions(common=((Channel.EMAIL, "truc-ban@so.vn"),))
    yield Centre(database, clock, store, worker, IncidentStep(store, options, clock))
    store.close()
    worker.close()


@pytest.fixture
def centre(empty_centre: Centre) -> Centre:
    """Three people with verified channels, a rota and a policy; no week ends."""
    OnCallStore(empty_centre.database.desk).replace(documents(parse(PLAN, "plan.toml")), empty_centre.clock.now())
    empty_centre.sql("UPDATE contact_channels SET verified_at = now()")
    empty_centre.sql("UPDATE incident_progress SET summarised_at = %s", empty_centre.clock.now() + timedelta(days=30))
    return empty_centre


@pytest.fixture
def another_step(centre: Centre) -> Iterator[Callable[..., IncidentStep]]:
    """A second process, on a machine of a clock of its own if one is given, or the same after a restart."""
    stores: list[IncidentStore] = []

    def make(clock: ManualClock | None = None) -> IncidentStep:
        stores.append(IncidentStore(centre.database.notifier))
        return IncidentStep(stores[-1], StepOptions(common=((Channel.EMAIL, "truc-ban@so.vn"),)), clock or centre.clock)

    yield make
    for store in stores:
        store.close()

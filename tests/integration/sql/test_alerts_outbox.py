from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread

import psycopg
import pytest

from quantrac.domain.alerts import AlertKey, AlertKind, Assessment, Reassessment, Severity, Transition, TransitionKind
from quantrac.domain.limits import Limit
from quantrac.domain.notifications import Channel, Notification, PendingNotification
from quantrac.domain.words import Bilingual
from quantrac.endpoints import DatabaseEndpoint
from sql.outbox_store import OutboxStore
from sql.reports import Reports
from sql.worker_store import WorkerStore

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
KEY = AlertKey("S1", "COD", "cod-hour")
OPENED = Transition(
    KEY, TransitionKind.OPENED, AlertKind.LIMIT, Severity.WARNING, "PENDING_OVER", NOW, NOW - MINUTE, 80.0,
    Limit("COD", "mg/L", None, 75.0, "QCVN 40:2011/BTNMT, cột A"), Bilingual("Vượt", "Over"),
)  # fmt: skip


def _step(kind: TransitionKind, severity: Severity, at: datetime) -> Transition:
    return replace(OPENED, kind=kind, severity=severity, observed_at=at)


def _notification(number: int) -> Notification:
    return Notification(f"<{number}@quantrac>", Channel.EMAIL, "a@b", "Chủ đề", "Nội dung", "<p>")


@pytest.fixture
def outbox(database: DatabaseEndpoint) -> Iterator[OutboxStore]:
    outbox_store = OutboxStore(database.writer)
    yield outbox_store
    outbox_store.close()


@pytest.fixture
def enqueue(store: WorkerStore) -> Callable[..., None]:
    """Open the alert when it is not open, and enqueue notifications by number."""

    def run(*numbers: int) -> None:
        with store.transaction() as transaction:
            transaction.alerts.apply(OPENED)
            transaction.alerts.enqueue(1, 1, [_notification(n) for n in numbers])

    return run


def test_the_life_of_an_alert(store: WorkerStore, database: DatabaseEndpoint) -> None:
    escalated = _step(TransitionKind.ESCALATED, Severity.CRITICAL, NOW + MINUTE)
    resolved = _step(TransitionKind.RESOLVED, Severity.CRITICAL, NOW + 2 * MINUTE)
    with store.transaction() as t:
        assert t.alerts.apply(escalated) is None
        assert t.alerts.apply(resolved) is None
        alert_id, _ = t.alerts.apply(OPENED) or (0, 0)
        assert t.alerts.apply(OPENED) is None
        assert t.alerts.open_keys("S1") == [KEY]
        for value in (90.0, 85.0):
            t.alerts.update_peak(KEY, value)
        assert t.alerts.apply(replace(escalated, severity=Severity.WARNING)) is None
        assert (t.alerts.apply(escalated) or (0, 0))[0] == alert_id
        assert t.alerts.apply(escalated) is None
        assert (t.alerts.apply(resolved) or (0, 0))[0] == alert_id
        assert t.alerts.apply(resolved) is None
        assert t.alerts.open_keys("S1") == []
        second, _ = t.alerts.apply(replace(OPENED, observed_at=NOW + 3 * MINUTE)) or (0, 0)
        assert second != alert_id
    with Reports(database.reader) as reports:
        new, old = reports.alerts(only_open=False)
        assert reports.alerts() == [new]
    assert (old.severity, old.peak_value, old.value) == ("critical", 90.0, 80.0)
    assert (old.opened_at, old.since, old.resolved_at) == (NOW, NOW - MINUTE, NOW + 2 * MINUTE)
    assert (old.limit_maximum, old.limit_source, old.explanation_vi) == (75.0, "QCVN 40:2011/BTNMT, cột A", "Vượt")


def test_an_assessment_stands_beside_the_explanation(store: WorkerStore, database: DatabaseEndpoint) -> None:
    doubt = Assessment("unknown", 0.25)
    sure = Assessment("pollution", 0.5, (Bilingual("COD; NH4\0 cùng tăng", "COD; NH4 rose"), Bilingual("dần", "slowly")))
    kept = replace(sure, reasons=(Bilingual("COD; NH4\ufffd cùng tăng", "COD; NH4 rose"), Bilingual("dần", "slowly")))
    fault = Assessment("fault", 0.75, (Bilingual("đứng yên", "frozen"),))

    def stored() -> tuple[str, str, Assessment | None]:
        with Reports(database.reader) as reports:
            (line,) = reports.alerts()
            assert reports.alert(line.id) == line
        return line.explanation_vi, line.severity, line.assessment

    def apply(kind: TransitionKind, severity: Severity, assessment: Assessment | None) -> None:
        with store.transaction() as t:
            assert t.alerts.apply(replace(_step(kind, severity, NOW), assessment=assessment)) is not None

    apply(TransitionKind.OPENED, Severity.WARNING, doubt)
    assert stored() == ("Vượt", "warning", doubt)
    apply(TransitionKind.ESCALATED, Severity.HIGH, sure)
    assert stored() == ("Vượt", "high", kept)
    with store.transaction() as t:
        t.alerts.reassess(Reassessment(KEY, fault, Bilingual("Còn vượt", "Still over")))
    assert stored() == ("Còn vượt", "high", fault)
    with store.transaction() as t:
        later = _step(TransitionKind.ESCALATED, Severity.CRITICAL, NOW + MINUTE)
        assert t.alerts.apply(later) is not None
    assert stored() == ("Vượt", "critical", fault)  # who cannot tell does not take back what was told apart before


def test_the_peak_below_a_minimum_is_the_lowest_value(store: WorkerStore, database: DatabaseEndpoint) -> None:
    key = AlertKey("S1", "pH", "ph")
    with store.transaction() as t:
        t.alerts.apply(replace(OPENED, key=key, value=5.0, limit=Limit("pH", "", 6.0, 9.0, "")))
        for value in (4.0, 4.5, 5.5):
            t.alerts.update_peak(key, value)
    with Reports(database.reader) as reports:
        assert [a.peak_value for a in reports.alerts()] == [4.0]


def test_one_open_alert_per_key_for_two_connections(database: DatabaseEndpoint) -> None:
    barrier, opened = Barrier(2), []

    def run(offset: int) -> None:
        own = WorkerStore(database.writer)
        for i in range(20):
            barrier.wait()
            with own.transaction() as t:
                key = AlertKey("S1", f"P{i}", "r")
                opened.append(t.alerts.apply(replace(OPENED, key=key, observed_at=NOW + offset * SECOND)))
        own.close()

    threads = [Thread(target=run, args=(i,)) for i in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(ids is not None for ids in opened) == 20
    with psycopg.connect(database.reader) as connection:
        assert connection.execute("SELECT count(*) FROM alerts").fetchone() == (20,)
        assert connection.execute("SELECT count(*) FROM alert_transitions").fetchone() == (20,)


def test_the_database_itself_refuses_a_second_open_alert(database: DatabaseEndpoint) -> None:
    insert = (
        "INSERT INTO alerts (station, rule, kind, severity, opened_at, since) "
        "VALUES ('S1', 'r', 'offline', 'high', now(), now())"
    )
    with psycopg.connect(database.writer) as connection:
        connection.execute(insert)
        with pytest.raises(psycopg.errors.UniqueViolation, match="alerts_one_open"):
            connection.execute(insert)


def test_a_message_id_is_enqueued_once(outbox: OutboxStore, enqueue: Callable[..., None]) -> None:
    enqueue(1, 1)
    enqueue(1, 2)
    enqueue()
    taken = outbox.take(10, NOW, 30)
    assert [p.notification for p in taken] == [_notification(1), _notification(2)]
    assert all(isinstance(p, PendingNotification) and p.attempts == 0 for p in taken)


def test_a_lease_runs_out(outbox: OutboxStore, enqueue: Callable[..., None], database: DatabaseEndpoint) -> None:
    enqueue(1, 2, 3)
    other = OutboxStore(database.writer)
    assert [p.notification for p in outbox.take(2, NOW, 30)] == [_notification(1), _notification(2)]
    assert [p.notification for p in other.take(9, NOW, 30)] == [_notification(3)]
    assert other.take(9, NOW + 29 * SECOND, 30) == []
    assert len(other.take(9, NOW + 30 * SECOND, 30)) == 3
    other.close()


def test_failures_are_tried_again_until_given_up(outbox: OutboxStore, enqueue: Callable[..., None]) -> None:
    enqueue(1)
    (pending,) = outbox.take(1, NOW, 30)
    outbox.failed(pending.id, NOW, "450 later\0", NOW + MINUTE)
    assert outbox.take(1, NOW + 59 * SECOND, 30) == []
    (again,) = outbox.take(1, NOW + MINUTE, 30)
    assert (again.id, again.attempts) == (pending.id, 1)
    outbox.failed(pending.id, NOW, "550 never", None)
    assert outbox.take(1, NOW + timedelta(days=9), 30) == []


def test_delivered_is_final(outbox: OutboxStore, enqueue: Callable[..., None], database: DatabaseEndpoint) -> None:
    enqueue(1)
    (pending,) = outbox.take(1, NOW, 30)
    outbox.delivered(pending.id, NOW + SECOND)
    outbox.failed(pending.id, NOW, "too late", NOW)
    assert outbox.take(1, NOW + timedelta(days=9), 30) == []
    with Reports(database.reader) as reports:
        (line,) = reports.deliveries()
    assert (line.sent_at, line.attempts, line.last_error) == (NOW + SECOND, 1, None)


def test_waiting_ends_when_something_is_enqueued(outbox: OutboxStore, enqueue: Callable[..., None]) -> None:
    assert outbox.take(1, NOW, 30) == []
    assert outbox.wait(0.05) is False
    enqueue(1)
    assert outbox.wait(20) is True
    enqueue(2)
    outbox.take(1, NOW, 30)  # what is told during another call is not missed
    assert outbox.wait(20) is True

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
    return Notification(f"<{number}@quantrac>", Channel.EMAIL, f"a{number}@b", "Chủ đề", "Nội dung", "<p>")


@pytest.fixture
def outbox(database: DatabaseEndpoint) -> Iterator[OutboxStore]:
    outbox_store = OutboxStore(database.notifier)
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
        alert_id, _, _ = t.alerts.apply(OPENED) or (0, 0, False)
        assert t.alerts.apply(OPENED) is None
        assert t.alerts.open_keys("S1") == [KEY]
        t.alerts.update_peak(KEY, 90.0)
        assert t.alerts.apply(replace(escalated, severity=Severity.WARNING)) is None
        assert (t.alerts.apply(escalated) or (0,))[0] == alert_id
        assert t.alerts.apply(escalated) is None
        assert (t.alerts.apply(resolved) or (0,))[0] == alert_id
        assert t.alerts.apply(resolved) is None
        assert t.alerts.open_keys("S1") == []
        second, _, _ = t.alerts.apply(replace(OPENED, observed_at=NOW + 3 * MINUTE)) or (0, 0, False)
        assert second != alert_id
    with Reports(database.reader) as reports:
        new, old = reports.alerts(only_open=False)
        assert reports.alerts() == [new]
    assert (old.severity, old.peak_value, old.value) == ("critical", 90.0, 80.0)
    assert (old.opened_at, old.since, old.resolved_at) == (NOW, NOW - MINUTE, NOW + 2 * MINUTE)
    assert (old.limit_maximum, old.limit_source, old.explanation_vi) == (75.0, "QCVN 40:2011/BTNMT, cột A", "Vượt")


def test_an_assessment_stands_beside_the_explanation(store: WorkerStore, database: DatabaseEndpoint) -> None:
    doubt = Assessment("unknown", 0.25)
    sure = Assessment(
        "pollution", 0.5, (Bilingual("COD; NH4\0 cùng tăng", "COD; NH4 rose"), Bilingual("dần", "slowly"))
    )
    kept = replace(sure, reasons=(Bilingual("COD; NH4\ufffd cùng tăng", "COD; NH4 rose"), sure.reasons[1]))
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
        t.alerts.reassess(Reassessment(KEY, sure))
    assert stored() == ("Còn vượt", "high", kept)
    with store.transaction() as t:
        t.alerts.reassess(Reassessment(KEY, fault))
    with store.transaction() as t:
        later = _step(TransitionKind.ESCALATED, Severity.CRITICAL, NOW + MINUTE)
        assert t.alerts.apply(later) is not None
    assert stored() == ("Vượt", "critical", fault)  # who cannot tell does not take back what was told apart before


def test_14_the_worst_value_below_a_minimum_is_the_one_that_the_engine_found(
    store: WorkerStore, database: DatabaseEndpoint
) -> None:
    # DO 5.8 (still above its minimum of 5), then 5.5, then the end with 4.2 as the worst
    key = AlertKey("S1", "DO", "anomaly")
    with store.transaction() as t:
        t.alerts.apply(replace(OPENED, key=key, value=5.8, peak=5.7, limit=Limit("DO", "mg/L", 5.0, None, "")))
        assert [a.peak for a in t.alerts.open_alerts(["S1"])] == [5.7]
        t.alerts.update_peak(key, 5.5)
        assert [a.peak for a in t.alerts.open_alerts(["S1"])] == [5.5]
        t.alerts.apply(replace(_step(TransitionKind.RESOLVED, Severity.HIGH, NOW + MINUTE), key=key, peak=4.2))
    with Reports(database.reader) as reports:
        assert [a.peak_value for a in reports.alerts(only_open=False)] == [4.2]


def test_5_a_paging_step_of_equal_severity_pages(store: WorkerStore) -> None:
    # step   1 (high, silent)   2 (high, pages)   2 again     3 (high, pages: of an incident that has paged)
    steps = [
        replace(OPENED, severity=Severity.HIGH, page=False, level=1),
        *(
            replace(_step(TransitionKind.ESCALATED, Severity.HIGH, NOW + n * MINUTE), page=True, level=level)
            for n, level in ((1, 2), (2, 2), (3, 3))
        ),
        replace(_step(TransitionKind.RESOLVED, Severity.HIGH, NOW + 4 * MINUTE), page=False),
    ]
    with store.transaction() as t:
        pages = [None if (applied := t.alerts.apply(step)) is None else applied.page for step in steps]
    assert pages == [False, True, None, False, True]


def test_5_an_end_pages_only_those_who_were_paged_of_the_beginning(store: WorkerStore) -> None:
    with store.transaction() as t:
        t.alerts.apply(replace(OPENED, page=False))
        ended = t.alerts.apply(replace(_step(TransitionKind.RESOLVED, Severity.HIGH, NOW + MINUTE), page=True))
    assert ended is not None
    assert not ended.page


def test_r2_an_opening_of_what_is_open_already_pages_if_nothing_has(store: WorkerStore) -> None:
    with store.transaction() as t:
        first = t.alerts.apply(replace(OPENED, page=False, level=1))
        again = t.alerts.apply(replace(OPENED, page=True, level=2, observed_at=NOW + MINUTE))
        (alert,) = t.alerts.open_alerts(["S1"])
    assert first is not None
    assert again is not None
    assert (again.alert_id, again.page) == (first.alert_id, True)
    assert (alert.level, alert.paged) == (2, True)


@pytest.fixture
def opened_and_resolved(store: WorkerStore) -> None:
    """The beginning and the end of one alert to two officers, and the beginning of another alert to the first."""
    with store.transaction() as t:
        for rule in ("one", "two"):
            t.alerts.apply(replace(OPENED, key=AlertKey("S1", "COD", rule)))
        of = [(1, 1, "<1@q>", "a@b"), (1, 1, "<2@q>", "c@d"), (1, 2, "<3@q>", "a@b"), (2, 2, "<4@q>", "a@b")]
        for alert, transition, message_id, who in of:
            t.alerts.enqueue(alert, transition, [Notification(message_id, Channel.EMAIL, who, "s", "t")])


def _ids(taken: list[PendingNotification]) -> list[str]:
    return [p.notification.message_id for p in taken]


@pytest.mark.usefixtures("opened_and_resolved")
@pytest.mark.parametrize("given_up", [False, True])
def test_5_the_end_of_an_alert_never_overtakes_its_beginning(
    outbox: OutboxStore, database: DatabaseEndpoint, given_up: bool
) -> None:
    # <1> beginning to a@b    fails, is tried again in a minute    waits        sent or given up
    # <3> end to a@b          .                                    waits too    due
    first = outbox.take(9, NOW, 30)
    assert _ids(first) == ["<1@q>", "<2@q>", "<4@q>"]
    other = OutboxStore(database.notifier)
    assert _ids(other.take(9, NOW + SECOND, 30)) == []  # while the first is under way
    outbox.failed(first[0].id, NOW, "451 later", NOW + MINUTE)
    for pending in first[1:]:
        outbox.delivered(pending.id, NOW, "250 ok")
    assert _ids(other.take(9, NOW + 40 * SECOND, 30)) == []
    (again,) = other.take(9, NOW + MINUTE, 30)
    if given_up:
        other.failed(again.id, NOW + MINUTE, "550 5.1.1 no such user", None)
    else:
        other.delivered(again.id, NOW + MINUTE, "250 ok")
    assert _ids(outbox.take(9, NOW + MINUTE, 30)) == ["<3@q>"]
    other.close()


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
    other = OutboxStore(database.notifier)
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
    outbox.delivered(pending.id, NOW + SECOND, "250 ok")
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

"""On the real database: what a worker loses of its memory, what is withdrawn, how much an officer is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from alerts.effective_limits import effective_limits
from alerts.rules import document, load_rules, packaged_rules
from quantrac.clock import ManualClock
from quantrac.domain.alerts import AlertKey, AlertKind, Severity, Transition, TransitionKind
from quantrac.domain.stations import Registry
from quantrac.endpoints import DatabaseEndpoint
from quantrac.registry import parse_registry, registry_sha256
from sql.catalogue import RuleDocument, import_limit_sets, import_registry, import_rules, load_limit_sets
from sql.reports import Reports
from sql.worker_store import WorkerStore
from streams.catalogue import RELOAD_AFTER
from streams.paging import BUDGET, Recipients, save_and_page, send_digests
from streams.processor import BatchProcessor
from streams.sweep import LISTEN_EVERY_S, Sweeper
from tests.integration.streams.conftest import NOW, REGISTRY, STATION

CADENCE = timedelta(minutes=5)
MakeProcessor = Callable[[], BatchProcessor]
MakeSweeper = Callable[[], Sweeper]
TO = Recipients(("truc-ban@example.vn", "truong-phong@example.vn"))


def feed(processor: BatchProcessor, records: Any, clock: ManualClock, *values: float) -> None:
    for value in values:
        processor.process([records.message({"COD": value})])
        clock.advance(CADENCE)


def outbox(database: DatabaseEndpoint) -> list[tuple[Any, ...]]:
    with psycopg.connect(database.owner) as connection:
        return connection.execute("SELECT recipient, subject, text FROM outbox ORDER BY id").fetchall()


@pytest.mark.parametrize("spoiling", ["DELETE FROM station_states", "UPDATE station_states SET snapshot = 'x'"])
def test_r2_a_lost_memory_neither_leaves_an_alert_open_nor_mutes_the_next(
    make_processor: MakeProcessor,
    records: Any,
    clock: ManualClock,
    reports: Reports,
    prepared: DatabaseEndpoint,
    spoiling: str,
) -> None:
    # COD       120 120 | memory lost, another worker | 120  50 50 50   120 120
    # told          opened                                      resolved    opened
    feed(make_processor(), records, clock, 120.0, 120.0)
    with psycopg.connect(prepared.owner) as connection:
        connection.execute(spoiling.encode())
    feed(make_processor(), records, clock, 120.0, 50.0, 50.0, 50.0)
    assert [a.rule for a in reports.alerts()] == []
    assert len(reports.deliveries()) == 2
    feed(make_processor(), records, clock, 120.0, 120.0)
    assert [a.rule for a in reports.alerts()] == ["limit"]
    assert len(reports.deliveries()) == 3


OPENED = Transition(
    AlertKey(STATION, "COD", "limit"), TransitionKind.OPENED, AlertKind.LIMIT, Severity.HIGH, "held", NOW,
    NOW - CADENCE, 120.0, None, level=3,
)  # fmt: skip


def change(database: DatabaseEndpoint, registry: Registry) -> None:
    import_registry(database.owner, registry, registry_sha256(registry), effective_limits)


def test_r5_a_limit_set_withdrawn_ends_what_rests_on_it_in_every_window(
    make_sweeper: MakeSweeper, clock: ManualClock, reports: Reports, prepared: DatabaseEndpoint
) -> None:
    station = parse_registry(REGISTRY, "test").stations[0]
    store = WorkerStore(prepared.writer)
    with store.transaction() as tx:
        for rule in ("limit", "hour_mean", "day_mean", "day_mean.retrospective"):
            tx.alerts.apply(replace(OPENED, key=AlertKey(STATION, "COD", rule)))
        tx.alerts.apply(replace(OPENED, key=AlertKey(STATION, "", "offline"), alert_kind=AlertKind.OFFLINE))
    store.close()
    sweeper = make_sweeper()
    sets = load_limit_sets(prepared.reader)
    ended = [replace(s, effective_to=(NOW - timedelta(days=3)).date()) for s in sets if s.code == station.limit_set]
    import_limit_sets(prepared.owner, ended, effective_limits)
    clock.advance(max(RELOAD_AFTER, timedelta(seconds=LISTEN_EVERY_S)) + timedelta(seconds=1))
    sweeper.sweep()
    assert [a.rule for a in reports.alerts()] == ["offline"]


@pytest.mark.parametrize("rule", ["limit", "anomaly", "fault", "hour_mean", "day_mean", "offline"])
@pytest.mark.parametrize("how", ["rule", "sensor"])
def test_r2_a_withdrawn_rule_or_sensor_ends_its_alert_without_another_reading(
    make_sweeper: MakeSweeper, clock: ManualClock, reports: Reports, prepared: DatabaseEndpoint, rule: str, how: str
) -> None:
    kind = {"anomaly": AlertKind.ANOMALY, "fault": AlertKind.FAULT, "offline": AlertKind.OFFLINE}.get(
        rule, AlertKind.LIMIT
    )
    key = AlertKey(STATION, "" if rule == "offline" else "COD", rule)
    store = WorkerStore(prepared.writer)
    with store.transaction() as tx:
        station = parse_registry(REGISTRY, "test").stations[0]
        save_and_page(tx, [(replace(OPENED, key=key, alert_kind=kind), station)], TO, clock.now())
    store.close()
    sweeper = make_sweeper()
    if how == "rule":
        first = next(r for r in load_rules([packaged_rules()]) if r.code == rule)
        off = replace(first, effective_from=(NOW - timedelta(days=3)).date(), enabled=False)
        import_rules(prepared.owner, [RuleDocument(off.code, off.effective_from, document(off))])
    else:
        change(prepared, parse_registry(REGISTRY.replace('parameter = "COD"', 'parameter = "NH4"'), "test"))
    clock.advance(max(RELOAD_AFTER, timedelta(seconds=LISTEN_EVERY_S)) + timedelta(seconds=1))
    sweeper.sweep()
    sweeper.sweep()
    stays = how == "sensor" and rule == "offline"
    assert [a.rule for a in reports.alerts() if a.rule == rule] == ([rule] if stays else [])
    assert len(reports.deliveries()) == (2 if stays else 3)  # the end once, to the one whom the worker knows
    if not stays:
        assert "kết thúc" in outbox(prepared)[-1][2].lower()


def test_3_six_hundred_messages_in_15_seconds_page_nobody(
    make_processor: MakeProcessor, records: Any, clock: ManualClock, reports: Reports
) -> None:
    # by threes bad and good, 25 ms apart: each three would be an alert of its own
    processor = make_processor()
    start = clock.now()
    batch = [
        records.message(
            {"COD": 120.0 + n / 1000 if n % 6 < 3 else 50.0 + n / 1000},
            at=start + n * timedelta(milliseconds=25),
            seq=n,
        )
        for n in range(600)
    ]
    clock.advance(timedelta(seconds=15))
    for first in range(0, 600, 100):
        processor.process(batch[first : first + 100])
    assert reports.alerts(only_open=False) == []
    assert reports.deliveries() == []


@pytest.fixture
def flapping(prepared: DatabaseEndpoint, clock: ManualClock) -> int:
    """Let one sensor's alert open and end a hundred times within 15 seconds; return how many messages it would be."""
    station = parse_registry(REGISTRY, "test").stations[0]
    store = WorkerStore(prepared.writer)
    for n in range(100):
        at = clock.now() + n * timedelta(milliseconds=150)
        opened = replace(OPENED, observed_at=at)
        ended = replace(OPENED, kind=TransitionKind.RESOLVED, observed_at=at + timedelta(milliseconds=75))
        with store.transaction() as tx:
            save_and_page(tx, [(opened, station), (ended, station)], TO, at)
    store.close()
    return 200


def test_3_a_budget_holds_messages_back_and_a_digest_tells_of_them(
    make_sweeper: MakeSweeper, clock: ManualClock, prepared: DatabaseEndpoint, flapping: int
) -> None:
    # messages to each of two officers    10 at once, 190 held back; after five minutes one digest; half an hour later
    # (one more alert was held back)      another
    for recipient in TO.addresses:
        assert sum(r == recipient for r, _, _ in outbox(prepared)) == BUDGET.messages
    sweeper = make_sweeper()

    def digests(after: timedelta) -> list[tuple[str, str, str]]:
        before = len(outbox(prepared))
        clock.advance(after)
        sweeper.sweep()
        return [row for row in outbox(prepared)[before:] if "TỔNG HỢP" in row[1]]

    assert digests(timedelta(minutes=4)) == []
    found = digests(timedelta(minutes=2))
    assert sorted(r for r, _, _ in found) == sorted(TO.addresses)
    held = flapping - BUDGET.messages
    assert all(f"[TỔNG HỢP] {held} tin của 95 cảnh báo" in subject for _, subject, _ in found)
    assert all(f"… +{held - 20} tin khác" in text for _, _, text in found)
    with psycopg.connect(prepared.owner) as connection:
        forms = [html or "" for (html,) in connection.execute("SELECT html FROM outbox ORDER BY id DESC LIMIT 2")]
    assert [f"… +{held - 20} tin khác" in html for html in forms] == [True, True]
    assert digests(timedelta(minutes=1)) == []
    station = parse_registry(REGISTRY, "test").stations[0]
    store = WorkerStore(prepared.writer)
    with store.transaction() as tx:
        save_and_page(tx, [(replace(OPENED, observed_at=clock.now()), station)], TO, clock.now())
    store.close()
    assert digests(timedelta(minutes=6)) == []  # one digest in half an hour
    assert len(digests(timedelta(minutes=25))) == 2


@pytest.mark.usefixtures("flapping")
def test_3_what_is_more_severe_is_never_held_back(prepared: DatabaseEndpoint, clock: ManualClock) -> None:
    station = parse_registry(REGISTRY, "test").stations[0]
    store = WorkerStore(prepared.writer)
    grave = replace(OPENED, key=AlertKey(STATION, "COD", "day_mean"), severity=Severity.CRITICAL)
    other = replace(OPENED, key=AlertKey(STATION, "TSS", "limit"))
    before = len(outbox(prepared))
    with store.transaction() as tx:
        save_and_page(tx, [(grave, station), (other, station)], TO, clock.now())
        # the end of an alert whose beginning is held back is held back, even when the budget is free again
        end = replace(other, kind=TransitionKind.RESOLVED, observed_at=NOW + timedelta(hours=2))
        save_and_page(tx, [(end, station)], TO, clock.now() + timedelta(hours=2))
    store.close()
    assert len(outbox(prepared)) == before + len(TO.addresses)


@pytest.mark.usefixtures("flapping")
def test_3_what_a_clock_that_was_ahead_has_told_withholds_nothing(
    make_sweeper: MakeSweeper, prepared: DatabaseEndpoint, clock: ManualClock
) -> None:
    # clock      12:00 the budget is spent, and more is held back, as of a minute before | 10:00     10:06
    # told       10 messages                                                             | another   digest of the held
    station = parse_registry(REGISTRY, "test").stations[0]
    sweeper = make_sweeper()
    clock.advance(timedelta(minutes=7))
    sweeper.sweep()
    save = WorkerStore(prepared.writer)
    other = replace(OPENED, key=AlertKey(STATION, "TSS", "limit"), observed_at=clock.now())
    with save.transaction() as tx:
        save_and_page(tx, [(other, station)], TO, clock.now())
    clock.leap(timedelta(hours=-2))
    before = len(outbox(prepared))
    with save.transaction() as tx:
        save_and_page(tx, [(replace(other, key=AlertKey(STATION, "pH", "limit")), station)], TO, clock.now())
    save.close()
    assert [recipient for recipient, _, _ in outbox(prepared)[before:]] == list(TO.addresses)
    clock.advance(timedelta(minutes=6))
    sweeper.sweep()
    assert sum("TỔNG HỢP" in subject for _, subject, _ in outbox(prepared)[before:]) == len(TO.addresses)


def test_3_another_station_has_its_own_budget(prepared: DatabaseEndpoint, clock: ManualClock, flapping: int) -> None:
    other = replace(parse_registry(REGISTRY, "test").stations[0], code="DT_OTHER_NUOSXL")
    before = len(outbox(prepared))
    store = WorkerStore(prepared.writer)
    with store.transaction() as tx:
        save_and_page(tx, [(replace(OPENED, key=AlertKey(other.code, "COD", "limit")), other)], TO, clock.now())
        send_digests(tx, lambda _: None, clock.now() + timedelta(hours=1))
    store.close()
    assert flapping
    assert len(outbox(prepared)) == before + 2 * len(TO.addresses)

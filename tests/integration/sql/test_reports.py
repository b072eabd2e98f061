from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from quantrac.domain.deadletters import DeadLetter, Rejected, RejectReason, Stage
from quantrac.domain.ledger import LedgerCounts
from quantrac.domain.readings import StoredRow
from quantrac.endpoints import DatabaseEndpoint
from sql.reports import Reports, SequenceGap
from sql.worker_store import WorkerStore

NOW = datetime(2026, 11, 23, 12, 0, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def reports(database: DatabaseEndpoint) -> Iterator[Reports]:
    with Reports(database.reader) as opened:
        yield opened


def _letter(offset: int, *reasons: RejectReason, station: str = "S1") -> DeadLetter:
    refusals = tuple(Rejected(reason, "why", "COD") for reason in reasons)
    return DeadLetter(station, Stage.DECODE, refusals, b"{%d}" % offset, "json", "t", NOW, "raw", 0, offset)


def test_status_of_nothing(reports: Reports) -> None:
    totals = reports.status(NOW)
    assert totals.last_received_at is None
    assert (totals.stations, totals.open_alerts, totals.dead_letters, totals.registry_version) == (0, 0, 0, 0)
    assert reports.ledger_totals() == LedgerCounts()
    delays = reports.delay_quantiles(NOW)
    assert (delays.readings, delays.p50_s, delays.p99_s) == (0, None, None)


def test_the_databases_clock_is_read(reports: Reports) -> None:
    assert abs(reports.database_clock() - datetime.now(UTC)) < timedelta(minutes=1)


def test_status_counts(reports: Reports, store: WorkerStore, row: Callable[..., StoredRow]) -> None:
    with store.transaction() as t:
        t.readings.store([row(NOW, 1.0)])
        t.presence.touch({"A": (NOW - 9 * MINUTE, None), "B": (NOW - 11 * MINUTE, None)})
        t.presence.set("A", True, NOW)
        t.presence.set("C", False, NOW)
    totals = reports.status(NOW)
    assert (totals.online, totals.offline, totals.heard) == (1, 1, 1)
    assert totals.last_received_at == NOW - 9 * MINUTE
    assert totals.buckets_to_judge == 2
    assert [(s.station, s.online) for s in reports.stations()] == [("A", True), ("B", None), ("C", False)]


def test_ledger_by_station_and_day(reports: Reports, store: WorkerStore) -> None:
    with store.transaction() as t:
        t.accounting.add_ledger(date(2026, 11, 22), {"A": LedgerCounts(5, 5)})
        t.accounting.add_ledger(date(2026, 11, 23), {"A": LedgerCounts(4, 1, 1, 1, 1, 2), "B": LedgerCounts(1, 1)})
    assert reports.ledger(date(2026, 11, 23)) == {"A": LedgerCounts(4, 1, 1, 1, 1, 2), "B": LedgerCounts(1, 1)}
    assert reports.ledger_totals() == LedgerCounts(10, 7, 1, 1, 1, 2)
    assert reports.ledger_totals().residual == 0


def test_gaps_are_what_did_not_arrive_since_message_zero(reports: Reports, store: WorkerStore) -> None:
    with store.transaction() as t:
        t.sequences.mark_seen({("A", "whole"): [(0, 9)], ("A", "gaps"): [(2, 5), (6, 7)]}, NOW)
    assert reports.sequence_gaps() == [SequenceGap("A", "gaps", 0, 2, NOW), SequenceGap("A", "gaps", 5, 6, NOW)]
    assert [gap.missing for gap in reports.sequence_gaps()] == [2, 1]


def test_delays_since_the_minute(reports: Reports, store: WorkerStore) -> None:
    minute = NOW.replace(second=0)
    with store.transaction() as t:
        t.accounting.add_delays(minute - MINUTE, {200: 1000})
        t.accounting.add_delays(minute, {72: 98, 96: 2})
    delays = reports.delay_quantiles(NOW)
    assert delays.readings == 100
    assert delays.p50_s == pytest.approx(1.0, rel=0.05)
    assert delays.p99_s == pytest.approx(0.001 * 1.1**96.5)


def test_dead_letters_are_listed_shown_and_replayed(reports: Reports, store: WorkerStore) -> None:
    bad = RejectReason.NOT_A_NUMBER
    with store.transaction() as t:
        t.accounting.add_dead_letters(
            [
                _letter(1, bad, RejectReason.UNKNOWN_PARAMETER),
                replace(_letter(2, RejectReason.BAD_INSTANT, station="S2"), file_name="S2/a.txt"),
            ]
        )
    assert [(line.offset, line.size_bytes) for line in reports.dead_letters()] == [(2, 3), (1, 3)]
    assert [line.station for line in reports.dead_letters(reason="bad_instant")] == ["S2"]
    (line,) = reports.dead_letters(reason="unknown_parameter")
    assert [refused["reason"] for refused in line.refusals] == ["not_a_number", "unknown_parameter"]
    assert len(reports.dead_letters(station="S1", limit=1)) == 1
    counted = [(c.station, c.reason, c.letters) for c in reports.dead_letter_counts()]
    assert counted == [("S1", "not_a_number", 1), ("S2", "bad_instant", 1)]
    newest = reports.dead_letters()[0]
    shown = reports.dead_letter(newest.id)
    assert shown is not None
    assert (shown.line, shown.payload, newest.file_name) == (newest, b"{2}", "S2/a.txt")
    assert reports.dead_letter(0) is None

    first, second = reports.replayable()
    assert (len(first.ids), first.payload, second.payload) == (1, b"{1}", b"{2}")
    assert (first.file_name, second.file_name) == ("", "S2/a.txt")
    with store.transaction() as t:
        t.accounting.mark_replayed(first.ids, NOW)
    assert reports.replayable() == [second]
    assert reports.replayable(ids=first.ids) == []
    assert (len(reports.dead_letters()), len(reports.dead_letters(replayed=True))) == (1, 2)

"""Housekeeping channels through the worker: states with their changes, usable in rules, never judged as water."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from alerts.effective_limits import effective_limits
from alerts.rules import document, load_rules
from quantrac.clock import ManualClock
from quantrac.endpoints import DatabaseEndpoint
from quantrac.registry import parse_registry, registry_sha256
from sql.catalogue import RuleDocument, import_registry, import_rules, load_registry
from sql.channel_store import channel_changes, channel_states
from sql.reports import Reports
from streams.processor import BatchProcessor
from streams.sweep import LISTEN_EVERY_S, Sweeper
from tests.integration.streams.conftest import REGISTRY, STATION
from tests.integration.streams.test_station_files import file_record, rows, stamp

CHANNELS = """
[[station.channel]]
code = "Door"
kind = "door"
aliases = ["Cửa"]
states = { 0 = "đóng", 1 = "mở" }
[[station.channel]]
code = "Bottles"
kind = "sampler"
"""
RULE = """
[[rule]]
code = "door_open"
title_vi = "Cửa trạm mở"
title_en = "The station's door is open"
effective_from = 2026-01-01
kind = "fault"
trigger = "state"
parameters = ["Door"]
states = [1]
[[rule.step]]
name = "open"
severity = "warning"
pending = 2
"""


@pytest.fixture
def with_channels(prepared: DatabaseEndpoint, tmp_path: Any) -> DatabaseEndpoint:
    registry = parse_registry(REGISTRY + CHANNELS, "test")
    import_registry(prepared.owner, registry, registry_sha256(registry), effective_limits)
    assert load_registry(prepared.reader).stations[0].channels == registry.stations[0].channels
    (tmp_path / "rules.toml").write_text(RULE, "utf-8")
    rules = load_rules([tmp_path / "rules.toml"])
    import_rules(prepared.owner, [RuleDocument(r.code, r.effective_from, document(r)) for r in rules])
    return prepared


def test_states_of_files_and_messages_are_kept_by_their_changes_and_alert_by_rules(
    with_channels: DatabaseEndpoint,
    make_processor: Callable[..., BatchProcessor],
    make_sweeper: Callable[[], Sweeper],
    records: Any,
    clock: ManualClock,
    reports: Reports,
) -> None:
    """A file every five minutes, the last one as an MQTT message; a rule waits for two open ones.

    minute   -20 -15 -10  -5   0
    door       0   0   1   1   0
    bottles   24  24  24  23  23
    """
    start = clock.now() - timedelta(minutes=20)
    processor = make_processor()
    for n, (door, bottles) in enumerate(((0, 24), (0, 24), (1, 24), (1, 23))):
        when = stamp(start + timedelta(minutes=5 * n))
        text = f"COD\t50\tmg/L\t{when}\t00\nCửa\t{door}\tV\t{when}\t00\nBottles\t{bottles}\t\t{when}\t00\n"
        processor.process([file_record(text.encode(), n, clock)])
    (alert,) = reports.alerts()
    assert (alert.rule, alert.kind, alert.parameter, alert.page) == ("door_open", "fault", "Door", False)
    assert "Cửa trạm mở" in alert.explanation_vi
    sweeper = make_sweeper()
    clock.advance(timedelta(seconds=LISTEN_EVERY_S + 1))
    sweeper.sweep()
    assert [a.rule for a in reports.alerts()] == ["door_open"]  # the door is still open, and still registered
    for _ in range(4):
        next(records._offsets)
    message = records.message({"COD": 50.0, "Door": 0, "Bottles": 23}, at=start + timedelta(minutes=20))
    processor.process([message])
    assert reports.alerts() == []

    changes = channel_changes(with_channels.reader, start, clock.now(), STATION)
    told = [(c.channel, (c.since - start) // timedelta(minutes=5), c.words) for c in reversed(changes)]
    assert sorted(told) == [
        *(("Bottles", 0, "24"), ("Bottles", 3, "23")),
        *(("Door", 0, "đóng"), ("Door", 2, "mở"), ("Door", 4, "đóng")),
    ]
    door = next(line for line in channel_states(with_channels.reader) if line.channel == "Door")
    assert (door.words, door.since, door.last_observed_at) == ("đóng", *(2 * (start + timedelta(minutes=20),)))

    assert rows(with_channels, "SELECT DISTINCT parameter FROM readings") == [("COD",)]
    assert rows(with_channels, "SELECT DISTINCT parameter FROM reading_hours") == [("COD",)]
    assert rows(with_channels, "SELECT received, stored, dead_letter FROM ledger") == [(5, 5, 0)]


def test_a_backfill_pages_nobody_and_a_repeated_file_changes_nothing(
    with_channels: DatabaseEndpoint, make_processor: Callable[..., BatchProcessor], clock: ManualClock, reports: Reports
) -> None:
    start = clock.now() - timedelta(hours=5)
    lines = "".join(f"Door\t1\t\t{stamp(start + timedelta(minutes=5 * n))}\t00\n" for n in range(5))
    make_processor().process([file_record(lines.encode(), n, clock) for n in range(2)])
    assert reports.alerts() == []
    assert rows(with_channels, "SELECT count(*), min(since) = max(since) FROM channel_spans") == [(1, True)]


def test_a_failing_state_is_told_and_a_channel_that_is_not_registered_is_a_dead_letter(
    with_channels: DatabaseEndpoint, make_processor: Callable[..., BatchProcessor], clock: ManualClock
) -> None:
    when = stamp(clock.now() - timedelta(minutes=1))
    text = f"Door\topen\t\t{when}\t00\nPump\t1\t\t{when}\t00\nBottles\t\t\t{when}\t02\n"
    make_processor().process([file_record(text.encode(), 0, clock)])
    with psycopg.connect(with_channels.owner) as connection:
        letters = connection.execute("SELECT refusals FROM dead_letters").fetchall()
        assert connection.execute("SELECT channel, state FROM channel_spans").fetchall() == [("Bottles", None)]
    reasons = sorted(refusal["reason"] for (refusals,) in letters for refusal in refusals)
    assert reasons == ["not_a_number", "unknown_parameter"]

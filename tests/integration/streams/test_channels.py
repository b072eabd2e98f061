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


def door(processor: BatchProcessor, clock: ManualClock, offset: int, said: dict[timedelta, object]) -> None:
    """Let one file come, with what the door says of instants before now."""
    lines = [f"Door\t{state}\t\t{stamp(clock.now() - ago)}\t00\n" for ago, state in said.items()]
    processor.process([file_record("".join(lines).encode(), offset, clock)])


def test_a_door_that_was_open_stays_visible_when_the_station_says_later_that_it_was_closed(
    with_channels: DatabaseEndpoint,
    make_processor: Callable[..., BatchProcessor],
    make_sweeper: Callable[[], Sweeper],
    clock: ManualClock,
    reports: Reports,
) -> None:
    """A file every five minutes; two hours later all of them come again, with the door closed.

    minute      -20 -15 -10  -5   0
    first         0   1   1   1   0
    rewritten     0   0   0   0   0
    """
    start, processor, sweeper = clock.now() - timedelta(minutes=20), make_processor(), make_sweeper()
    for n, state in enumerate((0, 1, 1, 1, 0)):
        door(processor, clock, n, {timedelta(minutes=20 - 5 * n): state})
    told = {a.id for a in reports.alerts(only_open=False)}
    clock.advance(timedelta(hours=2))
    door(processor, clock, 5, {timedelta(hours=2, minutes=20 - 5 * n): 0 for n in range(5)})
    changes = channel_changes(with_channels.reader, start - timedelta(hours=1), clock.now(), STATION)
    kept = [(c.words, c.since, c.until, c.revised_words, c.revised_at) for c in reversed(changes)]
    opened, shut = start + timedelta(minutes=5), start + timedelta(minutes=15)
    assert kept == [("đóng", start, None, None, None), ("mở", opened, shut, "đóng", clock.now())]
    assert len(channel_changes(with_channels.reader, clock.now() - timedelta(hours=1), clock.now(), STATION)) == 1
    (state,) = channel_states(with_channels.reader, STATION)
    assert (state.words, state.since) == ("đóng", start)
    assert rows(with_channels, "SELECT replaced_by_offset, recorded_by FROM channel_revisions LIMIT 1") == [
        (5, "quantrac_writer")
    ]
    assert {a.id for a in reports.alerts(only_open=False)} == told, "a revision raises no alert by itself"

    clock.advance(timedelta(seconds=LISTEN_EVERY_S + 1))
    sweeper.sweep()
    (item,) = [a for a in reports.alerts() if a.rule == "states_revised"]
    assert (item.kind, item.page) == ("revision", False)
    assert "Door" in item.explanation_vi
    assert "2 lần" in item.explanation_vi
    assert rows(with_channels, f"SELECT count(*) FROM outbox WHERE alert_id = {item.id}") == [(0,)]
    for hours, is_open in ((23, True), (2, False)):
        clock.advance(timedelta(hours=hours))
        sweeper.sweep()
        assert ("states_revised" in {a.rule for a in reports.alerts()}) is is_open


def test_what_comes_again_or_late_is_no_revision(
    with_channels: DatabaseEndpoint,
    make_processor: Callable[..., BatchProcessor],
    make_sweeper: Callable[[], Sweeper],
    records: Any,
    clock: ManualClock,
    reports: Reports,
) -> None:
    """An outage: what was held back comes when the door's state is known before and after; a message comes twice.

    minute    -30 -25 -20 -15 -10
    live        0               0
    late            1   1   0
    """
    processor, minute = make_processor(), timedelta(minutes=1)
    door(processor, clock, 0, {30 * minute: 0})
    door(processor, clock, 1, {10 * minute: 0})
    door(processor, clock, 2, {25 * minute: 1, 20 * minute: 1, 15 * minute: 0})
    for _ in range(3):
        next(records._offsets)
    at = clock.now() - 5 * minute
    first = records.message({"Door": 1}, at=at, seq=0)
    processor.process([first, records.message({"Door": 0}, at=at, seq=1)])
    again = records.message({"Door": 1}, at=at, seq=0)
    processor.process([again])
    assert rows(with_channels, "SELECT state, revised_state FROM channel_revisions") == [(1.0, 0.0)]
    changes = channel_changes(with_channels.reader, clock.now() - timedelta(hours=1), clock.now(), STATION)
    assert [c.words for c in reversed(changes) if c.revised_at is None] == ["đóng", "mở", "đóng"]


def test_a_state_that_is_told_of_a_past_time_is_told_as_late(
    with_channels: DatabaseEndpoint, make_processor: Callable[..., BatchProcessor], clock: ManualClock
) -> None:
    """The door was open, once told; two hours later it is said to have been closed a second after each of these words.

    told at     0    0     2:00   2:00
    of          0    0:10  0:00:01   0:10:01
    door        1    1     0         0         late
    """
    processor, start = make_processor(), clock.now()
    door(processor, clock, 0, {timedelta(): 1})
    clock.advance(timedelta(minutes=10))
    door(processor, clock, 1, {timedelta(): 1})
    clock.advance(timedelta(hours=2))
    second = timedelta(seconds=1)
    door(processor, clock, 2, {clock.now() - start - second: 0, timedelta(hours=2) - second: 0})
    changes = channel_changes(with_channels.reader, start - second, clock.now(), STATION)
    assert [(c.words, c.late) for c in reversed(changes)] == [
        ("mở", False), ("đóng", True), ("mở", False), ("đóng", True),
    ]  # fmt: skip


def test_a_stolen_writer_rewrites_no_history_of_channels_without_a_trace(
    with_channels: DatabaseEndpoint, make_processor: Callable[..., BatchProcessor], clock: ManualClock
) -> None:
    door(make_processor(), clock, 0, {timedelta(minutes=10): 1, timedelta(minutes=5): 1})
    with psycopg.connect(with_channels.writer, autocommit=True) as writer:
        for change in ("state = 0", "until = since"):
            with pytest.raises(psycopg.errors.RaiseException, match="only after channel_revisions holds"):
                writer.execute(f"UPDATE channel_spans SET {change}".encode())
        for statement in ("DELETE FROM channel_spans", "UPDATE channel_spans SET since = until"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                writer.execute(statement.encode())
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            writer.execute("DELETE FROM channel_revisions")
    with psycopg.connect(with_channels.owner) as owner, pytest.raises(psycopg.errors.RaiseException, match="evidence"):
        owner.execute("DELETE FROM channel_revisions")


def test_a_channel_that_is_left_out_is_a_work_item_until_it_is_sent_again(
    with_channels: DatabaseEndpoint,
    make_processor: Callable[..., BatchProcessor],
    make_sweeper: Callable[[], Sweeper],
    clock: ManualClock,
    reports: Reports,
) -> None:
    """Files every five minutes, at night; the door is left out from 0:30 on, without a value from 1:30, told at 2:00.

    minute    0 … 30 … 55 … 90 … 120
    door      0    -    -           0
    item                O           R       and then it is registered as sent on change
    """
    processor, sweeper, n = make_processor(), make_sweeper(), 0

    def run(lasting: timedelta, said: str | None) -> None:
        nonlocal n
        end = clock.now() + lasting
        while clock.now() < end:
            at = stamp(clock.now())
            water = {"COD": "mg/L", "pH": "", "TSS": "mg/L"}
            lines = [f"{parameter}\t{7 + n % 5 / 10}\t{unit}\t{at}\t00" for parameter, unit in water.items()]
            lines += [f"Bottles\t24\t\t{at}\t00", *([] if said is None else [f"Door\t{said}\t\t{at}\t00"])]
            processor.process([file_record("\n".join(lines).encode(), n, clock)])
            n += 1
            clock.advance(timedelta(minutes=5))
            sweeper.sweep()

    def items(*, only_open: bool = True) -> list[tuple[str, bool]]:
        found = reports.alerts(only_open=only_open)
        return [(a.parameter, a.page) for a in found if a.rule == "channel_missing"]

    run(timedelta(minutes=30), "0")
    assert reports.alerts(only_open=False) == []
    run(timedelta(minutes=20), None)
    assert items() == []
    run(timedelta(minutes=40), None)
    assert items() == [("Door", False)]
    assert "không gửi kênh này" in reports.alerts()[0].explanation_vi
    run(timedelta(minutes=30), "")
    assert items() == [("Door", False)]
    run(timedelta(minutes=5), "0")
    assert items() == []
    run(timedelta(hours=1), None)
    assert items() == [("Door", False)]
    assert {a.rule for a in reports.alerts(only_open=False)} == {"channel_missing"}
    assert rows(with_channels, "SELECT count(*) FROM outbox") == [(0,)]

    on_change = CHANNELS.replace('kind = "door"', 'kind = "door"\non_change = true')
    registry = parse_registry(REGISTRY + on_change, "test")
    import_registry(with_channels.owner, registry, registry_sha256(registry), effective_limits)
    run(timedelta(minutes=10), None)
    assert items() == []
    assert items(only_open=False) == [("Door", False)] * 2

"""Number 4 of the promises: a finding stands until an officer accepts what revised readings would make of it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from psycopg.errors import InsufficientPrivilege, RaiseException
from typer.testing import CliRunner

from alerts.effective_limits import effective_limits
from commands.main import app
from quantrac.clock import ManualClock
from quantrac.domain.limits import Window
from quantrac.domain.revisions import PendingState
from quantrac.domain.stations import Registry
from quantrac.endpoints import DatabaseEndpoint
from quantrac.errors import QuantracError, StoreError
from quantrac.registry import parse_registry, registry_sha256
from sql.catalogue import import_limit_sets, import_registry, load_limit_sets
from sql.report_rows import station_rows
from sql.reports import Reports
from sql.revision_desk import RevisionDesk
from streams.processor import BatchProcessor
from streams.sweep import LISTEN_EVERY_S, Sweeper

STATION = "DT_TEST_NUOSXL"
HOUR = timedelta(hours=1)
DAY_START = datetime(2026, 11, 21, 17, 0, tzinfo=UTC)
"""Midnight of 22 November in Vietnam."""
REGISTRY = """
[[station]]
code = "DT_TEST_NUOSXL"
effective_from = 2026-01-01
name_vi = "Trạm thử"
name_en = "Test station"
kind = "effluent"
operator = "đơn vị vận hành"
longitude = 105.75
latitude = 10.29
limit_set = "QCVN40-2011-A"
kq = 1.2
kf = 1.0

[[station.sensor]]
parameter = "COD"
unit = "mg/L"
cadence_s = 3600
"""
"""An hourly station: 24 readings are a day. The limit of COD is 90."""


@pytest.fixture
def registry() -> Registry:
    return parse_registry(REGISTRY, "test")


class Story:
    """A station that sends, a worker, and the time."""

    def __init__(self, processor: BatchProcessor, sweeper: Sweeper, records: Any, clock: ManualClock) -> None:
        self._processor, self._sweeper, self._records, self._clock = processor, sweeper, records, clock
        self._seq = 0

    def send(self, value: float, hours: range = range(24), *, minute: int = 0, status: str = "00") -> None:
        """Send a reading of each hour of the day, all in one batch."""
        batch = []
        for n in hours:
            self._seq += 1
            at = DAY_START + n * HOUR + timedelta(minutes=minute)
            # alternating a little: a flat line is suspect
            batch.append(self._records.message({"COD": value + n % 2 / 10}, at=at, seq=self._seq, status=status))
        self._processor.process(batch)

    def at(self, hour: float) -> None:
        """Let it be so many hours after the day began, and sweep."""
        self._clock.advance(DAY_START + hour * HOUR - self._clock.now())
        self.sweep()

    def sweep(self) -> None:
        self._clock.advance(timedelta(seconds=LISTEN_EVERY_S + 1))
        self._sweeper.sweep()


@pytest.fixture
def story(
    make_processor: Callable[[], BatchProcessor],
    make_sweeper: Callable[[], Sweeper],
    records: Any,
    clock: ManualClock,
) -> Story:
    clock.advance(DAY_START - clock.now())
    return Story(make_processor(), make_sweeper(), records, clock)


@pytest.fixture
def desk(prepared: DatabaseEndpoint) -> Iterator[RevisionDesk]:
    with RevisionDesk(prepared.desk) as opened:
        yield opened


def finding(database: DatabaseEndpoint, window: str = "day") -> list[tuple[str, float]]:
    with psycopg.connect(database.reader) as connection:
        return connection.execute(
            'SELECT verdict, round(mean::numeric, 2)::float8 FROM judgements WHERE "window" = %s ORDER BY window_start',
            [window],
        ).fetchall()


def items(reports: Reports) -> list[str]:
    return [a.explanation_en for a in reports.alerts() if a.rule == "revisions"]


def test_number_4_a_mass_revision_is_a_work_item_and_the_finding_stands(
    story: Story, prepared: DatabaseEndpoint, reports: Reports, desk: RevisionDesk, clock: ManualClock
) -> None:
    # hour      0 … 23   24.1     30 sent again as 20    32 rejected   33 sent again: nothing new
    # finding            over     over, one waits        over          over
    # item                        open                   (24 h)        ends when it is over and nothing waits
    story.at(24)
    story.send(400)
    story.at(24.1)
    alarmed = [a.rule for a in reports.alerts()]
    assert finding(prepared) == [("exceeded", 400.05)]
    story.at(30)
    story.send(20)
    story.sweep()
    assert finding(prepared) == [("exceeded", 400.05)]
    assert finding(prepared, "hour")[0] == ("exceeded", 400.0)
    (item,) = items(reports)
    assert "24 readings again" in item
    assert "25 findings wait (25 exceedances would be softened)" in item
    assert "quantrac" not in item, "who reads it has a browser: commands are told at the command line"
    assert set(alarmed) <= {a.rule for a in reports.alerts()}, "live alerts are not touched"
    story.sweep()
    waiting = desk.pending(STATION)
    assert len(waiting) == 25
    (day,) = [p for p in waiting if p.window is Window.DAY]
    sent = desk.readings(day.id)
    assert len(sent) == 24
    assert (sent[0].old_value, sent[0].value, sent[0].offset) == (400.0, 20.0, 24)

    before = clock.now()
    assert set(desk.decide([p.id for p in waiting], False, "An", "không có biên bản").values()) == {"rejected"}
    clock.advance(datetime.now(UTC) - clock.now())  # decisions are by the database's clock
    story.send(20)
    story.sweep()
    assert (finding(prepared), desk.pending()) == ([("exceeded", 400.05)], []), "what was rejected does not wait again"

    options = {"late_after": HOUR, "silent_after": HOUR}
    key = (prepared.reader, STATION, DAY_START, DAY_START + 24 * HOUR)
    then, now = station_rows(*key, before, **options), station_rows(*key, clock.now(), **options)
    assert {p.state for p in then.pending} == {PendingState.WAITING}
    assert {(p.state, p.decided_by, p.decision_reason) for p in now.pending} == {
        (PendingState.REJECTED, "An", "không có biên bản")
    }
    clock.advance(timedelta(hours=25))
    story.sweep()
    assert items(reports) == []


def test_number_4_hours_revised_before_midnight_do_not_clean_the_day(
    story: Story, prepared: DatabaseEndpoint, desk: RevisionDesk, reports: Reports
) -> None:
    # hour      0 … 19       20 sent again as 20     20 … 23 (20)   24.1 the day is judged
    # finding   hours over   hours over, 20 wait                    over: its hours stand
    for n in range(20):
        story.at(n)
        story.send(400, range(n, n + 1))
    story.at(20)
    story.send(20, range(19))
    story.sweep()
    assert [p.window for p in desk.pending()] == [Window.HOUR] * 19
    for n in range(20, 24):
        story.at(n)
        story.send(20, range(n, n + 1))
    story.at(24.1)
    stood = (20 * 400.05 + 4 * 20.05) / 24
    assert finding(prepared) == [("exceeded", pytest.approx(stood, abs=0.01))]
    (day,) = [p for p in desk.pending() if p.window is Window.DAY]
    assert (day.verdict, day.revised_readings) == ("within", 19)
    assert "day_mean" in {a.rule for a in reports.alerts()}, "what stands is told as ever"


@pytest.mark.parametrize("status", ["00", "02"])
def test_number_4_neither_readings_between_nor_a_fault_claimed_later_soften_an_exceedance(
    story: Story, prepared: DatabaseEndpoint, desk: RevisionDesk, status: str
) -> None:
    story.at(24)
    story.send(95)
    story.at(24.1)
    story.at(25)
    if status == "00":
        for minute in (10, 20, 30):
            story.send(10, minute=minute)
    else:
        story.send(95, status=status)
    story.sweep()
    assert finding(prepared) == [("exceeded", 95.05)]
    (day,) = [p for p in desk.pending() if p.window is Window.DAY]
    assert day.cause == ("softened" if status == "00" else "revised")


def test_number_4_what_was_not_judged_yet_is_simply_revised(
    story: Story, prepared: DatabaseEndpoint, desk: RevisionDesk
) -> None:
    story.at(5.5)
    story.send(400, range(5, 6))
    story.send(40, range(5, 6))
    story.at(6.1)
    assert finding(prepared, "hour") == [("within", 40.1)]
    assert desk.pending() == []


@pytest.mark.parametrize(("again", "told"), [(40, True), (390, False)])
def test_number_4_a_told_exceedance_that_is_revised_away_before_its_hour_is_judged_is_a_work_item(
    story: Story, reports: Reports, again: float, told: bool
) -> None:
    # hour   2    2:20   3    3:20   ...  5    5:20   6:06
    # COD    400  again  400  again       400  again  each hour was judged by what stood then
    for hour in range(2, 6):
        story.at(hour)
        story.send(400, range(hour, hour + 1))
        story.at(hour + 1 / 3)
        story.send(again, range(hour, hour + 1))
    story.at(6.1)
    assert "limit" in {a.kind for a in reports.alerts(only_open=False)}
    assert [re.search(r"; [1-4] of them were beyond a limit", said) is not None for said in items(reports)] == [
        True
    ] * told


def test_number_4_a_revision_that_is_taken_back_or_changed_is_not_accepted_by_mistake(
    story: Story, prepared: DatabaseEndpoint, desk: RevisionDesk
) -> None:
    story.at(24)
    story.send(400)
    story.at(24.1)
    story.send(60)
    story.sweep()
    seen = [p.id for p in desk.pending()]
    story.send(5)  # while the officer looks at 60
    story.sweep()
    assert set(desk.decide(seen, True, "An", "đã xem").values()) == {"superseded"}
    assert finding(prepared) == [("exceeded", 400.05)]
    story.send(400)
    story.sweep()
    assert desk.pending() == [], "the station took it back"
    assert finding(prepared) == [("exceeded", 400.05)]
    assert desk.decide([10_000], True, "An", "x") == {10_000: "unknown"}
    with pytest.raises(StoreError):
        desk.decide(seen, True, "An", " ")


def test_number_4_and_r5_an_import_judges_again_what_stands_not_what_waits(
    story: Story, prepared: DatabaseEndpoint, desk: RevisionDesk
) -> None:
    # finding   400 over 90, 20 waits    limit 1000: 400 within; 20 still waits    accepted: 20
    story.at(24)
    story.send(400)
    story.at(24.1)
    story.send(20)
    story.sweep()
    permit = '\n[[station.permit_limit]]\nparameter = "COD"\nmaximum = 200\nsource = "GPMT"\n'
    changed = parse_registry(REGISTRY.replace("\n[[station.sensor]]", permit + "\n[[station.sensor]]"), "test")
    import_registry(prepared.owner, changed, registry_sha256(changed), effective_limits)
    story.at(25)
    assert finding(prepared) == [("exceeded", 400.05)]
    waiting = desk.pending()
    assert {(p.limit_maximum, p.standing_verdict) for p in waiting} == {(200.0, "exceeded")}
    assert len(waiting) == 25
    desk.decide([p.id for p in waiting], True, "An", "biên bản 12")
    assert finding(prepared) == [("within", 20.05)]
    sets = [replace(s, source=f"{s.source} (2)") for s in load_limit_sets(prepared.reader)]
    import_limit_sets(prepared.owner, sets, effective_limits)
    story.at(26)
    assert (finding(prepared), desk.pending()) == ([("within", 20.05)], [])


def test_number_4_and_7_only_the_desk_decides_and_a_stolen_writer_softens_nothing(
    story: Story, prepared: DatabaseEndpoint, desk: RevisionDesk
) -> None:
    story.at(24)
    story.send(400)
    story.at(24.1)
    with psycopg.connect(prepared.writer, autocommit=True) as writer:
        writer.execute("UPDATE judgements SET verdict = 'within', limit_maximum = 500, exceedance_class = NULL")
        writer.execute("UPDATE judgements SET mean = 20, verdict = 'within', standing_since = 'infinity'")
        for table in ("reading_hours", "reading_days"):
            with pytest.raises(RaiseException):
                writer.execute(f"UPDATE {table} SET rejudged = true".encode())
        with pytest.raises(InsufficientPrivilege):
            writer.execute("UPDATE pending_judgements SET state = 'accepted', decided_by = 'x', decision_reason = 'x'")
        with pytest.raises(InsufficientPrivilege):
            writer.execute("INSERT INTO pending_judgements DEFAULT VALUES")
    assert finding(prepared) == [("exceeded", 400.05)]
    waiting = [p.id for p in desk.pending()]
    assert len(waiting) == 25
    for role in ("writer", "notifier", "trainer", "reader"):
        with psycopg.connect(getattr(prepared, role)) as connection, pytest.raises(InsufficientPrivilege):
            connection.execute("SELECT decide_revisions(%s, true, 'x', 'x')", [waiting])
    desk.decide(waiting[:1], False, "An", "máy chủ bị xâm nhập")
    with psycopg.connect(prepared.reader) as connection:
        (entry,) = connection.execute("SELECT entry FROM audit ORDER BY id DESC LIMIT 1").fetchone() or ("{}",)
    told = json.loads(entry)
    assert (told["actor"], told["action"]) == ("quantrac_desk", "revision rejected")
    assert (told["detail"]["officer"], told["detail"]["reason"]) == ("An", "máy chủ bị xâm nhập")


def test_number_4_an_officer_decides_by_commands(
    story: Story, prepared: DatabaseEndpoint, desk: RevisionDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    for role in ("reader", "desk", "writer"):
        monkeypatch.setenv(f"QUANTRAC_DATABASE_{role.upper()}_URL", getattr(prepared, role))

    def quantrac(*words: str) -> str:
        done = CliRunner().invoke(app, ["revisions", *words])
        assert done.exception is None or isinstance(done.exception, QuantracError), done
        return done.output if done.exception is None else str(done.exception)

    assert "No revision waits" in quantrac("list")
    story.at(24)
    story.send(400)
    story.at(24.1)
    story.send(20)
    story.sweep()
    newest = max(p.id for p in desk.pending())
    (line,) = [line for line in quantrac("list").splitlines() if STATION in line]
    assert "exceeded → within: 25" in line
    assert line.split()[-1] == str(newest)
    shown = quantrac("show", STATION, "--readings", "3")
    assert "400 (00)" in shown
    assert "and 21 more" in shown
    assert "needs --by and --reason" in quantrac("reject", STATION, "--newest", "9", "--by", "An", "--reason", " ")
    assert "waits for a decision" in quantrac("accept", "DT_X", "--newest", "9", "--by", "An", "--reason", "x")
    said = quantrac(
        "accept", STATION, "--newest", str(newest), "--by", "An", "--reason", "biên bản", "--day", "2026-11-22"
    )
    assert said.strip() == f"{STATION}: 25 accepted; 0 still wait."
    assert finding(prepared) == [("within", 20.05)]
    assert "accepted" in quantrac("list", "--all")


@pytest.mark.parametrize("what", ["revise", "invalidate"])
def test_number_4_an_officers_own_word_counts_at_once_and_nobody_else_speaks_for_him(
    story: Story, prepared: DatabaseEndpoint, desk: RevisionDesk, what: str
) -> None:
    story.at(24)
    story.send(400)
    story.at(24.1)
    with psycopg.connect(prepared.owner) as connection:  # as the page's function does
        connection.execute(
            "SELECT revise_by_desk(%s, %s, 'COD', %s, %s, 40, 'An', 'hiệu chuẩn')",
            [what, STATION, DAY_START, DAY_START + 23 * HOUR],
        )
    story.sweep()
    assert desk.pending() == []
    assert [verdict for verdict, _ in finding(prepared)] == ["within" if what == "revise" else "incomplete"]
    story.send(400, range(1))
    story.send(10, range(1))
    story.sweep()
    assert len(desk.pending()) == 2, "what the station sends afterwards waits again"

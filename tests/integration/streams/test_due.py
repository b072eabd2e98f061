"""A fleet that would rather not be seen, beside honest stations, on the real database: each evasion is told as it is.

Processor and sweeper are the worker's own; the clock is drawn. COD stands at 400 mg/L everywhere, over four times its
limit, and each station hides it in its own way.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import psycopg
import pytest

from alerts.effective_limits import effective_limits
from commands.findings import CheckError
from commands.health import told_by_kafka
from quantrac import topics
from quantrac.clock import ManualClock
from quantrac.domain.stations import Registry, Sensor
from quantrac.endpoints import DatabaseEndpoint
from quantrac.registry import parse_registry, registry_sha256
from sql.catalogue import import_registry, load_registry
from sql.reports import Reports
from streams.processor import BatchProcessor
from streams.records import RawRecord
from streams.sweep import Sweeper
from tests.integration.streams.conftest import REGISTRY, STATION

CADENCE = timedelta(minutes=5)
MINUTE = timedelta(minutes=1)
Line = dict[str, Any]
Told = tuple[str, bool]
"""What the explanation says, and whether officers were paged."""


def line(parameter: str, value: object, status: str = "00") -> Line:
    return {"parameter": parameter, "value": value, "status": status}


def honest_lines(n: int) -> list[Line]:
    return [line("COD", 50.0 + n % 7), line("pH", 7.0 + n % 5 / 10)]


@dataclass(frozen=True)
class Way:
    """One way to send: how far the clock is off, and which lines the n-th message has (from 0, every 5 minutes)."""

    told: Told | None
    off: timedelta = timedelta()
    lines: Callable[[int], list[Line]] = honest_lines
    kind: str = "effluent"


def cod(value: object = 400.0, status: str = "00") -> Callable[[int], list[Line]]:
    return lambda n: [line("COD", value, status), line("pH", 7.0 + n % 5 / 10)]


def only_now_and_then(n: int) -> list[Line]:
    return [line("COD", 50.0 + n % 7, "00" if n % 9 == 0 else "99"), line("pH", 7.0 + n % 5 / 10)]


WAYS = {
    "HONEST_1": Way(None),
    "HONEST_2": Way(None),
    "CLOCK_AHEAD_90_S": Way(("clock is ahead", True), timedelta(seconds=90)),
    "CLOCK_AHEAD_400_S": Way(("clock is ahead", True), timedelta(seconds=400)),
    "CLOCK_AHEAD_31_MIN": Way(("clock is ahead", True), 31 * MINUTE),
    "CLOCK_SLOW_31_MIN": Way(("come late, or its clock is slow", True), -31 * MINUTE),
    "LEFT_OUT": Way(("leaves this parameter out", True), lines=lambda n: [line("pH", 7.0 + n % 5 / 10)]),
    "STATUS_99": Way(("none of the regulation's", True), lines=cod(status="99")),
    "SUSPECT": Way(("suspect (outside the expected range)", True), lines=cod(12_000.0)),
    "IMPOSSIBLE": Way(("bad (outside the sensor's range)", True), lines=cod(99_999.0)),
    "REFUSED": Way(("refused (not a number)", True), lines=cod(True)),
    "NO_VALUE": Way(("no value", True), lines=cod(None)),
    "NOW_AND_THEN": Way(("none of the regulation's", True), lines=only_now_and_then),
    "CALIBRATING": Way(("being calibrated", True), lines=cod(status="01")),
    "BROKEN": Way(None, lines=cod(status="02")),
    "HOT_SPOT_99": Way(("none of the regulation's", False), lines=cod(status="99"), kind="surface_water"),
}  # fmt: skip


class Fleet:
    """Sends every station's message and sweeps, again and again, as a worker does."""

    def __init__(self, processor: BatchProcessor, sweeper: Sweeper, clock: ManualClock) -> None:
        self.processor, self.sweeper, self.clock = processor, sweeper, clock
        self._offsets, self._n = itertools.count(), 0
        self.bridge_off: dict[str, timedelta] = {}
        """By how much the clock of a station's bridge is fast, where that is another one than ours."""

    def message(self, station: str, observed_at: datetime, lines: list[Line]) -> RawRecord:
        payload = json.dumps({"v": 1, "observed_at": observed_at.isoformat(), "readings": lines}).encode()
        topic = topics.mqtt_readings(station)
        now, off = self.clock.now(), self.bridge_off.get(station)
        record = RawRecord(0, next(self._offsets), payload, topics.CONTENT_JSON, topic, now)
        if off is None:
            return record
        bridge = "bridge-fast" if off > timedelta() else "bridge-slow"
        return replace(record, received_at=now + off, appended_at=now, bridge=bridge)

    def run(self, ways: dict[str, Way], lasting: timedelta, every: timedelta = CADENCE) -> None:
        end = self.clock.now() + lasting
        while self.clock.now() < end:
            now = self.clock.now()
            batch = [self.message(code, now + way.off, way.lines(self._n)) for code, way in ways.items()]
            if batch:
                self.processor.process(batch)
            self._n += 1
            self.clock.advance(every)
            self.sweeper.sweep()


@pytest.fixture
def register(prepared: DatabaseEndpoint) -> Callable[..., None]:
    def make(kinds: dict[str, str], cadence_s: int = 300) -> None:
        head = REGISTRY.split("[[station.sensor]]", maxsplit=1)[0]
        sensors = "".join(
            f'[[station.sensor]]\nparameter = "{p}"\nunit = "{u}"\ncadence_s = {cadence_s}\n'
            for p, u in (("COD", "mg/L"), ("pH", ""))
        )
        text = "".join(
            head.replace("DT_TEST_NUOSXL", code).replace('"effluent"', f'"{kind}"') + sensors
            for code, kind in kinds.items()
        )
        registry = parse_registry(text, "test")
        import_registry(prepared.owner, registry, registry_sha256(registry), effective_limits)

    return make


@pytest.fixture
def fleet(
    make_processor: Callable[[], BatchProcessor], make_sweeper: Callable[[], Sweeper], clock: ManualClock
) -> Fleet:
    return Fleet(make_processor(), make_sweeper(), clock)


def alerts(reports: Reports, *, only_open: bool = True) -> list[tuple[str, str]]:
    """Return station and rule; without the station of the other tests, which never sends here."""
    found = reports.alerts(only_open=only_open, limit=1000)
    return [(a.station, a.rule) for a in found if a.station != STATION]


def told(reports: Reports, *, rule: str = "unusable", only_open: bool = True) -> dict[str, tuple[str, str, str, bool]]:
    """Return (parameter, severity, what is said, whether officers were paged) by station."""
    alerts = [a for a in reports.alerts(only_open=only_open, limit=1000) if a.rule == rule]
    return {a.station: (a.parameter, a.severity, a.explanation_en, a.page) for a in alerts if a.parameter == "COD"}


def pages(reports: Reports, database: DatabaseEndpoint, rule: str = "unusable") -> dict[str, int]:
    with psycopg.connect(database.reader) as connection:
        rows = connection.execute(
            "SELECT station, count(*) FROM outbox JOIN alerts ON alerts.id = alert_id"
            " WHERE rule = %s AND parameter = 'COD' GROUP BY station",
            (rule,),
        )
        return {str(station): int(count) for station, count in rows}


def test_r3_a_hostile_fleet_is_told_and_honest_stations_are_stored(
    register: Callable[..., None], fleet: Fleet, reports: Reports, prepared: DatabaseEndpoint
) -> None:
    # hours     0    0:20                         5:00          5:40
    # evaders   ok   hidden, each in its own way  honest again
    # told                 0:45 items   2:15 pages              all over, those paged hear of it
    register({code: way.kind for code, way in WAYS.items()})
    honest = dict.fromkeys(WAYS, Way(None))
    fleet.run(honest, 20 * MINUTE)
    fleet.run(WAYS, 60 * MINUTE)
    first = told(reports)
    excused = {"CALIBRATING", "BROKEN"}
    expected = {code: way.told for code, way in WAYS.items() if way.told is not None}
    assert set(first) == expected.keys() - excused
    assert {severity for _, severity, _, _ in first.values()} == {"warning"}
    assert pages(reports, prepared) == {}

    fleet.run(WAYS, 220 * MINUTE)
    late = told(reports)
    assert set(late) == set(expected)
    for code, (words, paged) in expected.items():
        _, severity, said, page = late[code]
        assert words in said, code
        assert (severity, page) == ("high", paged), code
    assert pages(reports, prepared) == {code: 1 for code, (_, paged) in expected.items() if paged}
    assert set(told(reports, rule="calibrated_often")) == {"CALIBRATING"}

    fleet.run(honest, 40 * MINUTE)  # the first after a jump is suspect for its rate of change
    assert told(reports) == {}
    assert pages(reports, prepared) == {code: 2 for code, (_, paged) in expected.items() if paged}
    ledger = reports.ledger()
    for code in ("HONEST_1", "HONEST_2"):
        assert (ledger[code].received, ledger[code].stored) == (136, 136)


def test_r3_a_line_left_out_for_22_hours_is_told_and_its_backfill_pages_nobody_again(
    register: Callable[..., None], fleet: Fleet, reports: Reports, prepared: DatabaseEndpoint, clock: ManualClock
) -> None:
    register({"A": "effluent"}, cadence_s=900)
    quarter = 15 * MINUTE
    fleet.run({"A": Way(None)}, 60 * MINUTE, every=quarter)
    gone = clock.now()
    fleet.run({"A": WAYS["LEFT_OUT"]}, timedelta(hours=22), every=quarter)
    assert "leaves this parameter out" in told(reports)["A"][2]
    assert pages(reports, prepared) == {"A": 1}
    backfill = [fleet.message("A", gone + n * quarter, [line("COD", 50.0 + n % 7)]) for n in range(88)]
    fleet.processor.process(backfill)
    fleet.run({"A": Way(None)}, 60 * MINUTE, every=quarter)
    assert told(reports) == {}
    assert pages(reports, prepared) == {"A": 2}  # paged, and its end


def test_r3_an_outage_of_the_station_and_its_backfill_page_nobody(
    register: Callable[..., None], fleet: Fleet, reports: Reports, prepared: DatabaseEndpoint, clock: ManualClock
) -> None:
    # hours   0       0:20                 6:20
    # A       live    silent               everything at once, oldest first, then live
    # alert           offline (work item)  over; nothing is said of its sensors
    register({"A": "effluent"})
    fleet.run({"A": Way(None)}, 20 * MINUTE)
    gone = clock.now()
    fleet.run({}, timedelta(hours=6))
    assert alerts(reports) == [("A", "offline")]
    fleet.processor.process(
        [fleet.message("A", gone + n * CADENCE, [line("COD", 400.0), line("pH", 7.0)]) for n in range(72)]
    )
    fleet.sweeper.sweep()
    fleet.run({"A": Way(None)}, timedelta(hours=3))
    assert ("A", "offline") not in alerts(reports)
    assert told(reports, only_open=False) == {}
    assert reports.deliveries() == []


def test_r3_junk_now_and_then_does_not_put_off_what_is_due(
    register: Callable[..., None], fleet: Fleet, reports: Reports, prepared: DatabaseEndpoint
) -> None:
    # after 20 good minutes one message of status 99 each 40 minutes: a silence before each
    register({"A": "effluent"})
    fleet.run({"A": Way(None)}, 20 * MINUTE)
    for _ in range(6):
        fleet.run({"A": WAYS["STATUS_99"]}, CADENCE)
        fleet.run({}, 35 * MINUTE)
    assert told(reports)["A"][3]
    assert pages(reports, prepared) == {"A": 1}


def test_r3_the_actual_cadence_against_the_registered_one_is_a_work_item(
    register: Callable[..., None], fleet: Fleet, reports: Reports
) -> None:
    register({"A": "effluent"}, cadence_s=900)
    fleet.run({"A": Way(None)}, 80 * MINUTE)
    (_, severity, said, page) = told(reports, rule="cadence")["A"]
    assert (severity, page) == ("warning", False)
    assert "a reading every 5 min, registered is one every 15 min" in said
    assert reports.deliveries() == []


def test_r3_an_hourly_station_is_not_silent_between_its_messages(
    register: Callable[..., None], fleet: Fleet, reports: Reports, clock: ManualClock
) -> None:
    register({"A": "effluent"}, cadence_s=3600)
    for n in range(24):
        fleet.processor.process([fleet.message("A", clock.now(), honest_lines(n))])
        for _ in range(6):
            clock.advance(10 * MINUTE)
            fleet.sweeper.sweep()
    assert not {("A", "offline"), ("A", "unusable")} & set(alerts(reports, only_open=False))
    for _ in range(20):
        clock.advance(10 * MINUTE)
        fleet.sweeper.sweep()
    assert ("A", "offline") in alerts(reports)


def test_r3_when_nothing_comes_from_anybody_nobody_is_silent(
    register: Callable[..., None], fleet: Fleet, reports: Reports
) -> None:
    # hours   0        0:20                   3:20
    # path    hears    bridge or broker away  hears again, but one station of four stays silent
    codes = ["A", "B", "C", "D"]
    register(dict.fromkeys(codes, "effluent"))
    fleet.run(dict.fromkeys(codes, Way(None)), 20 * MINUTE)
    fleet.run({}, timedelta(hours=3))
    assert alerts(reports, only_open=False) == []
    fleet.run(dict.fromkeys(codes[:3], Way(None)), 30 * MINUTE)
    assert alerts(reports, only_open=False) == [("D", "offline")]


def test_r3_a_station_or_a_sensor_that_is_new_owes_nothing_of_before(
    register: Callable[..., None], fleet: Fleet, reports: Reports, prepared: DatabaseEndpoint
) -> None:
    # hours   0       3:00                          3:10
    # A       live    live, and TSS is imported     its logger sends TSS; before: "left out for 3 h", and paged
    # B               imported                      its first message, status 99 from the second on; before: silent for
    #                                               months, and paged when it began
    ten = 10 * MINUTE
    register({"A": "effluent"}, cadence_s=600)
    fleet.run({"A": Way(None)}, timedelta(hours=3), every=ten)
    (a,) = [s for s in load_registry(prepared.owner).stations if s.code == "A"]
    more = replace(a, sensors=(*a.sensors, Sensor("TSS", "mg/L", 600.0)))
    import_registry(prepared.owner, Registry((more, replace(a, code="B"))), "x", effective_limits)
    fleet.run({"A": Way(None)}, ten, every=ten)
    assert alerts(reports) == []
    both = Way(None, lines=lambda n: [*honest_lines(n), line("TSS", 20.0 + n % 5)])
    fleet.run({"A": both, "B": Way(None)}, ten, every=ten)
    assert alerts(reports) == []
    fleet.run({"A": both, "B": WAYS["STATUS_99"]}, 5 * ten, every=ten)
    assert [(station, severity, page) for station, (_, severity, _, page) in told(reports).items()] == [
        ("B", "warning", False)
    ]


def test_r3_a_wrong_clock_of_one_bridge_accuses_nobody_hides_nobody_and_is_told(
    register: Callable[..., None], fleet: Fleet, reports: Reports
) -> None:
    # hours         0      0:20                        2:40              3:20            4:00
    # bridge        live   two of three are wrong: ten minutes fast, or ten slow         right again
    # station       live   an honest one of each, and one ahead, one late, by its own clock
    # of each              one falls silent at 2:40
    ten, silent = 10 * MINUTE, {"FAST_SILENT", "SLOW_SILENT"}
    evaders = {f"{b}_{way}": WAYS[way] for b in ("FAST", "SLOW") for way in ("CLOCK_SLOW_31_MIN", "CLOCK_AHEAD_400_S")}
    codes = ["A", "B", "C", "FAST_HONEST", "SLOW_HONEST", *silent, *evaders]
    register(dict.fromkeys(codes, "effluent"))
    honest = dict.fromkeys(codes, Way(None))
    fleet.run(honest, 20 * MINUTE)
    fleet.bridge_off = {c: ten if c.startswith("FAST") else -ten for c in codes if "_" in c}
    fleet.run(honest | evaders, 140 * MINUTE)
    assert {code: page for code, (_, _, _, page) in told(reports).items()} == dict.fromkeys(evaders, True)
    fleet.run({code: way for code, way in (honest | evaders).items() if code not in silent}, 40 * MINUTE)
    assert set(alerts(reports)) >= {(code, "offline") for code in silent}
    assert {station for station, _ in alerts(reports, only_open=False)} == {*evaders, *silent}
    refused = {letter.station for letter in reports.dead_letters()}
    assert refused == {"FAST_CLOCK_AHEAD_400_S", "SLOW_CLOCK_AHEAD_400_S"}
    found = {line.bridge: line.off_s for line in reports.bridge_clocks(fleet.clock.now())}
    assert found == {"bridge-fast": 600, "bridge-slow": -600}
    with pytest.raises(CheckError, match=r"the clock of bridge-fast, one of 2 is fast by 10 min"):
        told_by_kafka(reports.bridge_clocks(fleet.clock.now()))
    assert reports.clock() is None

    fleet.bridge_off = dict.fromkeys(fleet.bridge_off, timedelta())
    fleet.run(honest, 40 * MINUTE)
    assert alerts(reports) == []
    assert told_by_kafka(reports.bridge_clocks(fleet.clock.now())) == ""


def test_r3_a_clock_of_ours_that_was_ahead_hides_no_silence(
    register: Callable[..., None], fleet: Fleet, reports: Reports, clock: ManualClock
) -> None:
    # our clock   right     a month ahead   right
    # A           live                      silent for half an hour; before: for a month, and nobody was told
    register({"A": "effluent", "B": "effluent"})
    both = {"A": Way(None), "B": Way(None)}
    fleet.run(both, 20 * MINUTE)
    month = timedelta(days=30)
    clock.leap(month)
    fleet.run({code: Way(None, -month) for code in both}, 10 * MINUTE)
    clock.leap(-month)
    fleet.run(both, 5 * MINUTE)
    fleet.run({"B": Way(None)}, 30 * MINUTE)
    assert alerts(reports) == [("A", "offline")]


def test_r3_a_clock_of_ours_that_is_slow_accuses_nobody_and_what_it_refused_is_stored_later(
    register: Callable[..., None], fleet: Fleet, reports: Reports, prepared: DatabaseEndpoint, clock: ManualClock
) -> None:
    # our clock   right    ten minutes slow: everything is refused    right: it is replayed
    ours, quarter, codes = 10 * MINUTE, 15 * MINUTE, "ABCD"
    register(dict.fromkeys(codes, "effluent"), cadence_s=900)
    fleet.run(dict.fromkeys(codes, Way(None)), 3 * quarter, every=quarter)
    assert reports.clock() is None
    slow_since = clock.now()
    fleet.run(dict.fromkeys(codes, Way(None, ours)), 14 * quarter, every=quarter)
    assert alerts(reports, only_open=False) == []
    found = reports.clock()
    assert found is not None
    assert (found.defect, slow_since < found.since < slow_since + 60 * MINUTE) == ("ahead", True)
    refused = fleet.message("A", clock.now() + ours, [line("COD", 53.0)])
    fleet.processor.process([refused])
    before = reports.ledger()["A"]
    clock.advance(ours + CADENCE)
    again = replace(fleet.message("A", refused.received_at + ours, [line("COD", 53.0)]), replayed=True)
    fleet.processor.process([replace(again, received_at=refused.received_at)])
    after = reports.ledger()["A"]
    assert (after.stored - before.stored, after.dead_letter - before.dead_letter) == (1, 0)
    with psycopg.connect(prepared.reader) as connection:
        newest = "SELECT reasons FROM readings WHERE station = 'A' ORDER BY observed_at DESC LIMIT 1"
        assert connection.execute(newest).fetchall() == [(["clock_future"],)]
    fleet.run(dict.fromkeys(codes, Way(None)), 2 * quarter, every=quarter)
    assert reports.clock() is None


def test_r3_a_database_that_was_away_makes_nobody_silent(
    register: Callable[..., None], fleet: Fleet, reports: Reports, prepared: DatabaseEndpoint, clock: ManualClock
) -> None:
    register({"A": "effluent"})
    fleet.run({"A": Way(None)}, 20 * MINUTE)
    with psycopg.connect(prepared.owner, autocommit=True) as connection:
        connection.execute("ALTER TABLE listening RENAME TO away")
        for _ in range(60):
            clock.advance(MINUTE)
            fleet.sweeper.sweep()
        connection.execute("ALTER TABLE away RENAME TO listening")
    clock.advance(MINUTE)
    fleet.sweeper.sweep()
    assert alerts(reports, only_open=False) == []
    fleet.run({}, 20 * MINUTE)
    assert alerts(reports) == [("A", "offline")]


@pytest.mark.parametrize(("stopped", "found"), [(30, [("A", "offline")]), (90, [])])
def test_r3_a_quick_restart_goes_on_listening_and_a_long_stop_does_not(
    register: Callable[..., None], fleet: Fleet, make_sweeper: Callable[[], Sweeper], reports: Reports,
    clock: ManualClock, stopped: int, found: list[tuple[str, str]],
) -> None:  # fmt: skip
    # minute   20      28              34
    # A        silent  worker stopped  16 minutes of silence, heard by us or not
    register({"A": "effluent"})
    fleet.run({"A": Way(None)}, 20 * MINUTE)
    fleet.run({}, 8 * MINUTE, every=4 * MINUTE)
    clock.advance(timedelta(seconds=stopped))
    fleet.sweeper = make_sweeper()
    clock.advance(timedelta(seconds=11))
    fleet.sweeper.sweep()
    fleet.run({}, 5 * MINUTE)
    assert alerts(reports) == found


def test_a_long_stop_after_our_clock_was_set_back_makes_nobody_silent(
    register: Callable[..., None], fleet: Fleet, make_sweeper: Callable[[], Sweeper], reports: Reports,
    clock: ManualClock,
) -> None:  # fmt: skip
    # minute   0     20               40                80
    # clock          two hours back
    # A        live  live             worker stopped    its first message is under way
    register({"A": "effluent"})
    fleet.run({"A": Way(None)}, 20 * MINUTE)
    clock.leap(timedelta(hours=-2))
    fleet.run({"A": Way(None)}, 20 * MINUTE)
    clock.advance(40 * MINUTE)
    fleet.sweeper = make_sweeper()
    clock.advance(timedelta(seconds=11))
    fleet.sweeper.sweep()
    assert alerts(reports) == []


def test_r3_completeness_counts_time_covered_and_not_rows(
    register: Callable[..., None], fleet: Fleet, prepared: DatabaseEndpoint, clock: ManualClock
) -> None:
    # 288 readings, one a minute, are 4.8 hours of a day; before: complete
    register({"A": "effluent"})
    start = clock.now().replace(hour=17) - timedelta(days=2)  # midnight in Vietnam
    crowd = [fleet.message("A", start + n * MINUTE, [line("COD", 50.0 + n % 7)]) for n in range(288)]
    fleet.processor.process(crowd)
    fleet.sweeper.sweep()
    with psycopg.connect(prepared.reader) as connection:
        rows = connection.execute("SELECT verdict, usable_count FROM judgements WHERE \"window\" = 'day'").fetchall()
    assert rows == [("incomplete", 288)]


def test_18_a_row_of_each_hour_that_is_hidden_is_told_when_the_day_is_over(
    register: Callable[..., None], fleet: Fleet, reports: Reports, clock: ManualClock
) -> None:
    # each hour   COD eleven times, once nothing      92 % of the day are covered; before: nobody was told
    register({"A": "effluent"})
    clock.advance(timedelta(hours=14))  # 17:00 UTC: midnight
    for _ in range(25):
        hour = []
        for n in range(12):
            hour.append(fleet.message("A", clock.now(), honest_lines(n)[n == 11 :]))
            clock.advance(5 * MINUTE)
        fleet.processor.process(hour)
        fleet.sweeper.sweep()
    (item,) = [a for a in reports.alerts() if a.rule == "day_incomplete"]
    assert (item.parameter, item.severity, item.page) == ("COD", "warning", False)
    assert "92 %" in item.explanation_en
    assert "with 24 gaps" in item.explanation_en


@pytest.mark.parametrize(
    ("cadence", "window", "complete"), [(timedelta(hours=1), "hour", 4), (timedelta(days=1), "day", 2)]
)
def test_r3_a_slow_sensor_is_judged_whenever_it_measures(
    register: Callable[..., None],
    fleet: Fleet,
    prepared: DatabaseEndpoint,
    cadence: timedelta,
    window: str,
    complete: int,
) -> None:
    # hourly at 20 past   20   20   20      every hour has 40 min of its own reading and 20 min of the one before
    # judged                1st  2nd        before: no hour ever was; nor a day of a daily measurement at 10:20
    register({"A": "effluent"}, int(cadence.total_seconds()))
    fleet.clock.advance(20 * MINUTE)
    fleet.run({"A": Way(None)}, (complete + 2) * cadence, cadence)
    with psycopg.connect(prepared.reader) as connection:
        rows = connection.execute(
            "SELECT verdict FROM judgements WHERE parameter = 'COD' AND \"window\" = %s ORDER BY window_start",
            (window,),
        ).fetchall()
    assert [verdict for (verdict,) in rows][: complete + 1] == ["incomplete", *["within"] * complete]


def test_6_a_mean_equal_to_the_limit_is_within(prepared: DatabaseEndpoint, fleet: Fleet, clock: ManualClock) -> None:
    # 288 × 4.8 / 288 is 4.800000000000001 in doubles
    limit = '\n[[station.permit_limit]]\nparameter = "COD"\nmaximum = 4.8\nsource = "GPMT"\n'
    registry = parse_registry(REGISTRY.replace("\n[[station.sensor]]", limit + "\n[[station.sensor]]", 1), "test")
    import_registry(prepared.owner, registry, registry_sha256(registry), effective_limits)
    start = clock.now().replace(hour=17) - timedelta(days=2)
    rows = [fleet.message("DT_TEST_NUOSXL", start + n * CADENCE, [line("COD", 4.8)]) for n in range(288)]
    fleet.processor.process(rows)
    with psycopg.connect(prepared.owner) as connection:
        connection.execute(  # what was is kept, as the database demands
            "INSERT INTO reading_revisions (station, parameter, observed_at, received_at, value, status, flag,"
            " raw_partition, raw_offset, replaced_at, replaced_by_partition, replaced_by_offset)"
            " SELECT station, parameter, observed_at, received_at, value, status, flag, raw_partition, raw_offset,"
            " now(), 0, 1000000 FROM readings"
        )
        connection.execute(
            "UPDATE readings SET flag = 1, raw_offset = 1000000"
        )  # a flat line is suspect: the division is what is tested
        connection.execute("UPDATE reading_days SET usable_sum = 288 * 4.8, usable_count = 288, total_count = 288")
    fleet.sweeper.sweep()
    with psycopg.connect(prepared.reader) as connection:
        judged = connection.execute("SELECT verdict, mean FROM judgements WHERE \"window\" = 'day'").fetchall()
    assert judged == [("within", 4.8)]


def test_6_full_scale_all_day_is_told(
    register: Callable[..., None], fleet: Fleet, reports: Reports, prepared: DatabaseEndpoint, clock: ManualClock
) -> None:
    # hours   0                 4                  5              24:10 midnight
    # COD     500 without a move
    # flag    good              suspect, flat line
    # alert   limit: pages      flat_high: an item critical, no second page
    register({"A": "effluent"}, cadence_s=900)
    clock.advance(timedelta(hours=14))  # 17:00 UTC: midnight
    fleet.run({"A": Way(None, lines=cod(500.0))}, timedelta(hours=24, minutes=15), every=15 * MINUTE)
    found = {a.rule: a for a in reports.alerts() if a.parameter == "COD"}
    assert found["limit"].page
    assert (found["flat_high"].severity, found["flat_high"].page) == ("critical", False)
    assert "stands still" in found["flat_high"].explanation_en
    assert found["day_incomplete"].severity == "high"


def test_what_a_sweep_sets_back_is_not_undone_from_a_workers_memory(
    register: Callable[..., None], fleet: Fleet, prepared: DatabaseEndpoint, clock: ManualClock
) -> None:
    # minutes   0 to 15   20                         25
    # A sends   live      our clock two hours ahead  live
    # sweep               sets back
    register({"A": "effluent"})
    fleet.run({"A": Way(None)}, 4 * CADENCE)
    clock.leap(timedelta(hours=2))
    fleet.processor.process([fleet.message("A", clock.now(), honest_lines(3))])
    ahead = clock.now()
    assert {returned_at for _, returned_at in _presence(prepared).values()} == {ahead}
    clock.leap(timedelta(hours=-2))
    clock.advance(CADENCE)
    fleet.sweeper.sweep()
    assert _newest(prepared) < ahead
    fleet.processor.process([fleet.message("A", clock.now(), honest_lines(4))])
    assert _newest(prepared) < ahead


def _newest(database: DatabaseEndpoint) -> datetime:
    return max(at for instants in _presence(database).values() for at in instants)


def _presence(database: DatabaseEndpoint) -> dict[str, tuple[datetime, datetime]]:
    """Return by parameter when a line was received, and when its station returned."""
    with psycopg.connect(database.reader) as connection:
        rows = connection.execute("SELECT parameter, received_at, returned_at FROM sensor_presence WHERE station = 'A'")
        return {parameter: (received_at, returned_at) for parameter, received_at, returned_at in rows}

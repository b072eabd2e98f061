"""Root R5 and number 4: what is in force at the instant of observation counts, in a running worker too."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg
import pytest

from alerts.effective_limits import effective_limits
from alerts.limits import load_limit_sets, packaged_limits
from quantrac import topics
from quantrac.clock import ManualClock
from quantrac.domain.loggers import LoggerSettings, PayloadMapping
from quantrac.domain.stations import VIETNAM, PermitLimit, Registry, Sensor, Station
from quantrac.endpoints import DatabaseEndpoint
from sql.catalogue import import_limit_sets, import_registry
from sql.reports import Reports
from sql.worker_store import WorkerStore
from streams.processor import BatchProcessor
from streams.sweep import Sweeper

MakeProcessor = Callable[[], BatchProcessor]
NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
MIDNIGHT = datetime(2026, 11, 23, 17, 0, tzinfo=UTC)
"""Of 24 November in Vietnam."""
CADENCE = timedelta(minutes=5)


def stored(database: DatabaseEndpoint) -> list[tuple[Any, ...]]:
    with psycopg.connect(database.reader) as connection:
        return connection.execute(
            "SELECT parameter, observed_at, value, flag FROM readings ORDER BY parameter, observed_at"
        ).fetchall()


def take_over(database: DatabaseEndpoint, *stations: Station) -> None:
    import_registry(database.owner, Registry(stations), "x", effective_limits)


def tomorrow_of(station: Station) -> Station:
    """Return the station with a permit of 50 from midnight on."""
    permit = (PermitLimit("COD", None, 50.0, "GPMT 7"),)
    return replace(station, effective_from=date(2026, 11, 24), permit_limits=permit)


def test_r5_a_permit_that_changes_at_midnight_counts_at_midnight_in_the_running_worker(
    prepared: DatabaseEndpoint,
    registry: Registry,
    make_processor: MakeProcessor,
    records: Any,
    clock: ManualClock,
    reports: Reports,
) -> None:
    # in Vietnam    23:40 23:45 23:50 23:55 | 00:00 00:05 00:10     (the worker is never started anew)
    # COD           60    60    60    60    | 60    60    60
    # limit         90    90    90    90    | 50    50    50        a permit of 50 from the 24th on, another officer
    (station,) = registry.stations
    tomorrow = replace(tomorrow_of(station), contacts=("dem@example.vn",))
    take_over(prepared, station, tomorrow)
    clock.advance(MIDNIGHT - 4 * CADENCE - clock.now())
    processor = make_processor()
    opened = []
    for n in range(-4, 3):
        processor.process([records.message({"COD": 60.0 + 0.1 * (n % 2)}, seq=n + 4)])
        opened.append([(a.rule, a.limit_maximum) for a in reports.alerts() if a.limit_maximum == 50.0])
        clock.advance(CADENCE)
    assert opened[:4] == [[], [], [], []]
    assert opened[-1]
    with psycopg.connect(prepared.owner) as connection:
        told = {address for (address,) in connection.execute("SELECT DISTINCT recipient FROM outbox")}
    assert told == {"truc-ban@example.vn", "dem@example.vn"}


def test_r5_a_limit_corrected_later_judges_the_past_again_in_the_retrospective_lane(
    prepared: DatabaseEndpoint,
    registry: Registry,
    make_processor: MakeProcessor,
    make_sweeper: Callable[[], Sweeper],
    records: Any,
    clock: ManualClock,
    reports: Reports,
) -> None:
    # hour (UTC)   03    04 (not complete)      limit 90, corrected to 50 from 2026 on; nothing else is marked
    # COD          60    60
    (station,) = registry.stations
    processor, sweeper = make_processor(), make_sweeper()
    for n in range(14):
        processor.process([records.message({"COD": 60.0 + n % 2 / 10, "pH": 7.0 + n % 2 / 10}, seq=n)])
        clock.advance(CADENCE)
    sweeper.sweep()
    assert verdicts(prepared) == [("COD", "within", False), ("pH", "within", False)]
    take_over(prepared, replace(station, permit_limits=(PermitLimit("COD", None, 50.0, "GPMT 7"),)))
    with psycopg.connect(prepared.reader) as connection:
        marked = connection.execute("SELECT parameter, hour_start FROM reading_hours WHERE rejudged").fetchall()
    assert marked == [("COD", NOW)]
    clock.advance(timedelta(seconds=31))  # the catalogue is loaded again
    sweeper.sweep()
    assert verdicts(prepared) == [("COD", "exceeded", True), ("pH", "within", False)]
    assert [d for d in reports.deliveries() if d] == []
    take_over(prepared, replace(station, permit_limits=(PermitLimit("COD", None, 50.0, "GPMT 7, reworded"),)))
    with psycopg.connect(prepared.reader) as connection:
        assert connection.execute("SELECT 1 FROM reading_hours WHERE rejudged").fetchall() == []


@pytest.mark.parametrize("what", ["permit", "limit set"])
def test_r5_what_was_imported_a_second_ago_judges_again_in_a_running_worker(
    prepared: DatabaseEndpoint,
    registry: Registry,
    make_processor: MakeProcessor,
    make_sweeper: Callable[[], Sweeper],
    records: Any,
    clock: ManualClock,
    what: str,
) -> None:
    # second          0       1      3                             60
    # sweep           judged         again, by the limits of 1     nothing left to judge; before: within, for ever
    # import                  COD 50
    (station,) = registry.stations
    processor, sweeper = make_processor(), make_sweeper()
    for n in range(14):
        processor.process([records.message({"COD": 60.0 + n % 2 / 10}, seq=n)])
        clock.advance(CADENCE)
    sweeper.sweep()
    if what == "permit":
        take_over(prepared, replace(station, permit_limits=(PermitLimit("COD", None, 50.0, "GPMT 7"),)))
    else:
        stricter = [
            replace(s, values=tuple(replace(v, maximum=30.0) if v.parameter == "COD" else v for v in s.values))
            for s in load_limit_sets([packaged_limits()])
        ]
        import_limit_sets(prepared.owner, stricter, effective_limits)
    clock.advance(timedelta(seconds=3))
    sweeper.sweep()
    assert verdicts(prepared) == [("COD", "exceeded", True)]


def test_r5_an_import_waits_for_who_judges(prepared: DatabaseEndpoint, registry: Registry) -> None:
    store = WorkerStore(prepared.writer)
    (station,) = registry.stations
    with ThreadPoolExecutor(1) as pool:
        with store.transaction() as tx:
            tx.buckets.hold_catalogue()
            importing = pool.submit(take_over, prepared, replace(station, kq=0.9))
            with pytest.raises(TimeoutError):
                importing.result(0.5)
        importing.result(30)
    store.close()


def test_r5_a_station_imported_a_second_ago_is_judged_by_a_worker_that_has_not_read_of_it(
    prepared: DatabaseEndpoint,
    registry: Registry,
    make_processor: MakeProcessor,
    make_sweeper: Callable[[], Sweeper],
    records: Any,
    clock: ManualClock,
) -> None:
    # of two workers one reads the new station's backfill, and the other judges it; before: "no limit", for ever
    (station,) = registry.stations
    sweeper = make_sweeper()
    sweeper.sweep()
    take_over(prepared, station, replace(station, code="DT_NEW_NUOSXL"))
    start = clock.now() - 3 * timedelta(hours=1)
    lines = [[{"parameter": "COD", "value": 500.0 + n}] for n in range(12)]
    make_processor().process(
        [
            records.raw(
                json.dumps({"v": 1, "observed_at": (start + n * CADENCE).isoformat(), "readings": line}).encode(),
                station="DT_NEW_NUOSXL",
            )
            for n, line in enumerate(lines)
        ]
    )
    sweeper.sweep()
    assert [verdict for _, verdict, _ in verdicts(prepared)] == ["exceeded"]


def verdicts(database: DatabaseEndpoint) -> list[tuple[Any, ...]]:
    with psycopg.connect(database.reader) as connection:
        return connection.execute("SELECT parameter, verdict, retrospective FROM judgements ORDER BY 1").fetchall()


def test_r5_the_unit_and_the_quality_limits_of_a_backfill_are_those_of_its_day(
    prepared: DatabaseEndpoint,
    registry: Registry,
    make_processor: MakeProcessor,
    records: Any,
    clock: ManualClock,
) -> None:
    # until the 22nd   the logger reports COD in g/L, with a convert_rate of 1000; from the 23rd on in mg/L
    (station,) = registry.stations
    old = replace(station, sensors=(Sensor("COD", "mg/L", convert_rate=1000.0), *station.sensors[1:]))
    new = replace(station, effective_from=date(2026, 11, 23))
    take_over(prepared, old, new)
    yesterday = clock.now() - timedelta(days=1)
    make_processor().process([records.message({"COD": 50.0}), records.message({"COD": 0.05}, at=yesterday)])
    assert [row[2] for row in stored(prepared)] == [50.0, 50.0]


def over_midnight(form: str) -> tuple[str, bytes, dict[str, Any]]:
    """Return a payload with COD of 23:55, 00:00 and 00:05 on the 24th, and its sensors' table of a logger."""
    instants = [(MIDNIGHT + n * CADENCE, value) for n, value in ((-1, 0.05), (0, 50.0), (1, 51.0))]
    if form == "station file":
        lines = [f"COD\t{v}\t\t{at.astimezone(VIETNAM):%Y%m%d%H%M%S}\t00\r\n" for at, v in instants]
        return topics.CONTENT_TT10, "".join(lines).encode(), {}
    if form == "SenML":
        pack = [{"n": "COD", "t": at.timestamp(), "v": value} for at, value in instants]
        return topics.CONTENT_SENML_JSON, json.dumps(pack).encode(), {}
    rows = [{"ts": at.isoformat(), "COD": value} for at, value in instants]
    return topics.CONTENT_FLAT_JSON, json.dumps(rows).encode(), {"logger": LoggerSettings(mapping=PayloadMapping("ts"))}


@pytest.mark.parametrize("form", ["station file", "SenML", "flat JSON"])
@pytest.mark.parametrize("change", ["rate", "sensor", "retired"])
def test_r5_one_payload_over_a_midnight_is_read_by_the_description_of_each_of_its_instants(
    prepared: DatabaseEndpoint,
    registry: Registry,
    make_processor: MakeProcessor,
    records: Any,
    clock: ManualClock,
    reports: Reports,
    form: str,
    change: str,
) -> None:
    # in Vietnam   23:55       | 00:00   00:05       one message, at 00:06
    # COD          0.05 (g/L)  | 50      51          from the 24th on: in mg/L; no COD any more; no station any more
    content, payload, of_logger = over_midnight(form)
    (station,) = registry.stations
    old = replace(station, sensors=(Sensor("COD", "mg/L", convert_rate=1000.0), *station.sensors[1:]), **of_logger)
    new = replace(station, effective_from=date(2026, 11, 24), **of_logger)
    if change == "rate":
        take_over(prepared, old, new)
    elif change == "sensor":
        take_over(prepared, old, replace(new, sensors=station.sensors[1:]))
    else:
        take_over(prepared, replace(old, effective_to=date(2026, 11, 24)))
    clock.advance(MIDNIGHT + timedelta(minutes=6) - clock.now())
    make_processor().process([records.raw(payload, content=content)])
    assert [row[2] for row in stored(prepared)] == ([50.0, 50.0, 51.0] if change == "rate" else [50.0])
    reasons = {"rate": [], "sensor": ["unknown_parameter"], "retired": ["unknown_station"]}
    assert [letter.reason for letter in reports.dead_letters()] == reasons[change]


def test_r5_a_file_over_a_midnight_is_judged_by_the_permit_of_each_of_its_instants(
    prepared: DatabaseEndpoint,
    registry: Registry,
    make_processor: MakeProcessor,
    records: Any,
    clock: ManualClock,
    reports: Reports,
) -> None:
    # in Vietnam   23:40  23:45  23:50  23:55 | 00:00      one file, at 00:06
    # COD          60     60.1   60     60.1  | 40
    # limit        90     90     90     90    | 50
    (station,) = registry.stations
    take_over(prepared, station, tomorrow_of(station))
    clock.advance(MIDNIGHT + timedelta(minutes=6) - clock.now())
    values = [(MIDNIGHT + (n - 4) * CADENCE, 40.0 if n == 4 else 60.0 + n % 2 / 10) for n in range(5)]
    lines = [f"COD\t{v}\t\t{at.astimezone(VIETNAM):%Y%m%d%H%M%S}\t00" for at, v in values]
    make_processor().process([records.raw("\n".join(lines).encode(), content=topics.CONTENT_TT10)])
    assert len(stored(prepared)) == len(values)
    assert reports.alerts() == []


def test_r5_an_alias_registered_later_lets_the_old_message_be_replayed(
    prepared: DatabaseEndpoint,
    registry: Registry,
    make_processor: MakeProcessor,
    records: Any,
    clock: ManualClock,
) -> None:
    (station,) = registry.stations
    message = records.message({"COD": 50.0, "ChatRanLoLung": 20.0}, seq=0)
    make_processor().process([message])
    assert [row[0] for row in stored(prepared)] == ["COD"]
    clock.advance(timedelta(days=1))
    cod, ph, tss = station.sensors
    aliased = replace(tss, aliases=("ChatRanLoLung",))
    take_over(prepared, replace(station, effective_from=date(2026, 11, 24), sensors=(cod, ph, aliased)))
    make_processor().process([replace(message, offset=1, replayed=True)])
    assert [(row[0], row[2]) for row in stored(prepared)] == [("COD", 50.0), ("TSS", 20.0)]


def test_r5_a_retired_station_is_refused_from_its_day_on_and_its_backfill_is_stored(
    prepared: DatabaseEndpoint,
    registry: Registry,
    make_processor: MakeProcessor,
    records: Any,
    clock: ManualClock,
    reports: Reports,
) -> None:
    (station,) = registry.stations
    take_over(prepared, replace(station, effective_to=date(2026, 11, 23)))
    yesterday = clock.now() - timedelta(days=1)
    make_processor().process([records.message({"COD": 50.0}), records.message({"COD": 51.0}, at=yesterday)])
    assert [row[2] for row in stored(prepared)] == [51.0]
    (letter,) = reports.dead_letters()
    assert letter.reason == "unknown_station"
    assert "retired since 2026-11-23" in letter.detail


def test_number_4_a_delivery_known_by_its_number_never_revises(
    prepared: DatabaseEndpoint,
    make_processor: MakeProcessor,
    records: Any,
    clock: ManualClock,
    reports: Reports,
) -> None:
    # seq    0      1 (corrects it)   0 again   0 again, beside TSS that was not stored
    # COD    400    40                400       400
    at = clock.now()
    processor = make_processor()
    for seq, values in ((0, {"COD": 400.0}), (1, {"COD": 40.0}), (0, {"COD": 400.0}), (0, {"COD": 400.0, "TSS": 7.0})):
        processor.process([records.message(values, at=at, seq=seq)])
    assert [(row[0], row[2]) for row in stored(prepared)] == [("COD", 40.0), ("TSS", 7.0)]
    counts = reports.ledger_totals()
    assert (counts.stored, counts.revision, counts.redelivered, counts.residual) == (2, 1, 2, 0)


def test_number_4_a_replay_revises_only_what_was_received_before_it(
    prepared: DatabaseEndpoint, make_processor: MakeProcessor, records: Any, clock: ManualClock
) -> None:
    # received   10:00 (400, without a number)   10:05 (40)   10:00 replayed   10:10 replayed (41, buried then)
    at = clock.now()
    processor = make_processor()
    first = records.message({"COD": 400.0}, at=at)
    processor.process([first])
    clock.advance(CADENCE)
    processor.process([records.message({"COD": 40.0}, at=at)])
    processor.process([replace(first, offset=2, replayed=True)])
    assert [row[2] for row in stored(prepared)] == [40.0]
    buried = replace(records.message({"COD": 41.0}, at=at), offset=3, replayed=True, received_at=at + 2 * CADENCE)
    processor.process([buried])
    assert [row[2] for row in stored(prepared)] == [41.0]

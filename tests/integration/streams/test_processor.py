"""One batch, one transaction, on the real database: nothing lost, nothing twice, nobody paged without cause."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from alerts.effective_limits import effective_limits
from quantrac.clock import ManualClock
from quantrac.domain.ledger import LedgerCounts
from quantrac.domain.readings import Flag
from quantrac.domain.stations import Registry, Sensor
from quantrac.endpoints import DatabaseEndpoint
from quantrac.topics import CONTENT_STATUS
from sql.catalogue import import_registry
from sql.reports import Reports
from streams import catalogue
from streams.processor import BatchProcessor

STATION = "DT_TEST_NUOSXL"
MINUTES_5 = timedelta(minutes=5)
MakeProcessor = Callable[[], BatchProcessor]


def ledger(reports: Reports, station: str = STATION) -> LedgerCounts:
    return reports.ledger().get(station, LedgerCounts())


def test_readings_are_stored_flagged_and_shared(make_processor: MakeProcessor, records: Any, reports: Reports) -> None:
    shared = make_processor().process([records.message({"COD": 58.0, "pH": 7.2, "TSS": None}, seq=0)])
    assert ledger(reports) == LedgerCounts(received=3, stored=3)
    rows = {r.reading.parameter: r for r in shared.readings[STATION]}
    assert rows["COD"].usable
    assert rows["TSS"].flag is Flag.MISSING


def test_what_kafka_delivers_again_is_shared_again_and_stored_once(
    make_processor: MakeProcessor, records: Any, reports: Reports
) -> None:
    record = records.message({"COD": 58.0}, seq=0)
    first = make_processor().process([record])
    again = make_processor().process([record])  # another worker, after the first died before its acknowledgement
    assert again.readings == first.readings
    assert ledger(reports) == LedgerCounts(received=1, stored=1)


def test_a_record_and_its_transport_duplicate(make_processor: MakeProcessor, records: Any, reports: Reports) -> None:
    # seq       0      0 again      1 with the same observation, as a faulty logger sends it
    processor = make_processor()
    at = records._clock.now()
    processor.process([records.message({"COD": 58.0}, at=at, seq=n) for n in (0, 0, 1)])
    assert ledger(reports) == LedgerCounts(received=2, stored=1, duplicate=1, redelivered=1)


def test_a_sequence_number_used_twice_for_new_readings_loses_nothing(
    make_processor: MakeProcessor, records: Any, clock: ManualClock, reports: Reports
) -> None:
    processor = make_processor()
    processor.process([records.message({"COD": 58.0}, seq=0)])
    clock.advance(MINUTES_5)
    processor.process([records.message({"COD": 59.0}, seq=0)])
    assert ledger(reports) == LedgerCounts(received=2, stored=2)


def test_a_missing_message_shows_as_a_gap(make_processor: MakeProcessor, records: Any, reports: Reports) -> None:
    processor = make_processor()
    processor.process([records.message({"COD": 58.0}, seq=n) for n in (0, 1, 4)])
    (gap,) = reports.sequence_gaps()
    assert (gap.station, gap.first, gap.missing) == (STATION, 2, 2)


def test_a_revision_counts_and_is_told_from_a_duplicate(
    make_processor: MakeProcessor, records: Any, reports: Reports
) -> None:
    at = records._clock.now()
    make_processor().process(
        [records.message({"COD": 58.0}, at=at, seq=0), records.message({"COD": 61.0}, at=at, seq=1)]
    )
    assert ledger(reports) == LedgerCounts(received=2, stored=1, revision=1)


BAD = [
    (b"\x00\xff not json", "not_json", 0),
    (b'{"v":1}', "bad_instant", 0),
    (b'{"v":1,"observed_at":"AT"}', "wrong_shape", 0),
    (b'{"v":1,"observed_at":"AT","station":"DT_OTHER","readings":[{"parameter":"COD","value":1}]}', "wrong_station", 0),
    (b'{"v":1,"observed_at":"2036-01-01T00:00:00Z","readings":[{"parameter":"COD","value":1}]}',
     "instant_in_future", 0),
    (b'{"v":1,"observed_at":"2016-01-01T00:00:00Z","readings":[{"parameter":"COD","value":1}]}', "instant_too_old", 0),
    (b'{"v":1,"observed_at":"AT","readings":[{"parameter":"XYZ","value":1},{"parameter":"COD","value":2}]}',
     "unknown_parameter", 1),
    (b'{"v":1,"observed_at":"AT","readings":[{"parameter":"pH","value":NaN},{"parameter":"COD","value":2}]}',
     "not_a_number", 1),
    (b'{"v":1,"observed_at":"AT","readings":[{"parameter":"pH","value":1e999},{"parameter":"COD","value":2}]}',
     "not_a_number", 1),
    (b'{"v":1,"observed_at":"AT","readings":[{"parameter":"pH","value":true},{"parameter":"COD","value":2}]}',
     "not_a_number", 1),
    (b"[" * 300_000, "too_large", 0),
    (b"[" * 200_000, "not_json", 0),
    (b"", "not_json", 0),
]  # fmt: skip


@pytest.mark.parametrize(("payload", "reason", "good"), BAD, ids=[f"{r}-{i}" for i, (_, r, _) in enumerate(BAD)])
def test_bad_input_becomes_a_dead_letter_and_the_stream_goes_on(
    make_processor: MakeProcessor, records: Any, reports: Reports, payload: bytes, reason: str, good: int
) -> None:
    payload = payload.replace(b"AT", records._clock.now().isoformat().encode())
    bad, after = records.raw(payload), records.message({"TSS": 20.0}, seq=0)
    shared = make_processor().process([bad, after])
    (line,) = reports.dead_letters()
    assert line.reason == reason
    assert line.detail.endswith((".", "!", ")"))
    letter = reports.dead_letter(line.id)
    assert letter is not None
    assert letter.payload == payload
    assert ledger(reports) == LedgerCounts(received=2 + good, stored=1 + good, dead_letter=1)
    assert [x.refusals[0].reason for x in shared.dead_letters] == [reason]


def test_an_unknown_station_waits_as_a_dead_letter(
    make_processor: MakeProcessor, records: Any, reports: Reports
) -> None:
    record = records.message({"COD": 1.0})
    make_processor().process([replace(record, mqtt_topic=record.mqtt_topic.replace(STATION, "DT_NOBODY"))])
    (letter,) = reports.dead_letters()
    assert (letter.station, letter.reason) == ("DT_NOBODY", "unknown_station")
    assert ledger(reports, "DT_NOBODY").residual == 0


def test_a_station_that_was_imported_a_second_ago_is_read(
    make_processor: MakeProcessor,
    records: Any,
    clock: ManualClock,
    reports: Reports,
    registry: Registry,
    prepared: DatabaseEndpoint,
) -> None:
    processor = make_processor()
    processor.process([records.message({"COD": 58.0})])
    known = registry.stations[0]
    new = replace(known, code="DT_NEW_NUOSXL", old_codes=(), sensors=(*known.sensors, Sensor("Color", "Pt-Co", 300.0)))
    import_registry(prepared.owner, Registry((*registry.stations, new)), "x", effective_limits)
    clock.advance(timedelta(seconds=1))
    record = records.message({"COD": 59.0})
    processor.process([replace(record, mqtt_topic=record.mqtt_topic.replace(STATION, new.code))])
    assert not reports.dead_letters()
    assert ledger(reports, new.code) == LedgerCounts(received=1, stored=1)


def test_a_sensor_that_was_imported_a_second_ago_is_read(
    make_processor: MakeProcessor,
    records: Any,
    clock: ManualClock,
    reports: Reports,
    registry: Registry,
    prepared: DatabaseEndpoint,
) -> None:
    processor = make_processor()
    processor.process([records.message({"COD": 58.0})])
    known = registry.stations[0]
    more = replace(known, sensors=(*known.sensors, Sensor("Color", "Pt-Co", 300.0)))
    import_registry(prepared.owner, Registry((more,)), "x", effective_limits)
    clock.advance(timedelta(seconds=1))
    processor.process([records.message({"COD": 59.0, "Color": 12.0})])
    assert not reports.dead_letters()
    assert ledger(reports) == LedgerCounts(received=3, stored=3)


def test_strangers_ask_for_the_stations_once_a_second(
    make_processor: MakeProcessor, records: Any, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    monkeypatch.setattr(catalogue, "registry_version", lambda _: asked.append(1) or 1)
    processor = make_processor()
    for _ in range(20):
        clock.advance(timedelta(milliseconds=100))
        record = records.message({"COD": 1.0})
        processor.process([replace(record, mqtt_topic=record.mqtt_topic.replace(STATION, "DT_NOBODY"))])
    assert 1 <= len(asked) <= 2


def test_a_record_that_our_own_code_fails_on_is_buried_alone(
    make_processor: MakeProcessor, records: Any, reports: Reports, monkeypatch: pytest.MonkeyPatch
) -> None:
    from alerts.engine import StationAlerts

    evaluate = StationAlerts.evaluate

    def fails_on_13(self: StationAlerts, checked: Any, score: Any = None) -> Any:
        if checked.reading.value == 13.0:
            raise ZeroDivisionError("a fault of ours")
        return evaluate(self, checked, score)

    monkeypatch.setattr(StationAlerts, "evaluate", fails_on_13)
    start = records._clock.now() - timedelta(minutes=10)
    batch = [records.message({"COD": float(10 + n)}, at=start + n * timedelta(seconds=30), seq=n) for n in range(8)]
    make_processor().process(batch)
    assert ledger(reports) == LedgerCounts(received=8, stored=7, dead_letter=1)
    (letter,) = reports.dead_letters()
    assert (letter.reason, letter.stage) == ("internal_error", "process")
    assert "ZeroDivisionError" in letter.detail


def test_a_failing_model_never_stops_storing_and_judging(
    make_processor: MakeProcessor, records: Any, clock: ManualClock, reports: Reports, monkeypatch: pytest.MonkeyPatch
) -> None:
    from models.station.scores import StationModel

    def broken(self: StationModel, said: Any) -> Any:
        raise ValueError("no model today")

    monkeypatch.setattr(StationModel, "worded", broken)
    processor = make_processor()
    for n in range(3):
        processor.process([records.message({"COD": 200.0}, seq=n)])
        clock.advance(MINUTES_5)
    assert ledger(reports).stored == 3
    assert [a.kind for a in reports.alerts()] == ["limit"]


def test_sustained_exceedance_opens_one_alert_and_one_message(
    make_processor: MakeProcessor, records: Any, clock: ManualClock, reports: Reports
) -> None:
    # COD     40  40  130 131 133 135      limit 75 x 1.2 x 1.0 = 90
    # alert    .   .   .   O   |   |
    processor = make_processor()
    for n, value in enumerate((40.0, 40.5, 130.0, 131.0, 133.0, 135.0)):
        processor.process([records.message({"COD": value}, seq=n)])
        clock.advance(MINUTES_5)
    (alert,) = [a for a in reports.alerts() if a.kind == "limit"]
    assert (alert.station, alert.parameter, alert.limit_maximum) == (STATION, "COD", 90.0)
    assert alert.peak_value == 135.0
    assert "QCVN 40:2011" in (alert.limit_source or "")
    assert len([d for d in reports.deliveries() if d.alert_id == alert.id]) == 1


@pytest.mark.parametrize("crash_after", range(6))
def test_a_crash_at_any_batch_changes_nothing(
    make_processor: MakeProcessor, records: Any, clock: ManualClock, reports: Reports, crash_after: int
) -> None:
    processor = make_processor()
    for n, value in enumerate((40.0, 40.5, 130.0, 131.0, 133.0, 135.0)):
        record = records.message({"COD": value}, seq=n)
        processor.process([record])
        if n == crash_after:  # the worker dies before Kafka has its acknowledgement; another one takes over
            processor = make_processor()
            processor.process([record])
        clock.advance(MINUTES_5)
    assert ledger(reports) == LedgerCounts(received=6, stored=6)
    alerts = [a for a in reports.alerts() if a.kind == "limit"]
    assert len(alerts) == 1
    assert len([d for d in reports.deliveries() if d.alert_id == alerts[0].id]) == 1


@pytest.mark.parametrize(
    ("case", "status", "age"),
    [
        ("a backfill", "00", timedelta(hours=5)),
        ("a calibration", "01", timedelta()),
        ("a fault that the logger reports", "02", timedelta()),
    ],
)
def test_nobody_is_paged_for(
    make_processor: MakeProcessor,
    records: Any,
    clock: ManualClock,
    reports: Reports,
    case: str,
    status: str,
    age: timedelta,
) -> None:
    processor = make_processor()
    for n in range(12):
        at = clock.now() - age
        processor.process([records.message({"COD": 300.0 + n}, at=at, seq=n, status=status)])
        clock.advance(MINUTES_5)
    assert ledger(reports).stored == 12
    assert reports.deliveries() == [], case


def test_nobody_is_paged_for_what_waited_through_our_own_outage(
    make_processor: MakeProcessor, records: Any, clock: ManualClock, reports: Reports
) -> None:
    # received in time, and in Kafka for three hours, because no worker ran
    waited = []
    for n in range(6):
        waited.append(records.message({"COD": 300.0 + n}, seq=n))
        clock.advance(MINUTES_5)
    clock.advance(timedelta(hours=3))
    make_processor().process(waited)
    assert ledger(reports).stored == 6
    assert reports.deliveries() == []


def test_two_workers_that_believe_to_own_a_partition(
    make_processor: MakeProcessor, records: Any, clock: ManualClock, reports: Reports
) -> None:
    # one     0 1 . . 4        two went on with 2 and 3 while one was paused; one must not judge by what it held
    one, two = make_processor(), make_processor()
    batch = []
    for n, value in enumerate((40.0, 40.5, 130.0, 131.0, 133.0)):
        batch.append(records.message({"COD": value}, seq=n))
        clock.advance(MINUTES_5)
    one.process(batch[:2])
    two.process(batch[1:4])
    one.process(batch[3:])
    assert ledger(reports) == LedgerCounts(received=5, stored=5)
    assert len(reports.deliveries()) == 1


def test_birth_and_will_messages_are_the_presence_of_a_station(
    make_processor: MakeProcessor, records: Any, reports: Reports
) -> None:
    processor = make_processor()
    processor.process([records.raw(b'{"state":"online"}', content=CONTENT_STATUS)])
    assert [s.online for s in reports.stations()] == [True]
    processor.process([records.raw(b'{"state":"offline"}', content=CONTENT_STATUS)])
    assert [s.online for s in reports.stations()] == [False]

"""What a batch comes to at each station, in memory."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from ingest.payloads import InstantBounds
from quantrac import topics
from quantrac.domain.ledger import LedgerCounts
from quantrac.domain.readings import Outcome
from quantrac.domain.stations import Registry, Sensor, Station, StationKind
from streams.artefact_choice import ArtefactChoice
from streams.batch import Batch
from streams.catalogue import Catalogue
from streams.decoding import DecodeOptions, decode
from streams.records import RawRecord
from streams.sequence_numbers import SeenRanges
from streams.states import restore

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
OPTIONS = DecodeOptions(InstantBounds(timedelta(minutes=5), timedelta(days=400)), 262_144)


def station(code: str) -> Station:
    sensors = (Sensor("COD", "mg/L"), Sensor("pH", ""))
    return Station(code, date(2026, 1, 1), code, code, StationKind.EFFLUENT, "", 105.7, 10.3, sensors)


CATALOGUE = Catalogue(0, Registry((station("A"), station("B"))), (), ())


def message(offset: int, code: str, seq: int, minutes_ago: float, value: float = 50.0) -> RawRecord:
    body = {
        "v": 1, "session": "s", "seq": seq, "sent_at": NOW.isoformat(),
        "observed_at": (NOW - timedelta(minutes=minutes_ago)).isoformat(),
        "readings": [{"parameter": "COD", "value": value}],
    }  # fmt: skip
    topic = topics.mqtt_readings(code)
    return RawRecord(0, offset, json.dumps(body).encode(), topics.CONTENT_JSON, topic, NOW + timedelta(seconds=offset))


def status(offset: int, code: str, state: str) -> RawRecord:
    payload = json.dumps({"state": state}).encode()
    return RawRecord(0, offset, payload, topics.CONTENT_STATUS, topics.mqtt_status(code), NOW)


@pytest.fixture
def taken() -> Callable[[Sequence[RawRecord]], Batch]:
    """Return a batch that has taken and judged records, at stations never heard before."""

    def take(records: Sequence[RawRecord]) -> Batch:
        messages = [decode(record, CATALOGUE, OPTIONS) for record in records]
        config = ArtefactChoice(None).config_of
        states = {s.code: restore(s, CATALOGUE, config(s), None, None) for s in CATALOGUE.registry.stations}
        for state in states.values():
            state.seen["s"] = SeenRanges()
        batch = Batch(states, timedelta(minutes=30), NOW)  # type: ignore[arg-type]
        for one in messages:
            batch.take(one)
        batch.judge({})
        return batch

    return take


@pytest.mark.parametrize(
    ("age_at_receipt_s", "delay_s", "late"), [(1799.7, 0.5, False), (1800.5, 0.0, True), (1799.7, 60.0, True)]
)
def test_r3_what_was_in_time_at_its_receipt_is_not_made_late_by_our_usual_delay(
    taken: Callable[[Sequence[RawRecord]], Batch], age_at_receipt_s: float, delay_s: float, late: bool
) -> None:
    # stamps 29:59.7 old at the bridge and 30:00.2 at the worker: before, neither paged nor told as late
    record = message(0, "A", 0, (age_at_receipt_s + delay_s) / 60)
    batch = taken([replace(record, received_at=NOW - timedelta(seconds=delay_s))])
    assert [row.checked.late for row in batch.rows()] == [late]


def test_rows_are_stored_in_the_order_of_arrival_and_outcomes_are_by_station(
    taken: Callable[[Sequence[RawRecord]], Batch],
) -> None:
    # offset    0   1   2 (late)   3 (number 0 of A again)
    # station   A   B   A          A
    batch = taken([message(0, "A", 0, 10), message(1, "B", 4, 9), message(2, "A", 1, 45), message(3, "A", 0, 10)])
    assert [row.offset for row in batch.rows()] == [0, 1, 2, 3]
    assert [row.checked.late for row in batch.rows()] == [False, False, True, False]
    assert {code: len(outcome.messages) for code, outcome in batch.stations.items()} == {"A": 3, "B": 1}
    assert batch.sequences() == {("A", "s"): [(0, 2)], ("B", "s"): [(4, 5)]}
    assert list(batch.sent()) == [(NOW, 1), (NOW, 1)]
    assert batch.heard() == {
        "A": (NOW + timedelta(seconds=3), NOW - timedelta(minutes=10)),
        "B": (NOW + timedelta(seconds=1), NOW - timedelta(minutes=9)),
    }
    batch.settle([Outcome.STORED, Outcome.REVISION, Outcome.STORED, Outcome.DUPLICATE])
    assert batch.tally.ledger == {
        "A": LedgerCounts(received=2, stored=2, redelivered=1),
        "B": LedgerCounts(received=1, revision=1),
    }


def test_a_missing_outcome_is_an_error_and_no_reading_uncounted(
    taken: Callable[[Sequence[RawRecord]], Batch],
) -> None:
    with pytest.raises(ValueError, match="0 outcomes for 1 rows"):
        taken([message(0, "A", 0, 10)]).settle([])


def test_a_station_that_only_says_hello_is_not_heard_of_in_readings(
    taken: Callable[[Sequence[RawRecord]], Batch],
) -> None:
    batch = taken([status(0, "A", "online"), message(1, "B", 0, 5), status(2, "A", "offline")])
    assert batch.presence() == {"A": (False, NOW)}
    assert set(batch.heard()) == {"B"}


def test_a_message_of_which_nothing_can_be_used_counts_as_heard(
    taken: Callable[[Sequence[RawRecord]], Batch],
) -> None:
    broken = RawRecord(0, 1, b"{", topics.CONTENT_JSON, topics.mqtt_readings("A"), NOW + timedelta(minutes=1))
    batch = taken([message(0, "A", 0, 10), broken])
    assert batch.heard() == {"A": (NOW + timedelta(minutes=1), NOW - timedelta(minutes=10))}
    assert batch.tally.ledger == {"A": LedgerCounts(received=1, dead_letter=1)}
    assert len(batch.rows()) == 1


def test_number_6_a_number_that_leaps_shows_no_missing_messages(taken: Callable[[Sequence[RawRecord]], Batch]) -> None:
    batch = taken([message(0, "A", 0, 10), message(1, "A", 2**53 - 1, 9), message(2, "A", 1, 8)])
    assert batch.sequences() == {("A", "s"): [(0, 2)]}
    assert len(batch.rows()) == 3

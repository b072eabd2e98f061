"""R1: records continue the progress, or are refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from quantrac.domain.progress import BreakKind, LogBreak, LogRange, Reached, position_of
from quantrac.errors import ProgressError
from streams.continuity import continue_from
from streams.quota import StationQuota
from streams.records import RawRecord
from streams.watchdog import Outages, Pulse

AT = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)


def record(offset: int, partition: int = 0, *, station: str = "A", size: int = 2, at: datetime = AT) -> RawRecord:
    return RawRecord(partition, offset, b"x" * size, "json", f"quantrac/v1/{station}/readings", at)


def test_r1_records_continue_the_progress_of_each_partition() -> None:
    fresh, again, reached = continue_from({0: 5, 1: 0}, [record(4), record(5), record(0, 1), record(5), record(6)])
    assert [(r.partition, r.offset) for r in fresh] == [(0, 5), (1, 0), (0, 6)]
    assert [r.offset for r in again] == [4]
    assert reached == {0: 7, 1: 1}


@pytest.mark.parametrize("offsets", [[6], [5, 7], [4, 6]])
def test_r1_a_gap_is_refused_with_the_next_step(offsets: list[int]) -> None:
    with pytest.raises(ProgressError, match="quantrac progress accept"):
        continue_from({0: 5}, [record(offset) for offset in offsets])


@pytest.mark.parametrize(
    ("before", "reached", "log", "seek", "found"),
    [
        (7, Reached(7, 7), LogRange(0, 9), 7, None),
        (7, Reached(7, 4), LogRange(0, 9), 4, None),
        (0, Reached(0, 0), LogRange(0, 0), 0, None),
        (700, Reached(700, 4), LogRange(0, 900), 600, None),
        (7, Reached(7, 4), LogRange(6, 9), 6, None),
        (7, Reached(7, 4), LogRange(9, 20), 9, LogBreak(0, BreakKind.LOST, 7, 9)),
        (7, Reached(7, 7), LogRange(0, 3), 3, LogBreak(0, BreakKind.TRUNCATED, 3, 7)),
        (5, Reached(7, 7), LogRange(0, 3), 3, LogBreak(0, BreakKind.TRUNCATED, 3, 7)),
        (3, Reached(7, 7), LogRange(0, 3), 7, None),  # another worker read on after this one had asked Kafka
    ],
)
def test_r1_where_reading_goes_on(
    before: int, reached: Reached, log: LogRange, seek: int, found: LogBreak | None
) -> None:
    assert position_of(0, reached, log, most_again=100, committed_before=before) == (seek, found)


def test_number_1_a_flood_is_put_off_and_its_neighbours_are_not() -> None:
    # quota 1/s, 20 at once: 30 of A in one second, 5 of B between them
    quota = StationQuota(1.0, 1e9)
    sent = [record(n, station="B" if n % 7 == 0 else "A") for n in range(35)]
    within, beyond, left = quota.divide(sent, lambda _: False)
    assert [sum(r.station == s for r in within) for s in "AB"] == [20, 5]
    assert {r.station for r in beyond} == {"A"}
    quota.spend(left)
    later = record(99, at=AT + timedelta(seconds=3))
    assert quota.divide([later], lambda _: False)[0] == [later]
    big = record(100, station="C", size=300)
    assert StationQuota(100.0, 10.0).divide([big], lambda _: False)[1] == [big]


def test_number_1_what_waited_through_our_outage_is_no_flood() -> None:
    hour = [record(n, at=AT + timedelta(seconds=n)) for n in range(3600)]
    assert StationQuota(1.0, 100.0).divide(hour, lambda _: False)[1] == []


def test_r4_an_outage_is_no_excuse_for_ever() -> None:
    outages = Outages(60.0)
    outages.seen("database", 0.0)
    assert outages.lasting(59.0) == ["database"]
    assert outages.lasting(60.0) == []
    outages.seen("database", 70.0)
    outages.over("database")
    assert outages.lasting(70.0) == []


def test_r4_a_slow_batch_lives_and_a_hung_one_does_not() -> None:
    # time    0        10        20        30
    # batch   [........ steps ... none ....
    pulse = Pulse(0.0)
    pulse.begin({1}, 0.0)
    assert pulse.look(10.0, 5, [1, 2]) == {1, 2}  # never idle: what waits in its queues is not deaf
    assert pulse.look(20.0, 5, [1, 2]) == set()
    pulse.end(21.0)
    assert pulse.look(30.0, 6, [1, 2]) == {1}
    assert pulse.look(40.0, 6, [1, 2]) == set()

"""A station's quota: time is that of receipt, and what goes wrong with that clock blocks nobody."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from streams.quota import BURST_S, FLOODED, PAST_S, PAST_SHARE, StationQuota
from streams.records import RawRecord

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def record(at: datetime, station: str = "A", size: int = 10) -> RawRecord:
    return RawRecord(0, 0, b"x" * size, "", f"quantrac/v1/{station}/readings", at)


def within(quota: StationQuota, *records: RawRecord, past: bool = False) -> int:
    passed, _, left = quota.divide(records, lambda _: past)
    quota.spend(left)
    return len(passed)


def test_a_burst_passes_and_then_the_rate_of_the_long_run() -> None:
    quota = StationQuota(2.0, 1e9)
    assert within(quota, *[record(NOW)] * 100) == 2 * BURST_S
    assert within(quota, *[record(NOW + 5 * SECOND)] * 100) == 10
    assert within(quota, record(NOW, "B")) == 1


def test_bytes_count_too() -> None:
    quota = StationQuota(1e9, 100.0)
    assert within(quota, record(NOW, size=1500), record(NOW, size=1500)) == 1


def test_a_clock_of_receipt_that_was_ahead_is_not_waited_for() -> None:
    quota = StationQuota(1.0, 1e9)
    within(quota, *[record(NOW + timedelta(days=1))] * 50)
    assert within(quota, record(NOW)) == 0
    assert within(quota, record(NOW + 2 * SECOND)) == 1


def test_of_the_past_a_second_s_worth_goes_ahead_and_what_is_live_goes_on() -> None:
    # of the past   0 s: 150 -> 10 ahead      5 s: 9 -> 5                     20 s: 300 -> 10
    # live                                    6 s: 20 -> 20                   20 s: 30 -> none: beyond the quota
    quota = StationQuota(10.0, 1e9)
    assert within(quota, *[record(NOW)] * 150, past=True) == 10 * PAST_S
    assert not quota.is_spent("A"), "it has sent no more than it may"
    assert within(quota, *[record(NOW + 5 * SECOND)] * 9, past=True) == 5 * 10 * PAST_SHARE
    assert within(quota, *[record(NOW + 6 * SECOND)] * 20) == 20
    assert within(quota, *[record(NOW + 20 * SECOND)] * 300, past=True) == 10
    assert quota.is_spent("A"), "of the past, too, it may send no more than its quota"
    assert within(quota, *[record(NOW + 20 * SECOND)] * 30) == 0


def test_a_station_whose_clock_is_late_for_ever_goes_ahead_as_fast_as_probes_send() -> None:
    quota = StationQuota(50.0, 131_072.0)
    for n in range(600):
        assert within(quota, record(NOW + n * SECOND, size=2_000), past=True) == 1


def test_files_of_the_past_count_by_their_bytes() -> None:
    quota = StationQuota(1e9, 100.0)
    assert within(quota, record(NOW, size=60), record(NOW, size=60), past=True) == 1
    assert within(quota, record(NOW, size=60), record(NOW, size=60)) == 2


def test_what_comes_behind_a_record_that_waits_waits_with_it() -> None:
    quota = StationQuota(1.0, 1e9)
    made = [record(NOW, size=10 + n) for n in range(4)]
    ahead, waiting, left = quota.divide(made, lambda r: len(r.value) < 12)
    assert (ahead, waiting) == (made[:1], made[1:])
    assert left["A"].all.messages == BURST_S - 4


def test_a_station_beyond_its_quota_is_known_until_it_sends_within_it_for_a_second() -> None:
    quota = StationQuota(10.0, 1e9)
    assert not quota.is_spent("A")
    within(quota, *[record(NOW)] * 300, record(NOW + SECOND / 2))
    assert quota.is_spent("A")
    assert not quota.is_spent("B")
    within(quota, record(NOW + 5 * SECOND))
    assert not quota.is_spent("A")
    assert quota.is_spent("A", FLOODED), "a burst between two looks is told as well"
    within(quota, record(NOW + FLOODED + SECOND))
    assert not quota.is_spent("A", FLOODED)


def test_a_flood_of_large_messages_is_beyond_the_quota_whatever_is_left_of_it() -> None:
    quota = StationQuota(1e9, 100.0)
    within(quota, *[record(NOW, size=170)] * 12)
    assert quota._left["A"].all.bytes > 100
    assert quota.is_spent("A")

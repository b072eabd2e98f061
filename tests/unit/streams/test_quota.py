"""A station's quota: time is that of receipt, and what goes wrong with that clock blocks nobody."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from streams.quota import BURST_S, StationQuota
from streams.records import RawRecord

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def record(at: datetime, station: str = "A", size: int = 10) -> RawRecord:
    return RawRecord(0, 0, b"x" * size, "", f"quantrac/v1/{station}/readings", at)


def within(quota: StationQuota, *records: RawRecord) -> int:
    passed, _, left = quota.divide(records)
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


def test_a_station_beyond_its_quota_is_known_until_it_has_a_second_s_worth_again() -> None:
    quota = StationQuota(10.0, 1e9)
    assert not quota.is_spent("A")
    within(quota, *[record(NOW)] * 300, record(NOW + SECOND / 2))
    assert quota.is_spent("A")
    assert not quota.is_spent("B")
    within(quota, record(NOW + 5 * SECOND))
    assert not quota.is_spent("A")

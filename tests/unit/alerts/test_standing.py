"""What a judged hour or day stands by while revised readings of it wait."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from alerts.standing import standing_bucket, standing_day
from quantrac.domain.judgements import Bucket, HourOfDay
from quantrac.domain.limits import Window

START = datetime(2026, 11, 20, 17, tzinfo=UTC)


def bucket(total: str, count: int) -> Bucket:
    return Bucket(
        *("S1", "COD", Window.DAY, START, START + timedelta(days=1), Decimal(total), count, 288, 0, 1.0, 9.0, 288),
        covered_s=86_400.0,
    )


@pytest.mark.parametrize(
    ("mean", "count", "stands_by"),
    [
        (40.0, 288, None),  # the readings say the same
        (120.5, 288, (120.5, 288)),
        (40.0, 280, (40.0, 280)),
        (None, 0, (None, 0)),
    ],
)
def test_number_4_a_bucket_stands_by_its_finding(
    mean: float | None, count: int, stands_by: tuple[float | None, int] | None
) -> None:
    found = standing_bucket(bucket("11520", 288), mean, count)
    assert (found is None) is (stands_by is None)
    if found is not None and stands_by is not None:
        assert found.usable_count == stands_by[1]
        assert found.usable_sum == (Decimal(0) if mean is None else Decimal(str(mean)) * count)
        assert found.covered_s is None, "what the revised readings cover says nothing of the old ones"


def test_number_4_a_day_rests_on_its_hours_as_they_stand() -> None:
    # hour      00     01                  02
    # readings  40     20 (was 400)        60
    # judged    40     400                 not yet
    hours = [
        HourOfDay(Decimal(480), 12, 1, 40.0, 12),
        HourOfDay(Decimal(240), 12, 12, 400.0, 12),
        HourOfDay(Decimal(720), 12, 0, None, None),
    ]
    found = standing_day(bucket("1440", 36), hours)
    assert found is not None
    assert (found.usable_sum, found.usable_count) == (Decimal(480 + 4800 + 720), 36)
    assert found.late_count == 1, "what was sent again late had been there in time"
    assert standing_day(bucket("1200", 24), hours[::2]) is None


def test_number_4_a_mean_that_no_double_has_still_stands_for_itself() -> None:
    thirds = HourOfDay(Decimal(10), 3, 0, float(Decimal(10) / 3), 3)
    assert standing_day(bucket("10", 3), [thirds]) is None

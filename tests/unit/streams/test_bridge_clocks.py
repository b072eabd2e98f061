"""Three clocks stamp a record or read it: the bridge's, Kafka's, the worker's. One of them may be wrong."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from quantrac.domain.receipts import Receipt
from streams.bridge_clocks import BridgeClocks, corrected, received_at
from streams.records import RawRecord, numbers_of

NOON = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)
S, MIN, H = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)


@pytest.mark.parametrize(
    ("stamped", "appended", "now", "expected"),
    [
        pytest.param(NOON, NOON + S, NOON + 2 * S, NOON, id="all agree"),
        pytest.param(NOON, None, NOON + H, NOON, id="Kafka keeps the sender's stamp"),
        pytest.param(NOON + 10 * MIN, NOON, NOON + S, NOON, id="bridge fast"),
        pytest.param(NOON + 7 * H, NOON, NOON + S, NOON, id="bridge in local time"),
        pytest.param(NOON - 10 * MIN, NOON, NOON + S, NOON, id="bridge slow"),
        pytest.param(NOON - 10 * MIN, NOON, NOON + 3 * H, NOON, id="bridge slow, worker behind"),
        pytest.param(NOON + 10 * MIN, NOON, NOON + 3 * H, NOON, id="bridge fast, worker behind"),
        pytest.param(NOON, NOON - 10 * MIN, NOON + S, NOON, id="Kafka slow"),
        pytest.param(NOON, NOON + 10 * MIN, NOON + S, NOON, id="Kafka fast"),
        pytest.param(NOON, NOON, NOON + 10 * MIN, NOON, id="worker fast"),
        pytest.param(NOON, NOON, NOON - 10 * MIN, NOON, id="worker slow"),
        pytest.param(NOON, NOON + 30 * S, NOON + H, NOON, id="waited for Kafka a little"),
    ],
)
def test_of_three_clocks_one_may_be_wrong(
    stamped: datetime, appended: datetime | None, now: datetime, expected: datetime
) -> None:
    assert received_at(stamped, appended, now) == expected


def record(stamped: datetime, appended: datetime, bridge: str = "bridge-2") -> RawRecord:
    receipt = Receipt(f"{bridge}:a", 1)
    return RawRecord(
        0, 1, b"{}", "", "quantrac/v1/S/readings", stamped, receipt=receipt, bridge=bridge, appended_at=appended
    )


def test_a_corrected_record_keeps_its_number_and_what_tells_it_from_others() -> None:
    """The bridge counts by its own hours, and Kafka keeps its stamp."""
    before = record(NOON - H, NOON)
    (after,) = corrected([before], NOON + S)
    assert (after.received_at, after.stamp) == (NOON, NOON - H)
    assert numbers_of([after]) == numbers_of([before])
    assert after.digest == before.digest
    assert corrected([after], NOON + S) == [after]


def told(clocks: BridgeClocks, offsets: list[float], every: timedelta = MIN, bridge: str = "bridge-2") -> list[float]:
    found = []
    for number, off_s in enumerate(offsets):
        at = NOON + number * every
        found += clocks.look(corrected([record(at + timedelta(seconds=off_s), at, bridge)], at + S))
    return [wrong.off_s for wrong in found]


def test_a_clock_is_told_when_it_stays_wrong() -> None:
    assert told(BridgeClocks(), [-600] * 6) == [-600] * 4
    assert told(BridgeClocks(), [600] * 6, every=10 * S) == []


def test_what_waited_for_kafka_in_a_bridge_is_no_wrong_clock() -> None:
    assert told(BridgeClocks(), [-600, -500, -400, -300], every=S) == []
    assert told(BridgeClocks(), [-600, -600, 0, -600, -600, 0]) == []

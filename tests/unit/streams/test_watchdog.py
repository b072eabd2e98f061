"""When a worker counts as deaf."""

from __future__ import annotations

import pytest

from streams.watchdog import Watchdog

PATIENCE_S = 60.0


@pytest.fixture
def watchdog() -> Watchdog:
    return Watchdog(PATIENCE_S)


def test_barks_when_records_wait_and_the_offset_stands_still(watchdog: Watchdog) -> None:
    # time        0     30     60
    # committed   10    10     10
    # waiting     5     9      12     -> stuck at 60
    assert watchdog.stuck({0: 5}, {0: 10}, [0], now_s=0.0) == []
    assert watchdog.stuck({0: 9}, {0: 10}, [0], now_s=30.0) == []
    assert watchdog.stuck({0: 12}, {0: 10}, [0], now_s=60.0) == [0]


@pytest.mark.parametrize(
    ("waiting", "committed"),
    [({0: 0}, {0: 10}), ({0: 5}, {0: 11})],
    ids=["nothing waits", "the offset moves"],
)
def test_starts_counting_anew(watchdog: Watchdog, waiting: dict[int, int], committed: dict[int, int]) -> None:
    watchdog.stuck({0: 5}, {0: 10}, [0], now_s=0.0)
    assert watchdog.stuck(waiting, committed, [0], now_s=50.0) == []
    assert watchdog.stuck({0: 5}, committed, [0], now_s=100.0) == []
    assert watchdog.stuck({0: 5}, committed, [0], now_s=170.0) == [0]


def test_leaves_the_partitions_of_others_alone(watchdog: Watchdog) -> None:
    watchdog.stuck({0: 5, 1: 5}, {}, [1], now_s=0.0)
    assert watchdog.stuck({0: 5, 1: 5}, {}, [1], now_s=90.0) == [1]


def test_a_worker_without_partitions_answers_for_all(watchdog: Watchdog) -> None:
    watchdog.stuck({0: 5, 1: 0}, {}, [], now_s=0.0)
    assert watchdog.stuck({0: 5, 1: 0}, {}, [], now_s=90.0) == [0]


def test_a_known_outage_is_forgiven(watchdog: Watchdog) -> None:
    watchdog.stuck({0: 5}, {0: 10}, [0], now_s=0.0)
    watchdog.forgive()
    assert watchdog.stuck({0: 5}, {0: 10}, [0], now_s=61.0) == []

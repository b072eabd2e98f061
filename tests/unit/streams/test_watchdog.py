"""When a worker counts as deaf, and when its machine is only slow."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from streams.watchdog import Finding, Reason, Starvation, Watchdog

PATIENCE_S = 60.0


@pytest.fixture
def watchdog() -> Watchdog:
    return Watchdog(PATIENCE_S)


def test_barks_when_records_wait_and_the_offset_stands_still(watchdog: Watchdog) -> None:
    # time        0     30     60
    # committed   10    10     10
    # waiting     5     9      12     -> deaf at 60
    assert watchdog.look({0: 5}, {0: 10}, [0], 0.0) == Finding(Reason.ALIVE)
    assert watchdog.look({0: 9}, {0: 10}, [0], 30.0) == Finding(Reason.PATIENT, (0,))
    assert watchdog.look({0: 12}, {0: 10}, [0], 60.0) == Finding(Reason.DEAF, (0,))


@pytest.mark.parametrize(
    ("waiting", "committed"),
    [({0: 0}, {0: 10}), ({0: 5}, {0: 11})],
    ids=["nothing waits", "the offset moves"],
)
def test_starts_counting_anew(watchdog: Watchdog, waiting: Mapping[int, int], committed: Mapping[int, int]) -> None:
    watchdog.look({0: 5}, {0: 10}, [0], 0.0)
    assert watchdog.look(waiting, committed, [0], 50.0).reason is Reason.ALIVE
    assert watchdog.look({0: 5}, committed, [0], 100.0).reason is Reason.PATIENT
    assert watchdog.look({0: 5}, committed, [0], 170.0).reason is Reason.DEAF


def test_leaves_the_partitions_of_others_alone(watchdog: Watchdog) -> None:
    watchdog.look({0: 5, 1: 5}, {}, [1], 0.0)
    assert watchdog.look({0: 5, 1: 5}, {}, [1], 90.0) == Finding(Reason.DEAF, (1,))


def test_a_worker_without_partitions_answers_for_all(watchdog: Watchdog) -> None:
    watchdog.look({0: 5, 1: 0}, {}, [], 0.0)
    assert watchdog.look({0: 5, 1: 0}, {}, [], 90.0) == Finding(Reason.DEAF, (0,))


def test_a_known_outage_is_forgiven(watchdog: Watchdog) -> None:
    # Kafka      here   away   here          here
    # time       0      50     100           120
    watchdog.look({0: 5}, {0: 10}, [0], 0.0)
    assert watchdog.look({0: 5}, {0: 10}, [0], 50.0, away=["database"]).reason is Reason.AWAY
    assert watchdog.look({0: 5}, {0: 10}, [0], 100.0).reason is Reason.PATIENT
    assert watchdog.look({0: 5}, {0: 10}, [0], 110.0).reason is Reason.DEAF
    watchdog.forgive()
    assert watchdog.look({0: 5}, {0: 10}, [0], 300.0).reason is Reason.ALIVE


def test_a_slow_machine_is_no_deaf_worker_and_no_excuse_for_ever(watchdog: Watchdog) -> None:
    # time       0 ........ 50 ........ 60 ........ 110
    # processor  |   none   |         a free one
    # own time   0          0           10           60
    # it is         patient |  starved                deaf
    found = [watchdog.look({0: 5}, {0: 10}, [0], 10.0 * n, starved_s=10.0 if n <= 5 else 0.0) for n in range(12)]
    assert [f.reason for f in found[1:6]] == [Reason.PATIENT] * 5
    assert [f.reason for f in found[6:11]] == [Reason.STARVED] * 5
    assert found[11] == Finding(Reason.DEAF, (0,))


def test_a_worker_that_gets_on_is_alive_however_slow(watchdog: Watchdog) -> None:
    for n in range(20):
        assert watchdog.look({0: 5}, {0: 10}, [0], 30.0 * n, alive=[0]).reason is Reason.ALIVE


def test_starvation_is_the_longest_wait_of_a_thread_since_the_last_look(tmp_path: Path) -> None:
    def schedule(thread: str, wait_s: float) -> None:
        (tmp_path / thread).mkdir(exist_ok=True)
        (tmp_path / thread / "schedstat").write_text(f"99000000 {round(wait_s * 1e9)} 7\n")

    schedule("1", 5.0)
    schedule("2", 50.0)
    starvation = Starvation(tmp_path)
    assert starvation.since_last_s() == 0.0
    schedule("1", 9.0)
    schedule("2", 51.0)
    schedule("3", 2.0)
    assert starvation.since_last_s() == pytest.approx(4.0)
    (tmp_path / "1" / "schedstat").unlink()
    assert starvation.since_last_s() == 0.0
    assert Starvation(tmp_path / "nowhere").since_last_s() == 0.0

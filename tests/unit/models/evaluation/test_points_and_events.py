"""Row and event counts, against a timeline counted by hand."""

from __future__ import annotations

import numpy as np
import pytest

from models.evaluation.metrics.events import EventCount, cadence_min, count_events
from models.evaluation.metrics.points import Confusion, confusion
from models.series import stretches

# one row every 10 min                0....5....1....1....2..
#                                     .    .    0    5    0
EVENT = np.array([c == "#" for c in "...####...............##..."])
ALARM = np.array([c == "#" for c in "#....###.####.#....#...##.."])
#                                    ^ false   in grace (60 min = rows 7-12) until row 12; row 14 false, row 19 false;
#                                    the second event (22, 23) is met at once at row 23, one row late; row 24 is grace
TIMES = np.datetime64("2026-01-01T00:00", "ns") + np.arange(len(EVENT)) * np.timedelta64(10, "m")


def intervals() -> list[tuple[np.datetime64, np.datetime64]]:
    return [(TIMES[3], TIMES[6]), (TIMES[22], TIMES[23])]


def test_rows_are_counted_by_themselves() -> None:
    counts = confusion(EVENT, ALARM)
    assert counts == Confusion(tp=3, fp=9, fn=3, tn=12)
    assert counts.f1 == pytest.approx(6 / (6 + 9 + 3))
    assert counts.false_alarm_rate == pytest.approx(9 / 21)
    assert counts.missed_alarm_rate == pytest.approx(0.5)


def test_rows_left_out_do_not_count() -> None:
    counted = np.ones(len(EVENT), dtype=np.bool_)
    counted[:5] = False
    assert confusion(EVENT, ALARM, counted) == Confusion(tp=3, fp=8, fn=1, tn=10)


def test_constant_alarm_on_the_published_share_of_skab_has_its_published_f1() -> None:
    truth = np.arange(1000) < 537  # 53.7 % of the rows are anomalous: always-alarm has F1 .698 or .699 by rounding
    assert confusion(truth, np.ones(1000, dtype=np.bool_)).f1 == pytest.approx(0.6987, abs=1e-4)


def test_figures_without_anything_to_count_are_undefined_not_zero() -> None:
    empty = np.zeros(3, dtype=np.bool_)
    assert confusion(empty, empty).f1 is None
    assert confusion(empty, empty).missed_alarm_rate is None
    assert EventCount().recall is None
    assert EventCount().false_alarms_per_day is None


def test_events_false_alarms_and_delays() -> None:
    counts = count_events(TIMES, intervals(), ALARM)
    assert (counts.events, counts.detected) == (2, 2)
    assert counts.false_alarms == 3
    assert counts.delays_min == (20.0, 10.0)
    assert counts.median_delay_min == 15.0
    assert counts.days == pytest.approx(27 * 10 / 1440)
    assert counts.f1 == pytest.approx(2 * 2 / (2 * 2 + 3 + 0))


def test_constant_alarm_is_never_free_of_false_alarms() -> None:
    counts = count_events(TIMES, intervals(), np.ones(len(TIMES), dtype=np.bool_))
    assert counts.recall == 1.0
    assert counts.false_alarms == 2  # before the first event, and from its grace to the second


def test_an_alarm_that_outlives_the_grace_is_one_false_alarm_more() -> None:
    alarm = np.zeros(len(TIMES), dtype=np.bool_)
    alarm[5:16] = True
    assert count_events(TIMES, intervals(), alarm).false_alarms == 1
    alarm[13:16] = False
    assert count_events(TIMES, intervals(), alarm).false_alarms == 0


def test_an_event_in_rows_left_out_is_no_event() -> None:
    counted = np.ones(len(TIMES), dtype=np.bool_)
    counted[:8] = False
    counts = count_events(TIMES, intervals(), ALARM, counted)
    assert (counts.events, counts.detected) == (1, 1)


def test_counts_add_up() -> None:
    one = count_events(TIMES, intervals(), ALARM)
    both = one + one
    assert (both.events, both.false_alarms, both.median_delay_min) == (4, 6, 15.0)
    assert both.false_alarms_per_day == one.false_alarms_per_day


def test_cadence_ignores_gaps_and_repeated_stamps() -> None:
    minutes = np.array([0, 5, 10, 10, 15, 20, 5000], dtype="timedelta64[m]")
    assert cadence_min(np.datetime64("2026-01-01", "ns") + minutes) == 5.0
    assert cadence_min(np.array([], dtype="datetime64[ns]")) == 0.0


@pytest.mark.parametrize(
    ("drawn", "expected"), [("", []), ("...", []), ("#", [(0, 1)]), ("##.#", [(0, 2), (3, 4)]), (".##", [(1, 3)])]
)
def test_stretches(drawn: str, expected: list[tuple[int, int]]) -> None:
    assert stretches(np.array([c == "#" for c in drawn], dtype=np.bool_)) == expected

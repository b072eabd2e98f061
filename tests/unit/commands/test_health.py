"""Number 15: what doctor makes of what the database says of the pipeline itself."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from commands.findings import CheckError
from commands.health import all_judged, heard, looked_at, none_floods, told_by_database, told_by_stamps, unbroken
from sql.reports import ClockLine, FloodLine, LogBreakLine, PutAsideLine

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
QUIET = timedelta(minutes=15)


def test_15_nobody_heard_for_longer_than_the_silence_is_our_own_fault() -> None:
    assert heard(None, QUIET, NOW) == "no station was heard yet"
    assert "was heard at" in heard(NOW - timedelta(minutes=14), QUIET, NOW)
    with pytest.raises(CheckError, match="no station was heard for 16 min") as told:
        heard(NOW - timedelta(minutes=16), QUIET, NOW)
    assert "quantrac run bridge" in told.value.advice


@pytest.mark.parametrize(
    ("defect", "seen", "advice"),
    [("ahead", "ours is slow", "instant_in_future"), ("late", "ours is fast", "an outage")],
)
def test_our_own_clock_is_told_with_the_next_step(defect: str, seen: str, advice: str) -> None:
    assert told_by_stamps(None) == "ours agrees with the stations'"
    with pytest.raises(CheckError, match=seen) as told:
        told_by_stamps(ClockLine(defect, NOW))
    assert advice in told.value.advice


def test_a_clock_of_the_database_that_differs_is_told() -> None:
    told_by_database(NOW + timedelta(seconds=59), NOW)
    for minutes, words in ((6, "6 min ahead of this"), (-120, "2 h behind this")):
        with pytest.raises(CheckError, match=words):
            told_by_database(NOW + timedelta(minutes=minutes), NOW)


def test_officers_are_told_only_while_somebody_looks_at_incidents() -> None:
    assert looked_at(None, NOW, ever_heard=False) == "no station was heard yet"
    assert "were looked at" in looked_at(NOW - timedelta(minutes=4), NOW, ever_heard=True)
    for stepped_at, words in ((None, "ever"), (NOW - timedelta(minutes=6), "since")):
        with pytest.raises(CheckError, match=f"incidents {words}.*no officer is told") as told:
            looked_at(stepped_at, NOW, ever_heard=True)
        assert "quantrac run incidents" in told.value.advice
    with pytest.raises(CheckError, match="3 d ahead of our clock") as told:
        looked_at(NOW + timedelta(days=3), NOW, ever_heard=True)
    assert "chronyc" in told.value.advice


def test_15_a_break_of_the_log_is_told_for_a_week_and_an_accepted_one_never() -> None:
    def line(kind: str, days: int) -> LogBreakLine:
        return LogBreakLine("quantrac.raw@c/t", 3, kind, 7, 9, NOW - timedelta(days=days), "Records 7 to 8 are gone.")

    assert unbroken([], NOW) == "whole for 7 days"
    assert unbroken([line("accepted", 1), line("lost", 8)], NOW) == "whole for 7 days; 1 older breaks"
    with pytest.raises(CheckError, match="lost, noticed at") as told:
        unbroken([line("lost", 6)], NOW)
    assert "Records 7 to 8 are gone." in told.value.advice


def test_15_the_worst_flood_is_named() -> None:
    assert none_floods([]) == "no station is beyond its quota"
    lines = [FloodLine("A", 900, 1_000, NOW, NOW), FloodLine("B", 3, 2_000_000, NOW, NOW)]
    with pytest.raises(CheckError, match="of B 3 messages"):
        none_floods(lines)


def test_r4_an_hour_that_cannot_be_judged_is_named() -> None:
    assert all_judged([]) == "every hour and day can be judged"
    with pytest.raises(CheckError, match=r"A COD, the hour from .*: ZeroDivisionError"):
        all_judged([PutAsideLine("A", "COD", "hour", NOW, "ZeroDivisionError: x", 1, NOW)])

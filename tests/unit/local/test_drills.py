"""A drill is scored by its truth: what was found, what was told and when, what was told that should not have been."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import pytest

from local.drills.page import as_json, html, lines
from local.drills.run import Pace, pace_of, settle
from local.drills.score import Message, Raised, Score, score
from quantrac.clock import ManualClock
from quantrac.domain.words import Bilingual
from quantrac.errors import QuantracError, SettingsError
from simulators.labels import Injected
from simulators.scenario import Scenario, load_scenario

NOON = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def event(station: str, kind: str, cls: str, begins: float, ends: float, *parameters: str) -> Injected:
    start, end = NOON + begins * MINUTE, NOON + ends * MINUTE
    crossed = start + 4 * MINUTE if cls == "pollution" else None
    return Injected(station, parameters, kind, cls, start, end, crossed)


def raised(
    number: int, station: str, parameter: str, minute: float, rule: str = "limit", *, page: bool = True
) -> Raised:
    at = NOON + minute * MINUTE
    return Raised(number, station, parameter, rule, "limit", at, at, at, page, explanation_vi="vượt")


SLUG = event("A", "pollution_slug", "pollution", 1, 9, "COD", "TSS")
STUCK = event("B", "stuck", "fault", 2, 8, "TSS")
RAIN = event("R", "rain", "natural", 3, 5, "TSS")
MISSED = event("C", "pollution_slug", "pollution", 5, 9, "NH4")


def run() -> Score:
    alerts = [
        raised(1, "A", "COD", 3), raised(2, "A", "TSS", 4), raised(3, "B", "TSS", 5, "anomaly", page=False),
        raised(4, "R", "TSS", 4), raised(5, "A", "pH", 30, page=False),
    ]  # fmt: skip
    messages = [Message(1, NOON + 3 * MINUTE, (1, 2), "COD 65 > 60"), Message(2, NOON + 4 * MINUTE, (4,), "TSS")]
    span = (NOON, NOON + 60 * MINUTE)
    return score([STUCK, SLUG, RAIN, MISSED], alerts, messages, span, grace=MINUTE)


def test_what_was_found_told_and_missed() -> None:
    found = run()
    slug, stuck, rain, missed = found.outcomes
    assert (slug.told_after, slug.ahead, slug.is_right) == (2 * MINUTE, 2 * MINUTE, True)
    assert (stuck.found_after, stuck.messages, stuck.is_right) == (3 * MINUTE, 0, True)
    assert (rain.messages, rain.is_right) == (1, False)
    assert (missed.alerts, missed.is_right) == ((), False)
    assert (found.told, found.found) == ((1, 2), (1, 1))
    assert [m.id for m in found.needless] == [2]
    assert [a.id for a in found.stray] == [5]
    assert found.median_told_after == 2 * MINUTE


def test_an_alert_in_a_slug_and_a_fault_is_the_slugs() -> None:
    covered = event("A", "offset", "fault", 0, 10, "COD")
    both = score([SLUG, covered], [raised(1, "A", "COD", 3)], [], (NOON, NOON + 60 * MINUTE))
    assert [bool(o.alerts) for o in both.outcomes] == [False, True]


def test_the_report_is_vietnamese_first_and_forges_nothing() -> None:
    found = run()
    page = html(found, "<script>x</script>", 144, Bilingual("kênh thử", "test channel"))
    assert "<script>" not in page
    assert page.index("Kết quả diễn tập") < page.index("Score of a drill")
    assert "BÁO THỪA" in page
    assert "BỎ SÓT" in page
    HTMLParser().feed(page)
    assert "Ô nhiễm đã báo · pollution told: 1/2" in list(lines(found))
    assert max(map(len, lines(found))) <= 80
    assert as_json(found)["needless_messages"] == 1


def test_the_shipped_drill_at_ten_minutes_has_something_in_every_minute() -> None:
    day = load_scenario("drill")
    pace = pace_of(day, None, 10 * MINUTE)
    assert pace.speed == 144
    fast = day.at_speed(pace.speed)
    assert fast.length_s == 600
    busy = {
        minute
        for rule in fast.events
        for minute in range(10)
        if isinstance(rule.start, float)
        and rule.start < (minute + 1) * 60
        and rule.start + rule.duration_s > minute * 60
    }
    assert busy == set(range(10))


@pytest.mark.parametrize(
    ("scenario", "speed", "duration", "said"),
    [
        (Scenario("mine"), 60, None, "say how long"),
        (Scenario("mine", length_s=86_400), 1e4, None, "0.1 to 600"),
        (Scenario("mine", length_s=86_400), None, MINUTE, "cannot pass so fast; give 3 min at least"),
    ],
)
def test_a_pace_that_cannot_be_is_told(
    scenario: Scenario, speed: float | None, duration: timedelta | None, said: str
) -> None:
    with pytest.raises(SettingsError, match=said):
        pace_of(scenario, speed, duration)


def test_a_second_drill_says_nothing_anew_of_the_time_of_the_first() -> None:
    pace = Pace(144, 10 * MINUTE)
    assert pace.past(None, NOON) == timedelta(hours=36) / 144
    assert pace.past(NOON - 5 * MINUTE, NOON) == 5 * MINUTE - timedelta(seconds=1)
    assert pace.past(NOON + MINUTE, NOON) == timedelta(0)


def test_it_waits_until_nothing_more_comes() -> None:
    clock, looks = ManualClock(NOON), iter([*range(5), *[9] * 99])

    def let(clock: ManualClock) -> Callable[[float], None]:
        return lambda seconds: clock.advance(timedelta(seconds=seconds))

    settle(lambda: next(looks), lambda: 0, clock, let(clock))
    assert 9 <= (clock.now() - NOON).total_seconds() <= 14
    with pytest.raises(QuantracError, match="no worker takes them"):
        settle(lambda: 1, lambda: 7, clock, let(clock))

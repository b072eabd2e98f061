"""Housekeeping channels: registered with every mistake told, and spans that never say what was not observed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantrac.domain.channels import Channel, ChannelKind, ChannelState, Span, spans_after
from quantrac.errors import RuleError
from quantrac.registry import parse_registry

STATION = """
[[station]]
code = "DT_A"
effective_from = 2026-01-01
name_vi = "a"
name_en = "a"
kind = "effluent"
operator = "a"
longitude = 105.75
latitude = 10.29
[[station.sensor]]
parameter = "COD"
unit = "mg/L"
aliases = ["cod2"]
[[station.channel]]
{}
"""
START = datetime(2026, 11, 23, tzinfo=UTC)


def at(n: int) -> datetime:
    return START + timedelta(minutes=5 * n)


def test_a_channel_is_registered_with_what_its_numbers_mean() -> None:
    text = STATION.format('code = "Cửa"\nkind = "door"\naliases = ["Door"]\nstates = { 0 = "đóng", 1 = "mở" }')
    (channel,) = parse_registry(text, "test").stations[0].channels
    assert (channel.code, channel.kind, channel.aliases) == ("Cửa", ChannelKind.DOOR, ("Door",))
    assert [channel.words(s) for s in (0.0, 1.0, 3.0, None)] == ["đóng", "mở", "3", "không có giá trị"]


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ('code = "Door"', "kind"),
        ('kind = "door"', "code"),
        ('code = "Door"\nkind = "window"', "kind"),
        ('code = "COD"\nkind = "door"', "already means COD"),
        ('code = "Door"\nkind = "door"\naliases = ["cod2"]', "already means COD"),
        ('code = "Door"\nkind = "door"\nstates = { open = "mở" }', "open"),
        ('code = "Door"\nkind = "door"\nstates = { 1 = 7 }', "states"),
        ('code = "Door"\nkind = "door"\nunit = "mg/L"', "unit"),
        ('code = "Door"\nkind = "door"\ncadence_s = 0', "cadence_s"),
        ('code = "Door"\nkind = "door"\nheartbeat_s = 3600', "only for channels with on_change"),
        ('code = "Door"\nkind = "door"\non_change = true\nheartbeat_s = 0', "heartbeat_s"),
        ('code = "Door"\nkind = "door"\non_change = 1', "on_change"),
    ],
)
def test_mistakes_are_told(lines: str, told: str) -> None:
    with pytest.raises(RuleError, match=told):
        parse_registry(STATION.format(lines), "test")


def test_a_channel_is_due_as_its_station_s_sensors_are_unless_its_description_says_otherwise() -> None:
    def due_s(lines: str) -> float | None:
        text = STATION.format(f'code = "Door"\nkind = "door"\n{lines}').replace('"mg/L"', '"mg/L"\ncadence_s = 900')
        return parse_registry(text, "test").stations[0].channels[0].due_s

    said = ("", "cadence_s = 60", "on_change = true", "on_change = true\nheartbeat_s = 3600")
    assert [due_s(lines) for lines in said] == [900.0, 60.0, None, 3600.0]


PACE = Channel("Door", ChannelKind.DOOR).goes_on


def say(n: float, state: float | None, offset: int = 0) -> ChannelState:
    when = START + timedelta(minutes=5 * n)
    return ChannelState(when, state, when, 0, offset)


def test_only_changes_are_kept() -> None:
    #  minute   0  5  10 15 20 25
    #  door     0  0  0  1  1  0
    said = [say(n, s) for n, s in enumerate((0.0, 0.0, 0.0, 1.0, 1.0, 0.0))]
    assert spans_after([], said, PACE) == (
        [Span(at(0), at(2), 0.0), Span(at(3), at(4), 1.0), Span(at(5), at(5), 0.0)],
        [],
    )


def test_what_comes_late_for_a_gap_is_news_and_another_word_about_an_instant_a_revision() -> None:
    #  minute    0  5  10 15 20 25      1 open, 0 closed
    #  first     0  .  0  1  1  1
    #  later        1                   nothing was known of minute 5
    #  rewritten          0  0  0       the door was never open
    spans, revised = spans_after([], [say(n, s) for n, s in ((0, 0.0), (2, 0.0), (3, 1.0), (4, 1.0), (5, 1.0))], PACE)
    spans, late = spans_after(spans, [say(1, 1.0)], PACE)
    assert (revised, late) == ([], [])
    assert Span(at(1), at(1), 1.0) in spans
    rewritten = [say(n, 0.0, offset=90 + n) for n in (3, 4, 5)]
    spans, revised = spans_after(spans, rewritten, PACE)
    assert [s for s in spans if s.state == 1.0] == [Span(at(1), at(1), 1.0)]
    assert [(r.was, r.now.offset) for r in revised] == [
        (Span(at(3), at(5), 1.0), 93),
        (Span(at(5), at(5), 1.0), 95),
    ]
    assert spans_after(spans, rewritten, PACE) == (spans, [])


def test_what_the_transport_delivers_twice_takes_back_nothing() -> None:
    spans, _ = spans_after([], [say(0, 1.0), say(0, 0.0)], PACE)
    assert spans_after(spans, [say(0, 1.0)._replace(again=True)], PACE) == ([Span(at(0), at(0), 0.0)], [])


def test_a_backfill_behind_what_is_live_is_kept_by_its_changes_too() -> None:
    spans, _ = spans_after([], [say(500, 0.0)], PACE)
    spans, revised = spans_after(spans, [say(n, float(n >= 200)) for n in range(400)], PACE)
    assert spans == [Span(at(0), at(199), 0.0), Span(at(200), at(399), 1.0), Span(at(500), at(500), 0.0)]
    assert revised == []


SAID = st.lists(st.tuples(st.integers(0, 30), st.sampled_from((0.0, 1.0, None))), unique_by=lambda s: s[0], max_size=30)


@given(SAID, st.integers(1, 7))
def test_in_whatever_order_it_comes_no_span_contradicts_what_was_observed(
    said: list[tuple[int, float | None]], slices: int
) -> None:
    states = [say(n, state) for n, state in said]
    spans: list[Span] = []
    for first in range(0, len(states), slices):
        spans, revised = spans_after(spans, states[first : first + slices], PACE)
        assert revised == []
    for before, after in pairwise(spans):
        assert before.until < after.since
    for state in states:
        assert [s.state for s in spans if s.since <= state.observed_at <= s.until] == [state.state]
    assert {s.since for s in spans} | {s.until for s in spans} <= {s.observed_at for s in states}


@given(st.lists(st.tuples(st.integers(0, 12), st.sampled_from((0.0, 1.0, None))), max_size=40))
def test_whatever_was_ever_said_stays_visible(said: list[tuple[int, float | None]]) -> None:
    spans, revised = spans_after([], [say(n, state) for n, state in said], PACE)
    kept = [*spans, *(r.was for r in revised)]
    for n, state in said:
        assert any(span.state == state and span.since <= at(n) <= span.until for span in kept), (n, state)


@given(SAID)
def test_in_order_the_spans_tell_every_observation(said: list[tuple[int, float | None]]) -> None:
    states = [say(n, state) for n, state in sorted(said, key=lambda s: s[0])]
    spans, _ = spans_after([], states, PACE)
    for state in states:
        assert [s.state for s in spans if s.since <= state.observed_at <= s.until] == [state.state]
    assert spans_after(spans, states, PACE) == (spans, [])

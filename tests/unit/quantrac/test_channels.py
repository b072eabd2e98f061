"""Housekeeping channels: registered with every mistake told, and spans that never say what was not observed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantrac.domain.channels import ChannelKind, ChannelState, Span, spans_after
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
    ],
)
def test_mistakes_are_told(lines: str, told: str) -> None:
    with pytest.raises(RuleError, match=told):
        parse_registry(STATION.format(lines), "test")


def test_only_changes_are_kept() -> None:
    #  minute   0  5  10 15 20 25
    #  door     0  0  0  1  1  0
    said = [ChannelState(at(n), s) for n, s in enumerate((0.0, 0.0, 0.0, 1.0, 1.0, 0.0))]
    assert spans_after([], said) == [Span(at(0), at(2), 0.0), Span(at(3), at(4), 1.0), Span(at(5), at(5), 0.0)]


SAID = st.lists(st.tuples(st.integers(0, 30), st.sampled_from((0.0, 1.0, None))), unique_by=lambda s: s[0], max_size=30)


@given(SAID, st.integers(1, 7))
def test_in_whatever_order_it_comes_no_span_contradicts_what_was_observed(
    said: list[tuple[int, float | None]], slices: int
) -> None:
    states = [ChannelState(at(n), state) for n, state in said]
    spans: list[Span] = []
    for first in range(0, len(states), slices):
        spans = spans_after(spans, states[first : first + slices])
    for before, after in pairwise(spans):
        assert before.until < after.since
    for observed_at, state in states:
        assert all(span.state == state for span in spans if span.since <= observed_at <= span.until)
    assert {s.since for s in spans} | {s.until for s in spans} <= {s.observed_at for s in states}


@given(SAID)
def test_in_order_the_spans_tell_every_observation(said: list[tuple[int, float | None]]) -> None:
    states = [ChannelState(at(n), state) for n, state in sorted(said, key=lambda s: s[0])]
    spans = spans_after([], states)
    for observed_at, state in states:
        assert [s.state for s in spans if s.since <= observed_at <= s.until] == [state]
    assert spans_after(spans, states) == spans

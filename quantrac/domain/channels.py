"""Housekeeping channels of a station: door, fire, mains power, UPS, pump, sampler. States, never water."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple


class ChannelKind(StrEnum):
    """What a channel watches."""

    DOOR = "door"
    FIRE = "fire"
    MAINS = "mains"
    UPS = "ups"
    PUMP = "pump"
    SAMPLER = "sampler"
    """The auto-sampler: bottles that are left, or whether it takes a sample."""
    OTHER = "other"


KIND_VI: Mapping[ChannelKind, str] = {
    ChannelKind.DOOR: "cửa trạm",
    ChannelKind.FIRE: "báo cháy",
    ChannelKind.MAINS: "điện lưới",
    ChannelKind.UPS: "bộ lưu điện",
    ChannelKind.PUMP: "bơm",
    ChannelKind.SAMPLER: "tủ lấy mẫu tự động",
    ChannelKind.OTHER: "kênh khác",
}
"""What staff read."""


@dataclass(frozen=True, slots=True)
class Channel:
    """One housekeeping channel. Which number means what differs from logger to logger: ``states`` says it."""

    code: str
    kind: ChannelKind
    aliases: tuple[str, ...] = ()
    """Other symbols that this station's logger uses for it."""
    states: tuple[tuple[float, str], ...] = ()
    """What a number means, in Vietnamese; a number without words is shown as it is (bottles left)."""
    cadence_s: float = 300.0

    def words(self, state: float | None) -> str:
        """Return what staff read for a state.

        >>> door = Channel("Door", ChannelKind.DOOR, states=((0.0, "đóng"), (1.0, "mở")))
        >>> door.words(1.0), door.words(7.0), door.words(None)
        ('mở', '7', 'không có giá trị')
        """
        if state is None:
            return "không có giá trị"
        return dict(self.states).get(state, f"{state:g}")


class ChannelState(NamedTuple):
    """What a channel said at one instant; ``None``: nothing."""

    observed_at: datetime
    state: float | None


@dataclass(frozen=True, slots=True)
class Span:
    """From ``since`` to ``until``, both observed, a channel was in one state. What lies between spans is not known."""

    since: datetime
    until: datetime
    state: float | None


def spans_after(spans: Sequence[Span], observed: Iterable[ChannelState]) -> list[Span]:
    """Return the spans after more was observed, in any order; of one instant the last word counts.

    A late observation inside a span of another state divides it: of that span only its two ends are certain then. One
    between spans is a span of its own.

    >>> from datetime import UTC, timedelta
    >>> at = [datetime(2026, 11, 23, tzinfo=UTC) + timedelta(minutes=5 * n) for n in range(4)]
    >>> closed = spans_after([], [ChannelState(at[0], 0.0), ChannelState(at[1], 0.0), ChannelState(at[3], 0.0)])
    >>> len(closed), [s.state for s in spans_after(closed, [ChannelState(at[2], 1.0)])]
    (1, [0.0, 1.0, 0.0])
    """
    found = sorted(spans, key=lambda span: span.since)
    for at, state in observed:
        place = bisect_right(found, at, key=lambda span: span.since) - 1
        span = found[place] if place >= 0 else None
        if span is None or at > span.until:
            # Between two spans may lie what a division left out: only the newest one is sure to go on.
            if span is not None and span.state == state and place == len(found) - 1:
                found[place] = replace(span, until=at)
            else:
                found.insert(place + 1, Span(at, at, state))
        elif span.state != state:
            found[place : place + 1] = _divided(span, at, state)
    return found


def _divided(span: Span, at: datetime, state: float | None) -> list[Span]:
    parts = [Span(at, at, state)]
    if span.since < at:
        parts.insert(0, Span(span.since, span.since, span.state))
    if at < span.until:
        parts.append(Span(span.until, span.until, span.state))
    return parts

"""Housekeeping channels of a station: door, fire, mains power, UPS, pump, sampler. States, never water."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
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


GOES_ON_CADENCES = 1.5
"""Less than two, so that a word that was left out and comes later is not taken for another word about the same instant;
more than one, for loggers that stamp some seconds late."""


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
    """From one word to the next."""
    on_change: bool = False
    """Whether the logger sends it only when it changes: then nothing is due of it, but for its heartbeat."""
    heartbeat_s: float | None = None
    """How often it is sent though nothing has changed; only with ``on_change``."""

    @property
    def due_s(self) -> float | None:
        """After which time its next word is due; ``None``: it may say nothing for ever."""
        return self.heartbeat_s if self.on_change else self.cadence_s

    @property
    def goes_on(self) -> timedelta:
        """How long after a word the next one still belongs to the same span: nothing can have been left out between.

        Between two words of a channel that is sent on change there is always room for another.
        """
        return timedelta(0) if self.on_change else timedelta(seconds=GOES_ON_CADENCES * self.cadence_s)

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
    """What a channel said at one instant; ``state`` is ``None``: nothing."""

    observed_at: datetime
    state: float | None
    received_at: datetime
    partition: int
    """Of the raw record that said it, as ``offset``."""
    offset: int
    again: bool = False
    """Whether the transport delivers it a second time: then it takes back nothing that was said since."""
    late: bool = False
    """Whether it came in the retrospective lane."""


@dataclass(frozen=True, slots=True)
class Span:
    """From ``since`` to ``until``, both observed, a channel was in one state. What lies between spans is not known."""

    since: datetime
    until: datetime
    state: float | None
    late: bool = field(default=False, compare=False)
    """Whether the word with which it begins came late: it was not told when it was so."""


class StateRevision(NamedTuple):
    """A station said one thing of an instant and later another: what was held before, and what it says now."""

    was: Span
    now: ChannelState


def spans_after(
    spans: Sequence[Span], observed: Iterable[ChannelState], goes_on: timedelta
) -> tuple[list[Span], list[StateRevision]]:
    """Return the spans after more was observed, in any order, and what was revised.

    Of one instant the last word counts. A span goes on to what is observed at most ``goes_on`` after its end, so that
    nothing was left out within it: what comes late for a gap is news, and another word about a span is a revision. It
    divides the span, of which only the two ends are certain then; the revision has all of it.

    ::

        said first     o  o  o  o  .  o      o open, c closed, . nothing came
        said later        c        c
        spans          o  c     o  c  o      of the first ``c`` there is a revision, of the second none

    >>> from datetime import UTC
    >>> at = [datetime(2026, 11, 23, tzinfo=UTC) + timedelta(minutes=5 * n) for n in range(4)]
    >>> pace = timedelta(minutes=7.5)
    >>> opened, _ = spans_after([], [ChannelState(t, 1.0, t, 0, n) for n, t in enumerate(at)], pace)
    >>> spans, revised = spans_after(opened, [ChannelState(at[2], 0.0, at[3], 0, 9)], pace)
    >>> len(opened), [s.state for s in spans], [r.was == opened[0] for r in revised]
    (1, [1.0, 0.0, 1.0], [True])
    """
    found = sorted(spans, key=lambda span: span.since)
    revised: list[StateRevision] = []
    for said in observed:
        at, state = said.observed_at, said.state
        place = bisect_right(found, at, key=lambda span: span.since) - 1
        span = found[place] if place >= 0 else None
        if span is None or at > span.until:
            if span is not None and span.state == state and at - span.until <= goes_on:
                found[place] = replace(span, until=at)
            else:
                found.insert(place + 1, Span(at, at, state, said.late))
        elif span.state != state and not said.again:
            found[place : place + 1] = _divided(span, said)
            revised.append(StateRevision(span, said))
    return found, revised


def _divided(span: Span, said: ChannelState) -> list[Span]:
    at = said.observed_at
    parts = [Span(at, at, said.state, said.late)]
    if span.since < at:
        parts.insert(0, replace(span, until=span.since))
    if at < span.until:
        parts.append(replace(span, since=span.until))
    return parts

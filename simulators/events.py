"""What can go wrong: the kinds of injected events, their truth class, and one occurrence of an event."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum


class TruthClass(StrEnum):
    """What an event really is: the answer that a triage has to give."""

    POLLUTION = "pollution"
    FAULT = "fault"
    MAINTENANCE = "maintenance"
    COMMUNICATION = "communication"
    NATURAL = "natural"
    FALSIFICATION = "falsification"


class EventKind(StrEnum):
    """What is injected. ``docs/simulators.md`` has the meaning of ``magnitude`` for each."""

    POLLUTION_SLUG = "pollution_slug"
    RAIN = "rain"
    STUCK = "stuck"
    SPIKE = "spike"
    DRIFT = "drift"
    FOULING = "fouling"
    OFFSET = "offset"
    NOISE = "noise"
    DROP_OUT = "drop_out"
    INSTRUMENT_FAULT = "instrument_fault"
    CALIBRATION = "calibration"
    NETWORK_LOSS = "network_loss"
    CLOCK_SKEW = "clock_skew"
    DUPLICATES = "duplicates"
    SILENCE = "silence"
    CAPPED = "capped"
    COPIED_DAY = "copied_day"
    DILUTION = "dilution"
    MASKING_CALIBRATION = "masking_calibration"


CLASS_OF_KIND: dict[EventKind, TruthClass] = {
    EventKind.POLLUTION_SLUG: TruthClass.POLLUTION,
    EventKind.RAIN: TruthClass.NATURAL,
    EventKind.CALIBRATION: TruthClass.MAINTENANCE,
    EventKind.NETWORK_LOSS: TruthClass.COMMUNICATION,
    EventKind.CLOCK_SKEW: TruthClass.COMMUNICATION,
    EventKind.DUPLICATES: TruthClass.COMMUNICATION,
    EventKind.SILENCE: TruthClass.COMMUNICATION,
    EventKind.CAPPED: TruthClass.FALSIFICATION,
    EventKind.COPIED_DAY: TruthClass.FALSIFICATION,
    EventKind.DILUTION: TruthClass.FALSIFICATION,
    EventKind.MASKING_CALIBRATION: TruthClass.FALSIFICATION,
} | dict.fromkeys(
    (
        EventKind.STUCK, EventKind.SPIKE, EventKind.DRIFT, EventKind.FOULING, EventKind.OFFSET, EventKind.NOISE,
        EventKind.DROP_OUT, EventKind.INSTRUMENT_FAULT,
    ),
    TruthClass.FAULT,
)  # fmt: skip

WATER_KINDS = frozenset({EventKind.POLLUTION_SLUG, EventKind.RAIN, EventKind.DILUTION})
"""Kinds that change the water itself, before any instrument sees it."""
MESSAGE_KINDS = frozenset({EventKind.NETWORK_LOSS, EventKind.CLOCK_SKEW, EventKind.DUPLICATES, EventKind.SILENCE})
"""Kinds that concern whole messages of a station, so that naming parameters makes no sense."""
DEFAULT_MAGNITUDE: dict[EventKind, float] = {
    EventKind.POLLUTION_SLUG: 3.0, EventKind.RAIN: 4.0, EventKind.SPIKE: 3.0, EventKind.DRIFT: 1.0,
    EventKind.FOULING: 0.5, EventKind.OFFSET: 0.6, EventKind.NOISE: 0.3, EventKind.DROP_OUT: 1.0,
    EventKind.CLOCK_SKEW: 90.0, EventKind.DUPLICATES: 1.0, EventKind.CAPPED: 0.95, EventKind.DILUTION: 2.0,
    EventKind.MASKING_CALIBRATION: 0.8,
}  # fmt: skip


class SlugType(StrEnum):
    """Which chemistry a pollution slug has: which parameters move together, and how much."""

    ORGANIC = "organic"
    AMMONIA = "ammonia"
    SOLIDS = "solids"
    SALT = "salt"
    ACID = "acid"
    DYE = "dye"


class RelativeTo(StrEnum):
    """What the magnitude of a slug is a multiple of."""

    USUAL = "usual"
    LIMIT = "limit"


@dataclass(frozen=True, slots=True)
class StationEvent:
    """An event bound to one station and to the clock; times are seconds since the epoch.

    ``period_s`` is 0 for an event that happens once; else it comes back each ``period_s``, ``repeats`` times in all
    (``None``: without end).
    """

    number: int
    """Position in the scenario file, from 1."""
    station: str
    kind: EventKind
    parameters: tuple[str, ...]
    start_s: float
    duration_s: float
    magnitude: float
    onset_s: float
    tail_s: float
    slug: SlugType = SlugType.ORGANIC
    relative_to: RelativeTo = RelativeTo.USUAL
    period_s: float = 0.0
    repeats: int | None = 1
    copy_s: float = 86_400.0
    """Age of the data that ``copied_day`` repeats."""
    detail: str = ""

    def occurrences(self, first_s: float, last_s: float) -> Iterator[Occurrence]:
        """Yield the occurrences that overlap the closed interval, in order."""
        index = 0 if self.period_s <= 0 else max(0, int((first_s - self.start_s - self.duration_s) // self.period_s))
        while self.repeats is None or index < self.repeats:
            start_s = self.start_s + index * self.period_s
            if start_s > last_s:
                return
            if start_s + self.duration_s >= first_s:
                yield Occurrence(self, index, start_s, start_s + self.duration_s)
            if self.period_s <= 0:
                return
            index += 1


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One time that an event happens: ``start_s`` inclusive, ``end_s`` exclusive, seconds since the epoch."""

    event: StationEvent
    index: int
    start_s: float
    end_s: float

    def active(self, at_s: float) -> bool:
        """Whether the occurrence covers an instant."""
        return self.start_s <= at_s < self.end_s

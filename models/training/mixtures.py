"""Events and faults drawn into recorded or simulated water: labelled examples for the triage and for a second stage.

The recipe is our own and wide on purpose: any mixture of parameters (half of the time one that makes chemical sense),
any size from barely visible to eight times the usual, courses that no pattern of the triage knows, faults that stand at
one probe, some of them beside a slug, rain that thins or muddies, and neighbours whose reports are noisy. What is drawn
is the label. Nothing of a series that is judged is ever used: only training series are altered.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from models.chemistry import PATTERNS, polluting_side, roles_of
from models.priors import kind_of
from models.protocol import TriageClass
from models.series import Bools, Event, Floats, Series, inside
from models.training.injection import scatter

Generator = np.random.Generator

FAULTS = (
    "stuck", "offset", "drift", "noise", "dropout", "spike",
    "spikes", "fouling", "gain", "calibration", "still", "gone",
)  # fmt: skip
"""``gain``: the probe reads a multiple; ``calibration``: standards without a status; ``still``: all probes at once."""
_GAP_H = (14.0, 44.0)
"""From the end of one event to the start of the next: baselines have to come back."""
_QUIET_H = 48.0
"""At the head, without an event."""
_POLLUTION = 0.45
_RAIN = 0.1
"""Shares of the events; the others are faults."""
_POLLUTION_H = (0.7, 10.0)
_FAULT_H = (0.5, 30.0)
_EXCESS = (0.3, 7.0)
"""Of the strongest parameter over its usual level, drawn evenly on a logarithm."""
_SENSIBLE = 0.5
"""Share of the pollutions whose parameters belong to one kind of waste water."""
_BESIDE = 0.2
"""Share of the pollutions beside which a probe fails."""
_WITH_FLOW = 0.2
"""Share of the pollutions that come with more water."""
_REPORTS = 0.5
"""Share of the copies in which neighbours report."""
_LEAST_ROWS = 4
_BUFFERS = (4.01, 7.0, 10.01)
_TAKEN_H = 2.0
"""Hours around an event of the series' own in which nothing is drawn."""


def with_mixtures(series: Series, seed: int) -> Series:
    """Return a copy of a training series with random events, in rows where it has no label; its own events stay.

    Rows that its labels or its mask name and no event explains are marked to be ignored: nobody knows what they are.
    """
    rng = np.random.default_rng(seed)
    rows = len(series.times)
    made = _Copy(rng, series)
    at = round((_QUIET_H + rng.uniform(*_GAP_H)) * made.per_h)
    events = list(series.events)
    labels = series.labelled.copy()
    taken = labels | series.ignored
    doubtful = taken & ~inside(series.times, events)
    around = round(_TAKEN_H * made.per_h)
    while at + _LEAST_ROWS < rows:
        draw = rng.random()
        kind = "pollution" if draw < _POLLUTION else "rain" if draw < _POLLUTION + _RAIN else "fault"
        length = max(round(_between(rng, *(_FAULT_H if kind == "fault" else _POLLUTION_H)) * made.per_h), _LEAST_ROWS)
        part = slice(at, min(at + length, rows))
        if not taken[max(at - around, 0) : part.stop + around].any():
            for event in made.draw(kind, part):
                events.append(event)
                labels |= series.within(event)
        at = part.stop + round(rng.uniform(*_GAP_H) * made.per_h)
    ordered = tuple(sorted(events, key=lambda e: e.start))
    out = replace(series, values=made.values, labels=labels, events=ordered, ignore=doubtful)
    return replace(out, neighbours=_reports(rng, out)) if rng.random() < _REPORTS else out


def _between(rng: Generator, low: float, high: float) -> float:
    """Return a number drawn evenly on a logarithm."""
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


class _Copy:
    """The values of a series while events are drawn into them."""

    def __init__(self, rng: Generator, series: Series) -> None:
        self.rng, self.series = rng, series
        self.values = series.values.copy()
        steps = np.diff(series.times) / np.timedelta64(3600, "s")
        self.per_h = 1.0 / max(float(np.median(steps)), 1e-4) if len(steps) else 12.0
        self.columns = series.target_places
        self.kinds = [kind_of(c) for c in series.columns]
        self.roles = roles_of(series.columns)
        self.level = np.nan_to_num(np.nanmedian(series.values, axis=0)) if len(series.times) else np.zeros(0)
        self.scatter = scatter(series.values)

    def draw(self, kind: str, part: slice) -> list[Event]:
        """Alter the rows of ``part`` and return what was done; nothing where the station could not show it."""
        if kind == "pollution":
            return self._pollution(part)
        if kind == "rain":
            return self._rain(part)
        return self._fault(part)

    def _event(self, part: slice, kind: str, cls: TriageClass, touched: list[int]) -> list[Event]:
        if not touched:
            return []
        times, names = self.series.times, tuple(self.series.columns[j] for j in touched)
        return [Event(times[part.start], times[part.stop - 1], kind, names, cls)]

    def _pollution(self, part: slice) -> list[Event]:
        rng, rows = self.rng, part.stop - part.start
        chosen = self._mixture()
        excess = _between(rng, *_EXCESS)
        course = _course(rng, rows)
        for i, (j, side) in enumerate(chosen):
            share = 1.0 if i == 0 else float(rng.uniform(0.15, 1.0))
            lag = int(rng.integers(0, 3)) if rows > 2 * _LEAST_ROWS else 0
            mine = np.concatenate([np.zeros(lag), course[: rows - lag]])
            self._raise(part, j, side * excess * share, mine)
        flows = [j for j in range(len(self.kinds)) if self.roles.explains[j]]
        if flows and rng.random() < _WITH_FLOW:
            self.values[part, flows] *= 1.0 + float(rng.uniform(0.1, 0.8)) * course[:, None]
        if chosen and rng.random() < _BESIDE:
            others = [j for j in self.columns if j not in {c for c, _ in chosen}]
            if others:
                self._alter(FAULTS[int(rng.integers(6))], int(rng.choice(others)), part)
        return self._event(part, "pollution", TriageClass.POLLUTION, [j for j, _ in chosen])

    def _mixture(self) -> list[tuple[int, float]]:
        """Return columns and the side to which each goes, the strongest first."""
        rng = self.rng
        sides = {j: polluting_side(self.series.columns[j]) for j in self.columns}
        free = [j for j in self.columns if sides[j]]
        if not free:
            return []
        if rng.random() < _SENSIBLE:
            groups = [[(j, p.signs[self.kinds[j]]) for j in free if self.kinds[j] in p.signs] for p in PATTERNS]
            groups = [g for g in groups if len(g) >= 2]
            if groups:
                group = groups[int(rng.integers(len(groups)))]
                return [(j, float(s)) for j, s in (group[i] for i in rng.permutation(len(group)))]
        number = int(rng.integers(1, min(len(free), 5) + 1))
        return [(int(j), self._turned(int(j), sides[int(j)])) for j in rng.permutation(free)[:number]]

    def _turned(self, j: int, side: float) -> float:
        """Return the side; either, for a parameter that pollutes on both."""
        both = self.kinds[j] in {"ph", "temp"} or not self.kinds[j]
        return side if not both or self.rng.random() < 0.5 else -side

    def _raise(self, part: slice, j: int, excess: float, course: Floats) -> None:
        kind = self.kinds[j]
        if kind == "ph":
            self.values[part, j] += np.clip(excess, -4.0, 4.0) * 0.7 * course
        elif kind == "temp":
            self.values[part, j] += np.clip(excess, -6.0, 6.0) * course
        elif excess >= 0:
            # Salt at five times the usual is rare; conductivity moves less than what it carries.
            less = 0.4 if kind == "cond" and self.rng.random() < 0.5 else 1.0
            self.values[part, j] *= 1.0 + less * excess * course
        else:
            self.values[part, j] /= 1.0 - excess * course

    def _rain(self, part: slice) -> list[Event]:
        rng, rows = self.rng, part.stop - part.start
        muddy = [j for j in range(len(self.kinds)) if self.roles.muddy[j]]
        flows = [j for j in range(len(self.kinds)) if self.roles.explains[j]]
        if not flows and not muddy:
            return []
        course, size = _course(rng, rows), _between(rng, 0.3, 4.0)
        mud = float(rng.uniform(-0.3, 2.0))
        """Rain may thin the mud of an outlet as well."""
        for j, kind in enumerate(self.kinds):
            if j in muddy:
                factor = 1.0 + size * mud * course if mud > 0 else 1.0 / (1.0 - size * mud * course)
                self.values[part, j] *= factor
            elif j in flows:
                self.values[part, j] *= 1.0 + size * float(rng.uniform(0.3, 1.0)) * course
            elif kind == "temp":
                self.values[part, j] -= float(rng.uniform(0.0, 2.0)) * course
            elif self.roles.thinned[j]:
                self.values[part, j] /= 1.0 + size * float(rng.uniform(0.1, 0.7)) * course
        return self._event(part, "rain", TriageClass.NATURAL, muddy + flows)

    def _fault(self, part: slice) -> list[Event]:
        rng = self.rng
        kind = FAULTS[int(rng.integers(len(FAULTS)))]
        if kind == "still":
            known = [j for j in self.columns if np.isfinite(self.values[part.start, j])]
            self.values[part, known] = self.values[part.start, known]
            return self._event(part, kind, TriageClass.FAULT, known)
        if kind == "gone":
            self.values[part] = np.nan
            return self._event(part, kind, TriageClass.COMMUNICATION, self.columns)
        if kind == "calibration":
            return self._calibration(part)
        everything = [j for j in range(len(self.kinds)) if j in self.columns or self.roles.explains[j]]
        j = int(rng.choice(everything))
        if kind in {"spike", "spikes"}:
            part = slice(part.start, min(part.stop, part.start + (2 if kind == "spike" else 12)))
        self._alter(kind, j, part)
        return self._event(part, kind, TriageClass.FAULT, [j])

    def _calibration(self, part: slice) -> list[Event]:
        """Standards that each of one to three probes shows for a while, one after another, and no status tells it."""
        rng = self.rng
        each = max(round(float(rng.uniform(0.3, 1.0)) * self.per_h), 2)
        chosen = [int(j) for j in rng.permutation(self.columns)[: int(rng.integers(1, 4))]]
        at = part.start
        for j in chosen:
            shown = rng.choice(_BUFFERS) if self.kinds[j] == "ph" else self.level[j] * rng.choice([0.0, 0.5, 2.0, 4.0])
            rows = self.values[at : at + each, j]
            rows[:] = shown + 0.05 * self.scatter[j] * rng.standard_normal(len(rows))
            at += each
        stop = min(at, len(self.values))
        return self._event(slice(part.start, stop), "calibration", TriageClass.MAINTENANCE, chosen)

    def _alter(self, kind: str, j: int, part: slice) -> None:
        """Let one probe fail: by multiples of its scatter or by shares of its level, half of the time each."""
        rng, x = self.rng, self.values[part, j].copy()
        rows = len(x)
        sign = 1.0 if rng.random() < 0.5 else -1.0
        absolute = self.kinds[j] in {"ph", "temp"}
        by_share = abs(self.level[j]) * _between(rng, 0.15, 2.0)
        size = _between(rng, 4.0, 30.0) * self.scatter[j] if absolute or rng.random() < 0.5 else by_share
        known = x[np.isfinite(x)]
        first = known[0] if len(known) else self.level[j]
        ramp = (np.arange(rows) + 1.0) / rows
        lasting: dict[str, Callable[[], Floats]] = {
            "stuck": lambda: np.full(rows, first),
            "offset": lambda: x + sign * size,
            "drift": lambda: x + sign * size * ramp ** float(rng.uniform(0.7, 1.6)),
            "noise": lambda: x + 0.5 * size * rng.standard_normal(rows),
            "dropout": lambda: np.zeros(rows) if rng.random() < 0.7 else np.full(rows, np.nan),
            "spike": lambda: x + sign * 2.0 * size,
            "spikes": lambda: np.where(rng.random(rows) < 0.4, x + sign * 2.0 * size * rng.random(rows), x),
            "fouling": lambda: x * (1.0 + sign * float(rng.uniform(0.2, 0.6)) * ramp),
            "gain": lambda: x * (1.0 + _between(rng, 0.3, 3.0) if sign > 0 else float(rng.uniform(0.2, 0.8))),
        }
        altered = lasting[kind]()
        self.values[part, j] = altered if absolute and kind != "dropout" else np.maximum(altered, 0.0)


def _course(rng: Generator, rows: int) -> Floats:
    """Return a course from 0 to 1 and back: sudden or slow, with a plateau, a tail, or two heads."""
    place = (np.arange(rows) + 1.0) / (rows + 1.0)
    rise = float(rng.choice([_between(rng, 0.01, 0.2), rng.uniform(0.1, 0.7)]))
    shape = int(rng.integers(4))
    if shape == 0:
        out = np.minimum(place / rise, (1.0 - place) / float(rng.uniform(0.03, 0.5)))
    elif shape == 1:
        out = np.where(place < rise, place / rise, np.exp(-float(rng.uniform(1.0, 5.0)) * (place - rise) / (1 - rise)))
    elif shape == 2:
        out = np.sin(np.pi * place) ** float(rng.uniform(0.4, 2.0))
    else:
        second = float(rng.uniform(0.5, 0.9))
        heads = [np.exp(-0.5 * ((place - at) / 0.12) ** 2) for at in (min(rise, 0.4), second)]
        out = np.maximum(heads[0], float(rng.uniform(0.4, 1.0)) * heads[1])
    uneven = 1.0 + float(rng.uniform(0.0, 0.15)) * rng.standard_normal(rows)
    return np.asarray(np.clip(out, 0.0, 1.0) * np.maximum(uneven, 0.0))


def _reports(rng: Generator, series: Series) -> np.ndarray[tuple[int, int], np.dtype[np.int16]]:
    """Return what neighbours report: some share a slug or a rain, and each has alarms of its own at any time."""
    rows, number = len(series.times), int(rng.integers(1, 4))
    out = np.zeros((rows, 2), dtype=np.int16)
    out[:, 0] = number
    mine = _own_alarms(rng, rows, number)
    for event in series.events:
        shared = {TriageClass.POLLUTION: 0.3, TriageClass.NATURAL: 0.7}.get(event.cls or TriageClass.FAULT, 0.0)
        for k in range(number):
            if rng.random() < shared:
                mine[:, k] |= series.within(event)
    out[:, 1] = mine.sum(axis=1)
    return out


def _own_alarms(rng: Generator, rows: int, number: int) -> Bools:
    """Return alarms that have nothing to do with the station: each neighbour is in one for 3 % of the time."""
    out = np.zeros((rows, number), dtype=np.bool_)
    for k in range(number):
        for _ in range(max(rows // 1000, 1)):
            first, length = int(rng.integers(rows)), int(rng.integers(3, 60))
            out[first : first + length, k] = True
    return out

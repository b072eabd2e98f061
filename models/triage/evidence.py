"""What one running incident looks like, as named numbers: the evidence that the triage weighs.

Every term is 0 when there is nothing to say and grows with what is seen, so that a term's weight times its value is
what it contributes. ``models.triage.reasons`` has the words.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import exp, log, log1p

import numpy as np

from models.chemistry import (
    MORE_WATER,
    NOT_RISEN,
    Roles,
    best_pattern,
    dilution_support,
    rain_support,
    roles_of,
    weather_alone,
)
from models.features.table import CELLS
from models.protocol import TriageClass
from models.series import Floats, Ints
from models.slow.finding import Finding
from models.snapshots import ByFields

_OF_NOW = tuple(CELLS.index(name) for name in ("run", "zero"))
"""Features that count from the alarm on: that a sensor stood still before it moved explains nothing."""
_STEP, _MARKED = CELLS.index("step"), 2.0
"""Where a sensor's steps are, and the scatters beyond which one counts for its path."""
MOVED = 3.0
"""Scatters beyond which a sensor has moved."""
_MORE_FLOW = 0.1
"""Share of its usual level by which a flow has to be off: a pump that runs evenly has no scatter."""
_REPEATS = 1.5
"""How far a value is repeated beyond the usual, as a logarithm, before it tells anything."""
_CLIP = 15.0
_HALF_HOUR_ROWS = 6
_MEMORY_S = 6 * 3600.0
_BUFFERS = (4.0, 7.0, 10.0)
"""pH of the usual buffer solutions,"""
_NEAR_BUFFER = 0.06
"""and how near to one a probe stands in it."""

TERMS = (
    "single", "together", "size", "sense", "senseless", "upward", "harmless", "rain", "thin", "flow", "frozen", "zero",
    "missing", "gap", "step", "gradual", "noise", "restless", "beyond", "contradiction", "agreement", "buffer",
    "calibrating", "faulty", "visited", "neighbours", "lonely", "suspected", "worn", "short", "age",
    "fold", "low_fold", "several_fold", "mud", "by_units", "returned", "elsewhere", "few", "lone_jump", "lone_fold",
    "wobble", "lone_wobble", "again", "unseen", "undaily",
)  # fmt: skip
"""Names of the terms, in the order of a vector. From ``short`` on they are weighed and have no words."""
_MOST_FOLD = 3.0
"""Doublings of the usual level beyond which more says no more."""
_MOST_WOBBLE, _MOST_AGAIN, _MOST_UNSEEN = 3.0, 5.0, 4.0
LEARNT = ("learnt_pollution", "learnt_fault")
"""Two more terms where a second stage was taught the difference."""


@dataclass(frozen=True, slots=True)
class Context:
    """What the values of the station do not say; every field has a neutral default."""

    calibrating: frozenset[str] = frozenset()
    """Parameters with logger status 01 in this row."""
    faulty: frozenset[str] = frozenset()
    """Parameters with status 02, or refused by quality control."""
    neighbours: int = 0
    """Other stations of the same park or receiving water that report."""
    neighbours_alarmed: int = 0
    """Of them: with an open anomaly on the polluting side."""
    maintenance_ago_s: float | None = None
    """Since the last calibration or visit, if known."""
    suspected: frozenset[str] = frozenset()
    """Parameters with an open suspicion of falsification (``models.slow``)."""
    worn: frozenset[str] = frozenset()
    """Parameters with an open finding of a stuck or fouled probe (``models.slow``)."""


NEUTRAL = Context()


def known_to_triage(findings: Sequence[Finding]) -> Context:
    """Return the context that open findings are for a triage."""
    return Context(
        suspected=frozenset(f.parameter for f in findings if f.cls is TriageClass.FALSIFICATION),
        worn=frozenset(f.parameter for f in findings if f.cls is TriageClass.FAULT),
    )


@dataclass(frozen=True, slots=True)
class Evidence:
    """Terms by name, and for those with something to say the sensors that they are about (places of columns)."""

    terms: dict[str, float]
    about: dict[str, tuple[int, ...]]


class Gathering(ByFields):
    """The memory of one incident, a few numbers a sensor; fold rows in, read the evidence out."""

    def __init__(self, columns: Sequence[str], targets: Sequence[int]) -> None:
        self.columns = tuple(columns)
        self.targets = list(targets)
        self.roles = roles_of(self.columns)
        d = len(self.columns)
        self.rows = 0
        self.moved = -1.0
        self.z = np.zeros(d)
        """Departures at the row with the most movement."""
        self.cross = np.zeros(d)
        self.sense = 0.0
        self.sense_z = np.zeros(d)
        """Departures at the row that looked most like a known pollution."""
        self.peaks = np.zeros((len(CELLS), d))
        """Largest size of each feature so far."""
        self.path = np.zeros((4, d))
        """Of the marked steps of each sensor: their length, their sum, and the lowest and highest that this was."""
        self.again = 0.0
        """How many incidents began before this one, with forgetting."""
        self.usual = np.full(d, np.nan)
        """Level of each sensor as it was before the incident, in its unit."""
        self.farthest = np.zeros(d)
        """Largest departure so far, with its sign,"""
        self.worst = np.full(d, np.nan)
        """the value farthest from the usual level on that side,"""
        self.since = np.full(d, np.nan)
        """and since when the sensor has been off, in seconds."""
        self.shown = np.full(d, np.nan)
        """Latest value of each sensor."""
        self.rain = 0.0
        self.thin = 0.0
        self.gap = 0.0
        self.gone = 0.0
        self.buffer = np.zeros(d)
        self.flags = np.zeros((4, d))
        """Rows in which the context named the sensor: calibrating, faulty, suspected, worn."""
        self.beside = np.zeros(2)
        """Largest share of the neighbours that was alarmed, and whether any reports."""
        self.visited = 0.0
        self.shares = np.zeros((_HALF_HOUR_ROWS, 3))
        self.share_sum = np.zeros(3)
        self.share_rows = 0
        self.best = np.zeros(3)

    _FIELDS = (
        "rows", "moved", "z", "cross", "sense", "sense_z", "peaks", "path", "again",
        "usual", "farthest", "worst", "since", "shown", "rain", "thin", "gap", "gone", "buffer", "flags",
        "beside", "visited", "shares", "share_sum", "share_rows", "best",
    )  # fmt: skip

    def lead_in(self, cells: Floats) -> None:
        """Fold in a row from just before the alarm: jumps begin there.

        ``cells`` has shape (sensors, len(CELLS) + 1): the features, and the usual level.
        """
        self._fold_sizes(cells)
        self.peaks[_OF_NOW, :] = 0.0

    def _fold_sizes(self, cells: Floats) -> None:
        np.maximum(self.peaks, np.abs(cells[:, :-1].T), out=self.peaks)
        self.usual = np.where(np.isnan(self.usual), cells[:, -1], self.usual)
        length, total, lowest, highest = self.path
        steps = np.where(np.abs(cells[:, _STEP]) > _MARKED, cells[:, _STEP], 0.0)
        length += np.abs(steps)
        total += steps
        np.minimum(lowest, total, out=lowest)
        np.maximum(highest, total, out=highest)

    def fold(
        self, cells: Floats, row: tuple[float, float], values: Floats, context: Context, shares: Floats | None
    ) -> None:
        """Fold in one alarmed row. ``row`` is when it was, in seconds, and the length of the gap before it."""
        at_s, gap = row
        self.rows += 1
        self._fold_sizes(cells)
        z = self._departures(cells, values)
        self.farthest = np.where(np.abs(z) > np.abs(self.farthest), z, self.farthest)
        off, before = values - self.usual, np.nan_to_num(self.worst - self.usual)
        self.worst = np.where((off * self.farthest > 0) & (np.abs(off) > np.abs(before)), values, self.worst)
        self.shown = np.where(np.isnan(values), self.shown, values)
        self.since[np.isnan(self.since) & (np.abs(z) > MOVED)] = at_s
        moved = float(np.minimum(np.abs(z[self.targets]), 8.0).sum())
        if moved > self.moved:
            self.moved, self.z, self.cross = moved, z, cells[:, 1].copy()
        _, support = best_pattern(z, self.roles)
        if support > self.sense:
            self.sense, self.sense_z = support, z
        self.rain = max(self.rain, rain_support(z, self.roles))
        self.thin = max(self.thin, dilution_support(z, self.roles))
        self.gap = max(self.gap, gap)
        self.gone = max(self.gone, float(np.isnan(values[self.targets]).all()))
        for j in self.roles.ph:
            self.buffer[j] = max(self.buffer[j], float(_buffered(float(values[j])) and abs(z[j]) > MOVED))
        self._fold_context(context)
        if shares is not None:
            self._fold_shares(shares)

    def _departures(self, cells: Floats, values: Floats) -> Floats:
        """Return how far each sensor is off, in scatters; a flow only where it is off by a share of its level too."""
        level = cells[:, -1]
        even = (self.roles.flows > 0) & ~(np.abs(values - level) > _MORE_FLOW * np.abs(level))
        return np.asarray(np.clip(np.where(even, 0.0, cells[:, 0]), -_CLIP, _CLIP))

    def _fold_context(self, c: Context) -> None:
        for k, named in enumerate((c.calibrating, c.faulty, c.suspected, c.worn)):
            for parameter in named:
                if parameter in self.columns:
                    self.flags[k, self.columns.index(parameter)] += 1
        if c.neighbours:
            self.beside = np.maximum(self.beside, [c.neighbours_alarmed / c.neighbours, 1.0])
        if c.maintenance_ago_s is not None and c.maintenance_ago_s >= 0:
            self.visited = max(self.visited, exp(-c.maintenance_ago_s / _MEMORY_S))

    def _fold_shares(self, shares: Floats) -> None:
        """Keep the mean class probabilities of the half hour that looks most like pollution, and of the whole."""
        self.shares = np.concatenate([self.shares[1:], shares[None]])
        self.share_rows += 1
        self.share_sum = self.share_sum + shares
        recent = self.shares[-min(self.share_rows, _HALF_HOUR_ROWS) :].mean(axis=0)
        if recent[2] > self.best[2]:
            self.best = recent

    def learnt(self) -> float | None:
        """Return the second stage's log-odds of pollution against a fault; ``None`` where it says nothing.

        A probe that fails while the water is polluted must not hide the pollution: the most telling half hour decides.
        """
        if not self.share_rows:
            return None
        mean = self.best if self.best[2] > 0.5 else self.share_sum / self.share_rows
        fault, pollution = max(float(mean[1]), 1e-3), max(float(mean[2]), 1e-3)
        return log(pollution / fault)

    def only_weather(self) -> bool:
        """Whether nothing moved but mud, and what rain moves in a river: no discharge needs to explain it."""
        looked_at = (self.z, self.sense_z) if self.sense else (self.z,)
        return all(weather_alone(z, self.roles, MOVED) for z in looked_at)

    def only_harmless(self) -> bool:
        """Whether something moved, and nothing to a side that pollution moves it to: pH has two."""
        looked_at = [z for z in (self.farthest, self.z, self.sense_z) if (np.abs(z) > MOVED).any()]
        return bool(looked_at) and max(_to_a_polluting_side(z, self.roles).max() for z in looked_at) <= MOVED

    def only_buffered(self) -> bool:
        """Whether nothing moved but pH, and it stands on a buffer solution: a calibration that no status tells."""
        moved = np.flatnonzero(np.abs(self.farthest) > MOVED)
        return bool(len(moved)) and all(j in self.roles.ph and _buffered(float(self.shown[j])) for j in moved)

    def share(self) -> Floats:
        """Return what each sensor shows as a multiple of its usual level; NaN where either is not above 0."""
        known = (self.usual > 0) & (self.shown > 0)
        return np.where(known, self.shown / np.where(known, self.usual, 1.0), np.nan)

    def washed_by_rain(self, *, in_river: bool = False) -> bool:
        """Whether it is what rain does: more water, mud above all else, and what rain thins has not risen.

        In a river no more water is asked for: the gauge may stand elsewhere. Where neither ammonium nor conductivity is
        measured nobody can tell, and it is not said.
        """
        share, roles = np.nan_to_num(self.share()), self.roles
        mud, rest = share[roles.muddy > 0], share[(roles.thinned > 0) & (roles.muddy == 0)]
        thinned, flows = roles.rain_thins > 0, share[roles.explains > 0]
        if not (mud.size and share[thinned].any()):
            return False
        risen = thinned & (share > NOT_RISEN)
        if not in_river:
            risen &= self.farthest > MOVED  # an analyser reads a third more by chance
        more = in_river or flows.max(initial=0.0) > MORE_WATER
        return bool(more and mud.max() > MORE_WATER) and mud.max() >= rest.max(initial=0.0) and not risen.any()

    def evidence(self) -> Evidence:
        """Return the evidence so far."""
        return _Reading(self).evidence()


class _Reading:
    """Turns a gathering into terms."""

    def __init__(self, g: Gathering) -> None:
        self.g = g
        self.terms = dict.fromkeys((*TERMS, *LEARNT), 0.0)
        self.about: dict[str, tuple[int, ...]] = {}
        self.size = np.abs(g.z)
        self.targets = _not_rained_on(g)
        self.lead = self.targets[int(np.argmax(self.size[self.targets]))]
        self.lead_moved = bool(self.size[self.lead] > MOVED)
        self.peak = {name: g.peaks[k] for k, name in enumerate(CELLS)}
        self.moved = [j for j in self.targets if max(self.size[j], abs(g.sense_z[j])) > MOVED]
        """Sensors that moved, if any did: a probe that fails beside them says nothing of what they show."""
        self.witnesses = self._sound() or self.moved
        """Of them the sound ones where one of these is on its polluting side: what the others show of their own trouble
        (a flicker at zero, a repeated value, a finding) explains nothing of it."""

    def _sound(self) -> list[int]:
        g = self.g
        if len(self.moved) < 2:
            return []
        troubled = (self.peak["run"] > _REPEATS) | (self.peak["zero"] > 0) | (self.peak["missing"] > 0)
        troubled |= (g.flags[:2] > 0).any(axis=0)
        sound = [j for j in self.moved if not troubled[j]]
        side = np.maximum(_to_a_polluting_side(g.z, g.roles), _to_a_polluting_side(g.sense_z, g.roles))
        return sound if (side[sound] > MOVED).any() else []

    def evidence(self) -> Evidence:
        self._movement()
        self._instrument()
        self._relation()
        self._circumstances()
        self._multiples()
        g = self.g
        self.terms["short"] = float(g.rows <= 2)
        self.terms["age"] = log1p(g.rows)
        return Evidence(self.terms, self.about)

    def _say(self, name: str, value: float, *about: int) -> None:
        if value > 0:
            self.terms[name] = min(value, 10.0)
            self.about[name] = about

    def _movement(self) -> None:
        g, roles, size = self.g, self.g.roles, self.size
        moving = each_once(
            [j for j in self.targets if size[j] > MOVED and not roles.explains[j]], size, roles.parameter
        )
        which, _ = best_pattern(g.sense_z, roles)
        if len(moving) == 1:
            self._say("single", 1.0, *moving)
        if len(moving) >= 2:
            self._say("together", min(len(moving), 5) - 1.0, *moving)
            if g.sense < MOVED:
                self._say("senseless", 1.0, *moving)
        self._say("size", max(log1p(float(size[self.lead])) - 1.0, 0.0), self.lead)
        members = [j for j in range(len(g.columns)) if roles.signs[which, j] * g.sense_z[j] > 0.8 * MOVED]
        members = each_once(members, np.abs(g.sense_z), roles.quantity)
        self._say("sense", max(g.sense - 1.5, 0.0) / 3.0 if len(members) >= 2 else 0.0, *members)
        side = roles.harm[moving] * g.z[moving] if moving else np.zeros(1)
        self._say("upward", float(side.max() > MOVED), *moving)
        self._say("harmless", float(bool(moving) and side.max() <= 0.0), *moving)

    def _peak_of(self, name: str, floor: float) -> tuple[float, int]:
        """Return by how much the largest size exceeds ``floor``, and the sensor that it belongs to."""
        where = list(self.witnesses or self.targets)
        j = where[int(np.argmax(self.peak[name][where]))]
        return max(float(self.peak[name][j]) - floor, 0.0), j

    def _named(self, flags: Floats) -> int | None:
        """Return the sensor that is named most, of the witnesses where there are any; ``None``: none is."""
        counted = flags.copy()
        if self.witnesses:
            counted[[j for j in range(len(flags)) if j not in self.witnesses]] = 0.0
        return int(np.argmax(counted)) if counted.any() else None

    def _instrument(self) -> None:
        g = self.g
        value, j = self._peak_of("run", _REPEATS)
        self._say("frozen", value, j)
        if self.lead_moved and j != self.lead:
            # It counts, but explains nothing: an analyser that repeats its result beside the sensor that moved.
            self.about.pop("frozen", None)
        self._say("zero", *self._peak_of("zero", 0.0))
        value, j = self._peak_of("missing", 0.0)
        self._say("missing", 0.0 if g.gone else value, j)
        self._say("gap", 2.0 if g.gone else g.gap - 0.8)
        jump = float(self.peak["step"][self.lead])
        self._say("step", max(log1p(jump) - 1.8, 0.0), self.lead)
        if jump < 6.0 and self.size[self.lead] > 4.0:
            self._say("gradual", 1.0, self.lead)
        value, j = self._peak_of("noise", 1.5)
        self._say("noise", value, j)
        if self.terms["single"]:
            self._say("restless", value, j)
        self._say("beyond", *self._peak_of("beyond", 0.0))
        buffered = self._named(g.buffer)
        if buffered is not None:
            self._say("buffer", 1.0, buffered)

    def _multiples(self) -> None:
        """Weigh how many times the usual the water is, and what sort of sensor says so.

        Where a calm sensor has hardly any scatter, a share of the level tells more than scatters do.
        """
        g, t = self.g, self.terms
        known = (g.usual > 0) & (g.worst > 0)
        doublings = np.log2(np.where(known, g.worst, 1.0) / np.where(known, g.usual, 1.0))
        # A calibrated probe goes to zero, and then to a multiple.
        weighed = [j for j in self.witnesses if known[j] and not g.roles.by_units[j] and not g.roles.explains[j]]
        up = sorted((min(max(float(doublings[j]), 0.0), _MOST_FOLD) for j in weighed), reverse=True)
        t["fold"] = up[0] if up else 0.0
        t["several_fold"] = up[1] if len(up) > 1 else 0.0
        t["low_fold"] = max((0.0, *(min(-float(doublings[j]), _MOST_FOLD) for j in weighed)))
        t["mud"] = float(self.lead_moved and g.roles.muddy[self.lead])
        t["by_units"] = float(self.lead_moved and g.roles.by_units[self.lead])
        gone, back = g.worst[self.lead] - g.usual[self.lead], g.shown[self.lead] - g.usual[self.lead]
        if self.lead_moved and np.isfinite(gone) and np.isfinite(back) and gone != 0.0:
            t["returned"] = float(np.clip(1.0 - back / gone, 0.0, 1.5))
        others = [j for j in g.targets if j not in self.moved]
        if self.moved and others:
            over = [float(self.peak[n][others].max()) - free for n, free in (("run", _REPEATS), ("missing", 0.0))]
            t["elsewhere"] = min(max(0.0, *over), 10.0)
        length, _, lowest, highest = g.path[:, self.lead]
        if highest > lowest:
            # Back and forth: a slug goes up and comes down, a noisy probe goes that way again and again.
            t["wobble"] = min(log(max(length / (highest - lowest), 1.0)), _MOST_WOBBLE)
        t["again"] = min(g.again, _MOST_AGAIN)
        for name, cell in (("unseen", "novelty"), ("undaily", "day")):
            t[name] = min(log1p(float(self.peak[cell][self.lead])), _MOST_UNSEEN)
        t["few"] = 1.0 / max(len(g.targets), 1)
        for name, of in (("lone_jump", "step"), ("lone_fold", "fold"), ("lone_wobble", "wobble")):
            t[name] = t["single"] * t[of]

    def _relation(self) -> None:
        g = self.g
        error = abs(float(g.cross[self.lead]))
        self._say("contradiction", max(log1p(error) - 1.4, 0.0), self.lead)
        if self.size[self.lead] > 4.0 and error < 3.0 and (g.cross != 0).any():
            self._say("agreement", 1.0, self.lead)
        flows = [j for j in range(len(g.columns)) if g.roles.explains[j]]
        if flows and self.size[flows].max() > MOVED:
            strongest = flows[int(np.argmax(self.size[flows]))]
            self._say("flow", min(float(self.size[strongest]), 8.0) / 4.0, strongest)
        self._say("rain", max(g.rain - 1.5, 0.0) / 3.0)
        self._say("thin", max(g.thin - 1.5, 0.0) / 3.0)

    def _circumstances(self) -> None:
        g = self.g
        for k, name in enumerate(("calibrating", "faulty", "suspected", "worn")):
            flagged = self._named(g.flags[k])
            if flagged is not None:
                self._say(name, 1.0, flagged)
        self._say("visited", g.visited)
        # Neighbours of one park are fouled by the same discharge: only with signs of rain is it the weather.
        natural = min(max(self.terms["rain"], self.terms["thin"]), 1.0)
        self._say("neighbours", float(g.beside[0]) * natural)
        self._say("lonely", float(g.beside[1] > 0 and g.beside[0] == 0))
        learnt = g.learnt()
        if learnt is not None:
            self.terms["learnt_pollution"] = min(max(learnt, 0.0), 10.0)
            self.terms["learnt_fault"] = min(max(-learnt, 0.0), 10.0)


def _buffered(ph: float) -> bool:
    return min(abs(ph - buffer) for buffer in _BUFFERS) < _NEAR_BUFFER


def _to_a_polluting_side(z: Floats, roles: Roles) -> Floats:
    """Return how far each sensor is off to a side that pollution moves it to: pH has two."""
    side, ph = roles.harm * z, list(roles.ph)
    side[ph] = np.abs(z[ph])
    return side


def each_once(where: Iterable[int], size: Floats, things_of: Ints) -> list[int]:
    """Return the sensors by size, of those that measure one thing the first only."""
    ordered = sorted(map(int, where), key=lambda j: -size[j])
    things = [int(things_of[j]) for j in ordered]
    return [j for i, j in enumerate(ordered) if things[i] not in things[:i]]


def _not_rained_on(g: Gathering) -> list[int]:
    """Return the sensors whose movement speaks for itself: rain explains that the water is turbid."""
    if g.rain < MOVED:
        return g.targets
    return [j for j in g.targets if not g.roles.muddy[j]] or g.targets

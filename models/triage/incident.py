"""Fault or pollution: class, probability and the three strongest reasons of a running incident."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from itertools import repeat
from math import exp
from typing import Any

import numpy as np

from models.errors import ModelError
from models.features.table import CELLS, ROW_NAMES, Features
from models.protocol import Triage, TriageClass
from models.series import Bools, Floats
from models.triage.evidence import LEARNT, NEUTRAL, TERMS, Context, Evidence, Gathering
from models.triage.reasons import NO_FACTS, Facts, reasons_of

__all__ = ["PAGE_FROM", "Context", "Incident", "TriageModel", "pages", "shipped_model"]

PAGE_FROM = 0.88
"""Probability of pollution from which an alarm pages, as in the packaged rule of anomalies. What lower and higher ones
page, rightly and falsely: docs/models-log.md."""
_FILE = "triage.json"
_LEAD_ROWS = 6
"""Rows before an alarm that belong to its beginning: scores are smoothed, a jump comes first."""
_FORGET_S = 12 * 3600.0
_WORTH_SAYING = 0.02
_NO_POLLUTION = frozenset({TriageClass.POLLUTION})
_NO_TROUBLE = frozenset({TriageClass.POLLUTION, TriageClass.UNKNOWN, TriageClass.NATURAL})
_OF_INSTRUMENTS = (
    "frozen",
    "zero",
    "missing",
    "gap",
    "calibrating",
    "faulty",
    "worn",
    "suspected",
    "visited",
    "lone_jump",
)
"""Terms by which an instrument, a logger or a visit shows itself; a lone jump is a probe's."""


STEPS = np.array([0.0, 0.5, 1.0, 1.5, 2.0, 3.0])
"""Values of a term at each of which its weight may jump: what a little of it says, more of it need not say louder."""


def stepped(values: Floats) -> Floats:
    """Return for each term its value, and for each step whether it is beyond it: shape (.., terms, 1 + steps)."""
    return np.concatenate((values[..., None], values[..., None] > STEPS), axis=-1)


@dataclass(frozen=True)
class Weights:
    """A multinomial logistic model. ``matrix`` has shape (classes, terms, 1 + steps), ``intercepts`` (classes,)."""

    terms: tuple[str, ...]
    matrix: Floats
    intercepts: Floats

    def logits(self, terms: Mapping[str, float]) -> Floats:
        """Return the log-odds of each class but for a constant."""
        return np.asarray(self.intercepts + self._flat @ self._stepped(terms).ravel())

    def spoken(self, terms: Mapping[str, float], best: int, p: Floats) -> dict[str, float]:
        """Return by term how much it says for a class, against the others by their probability."""
        others = np.where(np.arange(len(p)) == best, 0.0, p)
        against = others / max(float(others.sum()), 1e-12) @ self._flat
        said = (self.matrix[best] - against.reshape(self.matrix.shape[1:])) * self._stepped(terms)
        return dict(zip(self.terms, said.sum(axis=1).tolist(), strict=True))

    @property
    def _flat(self) -> Floats:
        return self.matrix.reshape(len(self.matrix), -1)

    def _stepped(self, terms: Mapping[str, float]) -> Floats:
        return stepped(np.array([terms[name] for name in self.terms]))


_TABLES = {"plain": TERMS, "taught": (*TERMS, *LEARNT), "page_plain": TERMS, "page_taught": (*TERMS, *LEARNT)}
"""Terms of each table of a file."""


@dataclass(frozen=True)
class TriageModel:
    """Weighs evidence: one set of weights with a second stage's opinion, one without; each for the class, and to page.

    The weights to page say how probable pollution is; the other classes share the rest as the weights of the class say.
    """

    classes: tuple[TriageClass, ...]
    plain: Weights
    taught: Weights
    page_plain: Weights
    page_taught: Weights
    provenance: Mapping[str, Any]

    def probabilities(self, terms: Mapping[str, float], *, taught: bool) -> Floats:
        """Return the probability of each class."""
        kind, page = (self.taught, self.page_taught) if taught else (self.plain, self.page_plain)
        p, polluted = _shares(kind.logits(terms)), self.classes.index(TriageClass.POLLUTION)
        pollution = _shares(page.logits(terms))[polluted]
        p[polluted] = 0.0
        p *= (1.0 - pollution) / max(float(p.sum()), 1e-300)
        p[polluted] = pollution
        return p

    def assess(
        self,
        running: Gathering,
        *,
        taught: bool = False,
        excluded: Collection[TriageClass] = (),
        facts: Facts = NO_FACTS,
    ) -> Triage:
        """Return class, probability and reasons of a running incident.

        ``excluded`` classes are out of the question, and the others are weighed against each other.
        Where no class reaches one half, and no instrument shows trouble, the class is ``UNKNOWN``, with the probability
        and reasons of the likeliest.
        """
        evidence = running.evidence()
        p = self.probabilities(evidence.terms, taught=taught)
        p = self._without(p, excluded)
        likeliest = int(np.argmax(p))
        unsure = self.classes[likeliest] is TriageClass.UNKNOWN or p[likeliest] < 0.5
        known = unsure and _of_instruments(evidence)
        if known:
            # It pages nobody, and what an instrument shows of itself is something known: the likeliest of its troubles.
            p = self._without(p, _NO_TROUBLE)
        best = int(np.argmax(p))
        cls = self.classes[best] if known or p[best] >= 0.5 else TriageClass.UNKNOWN
        strongest = self._strongest(evidence, p, best, taught)
        if known:
            strongest += [n for n in _OF_INSTRUMENTS if n in evidence.about and n not in strongest]
        return Triage(cls, float(p[best]), reasons_of(running, evidence, self.classes[best], strongest, facts))

    def _without(self, p: Floats, excluded: Collection[TriageClass]) -> Floats:
        left = np.where([c in excluded for c in self.classes], 0.0, p)
        return np.asarray(left / left.sum())

    def _strongest(self, evidence: Evidence, p: Floats, best: int, taught: bool) -> list[str]:
        """Return the names of the terms that speak for the class, against the others by their probability."""
        said = (self.taught if taught else self.plain).spoken(evidence.terms, best, p)
        spoken = {n: said.get(n, 0.0) for n in evidence.about}
        return [n for n in sorted(spoken, key=lambda n: -spoken[n]) if spoken[n] > _WORTH_SAYING]

    def as_json(self) -> str:
        """Return the readable text of the model: weights by class and term, and where they come from.

        A term has a line: its weight, and by how much it jumps at each step.
        """

        def table(w: Weights) -> str:
            return ",\n".join(
                f'  "{c}": {{\n   "": {w.intercepts[i]:.3f}'
                + "".join(f',\n   "{t}": {_short(v)}' for t, v in zip(w.terms, w.matrix[i], strict=True))
                + "\n  }"
                for i, c in enumerate(self.classes)
            )

        told = json.dumps(dict(self.provenance), ensure_ascii=False, indent=1).replace("\n", "\n ")
        tables = (f' "{name}": {{\n{table(getattr(self, name))}\n }}' for name in _TABLES)
        return f'{{\n "provenance": {told},\n' + ",\n".join(tables) + "\n}\n"

    @classmethod
    def from_json(cls, text: str, source: str = "the triage file") -> TriageModel:
        """Read what ``as_json`` wrote. Raises ModelError."""
        try:
            content = json.loads(text)
            classes = tuple(TriageClass(c) for c in content["plain"])
            plain, taught, page_plain, page_taught = (
                _weights(content[name], n, classes) for name, n in _TABLES.items()
            )
            return cls(classes, plain, taught, page_plain, page_taught, content["provenance"])
        except (ValueError, KeyError, TypeError, AttributeError) as exc:
            raise ModelError(
                f"{source} cannot be read ({exc}): make it again with `quantrac models teach-triage`"
            ) from exc


def _shares(logits: Floats) -> Floats:
    exponent = np.exp(logits - logits.max())
    return np.asarray(exponent / exponent.sum())


def _short(weights: Floats) -> str:
    return "[" + ", ".join(f"{v:.3f}".rstrip("0").rstrip(".") for v in (weights + 0.0).tolist()) + "]"


def _weights(table: Mapping[str, Any], terms: tuple[str, ...], classes: Sequence[TriageClass]) -> Weights:
    if TriageClass.POLLUTION not in classes:
        raise ValueError("pollution is none of its classes")
    rows = [table[c] for c in classes]
    matrix = np.array([[row[t] for t in terms] for row in rows], dtype=np.float64)
    if matrix.shape[2:] != (1 + len(STEPS),):
        raise ValueError("a term has another number of weights than one and one a step")
    if not np.isfinite(matrix).all():
        raise ValueError("a weight is not a finite number")
    return Weights(terms, matrix, np.array([float(row[""]) for row in rows]))


def _of_instruments(evidence: Evidence) -> bool:
    return any(evidence.terms[name] > 0 for name in _OF_INSTRUMENTS)


def pages(triage: Triage | None, from_probability: float = PAGE_FROM) -> bool:
    """Return whether an officer is to be called: probably pollution."""
    return triage is not None and triage.cls is TriageClass.POLLUTION and triage.probability >= from_probability


@cache
def shipped_model() -> TriageModel:
    """Return the weights that come with the program: a station is judged by them from its first hour."""
    return TriageModel.from_json(resources.files("models.data").joinpath(_FILE).read_text("utf-8"), _FILE)


class Incident:
    """Evidence of one running incident of one station, row by row; bounded state."""

    def __init__(self, columns: Sequence[str], targets: Sequence[int]) -> None:
        self.columns = tuple(columns)
        self.targets = list(targets)
        self.in_river = False
        """Whether the water is a river's: nobody discharges there, and rain makes it turbid."""
        self.facts = NO_FACTS
        self.model: TriageModel | None = None
        """The weights that judge; ``None``: the shipped ones."""
        self.witness: Callable[[Gathering | None], None] | None = None
        """Is shown what is gathered at each row, before it is judged; ``None``: no incident runs. For teaching."""
        self._before = np.zeros((0, len(self.columns), len(CELLS) + 1))
        self._open: Gathering | None = None
        self._recent = [0.0, 0.0]
        """How many incidents began lately, with forgetting, and when the last one did."""

    @property
    def running(self) -> bool:
        """Whether an alarm was on at the last row."""
        return self._open is not None

    @property
    def evidence(self) -> Evidence | None:
        """The evidence of the running incident."""
        return None if self._open is None else self._open.evidence()

    def push(
        self,
        features: Features,
        alarm: Bools,
        shares: Floats | None,
        values: Floats,
        contexts: Sequence[Context] = (),
    ) -> list[Triage | None]:
        """Judge the next rows: one triage a row while the alarm lasts, ``None`` without an alarm.

        ``alarm`` has shape (rows,), ``shares`` (rows, 3) or ``None`` where no second stage was taught what pollution
        is, ``values`` (rows, columns); ``contexts`` has one entry a row, or none at all.
        """
        taught = shares is not None
        return [self._judged(running, taught) for running in self.gather(features, alarm, shares, values, contexts)]

    def _judged(self, running: Gathering | None, taught: bool) -> Triage | None:
        if self.witness is not None:
            self.witness(running)
        if running is None:
            return None
        model = self.model or shipped_model()
        return model.assess(running, taught=taught, excluded=self._excluded(running), facts=self.facts)

    def _excluded(self, running: Gathering) -> frozenset[TriageClass]:
        weather = running.washed_by_rain(in_river=self.in_river) or (self.in_river and running.only_weather())
        return _NO_POLLUTION if weather or running.only_harmless() or running.only_buffered() else frozenset()

    def gather(
        self, features: Features, alarm: Bools, shares: Floats | None, values: Floats, contexts: Sequence[Context] = ()
    ) -> Iterator[Gathering | None]:
        """Yield the memory of the running incident after each row; ``None`` without an alarm."""
        if not len(alarm):
            return
        first = len(self._before)
        joined = np.concatenate((self._before, features.moved))
        cells = joined[first:]
        on_at = alarm.tolist()
        if not self.running and True not in on_at:
            self._before = joined[-_LEAD_ROWS:]
            yield from repeat(None, len(alarm))
            return
        gaps = features.rows[:, ROW_NAMES.index("gap")]
        for i, on in enumerate(on_at):
            if not on:
                self._open = None
            else:
                if self._open is None:
                    self._open = Gathering(self.columns, self.targets)
                    self._open.again = self._begun(float(features.at_s[i]))
                    for earlier in joined[max(first + i - _LEAD_ROWS, 0) : first + i]:
                        self._open.lead_in(earlier)
                context = contexts[i] if len(contexts) else NEUTRAL
                row = float(features.at_s[i]), float(gaps[i])
                self._open.fold(cells[i], row, values[i], context, None if shares is None else shares[i])
            if i == len(alarm) - 1:
                self._before = joined[-_LEAD_ROWS:]
            yield self._open

    def _begun(self, at_s: float) -> float:
        """Note that an incident begins, and return how many began before it, those of half a day ago as a third."""
        number, last_s = self._recent
        before = number * exp(-max(at_s - last_s, 0.0) / _FORGET_S)
        self._recent = [before + 1.0, at_s]
        return before

    def state(self) -> Any:
        """Return the memory as numbers, lists and arrays."""
        return [self._before, self._recent, None if self._open is None else self._open.state()]

    def set_state(self, state: Any) -> None:
        """Go on from a memory returned by ``state``."""
        self._before, self._recent, running = state
        self._open = None
        if running is not None:
            self._open = Gathering(self.columns, self.targets)
            self._open.set_state(running)

"""Teaches the triage its weights: evidence of many alarms with the truth beside, and a multinomial logistic model.

Run by ``quantrac models teach-triage``; the result is a small readable file that comes with the program.
Scikit-learn is needed here only: the weights are used by ``models.triage.incident`` alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression

from models.protocol import TriageClass
from models.series import Bools, Event, Floats, Series
from models.triage.evidence import LEARNT, TERMS
from models.triage.incident import TriageModel, Weights, stepped

_AGES = (1, 2, 3, 4, 6, 9, 12, 24, 48)
"""Rows of an incident's life at which it is looked at, and its end."""
_BINS = 10
"""Of probabilities, by which their honesty is told."""
_GRACE = np.timedelta64(3600, "s")
"""After an event an alarm that is still on is nobody's fault: not learnt from."""
PENALTY = 0.01
"""Inverse strength of the ridge penalty on the weights. Weights that are pulled less lean on the habits of what taught
them, and page more for nothing at sites that did not: docs/models-log.md has the figures of .003 to .3."""


@dataclass(frozen=True, slots=True)
class Sample:
    """An incident at one age: its terms, what was true by then, and its weight (one incident weighs 1 in all)."""

    terms: Mapping[str, float]
    cls: TriageClass
    weight: float
    taught: bool
    last: bool
    group: str = ""


SIMULATED_SHARE = 0.4
"""Of the weight of all incidents: those of the simulated province beside those of recorded water."""
WEIGHT_OF_A_ROW = 0.3
"""Mean weight of a sample where sites are weighed: an incident has some three."""
RECORDED_SHARE = 0.7
"""How far the weights of the class go from those of the simulated province towards those of recorded water: all of the
way a suspicion of altered data, which recorded water hardly has, was called natural. The weights to page go all of the
way (docs/models-log.md has the figures of both)."""


def looked_at(a: int, b: int) -> list[int]:
    """Return the rows at which an alarm of the rows ``a`` to ``b`` - 1 is looked at."""
    return sorted({a + age - 1 for age in _AGES if a + age <= b} | {b - 1})


def truth_of(series: Series, first: int, row: int) -> TriageClass | None:
    """Return what was true by a row of an alarm; ``UNKNOWN`` for an alarm without a cause, ``None`` if not to be told.

    Pollution prevails: a probe that fails meanwhile does not make it a fault. Else the longest event counts.
    """
    begin, now = series.times[first], series.times[row]
    lasted = [(min(e.end, now) - max(e.start, begin), e) for e in series.events if e.cls is not None]
    touched = [(length, e) for length, e in lasted if length >= np.timedelta64(0, "s")]
    if any(e.cls is TriageClass.POLLUTION for _, e in touched):
        return TriageClass.POLLUTION
    if touched:
        return max(touched, key=lambda pair: pair[0])[1].cls
    return None if any(_near(e, begin, now) for e in series.events) else TriageClass.UNKNOWN


def _near(event: Event, begin: np.datetime64, now: np.datetime64) -> bool:
    return bool(event.start - _GRACE / 4 <= now and event.end + _GRACE >= begin)


def fit_triage(samples: Sequence[Sample], provenance: Mapping[str, Any]) -> TriageModel:
    """Return the weights that fit the samples best. The classes are those of the samples."""
    classes = tuple(c for c in TriageClass if any(s.cls is c for s in samples))
    plain = _fitted(samples, TERMS, classes)
    taught = _fitted([s for s in samples if s.taught] or samples, (*TERMS, *LEARNT), classes)
    return TriageModel(classes, plain, taught, plain, taught, provenance)


def weighed_by_group(samples: Sequence[Sample], simulated: float = SIMULATED_SHARE) -> list[Sample]:
    """Return the samples with weights by which a site counts as the root of its incidents.

    A river of many false starts would teach that nothing else exists. ``simulated`` is the share of the samples without
    a site, the simulated ones.
    """
    total: dict[str, float] = {}
    for s in samples:
        total[s.group] = total.get(s.group, 0.0) + s.weight
    recorded = sum(t**0.5 for site, t in total.items() if site)
    factor = {site: t**-0.5 for site, t in total.items() if site}
    if "" in total:
        factor[""] = (simulated / (1.0 - simulated) * recorded if recorded else total[""]) / total[""]
    mean = sum(s.weight * factor[s.group] for s in samples) / max(len(samples), 1)
    return [replace(s, weight=s.weight * factor[s.group] * WEIGHT_OF_A_ROW / mean) for s in samples]


def blended(one: TriageModel, other: TriageModel, share: float = RECORDED_SHARE) -> TriageModel:
    """Return the weights of the class at ``share`` of the way between those of two models, and the other's to page.

    A class that the other has not seen, and a term that never had anything to say to it, stay as in ``one``.
    """

    def between(way: float) -> tuple[Weights, Weights]:
        pairs = ((one.plain, other.plain), (one.taught, other.taught))
        plain, taught = (_between(mine, one.classes, theirs, other.classes, way) for mine, theirs in pairs)
        return plain, taught

    return TriageModel(one.classes, *between(share), *between(1.0), other.provenance)


def _between(
    one: Weights, classes: Sequence[TriageClass], other: Weights, other_classes: Sequence[TriageClass], share: float
) -> Weights:
    matrix, intercepts = one.matrix.copy(), one.intercepts.copy()
    said = other.matrix.any(axis=(0, 2))
    for i, cls in enumerate(classes):
        if cls in other_classes:
            k = other_classes.index(cls)
            matrix[i, said] += share * (other.matrix[k, said] - matrix[i, said])
            intercepts[i] += share * (other.intercepts[k] - intercepts[i])
    return Weights(one.terms, matrix, intercepts)


def _fitted(samples: Sequence[Sample], terms: tuple[str, ...], classes: tuple[TriageClass, ...]) -> Weights:
    x = stepped(matrix_of(samples, terms)).reshape(len(samples), -1)
    y = np.array([classes.index(s.cls) for s in samples])
    weight = np.array([s.weight for s in samples])
    scale = np.maximum(x.std(axis=0), 0.1)
    model = LogisticRegression(C=PENALTY, max_iter=2000)
    model.fit(x / scale, y, sample_weight=weight)
    matrix, intercepts = np.zeros((len(classes), x.shape[1])), np.full(len(classes), -20.0)
    # Of two classes scikit-learn gives the second one's weights only, against the first one at zero.
    weighed = model.classes_[-len(model.coef_) :]
    intercepts[model.classes_] = 0.0
    matrix[weighed], intercepts[weighed] = model.coef_ / scale, model.intercept_
    return Weights(terms, matrix.reshape(len(classes), len(terms), -1), intercepts)


def matrix_of(samples: Sequence[Sample], terms: tuple[str, ...]) -> Floats:
    """Return the terms of samples, shape (samples, terms)."""
    return np.array([[s.terms[t] for t in terms] for s in samples])


@dataclass(frozen=True, slots=True)
class Reliability:
    """How honest probabilities of pollution are: bins of (mean said, share that was, weight), and the Brier score."""

    bins: tuple[tuple[float, float, float], ...]
    brier: float
    accuracy: float
    incidents: float


def reliability(model: TriageModel, samples: Sequence[Sample], *, taught: bool) -> Reliability:
    """Return the calibration of P(pollution) on samples that were not learnt from."""
    pollution = model.classes.index(TriageClass.POLLUTION)
    p = np.array([model.probabilities(s.terms, taught=taught) for s in samples])
    true = np.array([s.cls is TriageClass.POLLUTION for s in samples])
    weight = np.array([s.weight for s in samples])
    said = p[:, pollution]
    place = np.minimum((said * _BINS).astype(int), _BINS - 1)
    rows = [_bin(place == b, said, true, weight) for b in range(_BINS)]
    right = np.array([model.classes[int(np.argmax(q))] is s.cls for q, s in zip(p, samples, strict=True)])
    return Reliability(
        tuple(r for r in rows if r is not None),
        float(np.average((said - true) ** 2, weights=weight)),
        float(np.average(right, weights=weight)),
        float(weight.sum()),
    )


def _bin(inside: Bools, said: Floats, true: Bools, weight: Floats) -> tuple[float, float, float] | None:
    total = float(weight[inside].sum())
    if total <= 0:
        return None
    share = float(np.average(true[inside], weights=weight[inside]))
    return float(np.average(said[inside], weights=weight[inside])), share, total

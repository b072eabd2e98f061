"""Score of the Numenta Anomaly Benchmark 1.1, as its authors define it.

Lavin and Ahmad (2015), "Evaluating real-time anomaly detection algorithms", and github.com/numenta/NAB (sweeper,
optimizer, runner). Each labelled window pays at most once, early detections pay more; a false positive costs more the
farther it lies behind the last window; one threshold for the whole corpus is chosen per cost profile; the sum is scaled
so that a detector that never alarms has 0 and a perfect one 100. A corpus with fewer files than the published one is
scored by the same rules over the files at hand.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from models.series import Floats, Ints

PROBATION_SHARE = 0.15
PROBATION_MAX_ROWS = 750

_NO_WINDOW = -1
_PROBATION = -2
_NEVER = math.inf


@dataclass(frozen=True, slots=True)
class Costs:
    """What a detection earns, and what a false positive and a miss cost, in one application profile."""

    tp: float
    fp: float
    fn: float


PROFILES: Mapping[str, Costs] = {
    "standard": Costs(1.0, 0.11, 1.0),
    "low_fp": Costs(1.0, 0.22, 1.0),
    "low_fn": Costs(1.0, 0.11, 2.0),
}
"""The published profiles: standard, reward_low_FP_rate, reward_low_FN_rate."""


@dataclass(frozen=True, slots=True)
class ScoredFile:
    """Anomaly scores of one file (any scale; NaN is never an alarm) and its windows (first and last row)."""

    scores: Floats
    windows: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class NabScore:
    """Threshold chosen on the corpus, and normalised scores in points; ``None`` where a file has no window."""

    threshold: float
    total: float | None
    files: tuple[float | None, ...]


def probation_rows(rows: int) -> int:
    """Return how many rows at the head of a file are not scored.

    >>> probation_rows(4032), probation_rows(100_000)
    (604, 750)
    """
    return min(math.floor(PROBATION_SHARE * rows), PROBATION_MAX_ROWS)


def scaled_sigmoid(position: float) -> float:
    """Return the unweighted value of a detection at ``position``: -1 at the left edge of a window, 0 at its right edge.

    >>> round(scaled_sigmoid(-1.0), 5), round(scaled_sigmoid(-0.5), 5), scaled_sigmoid(0.0), scaled_sigmoid(3.5)
    (0.98661, 0.84828, 0.0, -1.0)
    """
    if position > 3.0:
        return -1.0
    return 2.0 / (1.0 + math.exp(5.0 * position)) - 1.0


@cache
def row_values(rows: int, windows: tuple[tuple[int, int], ...], costs: Costs) -> tuple[Floats, Ints]:
    """Return what an alarm at each row is worth, and the window of the row (-1 outside, -2 in probation)."""
    worth = np.full(rows, -costs.fp)
    member = np.full(rows, _NO_WINDOW, dtype=np.int64)
    best = scaled_sigmoid(-1.0)
    previous: tuple[int, int] | None = None
    for number, (first, last) in enumerate(sorted(windows)):
        _price_gap(worth, previous, first, costs)
        width = last - first + 1
        for row in range(first, last + 1):
            worth[row] = scaled_sigmoid(-(last - row + 1) / width) * costs.tp / best
        member[first : last + 1] = number
        previous = (first, last)
    _price_gap(worth, previous, rows, costs)
    member[: probation_rows(rows)] = _PROBATION
    return worth, member


def _price_gap(worth: Floats, previous: tuple[int, int] | None, stop: int, costs: Costs) -> None:
    """Price the false positives between the window before and ``stop``; before the first window they cost in full."""
    if previous is None:
        return
    first, last = previous
    width_less_one = max(last - first, 1)
    for row in range(last + 1, stop):
        worth[row] = scaled_sigmoid((row - last) / width_less_one) * costs.fp


def score_corpus(files: Sequence[ScoredFile], costs: Costs) -> NabScore:
    """Choose the best threshold over all files together and return the normalised scores."""
    threshold = _best_threshold(files, costs)
    raw = [raw_score(f, threshold, costs) for f in files]
    null = [-costs.fn * len(_scorable(_priced(f, costs)[1])) for f in files]
    perfect = [costs.tp * len(f.windows) for f in files]
    per_file = tuple(_normalised(r, n, p) for r, n, p in zip(raw, null, perfect, strict=True))
    return NabScore(threshold, _normalised(sum(raw), sum(null), sum(perfect)), per_file)


def _priced(file: ScoredFile, costs: Costs) -> tuple[Floats, Ints]:
    return row_values(len(file.scores), file.windows, costs)


def _scorable(member: Ints) -> Ints:
    return np.unique(member[member >= 0])


def _normalised(raw: float, null: float, perfect: float) -> float | None:
    return 100.0 * (raw - null) / (perfect - null) if perfect > null else None


def _clean(scores: Floats) -> Floats:
    return np.where(np.isnan(scores), -_NEVER, scores)


def raw_score(file: ScoredFile, threshold: float, costs: Costs) -> float:
    """Return the score of one file before normalisation: what the authors' result files list."""
    worth, member = _priced(file, costs)
    hit = _clean(file.scores) >= threshold
    total = float(worth[hit & (member == _NO_WINDOW)].sum())
    for window in _scorable(member):
        inside = worth[hit & (member == window)]
        total += max(-costs.fn, float(inside.max())) if len(inside) else -costs.fn
    return total


def _best_threshold(files: Sequence[ScoredFile], costs: Costs) -> float:
    """Sweep the threshold down over all scores seen; the highest one wins among equals, "never" included."""
    if not files:
        return _NEVER
    scores, gains = (np.concatenate(part) for part in zip(*(_gains(f, costs) for f in files), strict=True))
    order = np.argsort(-scores, kind="stable")
    scores, total = scores[order], np.cumsum(gains[order])
    last_of_equals = np.append(scores[1:] != scores[:-1], True) & np.isfinite(scores)
    if not last_of_equals.any():
        return _NEVER
    candidates = np.flatnonzero(last_of_equals)
    best = candidates[int(np.argmax(total[candidates]))]
    return float(scores[best]) if total[best] > 0.0 else _NEVER


def _gains(file: ScoredFile, costs: Costs) -> tuple[Floats, Floats]:
    """Return score and gain of each row that can count: what lowering the threshold to it adds to the file's sum."""
    worth, member = _priced(file, costs)
    scores = _clean(file.scores)
    outside = member == _NO_WINDOW
    parts = [(scores[outside], worth[outside])]
    for window in _scorable(member):
        rows = np.flatnonzero(member == window)
        rows = rows[np.argsort(-scores[rows], kind="stable")]
        reached = np.maximum.accumulate(np.concatenate(([-costs.fn], worth[rows])))
        parts.append((scores[rows], np.diff(reached)))
    return np.concatenate([s for s, _ in parts]), np.concatenate([g for _, g in parts])

"""How a pipeline learns: examples of labelled series, a second stage, and a threshold from held-out rows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from models.pipeline.alarm_line import smoothed
from models.pipeline.examples import Examples, classes, event_weights, matrix
from models.pipeline.pipeline import BUDGET_PER_DAY, UNTAUGHT_TAIL, Fitted, Scorer
from models.pipeline.second_stage import SecondStage, train
from models.protocol import TriageClass
from models.series import Bools, Ints, Series
from models.training.threshold import HeldOut, choose_threshold

_FOLDS = 4
TREES = 150
"""Of each member of the second stage."""
_MEMBERS = 2
"""Ensembles with other random draws that the second stage is the mean of."""


def fit(train_series: Sequence[Series], budget_per_day: float = BUDGET_PER_DAY) -> Fitted:
    """Learn from labelled series; with none, the pipeline judges by novelty at the budget's threshold.

    The threshold comes from held-out parts of the training series: by group (site, file) where there are several,
    else by blocks of time.
    """
    labelled = [s for s in train_series if s.labels is not None and s.labels.any()]
    if not labelled:
        return Fitted.untaught(budget_per_day)
    # In an order of their own: no figure depends on what the files are called.
    labelled.sort(key=lambda s: s.sha256)
    learnt = [_examples(s) for s in labelled]
    judged = _held_out(labelled, learnt)
    threshold = choose_threshold(judged, budget_per_day)
    quiet = np.concatenate([np.zeros(0), *(j.scores[~j.labels] for j in judged)])
    tail = float(np.mean(quiet >= threshold)) if len(quiet) else UNTAUGHT_TAIL
    stage = _stage(learnt, TREES, _MEMBERS)
    tells = any(e.cls is TriageClass.POLLUTION for s in labelled for e in s.events)
    return Fitted(stage, threshold, min(max(tail, 1e-4), 0.5), tells)


def _examples(series: Series) -> Examples:
    """Return what a series teaches."""
    scorer = Scorer(Fitted(), series.columns, series.covariates)
    features = scorer.push(series.times, series.values).features
    y = classes(series, scorer.targets)
    weight = event_weights(y > 0)
    weight[: series.probation_rows] = 0.0
    # Rows marked as doubtful (real faults that nobody labelled) would teach that faults are normal.
    weight[series.ignored & (y == 0)] = 0.0
    watched = np.zeros(features.levels.shape, dtype=np.bool_)
    watched[:, scorer.targets] = True
    return Examples(matrix(features, watched), y, weight)


def _stage(
    sets: Sequence[Examples], trees: int, members: int, keep: Sequence[Bools] | None = None
) -> SecondStage | None:
    masks = [np.ones(len(e.y), dtype=np.bool_) for e in sets] if keep is None else keep
    x, y, w = ([getattr(e, part)[m] for e, m in zip(sets, masks, strict=True)] for part in ("x", "y", "weight"))
    return train(x, y, w, trees=trees, members=members)


def _held_out(series: Sequence[Series], learnt: Sequence[Examples]) -> list[HeldOut]:
    folds = _folds(series)
    trees = max(TREES * 2 // 3, 40)
    judged: list[HeldOut] = []
    for fold in range(int(max(f.max() for f in folds)) + 1):
        stage = _stage(learnt, trees, 1, [f != fold for f in folds])
        if stage is not None:
            for one, examples, f in zip(series, learnt, folds, strict=True):
                judged += _judge_fold(one, examples, f == fold, stage)
    return judged


def _judge_fold(series: Series, examples: Examples, mask: Bools, stage: SecondStage) -> list[HeldOut]:
    """Score the held-out rows of a series."""
    mask = mask & series.counted
    if not mask.any():
        return []
    logits = SecondStage.logits(stage.shares(examples.x[mask]))
    return [HeldOut(series.times[mask], smoothed(logits), examples.y[mask] > 0)]


def _folds(series: Sequence[Series]) -> list[Ints]:
    groups = list(dict.fromkeys(s.group for s in series))
    if len(groups) > 1:
        number = {g: i % max(2, min(_FOLDS, len(groups))) for i, g in enumerate(groups)}
        return [np.full(len(s.times), number[s.group], dtype=np.int64) for s in series]
    return [(np.arange(len(s.times)) * 3 // max(len(s.times), 1)).astype(np.int64) for s in series]

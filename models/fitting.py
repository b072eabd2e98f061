"""How a pipeline learns: examples of labelled series, a second stage, and a threshold from held-out rows."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.alarms import HeldOut, choose_threshold, hold, smoothed
from models.examples import Examples, classes, event_weights, inner_rows, matrices, target_columns
from models.families import FamilyConfig
from models.features.table import Features, FeatureTable
from models.injection import with_injections
from models.pipeline import UNTAUGHT_TAIL, Fitted, mixed
from models.protocol import TriageClass
from models.second_stage import SecondStage, train
from models.series import Bools, Floats, Ints, Series
from models.together import TogetherTails, Usual, learn_tails, together
from models.unlabelled import Unlabelled

_FOLDS = 4
_AFTERMATH_S = 3600.0
_FORE_ROWS = 5


def fit(train_series: Sequence[Series], config: FamilyConfig) -> Fitted:
    """Learn from labelled series; with none, the pipeline judges by novelty with a fixed threshold.

    The threshold comes from held-out parts of the training series: by group (site, file) where there are several,
    else by blocks of time.
    """
    labelled = [s for s in train_series if config.blend < 1.0 and s.labels is not None and s.labels.any()]
    if not labelled:
        return Fitted(config)
    # In an order of their own: no figure depends on what the files are called.
    labelled.sort(key=lambda s: s.sha256)
    sets = [_learnt_from(s, config) for s in labelled]
    judged = _held_out(labelled, sets, config)
    threshold = choose_threshold(
        judged,
        budget_per_day=config.budget_per_day,
        aim=config.aim,
        hold_rows=config.hold_rows,
        fallback=0.0,
        share=_taught_share(judged, config.edge_rows),
    )
    quiet = [j.scores[~j.labels] for j in judged]
    tail = float(np.mean(np.concatenate(quiet) >= threshold)) if quiet else UNTAUGHT_TAIL
    stage = _stage([e for group in sets for e in group.examples], config, members=config.members)
    tells = any(e.cls is TriageClass.POLLUTION for s in labelled for e in s.events)
    return Fitted(config, stage, threshold, min(max(tail, 1e-4), 0.5), tells, _tails(sets, config))


@dataclass(frozen=True, slots=True)
class _Set:
    """One training series: its own examples and those with injected events, each with its novelty."""

    examples: tuple[Examples, ...]
    novelty: tuple[Floats, ...]
    usual: Usual | None = None
    """Sizes of two sensors at once in the series itself."""


def _tails(sets: Sequence[_Set], config: FamilyConfig) -> TogetherTails | None:
    usual = [s.usual for s in sets if s.usual is not None]
    return learn_tails(usual, config.together) if config.together is not None and usual else None


def _learnt_from(series: Series, config: FamilyConfig) -> _Set:
    plan = config.injections
    copies = [] if plan is None else [with_injections(series, plan, seed) for seed in range(plan.copies)]
    learnt = [_examples(one, config) for one in (series, *copies)]
    return _Set(tuple(e for e, _, _ in learnt), tuple(n for _, n, _ in learnt), learnt[0][2])


def _examples(series: Series, config: FamilyConfig) -> tuple[Examples, Floats, Usual | None]:
    targets = target_columns(series.columns, series.covariates)
    table = FeatureTable(series.columns, config.features)
    features = table.push(series.times, series.values)
    novelty = Unlabelled(series.columns, targets, config).push(series.times, series.values, features)
    x = matrices(features, targets, config)
    y = classes(series, targets, config.by_sensor)
    weight = [event_weights(one > 0, config.event_rows) for one in y]
    head = series.probation_rows
    for w, labels in zip(weight, y, strict=True):
        w[:head] = 0.0
        w[inner_rows(labels > 0, config.edge_rows)] = 0.0
        if series.ignore is not None and series.ignore.ndim == 1:
            # Rows marked as doubtful (real faults that nobody labelled) would teach that faults are normal.
            w[series.ignore & (labels == 0)] = 0.0
    return Examples(x, y, tuple(weight)), novelty, _usual(series, features, targets, config)


def _usual(series: Series, features: Features, targets: list[int], config: FamilyConfig) -> Usual | None:
    if config.together is None or config.by_sensor or series.labels is None or len(series.times) < 2:
        return None
    labels: Bools = series.labels if series.labels.ndim == 1 else np.asarray(series.labels.any(axis=1))
    row_s = max(float(np.median(np.diff(series.times) / np.timedelta64(1, "s"))), 1e-3)
    # An event's aftermath, and the rows in which its beginning is already seen, are not usual.
    near = hold(labels, int(_AFTERMATH_S / row_s)) | hold(labels[::-1], _FORE_ROWS)[::-1]
    if series.ignore is not None and series.ignore.ndim == 1:
        near |= series.ignore
    near[: series.probation_rows] = True
    sizes = together(features, targets, config.together.keys)
    return Usual(sizes, ~near, len(near) * row_s / 86400)


def _taught_share(judged: Sequence[HeldOut], edge_rows: int) -> float | None:
    """Return the share of the rows that are labelled and teach; ``None`` where nothing was judged."""
    if not judged:
        return None
    return float(np.mean(np.concatenate([j.labels & ~inner_rows(j.labels, edge_rows) for j in judged])))


def _stage(
    sets: Sequence[Examples], config: FamilyConfig, keep: Sequence[Bools] | None = None, members: int = 1
) -> SecondStage | None:
    x, y, w = [], [], []
    for i, one in enumerate(sets):
        mask = slice(None) if keep is None else keep[i]
        for a, b, c in zip(one.x, one.y, one.weight, strict=True):
            x.append(a[mask])
            y.append(b[mask])
            w.append(c[mask])
    return train(
        x, y, w, negatives=config.negatives, iterations=config.iterations, leaves=config.leaves, members=members
    )


def _held_out(series: Sequence[Series], sets: Sequence[_Set], config: FamilyConfig) -> list[HeldOut]:
    folds = _folds(series)
    quick = dataclasses.replace(config, iterations=max(config.iterations * 2 // 3, 40))
    judged: list[HeldOut] = []
    for fold in range(int(max(f.max() for f in folds)) + 1):
        chosen, keep = [], []
        for s, f in zip(sets, folds, strict=True):
            for each in s.examples:
                chosen.append(each)
                keep.append(f != fold)
        stage = _stage(chosen, quick, keep, members=1)
        if stage is None:
            continue
        for one, s, f in zip(series, sets, folds, strict=True):
            judged += _judge_fold(one, s, f == fold, stage, config)
    return judged


def _judge_fold(series: Series, learnt: _Set, mask: Bools, stage: SecondStage, config: FamilyConfig) -> list[HeldOut]:
    """Score the held-out rows of a series and of its injected copies: few plants have enough events of their own."""
    mask = mask.copy()
    mask[: series.probation_rows] = False
    if series.ignore is not None and series.ignore.ndim == 1:
        mask &= ~series.ignore
    if not mask.any():
        return []
    out = []
    for example, novelty in zip(learnt.examples, learnt.novelty, strict=True):
        for k, (x, y) in enumerate(zip(example.x, example.y, strict=True)):
            logits = mixed(SecondStage.logits(stage.shares(x[mask])), novelty[mask, k], config.blend)
            out.append(HeldOut(series.times[mask], smoothed(logits, config.smooth_rows), y[mask] > 0))
    return out


def _folds(series: Sequence[Series]) -> list[Ints]:
    groups = list(dict.fromkeys(s.group for s in series))
    if len(groups) > 1:
        number = {g: i % max(2, min(_FOLDS, len(groups))) for i, g in enumerate(groups)}
        return [np.full(len(s.times), number[s.group], dtype=np.int64) for s in series]
    return [(np.arange(len(s.times)) * 3 // max(len(s.times), 1)).astype(np.int64) for s in series]

"""The one pipeline: features, novelty, second stage, threshold by budget, triage. Families differ by configuration."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from math import log2
from typing import Any, Self

import numpy as np

from models.alarms import AlarmLine, Judged, LineConfig, choose_threshold, hold, smoothed
from models.errors import ModelError
from models.examples import Examples, classes, event_weights, inner_rows, matrices, target_columns
from models.families import FAMILIES, FamilyConfig
from models.features.table import Features, FeatureTable
from models.forest import NO_TREES, probabilities
from models.injection import with_injections
from models.protocol import Triage, TriageClass
from models.second_stage import SecondStage, train
from models.series import Bools, Floats, Ints, Result, Series, Times, TriagedInterval, stretches
from models.slow.recorded import findings_of, intervals_of
from models.slow.stuck import StuckLine
from models.together import TogetherLine, TogetherTails, Usual, learn_tails, together
from models.triage import Incident, TriageModel, contexts_of, pages, shipped_model
from models.unlabelled import Unlabelled

__all__ = ["FAMILIES", "FamilyConfig", "Fitted", "Scorer", "config_for", "fit", "warm"]

_FOLDS = 4
_UNLABELLED_TAIL = 0.005
_USUAL_PER_DAY, _HALVED_BY = 1.3 / 7, 2.0
"""What novelty alone alarms falsely at log-odds 0, and by how much these must rise for half as many: on eight simulated
stations of six weeks 4.7, 1.3, .7 and .3 a week at -3, 0, 2 and 4."""
_CHUNK_ROWS = 8192
_AFTERMATH_S = 3600.0
_FORE_ROWS = 5
_MORE_LIKELY_THAN_NOT = 0.0
"""Log-odds from which the line for pollution alarms. On held-out training rows its F1 is flat from -.5 to 1.5."""


@dataclass(frozen=True)
class Fitted:
    """A pipeline that has learnt: configuration, second stage (if there were labels), threshold."""

    config: FamilyConfig
    stage: SecondStage | None = None
    threshold: float = 0.0
    tail: float = _UNLABELLED_TAIL
    tells_process: bool = False
    together: TogetherTails | None = None
    """What is usual of two sensors at once, where the configuration asks for such alarms."""

    @classmethod
    def untaught(cls, config: FamilyConfig) -> Self:
        """Return the pipeline of a station that nothing was learnt for: novelty alone, at the budget's threshold."""
        return cls(config, threshold=_HALVED_BY * log2(_USUAL_PER_DAY / config.budget_per_day))

    def run(self, series: Series) -> Result:
        """Judge a series causally; labels, name and group are not looked at."""
        scorer = Scorer(self, series.columns, series.covariates, _limits(series))
        findings = findings_of(series) if self.config.watched else []
        contexts = contexts_of(series, findings)
        stuck = StuckLine(self.config.stuck_rows)
        incident = Incident(series.columns, scorer.targets, self.triage_model())
        margins, alarms, judged = [], [], list[Triage | None]()
        for first in range(0, max(len(series.times), 1), _CHUNK_ROWS):
            here = slice(first, first + _CHUNK_ROWS)
            part = scorer.push(series.times[here], series.values[here])
            if stuck.rows and findings:
                part.alarm[:, 0] |= stuck.push(findings[here])
            margins.append(part.margin)
            alarms.append(part.alarm)
            if not self.config.by_sensor:
                shares = part.shares if self.tells_process else None
                judged += incident.push(part.features, part.alarm[:, 0], shares, series.values[here], contexts[here])
        score, alarm = np.exp2(np.clip(np.concatenate(margins), -20, 20)), np.concatenate(alarms)
        if self.config.by_sensor:
            return Result(score, alarm, tuple(series.columns[j] for j in scorer.targets))
        flat = np.asarray(alarm[:, 0])
        began = flat & ~np.concatenate(([False], flat[:-1]))
        ended = ~flat & np.concatenate(([False], flat[:-1]))
        triage = tuple(_interval(series.times[a:b], judged[a:b]) for a, b in stretches(flat))
        return Result(np.asarray(score[:, 0]), flat, (), began | ended, triage, intervals_of(series, findings))

    def triage_model(self) -> TriageModel:
        """Return the weights that judge alarms: the shipped ones, for the classes that the family knows."""
        model = shipped_model()
        return model.among(self.config.triage_classes) if self.config.triage_classes else model


def _interval(times: Times, judged: Sequence[Triage | None]) -> TriagedInterval:
    """Return one alarm as it was judged at its end, and when it was first taken for pollution."""
    last = next(t for t in reversed(judged) if t is not None)
    called = next((i for i, t in enumerate(judged) if pages(t)), None)
    paged = None if called is None else times[called]
    return TriagedInterval(times[0], times[-1], last.cls, last.probability, last.reasons_vi, last.reasons_en, paged)


@dataclass(frozen=True, slots=True)
class Scored:
    """Margins over the threshold (0 = alarm) and alarms, shape (rows, lines), with what explains them."""

    margin: Floats
    alarm: Bools
    shares: Floats
    features: Features


class Scorer:
    """The pipeline in the stream: the state of one series, fed chunk by chunk or row by row with equal results."""

    def __init__(
        self, fitted: Fitted, columns: tuple[str, ...], covariates: tuple[str, ...] = (), limits: Floats | None = None
    ) -> None:
        self.fitted = fitted
        self.targets = target_columns(columns, covariates)
        config = fitted.config
        lines = len(self.targets) if config.by_sensor else 1
        self.table = FeatureTable(columns, config.features, limits)
        self.unlabelled = Unlabelled(columns, self.targets, config)
        self.lines = [AlarmLine(_line(fitted)) for _ in range(lines)]
        self.together = _together_line(fitted, len(self.targets))
        self.pollution = _pollution_line(fitted)

    def push(self, times: Times, values: Floats) -> Scored:
        """Judge the next rows."""
        features = self.table.push(times, values)
        novelty = self.unlabelled.push(times, values, features)
        shape = len(times), len(self.lines)
        margins, alarms, shares = np.empty(shape), np.empty(shape, dtype=np.bool_), np.zeros((len(times), 3))
        x = matrices(features, self.targets, self.fitted.config) if self.fitted.stage is not None else ()
        for k, line in enumerate(self.lines):
            logits = novelty[:, k]
            if self.fitted.stage is not None and len(times):
                shares = self.fitted.stage.shares(x[k])
                logits = _mixed(SecondStage.logits(shares), logits, self.fitted.config.blend)
            margins[:, k], alarms[:, k] = line.push(logits)
        if self.pollution is not None and len(times):
            beyond, polluted = self.pollution.push(SecondStage.pollution_logits(shares))
            margins[:, 0] = np.maximum(margins[:, 0], beyond)
            alarms[:, 0] |= polluted
        if self.together is not None:
            extra = self.together.push(features, self.targets, values[:, self.targets])
            margins[extra, 0] = np.maximum(margins[extra, 0], 0.0)
            alarms[:, 0] |= extra
        return Scored(margins, alarms, shares, features)

    def state(self) -> dict[str, Any]:
        """Return the whole memory as numbers, lists and arrays."""
        return {
            "table": self.table.state(),
            "unlabelled": self.unlabelled.state(),
            "together": self.together.state() if self.together is not None else None,
            "lines": [line.state for line in self.lines],
            "pollution": self.pollution.state if self.pollution is not None else None,
        }

    def set_state(self, state: dict[str, Any]) -> None:
        """Go on from a copy of a memory returned by ``state``: rows write into the memory that they find."""
        state = deepcopy(state)
        self.table.set_state(state["table"])
        self.unlabelled.set_state(state["unlabelled"])
        if self.together is not None:
            self.together.set_state(state["together"])
        for line, memory in zip(self.lines, state["lines"], strict=True):
            line.state = memory
        if self.pollution is not None and state["pollution"] is not None:
            self.pollution.state = state["pollution"]


def _together_line(fitted: Fitted, sensors: int) -> TogetherLine | None:
    config, tails = fitted.config.together, fitted.together
    if config is None or tails is None or fitted.config.by_sensor:
        return None
    return TogetherLine(sensors, config, tails)


def _pollution_line(fitted: Fitted) -> AlarmLine | None:
    if not (fitted.config.pollution_line and fitted.tells_process) or fitted.config.by_sensor:
        return None
    return AlarmLine(dataclasses.replace(_line(fitted), threshold=_MORE_LIKELY_THAN_NOT, adapt=0.0))


def warm(config: FamilyConfig) -> None:
    """Compile what the pipeline runs, or read it from the cache on disk: the first row need not wait for it."""
    rows = config.features.cross.block_rows + config.features.cross.warm_rows
    times = np.datetime64(0, "ns") + np.arange(rows + 1) * np.timedelta64(60, "s")
    values = np.random.default_rng(0).normal(size=(rows + 1, 2))
    keys = 0 if config.together is None else len(config.together.keys)
    tails = TogetherTails((1.0,) * keys, (1.0,) * keys, (1.0,) * keys, np.inf) if keys else None
    scorer = Scorer(Fitted(config, together=tails), ("a", "b"))
    incident = Incident(("a", "b"), scorer.targets)
    # A part of several rows is compiled for by itself: its slices do not lie in one piece as those of one row do.
    for part in (slice(rows), slice(rows, rows + 1)):
        scored = scorer.push(times[part], values[part])
        incident.push(scored.features, np.zeros(len(times[part]), dtype=np.bool_), None, values[part])
    probabilities(NO_TREES, np.zeros((1, 1), dtype=np.float32))


def _mixed(learnt: Floats, novelty: Floats, blend: float) -> Floats:
    return np.asarray((1 - blend) * learnt + blend * novelty)


def _line(fitted: Fitted) -> LineConfig:
    c = fitted.config
    return LineConfig(fitted.threshold, fitted.tail, c.smooth_rows, c.hold_rows, c.quiet_rows, c.adapt, c.adapt_rows)


def _limits(series: Series) -> Floats | None:
    if not series.limits:
        return None
    return np.array([series.limits.get(c, (-np.inf, np.inf)) for c in series.columns])


def config_for(family: str) -> FamilyConfig:
    """Return the configuration of a family. Raises ModelError for an unknown one."""
    try:
        return FAMILIES[family]
    except KeyError:
        raise ModelError(f"there is no family {family!r}: choose one of {', '.join(FAMILIES)}") from None


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
    tail = float(np.mean(np.concatenate(quiet) >= threshold)) if quiet else _UNLABELLED_TAIL
    stage = _stage([e for group in sets for e in group.examples], config, members=config.members)
    tells = any(e.cls is TriageClass.PROCESS for s in labelled for e in s.events)
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
    table = FeatureTable(series.columns, config.features, _limits(series))
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


def _taught_share(judged: Sequence[Judged], edge_rows: int) -> float | None:
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


def _held_out(series: Sequence[Series], sets: Sequence[_Set], config: FamilyConfig) -> list[Judged]:
    folds = _folds(series)
    quick = dataclasses.replace(config, iterations=max(config.iterations * 2 // 3, 40))
    judged: list[Judged] = []
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


def _judge_fold(series: Series, learnt: _Set, mask: Bools, stage: SecondStage, config: FamilyConfig) -> list[Judged]:
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
            logits = _mixed(SecondStage.logits(stage.shares(x[mask])), novelty[mask, k], config.blend)
            out.append(Judged(series.times[mask], smoothed(logits, config.smooth_rows), y[mask] > 0))
    return out


def _folds(series: Sequence[Series]) -> list[Ints]:
    groups = list(dict.fromkeys(s.group for s in series))
    if len(groups) > 1:
        number = {g: i % max(2, min(_FOLDS, len(groups))) for i, g in enumerate(groups)}
        return [np.full(len(s.times), number[s.group], dtype=np.int64) for s in series]
    return [(np.arange(len(s.times)) * 3 // max(len(s.times), 1)).astype(np.int64) for s in series]

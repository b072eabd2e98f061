"""The one pipeline: features, novelty, second stage, threshold by budget, triage. Families differ by configuration."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass
from math import log2
from typing import Any, Self

import numpy as np

from models.alarms import AlarmLine, LineConfig
from models.evidence import Context, Gathering
from models.examples import matrices, target_columns
from models.families import FamilyConfig
from models.features.table import Features, FeatureTable
from models.forest import NO_TREES, probabilities
from models.protocol import Triage
from models.second_stage import SecondStage
from models.series import Bools, Floats, Result, Series, Times, TriagedInterval, stretches
from models.slow.finding import Finding
from models.slow.recorded import findings_of, intervals_of
from models.slow.stuck import StuckLine
from models.together import TogetherLine, TogetherTails
from models.triage import Incident, TriageModel, contexts_of, pages, shipped_model
from models.unlabelled import Unlabelled

UNTAUGHT_TAIL = 0.005
"""Share of the rows beyond the threshold, where nothing was learnt."""
_USUAL_PER_DAY, _HALVED_BY = 1.3 / 7, 2.0
"""What novelty alone alarms falsely at log-odds 0, and by how much these must rise for half as many: on eight simulated
stations of six weeks 4.7, 1.3, .7 and .3 a week at -3, 0, 2 and 4."""
_CHUNK_ROWS = 8192
_MORE_LIKELY_THAN_NOT = 0.0
"""Log-odds from which the line for pollution alarms. On held-out training rows its F1 is flat from -.5 to 1.5."""


@dataclass(frozen=True)
class Fitted:
    """A pipeline that has learnt: configuration, second stage (if there were labels), threshold."""

    config: FamilyConfig
    stage: SecondStage | None = None
    threshold: float = 0.0
    tail: float = UNTAUGHT_TAIL
    tells_pollution: bool = False
    together: TogetherTails | None = None
    """What is usual of two sensors at once, where the configuration asks for such alarms."""

    @classmethod
    def untaught(cls, config: FamilyConfig) -> Self:
        """Return the pipeline of a station that nothing was learnt for: novelty alone, at the budget's threshold."""
        return cls(config, threshold=_HALVED_BY * log2(_USUAL_PER_DAY / config.budget_per_day))

    def run(self, series: Series) -> Result:
        """Assess a series causally; labels, name and group are not looked at.

        A row that is not newer than all before is refused, as in the stream: nothing is learnt from it, and the
        assessment before it stands.
        """
        newest = np.maximum.accumulate(series.times)
        fresh = np.concatenate(([True], series.times[1:] > newest[:-1]))[: len(series.times)]
        if fresh.all():
            return self._assessed(series)
        result, place = self._assessed(series.taking(fresh)), np.cumsum(fresh) - 1
        changed = None if result.changepoint is None else result.changepoint[place] & fresh
        return dataclasses.replace(result, score=result.score[place], alarm=result.alarm[place], changepoint=changed)

    def _assessed(self, series: Series) -> Result:
        """Assess rows of which each is newer than the one before."""
        assessor = Assessor(self, series.columns, series.covariates)
        findings = findings_of(series) if self.config.watched else []
        contexts = contexts_of(series, findings)
        margins, alarms, triages = [], [], list[Triage | None]()
        for first in range(0, max(len(series.times), 1), _CHUNK_ROWS):
            here = slice(first, first + _CHUNK_ROWS)
            part = assessor.score(series.times[here], series.values[here], findings[here])
            margins.append(part.margin)
            alarms.append(part.alarm)
            if not self.config.by_sensor:
                triages += assessor.triage(part, part.alarm[:, 0], series.values[here], contexts[here])
        score, alarm = np.exp2(np.clip(np.concatenate(margins), -20, 20)), np.concatenate(alarms)
        if self.config.by_sensor:
            return Result(score, alarm, tuple(series.columns[j] for j in assessor.scorer.targets))
        flat = np.asarray(alarm[:, 0])
        began = flat & ~np.concatenate(([False], flat[:-1]))
        ended = ~flat & np.concatenate(([False], flat[:-1]))
        triage = tuple(_interval(series.times[a:b], triages[a:b]) for a, b in stretches(flat))
        return Result(np.asarray(score[:, 0]), flat, (), began | ended, triage, intervals_of(series, findings))

    def triage_model(self) -> TriageModel:
        """Return the weights that assess alarms: the shipped ones, for the classes that the family knows."""
        model = shipped_model()
        return model.among(self.config.triage_classes) if self.config.triage_classes else model


def _interval(times: Times, triages: Sequence[Triage | None]) -> TriagedInterval:
    """Return one alarm as it was assessed at its end, and when it was first taken for pollution."""
    last = next(t for t in reversed(triages) if t is not None)
    called = next((i for i, t in enumerate(triages) if pages(t)), None)
    paged = None if called is None else times[called]
    return TriagedInterval(times[0], times[-1], last.cls, last.probability, last.reasons, paged)


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
        """Score the next rows."""
        features = self.table.push(times, values)
        novelty = self.unlabelled.push(times, values, features)
        shape = len(times), len(self.lines)
        margins, alarms, shares = np.empty(shape), np.empty(shape, dtype=np.bool_), np.zeros((len(times), 3))
        x = matrices(features, self.targets, self.fitted.config) if self.fitted.stage is not None else ()
        for k, line in enumerate(self.lines):
            logits = novelty[:, k]
            if self.fitted.stage is not None and len(times):
                shares = self.fitted.stage.shares(x[k])
                logits = mixed(SecondStage.logits(shares), logits, self.fitted.config.blend)
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


class Assessor:
    """Scorer, what the slow watches find, and the running incident of one series or station, put together.

    Rows go in twice: ``score`` says where the alarm is on, ``triage`` what the incident is. Between the two, who calls
    may know more that begins an incident than the pipeline does: a station's charts, a gap.
    """

    def __init__(
        self, fitted: Fitted, columns: tuple[str, ...], covariates: tuple[str, ...] = (), limits: Floats | None = None
    ) -> None:
        self.scorer = Scorer(fitted, columns, covariates, limits)
        self.incident = Incident(columns, self.scorer.targets, fitted.triage_model())
        self._stuck = StuckLine(fitted.config.stuck_rows)
        self.taught = fitted.tells_pollution and fitted.stage is not None
        """Whether a second stage was taught what pollution is: its opinion is evidence then."""

    def score(self, times: Times, values: Floats, findings: Sequence[Sequence[Finding]]) -> Scored:
        """Score the next rows. ``findings`` has what stands after each of them; empty where no watch looks on."""
        scored = self.scorer.push(times, values)
        if self._stuck.rows and findings:
            scored.alarm[:, 0] |= self._stuck.push(findings)
        return scored

    def triage(
        self, scored: Scored, running: Bools, values: Floats, contexts: Sequence[Context]
    ) -> list[Triage | None]:
        """Return what the incident is after each row just scored; ``None`` where ``running`` is false."""
        return self.incident.push(scored.features, running, self._shares(scored), values, contexts)

    def gather(
        self, scored: Scored, running: Bools, values: Floats, contexts: Sequence[Context]
    ) -> Iterator[Gathering | None]:
        """Yield what is gathered of the incident after each row just scored: the evidence, nothing said of it."""
        return self.incident.gather(scored.features, running, self._shares(scored), values, contexts)

    def _shares(self, scored: Scored) -> Floats | None:
        return scored.shares if self.taught else None

    def state(self) -> list[Any]:
        """Return the whole memory as numbers, lists and arrays."""
        return [self.scorer.state(), self.incident.state(), self._stuck.state]

    def set_state(self, scorer: dict[str, Any], incident: Any, stuck: dict[str, int]) -> None:
        """Go on from the parts of a memory returned by ``state``."""
        self.scorer.set_state(scorer)
        self.incident.set_state(incident)
        self._stuck.state = stuck


def _together_line(fitted: Fitted, sensors: int) -> TogetherLine | None:
    config, tails = fitted.config.together, fitted.together
    if config is None or tails is None or fitted.config.by_sensor:
        return None
    return TogetherLine(sensors, config, tails)


def _pollution_line(fitted: Fitted) -> AlarmLine | None:
    if not (fitted.config.pollution_line and fitted.tells_pollution) or fitted.config.by_sensor:
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


def mixed(learnt: Floats, novelty: Floats, blend: float) -> Floats:
    """Return the second stage's log-odds with a share of the novelty."""
    return np.asarray((1 - blend) * learnt + blend * novelty)


def _line(fitted: Fitted) -> LineConfig:
    c = fitted.config
    return LineConfig(fitted.threshold, fitted.tail, c.smooth_rows, c.hold_rows, c.quiet_rows, c.adapt, c.adapt_rows)

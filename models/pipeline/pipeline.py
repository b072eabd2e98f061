"""The one pipeline: features, novelty, second stage, threshold by budget, triage."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass
from math import log2
from typing import Any, Self

import numpy as np

from models.features.table import Features, FeatureTable
from models.pipeline.alarm_line import AlarmLine, LineConfig
from models.pipeline.configs import PipelineConfig
from models.pipeline.examples import matrix, target_columns
from models.pipeline.forest import NO_TREES
from models.pipeline.novelty import Novelty
from models.pipeline.second_stage import SecondStage
from models.protocol import Triage
from models.series import Bools, Floats, Result, Series, Times, TriagedInterval, stretches
from models.slow.recorded import findings_of, intervals_of
from models.triage.evidence import Context, Gathering
from models.triage.incident import Incident, contexts_of, pages

UNTAUGHT_TAIL = 0.005
"""Share of the rows beyond the threshold, where nothing was learnt."""
_USUAL_PER_DAY, _HALVED_BY = 1.3 / 7, 2.0
"""What novelty alone alarms falsely at log-odds 0, and by how much these must rise for half as many: on eight simulated
stations of six weeks 4.7, 1.3, .7 and .3 a week at -3, 0, 2 and 4."""
_CHUNK_ROWS = 8192
_MORE_LIKELY_THAN_NOT = 0.0
"""Log-odds from which the line for pollution alarms. On held-out training rows its F1 is flat from -.5 to 1.5."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """A pipeline that has learnt: configuration, second stage (if there were labels), threshold."""

    config: PipelineConfig
    stage: SecondStage | None = None
    threshold: float = 0.0
    tail: float = UNTAUGHT_TAIL
    tells_pollution: bool = False

    @classmethod
    def untaught(cls, config: PipelineConfig) -> Self:
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
        return dataclasses.replace(result, score=result.score[place], alarm=result.alarm[place])

    def _assessed(self, series: Series) -> Result:
        """Assess rows of which each is newer than the one before."""
        assessor = Assessor(self, series.columns, series.covariates)
        findings = findings_of(series)
        contexts = contexts_of(series, findings)
        margins, alarms, triages = [], [], list[Triage | None]()
        for first in range(0, max(len(series.times), 1), _CHUNK_ROWS):
            here = slice(first, first + _CHUNK_ROWS)
            part = assessor.scorer.push(series.times[here], series.values[here])
            margins.append(part.margin)
            alarms.append(part.alarm)
            triages += assessor.triage(part, part.alarm, series.values[here], contexts[here])
        score, alarm = np.exp2(np.clip(np.concatenate(margins), -20, 20)), np.concatenate(alarms)
        triage = tuple(_interval(series.times[a:b], triages[a:b]) for a, b in stretches(alarm))
        return Result(score, alarm, triage=triage, findings=intervals_of(series, findings))


def _interval(times: Times, triages: Sequence[Triage | None]) -> TriagedInterval:
    """Return one alarm as it was assessed at its end, and when it was first taken for pollution."""
    last = next(t for t in reversed(triages) if t is not None)
    called = next((i for i, t in enumerate(triages) if pages(t)), None)
    paged = None if called is None else times[called]
    return TriagedInterval(times[0], times[-1], last.cls, last.probability, last.reasons, paged)


@dataclass(frozen=True, slots=True)
class Scored:
    """Margins over the threshold (0 = alarm) and alarms, shape (rows,), with what explains them."""

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
        self.table = FeatureTable(columns, fitted.config.features, limits)
        self.novelty = Novelty(self.targets)
        self.line = AlarmLine(LineConfig(fitted.threshold, fitted.tail))
        self.pollution = AlarmLine(LineConfig(_MORE_LIKELY_THAN_NOT, fitted.tail, adapt=0.0))
        """A row that the second stage takes for pollution rather than for anything else is an alarm, whatever the
        threshold says: that follows faults too, of which a missed one costs less. Needs labels that tell them apart."""

    def push(self, times: Times, values: Floats) -> Scored:
        """Score the next rows."""
        features = self.table.push(times, values)
        # Also where it is not asked: an artefact may be taken back.
        novelty = self.novelty.push(features)
        stage = self.fitted.stage
        if stage is None or not len(times):
            return Scored(*self.line.push(novelty), np.zeros((len(times), 3)), features)
        shares = stage.shares(matrix(features, self.targets))
        margin, alarm = self.line.push(SecondStage.logits(shares))
        if self.fitted.tells_pollution:
            beyond, polluted = self.pollution.push(SecondStage.pollution_logits(shares))
            margin, alarm = np.maximum(margin, beyond), alarm | polluted
        return Scored(margin, alarm, shares, features)

    def state(self) -> dict[str, Any]:
        """Return the whole memory as numbers, lists and arrays."""
        return {
            "table": self.table.state(),
            "novelty": [self.novelty.counts, self.novelty.rows],
            "lines": self.lines_state(),
        }

    def lines_state(self) -> list[Floats]:
        """Return the part of the memory that belongs to the artefact and its threshold."""
        return [self.line.state, self.pollution.state]

    def set_state(self, state: dict[str, Any]) -> None:
        """Go on from a copy of a memory returned by ``state``: rows write into the memory that they find."""
        state = deepcopy(state)
        self.table.set_state(state["table"])
        self.novelty.counts, self.novelty.rows = state["novelty"]
        self.line.state, self.pollution.state = state["lines"]


class Assessor:
    """Scorer and the running incident of one series or station, put together.

    Rows go in twice: the scorer says where the alarm is on, ``triage`` what the incident is. Between the two, who calls
    may know more that begins an incident than the pipeline does: a station's charts, a gap.
    """

    def __init__(
        self, fitted: Fitted, columns: tuple[str, ...], covariates: tuple[str, ...] = (), limits: Floats | None = None
    ) -> None:
        self.scorer = Scorer(fitted, columns, covariates, limits)
        self.incident = Incident(columns, self.scorer.targets)
        self.taught = fitted.tells_pollution and fitted.stage is not None
        """Whether a second stage was taught what pollution is: its opinion is evidence then."""

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
        return [self.scorer.state(), self.incident.state()]

    def set_state(self, scorer: dict[str, Any], incident: Any) -> None:
        """Go on from the parts of a memory returned by ``state``."""
        self.scorer.set_state(scorer)
        self.incident.set_state(incident)


def warm(config: PipelineConfig) -> None:
    """Compile what the pipeline runs, or read it from the cache on disk: the first row need not wait for it."""
    values = np.zeros((1, 2))
    scorer = Scorer(Fitted(config), ("a", "b"))
    scored = scorer.push(np.zeros(1, dtype="datetime64[ns]"), values)
    Incident(("a", "b"), scorer.targets).push(scored.features, np.zeros(1, dtype=np.bool_), None, values)
    seen = matrix(scored.features, scorer.targets)
    SecondStage((NO_TREES._replace(features=seen.shape[1]),), (0, 1)).shares(seen)

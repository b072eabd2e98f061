"""The one pipeline: features, novelty, second stage, threshold by budget."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from math import isfinite, log2
from typing import Any, Self

import numpy as np

from models.compiled import Records, put_back, stacked
from models.features import table
from models.features.table import Features
from models.pipeline import alarm_line, novelty
from models.pipeline.alarm_line import ALARM_LINE
from models.pipeline.examples import matrix
from models.pipeline.forest import NO_TREES
from models.pipeline.second_stage import SecondStage
from models.series import Bools, Floats, Times
from models.triage.incident import Incident

BUDGET_PER_DAY = 1 / 7
"""False alarms a day that the threshold may cost, where no other budget is given: stations and benchmarks differ in
their budgets and in nothing else."""
UNTAUGHT_TAIL = 0.005
"""Share of the rows beyond the threshold, where nothing was learnt."""
_USUAL_PER_DAY, _HALVED_BY = 1.3 / 7, 2.0
"""What novelty alone alarms falsely at log-odds 0, and by how much these must rise for half as many: on eight simulated
stations of six weeks 4.7, 1.3, .7 and .3 a week at -3, 0, 2 and 4."""
_MORE_LIKELY_THAN_NOT = 0.0
"""Log-odds from which the line for pollution alarms. On held-out training rows its F1 is flat from -.5 to 1.5."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """A pipeline that has learnt: second stage (if there were labels), threshold."""

    stage: SecondStage | None = None
    threshold: float = 0.0
    tail: float = UNTAUGHT_TAIL
    tells_pollution: bool = False

    def __post_init__(self) -> None:
        """Raise ValueError for a line that no row is beyond, or each: it may come from an artefact."""
        if not (isfinite(self.threshold) and 0 < self.tail < 1):
            raise ValueError(f"a threshold of {self.threshold} for a share of {self.tail} of the rows is none")

    @property
    def taught(self) -> bool:
        """Whether a second stage was taught what pollution is: its opinion is evidence then."""
        return self.tells_pollution and self.stage is not None

    @classmethod
    def untaught(cls, budget_per_day: float = BUDGET_PER_DAY) -> Self:
        """Return the pipeline of a station that nothing was learnt for: novelty alone, at the budget's threshold."""
        return cls(threshold=_HALVED_BY * log2(_USUAL_PER_DAY / budget_per_day))


@dataclass(frozen=True, slots=True)
class Scored:
    """Margins over the threshold (0 = alarm) and alarms, shape (rows,), with what explains them."""

    margin: Floats
    alarm: Bools
    shares: Floats
    features: Features


@cache
def _memory_type(sensors: int) -> np.dtype[np.void]:
    """Return all that rows move of one series, and what does not move but belongs to it."""
    kept_by_novelty = np.dtype(novelty.fields_of(sensors), align=True)
    return np.dtype(
        [
            ("table", table.memory_type(sensors)), ("novelty", kept_by_novelty),
            ("line", ALARM_LINE), ("pollution", ALARM_LINE),
        ],
        align=True,
    )  # fmt: skip


class Scorer:
    """The pipeline in the stream: the state of one series, fed chunk by chunk or row by row with equal results."""

    def __init__(
        self, fitted: Fitted, columns: tuple[str, ...], covariates: tuple[str, ...] = (), limits: Floats | None = None
    ) -> None:
        self.fitted = fitted
        targets = [i for i, c in enumerate(columns) if c not in covariates]
        self.targets = targets or list(range(len(columns)))
        """Columns that may be alarmed; all, if every column is a covariate."""
        self.memory = np.zeros(1, _memory_type(len(columns)))
        (m,) = self.memory
        table.begin(m["table"], columns, limits)
        m["novelty"]["watched"][self.targets] = True
        alarm_line.begin(m["line"], fitted.threshold, fitted.tail)
        # A row that the second stage takes for pollution rather than for anything else is an alarm, whatever the
        # threshold says: that follows faults too, of which a missed one costs less. Needs labels that tell them apart.
        alarm_line.begin(m["pollution"], _MORE_LIKELY_THAN_NOT, fitted.tail, adapt=0.0)

    def push(self, times: Times, values: Floats) -> Scored:
        """Score the next rows."""
        (scored,) = push_together([(self, times, values)])
        return scored

    def state(self) -> dict[str, Any]:
        """Return the whole memory as numbers, lists and arrays."""
        (m,) = self.memory
        return {
            "table": table.state_of(m["table"]),
            "novelty": [m["novelty"]["histograms"], m["novelty"]["weight"]],
            "lines": self.lines_state(),
        }

    def lines_state(self) -> list[Floats]:
        """Return the part of the memory that belongs to the artefact and its threshold."""
        (m,) = self.memory
        return [alarm_line.state_of(m[name]) for name in ("line", "pollution")]

    def set_state(self, state: dict[str, Any]) -> None:
        """Go on from a memory returned by ``state``."""
        (m,) = self.memory
        table.set_state_of(m["table"], state["table"])
        m["novelty"]["histograms"], m["novelty"]["weight"] = state["novelty"]
        for name, of_line in zip(("line", "pollution"), state["lines"], strict=True):
            alarm_line.set_state_of(m[name], of_line)


Asked = tuple[Scorer, Times, Floats]
"""One series, and its next rows."""


def push_together(asked: Sequence[Asked]) -> list[Scored]:
    """Score the next rows of several series, each as by itself; those of as many sensors take each step in one call.

    Whatever fails, no memory has moved: the rows run on copies of them.
    """
    out: dict[int, Scored] = {}
    moved = []
    by_sensors: dict[int, list[int]] = {}
    for i, (scorer, _, _) in enumerate(asked):
        by_sensors.setdefault(len(scorer.memory["table"]["missing"][0]), []).append(i)
    for places in by_sensors.values():
        memories = [asked[i][0].memory for i in places]
        # One more than needed: a field of a single record has another layout, for which all would be compiled again.
        stack = stacked([*memories, memories[0]])
        out |= zip(places, _of_one_size([asked[i] for i in places], stack), strict=True)
        moved.append((memories, stack))
    for memories, stack in moved:
        put_back(memories, stack)
    return [out[i] for i in range(len(asked))]


def _of_one_size(asked: Sequence[Asked], stack: Records) -> list[Scored]:
    scorers = [scorer for scorer, _, _ in asked]
    lengths = [len(times) for _, times, _ in asked]
    series = np.repeat(np.arange(len(asked)), lengths)
    times = np.concatenate([np.asarray(t, dtype="datetime64[ns]") for _, t, _ in asked])
    features = table.features_of(stack["table"], series, times, np.concatenate([v for _, _, v in asked]))
    # Also where it is not asked: an artefact may be taken back.
    logits = novelty.novelty_of(stack["novelty"], series, features)
    shares = np.zeros((len(series), 3))
    for stage in {id(s.fitted.stage): s.fitted.stage for s in scorers if s.fitted.stage is not None}.values():
        rows = np.flatnonzero(np.array([s.fitted.stage is stage for s in scorers])[series])
        if len(rows):
            seen = matrix(features.at(rows), stack["novelty"]["watched"][series[rows]])
            shares[rows] = stage.shares(seen)
            logits[rows] = SecondStage.logits(shares[rows])
    margin, alarm = alarm_line.judged(stack["line"], series, logits)
    rows = np.flatnonzero(np.array([s.fitted.taught for s in scorers])[series])
    if len(rows):
        beyond, polluted = alarm_line.judged(
            stack["pollution"], series[rows], SecondStage.pollution_logits(shares[rows])
        )
        margin[rows] = np.maximum(margin[rows], beyond)
        alarm[rows] |= polluted
    ends = np.cumsum(lengths).tolist()
    parts = (slice(end - n, end) for end, n in zip(ends, lengths, strict=True))
    return [Scored(margin[part], alarm[part], shares[part], features.at(part)) for part in parts]


def warm() -> None:
    """Compile what the pipeline runs, or read it from the cache on disk: the first row need not wait for it."""
    values = np.zeros((1, 2))
    scorer = Scorer(Fitted(), ("a", "b"))
    scored = scorer.push(np.zeros(1, dtype="datetime64[ns]"), values)
    Incident(("a", "b"), scorer.targets).push(scored.features, np.zeros(1, dtype=np.bool_), None, values)
    seen = matrix(scored.features, np.ones((1, 2), dtype=np.bool_))
    SecondStage((NO_TREES._replace(features=seen.shape[1]),), (0, 1)).shares(seen)

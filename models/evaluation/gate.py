"""Whether a candidate may be promoted: the exam's figures of it beside those of what is active."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from models.evaluation.evaluate import run_all
from models.evaluation.exam import TARGETS, Count, examine, figures
from models.evaluation.live import StationRun
from models.pipeline.pipeline import Fitted
from models.series import Series

Exam = Mapping[str, float | None]


@dataclass(frozen=True, slots=True)
class Failing:
    """A figure of the exam that misses its target, and is worse than with what is active."""

    name: str
    candidate: float
    active: float | None
    target: float
    least: bool

    def __str__(self) -> str:
        bound = "at least" if self.least else "at most"
        now = "not defined" if self.active is None else f"{self.active:.3g}"
        return f"{self.name.replace('_', ' ')} {self.candidate:.3g} (active {now}, wanted {bound} {self.target:g})"


def sat(fitted: Fitted, series: Sequence[Series]) -> Exam:
    """Return the exam's figures of a pipeline, judged as at a station."""
    counts: list[Count] = [examine(run) for run in run_all(StationRun(fitted), series)]
    return figures(counts)


def failing(candidate: Exam, active: Exam) -> list[Failing]:
    """Return the figures for which a candidate is refused.

    Where what is active misses a target as well, a candidate passes that is no worse: else nothing could ever get
    better by steps.

    >>> active = {"pollution_paged": 0.9, "share_of_rows_in_alarm": 0.08}
    >>> [str(f) for f in failing({"pollution_paged": 0.5, "share_of_rows_in_alarm": 0.07}, active)]
    ['pollution paged 0.5 (active 0.9, wanted at least 0.85)']
    """
    out = []
    for name, (bound, least) in TARGETS.items():
        new, old = candidate.get(name), active.get(name)
        if new is None or (new >= bound if least else new <= bound):
            continue
        if old is None or (new < old if least else new > old):
            out.append(Failing(name, new, old, bound, least))
    return out

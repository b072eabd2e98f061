"""Runs one detector over one family and gives the figures: what ``quantrac models evaluate`` prints."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from models.errors import ModelError
from models.evaluation.detectors import Detector, Judge
from models.evaluation.families.base import Family, Figures, Run
from models.evaluation.metrics.ranges import can_score
from models.evaluation.scoring import Tally, tally
from models.series import Result, Series

HEADS = "the head of each file alone, which is not scored"
"""What a detector has seen where no folder to learn from is given."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """All runs of a detector over a family's files, and their figures."""

    family: str
    detector: str
    runs: tuple[Run, ...]
    files: Mapping[str, Figures]
    total: Figures
    learnt_from: str = HEADS
    """In words; of a cross-validation, how it was done."""

    def as_json(self) -> dict[str, object]:
        """Return what is printed on stdout."""
        return {
            "family": self.family,
            "detector": self.detector,
            "learnt_from": self.learnt_from,
            "files": {name: dict(figures) for name, figures in self.files.items()},
            "total": dict(self.total),
        }


def load_series(family: Family, folder: Path) -> tuple[Series, ...]:
    """Read a folder. Raises ModelError where nothing of the family is in it."""
    series = family.load(folder)
    if not series:
        raise ModelError(
            f"{folder} holds no file of the family {family.name}: name the folder that does; `quantrac models "
            "scenarios` makes one of simulated stations"
        )
    return series


def run_all(judge: Judge, series: Sequence[Series], progress: Callable[[str], None] | None = None) -> list[Run]:
    """Judge each series by itself and measure how long that takes."""
    runs = []
    for one in series:
        if progress is not None:
            progress(one.name)
        began = time.perf_counter()
        result = judge(_unlabelled(one))
        seconds = time.perf_counter() - began
        runs.append(Run(one, _without_covariates(one, result), seconds))
    return runs


def summarise(
    family: Family, detector: str, runs: Sequence[Run], learnt_from: str = HEADS, *, ranges: bool = False
) -> Evaluation:
    """Count every run, pool the counts, and add the family's own figures; ``ranges``: those of ranges as well."""
    tallies = [tally(run, ranges=ranges) for run in runs]
    own = family.own(runs)
    files = {
        run.series.name: {**counts.figures(), **figures}
        for run, counts, figures in zip(runs, tallies, own.files, strict=True)
    }
    total = {**sum(tallies, Tally()).figures(), **own.total}
    return Evaluation(family.name, detector, tuple(runs), files, total, learnt_from)


def evaluate(
    family: Family,
    detector: tuple[str, Detector],
    data: Path,
    train: Path | None,
    progress: Callable[[str], None] | None = None,
) -> Evaluation:
    """Learn from ``train`` (if not given, from the head of each file) and judge the files of ``data``.

    ``detector`` is the name to report and the detector; ``progress`` is told the name of each series as it is begun.
    """
    name, learner = detector
    series = load_series(family, data)
    taught = load_series(family, train) if train is not None else ()
    same = {one.sha256 for one in taught} & {one.sha256 for one in series}
    learnt_from = HEADS
    if train is not None:
        rows = sum(len(one.times) for one in taught)
        learnt_from = f"{len(taught)} files with {rows} rows in {train}"
        if same:
            learnt_from += f"; {len(same)} of them are also judged here, so the figures flatter"
    runs = run_all(learner(taught), series, progress)
    return summarise(family, name, runs, learnt_from, ranges=can_score())


def _unlabelled(series: Series) -> Series:
    """Return the series as a detector may see it: no truth, no name, no group.

    Probation labels are not given either: benchmarks take the head as unlabelled.
    """
    return replace(series, name="", labels=None, events=(), changepoints=None, ignore=None, group="")


def _without_covariates(series: Series, result: Result) -> Result:
    """Return the result with no covariate in alarm. Raises ModelError for one of another shape than the series."""
    if result.alarm.shape != series.values.shape:
        raise ModelError(f"the detector's result is of shape {result.alarm.shape}, {series.name} {series.values.shape}")
    return replace(result, alarm=result.alarm & [name not in series.covariates for name in series.columns])

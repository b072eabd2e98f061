"""What a benchmark family is: a reader of its folder and the metric that its authors publish."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models.series import Bools, Result, Series

Figure = float | int | None | dict[str, dict[str, int]]
Figures = Mapping[str, Figure]


@dataclass(frozen=True, slots=True)
class Run:
    """A series, what a detector said of it (arrays aligned to the series' rows), and how long that took."""

    series: Series
    result: Result
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class OwnFigures:
    """The family's published metric: over all runs together, and for each run."""

    total: Figures
    files: tuple[Figures, ...]


@dataclass(frozen=True, slots=True)
class Family:
    """One benchmark.

    ``load`` reads a folder into series, whatever the files are called: a file is known by its columns. ``own`` computes
    the published metric.
    """

    name: str
    load: Callable[[Path], tuple[Series, ...]]
    own: Callable[[Sequence[Run]], OwnFigures]
    budget_per_day: float = 1 / 7
    """False alarms a day that the station may cost here."""


def by_row(alarm: Bools) -> Bools:
    """Return alarms by row: a row is alarmed when any of its sensors is."""
    rows: Bools = alarm if alarm.ndim == 1 else np.asarray(alarm.any(axis=1))
    return rows


def no_own_metric(runs: Sequence[Run]) -> OwnFigures:
    """Return no further figures: the family is judged by the common ones."""
    return OwnFigures({}, tuple({} for _ in runs))


def series_name(path: Path, folder: Path) -> str:
    """Return a file's path below ``folder`` without its endings; only for display and for matching label files."""
    relative = path.relative_to(folder).as_posix()
    for ending in (".gz", ".csv"):
        relative = relative.removesuffix(ending)
    return relative

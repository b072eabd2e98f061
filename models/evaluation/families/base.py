"""What a benchmark family is: a reader of its folder and the metric that its authors publish."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from models.errors import ModelError
from models.evaluation.metrics.counts import Counts
from models.evaluation.tables import Table, read_tables
from models.series import Result, Series

C = TypeVar("C", bound=Counts)
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


def no_own_metric(runs: Sequence[Run]) -> OwnFigures:
    """Return no further figures: the family is judged by the common ones."""
    return OwnFigures({}, tuple({} for _ in runs))


def pooled(
    count: Callable[[Run], C], figures: Callable[[C], Figures], nothing: C
) -> Callable[[Sequence[Run]], OwnFigures]:
    """Return a metric that counts each run, and adds the counts up from ``nothing``."""

    def own(runs: Sequence[Run]) -> OwnFigures:
        counts = [count(run) for run in runs]
        return OwnFigures(figures(sum(counts, nothing)), tuple(figures(c) for c in counts))

    return own


@dataclass(frozen=True, slots=True)
class Family:
    """One benchmark.

    ``load`` reads a folder into series, whatever the files are called: a file is known by its columns. ``own`` computes
    the published metric.
    """

    name: str
    load: Callable[[Path], tuple[Series, ...]]
    own: Callable[[Sequence[Run]], OwnFigures] = no_own_metric
    budget_per_day: float = 1 / 7
    """False alarms a day that the station may cost here."""
    folder: str = ""
    """What its folder's name begins with; empty: with its own."""


def each_file(
    series_of: Callable[[Table], Iterable[Series]], delimiter: str = ","
) -> Callable[[Path], tuple[Series, ...]]:
    """Return what reads a folder file by file; ``series_of`` gives nothing for a file that is none of the family."""
    return lambda folder: tuple(s for table in read_tables(folder, delimiter) for s in series_of(table))


def folder_of(family: Family, root: Path) -> Path:
    """Return the family's folder below ``root``: the one that is called like it, or begins so. Raises ModelError."""
    name = family.folder or family.name
    found = sorted(p for p in root.iterdir() if p.is_dir() and p.name.startswith(name)) if root.is_dir() else []
    if not found:
        raise ModelError(f"{root} holds no folder of the family {name}: copy the benchmark's folder there")
    return found[0]


def series_below(family: Family, root: Path) -> tuple[Series, ...] | None:
    """Return the series of the family's folder below ``root``; ``None`` where there is no such folder."""
    try:
        folder = folder_of(family, root)
    except ModelError:
        return None
    return family.load(folder)

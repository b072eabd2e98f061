"""Recorded water to teach the triage on: parts of public series, each with events of our own recipe drawn into it.

The parts end where the field exam's backgrounds begin wherever a series is long enough. Weights that are judged on a
site are taught without it: leave it out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from models.errors import ModelError
from models.evaluation.families import BACKGROUNDS
from models.evaluation.families.base import series_below
from models.evaluation.field import MOST_ROWS
from models.series import Series
from models.training.mixtures import with_mixtures


@dataclass(frozen=True, slots=True)
class Part:
    """What of a family teaches: so many copies of so many rows a series, each ``every``-th row of it."""

    family: str
    copies: int
    rows: int
    every: int = 1


PARTS = (
    Part("eindhoven_raw", 6, 5000), Part("canary", 4, 7200), Part("lro", 1, 5000), Part("gecco", 2, 6000, every=5),
    Part("oddwater", 1, 5000),
)  # fmt: skip
"""GECCO's rows of a minute are taken every five minutes, as stations report."""
_SEED = 77_000
_TIMES = 4
"""Times that each copy is drawn, with other events each time."""


def recorded(root: Path, without: str = "") -> Iterator[Series]:
    """Yield what teaches of the families below a folder, but for a site; families that are not there are left out.

    A site is a family, or at LRO one of its sites (``lro/MainStreet``).

    Raises
    ------
    ModelError
        No series is of the site to be left out: it would be taught what it is judged on.
    """
    found = list(_found(root))
    sites = {series.group for series, _, _ in found}
    if without and without not in sites:
        raise ModelError(
            f"there is no site {without!r} to leave out: choose one of {', '.join(sorted(sites)) or 'none'} "
            f"(what lies below {root})"
        )
    for series, part, number in found:
        if series.group != without:
            yield from _copies(series, part, number)


def _found(root: Path) -> Iterator[tuple[Series, Part, int]]:
    for part in PARTS:
        for k, whole in enumerate(series_below(BACKGROUNDS[part.family], root) or ()):
            site = f"lro/{whole.group}" if part.family == "lro" else part.family
            yield replace(whole.taking(slice(None, None, part.every)), group=site), part, k


def _copies(series: Series, part: Part, number: int) -> Iterator[Series]:
    length = len(series.times)
    stop = length - MOST_ROWS if length >= MOST_ROWS + part.rows else length
    for copy in range(part.copies):
        first = max(stop - part.rows * (copy + 1), 0)
        water = series.taking(slice(first, min(first + part.rows, length)))
        for drawn in range(_TIMES):
            yield with_mixtures(water, _SEED + 10_000 * drawn + 100 * number + copy)

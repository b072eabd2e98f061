"""What the evaluation runs: a detector learns from training series and then judges series one by one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Protocol

from models.errors import ModelError
from models.pipeline.configs import STATION
from models.series import Result, Series


class Fitted(Protocol):
    """A detector that has learnt."""

    def run(self, series: Series) -> Result:
        """Judge a series causally; from the series itself only the probation rows may be learnt."""
        ...


class BatchDetector(Protocol):
    """A detector before it has learnt."""

    def fit(self, train: Sequence[Series]) -> Fitted:
        """Learn from labelled or unlabelled series; an empty sequence means: from the head of each series."""
        ...


_BASELINES: Mapping[str, tuple[str, str]] = {
    "ewma": ("control_charts", "EwmaBaseline"),
    "t2": ("control_charts", "T2Baseline"),
    "three_terms": ("control_charts", "ThreeTermsBaseline"),
    "range_rules": ("range_rules", "RangeRulesBaseline"),
}
"""Name -> module in ``models.evaluation.baselines`` and class, imported when asked for."""

DETECTORS = (STATION, *_BASELINES)


def detector_named(name: str, budget_per_day: float | None = None) -> BatchDetector:
    """Return a detector. Raises ModelError for an unknown name.

    ``budget_per_day`` is the station's budget of false alarms; charts and baselines have their own thresholds.
    """
    if name == STATION:
        station: Callable[[float | None], BatchDetector] = import_module("models.evaluation.live").with_budget
        return station(budget_per_day)
    if name not in _BASELINES:
        raise ModelError(f"there is no detector {name!r}: choose one of {', '.join(DETECTORS)}")
    place, cls = _BASELINES[name]
    build: Callable[[], BatchDetector] = getattr(import_module(f"models.evaluation.baselines.{place}"), cls)
    return build()

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
    "isolation_forest": ("isolation_forest", "IsolationForestBaseline"),
    "half_space_trees": ("half_space_trees", "HalfSpaceTreesBaseline"),
    "one_class_svm": ("one_class_svm", "OneClassSvmBaseline"),
    "pca_t2q": ("pca_t2q", "PcaT2qBaseline"),
    "stl_residual": ("stl_residual", "StlResidualBaseline"),
    "range_rules": ("range_rules", "RangeRulesBaseline"),
}
"""Name -> module in ``models.evaluation.baselines`` and class. Imported when asked for: some need optional packages."""

DETECTORS = (STATION, *_BASELINES)


def detector_named(name: str, budget_per_day: float | None = None) -> BatchDetector:
    """Return a detector. Raises ModelError for an unknown name or a missing package.

    ``budget_per_day`` is the station's budget of false alarms; charts and baselines have their own thresholds.
    """
    if name == STATION:
        station: Callable[[float | None], BatchDetector] = import_module("models.evaluation.live").with_budget
        return station(budget_per_day)
    if name not in _BASELINES:
        raise ModelError(f"there is no detector {name!r}: choose one of {', '.join(DETECTORS)}")
    try:
        place, cls = _BASELINES[name]
        module = import_module(f"models.evaluation.baselines.{place}")
    except ModuleNotFoundError as exc:
        raise ModelError(f"detector {name} needs the package {exc.name}: pip install 'quantrac[evaluate]'") from exc
    build: Callable[[], BatchDetector] = getattr(module, cls)
    return build()

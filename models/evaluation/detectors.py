"""What the evaluation runs: a detector learns from training series and then judges series one by one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Protocol

from models.errors import ModelError
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


PIPELINE = "pipeline"

_BASELINES: Mapping[str, str] = {
    "isolation_forest": "IsolationForestBaseline",
    "half_space_trees": "HalfSpaceTreesBaseline",
    "one_class_svm": "OneClassSvmBaseline",
    "pca_t2q": "PcaT2qBaseline",
    "stl_residual": "StlResidualBaseline",
    "range_rules": "RangeRulesBaseline",
}
"""Name and module in ``models.evaluation.baselines`` -> class. Imported when asked for: some need optional packages."""

DETECTORS = (PIPELINE, *_BASELINES)


def detector_named(name: str, family: str, off: frozenset[str] = frozenset()) -> BatchDetector:
    """Return a detector for a family. Raises ModelError for an unknown name or a missing package.

    ``off`` names the parts of the pipeline to leave out (baselines have none).
    """
    if name == PIPELINE:
        build_pipeline: Callable[[str, frozenset[str]], BatchDetector]
        build_pipeline = import_module("models.evaluation.pipeline").PipelineDetector
        return build_pipeline(family, off)
    if name not in _BASELINES:
        raise ModelError(f"there is no detector {name!r}: choose one of {', '.join(DETECTORS)}")
    try:
        module = import_module(f"models.evaluation.baselines.{name}")
    except ModuleNotFoundError as exc:
        raise ModelError(f"detector {name} needs the package {exc.name}: pip install 'quantrac[evaluate]'") from exc
    build: Callable[[], BatchDetector] = getattr(module, _BASELINES[name])
    return build()

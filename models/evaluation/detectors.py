"""What the evaluation runs: a detector learns from training series and then judges series one by one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from models.errors import ModelError
from models.evaluation.control_charts import ControlChart, ewma, t2, three_terms
from models.evaluation.live import StationDetector
from models.pipeline.configs import STATION, STATION_DEFAULT
from models.series import Result, Series


class FittedDetector(Protocol):
    """A detector that has learnt."""

    def run(self, series: Series) -> Result:
        """Judge a series causally; from the series itself only the probation rows may be learnt."""
        ...


class Detector(Protocol):
    """A detector before it has learnt."""

    def fit(self, train: Sequence[Series]) -> FittedDetector:
        """Return what is learnt from labelled or unlabelled series; from none: from the head of each series."""
        ...


_CHARTS: Mapping[str, Detector] = {chart.__name__: ControlChart(chart) for chart in (ewma, t2, three_terms)}
DETECTORS = (STATION, *_CHARTS)


def detector_named(name: str, budget_per_day: float = STATION_DEFAULT.budget_per_day) -> Detector:
    """Return a detector. Raises ModelError for an unknown name.

    ``budget_per_day`` is the station's budget of false alarms; the charts have their own thresholds.
    """
    if name == STATION:
        return StationDetector(budget_per_day)
    if name not in _CHARTS:
        raise ModelError(f"there is no detector {name!r}: choose one of {', '.join(DETECTORS)}")
    return _CHARTS[name]

"""What the evaluation runs: a detector learns from training series, and returns what judges a series."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from models.errors import ModelError
from models.evaluation.control_charts import ControlChart, ewma, t2, three_terms
from models.evaluation.live import StationRun
from models.pipeline.pipeline import BUDGET_PER_DAY
from models.series import Result, Series
from models.training.fitting import fit

Judge = Callable[[Series], Result]
"""Judges a series causally; from the series itself only the probation rows may be learnt."""
Detector = Callable[[Sequence[Series]], Judge]
"""Learns from labelled or unlabelled series; from none: from the head of each series, or as a station's first weeks."""
STATION = "station"
"""The detector that artefacts are for: what runs at a station, whatever it measures."""
_CHARTS: Mapping[str, ControlChart] = {chart.__name__: ControlChart(chart) for chart in (ewma, t2, three_terms)}
DETECTORS = (STATION, *_CHARTS)


def detector_named(name: str, budget_per_day: float = BUDGET_PER_DAY) -> Detector:
    """Return a detector. Raises ModelError for an unknown name.

    ``budget_per_day`` is the station's budget of false alarms; the charts have their own thresholds.
    """
    if name == STATION:
        return lambda train: StationRun(fit(train, budget_per_day)).run
    if name not in _CHARTS:
        raise ModelError(f"there is no detector {name!r}: choose one of {', '.join(DETECTORS)}")
    return lambda train: _CHARTS[name].fit(train).run

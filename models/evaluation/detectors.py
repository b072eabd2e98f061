"""What the evaluation runs: a detector learns from training series, and returns what judges a series."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from models.errors import ModelError
from models.evaluation.control_charts import ControlChart, ewma, t2, three_terms
from models.evaluation.live import StationRun
from models.pipeline.configs import STATION, STATION_DEFAULT
from models.series import Result, Series
from models.training.fitting import fit

Judge = Callable[[Series], Result]
"""Judges a series causally; from the series itself only the probation rows may be learnt."""
Detector = Callable[[Sequence[Series]], Judge]
"""Learns from labelled or unlabelled series; from none: from the head of each series, or as a station's first weeks."""
_CHARTS: Mapping[str, ControlChart] = {chart.__name__: ControlChart(chart) for chart in (ewma, t2, three_terms)}
DETECTORS = (STATION, *_CHARTS)


def detector_named(name: str, budget_per_day: float = STATION_DEFAULT.budget_per_day) -> Detector:
    """Return a detector. Raises ModelError for an unknown name.

    ``budget_per_day`` is the station's budget of false alarms; the charts have their own thresholds.
    """
    if name == STATION:
        config = replace(STATION_DEFAULT, budget_per_day=budget_per_day)
        return lambda train: StationRun(fit(train, config)).run
    if name not in _CHARTS:
        raise ModelError(f"there is no detector {name!r}: choose one of {', '.join(DETECTORS)}")
    return lambda train: _CHARTS[name].fit(train).run

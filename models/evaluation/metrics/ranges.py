"""Metrics of the literature that judge ranges of rows: affiliation precision and recall, and VUS-PR.

Affiliation (Huet, Navarro, Rossi, KDD 2022) asks how near alarms and events lie, against chance; a constant alarm has
precision near .5. VUS-PR (Paparrizos et al., VLDB 2022) is the area under precision and recall of the score, over
tolerances up to an hour. Both are computed by tsadmetrics, of the extra ``evaluate``.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec

import numpy as np

from models.evaluation.metrics.counts import Counts, ratio
from models.evaluation.metrics.events import cadence_min
from models.series import Bools, Floats, Times, stretches

_TOLERANCE_MIN = 60.0
_MOST_ROWS = 24
"""Of the tolerance: VUS-PR takes time with each."""


@dataclass(frozen=True, slots=True)
class RangeScores(Counts):
    """Sums of the figures over series (over sensors, where labels are by sensor) that hold both events and others."""

    series: int = 0
    affiliation_precision: float = 0.0
    affiliation_recall: float = 0.0
    alarmed: int = 0
    """Of the series, those with an alarm: precision is defined for them."""
    vus_pr: float = 0.0

    def figures(self) -> dict[str, float | None]:
        """Return the means over the series; ``None`` where there is none."""
        return {
            "affiliation_precision": ratio(self.affiliation_precision, self.alarmed),
            "affiliation_recall": ratio(self.affiliation_recall, self.series),
            "vus_pr": ratio(self.vus_pr, self.series),
        }


def can_score() -> bool:
    """Return whether the package that computes these metrics is installed."""
    return find_spec("tsadmetrics") is not None


def range_scores(times: Times, labels: Bools, score: Floats, alarm: Bools) -> RangeScores:
    """Judge the counted rows of one series, each array of shape (rows,); a missing score is the lowest."""
    if not labels.any() or labels.all() or len(np.unique(score[~np.isnan(score)])) < 2:
        return RangeScores()
    precision, recall = _affiliation(labels, alarm) if alarm.any() else (0.0, 0.0)
    cadence = cadence_min(times)
    window = min(max(round(_TOLERANCE_MIN / cadence), 2), _MOST_ROWS) if cadence else _MOST_ROWS
    known = np.where(np.isnan(score), np.nanmin(score), score)
    vus = import_module("tsadmetrics.utils.functions_vus").generate_curve
    area = float(vus(labels.astype(np.int64), known, slidingWindow=window, version="opt")[-1])
    return RangeScores(1, precision, recall, int(alarm.any()), area)


def _affiliation(labels: Bools, alarm: Bools) -> tuple[float, float]:
    judge = import_module("tsadmetrics.utils.functions_affiliation").pr_from_events
    found = judge(stretches(alarm), stretches(labels), (0, len(labels)))
    return float(found["precision"]), float(found["recall"])

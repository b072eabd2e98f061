"""Incidents of pipelines that alarm in labelled water, at several ages, with the truth beside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from models.evaluation.live import StationRun
from models.evaluation.metrics.events import cadence_min
from models.pipeline.pipeline import Fitted
from models.series import Bools, Series, stretches
from models.training.triage_weights import Sample, looked_at, truth_of

Terms = Mapping[int, Mapping[str, float]]
"""What an incident says, by row."""
_SILENCE = 2.7
"""Usual steps of silence after which a row is looked at in any case: alarms there are rare."""

_MINUTE = np.timedelta64(60_000_000_000, "ns")


def samples_of(fitted: Fitted, series: Series, *, silences: bool) -> list[Sample]:
    """Return the incidents that charts and pipeline begin in a labelled series, at several ages.

    With ``silences`` the rows after one, which rarely are an alarm, come beside: what one looks like has to be known.
    """
    running, terms = _witnessed(fitted, series)
    out = _samples(series, _learnt_from(series, running), terms, fitted.taught)
    after = _silences(series, running)
    if silences and after.any():
        out += _samples(series, stretches(after), _witnessed(fitted, series, after)[1], fitted.taught)
    return out


def _witnessed(fitted: Fitted, series: Series, begun: Bools | None = None) -> tuple[Bools, Terms]:
    """Return the rows of all incidents, and the terms of each; an incident runs in ``begun`` whatever is said there."""
    terms: dict[int, Mapping[str, float]] = {}
    running = StationRun(fitted).witnessed(series, lambda row, g: terms.update({row: g.evidence().terms}), begun)
    return running, terms


def _learnt_from(series: Series, running: Bools) -> list[tuple[int, int]]:
    return [(a, b) for a, b in stretches(running) if not series.ignored[a:b].any()]


def _silences(series: Series, running: Bools) -> Bools:
    """Return the rows after a silence that touch no incident."""
    after: Bools = np.zeros(len(series.times), dtype=np.bool_)
    newer = np.flatnonzero(series.newer())
    after[newer[1:]] = np.diff(series.times[newer]) > _SILENCE * cadence_min(series.times) * _MINUTE
    for a, b in stretches(after | running):
        if running[a:b].any():
            after[a:b] = False
    return after


def _samples(series: Series, spans: Sequence[tuple[int, int]], terms: Terms, taught: bool) -> list[Sample]:
    out = []
    for a, b in spans:
        rows = looked_at(a, b)
        for row in rows:
            cls = truth_of(series, a, row)
            if cls is not None:
                out.append(Sample(terms[row], cls, 1.0 / len(rows), taught, row == b - 1, series.group))
    return out

"""Incidents to teach the triage on: what stations alarm in labelled water, at several ages, with the truth beside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from models.evaluation.live import StationRun
from models.pipeline.pipeline import Assessor, Fitted
from models.series import Series, stretches
from models.training.triage_weights import Sample, looked_at, truth_of
from models.triage.incident import contexts_of

_SILENCE = 1.0
"""Gap, as a logarithm of usual steps, after which a row is looked at in any case: alarms there are rare."""


def samples_of(pipelines: Sequence[Fitted], series: Series) -> list[Sample]:
    """Return the incidents of a labelled series at several ages, as the station's own class has them."""
    return [s for fitted in pipelines for s in (*at_a_station(fitted, series), *_after_silences(fitted, series))]


def at_a_station(fitted: Fitted, series: Series) -> list[Sample]:
    """Return the incidents that charts and pipeline begin."""
    terms: dict[int, Mapping[str, float]] = {}
    running = StationRun(fitted).witnessed(series, lambda row, g: terms.update({row: g.evidence().terms}))
    spans = [(a, b) for a, b in stretches(running) if series.ignore is None or not series.ignore[a:b].any()]
    return _samples(series, spans, terms, fitted.taught)


def _after_silences(fitted: Fitted, series: Series) -> list[Sample]:
    """Return the rows after a silence, which rarely are an alarm: what one looks like has to be known in any case."""
    assessor = Assessor(fitted, series.columns, series.covariates)
    scored = assessor.scorer.push(series.times, series.values)
    silence = scored.features.rows[:, scored.features.row_names.index("gap")] > _SILENCE
    alarm = np.asarray(scored.alarm | silence)
    spans = [(a, b) for a, b in stretches(alarm) if silence[a:b].any() and not scored.alarm[a:b].any()]
    wanted = {row for a, b in spans for row in looked_at(a, b)}
    if not wanted:
        return []
    terms: dict[int, Mapping[str, float]] = {}
    contexts = contexts_of(series)
    for row, gathered in enumerate(assessor.gather(scored, alarm, series.values, contexts)):
        if gathered is not None and row in wanted:
            terms[row] = gathered.evidence().terms
    return _samples(series, spans, terms, fitted.taught)


def _samples(
    series: Series, spans: Sequence[tuple[int, int]], terms: Mapping[int, Mapping[str, float]], taught: bool
) -> list[Sample]:
    out = []
    for a, b in spans:
        rows = looked_at(a, b)
        for row in rows:
            cls = truth_of(series, a, row)
            if cls is not None:
                out.append(Sample(terms[row], cls, 1.0 / len(rows), taught, row == b - 1, series.group))
    return out

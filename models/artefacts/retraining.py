"""Trains a station's pipeline on its own history, and lets the result pass only if it is not worse on the last weeks.

A station has few labels: the causes that officers found. Beside them copies of its history with injected faults and
pollution teach the second stage; what is validated on is injected into the last weeks, which training does not see.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import NamedTuple

import numpy as np

from models.artefacts.candidates import worse_figures
from models.errors import ModelError
from models.evaluation.evaluate import run_all
from models.evaluation.live import StationRun
from models.evaluation.scoring import Tally, tally
from models.pipeline.pipeline import BUDGET_PER_DAY, Fitted
from models.protocol import TriageClass
from models.series import Bools, Event, Series
from models.training.fitting import fit
from models.training.injection import LONGEST_ROWS, with_injections

VALIDATION_SHARE = 0.25
"""Of the history: its newest part, which the candidate does not learn from."""
_SEED = 20261
_COPIES = 4
"""Of the last weeks with different injected events: one copy of two weeks holds a dozen, too few to compare by."""
_MORE_FALSE_ALARMS = 0.1
"""A candidate may cost so many more false alarms a day than the active model."""
_CLASSES = {
    "pollution": TriageClass.POLLUTION,
    "sensor_fault": TriageClass.FAULT,
    "maintenance": TriageClass.MAINTENANCE,
    "communication": TriageClass.COMMUNICATION,
    "natural": TriageClass.NATURAL,
    "falsification": TriageClass.FALSIFICATION,
}


class Measured(NamedTuple):
    """One stored reading of a station."""

    observed_at: datetime
    parameter: str
    value: float | None
    flag: int
    status: str


class Closed(NamedTuple):
    """An alert of the past. ``cause`` is an officer's word, or ``None`` where nobody has judged yet."""

    parameter: str
    since: datetime
    until: datetime
    cause: str | None


@dataclass(frozen=True, slots=True)
class Retraining:
    """A candidate beside the active model, both measured on the last weeks."""

    candidate: Fitted
    active_figures: Mapping[str, object]
    candidate_figures: Mapping[str, object]
    worse: tuple[str, ...]
    """Figures in which the candidate is worse; empty: it passes."""
    learnt_rows: int


def series_of(
    station: str,
    parameters: Sequence[str],
    readings: Iterable[Measured],
    closed: Iterable[Closed],
    *,
    in_river: bool = False,
) -> Series:
    """Return a station's history as a series, labelled by what officers found.

    Values that quality control refused, and those of a sensor that is calibrated or faulty, are missing. Rows of an
    anomaly that nobody has judged, or whose cause is unknown, are marked to be ignored: they teach nothing.
    """
    columns = tuple(parameters)
    column = {p: j for j, p in enumerate(columns)}
    kept = [r for r in readings if r.parameter in column]
    instants = sorted({r.observed_at for r in kept})
    row = {at: i for i, at in enumerate(instants)}
    values = np.full((len(instants), len(columns)), np.nan)
    status = np.zeros(values.shape, dtype=np.int8)
    for r in kept:
        i, j = row[r.observed_at], column[r.parameter]
        status[i, j] = 1 if r.status == "01" else 2 if r.status == "02" or r.flag >= 4 else 0
        if r.value is not None and r.flag < 4 and r.status == "00":
            values[i, j] = r.value
    times = np.array([at.astimezone(UTC).replace(tzinfo=None) for at in instants], dtype="datetime64[ns]")
    labels: Bools = np.zeros(len(times), dtype=np.bool_)
    ignore: Bools = np.zeros(len(times), dtype=np.bool_)
    events = []
    for alert in closed:
        first, last = _instant(alert.since), _instant(alert.until)
        inside = np.asarray((times >= first) & (times <= last))
        cls = _CLASSES.get(alert.cause or "")
        if cls is not None and inside.any():
            labels |= inside
            events.append(Event(first, last, alert.cause or "", (alert.parameter,) if alert.parameter else (), cls))
        elif alert.cause != "false_alarm":
            ignore |= inside
    return Series(
        station, times, columns, values, labels, tuple(events), ignore=ignore & ~labels,
        group=station, status=status, in_river=in_river,
    )  # fmt: skip


def retrain(series: Series, active: Fitted | None, budget_per_day: float = BUDGET_PER_DAY) -> Retraining:
    """Learn from the older part of a station's history and compare with the active model on the newest part.

    ``active`` of ``None`` is the pipeline that judges by novelty alone. Raises ModelError for too short a history.
    """
    cut = round(len(series.times) * (1 - VALIDATION_SHARE))
    if cut < 4 * LONGEST_ROWS:
        raise ModelError(f"{len(series.times)} rows are too few to learn from: wait until there are {8 * LONGEST_ROWS}")
    candidate = fit([with_injections(series.part(0, cut), _SEED)], budget_per_day)
    # All rows are judged, so that baselines are warm; only the last weeks count.
    judged = [replace(with_injections(series, _SEED + n), probation_rows=cut) for n in range(1, _COPIES + 1)]
    before = active or Fitted.untaught(budget_per_day)
    old, new = (_figures(one, judged) for one in (before, candidate))
    worse = worse_figures(old, new)
    more = (new["false_alarms_per_day"] or 0.0) - (old["false_alarms_per_day"] or 0.0)
    if more > _MORE_FALSE_ALARMS:
        worse = (*worse, "false_alarms_per_day")
    return Retraining(candidate, old, new, worse, cut)


def _figures(fitted: Fitted, copies: Sequence[Series]) -> dict[str, float | None]:
    return sum(map(tally, run_all(StationRun(fitted).run, copies)), Tally()).figures()


def _instant(at: datetime) -> np.datetime64:
    return np.datetime64(at.astimezone(UTC).replace(tzinfo=None), "ns")

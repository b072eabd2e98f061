"""SKAB 0.9: a water-circulation testbed, one row a second; outliers and changepoints.

Benchmark rule: the first 400 rows of a file are its training part, the rest is scored and pooled over all files. F1,
false alarm and missed alarm rates are the common point figures; the changepoint score is TSAD's. A file without the
label columns (the anomaly-free one) is not part of the score.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from models.evaluation.families.base import Family, Run, each_file, pooled
from models.evaluation.metrics.changepoint import ChangepointCount, count_changepoints, switches
from models.evaluation.metrics.nab import PROFILES
from models.evaluation.tables import Table
from models.series import Series, by_row

_TRAINING_ROWS = 400
_LABELS = ("datetime", "anomaly", "changepoint")


def _series(table: Table) -> Iterator[Series]:
    if table.has(*_LABELS):
        yield replace(
            table.series(table.times("datetime"), table.sensors(_LABELS)),
            labels=table.flags("anomaly"),
            changepoints=table.flags("changepoint"),
            probation_rows=min(_TRAINING_ROWS, table.rows),
        )


def _count(run: Run) -> ChangepointCount:
    series, head = run.series, run.series.probation_rows
    if series.changepoints is None:
        return ChangepointCount()
    times = series.times[head:]
    return count_changepoints(times, switches(by_row(run.result.alarm)[head:]), times[series.changepoints[head:]])


def _figures(count: ChangepointCount) -> dict[str, float | None]:
    scores = {f"changepoint_{name}": count.score(costs) for name, costs in PROFILES.items()}
    missed = float(count.missed)
    return {**scores, "changepoints_missed": missed, "changepoint_false_positives": float(count.false_positives)}


SKAB = Family("skab", each_file(_series, ";"), pooled(_count, _figures, ChangepointCount()))

"""SKAB 0.9: a water-circulation testbed, one row a second; outliers and changepoints.

Benchmark rule: the first 400 rows of a file are its training part, the rest is scored and pooled over all files. F1,
false alarm and missed alarm rates are the common point figures; the changepoint score is TSAD's.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from models.evaluation.families.base import Family, OwnFigures, Run, by_row, series_name
from models.evaluation.metrics.changepoint import PROFILES, ChangepointCount, count_changepoints, switches
from models.evaluation.tables import Table, read_tables
from models.series import Series

TRAINING_ROWS = 400
_LABELS = {"datetime", "anomaly", "changepoint"}


def _series(table: Table, name: str) -> Series:
    columns = table.sensors(_LABELS)
    return Series(
        name=name,
        times=table.times("datetime"),
        columns=columns,
        values=np.column_stack([table.floats(c) for c in columns]),
        labels=table.flags("anomaly"),
        changepoints=table.flags("changepoint"),
        probation_rows=min(TRAINING_ROWS, table.rows),
        group=name,
    )


def load(folder: Path) -> tuple[Series, ...]:
    """Read every labelled file; a file without the label columns (the anomaly-free one) is not part of the score."""
    tables = (t for t in read_tables(folder, ";") if t.has("datetime", "anomaly", "changepoint"))
    return tuple(_series(t, series_name(t.path, folder)) for t in tables)


def _count(run: Run) -> ChangepointCount:
    series, result, head = run.series, run.result, run.series.probation_rows
    times, truth = series.times[head:], series.changepoints
    if truth is None:
        return ChangepointCount()
    predicted = switches(by_row(result.alarm)[head:]) if result.changepoint is None else result.changepoint[head:]
    return count_changepoints(times, predicted, times[truth[head:]])


def _figures(count: ChangepointCount) -> dict[str, float | None]:
    scores = {f"changepoint_{name}": count.score(profile) for name, profile in PROFILES.items()}
    missed = float(count.missed)
    return {**scores, "changepoints_missed": missed, "changepoint_false_positives": float(count.false_positives)}


def own(runs: Sequence[Run]) -> OwnFigures:
    """Score the changepoints of each file and of all together."""
    counts = [_count(run) for run in runs]
    return OwnFigures(_figures(sum(counts, ChangepointCount())), tuple(_figures(c) for c in counts))


SKAB = Family("skab", load, own)

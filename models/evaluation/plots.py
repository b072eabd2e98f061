"""Draws what a detector said of a series: values, truth, score and alarms, one picture a series."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np

from models.evaluation.families.base import Run
from models.evaluation.metrics.events import label_intervals
from models.protocol import TriageClass
from models.series import Bools, Series, by_row

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MAX_PANELS = 10
_TRUTH, _OTHER_TRUTH, _ALARM = "#f2b5a7", "#bcd4e6", "#b3202c"
"""Shades of labelled events (those of another class than pollution in blue), and the colour of alarms."""
_FINDING = "#e08a1e"
_SCORE_TOP = 5.0
"""Severity at which the score panel is cut: 1.0 is the threshold."""


def draw(runs: Sequence[Run], folder: Path) -> list[Path]:
    """Write a PNG a series into ``folder`` (made if missing) and return the paths."""
    mpl.use("Agg")
    folder.mkdir(parents=True, exist_ok=True)
    return [_draw_one(run, folder / f"{_file_name(run.series.name)}.png") for run in runs]


def _file_name(name: str) -> str:
    """Return a name safe as a file's: the readable part, and a short hash because two names may look alike."""
    readable = "".join(c if c.isalnum() or c in "-_." else "_" for c in name)[:60]
    return f"{readable}-{hashlib.sha256(name.encode()).hexdigest()[:6]}"


def _draw_one(run: Run, path: Path) -> Path:
    from matplotlib import pyplot as plt  # noqa: PLC0415  the backend must have been chosen before

    shown = [*run.series.targets, *run.series.covariates][:_MAX_PANELS]
    height = 1.3 * (len(shown) + 1) + 1
    figure, axes = plt.subplots(len(shown) + 1, 1, sharex=True, figsize=(16, height), layout="constrained")
    for axis, column in zip(axes[:-1], shown, strict=True):
        _draw_values(axis, run, run.series.columns.index(column))
    _draw_score(axes[-1], run)
    figure.suptitle(
        f"{run.series.name}: values, alarms (red dots), truth (shaded; blue: no pollution), "
        "findings of slow watches (orange bars)",
        fontsize=11,
    )
    figure.savefig(path, dpi=80)
    plt.close(figure)
    return path


def _draw_values(axis: Axes, run: Run, column: int) -> None:
    series = run.series
    values = series.values[:, column]
    axis.plot(series.times, values, color="#20507a", linewidth=0.7)
    for start, end, colour in _truth(series, column):
        axis.axvspan(start, end, color=colour, linewidth=1.0)  # type: ignore[arg-type]
    alarm = run.result.alarm[:, column]
    axis.plot(series.times[alarm], values[alarm], ".", color=_ALARM, markersize=2.5)
    for finding in run.result.findings:
        if finding.sensor == series.columns[column]:
            axis.axvspan(finding.start, finding.end, ymax=0.04, color=_FINDING, linewidth=1.0)  # type: ignore[arg-type]
    covariate = series.columns[column] in series.covariates
    axis.set_ylabel(series.columns[column] + (" *" if covariate else ""), fontsize=8)
    axis.tick_params(labelsize=7)


def _draw_score(axis: Axes, run: Run) -> None:
    series = run.series
    axis.plot(series.times, np.clip(run.result.worst, 0.0, _SCORE_TOP), color="#444444", linewidth=0.6)
    axis.axhline(1.0, color="#888888", linewidth=0.8, linestyle="--")
    rows = by_row(run.result.alarm)
    axis.fill_between(series.times, 0, _SCORE_TOP, where=rows.tolist(), color=_ALARM, alpha=0.25, linewidth=0)
    axis.set_ylim(0, _SCORE_TOP)
    axis.set_ylabel("severity", fontsize=8)
    axis.tick_params(labelsize=7)
    if series.probation_rows:
        axis.axvspan(series.times[0], series.times[series.probation_rows - 1], color="#dddddd")


def _truth(series: Series, column: int) -> list[tuple[np.datetime64, np.datetime64, str]]:
    """Return the labelled intervals of a sensor with their colour; events that name sensors are drawn at those only.

    Events outside the labels (a drift, which oddwater counts by itself) are drawn too.
    """
    if any(event.sensors for event in series.events):
        mine = [e for e in series.events if series.columns[column] in e.sensors]
        return [(e.start, e.end, _TRUTH if e.cls is TriageClass.POLLUTION else _OTHER_TRUTH) for e in mine]
    if series.labels is None:
        return []
    labels: Bools = series.labels if series.labels.ndim == 1 else series.labels[:, column]
    beside = [(e.start, e.end, _OTHER_TRUTH) for e in series.events if not labels[series.within(e)].any()]
    return [*beside, *((start, end, _TRUTH) for start, end in label_intervals(series.times, labels))]

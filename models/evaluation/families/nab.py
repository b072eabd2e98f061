"""Numenta Anomaly Benchmark: one value a row, windows in ``labels/combined_windows.json``, keyed by the file's path.

The label file lies in the folder, or in ``labels/`` beside or above it. The windows are found by the file's path below
``data/`` (or by its last part where that is unique): the only use of a name, because the benchmark publishes its labels
so.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from models.errors import ModelError
from models.evaluation.families.base import Family, OwnFigures, Run
from models.evaluation.metrics.nab import PROFILES, ScoredFile, probation_rows, score_corpus
from models.evaluation.tables import Table, read_tables
from models.series import Event, Series, Times, inside

Windows = Mapping[str, list[Event]]
_LABELS = "combined_windows.json"


def _windows_file(folder: Path) -> Windows:
    beside = (parent / "labels" / _LABELS for parent in folder.resolve().parents[:2])
    found = [*sorted(folder.rglob(_LABELS)), *(path for path in beside if path.is_file())]
    if not found:
        raise ModelError(f"neither {folder} nor its parents hold labels/{_LABELS}: copy it beside the data files")
    try:
        content: dict[str, list[list[str]]] = json.loads(found[0].read_text(encoding="utf-8"))
        return {name: [_window(*window) for window in windows] for name, windows in content.items()}
    except (OSError, ValueError, TypeError, AttributeError) as exc:
        raise ModelError(f"{found[0]} cannot be read ({exc}): fetch it again") from exc


def _window(start: str, end: str) -> Event:
    return Event(np.datetime64(start, "ns"), np.datetime64(end, "ns"), "window")


def _windows_of(name: str, windows: Windows) -> list[Event]:
    """Return the windows of a file by the longest end of its path that the label file knows without doubt."""
    parts = (name + ".csv").split("/")
    for start in range(len(parts)):
        tail = "/".join(parts[start:])
        matches = [key for key in windows if key == tail or key.endswith("/" + tail)]
        if len(matches) == 1:
            return windows[matches[0]]
    raise ModelError(f"{_LABELS} has no entry for {name}.csv: add it, with [] for a file without anomaly")


def _row_range(times: Times, start: np.datetime64, end: np.datetime64) -> tuple[int, int] | None:
    inside = np.flatnonzero((times >= start) & (times <= end))
    return (int(inside[0]), int(inside[-1])) if len(inside) else None


def _series(table: Table, windows: Windows) -> Series:
    times = table.times("timestamp")
    events = _windows_of(table.name, windows)
    return replace(
        table.series(times, ["value"]),
        labels=inside(times, events),
        events=tuple(events),
        probation_rows=probation_rows(table.rows),
    )


def load(folder: Path) -> tuple[Series, ...]:
    """Read every file with the columns timestamp and value."""
    windows = _windows_file(folder)
    return tuple(_series(t, windows) for t in read_tables(folder) if t.has("timestamp", "value"))


def _scored(run: Run) -> ScoredFile:
    ranges = (_row_range(run.series.times, e.start, e.end) for e in run.series.events)
    return ScoredFile(run.result.score[:, 0], tuple(r for r in ranges if r is not None))


def own(runs: Sequence[Run]) -> OwnFigures:
    """Score the corpus at hand for the three profiles; the threshold of each is chosen on it, as published."""
    files = [_scored(run) for run in runs]
    scores = {f"nab_{name}": score_corpus(files, costs) for name, costs in PROFILES.items()}
    total = {name: score.total for name, score in scores.items()}
    per_file = tuple({name: score.files[i] for name, score in scores.items()} for i in range(len(files)))
    return OwnFigures(total, per_file)


NAB = Family("nab", load, own, 0.2)

"""Cross-validated figures of every detector beside the published ones, as a document made by a command."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from models.errors import ModelError
from models.evaluation.detectors import STATION, Detector
from models.evaluation.evaluate import Evaluation, load_series, run_all, summarise
from models.evaluation.families.base import Family, folder_of
from models.evaluation.metrics.ranges import can_score
from models.evaluation.published import PUBLISHED
from models.series import Series

_COMMON = (
    "point_f1", "event_f1", "event_recall", "false_alarms_per_day", "false_alarm_rate", "median_delay_min",
    "affiliation_precision", "affiliation_recall", "vus_pr",
)  # fmt: skip
_OWN: Mapping[str, tuple[str, ...]] = {
    "skab": ("missed_alarm_rate", "changepoint_standard", "changepoint_low_fp", "changepoint_low_fn"),
    "nab": ("nab_standard", "nab_low_fp", "nab_low_fn"),
    "lro": ("overlap_f1",),
    "eindhoven": ("pollution_event_recall", "triage_accuracy", "pollution_triage_precision"),
    "scenarios": ("pollution_event_recall", "triage_accuracy", "pollution_triage_precision", "pollution_triage_recall"),
}
_HEAD_ONLY = frozenset({"nab", "skab"})
"""Families whose own rule is to learn from the head of each file only: there is nothing to cross-validate."""
_MAX_FOLDS = 4
"""More groups than this are put together: each fold is one more training."""

Results = dict[str, dict[str, dict[str, object]]]


@dataclass(frozen=True, slots=True)
class Folds:
    """How a family was validated, in words, and the pairs of training and test series."""

    words: str
    pairs: tuple[tuple[tuple[Series, ...], tuple[Series, ...]], ...]


def folds(family: Family, series: Sequence[Series]) -> Folds:
    """Leave one group (site or file) out; a single group is halved; the head serves where the family's rule says so."""
    groups = sorted({s.group for s in series})
    folded = {group: i % _MAX_FOLDS for i, group in enumerate(groups)}
    if family.name in _HEAD_ONLY:
        return Folds(f"head of each file, {len(series)} files", (((), tuple(series)),))
    if len(groups) < 2:
        first = tuple(s.part(0, len(s.times) // 2) for s in series)
        second = tuple(s.part(len(s.times) // 2, len(s.times)) for s in series)
        return Folds("each half learnt from the other half in time", ((second, first), (first, second)))
    pairs = []
    for fold in sorted(set(folded.values())):
        train = tuple(s for s in series if folded[s.group] != fold)
        pairs.append((train, tuple(s for s in series if folded[s.group] == fold)))
    return Folds(f"{len(pairs)} folds of {len(groups)} groups, {len(series)} files", tuple(pairs))


def cross_validate(family: Family, name: str, detector: Detector, series: Sequence[Series]) -> Evaluation:
    """Return the figures pooled over all folds."""
    plan = folds(family, series)
    runs = [run for train, test in plan.pairs for run in run_all(detector(train), test)]
    return summarise(family, name, runs, plan.words, ranges=can_score())


def read_results(path: Path) -> Results:
    """Return the results of earlier runs, so that one family or detector can be run anew by itself."""
    if not path.exists():
        return {}
    try:
        results: Results = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as exc:
        raise ModelError(f"{path} cannot be read ({exc}): delete it, and run all families again") from exc
    return results


def measure(family: Family, root: Path, detectors: Mapping[str, Detector], results: Results) -> None:
    """Measure detectors on one family and put the figures into ``results``."""
    series = load_series(family, folder_of(family, root))
    for name, detector in detectors.items():
        found = cross_validate(family, name, detector, series)
        results.setdefault(family.name, {})[name] = {"validation": found.learnt_from, **found.total}


def render(results: Results) -> str:
    """Return the document, in Markdown."""
    parts = [_HEADING]
    for family, by_detector in results.items():
        published = PUBLISHED.get(family, ())
        given = (c for row in published for c in row.figures)
        columns = tuple(dict.fromkeys((*_COMMON, *_OWN.get(family, ()), "ms_per_row", *given)))
        lines = [f"## {family}", "", _row(("detector", *columns, "validation")), _row(["---"] * (len(columns) + 2))]
        for detector, figures in sorted(by_detector.items(), key=lambda item: item[0] != STATION):
            cells = [_cell(figures.get(c)) for c in columns]
            lines.append(_row((f"**{detector}**", *cells, str(figures["validation"]))))
        for row in published:
            cells = [_cell(row.figures.get(c)) for c in columns]
            lines.append(_row((row.method, *cells, f"published; {row.note}")))
        parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"


_HEADING = """# Leaderboard of the anomaly model

Generated by `quantrac models leaderboard`; do not edit. Bold rows were measured by that command on the files at hand
with the cross-validation named in the last column, the others are as published by their authors (often on more files).

* `point_f1`, `false_alarm_rate`, `missed_alarm_rate` count rows (rows of a sensor in lro), never point-adjusted.
* `event_f1` counts detected events, missed events and false alarm runs; a false alarm is a run of alarmed rows outside
  all events and 60 min after them. `false_alarms_per_day` is per sensor-day in lro.
* `median_delay_min` is from the start of an event to its first alarmed row, over the detected events.
* `nab_*`, `changepoint_*`, `overlap_f1` are the benchmarks' own scores by their authors' rules. A `nab_*` figure is of
  the files at hand: the threshold is chosen on them, as published for the whole corpus.
* `affiliation_*` (against chance, .5) and `vus_pr` (tolerance up to an hour) judge ranges; they are means over series.
* A constant alarm has point F1 .698 on all of SKAB: read its F1 together with its false alarm rate."""


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _cell(value: object) -> str:
    if value is None:
        return "–"
    return f"{value:.3f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)

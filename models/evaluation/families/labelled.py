"""Series whose truth is a table of events (start, end, cls, type, sensors): Eindhoven and the simulated scenarios.

Files are told apart by their columns. An events file belongs to the series whose period holds its stamps; where several
do, to the one with the most similar name.
"""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher

import numpy as np

from models.evaluation.families.base import Figures, OwnFigures, Run, by_row
from models.evaluation.metrics.triage import TriageCount, count_triage
from models.evaluation.tables import Table
from models.protocol import TriageClass
from models.series import Bools, Event, Times

EVENT_COLUMNS = ("start", "end", "cls", "type")


def is_events(table: Table) -> bool:
    """Tell an events file by its columns."""
    return table.has(*EVENT_COLUMNS)


def is_mask(table: Table, time_column: str) -> bool:
    """Tell a mask: the columns of a series, with nothing but 0 and 1 in them."""
    others = [c for c in table.header if c != time_column]
    return table.rows > 0 and all(set(table.cells[c]) <= {"0", "1", "0.0", "1.0", ""} for c in others)


def read_events(table: Table) -> tuple[Event, ...]:
    """Return the events of a table, in its order; an unknown class is ``None`` (not judged by triage)."""
    starts, ends = table.times("start"), table.times("end")
    sensors = table.cells.get("sensors", [""] * table.rows)
    sizes = table.floats("magnitude") if table.has("magnitude") else np.full(table.rows, np.nan)
    return tuple(
        Event(
            starts[i],
            ends[i],
            table.cells["type"][i],
            tuple(filter(None, sensors[i].split("|"))),
            _cls(cls),
            float(sizes[i]) if np.isfinite(sizes[i]) else None,
        )
        for i, cls in enumerate(table.cells["cls"])
    )


def _cls(text: str) -> TriageClass | None:
    word = text.strip().lower()
    return TriageClass(word) if word in set(TriageClass) else None


def partner(series: Table, times: Times, candidates: Sequence[Table], column: str) -> Table | None:
    """Return the candidate whose stamps in ``column`` lie in the period of ``times``, the best name among several."""
    if not len(times):
        return None
    fitting = []
    for candidate in candidates:
        stamps = candidate.times(column)
        if len(stamps) and stamps.min() >= times.min() and stamps.max() <= times.max():
            fitting.append(candidate)
    return max(fitting, key=lambda c: _alikeness(c, series), default=None)


def _alikeness(one: Table, other: Table) -> float:
    return SequenceMatcher(None, one.path.as_posix(), other.path.as_posix()).ratio()


def labels_of(times: Times, events: Sequence[Event]) -> Bools:
    """Return true for the rows inside any event."""
    labels: Bools = np.zeros(len(times), dtype=np.bool_)
    for event in events:
        labels |= (times >= event.start) & (times <= event.end)
    return labels


def _figures(count: TriageCount) -> Figures:
    return {
        "triage_accuracy": count.accuracy,
        "process_event_recall": count.process_detected,
        "process_triage_recall": count.process_recall,
        "process_triage_precision": count.process_precision,
        "confusion_matrix": count.matrix(),
    }


def own(runs: Sequence[Run]) -> OwnFigures:
    """Return triage accuracy and the confusion matrix of each file and of all together."""
    counts = [
        count_triage(run.series.events, run.result.triage, run.series.times[by_row(run.result.alarm)]) for run in runs
    ]
    return OwnFigures(_figures(sum(counts, TriageCount())), tuple(_figures(c) for c in counts))

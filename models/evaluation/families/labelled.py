"""Series whose truth is a table of events (start, end, cls, type, sensors): Eindhoven and the simulated scenarios.

Files are told apart by their columns. An events file belongs to the series whose period holds its stamps; where several
do, to the one with the most similar name.
"""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher

import numpy as np

from models.errors import ModelError
from models.evaluation.families.base import Run
from models.evaluation.metrics.triage import TriageCount, count_triage
from models.evaluation.tables import Table
from models.protocol import TriageClass
from models.series import Event, Times, by_row

_FLAGS = frozenset({"0", "1", "0.0", "1.0", "false", "true", ""})
_MOSTLY = 0.5
"""Share of a table's stamps in a series' period from which it is rather of this series than of another one."""
EVENT_COLUMNS = ("start", "end", "cls", "type")


def is_events(table: Table) -> bool:
    """Tell an events file by its columns."""
    return table.has(*EVENT_COLUMNS)


def is_mask(table: Table, time_column: str) -> bool:
    """Tell a mask: the columns of a series, and nothing but 0 and 1 in them (a series may be all blank)."""
    found = {cell.lower() for c in table.header if c != time_column for cell in set(table.cells[c])}
    return found <= _FLAGS and bool(found - {""})


def read_events(table: Table) -> tuple[Event, ...]:
    """Return the events of a table, in its order; an unknown class is ``None`` (not judged by triage)."""
    starts, ends = table.times("start"), table.times("end")
    sensors = table.cells.get("sensors", [""] * table.rows)
    return tuple(
        Event(
            starts[i],
            ends[i],
            table.cells["type"][i],
            tuple(filter(None, sensors[i].split("|"))),
            _cls(cls),
        )
        for i, cls in enumerate(table.cells["cls"])
    )


def _cls(text: str) -> TriageClass | None:
    word = text.strip().lower()
    try:
        return TriageClass(word)
    except ValueError:
        return None


def events_of(series: Table, times: Times, candidates: Sequence[Table]) -> tuple[Event, ...]:
    """Return the events that touch the period of a series. Raises ModelError where no table can be its own."""
    truth = partner(series, times, candidates, "start")
    if truth is None and len(times):
        raise ModelError(
            f"{series.path}: none of the {len(candidates)} files of events beside it has an event that begins between "
            f"{times.min()} and {times.max()}: copy the one that belongs to it (columns {', '.join(EVENT_COLUMNS)})"
        )
    events = () if truth is None else read_events(truth)
    return tuple(e for e in events if e.end >= times.min() and e.start <= times.max())


def partner(series: Table, times: Times, candidates: Sequence[Table], column: str) -> Table | None:
    """Return the candidate with stamps in the period of ``times``, rather most of them; the best name among several.

    One without any row (a station where nothing happened) fits every period.
    """
    fitting = []
    for candidate in candidates if len(times) else ():
        stamps = candidate.times(column)
        share = float(np.mean((stamps >= times.min()) & (stamps <= times.max()))) if len(stamps) else 1.0
        if share > 0:
            fitting.append((share >= _MOSTLY, _alikeness(candidate, series), candidate))
    return max(fitting, key=lambda f: f[:2])[2] if fitting else None


def _alikeness(one: Table, other: Table) -> float:
    return SequenceMatcher(None, one.path.as_posix(), other.path.as_posix()).ratio()


def triaged(run: Run) -> TriageCount:
    """Count what became of the events of a run, and what was said without one."""
    return count_triage(run.series.events, run.result.triage, run.series.times[by_row(run.result.alarm)])

"""Eindhoven wastewater works: nine real signals with injected pollution and sensor faults, 5 min.

Rows where the mask says that the *real* value is missing, exactly zero, frozen or saturated are left out of the
false-alarm count. The files of raw signals are not read: they hold the same nine sensors before the injection, so a
model that saw them would only have to subtract.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from models.evaluation.families.base import Family, pooled
from models.evaluation.families.labelled import events_of, is_events, is_mask, partner, triaged
from models.evaluation.metrics.triage import TriageCount
from models.evaluation.tables import Table, read_tables
from models.series import Bools, Series, Times, inside

_TIME = "Time"
_FLOW = "flow_m3h"


def _series(table: Table, events: list[Table], masks: list[Table]) -> Series:
    times = table.times(_TIME)
    series = table.series(times, table.sensors({_TIME}))
    labelled = events_of(table, times, events)
    labels = inside(times, labelled)
    return replace(series, labels=labels, events=labelled, ignore=_masked(table, times, masks) & ~labels)


def _masked(table: Table, times: Times, masks: list[Table]) -> Bools:
    """Return true for the rows at whose stamps the series' mask, if there is one, marks any signal."""
    mask = partner(table, times, masks, _TIME)
    if mask is None:
        return np.zeros(table.rows, dtype=np.bool_)
    marked = np.logical_or.reduce([mask.flags(c) for c in mask.sensors({_TIME})])
    return np.isin(times, mask.times(_TIME)[marked])


def load(folder: Path) -> tuple[Series, ...]:
    """Read every file of signals (a flow column and no mask), with its events and its mask."""
    tables = list(read_tables(folder))
    events = [t for t in tables if is_events(t)]
    signals = [t for t in tables if t.has(_TIME, _FLOW)]
    masks = [t for t in signals if is_mask(t, _TIME)]
    return tuple(_series(t, events, masks) for t in signals if t not in masks)


EINDHOVEN = Family("eindhoven", load, pooled(triaged, TriageCount.figures, TriageCount()), 0.42)

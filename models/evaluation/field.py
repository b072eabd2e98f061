"""Events of known truth in recorded water: what the field exam injects into real backgrounds.

A pollution here is no pattern that the triage knows: one to four parameters, each by a factor of its own, rise or fall
to their polluting side in a course that is drawn as well. Faults stand at one probe. Nothing of it is learnt from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from models.chemistry import polluting_side
from models.errors import ModelError
from models.evaluation.families import BACKGROUNDS
from models.evaluation.families.base import series_below
from models.evaluation.metrics.events import cadence_min
from models.priors import kind_of
from models.protocol import TriageClass
from models.series import Event, Floats, Series, inside

WARM_DAYS = 5.0
"""Days at the head in which nothing is injected and nothing is counted: a station has its baselines then."""
_EVERY_H = (20.0, 50.0)
"""Hours from the end of one event to the beginning of the next."""
_POLLUTION_SHARE = 0.5
_POLLUTION_H, _FAULT_H = (1.0, 8.0), (1.0, 24.0)
_FACTOR = (1.5, 4.0)
"""Multiple of the usual level to which the strongest parameter goes; the others go part of the way."""
_MOST = 4
FAULTS = ("stuck", "offset", "drift", "noise", "dropout", "spike")
_SIZE = (0.3, 1.5)
"""Of an offset, a drift or a spike, as a share of the usual level."""

Generator = np.random.Generator
MOST_ROWS = 12_000
"""Of one series: its last rows."""


def backgrounds(root: Path, wanted: Sequence[str] = tuple(BACKGROUNDS)) -> tuple[list[Series], list[str]]:
    """Return the recorded series that lie below a folder, and the families that are not there.

    Raises
    ------
    ModelError
        A name is that of no background.
    """
    unknown = next((name for name in wanted if name not in BACKGROUNDS), None)
    if unknown is not None:
        raise ModelError(f"there is no background {unknown!r}: choose one of {', '.join(BACKGROUNDS)}")
    found: list[Series] = []
    absent = []
    for name in wanted:
        series = series_below(BACKGROUNDS[name], root)
        if series is None:
            absent.append(name)
        else:
            found += [s.taking(slice(-MOST_ROWS, None)) for s in series]
    return found, absent


def with_events(series: Series, seed: int) -> Series:
    """Return a copy with injected events as its only truth; rows that its own labels name are left out of the count.

    What changes no value is no event: a multiple of a probe that shows zero, a still probe that stands still.
    """
    rng = np.random.default_rng(seed)
    values, rows = series.values.copy(), len(series.times)
    per_h = 60.0 / max(cadence_min(series.times), 1e-3)
    own = series.labelled | series.ignored
    warm = round(WARM_DAYS * 24 * per_h)
    events: list[Event] = []
    first = warm + round(rng.uniform(*_EVERY_H) * per_h)
    while True:
        polluted = rng.random() < _POLLUTION_SHARE
        length = max(round(rng.uniform(*(_POLLUTION_H if polluted else _FAULT_H)) * per_h), 3)
        if first + length >= rows:
            break
        if not own[first : first + length].any():
            part = slice(first, first + length)
            before = values[part].copy()
            kind, touched = _pollution(rng, series, values, part) if polluted else _fault(rng, series, values, part)
            changed = ~((before == values[part]) | np.isnan(before)).all(axis=0)
            touched = tuple(c for c in touched if changed[series.columns.index(c)])
            cls = TriageClass.POLLUTION if polluted else TriageClass.FAULT
            if touched:
                events.append(Event(series.times[first], series.times[first + length - 1], kind, touched, cls))
        first += length + round(rng.uniform(*_EVERY_H) * per_h)
    return replace(
        series, values=values, labels=inside(series.times, events), events=tuple(events), ignore=own,
        probation_rows=min(warm, rows), changepoints=None,
    )  # fmt: skip


def _pollution(rng: Generator, series: Series, values: Floats, part: slice) -> tuple[str, tuple[str, ...]]:
    columns = [j for j in series.target_places if polluting_side(series.columns[j])]
    if not columns:
        return "", ()
    chosen = rng.permutation(columns)[: int(rng.integers(1, _MOST + 1))]
    excess = float(rng.uniform(*_FACTOR)) - 1.0
    course = _course(rng, part.stop - part.start)
    for i, j in enumerate(chosen.tolist()):
        here = excess * (1.0 if i == 0 else float(rng.uniform(0.3, 1.0)))
        if kind_of(series.columns[j]) in {"ph", "temp"}:
            values[part, j] += here * course * (1.0 if rng.random() < 0.5 else -1.0)
        elif polluting_side(series.columns[j]) > 0:
            values[part, j] *= 1.0 + here * course
        else:
            values[part, j] /= 1.0 + here * course
    return f"pollution of {len(chosen)}", tuple(series.columns[j] for j in chosen)


def _course(rng: Generator, rows: int) -> Floats:
    """Return a course from 0 to 1 and back: its rise and fall take what they take."""
    place = (np.arange(rows) + 1.0) / (rows + 1.0)
    rise, fall = rng.uniform(0.05, 0.6), rng.uniform(0.05, 0.4)
    return np.asarray(np.clip(np.minimum(place / rise, (1.0 - place) / fall), 0.0, 1.0))


def _fault(rng: Generator, series: Series, values: Floats, part: slice) -> tuple[str, tuple[str, ...]]:
    j = series.columns.index(series.targets[int(rng.integers(len(series.targets)))])
    kind = FAULTS[int(rng.integers(len(FAULTS)))]
    x, rows = values[part, j].copy(), part.stop - part.start
    level = float(np.nanmedian(series.values[:, j]))
    size = float(rng.uniform(*_SIZE)) * abs(level) * (1.0 if rng.random() < 0.5 else -1.0)
    known = np.flatnonzero(np.isfinite(x))
    if not len(known):
        return "", ()
    changed = {
        "stuck": np.full(rows, x[known[0]]),
        "offset": x + size,
        "drift": x + size * np.linspace(0.0, 1.0, rows),
        "noise": x + abs(size) * rng.standard_normal(rows),
        "dropout": np.zeros(rows),
        "spike": x + size * (np.arange(rows) == 0),
    }[kind]
    values[part, j] = changed
    return kind, (series.columns[j],)

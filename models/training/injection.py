"""Injected faults and pollution: labelled examples for a plant that has none, or few.

Recorded series hold tens of events, a classifier needs hundreds. Spells without a known event are altered the way
probes fail and plants are upset, with random sensors, sizes and lengths; what is injected is the label. Nothing of a
series that is judged is ever used: only training series are altered.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from models.protocol import TriageClass
from models.series import Event, Floats, Series

Generator = np.random.Generator

_FAMILIES: tuple[tuple[tuple[str, float, float], ...], ...] = (
    (("cod", 0.25, 1.3), ("bod", 0.25, 1.3), ("toc", 0.25, 1.3), ("tss", 0.15, 1.2)),
    (("nh4", 0.35, 1.1), ("amoni", 0.35, 1.1), ("tn", 0.2, 0.8), ("cond", 0.07, 0.22)),
    (("cond", 0.25, 0.9), ("no3", 0.2, 0.9)),
    (("tss", 0.9, 2.6), ("turb", 0.9, 2.6), ("cod", 0.15, 0.9)),
)
"""Which parameters rise together and by what share of their level: organic shock, ammonia, salt, solids. Matched to a
column by the first letters of its name."""
_WINDOW = 145
"""Rows of the running median."""
_EVENTS_PER_1000_ROWS = 7.0
_POLLUTION_SHARE = 0.45
_MARGIN_ROWS = 24
_ROWS = {
    "pollution": (24, 72), "spike": (1, 2), "stuck": (12, 48), "drift": (100, 200), "offset": (24, 96),
    "noise": (10, 36), "dropout": (6, 30),
}  # fmt: skip
"""Least and greatest length of an event."""
_FAULTS = tuple(kind for kind in _ROWS if kind != "pollution")
LONGEST_ROWS = max(most for _, most in _ROWS.values()) + 2 * _MARGIN_ROWS
"""Of an event, with what is left free around it."""


def scatter(values: Floats) -> Floats:
    """Return the robust standard deviation of each column around its running median."""
    from scipy.ndimage import median_filter

    out = np.ones(values.shape[1])
    for j in range(values.shape[1]):
        x = values[:, j]
        good = np.isfinite(x)
        if good.sum() < _WINDOW:
            continue
        filled = np.interp(np.arange(len(x)), np.flatnonzero(good), x[good])
        residual = (filled - median_filter(filled, size=_WINDOW, mode="nearest"))[good]
        out[j] = 1.4826 * float(np.median(np.abs(residual))) or float(residual.std()) or 1e-9
    return out


def with_injections(series: Series, seed: int) -> Series:
    """Return a copy of a training series with random events, in rows where it has no label; its own events stay."""
    rng = np.random.default_rng(seed)
    rows, sigma = len(series.times), scatter(series.values)
    labels = series.labelled.copy()
    events = list(series.events)
    made = replace(series, values=series.values.copy())
    for _ in range(round(rows * _EVENTS_PER_1000_ROWS / 1000)):
        polluted = rng.random() < _POLLUTION_SHARE
        kind = "pollution" if polluted else _FAULTS[int(rng.integers(len(_FAULTS)))]
        least, most = _ROWS[kind]
        length = int(rng.integers(least, most + 1))
        if length + 2 * _MARGIN_ROWS >= rows:
            continue
        start = int(rng.integers(_MARGIN_ROWS, rows - length - _MARGIN_ROWS))
        stop = start + length
        if labels[max(start - _MARGIN_ROWS, 0) : stop + _MARGIN_ROWS].any():
            continue
        part = slice(start, stop)
        touched = _pulse(rng, made, part) if polluted else _fault(rng, made, sigma, part, kind)
        if not touched:
            continue
        labels[part] = True
        cls = TriageClass.POLLUTION if polluted else TriageClass.FAULT
        names = tuple(series.columns[j] for j in touched)
        events.append(Event(series.times[start], series.times[stop - 1], kind, names, cls))
    return replace(made, labels=labels, events=tuple(sorted(events, key=lambda e: e.start)))


def _fault(rng: Generator, made: Series, sigma: Floats, part: slice, kind: str) -> list[int]:
    """Let a probe fail, in place, and return its column."""
    columns = made.target_places
    j = columns[int(rng.integers(len(columns)))]
    x = made.values[part, j]
    sign = 1.0 if rng.random() < 0.5 else -1.0
    shapes: dict[str, Callable[[], Floats]] = {
        "spike": lambda: x + sign * rng.uniform(8, 20) * sigma[j],
        "stuck": lambda: np.full(len(x), x[0]),
        "drift": lambda: x + sign * rng.uniform(5, 10) * sigma[j] * np.linspace(0, 1, len(x)),
        "offset": lambda: x + sign * rng.uniform(6, 12) * sigma[j],
        "noise": lambda: x + 5 * sigma[j] * rng.standard_normal(len(x)),
        "dropout": lambda: np.zeros(len(x)),
    }
    made.values[part, j] = np.maximum(shapes[kind](), 0.0)
    return [j]


def _pulse(rng: Generator, made: Series, part: slice) -> list[int]:
    """Multiply a chemically sensible group of sensors by a skewed pulse; any two or three where names say nothing."""
    columns = made.target_places
    groups = [
        [(j, low, high) for prefix, low, high in family for j in columns if made.columns[j].lower().startswith(prefix)]
        for family in _FAMILIES
    ]
    groups = [g for g in groups if len(g) >= 2]
    if groups:
        group = groups[int(rng.integers(len(groups)))]
    else:
        some = rng.permutation(columns)[: int(rng.integers(2, 4))]
        group = [(int(j), 0.3, 1.2) for j in some] if len(some) >= 2 else []
    position = np.linspace(0.0, 1.0, part.stop - part.start)
    peak = rng.uniform(0.15, 0.45)
    shape = np.where(position < peak, position / peak, np.exp(-3.0 * (position - peak) / (1 - peak)))
    strength = rng.random()
    for j, low, high in group:
        share = low + (high - low) * np.clip(strength + 0.25 * rng.standard_normal(), 0, 1)
        made.values[part, j] *= 1.0 + share * shape
    return [j for j, _, _ in group]

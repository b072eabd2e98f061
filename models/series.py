"""Series: a recorded multivariate time series with its labels, and the result of running a model over it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from models.protocol import Reason, TriageClass
from quantrac.domain.words import Bilingual

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]
Singles = npt.NDArray[np.float32]
Times = npt.NDArray[np.datetime64]


def stretches(mask: Bools) -> list[tuple[int, int]]:
    """Return first and one-past-last index of each stretch of true.

    >>> stretches(np.array([True, False, True, True]))
    [(0, 1), (2, 4)]
    """
    edges = np.flatnonzero(np.diff(np.concatenate(([False], mask, [False])).astype(np.int8)))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def by_row(mask: Bools) -> Bools:
    """Return a mask by row: a row is marked when any of its columns is."""
    rows: Bools = mask if mask.ndim == 1 else np.asarray(mask.any(axis=1))
    return rows


@dataclass(frozen=True, slots=True)
class Event:
    """A labelled interval, both ends inclusive. ``kind`` is the family's word, ``cls`` what triage should say."""

    start: np.datetime64
    end: np.datetime64
    kind: str = ""
    sensors: tuple[str, ...] = ()
    cls: TriageClass | None = None


def inside(times: Times, intervals: Iterable[Event | TriagedInterval]) -> Bools:
    """Return true for the rows of any event, alarm or finding, both ends included; shape (rows,)."""
    rows: Bools = np.zeros(len(times), dtype=np.bool_)
    for one in intervals:
        rows |= (times >= one.start) & (times <= one.end)
    return rows


@dataclass(frozen=True)
class Series:
    """One recorded series.

    ``times`` is datetime64[ns], shape (rows,), in file order; ``values`` is float64, shape (rows, columns), NaN where
    missing. ``labels`` is bool, shape (rows,) for row labels or (rows, columns) for labels by sensor; ``None`` where
    there is none. ``changepoints`` is bool (rows,). ``probation_rows`` rows at the head are never scored and may be
    learnt from. ``ignore`` marks rows left out of the counts. ``group`` is what cross-validation must keep
    together (site, plant); it is never an input of a model, and neither is ``name``.

    ``status`` is what the logger says of each value, int8 of shape (rows, columns): 0 measuring, 1 calibrating,
    2 fault. ``neighbours`` is int16 of shape (rows, 2): other stations of the same water, and how many of them stand
    in an alarm.
    """

    name: str
    times: Times
    columns: tuple[str, ...]
    values: Floats
    labels: Bools | None = None
    events: tuple[Event, ...] = ()
    changepoints: Bools | None = None
    covariates: tuple[str, ...] = ()
    """Columns that explain (flow, rain, stage) and are never alarmed by themselves."""
    probation_rows: int = 0
    ignore: Bools | None = None
    group: str = ""
    status: npt.NDArray[np.int8] | None = None
    neighbours: npt.NDArray[np.int16] | None = None
    reported: Floats | None = None
    """Values as the logger reported them, whatever their status; ``None``: the same as ``values``."""
    legal: Mapping[str, float] = field(default_factory=dict)
    """Upper legal limits by column, in the column's unit, where they are known."""
    in_river: bool = False
    """Whether it is of surface water, where rain is no discharge."""

    def __post_init__(self) -> None:
        rows = len(self.times)
        if self.values.shape != (rows, len(self.columns)):
            raise ValueError(
                f"series {self.name}: values have shape {self.values.shape}, not {(rows, len(self.columns))}"
            )
        for array in (self.labels, self.changepoints, self.ignore, self.status, self.neighbours):
            if array is not None and len(array) != rows:
                raise ValueError(f"series {self.name}: an array has {len(array)} rows, not {rows}")

    @property
    def sha256(self) -> str:
        """Hash of times, columns, values and labels: it tells series apart whatever their files are called."""
        found = hashlib.sha256("|".join(self.columns).encode())
        for array in (self.times, self.values, self.labels):
            found.update(b"none" if array is None else np.ascontiguousarray(array).tobytes())
        return found.hexdigest()

    def taking(self, rows: slice | Bools | Ints) -> Series:
        """Return some rows of the series; events and what else belongs to no row stay."""
        by_row = ("labels", "changepoints", "ignore", "status", "neighbours", "reported")
        known = {name: array[rows] for name in by_row if (array := getattr(self, name)) is not None}
        return replace(self, times=self.times[rows], values=self.values[rows], **known)

    def part(self, start: int, stop: int) -> Series:
        """Return rows of the series, with the events that touch them, which end with them."""
        found = self.taking(slice(start, stop))
        if not len(found.times):
            return replace(found, events=())
        first, last = found.times.min(), found.times.max()
        return replace(
            found,
            name=f"{self.name} rows {start} to {stop - 1}",
            events=tuple(replace(e, end=min(e.end, last)) for e in self.events if e.end >= first and e.start <= last),
            probation_rows=max(0, self.probation_rows - start),
        )

    def newer(self) -> Bools:
        """Return true for the rows that are newer than all before them."""
        newest = np.maximum.accumulate(self.times)
        return np.concatenate(([True], self.times[1:] > newest[:-1]))[: len(self.times)]

    def within(self, interval: Event | TriagedInterval) -> Bools:
        """Return true for the rows of an event, an alarm or a finding, both ends included; shape (rows,)."""
        return inside(self.times, (interval,))

    @property
    def labelled(self) -> Bools:
        """True for the rows that are labelled, at any sensor."""
        return np.zeros(len(self.times), dtype=np.bool_) if self.labels is None else by_row(self.labels)

    @property
    def ignored(self) -> Bools:
        """True for the rows that are left out of the counts."""
        return np.zeros(len(self.times), dtype=np.bool_) if self.ignore is None else self.ignore

    @property
    def counted(self) -> Bools:
        """True for the rows that count: after the probation, and not ignored."""
        counted = ~self.ignored
        counted[: self.probation_rows] = False
        return counted

    @property
    def targets(self) -> tuple[str, ...]:
        """The columns that may be alarmed: all but the covariates."""
        return tuple(c for c in self.columns if c not in self.covariates)

    @property
    def target_places(self) -> list[int]:
        """Places of the targets among the columns."""
        return [i for i, c in enumerate(self.columns) if c not in self.covariates]


@dataclass(frozen=True, slots=True)
class TriagedInterval:
    """One alarm run, judged: both ends inclusive."""

    start: np.datetime64
    end: np.datetime64
    cls: TriageClass
    probability: float
    reasons: tuple[Bilingual, ...] = ()
    paged: np.datetime64 | None = None
    """When it was first judged to be pollution: an officer was called then, whatever was said later."""
    reason: Reason | None = None
    """Which pattern a slow watch found; ``None``: an alarm."""
    sensor: str = ""
    """The column at which a slow watch found it; empty: an alarm, of the whole row."""


@dataclass(frozen=True, slots=True)
class Result:
    """What a model says of a series, causally: row *i* depends on rows 0..*i* only.

    ``score`` is the severity (1.0 = alarm threshold; NaN = not ready); it and ``alarm`` have the shape of the series'
    values. What judges whole rows says the same of each column. ``triage`` judges alarm runs with what was known at the
    end of each run.
    """

    score: Floats
    alarm: Bools
    triage: tuple[TriagedInterval, ...] = ()
    findings: tuple[TriagedInterval, ...] = ()
    """What the slow watches found: work items beside the alarms, one an open finding."""

    @property
    def worst(self) -> Floats:
        """The score of each row: that of its worst sensor, NaN where none has one."""
        return np.asarray(np.fmax.reduce(self.score, axis=1))

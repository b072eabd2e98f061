"""The station as the evaluation sees it: the very class that a worker runs, over a recorded series."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from itertools import groupby
from math import ceil
from operator import itemgetter

import numpy as np

from models.errors import ModelError
from models.evaluation.metrics.events import cadence_min
from models.pipeline.pipeline import Fitted
from models.protocol import Reason, Row, Triage
from models.series import Bools, Result, Series, TriagedInterval, by_row, stretches
from models.slow.finding import UNCALIBRATED, Finding
from models.station.judging import Learnt, WatchConfig
from models.station.pipeline_memory import Looked, StationWatch
from models.station.scorer import StationScorer
from models.station.scores import ParameterScore
from models.triage.evidence import Gathering
from models.triage.incident import TriageModel, pages
from quantrac.domain.stations import Sensor, Station, StationKind

PENDING = 3
"""Rows in a row that page before an officer is called, as in the packaged rule of anomalies,"""
ENOUGH_MIN = 15.0
"""or fewer that cover this time, each its cadence,"""
PENDING_ALONE = 2
"""but so many where a parameter departs alone."""
_BASE_ROWS = 4000
"""Rows after which the memory's base is taken: a worker takes it more often, to store it."""
_TOGETHER = 240
"""Rows that are judged in one call."""
_JOINED = np.timedelta64(3600, "s")
"""A finding that comes back within an hour is the same one."""
_CODES = ("00", "01", "02")
OF_WATCHES = frozenset({
    Reason.STUCK, Reason.DRIFT, Reason.FOULING, Reason.CAPPED, Reason.REPEATED, Reason.COPIED_DAY,
    Reason.MASKING_CALIBRATION, Reason.DILUTION,
})  # fmt: skip
"""What only a slow watch says: a work item, no alarm."""


@dataclass(frozen=True, slots=True)
class StationRun:
    """A station with a fitted pipeline, over recorded series."""

    fitted: Fitted
    triage: TriageModel | None = None
    """Weights to judge by; ``None``: the shipped ones."""

    def run(self, series: Series) -> Result:
        """Judge a series row by row. ``alarm`` is by column; what only slow watches find is no alarm."""
        rows, newer, calls = len(series.times), series.newer(), _Calls(cadence_min(series.times))
        score, alarm = np.zeros(series.values.shape), np.zeros(series.values.shape, dtype=np.bool_)
        triage, paged = list[Triage | None]([None] * rows), np.zeros(rows, dtype=np.bool_)
        findings = list[Sequence[Finding]]([()] * rows)
        scorer = StationScorer(station_of(series), self._config(series))
        if self.triage is not None and scorer.watch is not None:
            scorer.watch.active.incident.model = self.triage
        severity, standing = 0.0, findings[0] if rows else ()
        for first, scores in _scored(scorer, series):
            of_newer = _of_newer_rows(scorer)
            for i, one in enumerate(scores, first):
                if newer[i]:
                    severity, standing = next(of_newer)
                if one is None:
                    continue
                paged[i], findings[i] = calls.told(one), standing
                for j, said in enumerate(map(one.get, series.columns)):
                    score[i, j] = severity if said is None else max(severity, said.severity)
                    if said is not None and said.alarm and said.reason not in OF_WATCHES:
                        alarm[i, j] = True
                        triage[i] = said.triage or triage[i]
        return Result(score, alarm, tuple(_incidents(series, alarm, triage, paged)), _intervals_of(series, findings))

    def witnessed(self, series: Series, witness: Callable[[int, Gathering], None], begun: Bools | None = None) -> Bools:
        """Judge a series, show each row of an incident to ``witness``, and return which rows those are.

        What is shown changes with the next row. In rows that are ``begun`` an incident runs whatever is said there.
        """
        places: Iterator[int] = iter(np.flatnonzero(series.newer()).tolist())
        scorer = StationScorer(station_of(series), self._config(series))
        scorer.watch = watch = _Begun(scorer.config)
        if begun is not None:
            watch.instants = {row.observed_at for (row, _), on in zip(rows_of(series), begun, strict=True) if on}
        running = np.zeros(len(series.times), dtype=np.bool_)

        def see(gathered: Gathering | None) -> None:
            i = next(places)
            if gathered is not None:
                running[i] = True
                witness(i, gathered)

        watch.active.incident.witness = see
        for _ in _scored(scorer, series):
            pass
        return running

    def _config(self, series: Series) -> WatchConfig:
        learnt = Learnt("evaluated", self.fitted)
        return replace(WatchConfig.of(station_of(series), learnt), legal=series.legal, covariates=series.covariates)


class _Begun(StationWatch):
    """A station at which an incident runs at some instants, whatever its charts say."""

    instants: Set[datetime] = frozenset()

    def look(self, rows: Sequence[Row], charted: Sequence[bool], beside: tuple[int, int]) -> Looked:
        on = [alarmed or row.observed_at in self.instants for row, alarmed in zip(rows, charted, strict=True)]
        return super().look(rows, on, beside)


class _Calls:
    """Counts, by parameter, the rows in a row that would call an officer."""

    def __init__(self, row_min: float) -> None:
        self._rows: Counter[str] = Counter()
        self._needed = min(PENDING, max(1, ceil(ENOUGH_MIN / row_min))) if row_min else PENDING

    def told(self, scores: Mapping[str, ParameterScore]) -> bool:
        """Take the next row and say whether an officer has been called by it."""
        calling = {p: s for p, s in scores.items() if s.alarm and s.harmful and pages(s.triage)}
        self._rows = Counter({p: self._rows[p] + 1 for p in calling})
        least = {p: max(self._needed, PENDING_ALONE) if s.alone else self._needed for p, s in calling.items()}
        return any(self._rows[p] >= n for p, n in least.items())


def _scored(scorer: StationScorer, series: Series) -> Iterator[tuple[int, list[dict[str, ParameterScore] | None]]]:
    """Yield the scores of the next rows, and the place of the first of them.

    Rows go in by hundreds, which says the same as one by one, and faster. Raises ModelError where a part of the model
    fails: a worker goes on without that part, and its figures would be those of the rest.
    """
    first = since_base = 0
    for beside, alike in groupby(rows_of(series), key=itemgetter(1)):
        rows = [row for row, _ in alike]
        for start in range(0, len(rows), _TOGETHER):
            part = rows[start : start + _TOGETHER]
            now = max(row.observed_at for row in part)
            scores = scorer.score(part, now, beside)
            if scorer.trouble is not None:
                raise ModelError(f"the station's model fails on {series.name or 'a series'}: {scorer.trouble.reason}")
            yield first, scores
            first += len(part)
            since_base += len(part)
            if since_base >= _BASE_ROWS:
                scorer.take_base(now)
                since_base = 0


def _of_newer_rows(scorer: StationScorer) -> Iterator[tuple[float, Sequence[Finding]]]:
    """Yield what the pipeline says of the last rows, 1 at its threshold, and what the slow watches found."""
    watch = scorer.watch
    if watch is not None and watch.active.scored is not None:
        yield from zip(np.exp2(np.clip(watch.active.scored.margin, -20.0, 20.0)).tolist(), watch.found, strict=True)


def _incidents(
    series: Series, alarm: Bools, triage: Sequence[Triage | None], paged: Bools
) -> Iterator[TriagedInterval]:
    """Yield each run of alarmed rows as it was judged at its end, and when officers were called."""
    for a, b in stretches(by_row(alarm[:, series.target_places])):
        last = next((t for t in reversed(triage[a:b]) if t is not None), None)
        if last is None:
            continue  # a chart alone, in the station's first hours
        called = np.flatnonzero(paged[a:b])
        at = series.times[a + called[0]] if len(called) else None
        yield TriagedInterval(series.times[a], series.times[b - 1], last.cls, last.probability, last.reasons, at)


def _intervals_of(series: Series, findings: Sequence[Sequence[Finding]]) -> tuple[TriagedInterval, ...]:
    """Return one interval for each sensor and kind of finding, from when it was first to when it was last reported."""
    open_: dict[tuple[str, Reason], tuple[int, int, Finding]] = {}
    spans: list[tuple[int, int, Finding]] = []
    for i, standing in enumerate(findings):
        for finding in standing:
            key = (finding.parameter, finding.reason)
            first, last, said = open_.get(key, (i, i, finding))
            if i - last > 1 and series.times[i] - series.times[last] > _JOINED:
                spans.append((first, last, said))
                first = i
            open_[key] = (first, i, finding)
    spans += open_.values()
    return tuple(
        TriagedInterval(
            series.times[a], series.times[b], f.cls, UNCALIBRATED, (f.text,), reason=f.reason, sensor=f.parameter
        )
        for a, b, f in sorted(spans, key=lambda span: span[:2])
    )


def station_of(series: Series) -> Station:
    """Return a registered station with a sensor for each column of a series."""
    cadence_s = 60.0 * cadence_min(series.times) or 300.0
    return Station(
        code="EVALUATED",
        effective_from=date(1970, 1, 1),
        name_vi="",
        name_en="",
        kind=StationKind.SURFACE_WATER if series.in_river else StationKind.EFFLUENT,
        operator="",
        longitude=0.0,
        latitude=0.0,
        sensors=tuple(Sensor(column, "", cadence_s) for column in series.columns),
    )


def rows_of(series: Series) -> Iterator[tuple[Row, tuple[int, int]]]:
    """Yield each row as a worker gets it, with how many neighbours report and how many of them stand in an alarm."""
    reported = series.values if series.reported is None else series.reported
    seconds = series.times.astype("datetime64[us]").astype(np.int64) / 1e6
    for i, (at_s, values) in enumerate(zip(seconds.tolist(), reported.tolist(), strict=True)):
        statuses: dict[str, str] = {}
        if series.status is not None and series.status[i].any():
            statuses = {c: _CODES[s] for c, s in zip(series.columns, series.status[i].tolist(), strict=True)}
        row = Row(datetime.fromtimestamp(at_s, UTC), dict(zip(series.columns, values, strict=True)), {}, statuses)
        beside = (0, 0) if series.neighbours is None else (int(series.neighbours[i, 0]), int(series.neighbours[i, 1]))
        yield row, beside

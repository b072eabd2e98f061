"""The pipeline and the triage of one station in the stream: rows in, alarms with class and reasons out.

The memory is large (tens of kilobytes), and a row changes all of it. So it is kept in two parts: a base, written every
few dozen rows, and the rows since then, which are small. Pushed again over the base they give the same memory.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from math import inf, isnan, nan
from typing import Any, NamedTuple, Self
from zlib import crc32

import msgspec
import numpy as np

from models.errors import ModelError
from models.pipeline import pipeline
from models.pipeline.pipeline import Scored
from models.protocol import Reason, Row, TriageClass
from models.series import Floats, Times
from models.slow.finding import MEASURING, Finding
from models.slow.watches import SlowWatches
from models.snapshots import pack, unpack
from models.station.judging import Learnt, RowAssessment, StationAssessor, WatchConfig, Watched, pages
from models.station.reported import as_reported, reported
from models.station.together import all_or_each, tried
from quantrac.domain.words import Bilingual

_LIGHT, _BASE, _VERSION = "rows of a station's watch", "base of a station's watch", 11
BASE_ROWS = 48
"""Rows between two bases: more of them make every commit and every restart longer, fewer write the base more often."""
_encode = msgspec.msgpack.Encoder().encode
SLOW_STEP_S = 60.0
"""The slow watches look at no more than a row in so many seconds: their patterns last hours."""


@dataclass(slots=True)
class ShadowCounts:
    """A candidate beside the active model: rows, beginnings of alarms and of would-be pages, rows in alarm."""

    rows: int = 0
    alarms_active: int = 0
    alarms_shadow: int = 0
    pages_active: int = 0
    pages_shadow: int = 0
    rows_both: int = 0
    rows_active: int = 0
    rows_shadow: int = 0

    def __bool__(self) -> bool:
        return self.rows > 0


class StationWatch:
    """Pipeline and triage of one station. Pure: no clock, no input or output."""

    def __init__(self, config: WatchConfig) -> None:
        self.config = config
        self.active, self.shadow = self._assessors()
        self.shadow_failed: Exception | None = None
        """Why the shadow assesses no more; the active model goes on."""
        tops = [high for _, high in config.limits]
        self._slow = SlowWatches(config.parameters, config.legal, config.units, tops, in_river=config.in_river)
        self._looked_s = -inf
        self.findings: list[Finding] = []
        """What the slow watches found when they looked last,"""
        self.found: list[list[Finding]] = []
        """and after each of the last rows."""
        self._calibrated_s = nan
        self._newest_s = -inf
        self._held: list[tuple[float, float, bool]] = [(-inf, nan, False)] * len(config.parameters)
        """Of each parameter: when it was said last, its value, and whether that came after its row was assessed."""
        self._late_alarm = False
        """Whether a chart was in alarm for such a value."""
        self._last = RowAssessment(0.0, alarm=False)
        """Of the last row; no memory."""
        self._base = 0
        self._rows: list[msgspec.Raw] = []
        """Rows since the base, each encoded once: they are stored with every batch."""
        self._counts = ShadowCounts()
        # Not all stations on the same batch: each has its own number of rows.
        self._most_rows = BASE_ROWS + crc32(config.station.encode()) % (BASE_ROWS // 2)
        self._changed = False

    @property
    def running(self) -> bool:
        """Whether an incident is running: only then it matters what the neighbours say."""
        return self.active.alarmed

    def take_counts(self) -> ShadowCounts:
        """Return what was counted of the shadow since the last call."""
        counts, self._counts = self._counts, ShadowCounts()
        return counts

    def light(self) -> bytes:
        """Return the small part of the memory: the rows since the base."""
        held = [list(one) for one in self._held]
        numbers = [self._base, self._calibrated_s, self._newest_s, self._late_alarm]
        return pack(_LIGHT, _VERSION, [numbers, held, self._rows])

    @property
    def base_is_due(self) -> bool:
        """Whether a new base should be taken, and written together with the small part."""
        return self._changed or len(self._rows) >= self._most_rows

    def take_base(self) -> bytes:
        """Return the large part of the memory; from now on the small part begins with it."""
        self._base += max(len(self._rows), 1)
        self._rows, self._changed = [], False
        assessors = [j.state() for j in (self.active, self.shadow) if j is not None]
        return pack(_BASE, _VERSION, [self._base, list(self.config.parameters), assessors, self._slow_state()])

    @classmethod
    def restore(cls, config: WatchConfig, light: bytes, base: bytes | None) -> Self:
        """Return a watch that goes on where ``light`` was taken, over the base that was taken last.

        With another artefact than then, what the station's rows have taught is kept, and the threshold is new.

        Raises
        ------
        ModelError
            The parts cannot be read, or do not belong together: start with an empty watch.
        """
        (number, calibrated_s, newest_s, late_alarm), held, kept = unpack(_LIGHT, _VERSION, light)
        watch = cls(config)
        if len(held) != len(config.parameters):
            raise ModelError("the station has other parameters than when its watch was stored: start it empty")
        watch._calibrated_s, watch._held = calibrated_s, [(at, value, new) for at, value, new in held]
        watch._newest_s, watch._late_alarm = newest_s, late_alarm
        if number:
            watch._set_base(number, base)
        rows = [Watched(*row) for row in kept]
        if rows:
            (said,) = _assessed([watch._looked(rows, ())])
            if isinstance(said, Exception):
                raise said
        watch._counts = ShadowCounts()
        return watch

    def turned_to(self, active: Learnt, shadow: Learnt | None) -> Self:
        """Go on with other models."""
        before = [j.state() for j in (self.active, self.shadow) if j is not None]
        self.config = replace(self.config, active=active, shadow=shadow)
        self.active, self.shadow = self._assessors()
        self._adopt(before)
        self._counts, self.shadow_failed, self._changed = ShadowCounts(), None, True
        return self

    def _set_base(self, number: int, base: bytes | None) -> None:
        if base is None:
            raise ModelError("the base of the station's watch is not there: start it empty")
        found, parameters, assessors, slow = unpack(_BASE, _VERSION, base)
        if found != number:
            raise ModelError(f"the base of the station's watch is number {found}, not {number}: start it empty")
        if tuple(parameters) != self.config.parameters:
            raise ModelError("the station has other parameters than when its watch was stored: start it empty")
        self._base = number
        self._adopt(assessors)
        self._set_slow_state(slow)

    def _assessors(self) -> tuple[StationAssessor, StationAssessor | None]:
        c = self.config
        return StationAssessor(c, c.active), None if c.shadow is None else StationAssessor(c, c.shadow)

    def _adopt(self, memories: Sequence[Any]) -> None:
        """Give each assessor the memory of its artefact; a new one, that of the active assessor."""
        by_hash = {state[0]: state for state in reversed(memories)}
        for assessor in (self.active, self.shadow):
            if assessor is not None:
                assessor.set_state(by_hash.get(assessor.learnt.sha256, memories[0]))

    def _slow_state(self) -> Any:
        findings = [[f.parameter, f.reason, f.cls, f.since_s, f.at_s, f.probability, *f.text] for f in self.findings]
        return [self._looked_s, self._slow.state(), findings]

    def _set_slow_state(self, state: Any) -> None:
        self._looked_s, slow, findings = state
        self._slow.set_state(slow)
        self.findings = [
            Finding(p, Reason(reason), TriageClass(cls), since_s, at_s, Bilingual(*text), probability)
            for p, reason, cls, since_s, at_s, probability, *text in findings
        ]

    def _look(self, row: Watched, values: Floats) -> list[Finding]:
        """Return what the slow watches find at a row; within a minute, what they found before."""
        if row.at_s - self._looked_s >= SLOW_STEP_S:
            self._looked_s = row.at_s
            self.findings = self._slow.push(row.at_s, *as_reported(values, row.odd))
        return self.findings

    def _watched(self, row: Row, charted: bool, beside: tuple[int, int]) -> Watched:
        at_s = row.observed_at.timestamp()
        values, odd, absent, calibrating, faulty = reported(row, self.config.parameters)
        before, self._held = self._held, [(at_s, value, False) for value in values]
        for j, (held_at, held, new) in enumerate(before):
            if not (j in absent or (new and isnan(values[j]))):
                continue
            # Of a sensor that reports less often than others, or later: the last value while it is young.
            self._held[j] = held_at, held, False
            if at_s - held_at < 1.5 * self.config.cadences_s[j] and not isnan(held):
                values[j] = held
                if not new:
                    odd.append([j, nan, MEASURING])
        charted, self._late_alarm, self._newest_s = charted or self._late_alarm, False, at_s
        if calibrating:
            self._calibrated_s = at_s
        return Watched(at_s, values, calibrating, faulty, charted, *beside, at_s - self._calibrated_s, odd)

    def look(self, rows: Sequence[Row], charted: Sequence[bool], beside: tuple[int, int]) -> Looked:
        """Return the next rows as they are assessed. What comes after a newer one counts with the next."""
        watched: list[Watched] = []
        turns: list[int] = []
        for row, on in zip(rows, charted, strict=True):
            if row.observed_at.timestamp() > self._newest_s:
                watched.append(self._watched(row, on, beside))
            else:
                self._hold(row, on)
            turns.append(len(watched))
        return self._looked(watched, turns)

    def _hold(self, row: Row, charted: bool) -> None:
        """Keep what came after a newer row, for the next one."""
        for j, value in enumerate(reported(row, self.config.parameters).usable):
            if not isnan(value):
                self._held[j] = self._newest_s, value, True
        self._late_alarm |= charted

    def _looked(self, rows: Sequence[Watched], turns: Sequence[int]) -> Looked:
        values = np.array([row.values for row in rows])
        times = np.array([round(row.at_s * 1e9) for row in rows], dtype="datetime64[ns]")
        if rows:
            self.found = [self._look(row, values[i]) for i, row in enumerate(rows)]
        return Looked(self, rows, values, self.found, turns, times)

    def judged(
        self, looked: Looked, active: Scored | Exception | None, shadow: Scored | Exception | None
    ) -> list[RowAssessment]:
        """Assess rows of which ``active`` and ``shadow`` are what was made by the two assessors, or why one failed."""
        if isinstance(active, Exception):
            raise active
        out = [self._last]
        if active is not None:
            assessments = self.active.assess(active, looked.rows, looked.values, looked.found)
            beside = self._beside(looked, shadow)
            for i, (assessment, found) in enumerate(zip(assessments, looked.found, strict=True)):
                self._count(assessment, None if beside is None else beside[i])
                out.append(replace(assessment, findings=tuple(found)) if found else assessment)
        self._last = out[-1]
        self._rows += map(_raw, looked.rows)
        return [out[n] for n in looked.turns]

    def _beside(self, looked: Looked, scored: Scored | Exception | None) -> list[RowAssessment] | None:
        """Return the shadow's assessments. A candidate that fails is let go, and the active model goes on."""
        if self.shadow is None or scored is None:
            return None
        given = looked.rows, looked.values, looked.found
        said = scored if isinstance(scored, Exception) else tried(partial(self.shadow.assess, scored, *given))
        if not isinstance(said, Exception):
            return said
        self.shadow, self.shadow_failed = None, said
        return None

    def _count(self, assessment: RowAssessment, other: RowAssessment | None) -> None:
        active, mine, paging = self.active, assessment.triage is not None, pages(assessment)
        if other is not None and self.shadow is not None:
            c, theirs, their_paging = self._counts, other.triage is not None, pages(other)
            c.rows += 1
            c.alarms_active += mine and not active.alarmed
            c.pages_active += paging and not active.paging
            c.alarms_shadow += theirs and not self.shadow.alarmed
            c.pages_shadow += their_paging and not self.shadow.paging
            c.rows_both += mine and theirs
            c.rows_active += mine and not theirs
            c.rows_shadow += theirs and not mine
            self.shadow.alarmed, self.shadow.paging = theirs, their_paging
        active.alarmed, active.paging = mine, paging


Pushed = tuple[StationWatch, Sequence[Row], Sequence[bool], tuple[int, int]]
"""A station, its next rows, for each whether a chart is in alarm, and the neighbour stations that report, and those of
them with an open anomaly."""


def push_together(asked: Sequence[Pushed]) -> list[list[RowAssessment] | Exception]:
    """Assess the next rows of several stations, each as by itself; in the place of one that failed stands why.

    What comes after a newer row is judged as that, and counts with the next.
    """
    return _assessed([tried(partial(watch.look, rows, charted, beside)) for watch, rows, charted, beside in asked])


class Looked(NamedTuple):
    """Rows of a station that the slow watches have looked at."""

    watch: StationWatch
    rows: Sequence[Watched]
    values: Floats
    found: Sequence[Sequence[Finding]]
    turns: Sequence[int]
    """Of each row that came: how many are assessed when it is. What came after a newer one is judged as that."""
    times: Times


def _assessed(looked: Sequence[Looked | Exception]) -> list[list[RowAssessment] | Exception]:
    active, shadow = _scored(looked, lambda watch: watch.active), _scored(looked, lambda watch: watch.shadow)
    return [
        one if isinstance(one, Exception) else tried(partial(one.watch.judged, one, active.get(i), shadow.get(i)))
        for i, one in enumerate(looked)
    ]


def _scored(
    looked: Sequence[Looked | Exception], of: Callable[[StationWatch], StationAssessor | None]
) -> dict[int, Scored | Exception]:
    """Return what assessors make of rows, all of them in one go, by the place of the rows."""
    asked = {
        i: (assessor.scorer, one.times, one.values)
        for i, one in enumerate(looked)
        if isinstance(one, Looked) and one.rows and (assessor := of(one.watch)) is not None
    }
    return dict(zip(asked, all_or_each(list(asked.values()), pipeline.push_together), strict=True))


def _raw(row: Watched) -> msgspec.Raw:
    return msgspec.Raw(_encode(row))

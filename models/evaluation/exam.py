"""The field exam: what runs at a station, over water whose events are known, counted as the centre feels it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from models.evaluation.families.base import Run
from models.evaluation.metrics.counts import Counts, ratio
from models.evaluation.metrics.events import GRACE
from models.protocol import TriageClass
from models.series import Bools, Event, by_row, inside, stretches

_MONTH = np.timedelta64(30, "D")
SLUGS_PER_MONTH = 0.5
"""How often a station is polluted in the field, as assumed for the precision of pages: once in two months."""
_RESAMPLES = 500
_WORK_ITEM = {TriageClass.FAULT, TriageClass.MAINTENANCE, TriageClass.COMMUNICATION, TriageClass.FALSIFICATION}
Exam = Mapping[str, float | None]
"""The figures by their names."""
TARGETS: Mapping[str, tuple[float, bool]] = {
    "false_pages_per_station_month": (0.3, False),
    "share_of_rows_in_alarm": (0.05, False),
    "pollution_paged": (0.85, True),
    "median_delay_min": (20.0, False),
    "triage_accuracy": (0.85, True),
}
"""Limit of a figure, and whether it is the least (else the most)."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One injected event: whether it began in a stretch without an alarm, and what was said from its start on."""

    kind: str
    cls: TriageClass
    clean: bool
    alarmed: bool
    paged_min: float | None
    """Minutes from its start to the call; ``None``: nobody was called."""
    right: bool | None
    """Whether it was taken for what it is; ``None``: no alarm began in it."""


@dataclass(frozen=True, slots=True)
class Count(Counts):
    """What was counted of one series. Rows that count are those after the warm-up that no label of its own names."""

    quiet_rows: int = 0
    """Rows that count, outside all events and the hour after them,"""
    alarm_rows: int = 0
    """and of these: in alarm."""
    months: float = 0.0
    alarms: int = 0
    false_pages: int = 0
    seen: tuple[Seen, ...] = ()


def examine(run: Run) -> Count:
    """Count one series with known events."""
    series, alarm = run.series, by_row(run.result.alarm[:, run.series.target_places])
    counted = series.counted
    quiet = counted & ~inside(series.times, (replace(event, end=event.end + GRACE) for event in series.events))
    calls = [i.paged for i in run.result.triage if i.paged is not None and counted[series.times == i.paged].any()]
    polluted = [e for e in series.events if e.cls is TriageClass.POLLUTION]
    false = sum(not any(e.start <= at <= e.end + GRACE for e in polluted) for at in calls)
    span = series.times[-1] - series.times[min(series.probation_rows, len(series.times) - 1)]
    begun = [a for a, _ in stretches(alarm) if counted[a]]
    return Count(
        int(quiet.sum()), int((quiet & alarm).sum()), float(span / _MONTH), len(begun), false,
        tuple(_seen(run, alarm, e) for e in series.events if e.cls is not None),
    )  # fmt: skip


def _seen(run: Run, alarm: Bools, event: Event) -> Seen:
    times, cls = run.series.times, event.cls or TriageClass.UNKNOWN
    before = (times < event.start) & (times >= event.start - GRACE)
    during = run.series.within(event)
    clean = not (alarm & before).any()
    paged = [i.paged for i in run.result.triage if i.paged is not None and event.start <= i.paged <= event.end + GRACE]
    said = [i for i in run.result.triage if event.start <= i.start <= event.end]
    found = [f for f in run.result.findings if f.start <= event.end and f.end >= event.start]
    judged = said[0].cls if said else found[0].cls if found and cls is not TriageClass.POLLUTION else None
    same = judged is cls or (judged in _WORK_ITEM and cls in _WORK_ITEM)
    delay = float((min(paged) - event.start) / np.timedelta64(60, "s")) if paged else None
    return Seen(event.kind, cls, clean, bool((alarm & during).any()), delay, None if judged is None else same)


def figures(counts: Sequence[Count]) -> Exam:
    """Return the figures of several series together; ``None`` where one is not defined."""
    total = sum(counts, Count())
    months = total.months
    slugs = [s for s in total.seen if s.cls is TriageClass.POLLUTION and s.clean]
    judged = [s.right for s in total.seen if s.clean and s.right is not None]
    delays = [s.paged_min for s in slugs if s.paged_min is not None]
    paged = ratio(len(delays), len(slugs))
    false = ratio(total.false_pages, months)
    true = None if paged is None else SLUGS_PER_MONTH * paged
    return {
        "station_months": months,
        "alarms_per_station_month": ratio(total.alarms, months),
        "false_pages_per_station_month": false,
        "share_of_rows_in_alarm": ratio(total.alarm_rows, total.quiet_rows),
        "pollutions_from_quiet": float(len(slugs)),
        "pollution_alarmed": ratio(sum(s.alarmed for s in slugs), len(slugs)),
        "pollution_paged": paged,
        "median_delay_min": float(np.median(delays)) if delays else None,
        "page_precision_in_the_field": None if true is None or false is None else ratio(true, true + false),
        "triage_accuracy": ratio(sum(judged), len(judged)),
    }


def by_kind(counts: Sequence[Count]) -> dict[str, tuple[int, int, int]]:
    """Return by kind of event: how many began in quiet, how many of them were alarmed, and how many paged."""
    seen = [s for c in counts for s in c.seen if s.clean]
    number, alarmed = Counter(s.kind for s in seen), Counter(s.kind for s in seen if s.alarmed)
    paged = Counter(s.kind for s in seen if s.paged_min is not None)
    return {kind: (number[kind], alarmed[kind], paged[kind]) for kind in sorted(number)}


def intervals(counts: Sequence[Count]) -> dict[str, tuple[float, float]]:
    """Return the 90 % interval of each figure by resampling the series (sites): nothing for fewer than two."""
    if len(counts) < 2:
        return {}
    rng = np.random.default_rng(1)
    drawn = [figures([counts[i] for i in rng.integers(0, len(counts), len(counts))]) for _ in range(_RESAMPLES)]
    out = {}
    for name in drawn[0]:
        known = [v for f in drawn if (v := f[name]) is not None]
        if known:
            out[name] = (float(np.quantile(known, 0.05)), float(np.quantile(known, 0.95)))
    return out


@dataclass(frozen=True, slots=True)
class Failing:
    """A figure of the exam that misses its target, and is worse than with what is active."""

    name: str
    candidate: float
    active: float | None

    def __str__(self) -> str:
        target, least = TARGETS[self.name]
        bound = "at least" if least else "at most"
        now = "not defined" if self.active is None else f"{self.active:.3g}"
        return f"{self.name.replace('_', ' ')} {self.candidate:.3g} (active {now}, wanted {bound} {target:g})"


def failing(candidate: Exam, active: Exam) -> list[Failing]:
    """Return the figures that miss their target, for which a candidate is refused; one that is not defined misses none.

    Where what is active misses a target as well, a candidate passes that is no worse: else nothing could ever get
    better by steps.

    >>> active = {"pollution_paged": 0.9, "share_of_rows_in_alarm": 0.08}
    >>> [str(f) for f in failing({"pollution_paged": 0.5, "share_of_rows_in_alarm": 0.07}, active)]
    ['pollution paged 0.5 (active 0.9, wanted at least 0.85)']
    """
    out = []
    for name, (bound, least) in TARGETS.items():
        new, old = candidate.get(name), active.get(name)
        if new is None or (new >= bound if least else new <= bound):
            continue
        if old is None or (new < old if least else new > old):
            out.append(Failing(name, new, old))
    return out

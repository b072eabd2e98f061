"""How well alarms are told apart: fault or pollution, and what an officer would have been paged for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from models.evaluation.metrics.counts import Counts, ratio
from models.evaluation.metrics.events import GRACE
from models.protocol import TriageClass
from models.series import Event, Times, TriagedInterval

MISSED = "missed"
NO_EVENT = "no_event"

_WORK_ITEM = {TriageClass.FAULT, TriageClass.MAINTENANCE, TriageClass.COMMUNICATION}
"""Classes that mean "the instrument, not the water": a label "fault" is met by each of them."""


@dataclass(frozen=True, slots=True)
class TriageCount(Counts):
    """Pairs of what was true and what was said; ``missed`` and ``no_event`` stand for the missing side."""

    pairs: Counter[tuple[str, str]] = field(default_factory=Counter)
    pages: int = 0
    true_pages: int = 0

    @property
    def accuracy(self) -> float | None:
        """Share of the detected events whose alarm was judged right (fault, maintenance and communication are one)."""
        judged = {k: n for k, n in self.pairs.items() if MISSED not in k and NO_EVENT not in k}
        return ratio(sum(n for (true, said), n in judged.items() if _same(true, said)), sum(judged.values()))

    def figures(self) -> Mapping[str, float | dict[str, dict[str, int]] | None]:
        """Return the figures; ``None`` where one is not defined.

        Of the pollutions the shares that were alarmed at all, and alarmed and judged as such; of the pages (alarms
        taken for pollution) the share that touched one or its grace; and the counts as truth -> judgement -> number.
        """
        polluted = {said: n for (true, said), n in self.pairs.items() if true == TriageClass.POLLUTION}
        total = sum(polluted.values())
        truths = sorted({true for true, _ in self.pairs})
        return {
            "triage_accuracy": self.accuracy,
            "pollution_event_recall": 1 - polluted.get(MISSED, 0) / total if total else None,
            "pollution_triage_recall": ratio(polluted.get(TriageClass.POLLUTION, 0), total),
            "pollution_triage_precision": ratio(self.true_pages, self.pages),
            "confusion_matrix": {
                t: {said: n for (true, said), n in sorted(self.pairs.items()) if true == t} for t in truths
            },
        }


def count_triage(events: Sequence[Event], judged: Sequence[TriagedInterval], alarmed: Times) -> TriageCount:
    """Match each event to the judged alarm that overlaps it longest (the earliest among equals).

    ``alarmed`` holds the instants of all alarmed rows: an event with an alarmed row that nobody judged is "unknown".
    """
    pairs: Counter[tuple[str, str]] = Counter()
    for event in events:
        if event.cls is not None:
            pairs[str(event.cls), _said(event, judged, alarmed)] += 1
    for interval in judged:
        if not any(_touches(event, interval) for event in events):
            pairs[NO_EVENT, str(interval.cls)] += 1
    pages = [i for i in judged if i.cls == TriageClass.POLLUTION]
    wanted = [e for e in events if e.cls == TriageClass.POLLUTION]
    true_pages = sum(any(_touches(e, i) for e in wanted) for i in pages)
    return TriageCount(pairs, len(pages), true_pages)


def _said(event: Event, judged: Sequence[TriagedInterval], alarmed: Times) -> str:
    if not ((alarmed >= event.start) & (alarmed <= event.end)).any():
        return MISSED
    touching = [i for i in judged if i.start <= event.end and i.end >= event.start]
    if not touching:
        return str(TriageClass.UNKNOWN)
    return str(max(touching, key=lambda i: min(i.end, event.end) - max(i.start, event.start)).cls)


def _touches(event: Event, interval: TriagedInterval) -> bool:
    return bool(interval.start <= event.end + GRACE and interval.end >= event.start)


def _same(true: str, said: str) -> bool:
    return true == said or (true == TriageClass.FAULT and said in _WORK_ITEM)

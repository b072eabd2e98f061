"""What officers would have been called for: pages, their precision and recall, how soon, and how often for nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.evaluation.metrics.events import GRACE
from models.protocol import TriageClass
from models.series import Event, Times, TriagedInterval

BIG = 2.0
"""Multiple of the usual level from which a slug must be alarmed soon."""
SOON_MIN = 15.0
_ONSET = 0.1
"""Share of its duration in which a simulated slug rises to its full height."""
_MONTH = np.timedelta64(30, "D")


@dataclass(frozen=True, slots=True)
class PageCount:
    """Counts that add up over stations. Delays are minutes from the full height of a big slug; missed ones are inf."""

    pages: int = 0
    true_pages: int = 0
    events: int = 0
    paged_events: int = 0
    delays: tuple[float, ...] = ()
    delays_of_pages: tuple[float, ...] = ()
    months: float = 0.0

    def __add__(self, other: PageCount) -> PageCount:
        return PageCount(
            self.pages + other.pages, self.true_pages + other.true_pages, self.events + other.events,
            self.paged_events + other.paged_events, self.delays + other.delays,
            self.delays_of_pages + other.delays_of_pages, self.months + other.months,
        )  # fmt: skip

    def figures(self) -> dict[str, float | int | None]:
        """Return the figures; ``None`` where one is not defined."""
        big = len(self.delays)
        return {
            "page_precision": self.true_pages / self.pages if self.pages else None,
            "page_recall": self.paged_events / self.events if self.events else None,
            "pages": self.pages,
            "pollution_events": self.events,
            "false_pages_per_station_month": (self.pages - self.true_pages) / self.months if self.months else None,
            "big_slugs": big,
            "big_slugs_alarmed_soon": sum(d <= SOON_MIN for d in self.delays) / big if big else None,
            "big_slugs_paged_soon": sum(d <= SOON_MIN for d in self.delays_of_pages) / big if big else None,
            "big_slug_delay_median_min": _median(self.delays),
            "big_slug_page_delay_median_min": _median(self.delays_of_pages),
        }


def _median(delays: Sequence[float]) -> float | None:
    middle = float(np.median(delays)) if delays else float("inf")
    return middle if np.isfinite(middle) else None


def count_pages(times: Times, events: Sequence[Event], judged: Sequence[TriagedInterval], alarmed: Times) -> PageCount:
    """Count the pages of one station: alarms that were taken for pollution at any moment, from that moment on.

    A page is right if its alarm touches a pollution, or the hour after one; a pollution is paged if a page
    was open or opened during it. ``alarmed`` holds the instants of all alarmed rows.
    """
    pollutions = [e for e in events if e.cls is TriageClass.POLLUTION]
    pages = [(i.paged, i.end) for i in judged if i.paged is not None]
    right = sum(any(begin <= e.end + GRACE and end >= e.start for e in pollutions) for begin, end in pages)
    paged = sum(any(begin <= e.end and end >= e.start for begin, end in pages) for e in pollutions)
    big = [e for e in pollutions if e.magnitude is not None and e.magnitude >= BIG]
    return PageCount(
        len(pages), right, len(pollutions), paged,
        tuple(_delay(e, alarmed) for e in big), tuple(_delay(e, _open_from(pages, e)) for e in big),
        float((times[-1] - times[0]) / _MONTH) if len(times) else 0.0,
    )  # fmt: skip


def _open_from(pages: Sequence[tuple[np.datetime64, np.datetime64]], event: Event) -> Times:
    """Return from when on pages were open since an event began."""
    return np.array([max(begin, event.start) for begin, end in pages if end >= event.start], dtype="datetime64[ns]")


def _delay(event: Event, instants: Times) -> float:
    """Return the minutes from an event's full height to the first instant within it; infinite without one."""
    inside = instants[(instants >= event.start) & (instants <= event.end)]
    if not len(inside):
        return float("inf")
    full = event.start + (event.end - event.start) * _ONSET
    return max(float((inside.min() - full) / np.timedelta64(1, "m")), 0.0)

"""Pages by hand: which are right, which events were paged, how soon, how often for nothing."""

from __future__ import annotations

import numpy as np

from models.evaluation.metrics.pages import PageCount, count_pages
from models.protocol import TriageClass
from models.series import Event, Times, TriagedInterval

T0 = np.datetime64("2026-03-01T00:00:00", "ns")
POLLUTION, FAULT = TriageClass.POLLUTION, TriageClass.FAULT


def at(minutes: float) -> np.datetime64:
    return T0 + np.timedelta64(round(minutes * 60), "s")


def alarm(begin: float, end: float, cls: TriageClass, paged: float | None = None) -> TriagedInterval:
    return TriagedInterval(at(begin), at(end), cls, 0.9, paged=None if paged is None else at(paged))


TIMES: Times = T0 + np.arange(30 * 288 + 1) * np.timedelta64(300, "s")


def test_a_month_by_hand() -> None:
    #   slug x3    100..........300     full height at 120, alarmed at 125, paged at 130: right
    #   fault              500..520     paged at 505, taken back later: a false page all the same
    #   slug x1.5                   900..1000   never paged
    events = [
        Event(at(100), at(300), "slug", (), POLLUTION, 3.0), Event(at(500), at(520), "stuck", (), FAULT),
        Event(at(900), at(1000), "slug", (), POLLUTION, 1.5),
    ]  # fmt: skip
    judged = [alarm(125, 320, POLLUTION, 130), alarm(500, 530, FAULT, 505), alarm(905, 930, FAULT)]
    alarmed = np.array([at(m) for m in (*range(125, 320, 5), *range(500, 530, 5), *range(905, 930, 5))])
    found = count_pages(TIMES, events, judged, alarmed)
    assert (found.pages, found.true_pages, found.events, found.paged_events) == (2, 1, 2, 1)
    assert found.delays == (5.0,)
    assert found.delays_of_pages == (10.0,)
    figures = found.figures()
    assert figures["page_precision"] == 0.5
    assert figures["page_recall"] == 0.5
    assert figures["false_pages_per_station_month"] == 1.0
    assert figures["big_slugs_paged_soon"] == 1.0


def test_a_page_within_the_hour_after_an_event_is_its_own_and_a_missed_slug_is_never_soon() -> None:
    events = [Event(at(100), at(300), "slug", (), POLLUTION, 2.0)]
    found = count_pages(TIMES, events, [alarm(340, 350, POLLUTION, 340)], np.array([at(340)]))
    assert (found.true_pages, found.paged_events) == (1, 0)
    figures = found.figures()
    assert figures["big_slugs_alarmed_soon"] == 0.0
    assert figures["big_slug_delay_median_min"] is None


def test_counts_add_up_and_nothing_gives_no_figures() -> None:
    assert PageCount().figures()["page_precision"] is None
    both = PageCount(1, 1, 1, 1, (5.0,), (5.0,), 1.0) + PageCount(1, 0, 1, 0, (30.0,), (float("inf"),), 1.0)
    assert both.figures()["false_pages_per_station_month"] == 0.5
    assert both.figures()["big_slugs_alarmed_soon"] == 0.5

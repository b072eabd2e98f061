"""The overlap score and the triage counts, against drawings counted by hand."""

from __future__ import annotations

import numpy as np
import pytest

from models.evaluation.families.lro import overlap_confusion
from models.evaluation.metrics.points import Confusion
from models.evaluation.metrics.triage import count_triage
from models.protocol import TriageClass
from models.series import Event, TriagedInterval


def _mask(drawn: str) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    return np.array([c == "#" for c in drawn], dtype=np.bool_)


@pytest.mark.parametrize(
    ("truth", "alarm", "expected"),
    [
        # touching after widening: one group of rows 1-7, all true positives
        ("..###.....", ".....##...", Confusion(tp=7, tn=3)),
        # apart: rows 1-4 are missed, rows 6-8 false
        ("..##......", ".......#..", Confusion(fn=4, fp=3, tn=3)),
        ("..........", "..........", Confusion(tn=10)),
        # one detected sample inside a long label makes all of it right
        (".########.", "....#.....", Confusion(tp=10)),
        # at the edges there is nothing to widen into
        ("#.........", ".........#", Confusion(fn=2, fp=2, tn=6)),
    ],
)
def test_groups_of_the_widened_union_are_judged_as_a_whole(truth: str, alarm: str, expected: Confusion) -> None:
    assert overlap_confusion(_mask(truth), _mask(alarm)) == expected


def _at(minute: int) -> np.datetime64:
    return np.datetime64("2026-01-01T00:00", "ns") + np.timedelta64(minute, "m")


POLLUTION, FAULT = TriageClass.POLLUTION, TriageClass.FAULT
EVENTS = (
    Event(_at(0), _at(50), "organic_shock", (), POLLUTION),
    Event(_at(200), _at(240), "stuck", (), FAULT),
    Event(_at(400), _at(420), "spike", (), FAULT),
    Event(_at(600), _at(640), "solids", (), POLLUTION),
)
JUDGED = (
    TriagedInterval(_at(5), _at(10), FAULT, 0.6),
    TriagedInterval(_at(12), _at(60), POLLUTION, 0.9),  # longer: this is what the event was called
    TriagedInterval(_at(210), _at(230), TriageClass.MAINTENANCE, 0.8),  # an instrument matter, as labelled
    TriagedInterval(_at(405), _at(410), POLLUTION, 0.7),  # wrong, and a page for nothing
    TriagedInterval(_at(900), _at(910), POLLUTION, 0.7),  # a page for nothing
)
ALARMED = np.array([_at(m) for m in (7, 15, 215, 407, 905)])


def test_triage_is_counted_by_event() -> None:
    counts = count_triage(EVENTS, JUDGED, ALARMED)
    figures = counts.figures()
    assert figures["confusion_matrix"] == {
        "pollution": {"pollution": 1, "missed": 1},
        "fault": {"maintenance": 1, "pollution": 1},
        "no_event": {"pollution": 1},
    }
    assert figures["triage_accuracy"] == pytest.approx(2 / 3)
    assert figures["pollution_event_recall"] == pytest.approx(0.5)
    assert figures["pollution_triage_recall"] == pytest.approx(0.5)
    assert figures["pollution_triage_precision"] == pytest.approx(1 / 3)


def test_alarms_that_nobody_judged_are_unknown() -> None:
    figures = count_triage(EVENTS, (), ALARMED).figures()
    assert figures["confusion_matrix"]["pollution"] == {"missed": 1, "unknown": 1}  # type: ignore[index, call-overload]
    assert figures["triage_accuracy"] == 0.0
    assert figures["pollution_event_recall"] == 0.5


def test_triage_counts_add_up() -> None:
    both = count_triage(EVENTS, JUDGED, ALARMED) + count_triage(EVENTS, JUDGED, ALARMED)
    assert both.accuracy == pytest.approx(2 / 3)
    assert both.pages == 6

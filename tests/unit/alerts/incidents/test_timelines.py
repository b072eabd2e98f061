"""Drawn timelines of incidents: what is told, when, and why; expected by hand from the rules of docs/oncall.md."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from alerts.incidents.lifecycle import acknowledge, close, snooze
from alerts.incidents.reasons import Placing, Reason
from quantrac.domain.alerts import AlertKind, Severity
from quantrac.domain.incidents import (
    Extent,
    HoldWindow,
    Incident,
    IncidentCause,
    IncidentState,
    Outage,
    WindowKind,
)

from .conftest import MINUTE, START, Desk

HOUR = timedelta(hours=1)


def _window(kind: WindowKind, begins: float, ends: float, parameter: str = "", **more: object) -> HoldWindow:
    window = HoldWindow(1, kind, "A", parameter, START + begins * MINUTE, START + ends * MINUTE)
    return replace(window, **more)


def test_one_slug_is_one_incident_told_once(desk: Desk) -> None:
    # minute    0   2   4         20    25
    # NH4 anom  O........................R
    # COD limit     O..............R
    # TSS limit         O..........R
    # told      P                        E
    desk.opens(parameter="NH4", kind=AlertKind.ANOMALY)
    desk.passes(2)
    desk.opens(parameter="COD")
    desk.passes(2)
    desk.opens(parameter="TSS")
    desk.passes(16)
    desk.ends(parameter="COD")
    desk.ends(parameter="TSS")
    desk.passes(5)
    desk.ends(parameter="NH4")
    desk.passes(30)
    assert desk.story() == ["0 page opened", "25 end resolved"]
    assert desk.placed[:3] == [Placing.NEW, Placing.SAME_STATION, Placing.SAME_STATION]


def test_the_line_of_sixty_stations_fails_and_backfills(
    desk: Desk, silences: Callable[[Desk, list[str]], None]
) -> None:
    # minute        0     5 7      60            120   125    126...
    # 60 silences   OOOOOOO        E(scalated)   RRRRRRR
    # backfill                                           BBBB  retrospective findings of every station
    # told            P                                 E
    stations = [f"S{n:02}" for n in range(60)]
    for n in range(0, 60, 12):  # loggers send every five minutes: the cut is noticed over five
        silences(desk, stations[n : n + 12])
        desk.passes(1)
    desk.passes(55)
    for station in stations:
        desk.worsens(station, "", Severity.HIGH)
    desk.passes(60)
    for n in range(0, 60, 12):
        for station in stations[n : n + 12]:
            desk.ends(station, "")
        desk.passes(1)
    for station in stations:
        desk.opens(station, "COD", severity=Severity.CRITICAL, reason="retrospective", retrospective=True, page=False)
    desk.passes(120)
    assert desk.story() == ["2 page outage", "124 end resolved"]
    assert len(desk.incidents) == 1
    assert desk.incidents[1].extent is Extent.OUTAGE
    assert desk.placed[-60:] == [Placing.RETROSPECTIVE] * 60


@pytest.mark.parametrize("page", [True, False])
def test_a_single_silence_is_told_only_where_its_rule_pages(desk: Desk, page: bool) -> None:
    desk.opens("A", "", AlertKind.OFFLINE, page=page)
    desk.passes(30)
    desk.ends("A", "")
    desk.passes(10)
    assert desk.story() == (["2 page opened", "30 end resolved"] if page else [])


def test_what_an_outage_leaves_behind_is_told_once(desk: Desk, silences: Callable[[Desk, list[str]], None]) -> None:
    # A B C D silent; A B C back at minute 30; D stays: told once, 15 minutes later
    silences(desk, ["A", "B", "C", "D"])
    desk.passes(30)
    for station in "ABC":
        desk.ends(station, "")
    desk.passes(60)
    desk.ends("D", "")
    desk.passes(5)
    assert desk.story() == ["2 page outage", "45 update still_holds", "90 end resolved"]


@pytest.mark.parametrize("kind", [AlertKind.REVISION, AlertKind.FLOODING])
def test_many_stations_that_send_again_are_no_outage(desk: Desk, kind: AlertKind) -> None:
    # minute     0 0 0 0
    # revisions  O O O O      of four stations: work items
    # told
    for station in ("A", "B", "C", "D"):
        desk.opens(station, "", kind, page=False)
    desk.passes(30)
    assert desk.story() == []
    assert {i.extent for i in desk.incidents.values()} == {Extent.STATION}


def test_a_station_that_sends_what_cannot_be_used_is_not_silent(
    desk: Desk, silences: Callable[[Desk, list[str]], None]
) -> None:
    # minute    0   5
    # A TSS     O           no usable reading: a work item of a station that is heard
    # B C  D    O   O       silent
    # told          P       three are, from then on
    desk.opens("A", "TSS", AlertKind.DUE, page=False)
    silences(desk, ["B", "C"])
    desk.passes(5)
    assert desk.story() == []
    silences(desk, ["D"])
    desk.passes(30)
    assert desk.story() == ["5 page outage"]
    (outage,) = [i for i in desk.incidents.values() if i.extent is Extent.OUTAGE]
    assert outage.stations == outage.silent == ("B", "C", "D")


def test_a_declared_outage_gathers_what_cannot_be_used_as_well(desk: Desk) -> None:
    desk.outages.append(Outage(7, "line", "KCN 1", START - MINUTE))
    desk.opens("A", "TSS", AlertKind.DUE, page=True, park="KCN 1")
    desk.passes(30)
    (outage,) = desk.incidents.values()
    assert outage.extent is Extent.OUTAGE
    assert outage.outage == 7


def test_a_declared_outage_gathers_its_silences_however_late_they_come(desk: Desk) -> None:
    desk.outages.append(Outage(7, "line", "KCN 1", START - MINUTE))
    desk.opens("A", "", AlertKind.OFFLINE, page=False, park="KCN 1")
    desk.passes(40)
    desk.opens("B", "", AlertKind.OFFLINE, page=False, park="KCN 1")
    desk.opens("Z", "", AlertKind.OFFLINE, page=False, park="KCN 2")  # another park: not of this line
    desk.passes(5)
    assert desk.story() == ["2 page outage"]
    assert [i.stations for i in desk.incidents.values()] == [("A", "B"), ("Z",)]


def test_stations_of_a_park_are_one_incident_within_the_half_hour(desk: Desk) -> None:
    # A and B of one park within 20 minutes; C of the park 50 minutes after B: another incident
    desk.opens("A", park="KCN 1")
    desk.passes(20)
    desk.opens("B", park="KCN 1")
    desk.passes(50)
    desk.opens("C", park="KCN 1")
    desk.opens("X", park="KCN 2")
    desk.passes(1)
    assert desk.story() == ["0 page opened", "70 page opened", "70 page opened"]
    assert [i.stations for i in desk.incidents.values()] == [("A", "B"), ("C",), ("X",)]
    assert desk.incidents[1].extent is Extent.PARK


@pytest.mark.parametrize(
    ("pause", "told"),
    [(59, ["0 page opened", "10 end resolved", "69 page relapse"]),
     (61, ["0 page opened", "10 end resolved", "71 page opened"])],
)  # fmt: skip
def test_a_relapse_within_the_hour_opens_the_same_incident_again(desk: Desk, pause: int, told: list[str]) -> None:
    desk.opens()
    desk.passes(10)
    desk.ends()
    desk.passes(pause)
    desk.opens()
    desk.passes(1)
    assert desk.story() == told
    assert len(desk.incidents) == (1 if "relapse" in told[-1] else 2)


def test_flapping_is_told_a_last_time_until_it_is_calm(desk: Desk) -> None:
    # open 5, over 5, again and again:   P E  P E  P E  P(flapping) . . . . calm an hour: E
    for _ in range(8):
        desk.opens()
        desk.passes(5)
        desk.ends()
        desk.passes(5)
    desk.passes(120)
    assert desk.story() == [
        "0 page opened", "5 end resolved", "10 page relapse", "15 end resolved", "20 page relapse", "25 end resolved",
        "30 page flapping", "135 end calm",
    ]  # fmt: skip
    desk.opens()
    desk.passes(1)
    assert desk.story()[-1] == "200 page opened"


@pytest.mark.parametrize("kind", [WindowKind.MAINTENANCE, WindowKind.SILENCE])
def test_a_window_holds_pages_back_and_afterwards_tells_once_what_still_holds(desk: Desk, kind: WindowKind) -> None:
    # window      |=============|60
    # COD           O5.........................R90
    # NH4             O8...R20
    # told                       P60           E90
    desk.windows.append(_window(kind, 0, 60))
    desk.passes(5)
    desk.opens()
    desk.passes(3)
    desk.opens(parameter="NH4")
    desk.passes(12)
    assert desk.incidents[1].reason == ("silenced" if kind is WindowKind.SILENCE else "in_window")
    desk.ends(parameter="NH4")
    desk.passes(70)
    desk.ends()
    desk.passes(120)
    assert desk.story() == ["60 page still_holds", "90 end resolved"]


def test_what_ends_in_a_window_is_told_to_nobody(desk: Desk) -> None:
    desk.windows.append(_window(WindowKind.MAINTENANCE, 0, 60))
    desk.opens()
    desk.passes(30)
    desk.ends()
    desk.passes(90)
    assert desk.story() == []
    assert desk.incidents[1].reason == Reason.OVER.value


def test_a_window_of_one_sensor_holds_back_no_other(desk: Desk) -> None:
    desk.windows.append(_window(WindowKind.CALIBRATION, 0, 60, "COD"))
    desk.opens(parameter="COD")
    desk.passes(10)
    desk.opens(parameter="NH4")
    desk.passes(1)
    assert desk.story() == ["10 page still_holds"]


def test_a_weekly_window_returns_and_ends(desk: Desk) -> None:
    week = 7 * 24 * 60
    desk.windows.append(_window(WindowKind.MAINTENANCE, 0, 60, repeat_days=7, repeat_until=START + 2 * week * MINUTE))
    held = [desk.windows[0].contains(START + m * MINUTE) for m in (-1, 0, 59, 60, week - 1, week, week + 59, week + 60)]
    assert held == [False, True, True, False, False, True, True, False]
    assert not desk.windows[0].contains(START + 2 * week * MINUTE)


def test_paging_ends_with_the_acknowledgement_and_the_forgotten_comes_back(desk: Desk) -> None:
    # high: forgotten four hours after the last act
    desk.opens()
    desk.passes(5)
    desk.acts(lambda i: acknowledge(i, "an", desk.now).incident)
    desk.passes(235)
    assert desk.story() == ["0 page opened"]
    desk.passes(10)
    assert desk.story() == ["0 page opened", "245 page forgotten"]
    assert (desk.incidents[1].state, desk.incidents[1].holder) == (IncidentState.OPEN, "an")


def test_what_nobody_acknowledges_is_told_again(desk: Desk) -> None:
    desk.opens(severity=Severity.CRITICAL)
    desk.passes(121)
    assert desk.story() == ["0 page opened", "120 page unattended"]


def test_a_snooze_ends_by_itself_and_says_so(desk: Desk) -> None:
    desk.opens()
    desk.passes(1)
    desk.acts(lambda i: snooze(i, "an", desk.now + 30 * MINUTE, desk.now).incident)
    desk.passes(40)
    assert desk.story() == ["0 page opened", "31 update snooze_over"]
    assert desk.incidents[1].state is IncidentState.ACKNOWLEDGED


def test_graver_news_go_to_the_holder_and_page_where_nobody_has_it(desk: Desk) -> None:
    desk.opens("A")
    desk.opens("B")
    desk.passes(1)
    desk.acts(lambda i: acknowledge(i, "an", desk.now).incident)
    desk.worsens("A")
    desk.worsens("B")
    desk.passes(1)
    assert sorted(desk.story()) == ["0 page opened", "0 page opened", "1 page worse", "1 update worse"]


def test_the_mean_of_the_day_confirms_a_slug_and_pages_nobody_again(desk: Desk) -> None:
    # slug 10:00-10:30; the day's mean at midnight + 2 minutes, 14 hours later, holds it
    desk.opens()
    desk.passes(30)
    desk.ends()
    desk.passes(60)
    desk.acts(lambda i: close(i, "an", IncidentCause.POLLUTION, "", desk.now).incident)
    desk.passes(750)
    desk.opens(severity=Severity.CRITICAL, reason="mean_exceeded", lasted=24 * HOUR)
    desk.passes(300)
    assert desk.placed[-1] is Placing.MEAN_OF_SLUG
    assert desk.story() == ["0 page opened", "30 end resolved", "840 update worse"]
    assert desk.incidents[1].state is IncidentState.CLOSED


def test_a_mean_without_a_slug_pages_by_itself(desk: Desk) -> None:
    desk.opens(severity=Severity.CRITICAL, reason="mean_exceeded", lasted=24 * HOUR)
    desk.passes(1)
    assert desk.story() == ["0 page opened"]


def test_a_storm_becomes_a_digest(desk: Desk) -> None:
    # 200 stations at once: ten pages, a digest of 190; 5 more at minute 3 wait for minute 10
    for n in range(200):
        desk.opens(f"S{n}", severity=Severity.CRITICAL if n == 150 else Severity.HIGH)
    desk.passes(3)
    for n in range(5):
        desk.opens(f"T{n}")
    desk.passes(17)
    assert desk.pages() == 10 + 1 + 5
    assert desk.digests == [(0, 190)]
    assert [minute for minute, *_ in desk.told] == [0] * 11 + [10] * 5
    critical = next(i for i in desk.incidents.values() if i.severity is Severity.CRITICAL)
    assert critical.reason == "paged_already"  # the gravest are told by themselves


def _closed(desk: Desk, number: int = 1, cause: IncidentCause = IncidentCause.CALIBRATION) -> Incident:
    desk.acts(lambda i: close(i, "an", cause, "", desk.now).incident, number)
    return desk.incidents[number]


def test_what_an_officer_has_closed_stays_closed_and_what_comes_after_is_another(desk: Desk) -> None:
    # minute        0     5 5.5        15    16
    # COD limit     O....................... .
    # officer             C            told nothing while the alert only lasts
    # NH4 limit                        O
    # told          P                  P     after no. 1, closed at minute 5
    desk.opens(parameter="COD")
    desk.passes(5)
    closed = _closed(desk)
    desk.passes(10)
    assert desk.story() == ["0 page opened"]
    desk.opens(parameter="NH4")
    desk.passes(1)
    assert desk.story() == ["0 page opened", "15 page opened"]
    assert desk.incidents[1] == replace(closed, reason="over", members=desk.incidents[1].members)
    assert desk.incidents[2].after == closed.closing
    assert desk.placed[-1] is Placing.AFTER_CLOSED


@pytest.mark.parametrize(("pause", "after"), [(59, True), (61, False)])
def test_a_cause_recorded_after_the_end_is_not_taken_back(desk: Desk, pause: int, after: bool) -> None:
    # COD over at minute 10, closed with its cause at 20; the next slug pages, and says so within the hour
    desk.opens()
    desk.passes(10)
    desk.ends()
    desk.passes(10)
    closed = _closed(desk, cause=IncidentCause.PROCESS_UPSET)
    desk.passes(pause)
    desk.opens()
    desk.passes(1)
    assert desk.story() == ["0 page opened", "10 end resolved", f"{20 + pause} page opened"]
    assert desk.incidents[1].cause is IncidentCause.PROCESS_UPSET
    assert desk.incidents[2].after == (closed.closing if after else None)


def test_an_alert_of_a_closed_incident_is_told_once_it_is_graver(desk: Desk) -> None:
    # minute        0   5   7   60    300      days later
    # COD           O   .   w   .     .        w       w: a graver step; a work item that was closed as calibration
    # officer           C       C
    # told                  P         -        P
    desk.opens(page=False, severity=Severity.WARNING)
    desk.passes(5)
    _closed(desk)
    desk.passes(2)
    desk.turns_to_page()
    desk.passes(53)
    assert desk.story() == ["7 page opened"]
    assert desk.incidents[2].after == desk.incidents[1].closing
    second = _closed(desk, 2)
    desk.passes(240)
    assert desk.pages() == 1
    desk.now += timedelta(days=3)
    desk.worsens()
    desk.passes(1)
    assert [i.after for i in desk.incidents.values()] == [None, desk.incidents[1].closing, second.closing]
    assert desk.pages() == 2
    desk.ends()
    desk.passes(1)
    assert desk.story()[-1].endswith("end resolved")


@pytest.mark.parametrize("apart", [2, 90])
def test_closing_does_not_quiet_the_other_parameters_of_a_station(desk: Desk, apart: int) -> None:
    # COD anomaly   O....C..........    closed as calibration while it lasts
    # NH4 anomaly             O         the engine makes it a work item: it takes the officers to know
    # told          P         P
    desk.opens(kind=AlertKind.ANOMALY)
    desk.passes(5)
    _closed(desk)
    desk.passes(apart)
    desk.opens(parameter="NH4", kind=AlertKind.ANOMALY, page=False, reason="paged_by_incident")
    desk.passes(30)
    assert desk.story() == ["0 page opened", f"{5 + apart} page opened"]
    desk.opens(parameter="TSS", kind=AlertKind.ANOMALY, page=False, reason="paged_by_incident")
    desk.passes(5)
    desk.ends(parameter="NH4")
    desk.passes(5)
    assert desk.story()[2:] == [f"{40 + apart} end resolved"]  # TSS is left, as a work item
    desk.opens(parameter="pH", kind=AlertKind.ANOMALY, page=False, reason="paged_by_incident")
    desk.passes(5)
    assert desk.story()[3:] == [f"{45 + apart} page relapse"]  # what it was quieted by is in the closed one still


def test_an_outage_that_was_closed_is_told_once_more_when_its_silences_page(
    desk: Desk, silences: Callable[[Desk, list[str]], None]
) -> None:
    stations = [f"S{n}" for n in range(5)]
    silences(desk, stations)
    desk.passes(10)
    _closed(desk, cause=IncidentCause.COMMUNICATION)
    desk.passes(50)
    for station in stations:
        desk.turns_to_page(station, "")
    desk.passes(30)
    assert desk.story() == ["2 page outage", "62 page outage"]
    assert desk.incidents[1].cause is IncidentCause.COMMUNICATION
    assert desk.incidents[2].stations == tuple(stations)


@pytest.mark.parametrize("closed", [False, True])
def test_the_mean_of_what_was_told_to_nobody_is_told(desk: Desk, closed: bool) -> None:
    # NH4 anomaly   O...R          a work item
    # day mean                 O   of that day: nobody was told of anything that it could confirm
    desk.opens(parameter="NH4", kind=AlertKind.ANOMALY, page=False)
    desk.passes(30)
    desk.ends(parameter="NH4")
    desk.passes(5)
    if closed:
        _closed(desk)
    desk.passes(600)
    desk.opens(reason="mean_exceeded", lasted=24 * HOUR)
    desk.passes(1)
    assert desk.story() == ["635 page opened"]


@pytest.mark.parametrize("closed", [True, False])
def test_a_mean_of_what_a_window_held_back_is_told_although_another_parameter_was(desk: Desk, closed: bool) -> None:
    # minute     0    5         100    130     600
    # pH limit   O....C...................         told; closed as a fault while it lasts, or over by itself
    # COD limit                 O......R           in an announced maintenance: told to nobody
    # told       P                             P   the mean of the day: of COD nobody knows
    desk.windows = [_window(WindowKind.MAINTENANCE, 90, 140)]
    desk.opens(parameter="pH", severity=Severity.CRITICAL)
    desk.passes(5)
    if closed:
        _closed(desk, cause=IncidentCause.SENSOR_FAULT)
    else:
        desk.ends(parameter="pH")
    desk.passes(95)
    desk.opens(parameter="COD")
    desk.passes(30)
    desk.ends(parameter="COD")
    desk.passes(470)
    before = desk.pages()
    desk.opens(severity=Severity.CRITICAL, reason="mean_exceeded", lasted=24 * HOUR)
    desk.passes(1)
    assert (before, desk.story()[-1]) == (1, "600 page opened")
    assert desk.incidents[3].after == (desk.incidents[1].closing if closed else None)


def test_a_mean_confirms_no_closed_incident_of_another_parameter(desk: Desk) -> None:
    desk.opens(parameter="pH", severity=Severity.CRITICAL)
    desk.passes(5)
    closed = _closed(desk, cause=IncidentCause.SENSOR_FAULT)
    desk.passes(595)
    desk.opens(severity=Severity.CRITICAL, reason="mean_exceeded", lasted=24 * HOUR)
    desk.passes(1)
    assert desk.story() == ["0 page opened", "600 page opened"]
    assert desk.incidents[2].after == closed.closing


def test_a_mean_in_a_window_is_told_after_it_although_what_it_holds_was_told_to_nobody(desk: Desk) -> None:
    # minute      0     10   20   30
    # COD limit   O..........R         in a maintenance until minute 30
    # mean              O...........
    # told                        P    it holds still
    desk.windows = [_window(WindowKind.MAINTENANCE, -5, 30)]
    desk.opens()
    desk.passes(10)
    desk.opens(severity=Severity.CRITICAL, reason="mean_exceeded", lasted=24 * HOUR)
    desk.passes(10)
    desk.ends()
    desk.passes(20)
    assert desk.story() == ["30 page still_holds"]


def test_a_work_item_tells_nobody_until_an_alert_that_pages_joins(desk: Desk) -> None:
    desk.opens(parameter="COD", severity=Severity.WARNING, page=False)
    desk.passes(20)
    assert desk.incidents[1].reason == "work_item"
    desk.worsens(parameter="COD", severity=Severity.HIGH)
    desk.passes(5)
    assert desk.story() == []
    desk.opens(parameter="NH4")
    desk.passes(1)
    assert desk.story() == ["25 page opened"]


@pytest.mark.parametrize("aside", [False, True])
def test_a_work_item_that_is_taken_stays_until_its_alert_ends_and_pages_when_one_does(desk: Desk, aside: bool) -> None:
    # COD (work item)   O...........................R40
    # taken, or aside     T5
    # NH4                                O30 (pages)
    desk.opens(parameter="COD", severity=Severity.WARNING, page=False)
    desk.passes(5)
    desk.acts(
        lambda i: (snooze(i, "an", desk.now + 4 * HOUR, desk.now) if aside else acknowledge(i, "an", desk.now)).incident
    )
    desk.passes(25)
    assert desk.story() == []
    assert desk.incidents[1].state.value == ("snoozed" if aside else "acknowledged")
    desk.opens(parameter="NH4", severity=Severity.WARNING)
    desk.passes(1)
    assert desk.story() == ["30 page opened"]
    assert desk.incidents[1].state.value == "open"


def test_who_has_taken_a_work_item_hears_of_its_end(desk: Desk) -> None:
    desk.opens(page=False)
    desk.passes(5)
    desk.acts(lambda i: acknowledge(i, "an", desk.now).incident)
    desk.passes(5)
    desk.ends()
    desk.passes(1)
    assert desk.story() == ["10 end resolved"]


def test_a_clock_moved_back_tells_nothing_twice(desk: Desk) -> None:
    desk.opens()
    desk.passes(10)
    desk.now -= 2 * HOUR
    desk.passes(60)
    assert desk.story() == ["0 page opened"]


def test_changes_of_alerts_from_before_incidents_are_named(desk: Desk) -> None:
    desk.opens()
    desk._changes.clear()
    desk.ends()
    desk.step()
    assert desk.placed == [Placing.NOT_OF_INCIDENT]


def test_a_work_item_delays_no_end_and_pages_when_it_grows(desk: Desk) -> None:
    # COD         O......R10
    # NH4           O5 (work item)......... becomes a page at 70
    desk.opens(parameter="COD")
    desk.passes(5)
    desk.opens(parameter="NH4", page=False, severity=Severity.WARNING)
    desk.passes(5)
    desk.ends(parameter="COD")
    desk.passes(60)
    assert desk.story() == ["0 page opened", "10 end resolved"]
    desk.turns_to_page(parameter="NH4")
    desk.passes(5)
    assert desk.story()[2:] == ["70 page relapse"]

"""The table of alerts owns what is open: a lost, stale or contradicting memory neither mutes nor leaves open."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from alerts.engine import StationAlerts
from alerts.escalation import Reason
from alerts.rules import Rule, Step
from alerts.withdrawal import InForce, withdrawn
from quantrac.domain.alerts import AlertKey, AlertKind, OpenAlert, Severity, Transition, TransitionKind
from quantrac.domain.channels import Channel, ChannelKind
from quantrac.domain.limits import LimitSet, Window
from quantrac.domain.readings import CheckedReading
from quantrac.domain.stations import Sensor, Station

CODE = "DT_KCNSADEC_NUOSXL"
KEY = AlertKey(CODE, "COD", "limit")
Parts = tuple[Station, tuple[Rule, ...], tuple[LimitSet, ...]]


@pytest.fixture
def parts(station: Station, rules: tuple[Rule, ...], limit_sets: tuple[LimitSet, ...]) -> Parts:
    return station, rules, limit_sets


@pytest.fixture
def in_table(at: Any) -> OpenAlert:
    """Beyond the limit since index 0, told at index 1; the newest reading stored is of index 5."""
    return OpenAlert(
        KEY,
        AlertKind.LIMIT,
        Severity.HIGH,
        level=3,
        paged=True,
        since=at(0),
        opened_at=at(1),
        peak=130.0,
        seen_at=at(5),
    )


def run(alerts: StationAlerts, readings: Iterable[CheckedReading]) -> list[Transition]:
    return [t for reading in readings for t in alerts.evaluate(reading)]


def kinds(transitions: Iterable[Transition]) -> list[tuple[str, bool]]:
    return [(t.kind.value, t.page) for t in transitions]


@pytest.mark.parametrize("snapshot", [None, b"\xc1 of another version"])
def test_r2_a_lost_memory_goes_on_from_the_table_and_the_alert_ends(
    parts: Parts, checked: Any, in_table: OpenAlert, snapshot: bytes | None
) -> None:
    # index  5     | memory lost |  6   7  8  9
    # COD    120                   120 50 50 50     limit 90: nothing new at 6, over at 9, worst value of before
    alerts = StationAlerts(*parts, snapshot, [in_table])
    assert run(alerts, [checked(6, 120.0)]) == []
    (ended,) = run(alerts, (checked(i, 50.0) for i in (7, 8, 9)))
    assert (ended.kind, ended.key, ended.page, ended.peak) == (TransitionKind.RESOLVED, KEY, True, 130.0)
    assert ended.explanation.vi.endswith("giá trị xấu nhất 130 mg/L")
    # and the next incident is told
    assert ("opened", True) in kinds(run(alerts, (checked(i, 120.0) for i in (20, 21))))


def test_r2_a_worse_value_after_a_lost_memory_is_the_worst(parts: Parts, checked: Any, in_table: OpenAlert) -> None:
    alerts = StationAlerts(*parts, None, [in_table])
    run(alerts, [checked(6, 125.0)])
    assert alerts.take_peaks() == {}
    run(alerts, [checked(7, 140.0)])
    assert alerts.take_peaks() == {KEY: 140.0}


def test_r2_what_the_table_has_closed_is_closed_and_the_next_incident_pages(parts: Parts, checked: Any) -> None:
    # index      0   1 (told)  2   | the table says that it is closed |  3
    before = StationAlerts(*parts)
    run(before, (checked(i, 120.0) for i in range(3)))
    alerts = StationAlerts(*parts, before.snapshot(), [])
    assert kinds(run(alerts, [checked(3, 120.0)])) == [("opened", True)]


def test_r2_who_was_paged_stands_in_the_table(parts: Parts, checked: Any, in_table: OpenAlert) -> None:
    before = StationAlerts(*parts)
    run(before, (checked(i, 120.0) for i in range(3)))
    alerts = StationAlerts(*parts, before.snapshot(), [replace(in_table, paged=False)])
    (ended,) = run(alerts, (checked(i, 50.0) for i in (3, 4, 5)))
    assert not ended.page


@pytest.mark.parametrize(
    ("severity", "paged", "then"),
    [(Severity.INFO, False, [("escalated", True)]), (Severity.WARNING, False, [("escalated", True)]),
     (Severity.HIGH, True, [])],
)  # fmt: skip
def test_r2_an_alert_of_an_older_version_has_the_step_of_its_severity(
    parts: Parts, checked: Any, in_table: OpenAlert, severity: Severity, paged: bool, then: list[tuple[str, bool]]
) -> None:
    alerts = StationAlerts(*parts, None, [replace(in_table, level=0, severity=severity, paged=paged)])
    assert kinds(run(alerts, (checked(i, 120.0) for i in (6, 7)))) == then


@pytest.mark.parametrize("remembered", [True, False])
@pytest.mark.parametrize("weeks", [0.2, 3])
def test_r2_after_a_gap_it_is_another_incident_and_pages(
    parts: Parts, checked: Any, in_table: OpenAlert, remembered: bool, weeks: float
) -> None:
    # COD    120 120 120   (three weeks of nothing)   120 120
    before = StationAlerts(*parts)
    run(before, (checked(i, 120.0) for i in range(3)))
    snapshot = before.snapshot() if remembered else None
    alerts = StationAlerts(*parts, snapshot, [replace(in_table, seen_at=in_table.opened_at)])
    later = weeks * 7 * 288
    found = run(alerts, (checked(later + i, 120.0) for i in range(2)))
    assert [(t.kind.value, t.reason, t.page) for t in found] == [
        ("resolved", Reason.UNSEEN, True),
        ("opened", Reason.HELD, True),
    ]
    assert "không rõ sự việc kết thúc lúc nào" in found[0].explanation.vi


def test_r2_an_alert_that_lasts_for_days_is_one_alert(parts: Parts, checked: Any) -> None:
    assert kinds(run(StationAlerts(*parts), (checked(i, 120.0) for i in range(3 * 288)))) == [("opened", True)]


def test_r2_means_and_silence_are_not_the_engines(parts: Parts, checked: Any, in_table: OpenAlert) -> None:
    others = [replace(in_table, key=replace(KEY, rule=rule)) for rule in ("day_mean", "hour_mean", "nobody's")]
    silent = replace(in_table, key=AlertKey(CODE, "", "offline"), kind=AlertKind.OFFLINE)
    assert run(StationAlerts(*parts, None, [*others, silent]), (checked(i, 50.0) for i in range(6, 12))) == []


# What nothing can end any more. "Today" is the day of index 0.
OF_WINDOW = [
    ("limit", AlertKind.LIMIT, "COD"),
    ("anomaly", AlertKind.ANOMALY, "COD"),
    ("fault", AlertKind.FAULT, "COD"),
    ("hour_mean", AlertKind.LIMIT, "COD"),
    ("day_mean", AlertKind.LIMIT, "COD"),
    ("day_mean.retrospective", AlertKind.LIMIT, "COD"),
    ("offline", AlertKind.OFFLINE, ""),
]


def ended(
    parts: Parts, alert: OpenAlert, now: datetime, *, registered: bool = True
) -> list[tuple[AlertKey, str, bool]]:
    station, rules, limit_sets = parts
    in_force = InForce(lambda _: station if registered else None, rules, limit_sets)
    return [(t.key, t.reason, t.page) for t in withdrawn([alert], in_force, now)]


@pytest.mark.parametrize(("rule", "kind", "parameter"), OF_WINDOW)
@pytest.mark.parametrize("change", ["nothing", "rule", "limit", "sensor", "station", "exempt"])
def test_r2_what_is_withdrawn_ends_whatever_its_window(
    parts: Parts, in_table: OpenAlert, at: Any, rule: str, kind: AlertKind, parameter: str, change: str
) -> None:
    station, rules, limit_sets = parts
    code = rule.removesuffix(".retrospective")
    alert = replace(in_table, key=AlertKey(CODE, parameter, rule), kind=kind)
    reason = {"rule": Reason.RULE_WITHDRAWN, "station": Reason.STATION_RETIRED}.get(change)
    if change == "rule":
        newest = next(r for r in rules if r.code == code)
        rules = (*rules, replace(newest, effective_from=date(2026, 11, 1), enabled=False))
    elif change == "exempt" and parameter:
        rules = tuple(replace(r, except_parameters=("COD",)) if r.code == code else r for r in rules)
        reason = Reason.RULE_WITHDRAWN
    elif change == "limit":
        station = replace(station, limit_set=None)
        reason = Reason.LIMIT_WITHDRAWN if kind is AlertKind.LIMIT else None
    elif change == "sensor":
        station = replace(station, sensors=(Sensor("pH", ""),))
        reason = Reason.SENSOR_REMOVED if parameter else None
    found = ended((station, rules, limit_sets), alert, at(0), registered=change != "station")
    assert found == ([] if reason is None else [(alert.key, reason.value, True)])


def test_an_alert_of_a_housekeeping_channel_ends_with_the_channel(parts: Parts, in_table: OpenAlert, at: Any) -> None:
    station, rules, limit_sets = parts
    door = Channel("Door", ChannelKind.DOOR)
    alert = replace(in_table, key=replace(KEY, parameter="Door", rule="fault"), kind=AlertKind.FAULT)
    assert ended((replace(station, channels=(door,)), rules, limit_sets), alert, at(0)) == []
    assert [reason for _, reason, _ in ended(parts, alert, at(0))] == [Reason.SENSOR_REMOVED.value]


def test_r2_a_mean_of_yesterday_is_not_ended_by_a_rule_withdrawn_today(
    parts: Parts, in_table: OpenAlert, at: Any
) -> None:
    # the day is judged just after midnight: it ends a day later, when nothing of it can be judged any more
    station, rules, limit_sets = parts
    newest = next(r for r in rules if r.code == "day_mean")
    rules = (*rules, replace(newest, effective_from=date(2026, 11, 23), enabled=False))
    alert = replace(in_table, key=replace(KEY, rule="day_mean"))
    assert ended((station, rules, limit_sets), alert, at(0)) == []
    assert len(ended((station, rules, limit_sets), alert, at(288))) == 1


def test_r2_an_alert_of_an_unknown_rule_belongs_to_who_opened_it(parts: Parts, in_table: OpenAlert, at: Any) -> None:
    assert ended(parts, replace(in_table, key=replace(KEY, rule="due.late")), at(0)) == []


def test_r2_a_mistake_in_the_limits_ends_nothing(parts: Parts, in_table: OpenAlert, at: Any) -> None:
    station, rules, limit_sets = parts
    assert ended((replace(station, limit_set="QCVN41"), rules, limit_sets), in_table, at(0)) == []


# Number 3: readings that crowd count once, as the worst of them.
def test_3_six_hundred_readings_in_15_seconds_are_one_reading(parts: Parts, checked: Any) -> None:
    # a second is 1/300 of a cadence; bad and good by threes, as a flapping logger sends them
    values = (120.0 if n % 6 < 3 else 50.0 for n in range(600))
    assert run(StationAlerts(*parts), (checked(n / 40 / 300, v) for n, v in enumerate(values))) == []


def test_3_a_good_reading_beside_a_bad_one_hides_nothing(parts: Parts, checked: Any) -> None:
    # index   0    0.1   1    1.1 ...    just before or just after each bad reading comes a good one
    first = [checked(i + d, v) for i in range(3) for d, v in ((0, 50.0), (0.1, 120.0))]
    assert ("opened", True) in kinds(run(StationAlerts(*parts), first))
    after = [checked(i + d, v) for i in range(3) for d, v in ((0, 120.0), (0.1, 50.0))]
    assert ("opened", True) in kinds(run(StationAlerts(*parts), after))


def test_3_the_worst_of_a_crowd_is_the_worst_value(parts: Parts, checked: Any) -> None:
    alerts = StationAlerts(*parts)
    run(alerts, [checked(0, 120.0), checked(1, 120.0), checked(1.1, 300.0)])
    assert alerts.take_peaks() == {KEY: 300.0}


def test_3_crowding_good_readings_do_not_end_an_alert(parts: Parts, checked: Any) -> None:
    alerts = StationAlerts(*parts)
    run(alerts, [checked(0, 120.0), checked(1, 120.0)])
    assert run(alerts, (checked(2 + n / 300, 50.0) for n in range(100))) == []
    assert kinds(run(alerts, [checked(3, 50.0), checked(4, 50.0)])) == [("resolved", True)]


def test_3_a_station_that_sends_five_times_as_often_is_judged_as_soon(parts: Parts, checked: Any) -> None:
    (opened, *_) = run(StationAlerts(*parts), (checked(i / 5, 120.0) for i in range(20)))
    assert (opened.kind, opened.page) == (TransitionKind.OPENED, True)
    assert opened.observed_at - opened.since <= timedelta(minutes=5)


# Number 5: steps of equal severity.
def test_5_a_silent_step_and_a_paging_one_of_equal_severity(
    station: Station, limit_sets: tuple[LimitSet, ...], checked: Any
) -> None:
    steps = (
        Step("near", Severity.HIGH, page=False, fraction=0.8, pending=2),
        Step("over", Severity.HIGH, page=True, fraction=1.0, pending=2),
    )
    rule = Rule("limit", date(2026, 1, 1), "", "", AlertKind.LIMIT, steps, Window.READING, keep_firing=3)
    found = run(StationAlerts(station, [rule], limit_sets), (checked(i, v) for i, v in enumerate([80, 80, 120, 120])))
    assert [(t.kind.value, t.severity, t.level, t.page) for t in found] == [
        ("opened", Severity.HIGH, 1, False),
        ("escalated", Severity.HIGH, 2, True),
    ]


# Number 14: the worst value of an anomaly is the worst reading, not the score that is 1.0 soon.
@pytest.mark.parametrize(
    ("parameter", "values", "worst"),
    [
        ("COD", [54.7, 60.0, 80.0, 309.9, 200.0], 309.9),
        ("DO", [5.0, 4.0, 1.5, 3.0, 4.5], 1.5),
        ("pH", [8.0, 8.4, 3.0, 8.9, 8.8], 3.0),
        ("TURB", [20.0, 900.0, 300.0, 20.0, 20.0], 900.0),
    ],
)
def test_14_the_worst_value_of_an_anomaly_is_the_worst_reading(
    station: Station,
    rules: tuple[Rule, ...],
    limit_sets: tuple[LimitSet, ...],
    checked: Any,
    score: Any,
    parameter: str,
    values: list[float],
    worst: float,
) -> None:
    # all of them have the same, saturated score
    station = replace(station, sensors=(*station.sensors, Sensor("DO", "mg/L"), Sensor("TURB", "NTU")))
    only = [r for r in rules if r.code == "anomaly"]
    alerts = StationAlerts(station, only, limit_sets)
    found = [t for i, v in enumerate(values) for t in alerts.evaluate(checked(i, v, parameter), score(1.0, level=7.5))]
    calm = score(0.1, alarm=False, harmful=False)
    quiet = [t for i in range(5, 11) for t in alerts.evaluate(checked(i, 7.5, parameter), calm)]
    assert [t.kind.value for t in (*found, *quiet)] == ["opened", "resolved"]
    assert quiet[0].peak == worst
    assert f"{worst:g}".replace(".", ",") in quiet[0].explanation.vi

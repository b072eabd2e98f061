"""The engine of a station: what pages, what becomes a work item, what is not looked at. COD is limited to 90 mg/L."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.engine import StationAlerts
from alerts.escalation import Reason
from alerts.explanations import assessment_words, explained
from alerts.limits import load_limit_sets, packaged_limits
from alerts.rules import Rule, load_rules, packaged_rules
from quantrac.domain.alerts import AlertKey, AlertKind, Assessment, Severity, Transition, TransitionKind
from quantrac.domain.limits import LimitSet
from quantrac.domain.readings import CheckedReading, Flag, Status
from quantrac.domain.stations import Sensor, Station
from quantrac.domain.words import Bilingual

SLUG = [50, 50, 75, 85, 99, 120, 130, 110, 80, 60, 50, 50, 50]


def run(alerts: StationAlerts, readings: Iterable[CheckedReading], score: Any = None) -> list[Transition]:
    return [t for reading in readings for t in alerts.evaluate(reading, score)]


def told(transitions: Iterable[Transition]) -> list[tuple[TransitionKind, Severity, Any]]:
    return [(t.kind, t.severity, t.observed_at) for t in transitions if t.page]


def test_a_slug_is_one_alert_and_pages_once_and_at_its_end(alerts: StationAlerts, checked: Any, at: Any) -> None:
    # index   0  1  2  3  4   5   6   7   8  9  10
    # COD    50 50 75 85 99 120 130 110  80 60  50
    # step             3 readings >= 72 at 4; >= 81 for two at 4: opens "preparing"; > 90 for two at 5
    transitions = run(alerts, (checked(i, v) for i, v in enumerate(SLUG)))
    found = [(t.kind.value, t.severity.value, t.observed_at, t.page) for t in transitions]
    assert found == [
        ("opened", "warning", at(4), False),
        ("escalated", "high", at(5), True),
        ("resolved", "high", at(10), True),
    ]
    assert {t.key for t in transitions} == {AlertKey("DT_KCNSADEC_NUOSXL", "COD", "limit")}
    page = transitions[1]
    assert (page.value, page.limit and page.limit.maximum, page.since) == (120.0, 90.0, at(4))
    assert page.explanation.vi.startswith("COD 120 mg/L vượt giới hạn 90 mg/L, gấp 1,33 lần (QCVN 40:2011/BTNMT cột A")
    assert transitions[2].explanation.vi == "COD đã trở lại bình thường sau 30 phút; giá trị xấu nhất 130 mg/L"


def test_the_worst_value_is_handed_out_once(alerts: StationAlerts, checked: Any) -> None:
    key = AlertKey("DT_KCNSADEC_NUOSXL", "COD", "limit")
    run(alerts, (checked(i, v) for i, v in enumerate(SLUG[:7])))
    assert alerts.take_peaks() == {key: 130.0}
    run(alerts, [checked(7, 110.0)])
    assert alerts.take_peaks() == {}


def test_equal_to_the_limit_is_not_beyond_it(alerts: StationAlerts, checked: Any) -> None:
    transitions = run(alerts, (checked(i, 90.0) for i in range(10)))
    assert [t.severity for t in transitions] == [Severity.WARNING]


@pytest.mark.parametrize(
    ("ph", "severity"),
    [
        (7.5, None),
        (8.65, None),
        (8.75, Severity.INFO),
        (6.35, None),
        (6.25, Severity.INFO),
        (9.01, Severity.HIGH),
        (5.99, Severity.HIGH),
    ],
)
def test_ph_has_two_sides(alerts: StationAlerts, checked: Any, ph: float, severity: Severity | None) -> None:
    # the middle of 6-9 is 7.5: its 80 % are 6.3 and 8.7, its 90 % 6.15 and 8.85
    transitions = run(alerts, (checked(i, ph, "pH") for i in range(6)))
    assert (transitions[-1].severity if transitions else None) is severity


def test_flow_and_what_nothing_limits_raise_nothing(alerts: StationAlerts, checked: Any) -> None:
    assert run(alerts, (checked(i, 9e9, p) for i in range(9) for p in ("Flow", "TURB"))) == []


@pytest.mark.parametrize(
    ("flag", "status"),
    [
        (Flag.SUSPECT, Status.MEASURING),
        (Flag.GOOD, Status.CALIBRATING),
        (Flag.GOOD, Status.UNKNOWN),
    ],
)
def test_unusable_readings_raise_nothing(alerts: StationAlerts, checked: Any, flag: Flag, status: Status) -> None:
    readings = [checked(i, 500.0, flag=flag, status=status) for i in range(20)]
    assert run(alerts, readings) == []
    assert alerts.explain(checked(21, 500.0, flag=flag, status=status))["limit"] is Reason.UNUSABLE


@pytest.mark.parametrize(
    "broken",
    [
        {"value": 500.0, "flag": Flag.BAD},
        {"value": 500.0, "status": Status.FAULT},
        {"value": None, "flag": Flag.MISSING},
    ],
)
def test_a_broken_probe_is_a_work_item(alerts: StationAlerts, checked: Any, at: Any, broken: dict[str, Any]) -> None:
    broken_readings = [checked(i, **broken) for i in range(10)]
    repaired = [checked(i, 50.0) for i in range(10, 15)]
    transitions = run(alerts, [*broken_readings, *repaired])
    found = [(t.kind, t.alert_kind, t.key.rule, t.observed_at, t.page) for t in transitions]
    assert found == [
        (TransitionKind.OPENED, AlertKind.FAULT, "fault", at(4), False),
        (TransitionKind.RESOLVED, AlertKind.FAULT, "fault", at(12), False),
    ]


def test_calibrating_for_more_than_two_hours_is_a_work_item(alerts: StationAlerts, checked: Any, at: Any) -> None:
    transitions = run(alerts, (checked(i, 20.0, status=Status.CALIBRATING) for i in range(40)))
    assert [(t.key.rule, t.observed_at, t.page) for t in transitions] == [("calibrating", at(24), False)]


def test_a_backfill_of_exceedances_raises_nothing(alerts: StationAlerts, checked: Any) -> None:
    assert run(alerts, (checked(i - 8640, 500.0, late=True) for i in range(8640))) == []
    assert alerts.explain(checked(1, 500.0, late=True))["limit"] is Reason.LATE


def test_out_of_order_readings_do_not_count(alerts: StationAlerts, checked: Any) -> None:
    run(alerts, [checked(10, 50.0)])
    assert run(alerts, (checked(i, 500.0) for i in (9, 8, 7, 10))) == []
    assert alerts.explain(checked(9, 500.0))["limit"] is Reason.OUT_OF_ORDER


def test_an_anomaly_pages_when_no_limit_is_crossed_and_says_so(
    alerts: StationAlerts, checked: Any, score: Any, at: Any
) -> None:
    transitions = run(alerts, (checked(i, 60.0) for i in range(4)), score())
    assert [(t.alert_kind, t.kind, t.observed_at, t.page) for t in transitions] == [
        (AlertKind.ANOMALY, TransitionKind.OPENED, at(2), True)
    ]
    assert transitions[0].explanation.vi.startswith(
        "Mô hình thấy COD bất thường (60 mg/L): cao hơn mức nền. Chưa vượt giới hạn 90 mg/L."
    )
    calm = score(0.1, alarm=False, harmful=False)
    assert [t.kind for t in run(alerts, (checked(i, 50.0) for i in range(4, 12)), calm)] == [TransitionKind.RESOLVED]


def test_an_anomaly_that_stays_ends_with_its_value_and_is_not_called_normal(
    alerts: StationAlerts, checked: Any, score: Any
) -> None:
    """After six hours the model takes a level that stays for the usual one; the water may be as foul as before."""
    run(alerts, (checked(i, 80.0) for i in range(80)), score())
    (ended,) = run(alerts, (checked(i, 79.0) for i in range(80, 90)), score(0.1, alarm=False, harmful=False))
    assert ended.reason == Reason.CLEARED
    assert ended.explanation == Bilingual(
        "COD không còn khác mức nền sau 7 giờ: hiện 79 mg/L (mức giữ 6 giờ được coi là mức nền mới); "
        "giá trị xấu nhất 80 mg/L",
        "COD no longer differs from its baseline after 7 h: 79 mg/L now (a level of 6 h becomes the baseline); "
        "worst value 80 mg/L",
    )


def test_an_anomaly_stands_beside_the_legal_alert_and_tells_nobody_again(
    alerts: StationAlerts, checked: Any, score: Any
) -> None:
    # COD       120 120 120 120     limit 90: told at the second, the model is sure at the third
    transitions = run(alerts, (checked(i, 120.0) for i in range(4)), score())
    assert [t.key.rule for t in transitions if t.page] == ["limit"]
    calm = score(0.1, alarm=False, harmful=False)
    ended = run(alerts, (checked(i, 50.0) for i in range(4, 12)), calm)
    assert sorted((t.key.rule, t.page) for t in ended) == [("anomaly", False), ("limit", True)]
    anomaly = next(t for t in transitions if t.alert_kind is AlertKind.ANOMALY)
    assert anomaly.reason == Reason.PAGED_BY_LIMIT
    assert "Đồng thời COD 120 mg/L vượt giới hạn 90 mg/L" in anomaly.explanation.vi


def test_an_anomaly_that_cannot_be_pollution_is_a_work_item(alerts: StationAlerts, checked: Any, score: Any) -> None:
    transitions = run(alerts, (checked(i, 5.0) for i in range(9)), score(harmful=False))
    assert [(t.severity, t.page) for t in transitions] == [(Severity.WARNING, False)]


def test_a_reason_that_stands_in_the_explanation_is_not_told_again() -> None:
    found = Assessment("fault", 0.8, (Bilingual("COD đứng yên", "COD is stuck"), Bilingual("khác", "other")))
    said = explained(Bilingual("Mô hình thấy: COD đứng yên.", "A model finds: COD is stuck."), found)
    assert said.vi == "Mô hình thấy: COD đứng yên. Có thể là: lỗi thiết bị đo (80 %); lý do: khác."
    assert said.en.endswith("sensor fault (80 %); reasons: other.")


def test_what_is_no_pollution_opens_a_work_item_that_says_what_it_is(
    alerts: StationAlerts, checked: Any, score: Any, fault: Any
) -> None:
    (opened,) = run(alerts, (checked(i, 60.0) for i in range(9)), score(triage=fault))
    assert (opened.severity, opened.page) == (Severity.WARNING, False)
    assert opened.assessment is not None
    assert (opened.assessment.cls, opened.assessment.probability) == ("fault", 0.8)
    assert assessment_words(opened.assessment).vi == "Có thể là: lỗi thiết bị đo (80 %); lý do: COD đứng yên."
    assert opened.explanation.vi.endswith("3 giá trị liên tiếp từ 10:00 23/11/2026.")


@pytest.mark.parametrize("probability", [0.49, None])
def test_what_nobody_can_tell_apart_pages_nobody(
    alerts: StationAlerts, checked: Any, score: Any, probability: float | None
) -> None:
    doubt = None if probability is None else replace(score().triage, probability=probability)
    transitions = run(alerts, (checked(i, 60.0) for i in range(9)), score(triage=doubt))
    assert [(t.kind, t.page) for t in transitions] == [(TransitionKind.OPENED, False)]


def test_a_running_incident_pages_once_when_it_turns_out_to_be_pollution(
    alerts: StationAlerts, checked: Any, score: Any, fault: Any
) -> None:
    # class      fault fault fault  pollution (3 rows)       fault x6  pollution x6
    # alert                  O                      pages      |          |
    first = run(alerts, (checked(i, 60.0) for i in range(3)), score(triage=fault))
    assert [(t.kind, t.page) for t in first] == [(TransitionKind.OPENED, False)]
    assert alerts.take_reassessments() == {}
    second = run(alerts, (checked(i, 60.0) for i in range(3, 6)), score())
    assert [(t.kind, t.severity, t.page) for t in second] == [(TransitionKind.ESCALATED, Severity.HIGH, True)]
    assert second[0].assessment is not None
    assert "pollution (93 %)" in assessment_words(second[0].assessment).en
    alerts.take_reassessments()
    assert run(alerts, (checked(i, 60.0) for i in range(6, 12)), score(triage=fault)) == []
    (changed,) = alerts.take_reassessments().values()
    assert (changed.key.parameter, changed.assessment.cls) == ("COD", "fault")
    assert "lỗi thiết bị đo" in assessment_words(changed.assessment).vi
    assert run(alerts, (checked(i, 60.0) for i in range(12, 18)), score()) == []


def test_the_text_is_written_again_by_unusual_readings_alone(
    alerts: StationAlerts, checked: Any, score: Any, fault: Any
) -> None:
    # COD    60 60 60   62     28 (below its usual level, the model has not let go yet)   50 (usual)
    # class  pollution  fault  pollution                                                  fault
    run(alerts, (checked(i, 60.0) for i in range(3)), score())
    assert run(alerts, [checked(3, 62.0)], score(triage=fault)) == []
    (changed,) = alerts.take_reassessments().values()
    assert changed.explanation is not None
    assert changed.explanation.vi.endswith("Chưa vượt giới hạn 90 mg/L. Bắt đầu từ 10:00 23/11/2026.")
    assert changed.explanation.en.endswith("The limit 90 mg/L is not crossed. It began at 10:00 23/11/2026.")
    assert run(alerts, [checked(4, 28.0)], score(harmful=False)) == []
    (changed,) = alerts.take_reassessments().values()
    assert (changed.assessment.cls, changed.explanation) == ("pollution", None)
    assert run(alerts, [checked(5, 50.0)], score(0.1, alarm=False, harmful=False, triage=fault)) == []
    (changed,) = alerts.take_reassessments().values()
    assert (changed.assessment.cls, changed.explanation) == ("fault", None)


def test_a_limit_that_is_crossed_after_an_anomaly_says_that_it_was_told_of_before(
    alerts: StationAlerts, checked: Any, score: Any
) -> None:
    # COD    60 60 60 (model sure)  120 120 ...    limit 90
    run(alerts, (checked(i, 60.0) for i in range(3)), score())
    (limit,) = (t for t in run(alerts, (checked(i, 120.0) for i in range(3, 6)), score()) if t.key.rule == "limit")
    assert "vượt giới hạn" in limit.explanation.vi
    assert limit.explanation.vi.endswith("Mô hình đã thấy COD bất thường từ 10:00 23/11/2026.")
    assert limit.explanation.en.endswith("A model has found COD unusual since 10:00 23/11/2026.")


def test_a_limit_says_nothing_of_an_anomaly_that_paged_nobody(
    alerts: StationAlerts, checked: Any, score: Any, fault: Any
) -> None:
    run(alerts, (checked(i, 60.0) for i in range(3)), score(triage=fault))
    (limit,) = (
        t for t in run(alerts, (checked(i, 120.0) for i in range(3, 6)), score(triage=fault)) if t.key.rule == "limit"
    )
    assert "Mô hình" not in limit.explanation.vi


def test_one_incident_of_two_parameters_pages_once(alerts: StationAlerts, checked: Any, score: Any) -> None:
    both = [c for i in range(6) for c in (checked(i, 60.0), checked(i, 4.0, "NH4"))]
    transitions = run(alerts, both, score())
    assert [(t.key.parameter, t.page, t.reason) for t in transitions] == [
        ("COD", True, Reason.HELD),
        ("NH4", False, Reason.PAGED_BY_INCIDENT),
    ]


def test_no_score_is_not_a_score_of_zero(alerts: StationAlerts, checked: Any, score: Any) -> None:
    run(alerts, (checked(i, 60.0) for i in range(3)), score())
    assert run(alerts, (checked(i, 60.0) for i in range(3, 20)), score(None, alarm=False, harmful=False)) == []
    assert alerts.explain(checked(30, 60.0))["anomaly"] is Reason.NO_SCORE


def test_a_snapshot_goes_on_where_it_was(
    station: Station, rules: tuple[Rule, ...], limit_sets: tuple[LimitSet, ...], checked: Any
) -> None:
    readings = [checked(i, v) for i, v in enumerate(SLUG)]
    straight = StationAlerts(station, rules, limit_sets)
    expected = run(straight, readings)
    found: list[Transition] = []
    snapshot: bytes | None = None
    for reading in readings:
        alerts = StationAlerts(station, rules, limit_sets, snapshot)
        assert alerts.restored is (snapshot is not None)
        found += alerts.evaluate(reading)
        snapshot = alerts.snapshot()
    assert found == expected
    assert snapshot == straight.snapshot()
    assert len(straight.snapshot()) < 300


def test_an_unreadable_snapshot_begins_anew(
    station: Station, rules: tuple[Rule, ...], limit_sets: tuple[LimitSet, ...]
) -> None:
    assert not StationAlerts(station, rules, limit_sets, b"\xc1 no msgpack").restored


@pytest.mark.parametrize("change", ["rule", "parameter", "limit", "sensor"])
def test_what_is_no_longer_in_force_ends_its_alerts(
    station: Station, rules: tuple[Rule, ...], limit_sets: tuple[LimitSet, ...], checked: Any, change: str
) -> None:
    alerts = StationAlerts(station, rules, limit_sets)
    run(alerts, (checked(i, 120.0) for i in range(3)))
    if change == "rule":
        first = next(r for r in rules if r.code == "limit")
        rules = (*rules, replace(first, effective_from=date(2026, 11, 23), enabled=False))
    elif change == "parameter":
        rules = tuple(replace(r, except_parameters=("COD",)) if r.code == "limit" else r for r in rules)
    elif change == "limit":
        station = replace(station, limit_set=None)
    else:
        station = replace(station, sensors=(Sensor("pH", ""),))
    after = StationAlerts(station, rules, limit_sets, alerts.snapshot())
    ended = run(after, [checked(4, 120.0) if change != "sensor" else checked(4, 7.0, "pH")])
    reason = {"limit": Reason.LIMIT_WITHDRAWN, "sensor": Reason.SENSOR_REMOVED}.get(change, Reason.RULE_WITHDRAWN)
    assert [(t.kind, t.reason, t.key.parameter, t.page) for t in ended] == [
        (TransitionKind.RESOLVED, reason.value, "COD", True)
    ]
    assert run(after, [checked(5, 120.0)]) == []


def test_a_limit_that_cannot_be_applied_is_a_problem_and_stops_nothing(
    station: Station, rules: tuple[Rule, ...], limit_sets: tuple[LimitSet, ...], checked: Any
) -> None:
    alerts = StationAlerts(replace(station, limit_set="QCVN41"), rules, limit_sets)
    assert run(alerts, (checked(i, 500.0) for i in range(5))) == []
    assert "QCVN41" in alerts.problems[0]


def test_the_limit_changes_with_the_day_of_vietnam(
    station: Station, rules: tuple[Rule, ...], limit_sets: tuple[LimitSet, ...], checked: Any
) -> None:
    # 10:00 in Vietnam is index 0, midnight index 168: from there on the stricter set counts
    old = next(s for s in limit_sets if s.code == "QCVN40-2011-A")
    strict = replace(
        old, effective_from=date(2026, 11, 24), values=tuple(replace(v, maximum=50.0) for v in old.values if v.maximum)
    )
    alerts = StationAlerts(station, rules, (old, strict))
    transitions = run(alerts, (checked(i, 65.0) for i in range(160, 175)))
    assert [(t.severity, t.limit and t.limit.maximum) for t in transitions][-1] == (Severity.HIGH, 60.0)
    assert transitions[0].observed_at == checked(169, 0).reading.observed_at


_noise = st.lists(
    st.tuples(
        st.integers(0, 25),
        st.sampled_from(["late", "suspect", "bad", "fault", "calibrating", "missing", "old"]),
        st.floats(0, 1000),
        st.floats(-0.4, 0.4),
    ),
    max_size=40,
)


@settings(max_examples=150, deadline=None)
@given(
    values=st.lists(st.sampled_from([50.0, 70.0, 75.0, 83.0, 88.0, 95.0, 130.0]), min_size=3, max_size=25), noise=_noise
)
def test_unusable_late_and_old_readings_never_change_what_is_told(
    values: list[float], noise: list[tuple[int, str, float, float]], checked: Any, station: Station
) -> None:
    rules, limit_sets = load_rules([packaged_rules()]), load_limit_sets([packaged_limits()])
    kinds: dict[str, dict[str, Any]] = {
        "late": {"late": True},
        "suspect": {"flag": Flag.SUSPECT},
        "bad": {"flag": Flag.BAD},
        "fault": {"status": Status.FAULT},
        "calibrating": {"status": Status.CALIBRATING},
        "missing": {"flag": Flag.MISSING},
        "old": {},
    }
    clean = [checked(i, v) for i, v in enumerate(values)]
    mixed: list[CheckedReading] = []
    for index, reading in enumerate(clean):
        mixed.append(reading)
        for position, kind, value, shift in noise:
            if position == index:
                when = index - 3 + shift if kind == "old" else index + shift
                mixed.append(checked(when, None if kind == "missing" else value, **kinds[kind]))
    expected = run(StationAlerts(station, rules, limit_sets), clean)
    found = run(StationAlerts(station, rules, limit_sets), mixed)
    assert [t for t in found if t.alert_kind is not AlertKind.FAULT] == expected
    assert told(found) == told(expected)

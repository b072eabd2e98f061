"""An incident told by parameter: what lasts and pages first, each once, its worst value against its own limit."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from quantrac.domain.words import Bilingual
from sql.reports import AlertLine
from web.incidents.doubts import Surroundings, doubts
from web.incidents.matters import Matter, judgements, matters

AT = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)


def _alert(number: int, parameter: str, *, peak: float | None = None, most: float | None = None,
           least: float | None = None, over: bool = False, severity: str = "high", page: bool = True,
           station: str = "DT_X") -> AlertLine:  # fmt: skip
    return AlertLine(
        number, station, parameter, "limit", "limit", severity, AT, AT, AT if over else None, None, None, None, peak,
        peak, least, most, "QCVN" if most or least else None, f"câu {number}", f"line {number}", page, False, None,
        None, None, None,
    )  # fmt: skip


def _told(*alerts: AlertLine) -> tuple[Matter, ...]:
    return matters(alerts, lambda _, parameter: "" if parameter == "pH" else "mg/L")


def test_many_alerts_of_a_parameter_are_one_matter_that_the_open_one_leads() -> None:
    (cod,) = _told(
        _alert(1, "COD", peak=102.5, most=90, over=True),
        _alert(2, "COD", peak=95.0, most=90),
        _alert(3, "COD", peak=111.0, most=90, over=True),
    )
    assert ([a.id for a in cod.alerts], cod.is_open) == ([2, 3, 1], True)
    assert cod.figures is not None
    assert cod.figures.vi == "COD 111 > 90 mg/L"


def test_what_pages_is_before_what_does_not_and_what_is_over_is_last() -> None:
    found = _told(
        _alert(1, "TSS", peak=200, most=60, over=True),
        _alert(2, "TP", peak=3, most=4.8, page=False),
        _alert(3, "COD", peak=95, most=90),
        _alert(4, "NH4", peak=12, most=6),
        _alert(5, "", severity="critical", page=False),
    )
    assert [m.parameter for m in found] == ["NH4", "COD", "", "TP", "TSS"]
    assert found[2].worst is None
    assert found[2].figures is None


def test_a_value_below_its_least_is_beyond_its_limit() -> None:
    (ph,) = _told(_alert(1, "pH", peak=4.9, least=6, most=9), _alert(2, "pH", peak=8.0, least=6, most=9))
    assert ph.exceeds
    assert ph.figures is not None
    assert ph.figures.vi == "pH 4,9 < 6"


def test_the_number_of_an_open_door_is_no_worst_value() -> None:
    (door,) = _told(replace(_alert(1, "Door", peak=1.0), kind="fault"))
    assert (door.worst, door.figures) == (None, None)


def test_a_parameter_is_over_when_the_last_of_its_alerts_is() -> None:
    first, last = (_alert(n, "COD", peak=99, most=90, over=True) for n in (1, 2))
    (cod,) = _told(first, replace(last, resolved_at=AT + timedelta(minutes=7)))
    assert cod.over_at == AT + timedelta(minutes=7)
    (again,) = _told(first, replace(last, resolved_at=None))
    assert again.over_at is None


def test_what_the_model_takes_a_station_for_is_said_once_for_all_its_parameters() -> None:
    judged = {"triage": "pollution", "triage_probability": 0.93, "triage_reasons_vi": ["COD gấp 3"],
              "triage_reasons_en": ["COD tripled"]}  # fmt: skip
    fault = judged | {"triage": "fault", "triage_probability": 0.5}
    alerts = [replace(_alert(n, p), **judged) for n, p in enumerate(("COD", "TSS", "NH4"), 1)]  # type: ignore[arg-type]
    other = replace(_alert(4, "pH", station="DT_Y"), **fault)  # type: ignore[arg-type]
    found = judgements(_told(*alerts, other, _alert(5, "TP")), rivers=())
    assert [(j.station, j.words.vi) for j in found] == [
        ("DT_X", "sự cố xả thải, ô nhiễm thật (93 %)"),
        ("DT_Y", "lỗi thiết bị đo (50 %)"),
    ]
    assert found[0].reasons == (Bilingual("COD gấp 3", "COD tripled"),)
    (river,) = judgements(_told(alerts[0]), rivers={"DT_X"})
    assert river.words.vi == "ô nhiễm nguồn nước (93 %)"


def test_judgements_that_differ_name_their_parameter_and_no_reason_is_told_twice() -> None:
    judged = {"triage": "pollution", "triage_probability": 0.9, "triage_reasons_vi": ["câu 1"],
              "triage_reasons_en": ["line 1"]}  # fmt: skip
    unclear = judged | {"triage": "unknown", "triage_reasons_vi": ["Amoni tăng"], "triage_reasons_en": ["rose"]}
    cod, ammonium = replace(_alert(1, "COD"), **judged), replace(_alert(2, "NH4"), **unclear)  # type: ignore[arg-type]
    found = judgements(_told(cod, ammonium), rivers=())
    assert [(j.parameter, j.reasons) for j in found] == [
        ("COD", ()),
        ("NH4", (Bilingual("Amoni tăng", "rose"),)),
    ]
    assert [j.parameter for j in judgements(_told(cod, _alert(3, "TP")), rivers=())] == [""]
    over = replace(ammonium, resolved_at=AT)
    assert [j.words.vi for j in judgements(_told(cod, over), rivers=())] == ["sự cố xả thải, ô nhiễm thật (90 %)"]


def test_the_same_parameter_of_two_stations_is_two_matters() -> None:
    found = _told(_alert(1, "COD", peak=95, most=90), _alert(2, "COD", peak=99, most=90, station="DT_Y"))
    assert [(m.station, m.parameter) for m in found] == [("DT_Y", "COD"), ("DT_X", "COD")]


def test_what_officers_were_told_stands_beside_what_the_model_says_now() -> None:
    now = {"triage": "pollution", "triage_probability": 0.62, "triage_reasons_vi": [], "triage_reasons_en": []}
    told = {"paged_at": AT, "paged_triage": "pollution", "paged_probability": 0.93}
    cod = replace(_alert(1, "COD"), **now, **told)  # type: ignore[arg-type]
    tss = replace(_alert(2, "TSS"), **now)  # type: ignore[arg-type]
    (found,) = judgements(_told(tss, cod), rivers=())
    assert found.words.vi == "sự cố xả thải, ô nhiễm thật (khi báo 93 %, hiện nay 62 %)"
    ended = [replace(a, resolved_at=AT) for a in (cod, tss)]
    (found,) = judgements(_told(*ended), rivers=())
    assert found.words.en == "pollution (93 % when told, 62 % in the end)"
    assert Matter.judged(ended[0]) == found.words
    assert Matter.judged(tss) == Bilingual("sự cố xả thải, ô nhiễm thật (62 %)", "pollution (62 %)")


def test_a_model_that_is_less_sure_than_when_it_was_told_says_both() -> None:
    seen = Surroundings("pollution", 0.62, 3, 5, 0.0, False, 0, told=0.93)
    assert [d.vi for d in doubts(seen)] == ["Mô hình nay chỉ chắc 62 %, khi báo 93 %."]
    assert [d.vi for d in doubts(replace(seen, told=None))] == ["Mô hình chỉ chắc 62 %."]

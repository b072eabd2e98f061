"""What officers read of an incident: figures first, what moved, where the day leads, whom to ring, how to answer."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

from alerts.contacts import contacts
from alerts.incidents.messages import IncidentNotice, compose, plain, silence_ended
from alerts.incidents.reasons import Notice, Reason
from alerts.oncall.document import parse
from alerts.oncall.writing import export
from quantrac.domain.alerts import AlertKey, AlertKind, Assessment, Severity
from quantrac.domain.briefing import NOTHING_KNOWN, Briefing, DayClock, Finding, Place
from quantrac.domain.incidents import Extent, HoldWindow, Incident, IncidentState, Member, Topic, WindowKind
from quantrac.domain.limits import Limit
from quantrac.domain.oncall import Layer, OnCall, Person, PersonRole, Rota
from quantrac.domain.stations import StationKind
from quantrac.domain.words import Bilingual

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def member(number: int, parameter: str, *, kind: AlertKind = AlertKind.LIMIT, page: bool = True) -> Member:
    key = AlertKey("HOAAN", parameter, kind.value)
    return Member(
        number, number, key, kind, Severity.HIGH, page, None, NOW - 9 * MINUTE, NOW,
        explanation_vi=f"{parameter} vượt", explanation_en=f"{parameter} above",
    )  # fmt: skip


def found(number: int, parameter: str, peak: float, maximum: float, newest: float = 1.0) -> Finding:
    return Finding(number, "mg/L", peak, newest, NOW, Limit(parameter, "mg/L", None, maximum, "QCVN"))


PLACE = Place("HOAAN", "KCN Hòa An", "Hòa An park", StationKind.EFFLUENT, "KCN Hòa An", "Công ty Hạ tầng", False)
COD, TSS = member(1, "COD"), member(2, "TSS")
SLUG = Incident(12, Topic.WATER, NOW, NOW, (TSS, COD), paged_at=NOW, paged_severity=Severity.HIGH)
FACTS = Briefing({1: found(1, "COD", 65, 60, 63.5), 2: found(2, "TSS", 51, 50)}, {"HOAAN": PLACE})
PAGE = IncidentNotice(SLUG, Reason.OPENED, Notice.PAGE, NOW, FACTS)


def test_the_subject_has_the_worst_value_against_its_limit_first() -> None:
    assert compose(PAGE).subject == "[CAO] COD 65 > 60 mg/L, TSS 51 > 50 mg/L, KCN Hòa An"
    third = replace(SLUG, members=(*SLUG.members, member(3, "NH4")))
    three = replace(FACTS, findings={**FACTS.findings, 3: found(3, "NH4", 20, 10)})
    subject = compose(replace(PAGE, incident=third, briefing=three)).subject
    assert subject == "[CAO] NH4 20 > 10 mg/L, COD 65 > 60 mg/L +1, KCN Hòa An"


def test_the_end_says_the_worst_of_each_and_asks_for_the_cause() -> None:
    over = replace(SLUG, state=IncidentState.RESOLVED, resolved_at=NOW, members=(replace(COD, resolved_at=NOW),))
    text = compose(replace(PAGE, incident=over, kind=Notice.END, reason=Reason.RESOLVED))
    assert text.subject == "[KẾT THÚC] COD 65 > 60 mg/L, KCN Hòa An"
    assert "xấu nhất 65 mg/L; giới hạn 60 mg/L; mới nhất 63,5 mg/L" in text.text
    assert "quantrac incidents close 12 NGUYÊN_NHÂN --by TÊN" in text.text
    assert "Liên hệ" not in text.text
    assert "\nPhản hồi:\n" in text.text, "at the end there is nothing to acknowledge"
    assert 'min-width:110px"><b>Khu, cụm công nghiệp</b>' in text.html, "on a telephone: a word a line"


def test_a_mail_brings_its_background_along_so_that_no_dark_program_hides_its_letters() -> None:
    for html in (compose(PAGE).html, plain("[TRỰC BAN]", "lời").html):
        (body,) = re.findall(r'<body style="([^"]*)"', html)
        assert {"background:#fff", "color:#222"} <= set(body.split(";"))


def test_with_a_page_to_go_to_nobody_is_asked_for_a_command_and_people_have_names() -> None:
    over = replace(SLUG, state=IncidentState.RESOLVED, resolved_at=NOW, holder="an", members=(COD,))
    notice = replace(PAGE, incident=over, kind=Notice.END, web_url="https://quan-trac.vn/", people={"an": "Nguyễn An"})
    text = compose(notice)
    assert "Trang sự cố: https://quan-trac.vn/incidents/12" in text.text
    assert "quantrac incidents" not in text.text
    assert "Người nhận: Nguyễn An" in text.text
    asked = "quantrac incidents acknowledge 12"
    assert asked not in compose(replace(PAGE, web_url="https://quan-trac.vn/")).text
    assert asked in compose(PAGE).text, "without a page the command is the only way"


def test_a_digest_says_of_what_it_has_so_many_more() -> None:
    text = compose(replace(PAGE, others=(replace(SLUG, id=13),)))
    assert text.subject.endswith("KCN Hòa An (+1 sự cố)")
    assert "Hòa An park (+1 incident)" in text.text


def test_an_alert_of_the_whole_station_has_a_short_label_where_there_is_one_station() -> None:
    whole = replace(SLUG, members=(member(1, ""),))
    assert "\n  Cả trạm: " in compose(replace(PAGE, incident=whole)).text


def test_the_end_of_a_silence_names_the_station_in_a_short_subject_and_leads_to_what_holds() -> None:
    window = HoldWindow(1, WindowKind.SILENCE, "HOAAN", "COD", NOW - 60 * MINUTE, NOW, by="an", note="súc rửa")
    text = silence_ended(window, [SLUG], {"HOAAN": PLACE}, "https://quan-trac.vn")
    assert text.subject.startswith("[HẾT IM LẶNG] KCN Hòa An, COD: hết hạn lúc ")
    assert "SILENCE OVER" not in text.subject
    assert "#12: https://quan-trac.vn/incidents/12" in text.text
    assert '<a href="https://quan-trac.vn/incidents/12"' in text.html
    assert "không có" in silence_ended(window, [], {}).text


def test_an_outage_counts_the_stations_that_are_silent_and_asks_about_their_line() -> None:
    def silent(number: int, station: str) -> Member:
        return replace(member(number, "", kind=AlertKind.OFFLINE), key=AlertKey(station, "", "offline"))

    unusable = replace(member(1, "TSS", kind=AlertKind.DUE), key=AlertKey("C", "TSS", "unusable"))
    members = (unusable, silent(2, "A"), silent(3, "B"), silent(4, "C"))
    outage = replace(SLUG, topic=Topic.SIGNAL, extent=Extent.OUTAGE, members=members)
    text = compose(replace(PAGE, incident=outage, reason=Reason.OUTAGE, briefing=NOTHING_KNOWN))
    assert text.subject == "[CAO] Mất tín hiệu 3 trạm, A +2"
    assert "1. Gọi đơn vị vận hành: nguồn điện, mạng, bộ truyền dữ liệu." in text.text


def test_a_parameter_is_told_once_and_the_end_leads_with_what_was_worst() -> None:
    # COD    model |-----|  limit |---|            over; the limit was what it was told for
    # NH4    model |------------------ ...         left as a work item
    model = member(3, "COD", kind=AlertKind.ANOMALY)
    ammonium = replace(member(4, "NH4", kind=AlertKind.ANOMALY, page=False), explanation_vi="NH4 cao. Chưa vượt.")
    ended = [replace(m, resolved_at=NOW - n * MINUTE) for n, m in ((1, COD), (2, model))]
    facts = replace(FACTS, findings={
        1: found(1, "COD", 102.5, 90), 3: found(3, "COD", 83, 90), 4: found(4, "NH4", 4.4, 6),
    })  # fmt: skip
    over = replace(SLUG, state=IncidentState.RESOLVED, resolved_at=NOW, members=(ammonium, *ended))
    text = compose(replace(PAGE, incident=over, kind=Notice.END, reason=Reason.RESOLVED, briefing=facts))
    assert text.subject == "[KẾT THÚC] COD 102,5 > 90 mg/L, NH4 4,4 / 6 mg/L bất thường, KCN Hòa An"
    vietnamese = text.text.partition("— English —")[0]
    [cod] = [line for line in vietnamese.splitlines() if line.startswith("  COD: ")]
    assert cod.startswith("  COD: xấu nhất 102,5 mg/L; giới hạn 90 mg/L; mới nhất"), "not why it was told"
    assert "kết thúc lúc 09:59 23/11/2026; cùng 1 cảnh báo khác của thông số này" in cod
    [nh4] = [line for line in vietnamese.splitlines() if line.startswith("  NH4: ")]
    assert nh4.startswith("  NH4: NH4 cao. Chưa vượt; xấu nhất")
    assert nh4.endswith("cảnh báo này còn mở: việc cần xử lý, không gọi trực")


def test_what_the_model_takes_a_station_for_is_said_once() -> None:
    def judged(number: int, parameter: str, peak: float, probability: float) -> Finding:
        reasons = (Bilingual("COD, TSS cùng tăng", "COD, TSS rose"), Bilingual("không có mưa", "no rain"))
        return replace(found(number, parameter, peak, 50), assessment=Assessment("pollution", probability, reasons))

    facts = replace(FACTS, findings={1: judged(1, "COD", 65, 0.97), 2: judged(2, "TSS", 51, 0.93)})
    text = compose(replace(PAGE, briefing=facts)).text
    vietnamese, _, english = text.partition("— English —")
    assert (
        "mới nhất 1 mg/L lúc 10:00:00\n  Có thể là: sự cố xả thải, ô nhiễm thật (97 %)\n  Lý do 1: COD, TSS cùng tăng\n"
        "  Lý do 2: không có mưa\n" in vietnamese
    )
    assert [vietnamese.count(word) for word in ("ô nhiễm thật (", "cùng tăng")] == [1, 1]
    assert "  Probably: pollution (97 %)\n  Reason 1: COD, TSS rose\n" in english
    elsewhere = replace(TSS, key=replace(TSS.key, station="TANQUY"))
    two = compose(replace(PAGE, incident=replace(SLUG, members=(COD, elsewhere)), briefing=facts)).text
    assert "  Có thể là: KCN Hòa An: sự cố xả thải, ô nhiễm thật (97 %)\n" in two
    assert "  Có thể là: TANQUY: sự cố xả thải, ô nhiễm thật (93 %)\n" in two


def test_one_mail_names_everything_that_moved_and_how_to_answer() -> None:
    text = compose(replace(PAGE, web_url="https://quantrac.example.vn/"))
    assert "COD: COD vượt; xấu nhất 65 mg/L; mới nhất 63,5 mg/L lúc 10:00:00" in text.text
    assert "TSS: TSS vượt; xấu nhất 51 mg/L" in text.text
    assert "Trang sự cố: https://quantrac.example.vn/incidents/12" in text.text
    assert '<a href="https://quantrac.example.vn/incidents/12" style="word-break:break-all">' in text.html
    assert "Bằng lệnh" not in text.text
    assert "Trang sự cố" not in compose(PAGE).text


def test_the_clock_is_told_when_under_four_hours_and_of_what_has_moved() -> None:
    def clock(parameter: str, hours: float, allowance: float = 55.0) -> DayClock:
        at = NOW + timedelta(hours=hours)
        return DayClock("HOAAN", parameter, "mg/L", 60.0, 45.0, 82.0, allowance, at)

    def said(*clocks: DayClock) -> str:
        return compose(replace(PAGE, briefing=replace(FACTS, clocks=clocks))).text

    assert (
        "COD trung bình ngày đến nay 45 mg/L, giới hạn 60 mg/L; nếu giữ mức 82 mg/L: vượt sau 3 giờ 30 phút "
        "(13:30 23/11/2026). Phần còn lại của ngày được phép trung bình 55 mg/L."
    ) in said(clock("COD", 3.5))
    assert "Đồng hồ" not in said(clock("COD", 4.5), clock("NH4", 1))
    assert "chắc chắn vượt" in said(clock("COD", 0, allowance=-3.0))
    assert "đã vượt." in said(clock("COD", 0))


def test_a_rivers_mail_speaks_of_a_river() -> None:
    anomaly = Assessment("pollution", 0.9)
    facts = replace(
        FACTS,
        findings={1: replace(FACTS.findings[1], assessment=anomaly)},
        places={"HOAAN": replace(PLACE, kind=StationKind.SURFACE_WATER)},
    )
    text = compose(replace(PAGE, incident=replace(SLUG, members=(COD,)), briefing=facts)).text.lower()
    assert not [word for word in ("điểm xả", "xả thải", "dừng xả", "outlet", "discharge") if word in text]
    assert "ô nhiễm nguồn nước" in text
    assert "thượng nguồn" in text


def test_who_can_be_rung_and_what_is_not_known() -> None:
    plant = Person("nm", "Lê Văn Bơm", PersonRole.OPERATOR, ("HOAAN",), phone="0277 385 1234")
    officer = Person("an", "Nguyễn Văn An")
    rota = Rota("truc", "Trực ban", (Layer(("an",), date(2020, 1, 6), time(7)),))
    lines = contacts(OnCall((plant, officer), (rota,)), [("HOAAN", "Công ty Hạ tầng")], NOW)
    assert [(li.label.vi, li.value.vi) for li in lines] == [
        ("Đơn vị vận hành", "Lê Văn Bơm, 0277 385 1234"),
        ("Trực ban", "Nguyễn Văn An (chưa khai báo điện thoại)"),
    ]
    (alone,) = contacts(OnCall(), [("HOAAN", "Công ty Hạ tầng")], NOW)
    assert alone.value.vi == "Công ty Hạ tầng (chưa khai báo điện thoại)"
    assert parse(export(OnCall((plant,))), "again.toml").people[0].phone == "0277 385 1234"


def test_an_invented_station_and_a_drill_say_so_first() -> None:
    facts = replace(FACTS, places={"HOAAN": replace(PLACE, illustration=True)})
    assert compose(replace(PAGE, briefing=facts)).subject.startswith("[MINH HỌA] [CAO] COD")
    key = replace(COD.key, station="DRILL_HOAAN")
    drill = compose(replace(PAGE, incident=replace(SLUG, members=(replace(COD, key=key),))))
    assert drill.subject.startswith("[DIỄN TẬP] [CAO] COD")
    assert drill.text.startswith("*** DIỄN TẬP")


def test_judgements_that_differ_name_their_parameter_and_no_reason_is_told_twice() -> None:
    rise = Bilingual("COD tăng dần từ 19:00", "COD has risen slowly since 19:00")
    beside = Bilingual("Amoni 4,4 mg/L", "Ammonium 4.4 mg/L")
    facts = replace(FACTS, findings={
        1: replace(found(1, "COD", 54, 90), assessment=Assessment("pollution", 0.9, (rise,))),
        2: replace(found(2, "NH4", 4.4, 6), assessment=Assessment("unknown", 0.6, (beside,))),
    })  # fmt: skip
    cod = replace(member(1, "COD", kind=AlertKind.ANOMALY), explanation_vi=f"Mô hình thấy COD: {rise.vi}. Chưa vượt.")
    two = replace(SLUG, members=(cod, member(2, "NH4", kind=AlertKind.ANOMALY, page=False)))
    vietnamese, _, english = compose(replace(PAGE, incident=two, briefing=facts)).text.partition("— English —")
    assert (
        "  Có thể là: COD: sự cố xả thải, ô nhiễm thật (90 %)\n"
        "  Có thể là: NH4: chưa rõ nguyên nhân\n  Lý do 1: Amoni 4,4 mg/L\n" in vietnamese
    )
    assert "  Probably: NH4: cause unclear\n" in english
    ended = replace(two, members=(cod, replace(two.members[1], resolved_at=NOW)))
    for one in (replace(two, members=(cod,)), ended):
        text = compose(replace(PAGE, incident=one, briefing=facts)).text
        assert "  Có thể là: sự cố xả thải, ô nhiễm thật (90 %)\n" in text
        assert "chưa rõ" not in text


def test_what_was_known_at_the_page_stands_beside_what_is_known_now() -> None:
    # page     pollution 93 %
    # update   ........ 62 %     both, each by its name
    # end      ............ sensor fault
    def at(found: Assessment, kind: Notice, told: Assessment | None) -> str:
        cod = replace(FACTS.findings[1], assessment=found, paged_at=None if told is None else NOW, paged_as=told)
        # The first that officers were told of counts, also where another parameter leads by now.
        tss = replace(FACTS.findings[2], paged_at=NOW + MINUTE, paged_as=Assessment("pollution", 0.7))
        briefing = replace(FACTS, findings={1: cod, 2: tss if told is not None else FACTS.findings[2]})
        text = compose(replace(PAGE, kind=kind, briefing=briefing)).text
        return next(line for line in text.splitlines() if "Có thể là: " in line).partition("là: ")[2]

    first, later = Assessment("pollution", 0.93), Assessment("pollution", 0.62)
    assert at(first, Notice.PAGE, None) == "sự cố xả thải, ô nhiễm thật (93 %)"
    assert at(first, Notice.UPDATE, first) == "sự cố xả thải, ô nhiễm thật (93 %)"
    assert at(later, Notice.UPDATE, first) == "sự cố xả thải, ô nhiễm thật (khi báo 93 %, hiện nay 62 %)"
    assert at(later, Notice.END, first) == "sự cố xả thải, ô nhiễm thật (khi báo 93 %, sau cùng 62 %)"
    assert at(Assessment("fault", 0.71), Notice.UPDATE, first) == (
        "khi báo sự cố xả thải, ô nhiễm thật (93 %); hiện nay lỗi thiết bị đo (71 %)"
    )


def test_an_incident_of_a_station_as_a_whole_says_what_it_is() -> None:
    again = replace(SLUG, topic=Topic.INSTRUMENT, members=(member(1, "", kind=AlertKind.REVISION, page=False),))
    assert compose(replace(PAGE, incident=again)).subject == "[CAO] Gửi lại số liệu đã xét, KCN Hòa An"


def test_what_is_back_is_told_as_what_it_is_now_and_who_opens_it_later_reads_what_he_was_paged_at() -> None:
    # slug     93 % paged         81 %
    # back              work item      95 % paged
    first, again = NOW, NOW + 20 * MINUTE
    slug, back = Assessment("pollution", 0.93), Assessment("pollution", 0.95)
    old = replace(FACTS.findings[1], assessment=Assessment("pollution", 0.81), paged_at=first, paged_as=slug)
    incident = replace(SLUG, members=(COD, replace(TSS, resolved_at=again)), relapses=(again - 5 * MINUTE, again))

    def at(kind: Notice, *findings: Finding) -> str:
        briefing = replace(FACTS, findings=dict(enumerate(findings, 1)))
        lines = compose(replace(PAGE, kind=kind, incident=incident, briefing=briefing)).text.splitlines()
        return next(line for line in lines if "Có thể là: " in line).partition("thật ")[2]

    assert at(Notice.UPDATE, old) == "(khi báo 93 %, hiện nay 81 %)", "what is back pages nobody"
    new = replace(FACTS.findings[1], assessment=back)
    assert at(Notice.PAGE, new, old) == "(95 %)"
    told = replace(new, assessment=Assessment("pollution", 0.7), paged_at=again + MINUTE, paged_as=back)
    assert at(Notice.UPDATE, told, old) == "(khi báo 95 %, hiện nay 70 %)"

"""What officers read."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import pytest

from alerts.advice import incident_steps
from alerts.messages import notifications
from quantrac.domain.alerts import AlertKey, AlertKind, Assessment, Severity, Transition, TransitionKind
from quantrac.domain.limits import Limit
from quantrac.domain.notifications import Channel, Summary
from quantrac.domain.stations import Station, StationKind
from quantrac.domain.words import Bilingual

AT = datetime(2026, 11, 23, 3, 30, tzinfo=UTC)
SUMMARY = Summary(
    AT - timedelta(hours=1), AT, 12, 11, 50.0, 77.5, 120.0, (50, 60, 70, None, 80, 90, 99, 110, 120, 120, 115, 120)
)
OPENED = Transition(
    AlertKey("DT_KCNSADEC_NUOSXL", "COD", "limit"), TransitionKind.OPENED, AlertKind.LIMIT, Severity.HIGH, "held", AT,
    AT - timedelta(minutes=5), 120.0,
    Limit("COD", "mg/L", None, 90.0, "QCVN 40:2011/BTNMT cột A, Kq 1.2, Kf 1"),
    Bilingual("COD vượt", "COD above"),
)  # fmt: skip
MAIL = (Channel.EMAIL, "a@b.vn")


def text_of(transition: Transition, station: Station, summary: Summary | None = SUMMARY) -> str:
    (message,) = notifications(transition, station, summary, [MAIL], alert_id=7, transition_id=12)
    return f"{message.subject}\n{message.text}"


@pytest.mark.parametrize(
    "fact",
    [
        "[CAO] COD 120 > 90 mg/L, KCN Sa Đéc\n",
        "[HIGH] COD 120 > 90 mg/L, Sa Đéc industrial park",
        "Trạm: KCN Sa Đéc (DT_KCNSADEC_NUOSXL)",
        "Khu, cụm công nghiệp: KCN Sa Đéc",
        "Đơn vị vận hành: Công ty hạ tầng",
        "Giá trị: 120 mg/L",
        "Giới hạn: 90 mg/L (QCVN 40:2011/BTNMT cột A, Kq 1.2, Kf 1)",
        "Từ lúc: 10:25 23/11/2026 (giờ Việt Nam)",
        "Một giờ qua (09:30–10:30): nhỏ nhất 50 mg/L, trung bình 77,5 mg/L, lớn nhất 120 mg/L; 11/12",
        "▁▂▃·▄▅▆▇████",
        "1. Xem camera",
        "Ra lệnh cho thiết bị lấy mẫu tự động",
        "Gọi đơn vị vận hành",
        "Xác nhận đã nhận cảnh báo số 7",
    ],
)
def test_an_alert_says(station: Station, fact: str) -> None:
    assert fact in text_of(OPENED, station)


def test_vietnamese_comes_before_english(station: Station) -> None:
    text = text_of(OPENED, station)
    assert text.index("Việc cần làm") < text.index("— English —") < text.index("What to do")


def test_an_illustration_says_so_first(station: Station) -> None:
    (message,) = notifications(
        OPENED, replace(station, illustration=True), SUMMARY, [MAIL], alert_id=7, transition_id=12
    )
    assert message.subject.startswith("[MINH HỌA]")
    assert message.text.startswith("*** ĐÂY LÀ TRẠM MINH HỌA")
    assert message.html is not None
    assert "TRẠM MINH HỌA" in message.html
    assert "MINH HỌA" not in text_of(OPENED, station)


def test_what_the_model_takes_it_for_stands_apart_from_what_happened(station: Station) -> None:
    reasons = (Bilingual("COD, NH4 cùng tăng", "COD, NH4 rose together"), Bilingual("tăng dần", "rose gradually"))
    found = replace(OPENED, alert_kind=AlertKind.ANOMALY, assessment=Assessment("pollution", 0.874, reasons))
    (message,) = notifications(found, station, SUMMARY, [MAIL], alert_id=7, transition_id=12)
    vietnamese, _, english = message.text.partition("— English —")
    for said in (
        "Nội dung: COD vượt\n", "Có thể là: sự cố xả thải, ô nhiễm thật (87 %)\n", "Lý do 1: COD, NH4 cùng tăng\n",
        "Lý do 2: tăng dần\n",
    ):  # fmt: skip
        assert said in vietnamese
    for said in ("Probably: pollution (87 %)\n", "Reason 1: COD, NH4 rose together\n", "Reason 2: rose gradually\n"):
        assert said in english
    assert message.html is not None
    for said in ("ô nhiễm thật (87 %)", "COD, NH4 cùng tăng", "pollution (87 %)", "rose gradually"):
        assert said in message.html


def test_17_a_message_about_a_river_speaks_of_no_outlet(station: Station) -> None:
    river = replace(station, kind=StationKind.SURFACE_WATER, park=None)
    found = replace(OPENED, alert_kind=AlertKind.ANOMALY, assessment=Assessment("pollution", 0.9))
    for kind in (found, OPENED):
        text = text_of(kind, river).lower()
        assert not [word for word in ("điểm xả", "xả thải", "dừng xả", "outlet", "discharge") if word in text]
        assert "thượng nguồn" in text
    assert "ô nhiễm nguồn nước" in text_of(found, river)
    assert "điểm xả" in text_of(found, station)


def test_a_resolved_message(station: Station) -> None:
    why = "COD đã trở lại bình thường sau 30 phút; giá trị xấu nhất 130 mg/L"
    text = text_of(
        replace(
            OPENED,
            kind=TransitionKind.RESOLVED,
            value=50.0,
            peak=130.0,
            explanation=Bilingual(why, "COD is back to normal"),
        ),
        station,
    )
    assert text.startswith("[KẾT THÚC] COD 130 > 90 mg/L, KCN Sa Đéc\n")
    assert why in text
    assert "Kết thúc lúc: 10:30 23/11/2026" in text


def test_an_hour_without_usable_readings_and_none_at_all(station: Station) -> None:
    empty = Summary(AT - timedelta(hours=1), AT, 0, 0, None, None, None)
    assert "không có số liệu dùng được" in text_of(OPENED, station, empty)
    assert "Một giờ qua" not in text_of(OPENED, station, None)


def test_an_alert_of_the_whole_station(station: Station) -> None:
    key = AlertKey(station.code, "", "offline")
    lost = replace(OPENED, key=key, alert_kind=AlertKind.OFFLINE, value=None, limit=None)
    text = text_of(lost, station)
    assert "Mất tín hiệu" in text
    assert "Giới hạn:" not in text


def test_what_pages_nobody_makes_no_message(station: Station) -> None:
    assert notifications(replace(OPENED, page=False), station, SUMMARY, [MAIL], alert_id=7, transition_id=12) == []


def test_message_ids_are_stable_and_distinct(station: Station) -> None:
    people = [MAIL, (Channel.EMAIL, "c@d.vn"), (Channel.WEBHOOK, "zalo"), MAIL]

    def ids(alert_id: int, transition_id: int) -> list[str]:
        made = notifications(OPENED, station, SUMMARY, people, alert_id=alert_id, transition_id=transition_id)
        return [n.message_id for n in made]

    assert ids(7, 12) == ids(7, 12)
    assert len(set(ids(7, 12))) == len(ids(7, 12)) == 3
    assert not set(ids(7, 12)) & set(ids(7, 13))
    assert all(i.startswith("<quantrac.alert-7.12-") and "b.vn" not in i for i in ids(7, 12))


def test_html_is_well_formed_and_escaped(station: Station) -> None:
    evil = replace(station, name_vi="<script>alert(1)</script> & Co", name_en="x\r\nBcc: all@x")
    (message,) = notifications(OPENED, evil, SUMMARY, [MAIL], alert_id=7, transition_id=12)
    assert "\n" not in message.subject
    assert message.html is not None
    assert "<script>" not in message.html
    open_tags: list[str] = []

    class Parser(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            if tag not in {"hr", "meta", "br"}:
                open_tags.append(tag)

        def handle_endtag(self, tag: str) -> None:
            assert open_tags.pop() == tag

    Parser().feed(message.html)
    assert open_tags == []


def test_a_webhook_gets_text_only(station: Station) -> None:
    (message,) = notifications(OPENED, station, SUMMARY, [(Channel.WEBHOOK, "sms")], alert_id=7, transition_id=12)
    assert message.html is None


@pytest.mark.parametrize("kind", AlertKind)
@pytest.mark.parametrize("over", [False, True])
def test_what_to_do_asks_nobody_who_reads_a_mail_or_a_page_for_a_command(kind: AlertKind, over: bool) -> None:
    said = " ".join(word for step in incident_steps(kind, 7, over=over) for word in step)
    assert said
    assert "quantrac" not in said

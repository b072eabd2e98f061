"""What officers, operators and attackers do to the pages of a province."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from local.page import incident_of, take
from quantrac.domain.accounts import Role
from quantrac.domain.stations import VIETNAM
from quantrac.errors import ServerError

from .conftest import Site
from .town import HTML, OTHER, QUIET, SLUG, Town, transition

JPEG = b"\xff\xd8\xff\xe0" + b"photograph" * 40


def _at(hours: float) -> str:
    return (datetime.now(UTC) + timedelta(hours=hours)).astimezone(VIETNAM).strftime("%Y-%m-%dT%H:%M")


def test_an_incident_explains_itself(site: Site, number: int) -> None:
    page = site.logged_in(site.new()).get(f"/incidents/{number}").text
    for words in ("COD 98,8 mg/L vượt giới hạn", "ô nhiễm", "COD, TSS và NH4 cùng tăng", "sự cố bắt đầu",
                  "Xem camera", "cùng trạm, sự cố chưa hết"):  # fmt: skip
        assert words in page
    assert page.count("COD, TSS và NH4 cùng tăng") == 1, "the judgement is the station's, not each parameter's"
    assert f"sự cố số {number}" in page
    english = site.logged_in(site.new())
    english.get("/language/en?back=/")
    assert "it has begun" in english.get(f"/incidents/{number}").text


def test_its_curve_has_baseline_limit_and_what_speaks_against_it(site: Site, number: int) -> None:
    browser = site.logged_in(site.new())
    alerts = [a for (a,) in site.sql("SELECT alert_id FROM incident_alerts WHERE incident_id = %s ORDER BY 1", number)]
    curve = browser.get(f"/incidents/{number}/curve.json?alert={alerts[0]}").json()
    lead, *others = curve["traces"]
    assert lead["parameter"] == "COD"
    assert lead["maximum"] is not None
    assert any(level is not None for level in lead["baseline"])
    assert {t["parameter"] for t in others if t["moved"]} >= {"NH4"}
    assert curve["since"] < curve["opened"]
    assert browser.get(f"/incidents/{number}/curve.json?alert=1").status_code == 404


def test_html_in_every_text_is_text(site: Site, number: int) -> None:
    login = site.new(Role.ADMIN)
    browser = site.logged_in(login)
    browser.post(f"/incidents/{number}/comment", {"text": HTML})
    browser.post("/windows", {"station": QUIET, "kind": "maintenance", "starts": _at(1), "ends": _at(2), "note": HTML})
    browser.post("/users", {"login": f"{login}x", "name": HTML, "role": "viewer"})
    for path in ("/", "/incidents?all=1", f"/incidents/{number}", f"/stations/{OTHER}", "/windows", "/users", "/audit"):
        page = browser.get(path)
        assert page.status_code == 200, path
        assert "<script>document" not in page.text, path
        assert "<img src=x" not in page.text, path


def test_an_operator_sees_its_own_stations_only(site: Site, number: int) -> None:
    own, other = site.logged_in(site.new(Role.OPERATOR, (SLUG,))), site.logged_in(site.new(Role.OPERATOR, (QUIET,)))
    assert own.get(f"/incidents/{number}").status_code == 200
    for path in (f"/incidents/{number}", f"/stations/{SLUG}", f"/stations/{SLUG}/latest",
                 f"/incidents/{number}/files/1", f"/stations/{SLUG}/trend.json?parameter=COD",
                 f"/stations/{SLUG}/readings.csv",
                 f"/incidents/{number}/curve.json?alert=2"):  # fmt: skip
        assert other.get(path).status_code == 404, path
    assert SLUG not in other.get("/stations.json").text
    assert SLUG not in other.get("/").text
    assert other.post(f"/incidents/{number}/comment", {"text": "x"}).status_code == 404
    window = {"kind": "maintenance", "starts": _at(0), "ends": _at(3)}
    assert other.post("/windows", {"station": SLUG, **window}).status_code == 404
    assert own.post("/windows", {"station": SLUG, **window, "kind": "silence"}).status_code == 403
    assert own.post(f"/incidents/{number}/take").status_code == 403
    assert own.post(f"/incidents/{number}/close", {"cause": "drill"}).status_code == 403
    # What it may: answer, and announce and end maintenance of its own.
    answered = own.post(f"/incidents/{number}/comment", {"cause_words": "tràn bể", "plan": "sửa bơm"})
    assert answered.headers["location"].endswith("done=done")
    assert "Khắc phục: sửa bơm" in own.get(f"/incidents/{number}").text
    mistyped = own.post("/windows", {"station": SLUG, **window, "parameter": "CODD"})
    assert (mistyped.status_code, "Trạm không đo thông số này" in mistyped.text) == (400, True)
    far = own.post("/windows", {"station": SLUG, **window, "starts": "9999-12-31T22:00", "ends": "9999-12-31T23:00"})
    assert (far.status_code, "tối đa một năm" in far.text) == (400, True)
    assert own.post("/windows", {"station": SLUG, **window, "parameter": "COD"}).status_code == 303
    [(made,)] = site.sql("SELECT max(id) FROM hold_windows WHERE station = %s", SLUG)
    assert other.post(f"/windows/{made}/end").status_code == 404
    assert own.post(f"/windows/{made}/end").status_code == 303


def test_of_an_incident_of_several_stations_an_operator_sees_its_own_part_alone(site: Site, number: int) -> None:
    other = "DT_KCNMTHO_NUOSXL"
    [(before,)] = site.sql("SELECT incident_id FROM incident_alerts WHERE alert_id = "
                           "(SELECT min(id) FROM alerts WHERE station = %s)", other)  # fmt: skip
    move = """UPDATE incident_alerts SET incident_id = %s
               WHERE incident_id = %s AND alert_id IN (SELECT id FROM alerts WHERE station = %s)"""
    site.sql(move, number, before, other)
    try:
        own, officer = site.logged_in(site.new(Role.OPERATOR, (SLUG,))), site.logged_in(site.new())
        for path in ("/", "/overview", "/overview?wall=1", "/wall", "/incidents", f"/incidents/{number}"):
            assert f"/incidents/{number}" in own.get(path).text, path
            for word in (other, "KCN Mỹ Tho", "Đầu đo TSS lặp một giá trị"):
                assert word not in own.get(path).text, (path, word)
        assert "KCN Mỹ Tho" in officer.get("/").text
    finally:
        site.sql(move, before, number, other)


def test_an_incident_says_each_parameter_once_in_the_readers_words(site: Site, number: int) -> None:
    """Worst value with unit and limit; codes, counts and UTC of the history are words and Vietnam's time."""
    browser = site.logged_in(site.new(person="an"))
    site.sql("INSERT INTO incident_events (incident_id, at, actor, what, reason, detail) VALUES "
             "(%s, now(), '', 'not_paged', 'paged_already', '3 alerts, 1 stations, high'), "
             "(%s, now(), 'an', 'snooze', 'done', '2026-11-23T03:05:00+00:00'), "
             "(%s, now(), '', 'escalation', 'nuoc 1', 'binh')", number, number, number)  # fmt: skip
    page = browser.get(f"/incidents/{number}").text
    assert "COD 98,8 &gt; 60,75 mg/L" in page
    assert "Xấu nhất 98,8 mg/L · giới hạn 60,75 mg/L" in page
    for words in ("Không gọi: đã báo rồi", "3 cảnh báo, 1 trạm, mức Cao", "đến 10:05 23/11/2026",
                  "chính sách nuoc, bước 1", "Trần Thị Bình"):  # fmt: skip
        assert words in page
    for raw in ("not paged", "escalation", " alerts, ", "+00:00"):
        assert raw not in page, raw


def test_an_address_that_leads_nowhere_is_a_page_that_leads_on(site: Site, town: Town) -> None:
    for browser, tabs in ((site.browser(), False), (site.logged_in(site.new()), True)):
        answer = browser.get("/nowhere", accept="text/html,*/*")
        assert (answer.status_code, 'name="viewport"' in answer.text) == (404, True)
        assert ('href="/duty"' in answer.text, 'href="/"' in answer.text) == (tabs, True)


def test_two_officers_take_it_and_the_second_hears_so(site: Site, number: int) -> None:
    first, second = site.new(person="an"), site.new()
    page = site.logged_in(first).get(f"/incidents/{number}").text
    assert "Nhận sự cố</button>" in page
    assert site.logged_in(first).post(f"/incidents/{number}/take").headers["location"].endswith("done=done")
    assert site.logged_in(second).post(f"/incidents/{number}/take").headers["location"].endswith("held_by_other")
    assert site.sql("SELECT holder FROM incidents WHERE id = %s", number) == [("an",)]
    entry = site.audit()[-1]
    assert (entry["actor"], entry["account"], entry["action"]) == ("quantrac_web", first, "incident acknowledge")
    handed = site.logged_in(first).post(f"/incidents/{number}/assign", {"to": "nobody"})
    assert handed.headers["location"].endswith("unknown_person")


def test_files_are_known_by_what_is_in_them(site: Site, number: int) -> None:
    browser = site.logged_in(site.new())
    path = f"/incidents/{number}/files"

    def send(name: str, content: bytes, kind: str = "image/jpeg") -> int:
        return browser.post(path, files={"file": (name, content, kind)}).status_code

    assert send("../../etc/ảnh.php", JPEG) == 303
    assert send("anh.jpg", b"<svg onload=alert(1)>") == 415
    assert send("anh.jpg", b"") in {400, 413}
    assert send("anh.jpg", JPEG + bytes(5 * 1024 * 1024)) == 413
    assert send("anh.jpg", JPEG + bytes(10 * 1024 * 1024)) == 413
    [(kept, name)] = site.sql("SELECT id, name FROM incident_attachments WHERE incident_id = %s", number)
    assert name == "ảnh.jpg"
    got = browser.get(f"{path}/{kept}")
    assert got.content == JPEG
    assert got.headers["content-type"] == "image/jpeg"
    assert got.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("path", [
    "/incidents/999999", "/incidents/abc", "/incidents/-1", "/incidents/99999999999999999999", "/stations/NOBODY",
    "/stations/..%2f..%2fetc", "/incidents/1/explode", "/static/../app.py", "/static/%2e%2e/app.py", "/scripts/x.js",
])  # fmt: skip
def test_what_is_not_there_is_not_found(site: Site, town: Town, path: str) -> None:
    assert site.logged_in(site.new()).get(path).status_code in {404, 405}


@pytest.mark.parametrize("query", [
    "hours=x", "hours=-3", "since=1&until=2", "since=2026-01-02T00:00&until=2026-01-01T00:00", "hours=nan",
])  # fmt: skip
def test_a_period_that_is_none_is_refused(site: Site, town: Town, query: str) -> None:
    answer = site.logged_in(site.new()).get(f"/stations/{SLUG}/trend.json?parameter=COD&{query}")
    assert answer.status_code == 400


def test_a_station_shows_trend_csv_and_what_it_is(site: Site, town: Town) -> None:
    browser = site.logged_in(site.new())
    page = browser.get(f"/stations/{SLUG}").text
    for words in ("Đồng hồ tuân thủ", "Tỷ lệ số liệu nhận được", "Mô tả đang áp dụng", "QCVN40-2011-A"):
        assert words in page
    for station in (SLUG, OTHER, QUIET):  # some of their limits hold since ever
        assert browser.get(f"/stations/{station}/trend.json?parameter=COD&hours=1440").status_code == 200, station
    trend = browser.get(f"/stations/{SLUG}/trend.json?parameter=COD&hours=72").json()
    assert 400 < len(trend["t"]) <= 601
    assert max(v for v in trend["high"] if v is not None) > 90
    assert set(trend["maximum"]) == {trend["maximum"][0]}
    lines = browser.get(f"/stations/{SLUG}/readings.csv?parameter=COD&hours=2").text.splitlines()
    assert lines[0].lstrip("\ufeff").startswith("observed_at,received_at,parameter,value")
    assert 20 <= len(lines) <= 26
    assert "Hiệu chuẩn" in browser.get(f"/stations/{OTHER}").text


def test_an_open_page_hears_of_a_change_at_once_and_of_the_logout(site: Site, number: int) -> None:
    login = site.new(person="an")
    browser = site.logged_in(login)
    heard: list[str] = []
    begun, changed = threading.Event(), threading.Event()

    def listen() -> None:
        with httpx.stream("GET", f"{site.url}/live", cookies=browser.client.cookies, timeout=60) as answer:
            for line in answer.iter_lines():
                if line.startswith("event:"):
                    heard.append(line.removeprefix("event: "))
                    if begun.is_set() and heard[-1] == "incidents":
                        changed.set()
                    if len(heard) >= 3:
                        begun.set()

    thread = threading.Thread(target=listen)
    thread.start()
    assert begun.wait(60), heard
    browser.post(f"/incidents/{number}/comment", {"text": "đã gọi nhà máy"})
    assert changed.wait(60), heard
    browser.post("/logout")
    thread.join(40)
    assert not thread.is_alive()
    assert heard[-1] == "gone"


def test_the_rota_is_seen_swapped_and_fed_to_a_calendar(site: Site, town: Town) -> None:
    browser = site.logged_in(site.new(Role.MANAGER, person="an"))
    assert "Nguyễn Văn An" in browser.get("/duty").text
    assert browser.get("/duty/calendar.ics").text.startswith("BEGIN:VCALENDAR")
    change = {"rota": "truc-ban", "remove": "an", "add": "binh", "starts": _at(24), "ends": _at(48)}
    assert browser.post("/duty/overrides", change).status_code == 303
    assert browser.post("/duty/overrides", {**change, "add": "stranger"}).status_code == 400
    assert site.logged_in(site.new()).post("/duty/overrides", change).status_code == 403
    assert "an@so.vn" in browser.get("/channels").text
    assert "insert into rota_overrides" in {entry["action"] for entry in site.audit()}


def test_the_demo_takes_an_incident_by_its_link_as_an_officer_does(site: Site, town: Town, number: int) -> None:
    [(alert,)] = site.sql("SELECT min(alert_id) FROM incident_alerts WHERE incident_id = %s", number)
    assert isinstance(alert, int)
    assert incident_of(site.database.reader, alert + 999) is None
    stuck = incident_of(site.database.reader, 1)
    assert stuck is not None
    link = site.taking_link(stuck.id, "an")
    assert take(link)
    taken = incident_of(site.database.reader, 1)
    assert taken is not None
    assert (taken.state.value, taken.holder) == ("acknowledged", "an")
    assert not take(link)  # it is used up
    with pytest.raises(ServerError, match="404"):
        take(link + "a")


def test_why_a_reading_has_paged_is_told(site: Site, number: int) -> None:
    browser = site.logged_in(site.new())
    told = browser.get(f"/stations/{SLUG}/why?parameter=COD").text
    assert "ngoài giới hạn" in told
    assert f"#{number}" in told
    assert "trong giới hạn" in browser.get(f"/stations/{QUIET}/why?parameter=COD&at={_at(-30)}").text
    assert "không có số liệu" in browser.get(f"/stations/{QUIET}/why?parameter=Nothing").text
    assert browser.get(f"/stations/{QUIET}/why?parameter=COD&at=yesterday").status_code == 400


def test_a_stations_page_shows_its_housekeeping_channels(site: Site, town: Town) -> None:
    """Registered ones with their kind and words, others by the symbol that the logger writes; nothing of it is HTML."""
    browser = site.logged_in(site.new())
    assert "Thay đổi trong 30 ngày" not in browser.get(f"/stations/{OTHER}").text
    site.sql(
        "UPDATE stations SET channels = %s WHERE code = %s",
        '[{"code": "Door", "kind": "door", "states": [[0, "đóng"], [1, "mở <i>"]], "aliases": []}]', OTHER,
    )  # fmt: skip
    try:
        site.sql(
            "INSERT INTO channel_spans (station, channel, since, until, state, late) VALUES"
            " (%s, 'Door', now() - interval '3 hours', now() - interval '2 hours', 0, true),"
            " (%s, 'Door', now() - interval '1 hour', now(), 1, false),"
            " (%s, '<b>UPS', now() - interval '1 hour', now(), 7, false)",
            OTHER, OTHER, OTHER,
        )  # fmt: skip
        site.sql(
            "INSERT INTO channel_revisions (station, channel, since, until, state, observed_at, revised_state,"
            " replaced_at, replaced_by_partition, replaced_by_offset) SELECT %s, 'Door', at, at, 1, at, 0, now(), 0, 1"
            " FROM (SELECT now() - interval '150 minutes' AS at) AS was", OTHER,
        )  # fmt: skip
        page = browser.get(f"/stations/{OTHER}").text
        assert "Door: đóng <small>(báo muộn)" in page
        assert "Door: <b>mở &lt;i&gt;</b>; báo lại là đóng lúc" in page
        assert "cửa trạm" in page
        assert "<b>mở &lt;i&gt;</b>" in page
        assert "đóng" in page
        assert "&lt;b&gt;UPS" in page
        assert "<b>UPS" not in page
    finally:
        site.sql("DELETE FROM channel_spans WHERE station = %s", OTHER)
        site.sql("UPDATE stations SET channels = '[]' WHERE code = %s", OTHER)


def test_a_plant_hears_who_is_on_duty_and_not_when_nobody_is(site: Site, town: Town) -> None:
    gap = town.now + timedelta(days=2)
    site.sql(
        "INSERT INTO rota_overrides (rota, starts_at, ends_at, remove_person, by, created_at) "
        "SELECT 'truc-ban', %s, %s, unnest(ARRAY['an', 'binh']), 'test', now()", gap, gap + timedelta(hours=3),
    )  # fmt: skip
    ours = site.logged_in(site.new()).get("/duty").text
    theirs = site.logged_in(site.new(Role.OPERATOR, (OTHER,))).get("/duty").text
    for words in ("không ai trực", "Đổi ca", "Thay đổi tạm thời"):
        assert (words in ours, words in theirs) == (True, False), words
    assert "Đang trực" in theirs
    assert "Nguyễn Văn An" in theirs or "Trần Thị Bình" in theirs


def test_what_is_to_be_done_is_not_below_forty_parameters(site: Site, town: Town) -> None:
    since = town.now - timedelta(minutes=30)
    town.happens(*(transition(QUIET, f"P{n:02d}", since) for n in range(40)))
    [(number,)] = site.sql("SELECT max(id) FROM incidents")
    page = site.logged_in(site.new()).get(f"/incidents/{number}").text
    shown, _, folded = page.partition('data-keep="more"')
    assert (shown.count('<p class="worst'), folded.count('<p class="worst')) == (8, 32)
    town.over(int(str(number)))

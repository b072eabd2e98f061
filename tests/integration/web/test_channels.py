"""One's own channels on the page: added, verified by the code that was really put into the outbox, ordered, removed."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, sync_playwright

from quantrac.domain.accounts import Role

from .browser import chromium
from .conftest import Browser, Site, serving
from .town import Town

PUSH_KEY = "BPu7cLLvNvVBh4VgI2qCEA3YZc5ryFaGHnDdZ8vO3x1T8KrEqrp-mJ9CbYt5xT6cZ8f0iLk0T0o5c0T7uE7v0bY"
SUBSCRIPTION = {
    "endpoint": "https://fcm.googleapis.com/fcm/send/abc", "expirationTime": None,
    "keys": {"p256dh": "B" * 87, "auth": "a" * 22},
}  # fmt: skip


@pytest.fixture(scope="module")
def days() -> float:
    return 0.1


def _person(site: Site) -> str:
    """Add somebody on call of whom no other test knows."""
    code = f"p{uuid.uuid4().hex[:8]}"
    document = json.dumps({"code": code, "name": f"Người {code}", "role": "officer"})
    site.sql(
        "INSERT INTO people (code, position, document, changed_at) VALUES (%s, 9, %s::jsonb, now())", code, document
    )
    return code


def _officer(site: Site) -> tuple[Browser, str]:
    code = _person(site)
    return site.logged_in(site.new(person=code)), code


def _channels(site: Site, person: str) -> list[tuple[object, ...]]:
    return site.sql(
        "SELECT id, kind, address, delay_s, verified_at IS NOT NULL FROM contact_channels "
        "WHERE person = %s AND removed_at IS NULL ORDER BY position, id", person,
    )  # fmt: skip


def _code(site: Site, channel: object) -> str:
    [(text,)] = site.sql("SELECT text FROM outbox WHERE contact_id = %s ORDER BY id DESC LIMIT 1", channel)
    found = re.search(r"\b\d{6}\b", str(text))
    assert found is not None
    return found[0]


def test_a_channel_counts_once_its_owner_has_entered_the_code_that_came(site: Site, town: Town) -> None:
    browser, person = _officer(site)
    answer = browser.post("/channels", {"kind": "sms", "address": "0912 345 678", "delay_min": "5"})
    assert answer.status_code == 303
    [(number, kind, address, delay_s, verified)] = _channels(site, person)
    assert (kind, address, delay_s, verified) == ("sms", "sms/0912345678", 300.0, False)
    assert "chưa xác minh" in browser.get("/channels").text
    code = _code(site, number)
    wrong = f"{(int(code) + 1) % 1_000_000:06d}"
    assert "Mã không đúng" in browser.post(f"/channels/{number}/verify", {"code": wrong}).text
    assert "Đã xác minh" in browser.post(f"/channels/{number}/verify", {"code": code}).text
    assert _channels(site, person)[0][-1] is True
    # It is used up with that.
    assert "Chưa gửi mã nào" in browser.post(f"/channels/{number}/verify", {"code": code}).text
    entries = [e for e in site.audit() if e["subject"] == person and e["action"] == "insert into contact_channels"]
    assert [(e["actor"], str(e["account"])[:1]) for e in entries] == [("quantrac_web", "u")]


def test_the_page_says_when_one_is_told_and_that_one_channel_is_not_enough(site: Site, town: Town) -> None:
    browser, person = _officer(site)
    page = browser.get("/channels").text
    assert "Chưa kênh nào dùng được" in page
    assert "chưa có giờ yên tĩnh" in page
    quiet = {"from": "22:00", "to": "06:00", "severities": ["info", "warning"]}
    site.sql("UPDATE people SET document = document || %s::jsonb WHERE code = %s", json.dumps({"quiet": quiet}), person)
    browser.post("/channels", {"kind": "email", "address": f"{person}@so.vn"})
    [(number, *_)] = _channels(site, person)
    browser.post(f"/channels/{number}/verify", {"code": _code(site, number)})
    page = browser.get("/channels").text
    assert "<b>22:00–06:00</b> (thông tin, chú ý)" in page
    assert "Chỉ một kênh đang dùng được" in page
    site.sql("UPDATE contact_channels SET failing_since = now() WHERE id = %s", number)
    page = browser.get("/channels").text
    assert "đang hỏng từ" in page
    assert "Chưa kênh nào dùng được" in page
    refused = browser.post("/channels", {"kind": "email", "address": "khong phai thu"})
    assert "địa chỉ không hợp với loại kênh" in refused.text
    assert "is not an e-mail" not in refused.text


def test_a_code_bears_five_mistakes_and_then_the_right_one_is_refused_too(site: Site, town: Town) -> None:
    browser, person = _officer(site)
    browser.post("/channels", {"kind": "email", "address": f"{person}@so.vn"})
    [(number, *_)] = _channels(site, person)
    code = _code(site, number)
    for step in range(1, 6):
        wrong = f"{(int(code) + step) % 1_000_000:06d}"
        assert "Mã không đúng" in browser.post(f"/channels/{number}/verify", {"code": wrong}).text
    assert "Sai năm lần" in browser.post(f"/channels/{number}/verify", {"code": code}).text
    assert _channels(site, person)[0][-1] is False
    browser.post(f"/channels/{number}/code")
    assert "Đã xác minh" in browser.post(f"/channels/{number}/verify", {"code": _code(site, number)}).text


def test_so_many_codes_are_sent_and_no_more(site: Site, town: Town) -> None:
    browser, person = _officer(site)
    browser.post("/channels", {"kind": "email", "address": f"{person}@so.vn"})
    [(number, *_)] = _channels(site, person)
    answers = [browser.post(f"/channels/{number}/code").status_code for _ in range(6)]
    assert answers == [303, 303, 303, 303, 429, 429]
    assert len(site.sql("SELECT 1 FROM outbox WHERE contact_id = %s", number)) == 5


def test_anothers_channel_is_not_there_by_its_number(site: Site, town: Town) -> None:
    victim, theirs = _officer(site)
    victim.post("/channels", {"kind": "email", "address": f"{theirs}@so.vn"})
    [(number, *_)] = before = _channels(site, theirs)
    code = _code(site, number)
    thief, own = _officer(site)
    thief.post("/channels", {"kind": "email", "address": f"{own}@so.vn"})
    for path, data in (("code", {}), ("verify", {"code": code}), ("remove", {})):
        assert thief.post(f"/channels/{number}/{path}", data).status_code == 404, path
    thief.post("/channels/order", {f"place_{number}": "1", f"delay_{number}": "999"})
    assert _channels(site, theirs) == before
    assert f"{theirs}@so.vn" not in thief.get("/channels").text
    stranger = site.logged_in(site.new())
    assert stranger.post("/channels", {"kind": "email", "address": "x@so.vn"}).status_code == 403
    assert stranger.post(f"/channels/{number}/remove").status_code == 403


def test_they_are_put_in_order_with_delays_and_removed(site: Site, town: Town) -> None:
    browser, person = _officer(site)
    for kind, address in (("email", f"{person}@so.vn"), ("zalo", "a1b2"), ("ntfy", "centre")):
        assert browser.post("/channels", {"kind": kind, "address": address}).status_code == 303
    mail, zalo, ntfy = (row[0] for row in _channels(site, person))
    places = {f"place_{zalo}": "1", f"place_{mail}": "2", f"place_{ntfy}": "3"}
    delays = {f"delay_{zalo}": "0", f"delay_{mail}": "2,5", f"delay_{ntfy}": "10"}
    assert browser.post("/channels/order", places | delays).status_code == 200
    kept = [(row[0], row[3]) for row in _channels(site, person)]
    assert kept == [(zalo, 0.0), (mail, 150.0), (ntfy, 600.0)]
    for nonsense in ("-1", "1e9", "soon", "nan"):
        assert browser.post("/channels/order", places | delays | {f"delay_{mail}": nonsense}).status_code == 400
    assert [(row[0], row[3]) for row in _channels(site, person)] == kept
    assert browser.post(f"/channels/{mail}/remove").status_code == 200
    assert [row[0] for row in _channels(site, person)] == [zalo, ntfy]
    assert browser.post(f"/channels/{mail}/remove").status_code == 404


@pytest.mark.parametrize(("form", "said"), [
    ({"kind": "email", "address": "nobody"}, "is not an e-mail address"),
    ({"kind": "email", "address": "a@b.vn, c@d.vn"}, "is not an e-mail address"),
    ({"kind": "sms", "address": "sms/09;12"}, "is no target"),
    ({"kind": "pigeon", "address": "x"}, "is not known"),
    ({"kind": "ntfy", "address": "<script>"}, "are not allowed in a text"),
    ({"kind": "email", "address": "a@b.vn", "delay_min": "-5"}, "0 to 1440 minutes"),
    ({"kind": "email", "address": "a@b.vn", "delay_min": "nan"}, "0 to 1440 minutes"),
    ({"kind": "email", "address": "a@b.vn", "delay_min": "soon"}, "0 to 1440 minutes"),
    ({"kind": "web_push", "address": "https://fcm.googleapis.com/x"}, "is not the subscription of a browser"),
    ({"kind": "web_push", "address": json.dumps(SUBSCRIPTION | {"endpoint": "https://evil.example/x"})},
     "which is none of"),
    ({"kind": "web_push", "address": json.dumps(SUBSCRIPTION | {"endpoint": "http://fcm.googleapis.com/x"})},
     "no https address"),
])  # fmt: skip
def test_what_is_no_address_is_refused_with_key_and_reason(
    site: Site, town: Town, form: dict[str, str], said: str
) -> None:
    browser, person = _officer(site)
    browser.client.cookies.set("lang", "en")
    answer = browser.post("/channels", form)
    assert answer.status_code == 400
    assert said in unescape(answer.text)
    assert _channels(site, person) == []
    assert site.sql("SELECT 1 FROM outbox WHERE person = %s", person) == []


def test_one_that_fails_is_marked_and_can_be_verified_anew(site: Site, town: Town) -> None:
    browser, person = _officer(site)
    browser.post("/channels", {"kind": "email", "address": f"{person}@so.vn"})
    [(number, *_)] = _channels(site, person)
    site.sql("UPDATE contact_channels SET verified_at = now(), failing_since = now() WHERE id = %s", number)
    assert "đang hỏng từ" in browser.get("/channels").text
    browser.post(f"/channels/{number}/code")
    browser.post(f"/channels/{number}/verify", {"code": _code(site, number)})
    assert "đang hỏng" not in browser.get("/channels").text


@pytest.fixture
def pushing(site: Site, town: Town, scripts: Path) -> Iterator[Site]:
    with serving(scripts, site.database, logins_at_once=10_000, push_key=PUSH_KEY) as url:
        yield replace(site, url=url)


def _enter(context: BrowserContext, site: Site, login: str) -> Page:
    context.set_default_timeout(60_000)
    page = context.new_page()
    page.goto(site.link(login))
    page.get_by_role("button", name="Đăng nhập").click()
    page.wait_for_selector("#map")
    page.goto(f"{site.url}/channels")
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    return page


@pytest.mark.timeout(400)
def test_a_browser_subscribes_and_shows_what_is_pushed_to_it(pushing: Site) -> None:
    """The push service stands outside: what it would return is given, what it would deliver comes by the debugger."""
    program, why = chromium()
    if not program:
        pytest.skip(why)
    person = _person(pushing)
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        context = opened.new_context(permissions=["notifications"])
        given = f"PushManager.prototype.subscribe = async (o) => (window.asked = o, {json.dumps(SUBSCRIPTION)});"
        context.add_init_script(given)
        wrong: list[str] = []
        page = _enter(context, pushing, pushing.new(Role.OFFICER, person=person))
        page.on("console", lambda m: wrong.append(m.text) if m.type == "error" else None)
        page.get_by_role("button", name="Bật thông báo").click()
        page.wait_for_selector("text=fcm.googleapis.com")
        [(number, kind, address, *_)] = _channels(pushing, person)
        assert kind == "web_push"
        assert json.loads(str(address))["keys"]["auth"] == "a" * 22
        assert "a" * 22 not in page.content()
        session = context.new_cdp_session(page)
        registered: list[str] = []
        session.on("ServiceWorker.workerRegistrationUpdated",
                   lambda e: registered.extend(r["registrationId"] for r in e["registrations"]))  # fmt: skip
        session.send("ServiceWorker.enable")
        page.wait_for_timeout(500)
        told = {
            "title": f"Mã: {_code(pushing, number)}",
            "body": "<b>x</b>",
            "id": "m1",
            "url": "https://evil.example/",
        }
        for data in (json.dumps(told), "no JSON"):
            session.send("ServiceWorker.deliverPushMessage",
                         {"origin": pushing.url, "registrationId": registered[0], "data": data})  # fmt: skip
        page.wait_for_timeout(500)
        shown = page.evaluate(
            "navigator.serviceWorker.ready.then(w => w.getNotifications()).then(all => all.map(n => [n.title, n.body]))"
        )
        assert sorted(shown) == sorted([[told["title"], "<b>x</b>"], ["quantrac", "no JSON"]])
        page.fill(f"#c{number} input[name=code]", _code(pushing, number))
        page.get_by_role("button", name="Xác minh").click()
        page.wait_for_selector("text=Đã xác minh")
        assert wrong == []
        opened.close()

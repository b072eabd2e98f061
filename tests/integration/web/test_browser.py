"""The page as people use it, in Chromium: on a telephone and at a desk."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from quantrac.domain.accounts import Role

from .browser import chromium
from .conftest import Site, serving
from .town import OTHER, SLUG, Town

PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
DESK: dict[str, Any] = {"viewport": {"width": 1366, "height": 768}}
PATIENCE_MS = 60_000
"""Nothing waits so long on a machine that has nothing else to do."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    program, why = chromium()
    if not program:
        pytest.skip(why)
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield opened
        opened.close()


class Screen:
    """An open page, and what went wrong on it."""

    def __init__(self, context: BrowserContext, url: str) -> None:
        context.set_default_timeout(PATIENCE_MS)
        self.page: Page = context.new_page()
        self.url, self.wrong = url, list[str]()
        self.page.on("console", lambda m: self.wrong.append(m.text) if m.type in {"error", "warning"} else None)
        self.page.on("pageerror", lambda e: self.wrong.append(str(e)))
        self.page.on("request", lambda r: None if r.url.startswith(url) else self.wrong.append(f"asks {r.url}"))

    def visit(self, path: str) -> Page:
        self.page.goto(path if path.startswith("http") else self.url + path)
        return self.page


def faults(page: Page) -> list[str]:
    """Return what axe finds grave."""
    found = Axe().run(page).response["violations"]
    return [
        f"{v['id']} ({v['impact']}): {v['nodes'][0]['html'][:200]}"
        for v in found
        if v["impact"] in {"serious", "critical"}
    ]


@pytest.mark.timeout(400)
@pytest.mark.parametrize(("size", "scheme"), [(PHONE, "dark"), (DESK, "light")], ids=["phone", "desk"])
def test_an_officer_sees_the_slug_come_in_takes_it_and_closes_it(
    browser: Browser, site: Site, town: Town, size: dict[str, Any], scheme: Any
) -> None:
    context = browser.new_context(**size, color_scheme=scheme)
    screen = Screen(context, site.url)
    page = screen.visit(site.link(site.new(person="an")))
    page.get_by_role("button", name="Đăng nhập").click()
    page.wait_for_selector("#map .station-mark")
    assert not page.locator("text=#1 ·").count() or site.sql("SELECT count(*) FROM incidents WHERE id = 1")
    number = town.slug()
    # Nobody touches the page: it comes by itself.
    page.wait_for_selector(f"a[href='/incidents/{number}']")
    assert faults(page) == []
    page.click(f"a[href='/incidents/{number}']")
    page.wait_for_selector("#plots .plot canvas")
    assert faults(page) == []
    # The link out of the mail, on a telephone that nobody has logged in at; the open page sees it happen.
    on_duty, link = site.mailed_link(number)
    telephone = Screen(browser.new_context(**PHONE, color_scheme=scheme), site.url)
    telephone.visit(link)
    assert faults(telephone.page) == []
    telephone.page.get_by_role("button", name="Tôi nhận").click()
    telephone.page.wait_for_selector("text=Bạn đã nhận sự cố")
    assert telephone.wrong == []
    telephone.page.context.close()
    page.wait_for_selector(".state.acknowledged")
    page.locator("summary", has_text="Đóng với nguyên nhân").click()
    page.select_option("select[name=cause]", "process_upset")
    page.fill("details[open] textarea[name=text]", "tràn bể hiếu khí <b>")
    page.get_by_role("button", name="Đóng sự cố").click()
    page.wait_for_selector(".state.closed")
    assert page.locator(".headline", has_text="tràn bể hiếu khí <b>").count() == 1
    assert site.sql("SELECT state, holder, cause FROM incidents WHERE id = %s", number) == [
        ("closed", on_duty, "process_upset")
    ]
    assert screen.wrong == []
    town.over(number)
    context.close()


@pytest.mark.timeout(400)
def test_every_page_is_whole_for_everybody(browser: Browser, site: Site, town: Town) -> None:
    """No console error, no other host, nothing grave for axe, nothing wider than the telephone, HTML is text."""
    context = browser.new_context(**PHONE, color_scheme="light", locale="vi-VN")
    screen = Screen(context, site.url)
    page = screen.visit(site.link(site.new(Role.ADMIN, person="an")))
    page.get_by_role("button", name="Đăng nhập").click()
    page.wait_for_selector("#map")
    paths = ("/", "/wall", "/incidents?all=1", f"/stations/{SLUG}", f"/stations/{OTHER}", "/duty", "/windows",
             "/duty/plan", "/duty/plan/rota/truc-ban", "/duty/plan/person/an", "/duty/plan/policy",
             "/channels", "/users", "/audit", "/account")  # fmt: skip
    for path in paths:
        screen.visit(path)
        page.wait_for_load_state("load")
        if path.startswith("/stations"):
            page.wait_for_selector("#trendplot canvas, #trendplot .quiet")
        assert faults(page) == [], path
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, f"{path} is {wide} px wider than the telephone"
        assert page.title() != "stolen"
        assert page.locator("img[src=x]").count() == 0
    assert screen.wrong == []
    context.close()


@pytest.mark.timeout(400)
def test_the_last_pages_can_be_read_without_a_network(browser: Browser, site: Site, town: Town) -> None:
    context = browser.new_context(**PHONE)
    screen = Screen(context, site.url)
    page = screen.visit(site.link(site.new()))
    page.get_by_role("button", name="Đăng nhập").click()
    page.wait_for_selector("#map .station-mark")
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    screen.visit(f"/stations/{SLUG}")
    screen.visit("/")
    context.set_offline(True)
    screen.visit(f"/stations/{SLUG}")
    assert page.locator("h1").inner_text().strip()
    assert page.locator("#offline").is_visible()
    context.close()


@pytest.mark.timeout(400)
def test_a_browser_in_berlin_shows_the_times_of_vietnam(browser: Browser, site: Site, town: Town) -> None:
    shown: dict[str, list[str]] = {}
    for zone in ("Asia/Ho_Chi_Minh", "Europe/Berlin"):
        context = browser.new_context(**DESK, timezone_id=zone)
        screen = Screen(context, site.url)
        page = screen.visit(site.link(site.new(Role.ADMIN)))
        page.get_by_role("button", name="Đăng nhập").click()
        page.wait_for_selector("#map")
        offset_min = page.evaluate("new Date().getTimezoneOffset()")
        assert (offset_min == -420) == (zone == "Asia/Ho_Chi_Minh")
        for path in (f"/stations/{OTHER}", "/incidents?all=1"):
            screen.visit(path)
            page.wait_for_load_state("load")
            shown.setdefault(zone, []).append(page.locator("main").inner_text())
        assert screen.wrong == []
        context.close()
    texts = list(shown.values())
    assert sum(len(re.findall(r"\d\d:\d\d", text)) for text in texts[0]) > 5, "there are times on these pages"
    for one, other in zip(*texts, strict=True):
        dates = [re.findall(r"\d\d/\d\d/\d{4}", text)[:20] for text in (one, other)]
        assert dates[0] == dates[1]
        minutes = [[60 * int(h) + int(m) for h, m in re.findall(r"(\d\d):(\d\d)", text)[:20]] for text in (one, other)]
        for here, there in zip(*minutes, strict=True):
            assert min((here - there) % 1440, (there - here) % 1440) <= 10  # one page is shown after the other


@pytest.mark.timeout(300)
def test_a_page_that_is_left_open_finds_back_after_a_restart(
    browser: Browser, site: Site, town: Town, scripts: Path
) -> None:
    """The page's process goes and comes back; what happened meanwhile is shown without anybody touching the page."""
    with serving(scripts, site.database, logins_at_once=10_000) as url:
        context = browser.new_context(**DESK)
        page = Screen(context, url).visit(replace(site, url=url).link(site.new()))
        page.get_by_role("button", name="Đăng nhập").click()
        page.wait_for_selector("#map .station-mark")
    number = town.slug()
    with serving(scripts, site.database, logins_at_once=10_000, port=int(url.rsplit(":", 1)[1])):
        page.wait_for_selector(f"a[href='/incidents/{number}']")
        context.close()
    town.over(number)

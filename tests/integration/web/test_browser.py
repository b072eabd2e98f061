"""The page as people use it, in Chromium: on a telephone and at a desk."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, Route, sync_playwright

from quantrac.domain.accounts import Role
from quantrac.domain.stations import VIETNAM

from .browser import chromium
from .conftest import Site, serving
from .town import OTHER, SLUG, Town, midnights, transition

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


def _words_that_touch(page: Page) -> list[str]:
    """Return the words of a curve's events that lie on one another, or beside the curve's box."""
    page.wait_for_selector(".plot .event")
    found: list[str] = page.evaluate("""() => [...document.querySelectorAll(".plot")].flatMap((plot) => {
      const box = plot.getBoundingClientRect();
      const place = (word) => [word.textContent, word.getBoundingClientRect()];
      const words = [...plot.querySelectorAll(".event")].map(place);
      const out = words.filter(([, r]) => r.left < box.left || r.right > box.right).map(([text]) => text);
      const touch = (r, o) => r.left < o.right && o.left < r.right && r.top < o.bottom && o.top < r.bottom;
      const on = words.flatMap(([text, r], n) => words.slice(n + 1).filter(([, o]) => touch(r, o))
        .map(([other]) => text + " " + other));
      return [...out, ...on];
    })""")
    return found


@pytest.mark.timeout(400)
def test_a_plant_of_one_station_sees_it_on_the_map(browser: Browser, site: Site, town: Town) -> None:
    """The outline of the province may come after the stations, of which one is a point that no zoom fits."""
    context = browser.new_context(**PHONE, service_workers="block")
    screen = Screen(context, site.url)
    page = screen.page
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/dong-thap.json", hold)
    screen.visit(site.link(site.new(Role.OPERATOR, stations=(SLUG,))))
    page.get_by_role("button", name="Đăng nhập").click()
    page.wait_for_selector("#map .station-mark", state="attached")
    for route in held:
        route.continue_()
    page.wait_for_selector("#map path.land", state="attached")
    box, mark = page.locator("#map").bounding_box(), page.locator("#map .station-mark").bounding_box()
    assert box is not None
    assert mark is not None
    assert box["x"] <= mark["x"] <= box["x"] + box["width"]
    drawn = page.locator("#map path.land").first.bounding_box()
    assert drawn is not None
    assert drawn["width"] > 50, "the province is a point, or away"
    context.close()


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
    assert _words_that_touch(page) == []
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
    first, second = midnights(2)
    for start, window in ((first, "day"), (first, "hour"), (second, "day")):
        town.pending(start, window)
    town.revised(first, 123.25)
    paths = ("/", "/wall", "/incidents?all=1", f"/stations/{SLUG}", f"/stations/{OTHER}", "/duty", "/windows",
             "/duty/plan", "/duty/plan/rota/truc-ban", "/duty/plan/person/an", "/duty/plan/policy",
             "/channels", "/users", "/audit", "/account", "/revisions", f"/revisions/{SLUG}/COD",
             f"/revisions/{SLUG}/COD?day={first.astimezone(VIETNAM).date()}")  # fmt: skip
    for path in paths:
        screen.visit(path)
        page.wait_for_load_state("load")
        if path.startswith("/stations"):
            page.wait_for_selector("#trendplot canvas, #trendplot .quiet")
        assert faults(page) == [], path
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, f"{path} is {wide} px wider than the telephone"
        # With letters of twice the size as well, once the curves are drawn anew.
        page.evaluate("document.documentElement.style.fontSize = '32px'")
        for _ in range(50):
            page.wait_for_timeout(100)
            wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            if wide <= 0:
                break
        assert wide <= 0, f"{path} is {wide} px wider than the telephone with letters of 200 %"
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


@pytest.mark.timeout(300)
def test_without_the_server_a_page_says_of_when_it_is_and_what_was_never_opened_says_what_to_do(
    browser: Browser, site: Site, town: Town, scripts: Path
) -> None:
    """The network is there, the page's process is not: nothing may look as if it were live."""
    context = browser.new_context(**PHONE)
    with serving(scripts, site.database, logins_at_once=10_000) as url:
        page = Screen(context, url).visit(replace(site, url=url).link(site.new()))
        page.get_by_role("button", name="Đăng nhập").click()
        page.wait_for_selector("#map .station-mark")
        page.evaluate("navigator.serviceWorker.ready.then(() => true)")
        page.goto(f"{url}/stations/{SLUG}")
        page.goto(f"{url}/")
        page.wait_for_selector("#map .station-mark")
        assert page.locator("#offline").is_hidden()
    page.wait_for_selector("#offline:visible")
    page.goto(f"{url}/stations/{SLUG}")
    page.wait_for_selector("#offline:visible")
    assert re.search(r"nội dung lúc \d\d:\d\d \d+/\d+", page.locator("#offline").inner_text())
    page.goto(f"{url}/windows")
    assert page.locator("h1").inner_text() == "Mất liên lạc với máy chủ"
    assert page.get_by_role("link", name="Tải lại").is_visible()
    context.close()


def logged_in(context: BrowserContext, site: Site) -> Page:
    page = Screen(context, site.url).visit(site.link(site.new()))
    page.get_by_role("button", name="Đăng nhập").click()
    page.wait_for_selector("#map")
    return page


@pytest.mark.timeout(300)
def test_a_photograph_that_is_too_large_is_a_page_that_says_what_to_do(
    browser: Browser, site: Site, town: Town, tmp_path: Path
) -> None:
    number = town.slug()
    large = tmp_path / "anh.jpg"
    large.write_bytes(b"\xff\xd8\xff\xe0" + bytes(10 * 1024 * 1024))
    context = browser.new_context(**PHONE)
    page = logged_in(context, site)
    page.goto(f"{site.url}/incidents/{number}")
    page.locator("summary", has_text="Đính kèm").click()
    page.set_input_files("input[name=file]", large)
    page.get_by_role("button", name="Gửi", exact=True).click()
    page.wait_for_selector("text=Tệp tối đa 5 MiB")
    assert faults(page) == []
    page.get_by_role("link", name="Quay lại").click()
    page.wait_for_url(f"{site.url}/incidents/{number}")
    context.close()
    town.over(number)


@pytest.mark.timeout(300)
def test_a_second_touch_on_a_slow_line_sends_nothing_twice(browser: Browser, site: Site, town: Town) -> None:
    number = town.slug()
    context = browser.new_context(**PHONE)
    page = logged_in(context, site)
    page.goto(f"{site.url}/incidents/{number}")
    page.locator("summary", has_text="Ghi chú").click()
    page.locator("form[action$='/comment'] textarea").fill("đã gọi nhà máy")
    sent = page.evaluate("""() => {
      const form = document.querySelector("form[action$='/comment']");
      let passed = 0;
      window.addEventListener("submit", (event) => {
        if (!event.defaultPrevented) passed += 1;
        event.preventDefault();
      });
      form.requestSubmit();
      form.requestSubmit();
      return passed;
    }""")
    assert sent == 1
    context.close()
    town.over(number)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("size", [(1366, 768), (1920, 1080)], ids=["desk", "room"])
def test_the_wall_cuts_nothing_and_all_incidents_have_their_turn(
    browser: Browser, site: Site, town: Town, size: tuple[int, int]
) -> None:
    stations = [str(code) for (code,) in site.sql("SELECT DISTINCT station FROM current_sensors ORDER BY station")]
    since = town.now - timedelta(minutes=20)
    for code in stations:
        town.happens(transition(code, "NH4", since, vi=f"NH4 98 mg/L vượt 60 mg/L tại {code} (QCVN 40); 2 giá trị"))
    opened = [int(str(n)) for (n,) in site.sql("SELECT id FROM incidents WHERE state = 'open'")]
    context = browser.new_context(viewport={"width": size[0], "height": size[1]})
    page = Screen(context, site.url).visit(site.link(site.new()))
    page.clock.install()
    page.get_by_role("button", name="Đăng nhập").click()
    page.wait_for_selector("#map")
    page.goto(f"{site.url}/wall")
    page.wait_for_selector("#turning li")
    seen: set[str] = set()
    for _ in opened:
        # A card is in sight as a whole or not at all.
        inside, outside, cut = page.evaluate(_SIGHT)
        assert cut == []
        seen |= set(inside)
        page.clock.run_for(10_000)
        if not outside or len(seen) == len(opened):
            break
    assert seen == {f"/incidents/{n}" for n in opened}
    assert page.evaluate("document.documentElement.scrollHeight <= innerHeight")
    context.close()
    for each in opened:
        town.over(each)


_SIGHT = """() => {
  const box = document.getElementById("turning").getBoundingClientRect();
  const found = [[], [], []];
  for (const card of document.querySelectorAll("#turning li")) {
    const at = card.getBoundingClientRect();
    const beside = at.right <= box.left + 1 || at.left >= box.right - 1;
    const whole = at.left >= box.left - 1 && at.right <= box.right + 1 && at.top >= box.top - 1
      && at.bottom <= box.bottom + 1 && at.bottom <= innerHeight
      && [...card.querySelectorAll("strong, .said")].every((text) => text.scrollWidth <= text.clientWidth);
    found[whole ? 0 : beside ? 1 : 2].push(card.querySelector("a").getAttribute("href"));
  }
  return found;
}"""


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

"""Decisions about readings that a station sent again, on the page: by whom, of what was seen, and in the audit."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from quantrac.domain.accounts import Role
from quantrac.domain.stations import VIETNAM
from sql.web_database import WebDatabase
from web.filters import amount

from .conftest import Browser, Site
from .town import HTML, QUIET, SLUG, Town, midnights


@pytest.fixture(scope="module")
def days() -> float:
    return 3


def states(site: Site, *numbers: int) -> list[object]:
    rows = site.sql("SELECT state FROM pending_judgements WHERE id = ANY (%s) ORDER BY id", sorted(numbers))
    return [state for (state,) in rows]


def standing(site: Site, start: datetime, window: str = "day") -> object:
    [(verdict,)] = site.sql("""SELECT verdict FROM judgements WHERE station = %s AND parameter = 'COD'
                               AND "window" = %s AND window_start = %s""", SLUG, window, start)  # fmt: skip
    return verdict


@pytest.fixture
def clean(site: Site, town: Town) -> None:
    site.sql("DELETE FROM pending_judgements")
    site.sql("DELETE FROM judgements WHERE station = %s", SLUG)


def seen(browser: Browser, path: str = f"/revisions/{SLUG}/COD") -> str:
    """Open the page, and return the newest number that its form carries."""
    text = browser.get(path).text
    return text.partition('name="newest" value="')[2].partition('"')[0]


@pytest.mark.usefixtures("clean")
def test_both_findings_and_readings_stand_beside_each_other(site: Site, town: Town) -> None:
    first, second = midnights(2)
    town.pending(first)
    town.pending(second)
    hour = first + timedelta(hours=3)
    town.pending(hour, "hour", mean=40)
    was = town.revised(hour, 123.25)
    browser = site.logged_in(site.new())
    listed = browser.get("/revisions").text
    assert f'href="/revisions/{SLUG}/COD"' in listed
    assert "Vượt → <b>Đạt</b></span>: 3" in listed
    assert f"/revisions/{SLUG}/COD" in browser.get(f"/stations/{SLUG}").text
    whole = browser.get(f"/revisions/{SLUG}/COD").text
    assert whole.count("?day=") == 2
    assert "Tất cả <b>3</b> kết luận" in whole
    day = browser.get(f"/revisions/{SLUG}/COD?day={first.astimezone(VIETNAM).date()}").text
    for words in ("98,8 mg/L · Vượt", "41,2 mg/L · Đạt", "40 mg/L · Đạt", "60,75 mg/L", amount(was, "mg/L"), "3:4711"):
        assert words in day, words
    assert f"<b>{amount(123.25, 'mg/L')}</b>" in day


@pytest.mark.usefixtures("clean")
@pytest.mark.parametrize(("state", "verdict"), [("accepted", "within"), ("rejected", "exceeded")])
def test_what_came_while_he_looked_is_not_decided_with_it(site: Site, town: Town, state: str, verdict: str) -> None:
    first, second = midnights(2)
    known = town.pending(first)
    login = site.new()
    browser = site.logged_in(login)
    newest = seen(browser)
    later = town.pending(second)
    answer = browser.post(f"/revisions/{SLUG}/COD", {"state": state, "newest": newest, "reason": f"biên bản {HTML}"})
    assert (answer.status_code, answer.headers["location"]) == (
        303, f"/revisions/{SLUG}/COD?done={state}&count=1",
    )  # fmt: skip
    assert states(site, known, later) == [state, "waiting"]
    assert standing(site, first) == verdict
    page = browser.get(answer.headers["location"]).text
    assert "Phần còn chờ ở dưới chưa được quyết định." in page
    assert "biên bản &lt;script&gt;" in page
    assert f"Tên {login} ({login})" in page
    (entry,) = [e for e in site.audit() if e.get("account") == login and str(e["action"]).startswith("revision")]
    assert (entry["action"], entry["actor"]) == (f"revision {state}", "quantrac_web")
    # The same form once more decides nothing.
    again = browser.post(f"/revisions/{SLUG}/COD", {"state": state, "newest": newest, "reason": "x"})
    assert (again.status_code, "Không còn gì bạn đã xem" in again.text) == (409, True)
    assert states(site, later) == ["waiting"]


@pytest.mark.usefixtures("clean")
def test_a_day_is_decided_alone(site: Site, town: Town) -> None:
    first, second = midnights(2)
    one, hour, other = town.pending(first), town.pending(first + timedelta(hours=2), "hour"), town.pending(second)
    browser = site.logged_in(site.new(Role.MANAGER))
    day = str(first.astimezone(VIETNAM).date())
    newest = seen(browser, f"/revisions/{SLUG}/COD?day={day}")
    form = {"state": "accepted", "newest": newest, "day": day}
    assert browser.post(f"/revisions/{SLUG}/COD", form).status_code == 400  # without a reason
    assert browser.post(f"/revisions/{SLUG}/COD", form | {"reason": "x", "state": "deleted"}).status_code == 400
    assert browser.post(f"/revisions/{SLUG}/COD", form | {"reason": "x", "newest": "-1"}).status_code == 400
    assert browser.post(f"/revisions/{SLUG}/COD", form | {"reason": "biên bản 12/BB"}).status_code == 303
    assert states(site, one, hour, other) == ["accepted", "accepted", "waiting"]


@pytest.mark.usefixtures("clean")
def test_who_may_look_and_who_may_decide(site: Site, town: Town) -> None:
    (first,) = midnights(1)
    number = town.pending(first)
    form = {"state": "accepted", "newest": str(number), "reason": "x"}
    own, other = site.new(Role.OPERATOR, (SLUG,)), site.new(Role.OPERATOR, (QUIET,))
    for login in (own, site.new(Role.VIEWER)):
        browser = site.logged_in(login)
        page = browser.get(f"/revisions/{SLUG}/COD")
        assert (page.status_code, 'name="newest"' in page.text) == (200, False)
        assert browser.post(f"/revisions/{SLUG}/COD", form).status_code == 403
    stranger = site.logged_in(other)
    assert stranger.get(f"/revisions/{SLUG}/COD").status_code == 404
    assert SLUG not in stranger.get("/revisions").text
    elsewhere = site.logged_in(site.new(Role.OFFICER, (QUIET,)))
    assert elsewhere.post(f"/revisions/{SLUG}/COD", form).status_code == 404
    assert site.logged_in(site.new()).get("/revisions/DT_NOWHERE/COD").status_code == 404
    # Whoever takes the page over decides in the name of nobody who may not.
    database = WebDatabase(site.database.web, connections=1)
    database.open()
    for login in (own, other, "", "nobody", site.new(Role.OFFICER, (QUIET,))):
        with pytest.raises(Exception, match="does not decide"), database.acting(login, "deciding") as cursor:
            cursor.execute("SELECT * FROM decide_revisions_by_account(%s, true, 'x')", [[number]])
    with pytest.raises(Exception, match="permission denied"), database.acting(own, "deciding") as cursor:
        cursor.execute("SELECT * FROM decide_revisions(%s, true, 'an', 'x')", [[number]])
    database.close()
    assert states(site, number) == ["waiting"]

"""Getting in, and what does not let anybody in."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pyotp
import pytest

from quantrac.domain.accounts import Role

from .conftest import PASSWORD, Browser, Site, serving

FORM = {"content-type": "application/x-www-form-urlencoded"}


def _enter(browser: Browser, login: str, password: str = PASSWORD) -> int:
    return browser.post("/login", {"login": login, "password": password}).status_code


def test_an_officer_comes_in_by_password_and_leaves(site: Site) -> None:
    an = site.new()
    browser = site.browser()
    assert browser.get("/").status_code == 303
    assert _enter(browser, an) == 303
    stolen = dict(browser.client.cookies)
    assert browser.get("/").status_code == 200
    assert browser.post("/logout").status_code == 303
    # Whoever had copied the cookie is out as well.
    thief = site.browser()
    thief.client.cookies.update(stolen)
    assert thief.get("/").headers["location"] == "/login"
    assert thief.get("/live").status_code == 401
    kinds = [str(kind) for (kind,) in site.sql("SELECT kind FROM security_events WHERE login = %s ORDER BY id", an)]
    assert kinds == ["password complete", "left"]


def test_five_mistakes_close_the_account_for_everybody_but_the_patient(site: Site) -> None:
    an = site.new()
    for _ in range(5):
        assert _enter(site.browser(), an, "wrong wrong wrong") == 401
    answer = site.browser().post("/login", {"login": an, "password": PASSWORD})
    assert answer.status_code == 401
    assert "tạm khóa" in answer.text
    site.sql("UPDATE accounts SET locked_until = now() - INTERVAL '1 s' WHERE login = %s", an)
    assert _enter(site.browser(), an) == 303
    assert site.sql("SELECT failures, locked_until FROM accounts WHERE login = %s", an) == [(0, None)]


def test_somebody_who_does_not_exist_looks_like_a_wrong_password(site: Site) -> None:
    an = site.new()
    nobody = site.browser().post("/login", {"login": "nobody", "password": "wrong wrong wrong"})
    wrong = site.browser().post("/login", {"login": an, "password": "wrong wrong wrong"})
    assert nobody.status_code == wrong.status_code == 401
    assert "không đúng" in nobody.text
    assert "không đúng" in wrong.text


def test_many_tries_from_one_address_are_turned_away(site: Site, scripts: Path) -> None:
    with serving(scripts, site.database, logins_at_once=1) as url:
        browsers = [Browser(url), Browser(url)]
        codes = [_enter(browser, "nobody", "wrong wrong wrong") for browser in browsers]
        for browser in browsers:
            browser.client.close()
    assert codes == [401, 429]


def test_a_manager_needs_a_telephone(site: Site) -> None:
    chi = site.new(Role.MANAGER)
    browser = site.browser()
    browser.post("/login", {"login": chi, "password": PASSWORD})
    page = browser.get("/")
    assert page.headers["location"] == "/login/code"
    shown = browser.get("/login/code").text
    secret = shown.split('name="secret" value="')[1].split('"')[0]
    assert "<svg" in shown
    code = pyotp.TOTP(secret).at(datetime.now(UTC))
    assert browser.post("/login/code", {"secret": secret, "code": "000000"}).status_code == 401
    assert browser.post("/login/code", {"secret": secret, "code": code}).status_code == 303
    assert browser.get("/audit").status_code in {200, 404}
    assert browser.get("/").status_code == 200
    # The same code again is worth nothing, and another secret does not take the place of the first.
    again = site.browser()
    again.post("/login", {"login": chi, "password": PASSWORD})
    assert again.post("/login/code", {"code": code}).status_code == 401
    other = pyotp.random_base32()
    forged = again.post("/login/code", {"secret": other, "code": pyotp.TOTP(other).now()})
    assert forged.status_code == 401


def test_a_link_lets_in_once_and_a_look_at_it_uses_nothing(site: Site) -> None:
    an = site.new()
    path = site.link(an).removeprefix(site.url)
    for _ in range(3):  # a mail program that opens every link
        assert site.browser().get(path).status_code == 200
    browser = site.browser()
    assert browser.post(path).status_code == 303
    assert browser.get("/").status_code == 200
    assert site.browser().post(path).status_code == 404
    assert site.browser().get(path).status_code == 404


@pytest.mark.parametrize(("ahead", "status"), [("2 hours", 200), ("30 days", 303)])
def test_a_login_of_a_clock_that_was_ahead_is_not_for_ever(site: Site, ahead: str, status: int) -> None:
    an = site.new()
    browser = site.logged_in(an)
    site.sql(
        "UPDATE account_sessions SET created_at = created_at + %s::interval, seen_at = seen_at + %s::interval, "
        "expires_at = expires_at + %s::interval WHERE login = %s", ahead, ahead, ahead, an
    )  # fmt: skip
    assert browser.get("/").status_code == status
    path = site.link(an).removeprefix(site.url)
    site.sql(
        "UPDATE login_links SET created_at = created_at + %s::interval, expires_at = expires_at + %s::interval "
        "WHERE login = %s", ahead, ahead, an
    )  # fmt: skip
    assert site.browser().post(path).status_code == (303 if status == 200 else 404)


def test_a_form_of_another_page_changes_nothing(site: Site) -> None:
    an = site.new()
    browser = site.logged_in(an)
    for data, headers in (
        ({}, {}),
        ({"csrf": "0" * 64}, {}),
        ({"csrf": browser.word}, {"origin": "https://evil.example"}),
        ({"csrf": browser.word}, {"sec-fetch-site": "cross-site"}),
        ({"csrf": site.logged_in(an).word}, {}),
    ):
        assert browser.client.post("/logout", data=data, headers=headers).status_code == 403
    assert browser.get("/").status_code == 200


@pytest.mark.parametrize("role", list(Role))
def test_a_role_reaches_as_far_as_it_does(site: Site, role: Role) -> None:
    browser = site.logged_in(site.new(role, ("DT_A",) if role is Role.OPERATOR else ()))
    assert browser.get("/").status_code == 200
    assert browser.get("/users").status_code == (200 if role is Role.ADMIN else 403)
    made = browser.post("/users", {"login": f"y-{role.value}", "name": "Y", "role": "admin"})
    assert made.status_code == (200 if role is Role.ADMIN else 403)


def test_an_administrator_disables_an_account_at_once_and_the_audit_names_both(site: Site) -> None:
    an = site.new()
    goc = site.new(Role.ADMIN)
    officer, admin = site.logged_in(an), site.logged_in(goc)
    assert admin.post(f"/users/{an}", {"what": "disable"}).status_code == 200
    assert officer.get("/").status_code == 303
    assert admin.post(f"/users/{goc}", {"what": "disable"}).status_code == 409
    entry = site.audit()[-1]
    assert (entry["actor"], entry["account"], entry["subject"]) == ("quantrac_web", goc, an)
    assert entry["detail"] == {"before": {"active": True}, "after": {"active": False}}
    assert "argon2" not in str(site.audit())


def test_an_entry_of_the_audit_without_a_subject_says_nothing_there(site: Site) -> None:
    site.sql("INSERT INTO outages (kind, since) VALUES ('line', now())")
    assert site.audit()[-1]["subject"] is None
    page = site.logged_in(site.new(Role.ADMIN)).get("/audit").text
    assert "insert into outages" in page
    assert "None" not in page


def test_what_every_answer_has(site: Site) -> None:
    answer = site.browser().get("/login")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store, private"
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert "server" not in answer.headers
    assert site.browser().get("/health").json()["database"] == "ok"


def test_what_is_too_large_or_no_form_is_refused(site: Site) -> None:
    an = site.new()
    browser = site.logged_in(an)
    assert browser.client.post("/logout", content=b"x" * 7_000_000).status_code == 413

    def endless() -> object:
        for _ in range(100):
            yield b"x" * 65_536

    assert browser.client.post("/logout", content=endless(), headers=FORM).status_code in {400, 413}  # type: ignore[arg-type]
    broken = browser.client.post("/logout", content=b"--x", headers={"content-type": "multipart/form-data; boundary=x"})
    assert broken.status_code in {400, 403}
    unreadable = browser.client.post("/logout", content=b"csrf=1", headers={"content-type": "multipart/form-data"})
    assert (unreadable.status_code, "Không đọc được biểu mẫu" in unreadable.text) == (400, True)
    assert browser.get("/").status_code == 200


def test_a_form_that_outlived_its_login_says_so_and_leads_back_to_its_page(site: Site) -> None:
    browser = site.logged_in(site.new())
    browser.get("/windows")
    browser.client.cookies.clear()
    origin = {"referer": f"{site.url}/windows"}
    answer = browser.client.post("/windows", data={"csrf": browser.word, "station": "X"}, headers=origin)
    assert (answer.status_code, "chưa được ghi" in answer.text, 'href="/login"' in answer.text) == (401, True, True)
    assert browser.client.cookies["after"].strip('"') == "/windows"
    forged = site.logged_in(site.new()).client.post("/windows", data={"csrf": "0" * 64}, headers=origin)
    assert (forged.status_code, "chưa có gì được ghi" in forged.text.lower()) == (403, True)
    assert 'href="/windows"' in forged.text


def test_too_many_requests_say_how_long_to_wait(site: Site) -> None:
    browser = site.logged_in(site.new())
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: browser.client.get("/account"), range(400)))
    refused = [a for a in answers if a.status_code == 429]
    assert refused
    assert (refused[0].headers["retry-after"], "Hãy đợi mười giây" in refused[0].text) == ("10", True)

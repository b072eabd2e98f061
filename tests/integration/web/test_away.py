"""The database goes while pages are open: what was done is there, or it is said that it is not; then all goes on."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import psycopg
import pytest
from playwright.sync_api import sync_playwright

from local.servers.postgres import SUPERUSER, Postgres

from .browser import chromium
from .conftest import Browser, Site

WAIT_S = 1.0
"""How long a request waits for a connection here; elsewhere it is five times as long."""
AWAY_S = 8.0
"""Tries to connect that wait twice as long each time come 7 and 15 s after the server has gone."""
MOST_REFUSED = 3
"""Requests, of a second each, that may still be refused once the server is back: more would wait for those 15 s."""
PATIENCE_S = 120.0


@pytest.fixture(autouse=True, scope="module")
def _short_waits() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sql.web_database.WAIT_S", WAIT_S)
        yield


@pytest.fixture(scope="module")
def days() -> float:
    return 0.1


def until(what: Callable[[], bool]) -> None:
    began_s = time.monotonic()
    while not what():
        assert time.monotonic() - began_s < PATIENCE_S, "nothing happened in time"
        time.sleep(0.05)


def _act(browser: Browser, number: int, what: str, **data: str) -> tuple[int, str]:
    path = f"/incidents/{number}"
    referer = f"{browser.client.base_url}{path}"
    answer = browser.client.post(f"{path}/{what}", data={"csrf": browser.word, **data}, headers={"referer": referer})
    return answer.status_code, answer.text


@contextmanager
def listening(browser: Browser) -> Iterator[list[str]]:
    """Hear what an open page hears."""
    heard: list[str] = []

    def hear() -> None:
        with suppress(httpx.HTTPError), browser.client.stream("GET", "/live", timeout=PATIENCE_S) as answer:
            for line in answer.iter_lines():
                heard.extend([line.removeprefix("event: ")] if line.startswith("event: ") else [])

    ear = threading.Thread(target=hear)
    ear.start()
    try:
        yield heard
    finally:
        browser.client.close()
        ear.join(PATIENCE_S)


def test_an_outage_is_told_to_open_pages_and_over_within_seconds_of_its_end(
    site: Site, number: int, postgres: Postgres
) -> None:
    browser = site.logged_in(site.new(person="an"))
    assert browser.get(f"/incidents/{number}").status_code == 200
    with listening(browser) as heard:
        until(lambda: "incidents" in heard)
        postgres.stop()
        try:
            gone_s = time.monotonic()
            until(lambda: heard[-1] == "away")
            status, page = _act(browser, number, "comment", text='đã gọi nhà máy, họ nói "bơm hỏng" <lúc 7:10>')
            assert status == 503
            assert "chưa có gì được ghi" in page
            # What was typed is not lost with it.
            assert "họ nói &#34;bơm hỏng&#34; &lt;lúc 7:10&gt;" in page
            assert f'action="/incidents/{number}/comment"' in page
            # Of a form of another page nothing is held ready with our word on it.
            forged = browser.client.post(f"/incidents/{number}/close", data={"csrf": "0" * 64, "text": "vô can"})
            assert (forged.status_code, "vô can" in forged.text, "Gửi lại" in forged.text) == (503, False, False)
            # A form without fields can be sent again as well; one with a file cannot: the page does not hold it.
            status, page = _act(browser, number, "take")
            assert (status, f'action="/incidents/{number}/take"' in page, "Gửi lại" in page) == (503, True, True)
            picture = {"file": ("anh.jpg", b"\xff\xd8\xff\xe0", "image/jpeg")}
            held = browser.client.post(f"/incidents/{number}/files", data={"csrf": browser.word}, files=picture)
            assert (held.status_code, "Gửi lại" in held.text) == (503, False)
            forged = browser.client.post(f"/incidents/{number}/take", data={"csrf": "0" * 64})
            assert (forged.status_code, "Gửi lại" in forged.text) == (503, False)
            time.sleep(max(0.0, gone_s + AWAY_S - time.monotonic()))
            assert heard[-1] == "away"
        finally:
            postgres.start()
        refused = 0
        while browser.client.get(f"/incidents/{number}").status_code != 200:
            refused += 1
            assert refused <= MOST_REFUSED
        until(lambda: "back" in heard and heard[-1] != "away")
        until(lambda: "incidents" in heard[heard.index("back") :])
        assert _act(browser, number, "comment", text="đã gọi lại")[0] == 303


@contextmanager
def _commits_wait(postgres: Postgres) -> Iterator[None]:
    """Let a COMMIT that is on disk wait for a second server that is not there, before it is answered."""

    def said(statement: str) -> None:
        with psycopg.connect(postgres.uri(SUPERUSER, "postgres"), autocommit=True) as connection:
            connection.execute("SET synchronous_commit = local")
            connection.execute(statement.encode())

    said("ALTER SYSTEM SET synchronous_standby_names = 'nobody'")
    said("SELECT pg_reload_conf()")
    try:
        yield
    finally:
        said("ALTER SYSTEM RESET synchronous_standby_names")
        said("SELECT pg_reload_conf()")


def _answer_cut_short(site: Site, postgres: Postgres, ask: Callable[[], tuple[int, str]]) -> tuple[int, str]:
    """Return what is answered where every COMMIT of the page is on disk, and its connection ends before it hears so."""
    answers: list[tuple[int, str]] = []
    waiting = "SELECT pid FROM pg_stat_activity WHERE application_name = 'quantrac web' AND wait_event = 'SyncRep'"
    with _commits_wait(postgres), psycopg.connect(postgres.uri(SUPERUSER, "postgres"), autocommit=True) as watcher:
        officer = threading.Thread(target=lambda: answers.append(ask()))
        officer.start()
        while officer.is_alive():
            for (pid,) in watcher.execute(waiting).fetchall():
                watcher.execute("SELECT pg_terminate_backend(%s)", (pid,))
            time.sleep(0.05)
        officer.join()
    ((status, page),) = answers
    return status, page


def test_a_database_that_goes_in_the_middle_of_writing_is_not_said_to_have_written_nothing(
    site: Site, number: int, postgres: Postgres
) -> None:
    """It was written, and nobody heard of it any more."""
    browser = site.logged_in(site.new(person="an"))
    browser.get(f"/incidents/{number}")
    status, page = _answer_cut_short(
        site, postgres, lambda: _act(browser, number, "close", cause="pollution", text="nhà máy A")
    )
    ((state, cause),) = site.sql("SELECT state, cause FROM incidents WHERE id = %s", number)
    assert (state, cause) == ("closed", "pollution")
    assert status == 503
    assert "chưa có gì được ghi" not in page
    assert "chưa rõ đã ghi hay chưa" in page
    assert "nhà máy A" in page
    assert "Gửi lại" not in page


def test_a_database_that_goes_while_the_login_is_looked_up_has_written_nothing_of_the_form(
    site: Site, number: int, postgres: Postgres
) -> None:
    """That a login is used is noted with it: only that may be lost."""
    login = site.new(person="an")
    browser = site.logged_in(login)
    browser.get(f"/incidents/{number}")
    site.sql("UPDATE account_sessions SET seen_at = seen_at - interval '5 minutes' WHERE login = %s", login)
    before = site.sql("SELECT count(*) FROM incident_events WHERE incident_id = %s", number)
    status, page = _answer_cut_short(site, postgres, lambda: _act(browser, number, "comment", text="đã gọi nhà máy"))
    assert site.sql("SELECT count(*) FROM incident_events WHERE incident_id = %s", number) == before
    assert status == 503
    assert "chưa rõ đã ghi hay chưa" not in page
    assert "chưa có gì được ghi" in page
    assert "Gửi lại" in page


def test_a_form_without_fields_is_sent_again_and_done_once(site: Site, number: int, postgres: Postgres) -> None:
    browser = site.logged_in(site.new(person="an"))
    browser.get(f"/incidents/{number}")
    if site.sql("SELECT state FROM incidents WHERE id = %s", number) != [("closed",)]:
        assert _act(browser, number, "close", cause="pollution", text="nhà máy A")[0] == 303
    postgres.stop()
    try:
        status, page = _act(browser, number, "reopen")
        assert (status, "Gửi lại" in page) == (503, True)
        found = re.search(r'action="([^"]+)" class="stack"><input type="hidden" name="csrf" value="(\w{64})"', page)
        assert found is not None
    finally:
        postgres.start()
    until(lambda: browser.client.get(f"/incidents/{number}").status_code == 200)
    answers = [browser.client.post(found[1], data={"csrf": found[2]}) for _ in range(2)]
    assert [a.headers["location"].partition("done=")[2] for a in answers] == ["done", "not_closed"]
    done = "SELECT count(*) FROM incident_events WHERE incident_id = %s AND what = 'reopen' AND reason = 'done'"
    assert site.sql(done, number) == [(1,)]


def test_what_was_typed_when_the_login_ended_can_be_copied(site: Site, number: int) -> None:
    login = site.new(person="an")
    browser = site.logged_in(login)
    browser.get(f"/incidents/{number}")
    site.sql("UPDATE account_sessions SET ended_at = now() WHERE login = %s", login)
    status, page = _act(browser, number, "comment", text="họ nói <bơm hỏng>")
    assert (status, "readonly>họ nói &lt;bơm hỏng&gt;</textarea>" in page, "Gửi lại" in page) == (401, True, False)
    headers = {"origin": "https://evil.example"}
    forged = browser.client.post(f"/incidents/{number}/comment", data={"text": "vô can"}, headers=headers)
    assert (forged.status_code, "vô can" in forged.text) == (401, False)


@pytest.mark.timeout(400)
def test_an_officer_sees_that_it_is_away_and_sends_again_what_he_typed(
    site: Site, number: int, postgres: Postgres, tmp_path: Path
) -> None:
    program, why = chromium()
    if not program:
        pytest.skip(why)
    login = site.new(person="an")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        page = opened.new_context(viewport={"width": 390, "height": 844}, is_mobile=True).new_page()
        page.set_default_timeout(PATIENCE_S * 1000)
        page.goto(site.link(login))
        page.get_by_role("button", name="Đăng nhập").click()
        page.wait_for_selector("#map .station-mark", state="attached")
        with page.expect_response("**/live"):
            page.goto(f"{site.url}/incidents/{number}")
        assert not page.locator("#offline").is_visible()
        postgres.stop()
        try:
            page.wait_for_selector("#offline:not([hidden])")
            form = page.locator("form[action$='/comment']")
            page.locator("details", has=form).locator("summary").last.click()
            form.locator("textarea[name=text]").fill("nhà máy nói bơm hỏng")
            form.locator("button").click()
            page.wait_for_selector("text=chưa có gì được ghi")
            assert page.locator("textarea").input_value() == "nhà máy nói bơm hỏng"
            page.screenshot(path=tmp_path / "away.png")
        finally:
            postgres.start()
        while page.get_by_role("button", name="Gửi lại").count():
            page.get_by_role("button", name="Gửi lại").click()
            page.wait_for_load_state()
        page.wait_for_selector("text=nhà máy nói bơm hỏng")
        page.wait_for_selector("#offline", state="hidden")
        # Its login ends elsewhere: the open page does not stay as if it were live.
        site.sql("UPDATE account_sessions SET ended_at = now() WHERE login = %s", login)
        page.wait_for_url("**/login")
        opened.close()

"""Single sign-on against an issuer of our own."""

from __future__ import annotations

import socket
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from web.options import OidcOptions

from .conftest import Browser, Site, serving
from .issuer import CLIENT, SECRET, Issuer, issuing


def _sign_on(browser: Browser) -> httpx.Response:
    """Follow the browser's way to the issuer and back, and return the page's answer."""
    to = browser.get("/login/oidc").headers["location"]
    back = httpx.get(to).headers["location"]
    return browser.get(back)


def test_single_sign_on(site: Site, scripts: Path) -> None:
    with issuing(scripts) as issuer:
        options = OidcOptions(issuer.url, CLIENT, SECRET, "preferred_username")
        with serving(scripts, site.database, logins_at_once=1000, oidc=options) as url:
            _lets_in_whom_it_names(site, issuer, url)
            _refuses_what_does_not_hold(issuer, url)


def _lets_in_whom_it_names(site: Site, issuer: Issuer, url: str) -> None:
    issuer.username = login = site.new()
    browser = _browser(site, url)
    assert _sign_on(browser).status_code == 303
    assert browser.get("/").status_code == 200
    # From then on the subject is what counts: neither another name nor another subject gets at the account.
    issuer.username = "anything"
    assert _sign_on(_browser(site, url)).status_code == 303
    issuer.subject, issuer.username = "s-2", login
    assert _sign_on(_browser(site, url)).status_code == 403
    issuer.subject, issuer.username = "s-3", "nobody"
    assert _sign_on(_browser(site, url)).status_code == 403
    issuer.subject = "s-1"
    # A stranger's code, brought to this browser: it has not begun it.
    to = _browser(site, url).get("/login/oidc").headers["location"]
    stolen = httpx.get(to).headers["location"]
    assert _browser(site, url).get(stolen).status_code == 502


def _refuses_what_does_not_hold(issuer: Issuer, url: str) -> None:
    for wrong in ({"iss": "https://evil.example"}, {"aud": "another"}, {"exp": 1}, {"nonce": "0" * 40}, {"sub": None}):
        issuer.wrong = wrong
        browser = Browser(url)
        assert _sign_on(browser).status_code == 502, wrong
        assert browser.get("/").status_code == 303
        browser.client.close()
    issuer.wrong, issuer.forged = {}, True
    browser = Browser(url)
    assert _sign_on(browser).status_code == 502
    browser.client.close()


def _browser(site: Site, url: str) -> Browser:
    site.browsers.append(Browser(url))
    return site.browsers[-1]


@pytest.fixture
def issuer(scripts: Path) -> Iterator[Issuer]:
    with issuing(scripts) as running:
        yield running


def _options(issuer: Issuer, claim: str = "preferred_username") -> OidcOptions:
    return OidcOptions(issuer.url, CLIENT, SECRET, claim)


def test_an_issuer_tells_who_it_is_in_user_info(site: Site, scripts: Path, issuer: Issuer) -> None:
    """As certified providers do with the claims of a profile, which are in no ID token (Core 5.4)."""
    issuer.apart, issuer.username, issuer.subject = True, site.new(), uuid.uuid4().hex
    with serving(scripts, site.database, logins_at_once=1000, oidc=_options(issuer)) as url:
        for info, status in (({"sub": "another"}, 502), ({"preferred_username": None}, 403), ({}, 303)):
            issuer.info = info
            assert _sign_on(_browser(site, url)).status_code == status, info
        ((detail, login),) = site.sql(
            "SELECT detail, login FROM security_events WHERE kind = 'sign-on refused' ORDER BY id DESC LIMIT 1"
        )
        assert (detail, login) == (f"subject {issuer.subject}, no account", "")
        issuer.book = {"userinfo_endpoint": f"{issuer.url}/nothing"}
    with serving(scripts, site.database, logins_at_once=1000, oidc=_options(issuer)) as url:
        assert _sign_on(_browser(site, url)).status_code == 502


@pytest.mark.parametrize(
    ("book", "back", "status", "told"),
    [
        ({}, {"iss": "https://evil.example"}, 502, "another issuer has answered: 'https://evil.example'"),
        ({"authorization_response_iss_parameter_supported": True}, {}, 502, "does not say which issuer it is of"),
        ({}, {"code": "", "error": "access_denied"}, 502, "the issuer lets nobody in: access_denied"),
        ({"token_endpoint_auth_methods_supported": ["client_secret_post"]}, {}, 303, ""),
        ({"issuer": "{url}/"}, {"iss": "{url}/"}, 303, ""),
    ],
    ids=["of another", "of nobody", "denied", "by form", "with a slash"],
)
def test_who_answers_and_how_the_page_logs_in_there(
    site: Site, scripts: Path, issuer: Issuer, book: dict[str, Any], back: dict[str, str], status: int, told: str
) -> None:
    issuer.username, issuer.subject = site.new(), uuid.uuid4().hex
    issuer.book = {k: v.format(url=issuer.url) if isinstance(v, str) else v for k, v in book.items()}
    issuer.back = {k: v.format(url=issuer.url) for k, v in back.items()}
    issuer.wrong = {"iss": issuer.book["issuer"]} if "issuer" in book else {}
    with serving(scripts, site.database, logins_at_once=1000, oidc=_options(issuer)) as url:
        assert _sign_on(_browser(site, url)).status_code == status
    ((detail,),) = site.sql("SELECT detail FROM security_events WHERE kind LIKE 'sign-on %%' ORDER BY id DESC LIMIT 1")
    assert told in str(detail)


def test_an_address_counts_when_the_issuer_has_verified_it(site: Site, scripts: Path, issuer: Issuer) -> None:
    login = f"{site.new()}@tinh.example.vn"
    site.account(login)
    issuer.subject = uuid.uuid4().hex
    with serving(scripts, site.database, logins_at_once=1000, oidc=_options(issuer, "email")) as url:
        for verified, status in ((None, 403), (False, 403), (True, 303)):
            issuer.wrong = {"email": login.upper(), "email_verified": verified}
            assert _sign_on(_browser(site, url)).status_code == status, verified
        assert "email" in _browser(site, url).get("/login/oidc").headers["location"].split("scope=")[1]


def test_a_subject_is_somebody_at_one_issuer(site: Site, scripts: Path, issuer: Issuer) -> None:
    an, binh, chi, subject = site.new(), site.new(), site.new(), uuid.uuid4().hex
    for login, theirs in ((an, subject), (chi, f"{subject}-chi")):  # as before issuers were kept
        site.sql("UPDATE accounts SET oidc_subject = %s WHERE login = %s", theirs, login)
    issuer.subject = subject
    with issuing(scripts) as other, serving(scripts, site.database, logins_at_once=1000, oidc=_options(issuer)) as url:
        assert _who(site, url) == an
        other.subject, other.username = subject, binh
        with serving(scripts, site.database, logins_at_once=1000, oidc=_options(other)) as moved:
            assert _who(site, moved) == binh
            # The account of the first comes over when the new issuer names it.
            other.subject, other.username = "of-an", an
            assert _who(site, moved) == an
            other.subject = "of-another"
            assert _who(site, moved) is None
            # So does that of who has not signed on since; nobody else gets at it by its number.
            other.subject, other.username = f"{subject}-chi", "nobody"
            assert _who(site, moved) is None
            other.subject, other.username = "of-chi", chi
            assert _who(site, moved) == chi


def _who(site: Site, url: str) -> object:
    """Return whom a sign-on lets in."""
    browser = _browser(site, url)
    answer = _sign_on(browser)
    ((login,),) = site.sql("SELECT login FROM account_sessions ORDER BY id DESC LIMIT 1")
    return login if answer.status_code == 303 else None


@pytest.mark.timeout(120)
def test_a_frozen_issuer_holds_nobody_else_up(site: Site, scripts: Path) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=100) as frozen:
        options = OidcOptions(f"http://127.0.0.1:{frozen.getsockname()[1]}", CLIENT, SECRET, "preferred_username")
        with (
            serving(scripts, site.database, logins_at_once=60, oidc=options) as url,
            ThreadPoolExecutor(60) as officers,
        ):
            tries = [officers.submit(httpx.get, f"{url}/login/oidc", timeout=100) for _ in range(61)]
            began = time.monotonic()
            assert httpx.get(f"{url}/login", timeout=60).status_code == 200
            assert time.monotonic() - began < 8
            assert sorted(t.result().status_code for t in tries) == [429] + [502] * 60
            # What waits for nothing is no try to log in with a password.
            assert httpx.post(f"{url}/login", data={"login": "an"}).status_code != 429


@pytest.mark.timeout(120)
def test_an_issuer_that_is_away_is_said(site: Site, scripts: Path) -> None:
    options = OidcOptions("http://127.0.0.1:9", CLIENT, SECRET, "preferred_username")
    with serving(scripts, site.database, logins_at_once=1000, oidc=options) as url:
        assert _browser(site, url).get("/login/oidc").status_code == 502
        assert "SSO" in _browser(site, url).get("/login").text

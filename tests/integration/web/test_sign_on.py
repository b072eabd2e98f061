"""Single sign-on against an issuer of our own."""

from __future__ import annotations

from pathlib import Path

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


@pytest.mark.timeout(120)
def test_an_issuer_that_is_away_is_said(site: Site, scripts: Path) -> None:
    options = OidcOptions("http://127.0.0.1:9", CLIENT, SECRET, "preferred_username")
    with serving(scripts, site.database, logins_at_once=1000, oidc=options) as url:
        assert _browser(site, url).get("/login/oidc").status_code == 502
        assert "SSO" in _browser(site, url).get("/login").text

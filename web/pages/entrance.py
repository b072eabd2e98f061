"""Logging in and out, and the language."""

from __future__ import annotations

import pyotp
from starlette.responses import Response

from quantrac.domain.accounts import Stage
from web.accounts.proof import Proof
from web.accounts.telephone import picture
from web.languages import LANGUAGES
from web.visit import Visit, WebError, is_own_path, page

_WORDS = {
    Proof.WRONG: ("Tên đăng nhập, mật khẩu hoặc mã không đúng.", "Login, password or code is wrong."),
    Proof.LOCKED: ("Tài khoản tạm khóa do sai nhiều lần; hãy đợi.", "The account is closed for a while; wait."),
}
"""Reasons that are told; for whoever guesses all others look like a wrong password."""


def login_page(visit: Visit) -> Response:
    """Show the form."""
    if visit.session is not None:
        return visit.goto("/" if visit.session.stage is Stage.COMPLETE else "/login/code")
    return _login(visit)


def login(visit: Visit) -> Response:
    """Try login and password."""
    _throttled(visit)
    proof, token = visit.house.door.by_password(
        visit.text("login", 64).lower(), visit.text("password", 1000), visit.caller
    )
    if token is None:
        return _login(visit, _WORDS.get(proof, _WORDS[Proof.WRONG]), 401)
    return _enter(visit, token, "/login/code" if proof is Proof.SECOND_FACTOR_MISSING else None)


def code_page(visit: Visit) -> Response:
    """Ask for the one-time code, or show a telephone its secret the first time."""
    session = visit.session
    if session is None or session.stage is Stage.COMPLETE:
        return visit.goto("/")
    return _code(visit)


def code(visit: Visit) -> Response:
    """Try the code."""
    session = visit.session
    if session is None or session.stage is Stage.COMPLETE:
        return visit.goto("/login")
    _throttled(visit)
    given = visit.text("code", 20)
    if session.has_totp:
        proof, token = visit.house.door.by_code(session, given, visit.caller)
    else:
        proof, token = visit.house.door.enrol(session, _secret(visit), given, visit.caller)
    if token is None:
        return _code(visit, _WORDS.get(proof, _WORDS[Proof.WRONG]), 401)
    return _enter(visit, token)


def link_page(visit: Visit) -> Response:
    """Show one button: whoever only opens the link, as mail programs do, uses nothing up."""
    login = visit.house.door.whose_link(visit.path("token"))
    if login is None:
        raise WebError(404, "Liên kết đã dùng hoặc hết hạn.", "The link is used or over.")
    return visit.render("link.html", {"login": login, "token": visit.path("token")})


def link(visit: Visit) -> Response:
    """Let in by a link, once."""
    _throttled(visit)
    found = visit.house.door.by_link(visit.path("token"), visit.caller)
    if found is None:
        raise WebError(404, "Liên kết đã dùng hoặc hết hạn.", "The link is used or over.")
    return _enter(visit, found[1])


def logout(visit: Visit) -> Response:
    """End the session."""
    if visit.session is not None:
        visit.house.door.leave(visit.session, visit.caller)
    visit.cookies.append((visit.house.cookie, None))
    return visit.goto("/login")


def language(visit: Visit) -> Response:
    """Change the language, and go back."""
    chosen = visit.path("language")
    if chosen in LANGUAGES:
        visit.cookies.append(("lang", chosen))
    return visit.goto(visit.request.query_params.get("back", "/"))


def _login(visit: Visit, mistake: tuple[str, str] | None = None, status: int = 200) -> Response:
    return visit.render(
        "login.html", {"mistake": mistake, "oidc": visit.house.options.oidc is not None}, http_status=status
    )


def _code(visit: Visit, mistake: tuple[str, str] | None = None, status: int = 200) -> Response:
    session = visit.session
    secret, qr = None, None
    if session is not None and not session.has_totp:
        secret = _secret(visit) or pyotp.random_base32()
        qr = picture(secret, session.account.login)
    return visit.render("code.html", {"mistake": mistake, "secret": secret, "qr": qr}, http_status=status)


def _secret(visit: Visit) -> str:
    given = visit.text("secret", 64)
    return given if len(given) >= 32 and given.isalnum() and given.isascii() else ""


def _enter(visit: Visit, token: str, path: str | None = None) -> Response:
    """Give the browser its new secret: that of before, which others may know, is worth nothing."""
    visit.cookies.append((visit.house.cookie, token))
    if path is None:
        path = visit.request.cookies.get("after", "/")
        visit.cookies.append(("after", None))
    return visit.goto(path if is_own_path(path) else "/")


def _throttled(visit: Visit) -> None:
    if not visit.house.logins.allows(visit.caller.address, visit.house.clock.monotonic_s()):
        raise WebError(429, "Thử quá nhiều lần; hãy đợi một phút.", "Too many tries; wait a minute.")


ROUTES = [
    page("/login", login_page, right=None),
    page("/login", login, right=None, post=True),
    page("/login/code", code_page, right=None),
    page("/login/code", code, right=None, post=True),
    page("/login/link/{token}", link_page, right=None),
    page("/login/link/{token}", link, right=None, post=True),
    page("/logout", logout, right=None, post=True),
    page("/language/{language}", language, right=None),
]

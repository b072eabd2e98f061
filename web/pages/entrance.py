"""Logging in and out, and the language."""

from __future__ import annotations

import hmac

import pyotp
from starlette.responses import RedirectResponse, Response

from quantrac.domain.accounts import Stage
from quantrac.telemetry import get_logger
from web.accounts.oidc import Begun, OidcError
from web.accounts.proof import Proof
from web.accounts.telephone import picture
from web.house import OIDC_BACK
from web.languages import LANGUAGES
from web.visit import AFTER_COOKIE, Visit, WebError, is_own_path, not_found, page

_log = get_logger(__name__)
SIGN_ON_COOKIE = "signon"

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


def sign_on(visit: Visit) -> Response:
    """Send the browser to the issuer of single sign-on."""
    if visit.house.oidc is None:
        raise not_found()
    _throttled(visit, "sign-on of ")
    try:
        url, begun = visit.house.oidc.begin()
    except OidcError as exc:
        raise _no_sign_on(visit, exc) from exc
    visit.cookies.append((SIGN_ON_COOKIE, begun.as_cookie()))
    return RedirectResponse(url, 303)


def signed_on(visit: Visit) -> Response:
    """Let in whom the issuer sends back, if it is the browser that has begun."""
    _throttled(visit)
    query = visit.request.query_params
    begun = Begun.of_cookie(visit.request.cookies.get(SIGN_ON_COOKIE, ""))
    visit.cookies.append((SIGN_ON_COOKIE, None))
    if visit.house.oidc is None:
        raise not_found()
    if begun is None or not hmac.compare_digest(begun.state.encode(), query.get("state", "").encode()):
        raise _no_sign_on(visit, OidcError("another browser has begun it"))
    try:
        claims = visit.house.oidc.end(begun, query)
    except OidcError as exc:
        raise _no_sign_on(visit, exc) from exc
    found = visit.house.door.by_subject(claims, visit.caller)
    if found is None:
        raise WebError(403, "Chưa có tài khoản cho bạn ở đây.", "There is no account for you here.")
    return _enter(visit, found[1])


def _no_sign_on(visit: Visit, exc: OidcError) -> WebError:
    _log.warning("sign_on_failed", error=str(exc))
    with visit.house.accounts.transaction() as tx:
        tx.note("sign-on failed", "", visit.caller.address, str(exc))
    return WebError(502, "Đăng nhập một lần không thành công.", "Single sign-on has failed; see the security log.")


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
        path = visit.request.cookies.get(AFTER_COOKIE, "/")
        visit.cookies.append((AFTER_COOKIE, None))
    return visit.goto(path if is_own_path(path) else "/")


def _throttled(visit: Visit, what: str = "") -> None:
    if not visit.house.logins.allows(what + visit.caller.address, visit.house.clock.monotonic_s()):
        raise WebError(429, "Thử quá nhiều lần; hãy đợi một phút.", "Too many tries; wait a minute.", again_s=60)


ROUTES = [
    page("/login", login_page, right=None),
    page("/login", login, right=None, post=True),
    page("/login/code", code_page, right=None),
    page("/login/code", code, right=None, post=True),
    page("/login/link/{token}", link_page, right=None),
    page("/login/link/{token}", link, right=None, post=True),
    page("/login/oidc", sign_on, right=None),
    page(OIDC_BACK, signed_on, right=None),
    page("/logout", logout, right=None, post=True),
    page("/language/{language}", language, right=None),
]

"""One request: who asks, what may be done, and the answer. Every page but those named public needs a login.

A page is a plain function ``page(visit) -> Response``. It runs in a thread, since it asks the database.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from alerts.incidents.links import PATH as LINK_PATH
from quantrac.domain.accounts import Account, Right, Session, Stage
from quantrac.errors import DataRefusedError, OutcomeUnknownError, StoreError
from quantrac.telemetry import get_logger
from web.accounts.door import Caller
from web.languages import LANGUAGES, translator
from web.middleware import shown
from web.tokens import csrf_of, digest, is_csrf, new_token
from web.words import REFUSALS

if TYPE_CHECKING:
    from web.house import House

_log = get_logger(__name__)
MOST_FIELDS = 60
LEAST_TOKEN = 32
AFTER_COOKIE = "after"
"""Where somebody who has to log in wanted to go."""
ABOUT_INCIDENTS = ("/incidents/", LINK_PATH)
"""Where the forms go that the page of an error holds ready to be sent again."""
IN_WORDS = ("text", "cause_words", "plan")
"""Fields in which people write."""
NOT_WRITTEN = {401, 409}
"""Answers to a form that was not written, and is not sent again: its words are shown, to be copied."""
LONGEST_FIELD = 1_000_000
"""Bytes of a field that is no file."""
Page = Callable[["Visit"], Response]


class WebError(Exception):
    """A request that gets a page with a status of its own instead of an answer."""

    def __init__(self, status: int, vi: str, en: str, *, again_s: int | None = None) -> None:
        """``again_s``: after so many seconds it may be tried again."""
        super().__init__(en)
        self.status, self.vi, self.en, self.again_s = status, vi, en, again_s


def not_found() -> WebError:
    """Return what answers both for what is not there and for what somebody else's is."""
    return WebError(
        404, "Không có trang này, hoặc trang không thuộc phạm vi của bạn.", "There is no such page for you."
    )


def forbidden() -> WebError:
    """Return what answers somebody whose role does not reach so far."""
    return WebError(403, "Tài khoản của bạn không có quyền này.", "Your account may not do this.")


@dataclass
class Visit:
    """What a page knows of its request."""

    house: House
    request: Request
    session: Session | None
    token: str
    """Secret of the cookie, of a session or of a visitor: what forms are bound to."""
    form: FormData = field(default_factory=FormData)
    cookies: list[tuple[str, str | None]] = field(default_factory=list)
    """Cookies to be set with the answer; ``None`` takes one away."""

    @property
    def account(self) -> Account:
        """Who is logged in; only pages that need a login may ask."""
        if self.session is None or self.session.stage is not Stage.COMPLETE:
            raise WebError(401, "Cần đăng nhập.", "Please log in.")
        return self.session.account

    @property
    def now(self) -> datetime:
        """The instant."""
        return self.house.clock.now()

    @property
    def language(self) -> str:
        """Vi or en."""
        chosen = self.request.cookies.get("lang", "")
        return chosen if chosen in LANGUAGES else LANGUAGES[0]

    @property
    def caller(self) -> Caller:
        """Who asks, as far as the network tells."""
        host = self.request.client.host if self.request.client else ""
        return Caller(host, self.request.headers.get("user-agent", "")[:200])

    def text(self, name: str, longest: int = 4000) -> str:
        """Return a field of the form as text, without blanks around it; a file or nothing is the empty text."""
        value = self.form.get(name, "")
        if not isinstance(value, str):
            return ""
        if len(value) > longest:
            raise WebError(400, "Nội dung quá dài.", f"{name} is longer than {longest} characters.")
        return value.strip()

    def texts(self, name: str, longest: int = 200) -> list[str]:
        """Return the values of a field that may stand several times, without empty ones."""
        values = [v.strip() for v in self.form.getlist(name) if isinstance(v, str)]
        if any(len(v) > longest for v in values):
            raise WebError(400, "Nội dung quá dài.", f"{name} is longer than {longest} characters.")
        return [v for v in values if v]

    def words(self) -> list[str]:
        """Return what was written in words."""
        return [words for name in IN_WORDS for words in self.texts(name, LONGEST_FIELD)]

    def path(self, name: str) -> str:
        """Return a part of the address."""
        return str(self.request.path_params[name])

    def need(self, right: Right) -> None:
        """Raise unless the account may do something."""
        if not self.account.may(right):
            raise forbidden()

    def see(self, station: str) -> None:
        """Raise ``404`` unless the station is shown to the account: others learn not even that it is there."""
        if not self.account.sees(station):
            raise not_found()

    def render(self, template: str, values: Mapping[str, object] | None = None, *, http_status: int = 200) -> Response:
        """Return a page."""
        account = None if self.session is None or self.session.stage is not Stage.COMPLETE else self.session.account
        shared: dict[str, Any] = {
            "visit": self,
            "account": account,
            "t": translator(self.language),
            "lang": self.language,
            "csrf": csrf_of(self.token),
            "now": self.now,
            "may": (lambda _: False) if account is None else lambda right: account.may(Right(right)),
        }
        html = self.house.templates.get_template(template).render(shared | dict(values or {}))
        return Response(html, http_status, media_type="text/html; charset=utf-8")

    def goto(self, path: str) -> Response:
        """Send the browser on, to a page of ours."""
        return RedirectResponse(path if is_own_path(path) else "/", 303)


def is_own_path(path: str) -> bool:
    r"""Whether a path stays on our pages, whatever a browser makes of it.

    >>> [is_own_path(p) for p in ("/incidents/3", "//evil.example", "/\\evil.example", "https://evil.example", "")]
    [True, False, False, False, False]
    """
    return path.startswith("/") and not path.startswith(("//", "/\\")) and not any(ord(c) < 0x21 for c in path)


def page(
    path: str, endpoint: Page, *, right: Right | None = Right.SEE, post: bool = False, fields: int = MOST_FIELDS
) -> Route:
    """Return the route of a page; ``right=None``: also without a login. ``fields``: of a form, at most."""

    async def answer(request: Request) -> Response:
        form = FormData()
        if post:
            try:
                form = await request.form(max_files=2, max_fields=fields, max_part_size=LONGEST_FIELD)
            except (MultiPartException, HTTPException):
                return await run_in_threadpool(refused, request, _unreadable())
        try:
            visit = Visit(request.app.state.house, request, None, "", form)
            return await run_in_threadpool(_answered, visit, endpoint, right)
        finally:
            await form.close()

    return Route(path, answer, methods=["POST"] if post else ["GET"])


def refused(request: Request, error: WebError) -> Response:
    """Answer a request that comes to no page with one that leads on; whose it is, is shown where that can be told."""
    visit = Visit(request.app.state.house, request, None, "")
    with suppress(StoreError):
        _recognise(visit)
    return _with_cookies(visit, failed(visit, error))


def _answered(visit: Visit, endpoint: Page, right: Right | None) -> Response:
    try:
        _recognise(visit)
        if visit.request.method == "POST":
            if right is not None and visit.session is None:
                raise _logged_out(visit)
            _check_origin(visit)
        response = endpoint(visit) if right is None else _admitted(visit, endpoint, right)
    except WebError as exc:
        response = failed(visit, exc)
    except DataRefusedError as exc:
        _log.warning("data_refused", error=str(exc))
        response = failed(visit, WebError(400, "Dữ liệu không hợp lệ.", "The database does not take this."))
    except OutcomeUnknownError as exc:
        _log.warning("outcome_unknown", path=shown(visit.request.url.path), error=str(exc))
        vi = "Cơ sở dữ liệu mất liên lạc đúng lúc đang ghi: chưa rõ đã ghi hay chưa. Hãy mở lại trang trước để xem."
        en = "The database went while it was writing: it is not known whether it has. Open the page before, and look."
        response = failed(visit, WebError(503, vi, en), again=False)
    except StoreError as exc:
        _log.warning("database_away", error=str(exc))
        vi, en = "Cơ sở dữ liệu chưa sẵn sàng; chưa có gì được ghi.", "The database is away; nothing was written."
        response = failed(visit, WebError(503, vi, en))
    return _with_cookies(visit, response)


def _with_cookies(visit: Visit, response: Response) -> Response:
    for name, value in visit.cookies:
        _set_cookie(visit.house, response, name, value)
    return response


def _recognise(visit: Visit) -> None:
    """Find the session of the cookie, or give a browser without one a secret of its own to bind its forms to."""
    house = visit.house
    visit.token = visit.request.cookies.get(house.cookie, "")
    visit.session = house.door.session(visit.token) if visit.token else None
    if visit.session is not None:
        return
    visit.token = visit.request.cookies.get(house.visitor_cookie, "")
    if len(visit.token) < LEAST_TOKEN:
        visit.token = new_token()
        visit.cookies.append((house.visitor_cookie, visit.token))


def _admitted(visit: Visit, endpoint: Page, right: Right) -> Response:
    """Answer whoever is logged in and may do this; send the others to log in."""
    session = visit.session
    if session is None or session.stage is not Stage.COMPLETE:
        return _to_login(visit)
    if not visit.house.throttle.allows(str(session.id), visit.house.clock.monotonic_s()):
        raise WebError(429, "Hãy đợi mười giây rồi tải lại trang.", "Wait ten seconds, then load the page again.",
                       again_s=10)  # fmt: skip
    visit.need(right)
    return endpoint(visit)


def failed(visit: Visit, error: WebError, *, again: bool = True) -> Response:
    """Return the page of an error: what happened, and what to do next; ``again``: what was sent may be sent again."""
    values = {
        "status": error.status,
        "heading": REFUSALS[error.status],
        "vi": error.vi,
        "en": error.en,
        "back": _came_from(visit),
        "typed": _typed(visit) if error.status == 503 else None,
        "again": again,
        "in_words": IN_WORDS,
        "wrote": [] if _is_foreign(visit) or error.status not in NOT_WRITTEN else visit.words(),
    }
    response = visit.render("error.html", values, http_status=error.status)
    if error.again_s is not None:
        response.headers["retry-after"] = str(error.again_s)
    return response


def _typed(visit: Visit) -> list[tuple[str, str]] | None:
    """Return the fields of a form of ours about an incident: what was typed must not be lost with the answer.

    ``None``: it is no such form, or one with a file, which the page cannot hold.
    """
    about_incident = visit.request.method == "POST" and visit.request.url.path.startswith(ABOUT_INCIDENTS)
    fields = visit.form.multi_items()
    if not about_incident or not _is_ours(visit) or any(not isinstance(value, str) for _, value in fields):
        return None
    return [(name, value) for name, value in fields if isinstance(value, str) and name != "csrf"]


def _came_from(visit: Visit) -> str | None:
    """Return the page of ours that led here; none where it is the very one that fails."""
    led = urlsplit(visit.request.headers.get("referer", ""))
    path = f"{led.path}?{led.query}" if led.query else led.path
    own = led.netloc == visit.request.headers.get("host") and is_own_path(path)
    same = visit.request.method == "GET" and led.path == visit.request.url.path
    return path if own and not same else None


def _logged_out(visit: Visit) -> WebError:
    """Return what answers a form that was sent without a login: it was open for longer than the login lasted."""
    came_from = _came_from(visit)
    if came_from is not None:
        visit.cookies.append((AFTER_COOKIE, urlsplit(came_from).path))
    return WebError(
        401,
        "Biểu mẫu vừa gửi chưa được ghi. Hãy đăng nhập, rồi gửi lại.",
        "What you have just sent was not written. Log in, then send it again.",
    )


def _unreadable() -> WebError:
    return WebError(
        400, "Không đọc được biểu mẫu; hãy tải lại trang rồi gửi lại.", "The form cannot be read; load its page again."
    )


def _is_ours(visit: Visit) -> bool:
    """Whether a form is of one of our pages: by what the browser says, and by the word that only our pages carry."""
    given = visit.text("csrf", 200) or visit.request.headers.get("x-csrf-token", "")
    return not _is_foreign(visit) and is_csrf(visit.token, given)


def _is_foreign(visit: Visit) -> bool:
    """Whether the browser says that a form is of a page of somebody else."""
    headers = visit.request.headers
    origin = headers.get("origin")
    foreign = origin is not None and not _is_own_origin(visit, origin)
    return foreign or headers.get("sec-fetch-site") == "cross-site"


def _check_origin(visit: Visit) -> None:
    """Refuse forms of other pages."""
    if not _is_ours(visit):
        _log.warning("forged_form", path=shown(visit.request.url.path), session=digest(visit.token).hex()[:8])
        raise WebError(
            403,
            "Chưa có gì được ghi: biểu mẫu đã cũ, hoặc đến từ trang khác. Hãy mở lại trang có biểu mẫu rồi gửi lại.",
            "Nothing was written: the form is too old, or came from another page. Open its page and send it anew.",
        )


def _is_own_origin(visit: Visit, origin: str) -> bool:
    return origin == visit.house.options.origin or urlsplit(origin).netloc == visit.request.headers.get("host")


def _to_login(visit: Visit) -> Response:
    """Send somebody without a login there and back; a part of a page tells its page to go."""
    path = "/login/code" if visit.session is not None else "/login"
    if visit.request.headers.get("hx-request"):
        return Response(status_code=401, headers={"HX-Redirect": path})
    if visit.request.method != "GET":
        return RedirectResponse(path, 303)
    if visit.request.url.path not in {"/", "/login"} and visit.session is None:
        visit.cookies.append((AFTER_COOKIE, visit.request.url.path))
    return RedirectResponse(path, 303)


def _set_cookie(house: House, response: Response, name: str, value: str | None) -> None:
    if value is None:
        response.delete_cookie(name, path="/", secure=house.options.secure, httponly=True, samesite="lax")
    else:
        response.set_cookie(name, value, path="/", secure=house.options.secure, httponly=True, samesite="lax",
                            max_age=31_536_000 if name == "lang" else None)  # fmt: skip

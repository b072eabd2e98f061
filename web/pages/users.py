"""The accounts, for those who keep them, and one's own."""

from __future__ import annotations

import re

from starlette.responses import Response

from quantrac.domain.accounts import LOGIN, Account, Right, Role
from sql import oncall_store, page_rows
from web.accounts.links import add_link
from web.accounts.proof import hashed, is_password, password_mistake
from web.visit import Visit, WebError, page


def users(visit: Visit, link: str | None = None) -> Response:
    """Show every account, and a form for another."""
    with visit.house.accounts.transaction() as tx:
        lines, events = tx.listed(), tx.noted(30)
    with visit.house.database.reading("listing stations") as cursor:
        codes = [s.code for s in page_rows.stations(cursor, visit.now, None)]
        names = oncall_store.names(cursor)
    shown = {"lines": lines, "events": events, "roles": list(Role), "codes": codes, "link": link}
    return visit.render("users.html", shown | {"names": names})


def add(visit: Visit) -> Response:
    """Add an account; it gets a link, and chooses its password itself."""
    account = _described(visit, visit.text("login", 64).lower())
    with visit.house.accounts.transaction(visit.account.login) as tx:
        if not tx.add(account, None):
            raise WebError(409, "Tên đăng nhập đã có.", "The login is taken.")
        token = add_link(tx, account.login, visit.now)
        tx.note("account added", account.login, visit.caller.address, f"by {visit.account.login}")
    return users(visit, f"{visit.house.options.origin}/login/link/{token}")


def change(visit: Visit) -> Response:
    """Change an account: its description, or whether it may log in; a new link; a lost telephone."""
    login, what, by = visit.path("login"), visit.text("what", 20), visit.account.login
    link = None
    with visit.house.accounts.transaction(by) as tx:
        found = tx.credentials(login)
        if found is None:
            raise WebError(404, "Không có tài khoản này.", "There is no such account.")
        if login == by and what in {"disable", "describe"}:
            raise WebError(409, "Không tự đổi quyền của mình.", "Nobody changes the rights of their own account.")
        old = found.account
        if what == "describe":
            tx.change(_described(visit, login))
            tx.end_all(login, visit.now)
        elif what in {"disable", "enable"}:
            tx.change(Account(login, old.name, old.role, old.stations, old.person, active=what == "enable"))
            tx.end_all(login, visit.now)
        elif what == "telephone":
            tx.save_totp(login, None, None)
            tx.end_all(login, visit.now)
        elif what == "link" and old.active:
            link = f"{visit.house.options.origin}/login/link/{add_link(tx, login, visit.now)}"
        else:
            raise WebError(400, "Không rõ yêu cầu.", "Unknown request.")
        tx.note(f"account {what}", login, visit.caller.address, f"by {by}")
    return users(visit, link)


def own(visit: Visit, done: bool = False, mistake: tuple[str, str] | None = None) -> Response:
    """Show one's own account."""
    return visit.render("account.html", {"done": done, "mistake": mistake}, http_status=400 if mistake else 200)


def password(visit: Visit) -> Response:
    """Change one's own password; the other browsers are logged out."""
    login = visit.account.login
    old, new = visit.text("old", 1000), visit.text("new", 1000)
    wrong = password_mistake(new, login)
    if wrong is not None:
        return own(visit, mistake=("Mật khẩu mới cần ít nhất 12 ký tự, không trùng tên đăng nhập.", f"No: {wrong}."))
    if not visit.house.logins.allows(visit.caller.address, visit.house.clock.monotonic_s()):
        raise WebError(429, "Thử quá nhiều lần; hãy đợi một phút.", "Too many tries; wait a minute.", again_s=60)
    with visit.house.accounts.transaction(login) as tx:
        found = tx.credentials(login)
        by_link = visit.session is not None and visit.session.way == "link"
        if found is None or not (by_link or _proves(found.password_hash, old)):
            tx.note("password change refused", login, visit.caller.address)
            refused = True
        else:
            tx.save_password(login, hashed(new))
            tx.end_all(login, visit.now, but=None if visit.session is None else visit.session.id)
            tx.note("password changed", login, visit.caller.address)
            refused = False
    if refused:
        return own(visit, mistake=("Mật khẩu cũ không đúng.", "The old password is wrong."))
    return own(visit, done=True)


def _proves(password_hash: str | None, old: str) -> bool:
    return password_hash is not None and is_password(password_hash, old)


def _described(visit: Visit, login: str) -> Account:
    """Return the account that a form describes."""
    if not LOGIN.fullmatch(login):
        raise WebError(400, "Tên đăng nhập: chữ thường không dấu, số, dấu . _ -", "Login: small letters, digits, . _ -")
    try:
        role = Role(visit.text("role", 20))
    except ValueError as exc:
        raise WebError(400, "Không có vai trò này.", "There is no such role.") from exc
    stations = tuple(sorted({s for s in re.split(r"[\s,]+", visit.text("stations")) if s}))
    if role is Role.OPERATOR and not stations:
        raise WebError(400, "Đơn vị vận hành cần có trạm.", "An operator has stations of its own.")
    name = visit.text("name", 200)
    if not name:
        raise WebError(400, "Cần họ tên.", "A name is needed.")
    return Account(login, name, role, stations, visit.text("person", 64) or None)


ROUTES = [
    page("/users", users, right=Right.KEEP_ACCOUNTS),
    page("/users", add, right=Right.KEEP_ACCOUNTS, post=True),
    page("/users/{login}", change, right=Right.KEEP_ACCOUNTS, post=True),
    page("/account", own),
    page("/account/password", password, post=True),
]

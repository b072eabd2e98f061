"""Accounts, their sessions and links, and the security log, as the page's role."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import psycopg

from quantrac.domain.accounts import Account, Credentials, Role, Session, Stage
from sql.statements import statement
from sql.storable import storable
from sql.web_database import WebDatabase

DOING = "working on accounts"
SYSTEM = ""
"""In nobody's name: logins, and what the command line does (its role stands in the audit)."""


class SecurityEvent(NamedTuple):
    """One line of the security log."""

    id: int
    at: datetime
    kind: str
    login: str
    address: str
    detail: str


@dataclass(frozen=True, slots=True)
class AccountLine:
    """An account as the list shows it."""

    account: Account
    has_password: bool
    has_totp: bool
    has_oidc: bool
    locked_until: datetime | None
    seen_at: datetime | None


class AccountTransaction:
    """An open transaction about accounts."""

    def __init__(self, cursor: psycopg.Cursor[Any]) -> None:
        self._cursor = cursor

    def credentials(self, login: str) -> Credentials | None:
        """Lock an account and return how it proves itself; of two tries at once the second sees the first."""
        row = self._row("account_credentials", login=login)
        if row is None:
            return None
        return Credentials(_account(row[:6]), *row[6:])

    def login_of_subject(self, issuer: str, subject: str) -> str | None:
        """Return the account of a subject of single sign-on."""
        return self._value("account_of_subject", issuer=issuer, subject=subject)

    def bind_subject(self, login: str, issuer: str, subject: str) -> bool:
        """Give an account its subject; ``False`` when there is no such account, or it has one of this issuer."""
        return self._value("bind_account_subject", login=login, issuer=issuer, subject=subject) is not None

    def tried(self, login: str, failures: int, locked_until: datetime | None, totp_step: int | None = None) -> None:
        """Note how often logging in has failed in a row."""
        row = {"login": login, "failures": failures, "locked_until": locked_until, "totp_step": totp_step}
        self._cursor.execute(statement("account_tried"), row)

    def listed(self) -> list[AccountLine]:
        """Return every account, those that are disabled last."""
        return [AccountLine(_account(row[:6]), *row[6:]) for row in self._cursor.execute(statement("list_accounts"))]

    def add(self, account: Account, password_hash: str | None) -> bool:
        """Add an account; ``False`` when the login is taken."""
        return self._value("add_account", **_row(account), password_hash=password_hash) is not None

    def change(self, account: Account) -> bool:
        """Save an account's description; ``False`` when there is no such."""
        return self._value("change_account", **_row(account), active=account.active) is not None

    def save_password(self, login: str, password_hash: str) -> bool:
        """Save a new password and lift a lock; ``False`` when there is no such account."""
        return self._value("save_account_password", login=login, password_hash=password_hash) is not None

    def save_totp(self, login: str, secret: str | None, step: int | None) -> bool:
        """Save the secret of the second factor, or take it away; ``False`` when there is no such account."""
        return self._value("save_account_totp", login=login, secret=secret, step=step) is not None

    def open_session(  # noqa: PLR0917  a row
        self, token_hash: bytes, login: str, stage: Stage, way: str, address: str, agent: str, now: datetime,
        expires_at: datetime,
    ) -> None:  # fmt: skip
        """Keep a new session."""
        row = {
            "token_hash": token_hash, "login": login, "stage": stage.value, "way": way, "address": storable(address),
            "agent": storable(agent)[:200], "now": now, "expires_at": expires_at,
        }  # fmt: skip
        self._cursor.execute(statement("add_account_session"), row)

    def session(self, token_hash: bytes, now: datetime, idle_since: datetime) -> Session | None:
        """Return a session that is neither ended, over, nor idle since, of an account that is not disabled."""
        row = self._row("account_session", token_hash=token_hash, now=now, idle_since=idle_since)
        if row is None:
            return None
        session_id, *account, stage, way, created_at, seen_at, expires_at, has_totp = row
        return Session(session_id, _account(account), Stage(stage), way, created_at, seen_at, expires_at, has_totp)

    def touch(self, session_id: int, now: datetime) -> None:
        """Note that a session is used."""
        self._cursor.execute(statement("touch_account_session"), {"id": session_id, "now": now})

    def end(self, session_id: int, now: datetime) -> None:
        """End a session."""
        self._cursor.execute(statement("end_account_session"), {"id": session_id, "now": now})

    def end_all(self, login: str, now: datetime, *, but: int | None = None) -> None:
        """End every session of an account, but perhaps one."""
        self._cursor.execute(statement("end_account_sessions"), {"login": login, "now": now, "but": but})

    def add_link(self, token_hash: bytes, login: str, now: datetime, expires_at: datetime) -> bool:
        """Keep a link that lets an account in once; ``False`` when there is no such account."""
        return (
            self._value("add_login_link", token_hash=token_hash, login=login, now=now, expires_at=expires_at) == login
        )

    def link(self, token_hash: bytes, now: datetime) -> str | None:
        """Return whom a link would let in, without using it."""
        return self._value("login_link", token_hash=token_hash, now=now)

    def use_link(self, token_hash: bytes, now: datetime) -> str | None:
        """Use a link up and return whom it lets in; ``None`` when it is unknown, over or used."""
        return self._value("use_login_link", token_hash=token_hash, now=now)

    def note(self, kind: str, login: str = "", address: str = "", detail: str = "") -> None:
        """Add a line to the security log."""
        row = {
            "kind": kind, "login": storable(login)[:100], "address": storable(address)[:100],
            "detail": storable(detail)[:500],
        }  # fmt: skip
        self._cursor.execute(statement("add_security_event"), row)

    def noted(self, limit: int) -> list[SecurityEvent]:
        """Return lines of the security log, the newest first."""
        return [SecurityEvent(*row) for row in self._cursor.execute(statement("security_events"), {"limit": limit})]

    def _row(self, name: str, /, **arguments: object) -> Sequence[Any] | None:
        return self._cursor.execute(statement(name), arguments).fetchone()

    def _value(self, name: str, /, **arguments: object) -> str | None:
        row = self._row(name, **arguments)
        return None if row is None else str(row[0])


class AccountStore:
    """Opens transactions about accounts; each is committed when its block ends. ``StoreError`` when it cannot be."""

    def __init__(self, database: WebDatabase) -> None:
        self._database = database

    @contextmanager
    def transaction(self, by: str = SYSTEM) -> Iterator[AccountTransaction]:
        """Open a transaction, in an account's name where it changes another."""
        with self._database.acting(by, DOING) as cursor:
            yield AccountTransaction(cursor)


def _account(row: Sequence[Any]) -> Account:
    login, name, role, stations, person, active = row
    return Account(login, name, Role(role), tuple(stations), person, active)


def _row(account: Account) -> dict[str, object]:
    return {
        "login": account.login,
        "name": storable(account.name),
        "role": account.role.value,
        "stations": list(account.stations),
        "person": account.person,
    }

"""Accounts of the centre's page: what each role may do, and which stations an account sees."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

LOGIN = re.compile(r"[a-z0-9][a-z0-9._@-]{0,63}")
"""A login, which may be the address by which an issuer of single sign-on names somebody."""


class Role(StrEnum):
    """What an account is for; the later ones may do more."""

    VIEWER = "viewer"
    """Looks."""
    OPERATOR = "operator"
    """Of a plant: its own stations only; announces maintenance, answers incidents."""
    OFFICER = "officer"
    """On duty: takes, hands on and closes incidents."""
    MANAGER = "manager"
    """Also changes rotas and sees the audit."""
    ADMIN = "admin"
    """Also keeps the accounts."""


class Right(StrEnum):
    """What can be allowed."""

    SEE = "see"
    ANSWER = "answer"
    """Comment, attach files."""
    ANNOUNCE = "announce"
    """Maintenance windows of stations that one sees."""
    HANDLE = "handle"
    """Take, snooze, hand on, close and reopen incidents."""
    PLAN = "plan"
    """Rotas, people, policies, and overrides for others."""
    CATALOGUE = "catalogue"
    """Propose changes of limits, rules and stations, and approve those of others."""
    AUDIT = "audit"
    KEEP_ACCOUNTS = "keep_accounts"


_SEE = frozenset({Right.SEE})
_OPERATOR = _SEE | {Right.ANSWER, Right.ANNOUNCE}
_OFFICER = _OPERATOR | {Right.HANDLE}
_MANAGER = _OFFICER | {Right.PLAN, Right.CATALOGUE, Right.AUDIT}
RIGHTS = {
    Role.VIEWER: _SEE,
    Role.OPERATOR: _OPERATOR,
    Role.OFFICER: _OFFICER,
    Role.MANAGER: _MANAGER,
    Role.ADMIN: _MANAGER | {Right.KEEP_ACCOUNTS},
}
SECOND_FACTOR = frozenset({Role.MANAGER, Role.ADMIN})
"""Roles whose password alone lets nobody in."""


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who may log in."""

    login: str
    name: str
    role: Role
    stations: tuple[str, ...] = ()
    """What it sees; empty: every station."""
    person: str | None = None
    """Code among the people on call."""
    active: bool = True

    @property
    def acts_as(self) -> str:
        """The name in which it takes incidents: the person on call, who is told of them, or the login."""
        return self.person or self.login

    def may(self, right: Right) -> bool:
        """Whether the account may do something.

        >>> Account("an", "An", Role.OFFICER).may(Right.HANDLE), Account("b", "B", Role.OPERATOR).may(Right.HANDLE)
        (True, False)
        """
        return self.active and right in RIGHTS[self.role]

    def sees(self, station: str) -> bool:
        """Whether a station is shown to the account.

        >>> Account("x", "X", Role.OPERATOR, ("DT_A",)).sees("DT_B"), Account("y", "Y", Role.VIEWER).sees("DT_B")
        (False, True)
        """
        return not self.stations or station in self.stations

    @property
    def scope(self) -> list[str] | None:
        """The stations as a condition of a query; ``None``: all."""
        return list(self.stations) or None


@dataclass(frozen=True, slots=True)
class Credentials:
    """How an account proves itself, and how often that failed lately."""

    account: Account
    password_hash: str | None
    totp_secret: str | None
    totp_step: int | None
    failures: int
    locked_until: datetime | None


class Stage(StrEnum):
    """How far a login has come."""

    PASSWORD = "password"  # noqa: S105  a stage
    """The second factor is missing."""
    COMPLETE = "complete"


@dataclass(frozen=True, slots=True)
class Session:
    """A browser that is logged in."""

    id: int
    account: Account
    stage: Stage
    way: str
    """password, link or oidc."""
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    has_totp: bool = False

"""Passwords and one-time codes: the decision whether somebody is let in, with its named reason. Pure.

::

    failures   1  2  3  4  5      6       7        … success
    locked                 1 min  2 min   4 min      again 0       an hour at most
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import pyotp
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from quantrac.domain.accounts import SECOND_FACTOR, Credentials, Stage

FREE_FAILURES = 5
FIRST_LOCK = timedelta(minutes=1)
LONGEST_LOCK = timedelta(hours=1)
LEAST_PASSWORD, MOST_PASSWORD = 12, 200
"""Characters. Length is what counts (NIST SP 800-63B, 5.1.1); a longer one than the most only costs us time."""
TOTP_STEP_S = 30
TOTP_WINDOW = 1
"""Steps before and after ours whose code is taken: telephones' clocks."""

_HASHER = PasswordHasher()
"""Argon2id with the parameters of RFC 9106 for little memory (64 MiB, 3 passes)."""
_NOBODY = _HASHER.hash("nobody has this password")
"""Compared for logins that do not exist, so that they take as long."""


class Proof(StrEnum):
    """Why somebody is let in, or is not."""

    COMPLETE = "complete"
    SECOND_FACTOR_MISSING = "second_factor_missing"
    """The password is right; a code, or the enrolment of a telephone, is still to come."""
    LOCKED = "locked"
    """Refused unseen: it failed too often."""
    WRONG = "wrong"
    DISABLED = "disabled"
    NO_PASSWORD = "no_password"  # noqa: S105  a reason
    """The account comes by single sign-on or by a link."""
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Attempt:
    """What became of a try, and what is to be kept of it."""

    proof: Proof
    failures: int = 0
    locked_until: datetime | None = None
    totp_step: int | None = None

    @property
    def counts(self) -> bool:
        """Whether the account remembers it."""
        return self.proof in {Proof.COMPLETE, Proof.SECOND_FACTOR_MISSING, Proof.WRONG}

    @property
    def stage(self) -> Stage | None:
        """How far the login has come; ``None``: not at all."""
        if self.proof is Proof.COMPLETE:
            return Stage.COMPLETE
        return Stage.PASSWORD if self.proof is Proof.SECOND_FACTOR_MISSING else None


def hashed(password: str) -> str:
    """Return what is kept of a password."""
    return _HASHER.hash(password)


def is_password(password_hash: str, password: str) -> bool:
    """Whether a password is the one that was kept; a tenth of a second of work."""
    try:
        return _HASHER.verify(password_hash, password[:MOST_PASSWORD])
    except (VerificationError, InvalidHashError):
        return False


def password_mistake(password: str, login: str) -> str | None:
    """Return what is wrong with a new password, in words; ``None`` when it will do.

    >>> password_mistake("short", "an")
    'a password has at least 12 characters'
    >>> password_mistake("năm con cá trong kênh", "an") is None
    True
    """
    if len(password) < LEAST_PASSWORD:
        return f"a password has at least {LEAST_PASSWORD} characters"
    if len(password) > MOST_PASSWORD:
        return f"a password has at most {MOST_PASSWORD} characters"
    if len(set(password)) < LEAST_PASSWORD // 2 or (login and login in password.lower()):
        return "a password is neither the login nor a few characters again and again"
    return None


def try_password(found: Credentials | None, password: str, now: datetime) -> Attempt:
    """Decide on a login by password."""
    if found is None or found.password_hash is None or not found.account.active:
        is_password(_NOBODY, password)
        if found is None:
            return Attempt(Proof.UNKNOWN)
        return Attempt(Proof.DISABLED if not found.account.active else Proof.NO_PASSWORD)
    if _is_locked(found, now):
        return Attempt(Proof.LOCKED, found.failures, found.locked_until)
    if not is_password(found.password_hash, password):
        return _failed(found, now)
    if found.totp_secret is not None or found.account.role in SECOND_FACTOR:
        # Only the code makes the failures forgotten: they guard it as well.
        return Attempt(Proof.SECOND_FACTOR_MISSING, found.failures, None)
    return Attempt(Proof.COMPLETE)


def try_code(found: Credentials, secret: str, code: str, now: datetime) -> Attempt:
    """Decide on a one-time code; a code that was taken is not taken again."""
    if not found.account.active:
        return Attempt(Proof.DISABLED)
    if _is_locked(found, now):
        return Attempt(Proof.LOCKED, found.failures, found.locked_until)
    step = step_of_code(secret, code, now)
    if step is None or (found.totp_step is not None and step <= found.totp_step):
        return _failed(found, now)
    return Attempt(Proof.COMPLETE, totp_step=step)


def _is_locked(found: Credentials, now: datetime) -> bool:
    """Whether the account is closed for a while; a lock that is longer than any was set by a clock that was ahead."""
    return found.locked_until is not None and now < found.locked_until <= now + LONGEST_LOCK


def step_of_code(secret: str, code: str, now: datetime) -> int | None:
    """Return the time step of which a code is, about now (RFC 6238); ``None`` when it is of none."""
    totp, given = pyotp.TOTP(secret), code.replace(" ", "")
    current = int(now.timestamp()) // TOTP_STEP_S
    for step in range(current - TOTP_WINDOW, current + TOTP_WINDOW + 1):
        if hmac.compare_digest(totp.at(step * TOTP_STEP_S).encode(), given.encode()):
            return step
    return None


def _failed(found: Credentials, now: datetime) -> Attempt:
    failures = found.failures + 1
    return Attempt(Proof.WRONG, failures, lock_of(failures, now))


def lock_of(failures: int, now: datetime) -> datetime | None:
    """Return until when an account is closed after so many failures in a row; ``None``: it is not.

    >>> from datetime import UTC
    >>> midnight = datetime(2026, 1, 1, tzinfo=UTC)
    >>> [str(lock_of(n, midnight) - midnight) if lock_of(n, midnight) else None for n in (4, 5, 6, 99)]
    [None, '0:01:00', '0:02:00', '1:00:00']
    """
    if failures < FREE_FAILURES:
        return None
    doublings = min(failures - FREE_FAILURES, 10)
    return now + min(LONGEST_LOCK, FIRST_LOCK * (1 << doublings))

"""Passwords and codes: timelines of failures, and codes of RFC 6238."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from quantrac.domain.accounts import Account, Credentials, Role
from web.accounts import proof
from web.accounts.proof import Proof, step_of_code, try_code, try_password

NOW = datetime(2026, 11, 23, 3, tzinfo=UTC)
PASSWORD = "con cá trong kênh"
RFC_SECRET = base64.b32encode(b"12345678901234567890").decode()


@pytest.fixture(scope="module")
def kept() -> Credentials:
    return Credentials(Account("an", "An", Role.OFFICER), proof.hashed(PASSWORD), None, None, 0, None)


def test_five_failures_lock_and_a_success_forgets_them(kept: Credentials) -> None:
    """Drawn in the module: 5 failures free, then one minute, two, four."""
    found, now = kept, NOW
    locks = []
    for _ in range(7):
        attempt = try_password(found, "wrong", now)
        assert attempt.proof is Proof.WRONG
        found = replace(found, failures=attempt.failures, locked_until=attempt.locked_until)
        locks.append(None if attempt.locked_until is None else attempt.locked_until - now)
        now = attempt.locked_until or now
    assert locks == [None, None, None, None, *(timedelta(minutes=m) for m in (1, 2, 4))]
    assert found.locked_until is not None
    before = try_password(found, PASSWORD, found.locked_until - timedelta(seconds=1))
    assert before.proof is Proof.LOCKED
    assert not before.counts
    after = try_password(found, PASSWORD, found.locked_until)
    assert (after.proof, after.failures, after.locked_until) == (Proof.COMPLETE, 0, None)


def test_a_lock_of_a_clock_that_was_ahead_is_none(kept: Credentials) -> None:
    locked = replace(kept, failures=6, locked_until=NOW + timedelta(hours=2))
    assert try_password(locked, PASSWORD, NOW).proof is Proof.COMPLETE
    assert try_password(locked, PASSWORD, NOW + timedelta(hours=1)).proof is Proof.LOCKED


def test_who_gets_in_how_far(kept: Credentials) -> None:
    assert try_password(None, PASSWORD, NOW).proof is Proof.UNKNOWN
    manager = replace(kept, account=replace(kept.account, role=Role.MANAGER))
    assert try_password(manager, PASSWORD, NOW).proof is Proof.SECOND_FACTOR_MISSING
    assert try_password(replace(kept, totp_secret=RFC_SECRET), PASSWORD, NOW).proof is Proof.SECOND_FACTOR_MISSING
    assert try_password(replace(kept, password_hash=None), PASSWORD, NOW).proof is Proof.NO_PASSWORD
    disabled = replace(kept, account=replace(kept.account, active=False))
    assert try_password(disabled, PASSWORD, NOW).proof is Proof.DISABLED


def test_the_failures_of_codes_add_up_over_passwords(kept: Credentials) -> None:
    found = replace(kept, totp_secret=RFC_SECRET, failures=4)
    assert try_password(found, PASSWORD, NOW).failures == 4
    assert try_code(found, RFC_SECRET, "000000", NOW).locked_until is not None


@pytest.mark.parametrize(("second", "code"), [(59, "287082"), (1111111109, "081804"), (20000000000, "353130")])
def test_codes_are_those_of_rfc_6238(second: int, code: str) -> None:
    """Appendix B, SHA-1, the last six of its eight digits."""
    at = datetime.fromtimestamp(second, UTC)
    assert step_of_code(RFC_SECRET, code, at) == second // 30
    assert step_of_code(RFC_SECRET, f"{code[:3]} {code[3:]}", at + timedelta(seconds=30)) == second // 30
    assert step_of_code(RFC_SECRET, code, at + timedelta(seconds=90)) is None
    assert step_of_code(RFC_SECRET, "đổi mã", at) is None


def test_a_code_is_taken_once(kept: Credentials) -> None:
    at = datetime.fromtimestamp(59, UTC)
    found = replace(kept, totp_secret=RFC_SECRET)
    first = try_code(found, RFC_SECRET, "287082", at)
    assert (first.proof, first.totp_step) == (Proof.COMPLETE, 1)
    assert try_code(replace(found, totp_step=1), RFC_SECRET, "287082", at).proof is Proof.WRONG

"""Letting people in and out: by password and code, by a link, by single sign-on. Each way has a line in the log."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from quantrac.clock import Clock
from quantrac.domain.accounts import Credentials, Session, Stage
from quantrac.errors import OutcomeUnknownError, StoreError
from sql.account_store import AccountStore, AccountTransaction
from web.accounts.oidc import Claims
from web.accounts.proof import Attempt, Proof, try_code, try_password
from web.tokens import digest, new_token

TOUCH_EVERY = timedelta(minutes=1)
"""A session that is used is noted so often, so that not every request writes."""
SECOND_FACTOR_WITHIN = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is at the door, as far as the network tells."""

    address: str
    agent: str = ""


class Door:
    """Sessions: opened, found, ended. Every method raises ``StoreError``."""

    def __init__(self, store: AccountStore, clock: Clock, length: timedelta, idle: timedelta) -> None:
        self._store, self._clock, self._length, self._idle = store, clock, length, idle

    def by_password(self, login: str, password: str, caller: Caller) -> tuple[Proof, str | None]:
        """Try a password; return the reason, and the token of a session when there is one."""
        now = self._clock.now()
        with self._store.transaction() as tx:
            attempt = try_password(tx.credentials(login), password, now)
            if attempt.counts:
                tx.tried(login, attempt.failures, attempt.locked_until)
            tx.note(f"password {attempt.proof.value}", login, caller.address)
            token = None if attempt.stage is None else self._open(tx, login, attempt.stage, "password", caller)
        return attempt.proof, token

    def by_code(self, session: Session, code: str, caller: Caller) -> tuple[Proof, str | None]:
        """Try a one-time code for a session that lacks it; a new token takes the place of the old one."""
        return self._second(session, caller, lambda found: try_code(found, found.totp_secret or "", code, self._now()))

    def enrol(self, session: Session, secret: str, code: str, caller: Caller) -> tuple[Proof, str | None]:
        """Take a telephone's first code for a secret that was shown to it; an account that has one keeps it."""

        def decide(found: Credentials) -> Attempt:
            if found.totp_secret is not None:
                return Attempt(Proof.WRONG, found.failures, found.locked_until)
            return try_code(found, secret, code, self._now())

        return self._second(session, caller, decide, secret)

    def by_link(self, token: str, caller: Caller) -> tuple[str, str] | None:
        """Use a link up; return the login and the token of a session. ``None`` when it lets nobody in."""
        with self._store.transaction() as tx:
            login = tx.use_link(digest(token), self._now())
            tx.note("link used" if login else "link refused", login or "", caller.address)
            return None if login is None else (login, self._open(tx, login, Stage.COMPLETE, "link", caller))

    def whose_link(self, token: str) -> str | None:
        """Return whom a link would let in, without using it."""
        with self._looking() as tx:
            return tx.link(digest(token), self._now())

    def by_subject(self, claims: Claims, caller: Caller) -> tuple[str, str] | None:
        """Let in whom the issuer has named; the first time the account takes the subject for its own."""
        issuer, subject, login = claims
        with self._store.transaction() as tx:
            known = tx.login_of_subject(issuer, subject)
            if known is None and login and tx.bind_subject(login, issuer, subject):
                known = login
            found = None if known is None else tx.credentials(known)
            if known is None or found is None or not found.account.active:
                tx.note("sign-on refused", login, caller.address, f"subject {subject}, {known or 'no'} account")
                return None
            tx.note("sign-on complete", known, caller.address)
            return known, self._open(tx, known, Stage.COMPLETE, "oidc", caller)

    def session(self, token: str) -> Session | None:
        """Return the session of a token; ``None`` when there is none (any more)."""
        now = self._now()
        with self._looking() as tx:
            found = tx.session(digest(token), now, now - self._idle)
            if found is not None and now - found.seen_at > TOUCH_EVERY:
                tx.touch(found.id, now)
            return found

    def leave(self, session: Session, caller: Caller) -> None:
        """End a session."""
        with self._store.transaction() as tx:
            tx.end(session.id, self._now())
            tx.note("left", session.account.login, caller.address)

    @contextmanager
    def _looking(self) -> Iterator[AccountTransaction]:
        """Open a transaction of which nothing matters that may be lost: how it ended need not be known."""
        try:
            with self._store.transaction() as tx:
                yield tx
        except OutcomeUnknownError as exc:
            raise StoreError(str(exc), retryable=True) from exc

    def _second(
        self, session: Session, caller: Caller, decide: Callable[[Credentials], Attempt], secret: str | None = None
    ) -> tuple[Proof, str | None]:
        login = session.account.login
        with self._store.transaction() as tx:
            found = tx.credentials(login)
            attempt = Attempt(Proof.UNKNOWN) if found is None else decide(found)
            if attempt.counts:
                tx.tried(login, attempt.failures, attempt.locked_until, attempt.totp_step)
            tx.note(f"code {attempt.proof.value}", login, caller.address)
            if attempt.proof is not Proof.COMPLETE:
                return attempt.proof, None
            if secret is not None:
                tx.save_totp(login, secret, attempt.totp_step)
                tx.note("telephone enrolled", login, caller.address)
            tx.end(session.id, self._now())
            return attempt.proof, self._open(tx, login, Stage.COMPLETE, session.way, caller)

    def _open(self, tx: AccountTransaction, login: str, stage: Stage, way: str, caller: Caller) -> str:
        token, now = new_token(), self._now()
        length = self._length if stage is Stage.COMPLETE else SECOND_FACTOR_WITHIN
        tx.open_session(digest(token), login, stage, way, caller.address, caller.agent, now, now + length)
        return token

    def _now(self) -> datetime:
        return self._clock.now()

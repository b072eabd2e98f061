"""Links that let an account in once."""

from __future__ import annotations

from datetime import datetime, timedelta

from quantrac.errors import QuantracError
from sql.account_store import AccountTransaction
from web.tokens import digest, new_token

LINK_LASTS = timedelta(hours=24)


def add_link(tx: AccountTransaction, login: str, now: datetime, lasts: timedelta = LINK_LASTS) -> str:
    """Keep a new link and return its secret part; its path is ``/login/link/`` and that.

    Raises
    ------
    QuantracError
        There is no such account, or it is disabled.
    """
    token = new_token()
    if not tx.add_link(digest(token), login, now, now + lasts):
        raise QuantracError(f"There is no account {login!r} that may log in: `quantrac accounts list` shows them.")
    return token

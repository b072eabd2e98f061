"""Secrets that browsers hold: random, and known to us by their hash alone."""

from __future__ import annotations

import hashlib
import hmac
import secrets

TOKEN_BYTES = 32


def new_token() -> str:
    """Return a secret that nobody can guess."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def digest(token: str) -> bytes:
    """Return what is kept of a token.

    >>> len(digest("abc"))
    32
    """
    return hashlib.sha256(token.encode()).digest()


def csrf_of(token: str) -> str:
    """Return what a form must carry to come from a page that was shown to the holder of the cookie.

    >>> csrf_of("a") == csrf_of("a"), csrf_of("a") == csrf_of("b")
    (True, False)
    """
    return hmac.new(token.encode(), b"quantrac form", hashlib.sha256).hexdigest()


def is_csrf(token: str, given: str) -> bool:
    """Whether a form's word is that of the cookie; takes as long for a wrong one."""
    return hmac.compare_digest(csrf_of(token).encode(), given.encode(errors="replace"))

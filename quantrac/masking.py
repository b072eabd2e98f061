"""People's addresses stay in the outbox: what is logged, or stored beside it, does not show them."""

from __future__ import annotations

import re

MASK = "***"
_ADDRESS = re.compile(r"""[^\s<>()\[\]"',;:=]+@[^\s<>()\[\]"',;]+""")
_OWN_IDS = re.compile(r"^quantrac\.[a-z]+-")
"""Message-IDs have the form of an address, and name nobody."""


def masked(text: str, recipient: str = "") -> str:
    """Return a text without e-mail addresses; of ``recipient`` the name before the ``@`` goes as well.

    >>> masked("550 5.1.1 <An.Nguyen@dt.gov.vn>: an.nguyen unknown", "an.nguyen@dt.gov.vn")
    '550 5.1.1 <***>: *** unknown'
    >>> masked("<quantrac.alert-7.12-ab@quantrac.local> to a@b.vn.")
    '<quantrac.alert-7.12-ab@quantrac.local> to ***.'
    """
    hidden = _ADDRESS.sub(_mask, text)
    name, at, _ = recipient.rpartition("@")
    if not at or not any(c.isalpha() for c in name):  # a number would be found in every reply's code
        return hidden
    return re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", MASK, hidden, flags=re.IGNORECASE)


def _mask(found: re.Match[str]) -> str:
    address = found.group()
    if _OWN_IDS.match(address):
        return address
    return MASK + ("." if address.endswith(".") else "")

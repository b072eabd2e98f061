"""Numbers as files of people write them: with a decimal point, or with a comma."""

from __future__ import annotations

import re

_COMMA = re.compile(r"[+-]?\d+(\.\d{3})*,\d+([eE][+-]?\d+)?")
"""A decimal comma, with or without dots between thousands."""


def number_of(text: str, *, comma: bool = True) -> float:
    """Return the number that a text writes; with ``comma`` a decimal comma is read as well.

    >>> number_of("58.5"), number_of("58,5"), number_of("1.234,5"), number_of("-0,4")
    (58.5, 58.5, 1234.5, -0.4)

    Raises
    ------
    ValueError
        It is none.
    """
    if comma and _COMMA.fullmatch(text):
        text = text.replace(".", "").replace(",", ".")
    return float(text)

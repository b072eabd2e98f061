"""Text from outside as PostgreSQL can hold it."""

from __future__ import annotations


def storable(text: str) -> str:
    """Return ``text`` with U+FFFD for what PostgreSQL cannot hold: NUL, and halves of surrogate pairs.

    >>> storable("a" + chr(0) + "b" + chr(0xD800)) == "a" + chr(0xFFFD) + "b" + chr(0xFFFD)
    True
    """
    if text.isascii() and "\0" not in text:
        return text
    return text.replace("\0", "\ufffd").encode("utf-16", "surrogatepass").decode("utf-16", "replace")

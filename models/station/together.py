"""Many in one go, and where that fails one by one: a failure concerns nobody but the one that it is of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

A = TypeVar("A")
B = TypeVar("B")


def tried(act: Callable[[], B]) -> B | Exception:
    """Return what ``act`` says, or why it fails."""
    try:
        return act()
    except Exception as exc:  # noqa: BLE001  a failure of any kind
        return exc


def all_or_each(items: Sequence[A], act: Callable[[Sequence[A]], Sequence[B]]) -> list[B | Exception]:
    """Return what ``act`` says of each item, or why it fails on it. When it fails, nothing may have been done."""
    said = tried(lambda: list(act(items)) if items else [])
    if not isinstance(said, Exception):
        return [*said]
    if len(items) == 1:
        return [said]
    return [of_one for item in items for of_one in all_or_each([item], act)]

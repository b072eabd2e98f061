"""Tables for people."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import TYPE_CHECKING, Generic, Literal, TypeVar

from quantrac.domain.words import as_text
from quantrac.terminal import add_row, printable, say

if TYPE_CHECKING:
    from rich.console import Console

T = TypeVar("T")
_PIPE_WIDTH = 240
_BETWEEN = 2
"""Blanks between two columns."""


@dataclass(frozen=True, slots=True)
class Column(Generic[T]):
    """One column: its head, and how to get a cell's value out of a row."""

    head: str
    value: Callable[[T], object]
    justify: Literal["left", "right"] = "left"
    extra: bool = False
    """Whether a window that is too narrow for all columns goes without it, the last one first."""


def print_table(columns: Sequence[Column[T]], rows: Iterable[T]) -> None:
    """Print rows as a table on standard output; in a window too narrow for their words, each row as a paragraph.

    Extra columns that a window has no room for are named below it.
    """
    from rich.table import Table

    rows, console = list(rows), table_console()
    texts = [[c.head, *(printable(as_text(c.value(row)), lines=False) for row in rows)] for c in columns]
    extras = [place for place, column in enumerate(columns) if column.extra] if console.is_terminal else []
    without = _without(texts, extras, console.width)
    shown = [place for place in range(len(columns)) if place not in without]
    widths = _widths([texts[place] for place in shown], console.width)
    if widths is None:
        heads, *cells = zip(*texts, strict=True)
        for row in cells:
            lines = wrap(
                _paragraph(heads, row), console.width - 1, subsequent_indent="    ", break_long_words=False,
                break_on_hyphens=False,
            )  # fmt: skip
            say("\n".join(lines))
        return
    table = Table(box=None, header_style="bold", pad_edge=False)
    for place, width in zip(shown, widths, strict=True):
        table.add_column(columns[place].head, justify=columns[place].justify, overflow="fold", width=width)
    _heads, *cells = zip(*(texts[place] for place in shown), strict=True)
    for row in cells:
        add_row(table, *row)
    console.print(table)
    if without:
        say(f"No room here for: {', '.join(columns[place].head for place in without)}.")


def _without(columns: Sequence[Sequence[str]], extras: Sequence[int], room: int) -> list[int]:
    """Return the extra columns without which each row is one line, or all of them.

    >>> _without([("id", "17"), ("since", "2026-11-29"), ("why", "over"), ("cause", "-")], [2, 3], 20)
    [3]
    """
    widest = [max(map(_cells, texts)) for texts in columns]
    needed = sum(widest) + _BETWEEN * (len(columns) - 1)
    found: list[int] = []
    for place in reversed(extras):
        if needed <= room:
            break
        needed -= widest[place] + _BETWEEN
        found.insert(0, place)
    return found


def _widths(columns: Sequence[Sequence[str]], room: int) -> list[int] | None:
    """Return widths in which no word is broken, those that need least to be whole first; ``None``: there is no room.

    A code or a stamp that is broken cannot be copied.

    >>> _widths([("id", "17"), ("since", "2026-11-29 20:09:19")], 30)
    [2, 19]
    >>> _widths([("id", "17"), ("since", "2026-11-29 20:09:19")], 16), _widths([("since", "2026-11-29 20:09:19")], 9)
    ([2, 12], None)
    """
    widths = [max(map(_longest_word, texts)) for texts in columns]
    left = room - sum(widths) - _BETWEEN * (len(columns) - 1)
    if left < 0:
        return None
    wanted = [max(map(_cells, texts)) - width for texts, width in zip(columns, widths, strict=True)]
    for place in sorted(range(len(columns)), key=wanted.__getitem__):
        widths[place] += min(wanted[place], left)
        left -= min(wanted[place], left)
    return widths


def _longest_word(text: str) -> int:
    return max(map(_cells, text.split()), default=0)


def _cells(text: str) -> int:
    """Return how many places of a terminal a text takes."""
    from rich.cells import cell_len

    return cell_len(text)


def _paragraph(heads: Sequence[str], row: Sequence[str]) -> str:
    """Return the cells that say something, each after its head."""
    return " · ".join(f"{head} {cell}" for head, cell in zip(heads, row, strict=True) if cell not in {"", "-"})


def table_console() -> Console:
    """Return a console for tables: into a file or a pipe they are as wide as their content, nobody's window counts."""
    from rich.console import Console

    console = Console()
    return console if console.is_terminal else Console(width=_PIPE_WIDTH)

"""Tables for people."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Literal, TypeVar

from quantrac.domain.words import as_text
from quantrac.terminal import add_row

if TYPE_CHECKING:
    from rich.console import Console

T = TypeVar("T")
_PIPE_WIDTH = 240
_WHOLE = frozenset({"id", "station"})
"""Columns that other commands are given: in a narrow window the others are broken, not these."""


@dataclass(frozen=True, slots=True)
class Column(Generic[T]):
    """One column: its head, and how to get a cell's value out of a row."""

    head: str
    value: Callable[[T], object]
    justify: Literal["left", "right"] = "left"


def print_table(columns: Sequence[Column[T]], rows: Iterable[T]) -> None:
    """Print rows as a table on standard output."""
    from rich.table import Table

    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in columns:
        table.add_column(column.head, justify=column.justify, overflow="fold", no_wrap=column.head in _WHOLE)
    for row in rows:
        add_row(table, *(as_text(column.value(row)) for column in columns))
    table_console().print(table)


def table_console() -> Console:
    """Return a console for tables: into a file or a pipe they are as wide as their content, nobody's window counts."""
    from rich.console import Console

    console = Console()
    return console if console.is_terminal else Console(width=_PIPE_WIDTH)

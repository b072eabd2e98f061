"""Telling a person how far a fetch or a start has come."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from rich.progress import Progress as RichBars
    from rich.progress import TaskID


class Progress(Protocol):
    """Receives how much of each named piece of work is done; may be called from several threads."""

    def advance_to(self, work: str, done: float, total: float) -> None:
        """Say that ``done`` of ``total`` (any unit, the same for both) of ``work`` is done."""
        ...


class NoProgress:
    """Says nothing."""

    def advance_to(self, work: str, done: float, total: float) -> None:
        """Ignore the news."""


class BarProgress:
    """One rich bar for each piece of work."""

    def __init__(self, bars: RichBars) -> None:
        self._bars = bars
        self._tasks: dict[str, TaskID] = {}

    def advance_to(self, work: str, done: float, total: float) -> None:
        """Draw the bar of ``work``, new when it was not yet known."""
        if work not in self._tasks:
            self._tasks[work] = self._bars.add_task(work, total=total)
        self._bars.update(self._tasks[work], completed=done, total=total)


@contextmanager
def bars_on_stderr() -> Iterator[BarProgress]:
    """Show progress bars on standard error (so that standard output stays machine-readable) while the block runs."""
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as RichBars

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
        TimeElapsedColumn(),
    )
    with RichBars(*columns, console=Console(stderr=True)) as bars:
        yield BarProgress(bars)

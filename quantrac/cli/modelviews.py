"""Tables and progress of ``quantrac models``; everything but the result goes to stderr."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from rich.console import Console
from rich.table import Table

from models.evaluation.evaluate import Evaluation

_MAIN = ("point_f1", "event_f1", "event_recall", "false_alarms_per_day", "median_delay_min")


@contextmanager
def progress() -> Iterator[Callable[[str], None]]:
    """Show on stderr what is being worked on, while it lasts."""
    console = Console(stderr=True)
    with console.status("reading ...") as status:
        yield lambda what: status.update(f"{what} ...")


def evaluation_table(evaluation: Evaluation) -> None:
    """Print all figures of the total, and the main ones of each file."""
    console = Console()
    total = Table("figure", "total", title=f"{evaluation.detector} on {evaluation.family}")
    for name, value in evaluation.total.items():
        if not isinstance(value, Mapping):
            total.add_row(name.replace("_", " "), cell(value))
    files = Table("file", *(n.replace("_", " ") for n in _MAIN))
    for name, figures in evaluation.files.items():
        files.add_row(name, *(cell(figures.get(n)) for n in _MAIN))
    console.print(files, total)
    matrix = evaluation.total.get("confusion_matrix")
    if isinstance(matrix, Mapping) and matrix:
        console.print(_confusion_table(matrix))


def _confusion_table(matrix: Mapping[str, Mapping[str, int]]) -> Table:
    said = sorted({column for row in matrix.values() for column in row})
    table = Table("true \\ said", *said, title="triage")
    for true, counts in matrix.items():
        table.add_row(true, *(str(counts.get(column, 0)) for column in said))
    return table


def ablation_table(family: str, rows: Mapping[str, Mapping[str, object]]) -> None:
    """Print the figures with each part switched off."""
    names = [k for k, v in next(iter(rows.values())).items() if not isinstance(v, Mapping)]
    table = Table("without", *(n.replace("_", " ") for n in names), title=f"ablation on {family}")
    for part, figures in rows.items():
        table.add_row(part, *(cell(figures.get(n)) for n in names))
    Console().print(table)


def cell(value: object) -> str:
    """Return a figure as text of a table."""
    if value is None:
        return "-"
    return f"{value:.3f}" if isinstance(value, float) else str(value)

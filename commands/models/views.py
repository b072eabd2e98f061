"""Tables and progress of ``quantrac models``; everything but the result goes to stderr."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from commands.views import Column, print_table, table_console
from models.artefacts.candidates import compare, worse_figures
from models.artefacts.store import Artefact, ArtefactStore, Change
from models.evaluation.evaluate import Evaluation, load_series
from models.evaluation.families import FAMILIES
from models.evaluation.families.base import Run
from models.evaluation.families.scenarios import SCENARIOS
from quantrac.domain.words import as_text
from quantrac.terminal import add_row

if TYPE_CHECKING:
    from sql.reports import ShadowLine
    from streams.trainer import Retrained

_MAIN = ("point_f1", "event_f1", "event_recall", "false_alarms_per_day", "median_delay_min")


@contextmanager
def progress() -> Iterator[Callable[[str], None]]:
    """Show on stderr what is being worked on, while it lasts."""
    console = Console(stderr=True)
    with console.status("reading ...") as status:
        yield lambda what: status.update(f"{what} ...")


def evaluation_table(evaluation: Evaluation) -> None:
    """Print all figures of the total, and the main ones of each file."""
    console = table_console()
    total = Table("figure", "total", title=f"{evaluation.detector} on {evaluation.family}")
    console.print(f"Learnt from: {evaluation.learnt_from}.")
    for name, value in evaluation.total.items():
        if not isinstance(value, Mapping):
            add_row(total, name.replace("_", " "), cell(value))
    files = Table("file", *(n.replace("_", " ") for n in _MAIN))
    for name, figures in evaluation.files.items():
        add_row(files, name, *(cell(figures.get(n)) for n in _MAIN))
    console.print(files, total)
    matrix = evaluation.total.get("confusion_matrix")
    if isinstance(matrix, Mapping) and matrix:
        console.print(_confusion_table(matrix))


def _confusion_table(matrix: Mapping[str, Mapping[str, int]]) -> Table:
    said = sorted({column for row in matrix.values() for column in row})
    table = Table("true \\ said", *said, title="triage")
    for true, counts in matrix.items():
        add_row(table, true, *(str(counts.get(column, 0)) for column in said))
    return table


def cell(value: object) -> str:
    """Return a figure as text of a table."""
    if value is None:
        return "-"
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def artefact_table(
    entries: Sequence[Artefact],
    active: Collection[str],
    shadows: Collection[str] = (),
    history: Sequence[Change] = (),
) -> None:
    """Print the stored artefacts: which are active since when, what each has learnt from, how well it did."""
    since = {c.sha256: _local(c.at) for c in history if c.action in {"promote", "rollback"}}
    columns: tuple[Column[Artefact], ...] = (
        Column("active", lambda e: "yes" if e.sha256 in active else "shadow" if e.sha256 in shadows else ""),
        Column("since", lambda e: since.get(e.sha256, "") if e.sha256 in active else ""),
        Column("artefact", lambda e: e.sha256[:12]),
        Column("name", lambda e: e.name),
        Column("detector", lambda e: e.detector),
        Column("created", lambda e: _local(e.created_at)),
        Column("learnt from", lambda e: f"{e.learnt_from or 'unknown'}, {e.window_start[:10]} to {e.window_end[:10]}"),
        Column("event f1", lambda e: cell(e.metrics.get("event_f1")), "right"),
        Column("version", lambda e: e.code_version),
    )
    print_table(columns, entries)


def _local(stamp: str) -> str:
    """Return a stored stamp in Vietnam's time, as every other table has it.

    >>> _local("2026-11-29T14:06:00+00:00")
    '2026-11-29 21:06:00'
    """
    return as_text(datetime.fromisoformat(stamp)) if stamp else ""


def difference_table(store: ArtefactStore, active: Artefact, candidate: Artefact, data: Path | None) -> tuple[str, ...]:
    """Print what a promotion would change and return the figures that would get worse.

    With ``data``, files of the family that it has learnt from (of a station: those of scenarios), both run over it;
    without, the figures of their own cross-validations stand beside each other.
    """
    old: Mapping[str, object]
    new: Mapping[str, object]
    if data is None:
        old, new, worse = active.metrics, candidate.metrics, worse_figures(active.metrics, candidate.metrics)
    else:
        family = FAMILIES.get(candidate.learnt_from, SCENARIOS)
        with progress() as tell:
            tell("both models")
            found = compare(store, family, active, candidate, load_series(family, data))
        old, new, worse = found.active, found.candidate, found.worse
        table_console().print(
            f"Alarmed rows: active {found.alarmed_rows_active}, candidate {found.alarmed_rows_candidate}, "
            f"both {found.alarmed_rows_both}."
        )
    table = Table("figure", f"active {active.sha256[:12]}", f"candidate {candidate.sha256[:12]}")
    for name in old:
        if name in new and not isinstance(old[name], Mapping):
            add_row(table, name.replace("_", " "), cell(old[name]), cell(new[name]))
    table_console().print(table)
    return worse


def shadow_table(lines: Sequence[ShadowLine]) -> bool:
    """Print what was counted of candidates beside the active artefacts; ``False`` when there is nothing."""
    if not lines:
        return False
    table = Table(
        "station", "active", "shadow", "since", "rows", "alarms", "pages", "rows in alarm: both / active / shadow",
        title="shadow beside active (alarms and pages: active / shadow)",
    )  # fmt: skip
    for x in lines:
        add_row(table,
            x.station, x.active[:12] or "novelty", x.shadow[:12], as_text(x.since), str(x.rows),
            f"{x.alarms_active} / {x.alarms_shadow}", f"{x.pages_active} / {x.pages_shadow}",
            f"{x.rows_both} / {x.rows_active} / {x.rows_shadow}",
        )  # fmt: skip
    table_console().print(table)
    return True


def retraining_table(reports: Sequence[Retrained]) -> None:
    """Print what became of each station's retraining."""
    table = Table("station", "rows", "what", "event f1: active / candidate", "false alarms a day", "artefact")
    for r in reports:
        figures = [
            f"{cell(r.active.get(n))} / {cell(r.candidate.get(n))}" for n in ("event_f1", "false_alarms_per_day")
        ]
        add_row(table, r.station, str(r.rows), r.outcome, *figures, (r.sha256 or "")[:12])
    table_console().print(table if reports else "No station is registered.")


def explanations(runs: Sequence[Run]) -> list[dict[str, object]]:
    """Return one entry for each judged alarm."""
    return [
        {
            "file": run.series.name,
            "start": str(alarm.start)[:19],
            "end": str(alarm.end)[:19],
            "cls": str(alarm.cls),
            "probability": round(alarm.probability, 3),
            "reasons_vi": [reason.vi for reason in alarm.reasons],
            "reasons_en": [reason.en for reason in alarm.reasons],
        }
        for run in runs
        for alarm in run.result.triage
    ]


def explanation_table(rows: Sequence[Mapping[str, object]]) -> None:
    """Print the judged alarms."""
    table = Table("file", "from", "to", "probably", "p", "lý do / reasons")
    for row in rows:
        reasons = [*_texts(row["reasons_vi"]), *_texts(row["reasons_en"])]
        add_row(table, *(str(row[k]) for k in ("file", "start", "end", "cls", "probability")), "\n".join(reasons))
    table_console().print(table if rows else "No alarm was judged.")


def _texts(value: object) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else []

"""``quantrac models exam``: what runs at a station, over water whose events are known."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from quantrac.terminal import add_row, say, say_json

if TYPE_CHECKING:
    from models.evaluation.exam import Count, Exam
    from models.series import Series


def exam(
    *,
    data: Annotated[
        Path | None, typer.Option("--data", help="Folder that holds a folder for each family: real backgrounds.")
    ] = None,
    family: Annotated[list[str] | None, typer.Option("--family", help="Only this background; may be repeated.")] = None,
    stations: Annotated[int, typer.Option("--stations", min=0, help="Simulated stations beside them.")] = 4,
    days: Annotated[int, typer.Option("--days", min=10, help="Days of a simulated station.")] = 28,
    seed: Annotated[int, typer.Option("--seed", help="Equal seeds give equal events.")] = 1,
    model: Annotated[
        str | None, typer.Option("--model", help="Examine this artefact; default: nothing taught.")
    ] = None,
    triage: Annotated[
        Path | None, typer.Option("--triage", help="Weights of the triage; default: the shipped ones.")
    ] = None,
    gate: Annotated[bool, typer.Option("--gate", help="Fail where a target is missed: before a promotion.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of a table.")] = False,
) -> None:
    """Run a station over real backgrounds with injected events and over simulated stations, and count what it tells.

    Example: quantrac models exam --data benchmarks --family eindhoven --stations 2 --json
    """
    from commands.context import load_context
    from commands.models.views import progress
    from models.artefacts.loading import load_pipeline
    from models.artefacts.store import ArtefactStore
    from models.evaluation.evaluate import run_all
    from models.evaluation.exam import by_kind, examine, failing, figures, intervals
    from models.evaluation.families import BACKGROUNDS
    from models.evaluation.field import backgrounds, with_events
    from models.evaluation.live import StationRun
    from models.pipeline.pipeline import Fitted
    from models.triage.incident import TriageModel
    from quantrac.errors import QuantracError

    fitted = Fitted.untaught()
    if model is not None:
        store = ArtefactStore(load_context().models_dir)
        fitted = load_pipeline(store, store.entry(model).sha256)
    weights = None if triage is None else TriageModel.from_json(triage.read_text("utf-8"), str(triage))
    absent = list(family or BACKGROUNDS)
    series: list[Series] = []
    if data is not None:
        found, absent = backgrounds(data, absent)
        series = [with_events(one, seed + n) for n, one in enumerate(found)]
    counts: list[Count] = []
    with progress() as tell:
        drawn = simulated(seed, stations, days) if stations else ()
        for one in (*series, *drawn):
            counts += [examine(run) for run in run_all(StationRun(fitted, weights).run, [one], tell)]
    if not counts:
        raise QuantracError("There is nothing to examine: give --data with a family's folder, or --stations.")
    total, spread = figures(counts), intervals(counts)
    behind = [figure.name for figure in failing(total, {})]
    if as_json:
        say_json({
            "figures": total, "intervals": spread, "missed": behind, "not_at_hand": absent,
            "by_kind": {k: {"events": n, "alarmed": a, "paged": p} for k, (n, a, p) in by_kind(counts).items()},
        })  # fmt: skip
    else:
        _show(total, spread, by_kind(counts))
        if absent:
            say(f"Not at hand, left out: {', '.join(absent)}.")
        say(f"Targets missed: {', '.join(behind)}." if behind else "All targets are met.")
    if gate and behind:
        raise QuantracError(f"The exam is not passed ({', '.join(behind)}): do not promote it.")


def simulated(seed: int, stations: int, days: int) -> tuple[Series, ...]:
    """Return simulated stations with events of known truth."""
    import tempfile

    from commands.models.scenarios import write_scenarios
    from models.evaluation.families import family_named

    with tempfile.TemporaryDirectory() as folder:
        write_scenarios(Path(folder), seed, stations, days, lambda _: None)
        return family_named("scenarios").load(Path(folder))


def _show(total: Exam, spread: dict[str, tuple[float, float]], kinds: dict[str, tuple[int, int, int]]) -> None:
    from rich.table import Table

    from commands.models.views import cell
    from commands.views import table_console

    table = Table("figure", "value", "90 % interval", title="field exam")
    for name, value in total.items():
        low, high = spread.get(name, (None, None))
        add_row(table, name.replace("_", " "), cell(value), "-" if low is None else f"{cell(low)} to {cell(high)}")
    table_console().print(table)
    events = Table("kind", "events begun in quiet", "alarmed", "paged")
    for kind, numbers in kinds.items():
        add_row(events, kind, *map(str, numbers))
    table_console().print(events)

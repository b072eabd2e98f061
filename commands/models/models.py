"""``quantrac models``: measure detectors on the benchmark families, and keep trained models."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from commands.models import exam, store, triage
from quantrac.terminal import say, say_json

app = typer.Typer(
    help="Measure the anomaly model on benchmarks and scenarios; train, promote and roll back what it has learnt.",
    no_args_is_help=True,
)

app.command()(store.train)
app.command("list")(store.list_artefacts)
app.command()(store.promote)
app.command()(store.rollback)
app.command()(store.shadow)
app.command()(store.retrain)
app.command()(store.explain)
app.command()(triage.teach_triage)
app.command()(exam.exam)

FamilyArgument = Annotated[
    str, typer.Argument(help="gecco, skab, nab, lro, oddwater, eindhoven or scenarios.", metavar="FAMILY")
]
DataOption = Annotated[Path, typer.Option("--data", help="Folder with the family's files; any subset of them.")]
TrainOption = Annotated[
    Path | None, typer.Option("--train", help="Folder to learn and calibrate from; default: the head of each file.")
]
DetectorOption = Annotated[
    str, typer.Option("--detector", help="station, or a baseline: see `quantrac models detectors`.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of a table.")]


@app.command()
def evaluate(
    family: FamilyArgument,
    *,
    data: DataOption,
    train: TrainOption = None,
    as_json: JsonOption = False,
    out: Annotated[Path | None, typer.Option("--out", help="Write a picture a file into this folder.")] = None,
    detector: DetectorOption = "station",
) -> None:
    """Measure a detector on a benchmark family: common figures and the family's own published metric.

    Example: quantrac models evaluate gecco --data test/ --train benchmarks/gecco --json --out pictures/
    """
    from commands.models.views import evaluation_table, progress
    from models.evaluation.detectors import detector_named
    from models.evaluation.evaluate import evaluate as run
    from models.evaluation.families import family_named

    chosen = family_named(family)
    learner = detector_named(detector, chosen.budget_per_day)
    with progress() as tell:
        evaluation = run(chosen, (detector, learner), data, train, tell)
        if out is not None:
            from models.evaluation.plots import draw

            tell("pictures")
            draw(evaluation.runs, out)
    if as_json:
        say_json(evaluation.as_json())
    else:
        evaluation_table(evaluation)


@app.command()
def detectors() -> None:
    """Name the detectors that `evaluate` knows.

    Example: quantrac models detectors
    """
    from models.evaluation.detectors import DETECTORS

    for name in DETECTORS:
        say(name)


@app.command()
def leaderboard(
    data: Annotated[Path, typer.Option("--data", help="Folder that holds a folder for each family.")],
    family: Annotated[list[str] | None, typer.Option("--family", help="Only this family; may be repeated.")] = None,
    detector: Annotated[
        list[str] | None, typer.Option("--detector", help="Only this detector; may be repeated.")
    ] = None,
    out: Annotated[Path, typer.Option("--out", help="The document.")] = Path("docs/leaderboard.md"),
) -> None:
    """Measure all detectors by cross-validation and write the leaderboard; figures of other runs are kept.

    The figures themselves are kept beside the document as JSON, so that one family or detector can be run by itself.

    Example: quantrac models leaderboard --data benchmarks --family lro --detector station
    """
    from commands.models.views import progress
    from models.evaluation.detectors import DETECTORS, detector_named
    from models.evaluation.families import FAMILIES, family_named
    from models.evaluation.leaderboard import measure, read_results, render

    store = out.with_suffix(".json")
    results = read_results(store)
    families = [family_named(name) for name in (family or [n for n in FAMILIES if n != "scenarios"])]
    out.parent.mkdir(parents=True, exist_ok=True)
    with progress() as tell:
        for one in families:
            named = {name: detector_named(name, one.budget_per_day) for name in (detector or DETECTORS)}
            tell(one.name)
            measure(one, data, named, results)
            store.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
            out.write_text(render(results), encoding="utf-8")
    say(f"Written: {out} and {store}")


@app.command()
def scenarios(
    out: Annotated[Path, typer.Option("--out", help="Folder to write the series and their events into.")],
    seed: Annotated[int, typer.Option("--seed", help="Equal seeds give equal files.")] = 1,
    stations: Annotated[int, typer.Option("--stations", min=1, help="How many stations of the sample province.")] = 6,
    days: Annotated[int, typer.Option("--days", min=8, help="Days a station; the first seven are quiet.")] = 42,
) -> None:
    """Generate labelled series with the simulator, for `quantrac models evaluate scenarios`.

    Example: quantrac models scenarios --seed 7 --out scenarios/
    """
    from commands.models.scenarios import write_scenarios
    from commands.models.views import progress

    with progress() as tell:
        rows, events = write_scenarios(out, seed, stations, days, tell)
    say(f"{rows} rows with {events} events written to {out}.")

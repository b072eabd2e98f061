"""The commands of ``quantrac models`` that keep what was learnt: train, list, promote, rollback, explain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from quantrac.terminal import say, say_json

if TYPE_CHECKING:
    from commands.context import Context
    from models.artefacts.store import Artefact, Change
    from sql.reports import ShadowLine

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
FamilyArgument = Annotated[str, typer.Argument(help="Family of the files, as for evaluate.", metavar="FAMILY")]


def train(
    family: FamilyArgument,
    *,
    data: Annotated[Path, typer.Option("--train", help="Folder with the files to learn from.")],
    name: Annotated[str | None, typer.Option("--name", help="Station it is for; default: FAMILY.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Learn from a folder and keep the result as an artefact, with figures from cross-validation; nothing is promoted.

    Example: quantrac models train eindhoven --train benchmarks/eindhoven_wwtp --name DT_KCNSADEC_NUOSXL
    """
    from commands.context import load_context
    from commands.models.views import progress
    from models.artefacts.candidates import train as run
    from models.artefacts.store import ArtefactStore
    from models.evaluation.evaluate import load_series
    from models.evaluation.families import family_named

    context, chosen = load_context(), family_named(family)
    store = ArtefactStore(context.models_dir)
    with progress() as tell:
        series = load_series(chosen, data)
        tell(f"learning from {len(series)} files")
        entry = run(store, chosen, series, name=name or family, at=context.clock.now())
    if as_json:
        say_json(asdict(entry))
    else:
        elsewhere = " --foreign" if entry.is_foreign else ""
        say(
            f"{entry.sha256} stored for {entry.name}. {_learnt(entry)} To use it: quantrac models promote "
            f"{entry.sha256[:12]}{elsewhere}"
        )


def list_artefacts(
    name: Annotated[str | None, typer.Option("--name", help="Only of this station or family.")] = None,
    as_json: JsonOption = False,
) -> None:
    """List the stored artefacts, which of them are active or run as shadows, and the promotions so far.

    Example: quantrac models list --json
    """
    from commands.context import load_context
    from commands.models.views import artefact_table
    from models.artefacts.store import ArtefactStore

    store = ArtefactStore(load_context().models_dir)
    entries = store.entries(name)
    chosen, shadowed = store.chosen()
    active, shadows = set(chosen.values()), set(shadowed.values())
    if as_json:
        listed = [{**asdict(e), "active": e.sha256 in active, "shadow": e.sha256 in shadows} for e in entries]
        say_json({"artefacts": listed, "history": [asdict(c) for c in store.history(name)]})
    elif entries:
        artefact_table(entries, active, shadows, store.history(name))
    else:
        say("There are no artefacts yet: make one with `quantrac models train`.")


def promote(
    sha256: Annotated[str, typer.Argument(help="Hash of the candidate, or its beginning.", metavar="HASH")],
    *,
    data: Annotated[
        Path | None,
        typer.Option("--data", help="Recent labelled files: both models run beside each other."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Promote although it is refused; needs --reason.")] = False,
    reason: Annotated[
        str, typer.Option("--reason", help="Why, with --force or --foreign; stands in the history and audit.")
    ] = "",
    foreign: Annotated[
        bool, typer.Option("--foreign", help="Promote although it has learnt from another place than its name says.")
    ] = False,
) -> None:
    """Make an artefact the active one of its name, unless it is worse than the active one; says what changes.

    A model of a station sits the field exam first, on simulated stations that nothing was learnt from.

    Example: quantrac models promote 3f9a2c --data last-weeks/
    """
    from commands.context import load_context
    from commands.models.gate import refusals
    from commands.models.views import shadow_table
    from models.artefacts.store import ArtefactStore
    from quantrac.errors import QuantracError

    if force and not reason.strip():
        raise QuantracError(
            "--force needs --reason: why it is promoted although it is refused; it is kept and audited."
        )
    context = load_context()
    store = ArtefactStore(context.models_dir)
    candidate = store.entry(sha256)
    if candidate.is_foreign and not foreign:
        origin = candidate.learnt_from or "unknown data"
        raise QuantracError(
            f"{candidate.sha256[:12]} is for {candidate.name} but learnt from {origin}: what is usual at another plant "
            "is not usual here. Train it on the station's own history (`quantrac models retrain`), or give --foreign "
            "to promote it all the same."
        )
    active = store.active(candidate.name)
    if active is None or active.sha256 != candidate.sha256:
        shadow_table(shadow_lines(context, candidate.sha256))
    refused = refusals(store, active, candidate, data)
    if refused and not force:
        kept = "nothing learnt stays active" if active is None else f"the active {active.sha256[:12]} is kept"
        raise QuantracError(
            f"{candidate.sha256[:12]} is refused: {'; '.join(refused)}; {kept} "
            "(--force --reason TEXT promotes it all the same)"
        )
    against = [
        *refused,
        *([f"it has learnt from {candidate.learnt_from or 'unknown data'}"] if candidate.is_foreign else []),
    ]
    change = store.promote(candidate.sha256, context.clock.now(), reason.strip() if against else "")
    say(f"{candidate.sha256} is now active for {candidate.name}. {_learnt(candidate)}")
    if against:
        _audit(context, change, against)


def _audit(context: Context, change: Change, against: Sequence[str]) -> None:
    """Put a promotion that something spoke against into the audit; the history of the models folder has it anyway."""
    from quantrac.errors import SettingsError, StoreError
    from sql.audit_store import append

    detail = {"sha256": change.sha256, "reason": change.reason, "refused": list(against), "previous": change.previous}
    try:
        append(context.database().desk, "model promoted by force", change.name, detail)
    except (SettingsError, StoreError) as exc:
        say(f"It stands in the history of the models folder only, the audit is out of reach: {exc}", err=True)


def shadow(
    which: Annotated[
        str | None, typer.Argument(help="Hash of the candidate, or its beginning.", metavar="[HASH]")
    ] = None,
    *,
    report: Annotated[bool, typer.Option("--report", help="Show what was counted so far; of all, or of HASH.")] = False,
    stop: Annotated[str | None, typer.Option("--stop", help="End the shadow run of this station or `default`.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Let a candidate score beside the active artefact of its name: counted, stored and shown, never told to anybody.

    Example: quantrac models shadow 3f9a2c && quantrac models shadow --report
    """
    from commands.context import load_context
    from commands.models.views import shadow_table
    from models.artefacts.loading import load_pipeline
    from models.artefacts.store import ArtefactStore
    from quantrac.errors import QuantracError

    context = load_context()
    store = ArtefactStore(context.models_dir)
    if stop is not None:
        change = store.end_shadow(stop, context.clock.now())
        say(f"{change.sha256} runs no more beside the active artefact of {stop}.")
    elif report:
        lines = shadow_lines(context, which or "", required=True)
        if as_json:
            say_json([asdict(line) for line in lines])
        elif not shadow_table(lines):
            say("Nothing was counted yet: begin with `quantrac models shadow HASH`.")
    elif which is not None:
        candidate = store.entry(which)
        load_pipeline(store, candidate.sha256)
        change = store.begin_shadow(candidate.sha256, context.clock.now())
        say(
            f"{change.sha256} now runs beside the active artefact of {change.name}: see --report in some days. "
            f"{_learnt(candidate)}"
        )
    else:
        raise QuantracError("Give the HASH of a candidate to begin, --report to see what was counted, or --stop NAME.")


def _learnt(artefact: Artefact) -> str:
    """Return a sentence on whose data an artefact has seen, and whom it judges."""
    from models.artefacts.store import DEFAULT

    whom = " It judges every station that has none of its own." if artefact.name == DEFAULT else ""
    return f"It has learnt from {artefact.learnt_from or 'unknown data'}.{whom}"


def shadow_lines(context: Context, sha256: str, *, required: bool = False) -> list[ShadowLine]:
    """Return what was counted of a candidate; nothing where the database is not needed and not there."""
    from quantrac.errors import SettingsError, StoreError
    from sql.reports import Reports

    try:
        with Reports(context.database().reader) as reports:
            return reports.shadows(sha256)
    except (SettingsError, StoreError):
        if required:
            raise
        return []


def retrain(
    station: Annotated[list[str] | None, typer.Option("--station", help="Only this station; may be repeated.")] = None,
    as_shadow: Annotated[bool, typer.Option("--shadow", help="Let what passes run as a shadow instead.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Train each station anew on its own history and promote what is not worse on the last weeks.

    Example: quantrac models retrain --station DT_KCNSADEC_NUOSXL
    """
    from commands.context import load_context
    from commands.models.views import progress, retraining_table
    from streams.trainer import Trainer

    context = load_context()
    trainer = Trainer(context.trainer(), context.clock)
    with progress() as tell:
        reports = [trainer.retrain(code, as_shadow=as_shadow) for code in trainer.stations(station) if not tell(code)]
    if as_json:
        say_json([asdict(r) for r in reports])
    else:
        retraining_table(reports)


def rollback(name: Annotated[str, typer.Argument(help="Station or family.", metavar="NAME")]) -> None:
    """Make the artefact active again that was so before the last promotion; of a first one, none.

    Example: quantrac models rollback DT_KCNSADEC_NUOSXL
    """
    from commands.context import load_context
    from models.artefacts.store import ArtefactStore

    context = load_context()
    change = ArtefactStore(context.models_dir).rollback(name, context.clock.now())
    if change.sha256:
        say(f"{change.sha256} is active again for {name} (instead of {change.previous}).")
    else:
        say(f"The first promotion of {name} is taken back: nothing learnt for it is active (it was {change.previous}).")


def explain(
    family: FamilyArgument,
    *,
    data: Annotated[Path, typer.Option("--data", help="Folder with the files to explain.")],
    training: Annotated[Path | None, typer.Option("--train", help="Folder to learn from.")] = None,
    sha256: Annotated[str | None, typer.Option("--model", help="Explain with this artefact instead.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Tell for every alarm what it probably is, how sure that is, and the strongest reasons.

    Example: quantrac models explain eindhoven --data benchmarks/eindhoven_wwtp --model 3f9a2c
    """
    from commands.context import load_context
    from commands.models.views import explanation_table, explanations, progress
    from models.artefacts.loading import load_pipeline
    from models.artefacts.store import ArtefactStore
    from models.evaluation.detectors import STATION, Judge, detector_named
    from models.evaluation.evaluate import load_series, run_all
    from models.evaluation.families import family_named
    from models.evaluation.live import StationRun

    chosen = family_named(family)
    judge: Judge
    with progress() as tell:
        if sha256 is not None:
            judge = StationRun(load_pipeline(ArtefactStore(load_context().models_dir), sha256)).run
        else:
            taught = load_series(chosen, training) if training else ()
            judge = detector_named(STATION, chosen.budget_per_day)(taught)
        runs = run_all(judge, load_series(chosen, data), tell)
    rows = explanations(runs)
    if as_json:
        say_json(rows)
    else:
        explanation_table(rows)

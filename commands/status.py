"""``quantrac status``: processes, lag, delay, ledger, at a glance."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from commands.views import Column, print_table
from quantrac.domain.words import as_text

if TYPE_CHECKING:
    import psutil

    from commands.context import Context

PROBLEMS_SHOWN = 5
DELAYS_OVER = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class ProcessLine:
    """One process of quantrac on this machine."""

    name: str
    pid: int
    up: timedelta
    rss_mb: float
    cpu_s: float


def status(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of tables.")] = False,
) -> None:
    """Show processes of this machine, what waits in Kafka, delays, the loss ledger and missing messages.

    Example: quantrac status --json
    """
    from commands.context import load_context

    context = load_context()
    now = context.clock.now()
    facts = collect(context)
    running = sorted(processes(context), key=lambda p: p.name)
    if as_json:
        document = facts | {"processes": [asdict(p) for p in running], "at": now}
        typer.echo(json.dumps(document, default=str, ensure_ascii=False))
        return
    typer.secho("Processes on this machine", bold=True)
    print_table(_PROCESS_COLUMNS, running) if running else typer.echo("none")
    for title, values in facts.items():
        typer.secho(f"\n{title}", bold=True)
        for name, value in values.items():
            typer.echo(f"  {name:<34} {as_text(value)}")


def collect(context: Context) -> dict[str, dict[str, object]]:
    """Return what broker and database know, by topic of interest."""
    from quantrac.topics import RAW
    from sql.reports import Reports
    from streams.app import GROUP
    from streams.lag import LagProbe

    now = context.clock.now()
    with LagProbe(context.kafka(), GROUP, RAW) as probe:
        waiting = sum(probe.waiting().values())
    with Reports(context.database().reader) as reports:
        totals, ledger = reports.status(now), reports.ledger_totals()
        delays = reports.delay_quantiles(now - DELAYS_OVER)
        missing = sum(gap.missing for gap in reports.sequence_gaps(limit=1000))
    return {
        "Stations": {
            "registered": totals.stations,
            "online": totals.online,
            "heard in the last 10 min": totals.heard,
            "last received": totals.last_received_at,
        },
        "Lag and delay": {
            "records waiting in Kafka": waiting,
            "delay p50 of the last 10 min (s)": delays.p50_s,
            "delay p99 of the last 10 min (s)": delays.p99_s,
        },
        "Loss ledger (readings)": asdict(ledger)
        | {"residual": ledger.residual, "messages missing in sessions": missing},
        "Models": _models(context),
        "Alerts": {
            "open": totals.open_alerts,
            "notifications waiting": totals.notifications_waiting,
            "notifications given up": totals.notifications_given_up,
            "dead letters not replayed": totals.dead_letters,
            "hours and days to be judged": totals.buckets_to_judge,
        },
    }


def _models(context: Context) -> dict[str, object]:
    """Return what scores the stations, and of the first few whose model does not run why."""
    from models.artefacts import ArtefactStore
    from models.errors import ModelError
    from sql.reports import Reports

    with Reports(context.database().reader) as reports:
        lines = reports.station_models()
    try:
        active, shadows = ArtefactStore(context.models_dir).chosen()
    except ModelError as exc:
        return {"index": str(exc)}
    troubled = [line for line in lines if line.problem is not None]
    facts: dict[str, object] = {
        "version": ", ".join(sorted({line.model_version for line in lines})) or None,
        "stations scored": len(lines),
        "of them with an artefact": sum(line.artefact is not None for line in lines),
        "with a problem": len(troubled),
        "active artefacts": ", ".join(f"{name} {h[:12]}" for name, h in sorted(active.items())) or None,
        "shadows": ", ".join(f"{name} {h[:12]}" for name, h in sorted(shadows.items())) or None,
    }
    return facts | {line.station: line.problem for line in troubled[:PROBLEMS_SHOWN]}


def processes(context: Context) -> Iterator[ProcessLine]:
    """Yield the local servers of the run folder, and every ``quantrac run`` of this user, that are alive."""
    import psutil

    from local.servers.files import read_json

    known = {int(read_json(path).get("pid", 0)): path.stem for path in context.settings.run_dir.glob("*.pid")}
    for process in psutil.process_iter():
        with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            name = known.get(process.pid) or _our_command(process.cmdline())
            if name is not None:
                yield _line(name, process, context.clock.now().timestamp())


def _our_command(words: Sequence[str]) -> str | None:
    """Return what follows ``quantrac run`` in a command line; ``None`` when it is another command."""
    for at, word in enumerate(words[:-2]):
        if Path(word).name == "quantrac" and words[at + 1] == "run":
            return words[at + 2]
    return None


def _line(name: str, process: psutil.Process, now_s: float) -> ProcessLine:
    with process.oneshot():
        family = [process, *process.children(recursive=True)]
        rss = sum(p.memory_info().rss for p in family)
        cpu = sum(sum(p.cpu_times()[:2]) for p in family)
        up = timedelta(seconds=round(now_s - process.create_time()))
    return ProcessLine(name, process.pid, up, rss / 1e6, cpu)


_PROCESS_COLUMNS: tuple[Column[ProcessLine], ...] = (
    Column("name", lambda p: p.name),
    Column("pid", lambda p: p.pid, "right"),
    Column("up", lambda p: p.up, "right"),
    Column("memory (MB)", lambda p: round(p.rss_mb), "right"),
    Column("CPU (s)", lambda p: round(p.cpu_s, 1), "right"),
)

"""``quantrac status``: processes, lag, delay, ledger, at a glance. Each server is looked at by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from commands.reach import PATIENCE_S, Away, Server, advice, away
from commands.views import Column, print_table
from local.running import ProcessLine, missing, running
from quantrac.domain.words import as_text
from quantrac.errors import QuantracError, SettingsError
from quantrac.terminal import say, say_json

if TYPE_CHECKING:
    from commands.context import Context

PROBLEMS_SHOWN = 5
DELAYS_OVER = timedelta(minutes=10)
Facts = dict[str, object]


def status(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of tables.")] = False,
) -> None:
    """Show processes of this installation, what waits in Kafka, delays, the loss ledger and missing messages.

    A server that does not answer is waited for once; it is said in the place of what it knows, and the exit status is 1
    then.

    Example: quantrac status --json
    """
    from commands.context import load_context

    context = load_context()
    now = context.clock.now()
    here = sorted(running(context.settings, now), key=lambda p: p.name)
    facts: dict[str, Facts] = {}
    problems: list[QuantracError] = []
    if not as_json:
        say("Processes of this installation on this machine", bold=True)
        print_table(_PROCESS_COLUMNS, here) if here else say("none")
        for name in missing(here):
            say(f"not running here: {name} (quantrac run {name})")
    lost = away(context, (Server.DATABASE, Server.KAFKA))
    for title, values, problem in collect(context, lost):
        facts[title] = values
        problems += [] if problem is None else [problem]
        if not as_json:
            say(f"\n{title}", bold=True)
            for name, value in ({"cannot be asked": "see the end"} if problem is not None else values).items():
                say(f"  {name:<36} {as_text(value)}")
    if as_json:
        say_json(facts | {"processes": [asdict(p) for p in here], "missing": missing(here), "at": now})
    for sentence in dict.fromkeys(map(str, problems)):
        say(f"quantrac: {sentence}", err=True)
    for server, failure in lost.items():
        say(f"  {server} -> {advice(server, failure)}", err=True)
    if problems:
        raise typer.Exit(2 if all(isinstance(p, SettingsError) for p in problems) else 1)


def collect(context: Context, lost: Away) -> Iterator[tuple[str, Facts, QuantracError | None]]:
    """Yield what database and broker know, by topic of interest, each as soon as it is known; with what failed."""
    for title, (section, server) in SECTIONS.items():
        if server in lost:
            yield title, {"cannot be asked": str(lost[server])}, lost[server]
            continue
        try:
            yield title, section(context), None
        except QuantracError as exc:
            yield title, {"cannot be asked": str(exc)}, exc


def _stations(context: Context) -> Facts:
    from local.servers.denials import denials
    from sql.reports import Reports

    with Reports(context.database().reader) as reports:
        totals, clock = reports.status(context.clock.now()), reports.clock()
    return {
        "registered": totals.stations,
        "online": totals.online,
        "heard in the last 10 min": totals.heard,
        "last received": totals.last_received_at,
        "our own clock is wrong since": None if clock is None else clock.since,
        "messages denied by the local broker": denials(context.settings.run_dir).total(),
    }


def _kafka(context: Context) -> Facts:
    from quantrac.topics import RAW
    from streams.app import GROUP
    from streams.lag import LagProbe

    with LagProbe(context.kafka(), GROUP, RAW, patience_s=PATIENCE_S) as probe:
        return {"records waiting": sum(probe.waiting().values()), "workers in the group": probe.members()}


def _delays(context: Context) -> Facts:
    from sql.reports import Reports

    with Reports(context.database().reader) as reports:
        delays = reports.delay_quantiles(context.clock.now() - DELAYS_OVER)
    return {"p50 of the last 10 min (s)": delays.p50_s, "p99 of the last 10 min (s)": delays.p99_s}


def _ledger(context: Context) -> Facts:
    from sql.reports import Reports

    with Reports(context.database().reader) as reports:
        ledger, gaps = reports.ledger_totals(), reports.sequence_gaps(limit=1000)
    lost = sum(gap.missing for gap in gaps)
    return asdict(ledger) | {"residual": ledger.residual, "messages missing in sessions": lost}


def _alerts(context: Context) -> Facts:
    from sql.reports import Reports

    now = context.clock.now()
    with Reports(context.database().reader) as reports:
        totals, since = reports.status(now), reports.outbox_waiting_since()
    return {
        "open": totals.open_alerts,
        "notifications waiting": totals.notifications_waiting,
        "the oldest of them due since": since,
        "notifications given up": totals.notifications_given_up,
        "dead letters not replayed": totals.dead_letters,
        "hours and days to be judged": totals.buckets_to_judge,
    }


def _raw_log(context: Context) -> Facts:
    """Return where the raw log broke, which stations flood, and which hours and days cannot be judged."""
    from sql.reports import Reports

    with Reports(context.database().reader) as reports:
        breaks, flooding, aside = reports.log_breaks(), reports.flooding(), reports.put_aside()
    facts: Facts = {
        "breaks of the log": len(breaks),
        "the last of them": breaks[0].noticed_at if breaks else None,
        "stations beyond their quota": len(flooding),
        "hours and days that cannot be judged": len(aside),
    }
    for line in flooding[:PROBLEMS_SHOWN]:
        facts[line.station] = f"{line.messages} messages wait since {as_text(line.since)}"
    return facts | {f"{x.station} {x.parameter} {as_text(x.start)}": x.failure for x in aside[:PROBLEMS_SHOWN]}


def _models(context: Context) -> Facts:
    """Return what scores the stations, and of the first few whose model does not run why."""
    from models.artefacts.store import ArtefactStore
    from models.errors import ModelError
    from sql.reports import Reports

    with Reports(context.database().reader) as reports:
        lines = reports.station_models()
    try:
        active, shadows = ArtefactStore(context.models_dir).chosen()
    except ModelError as exc:
        return {"index": str(exc)}
    troubled = [line for line in lines if line.problem is not None]
    facts: Facts = {
        "version": ", ".join(sorted({line.model_version for line in lines})) or None,
        "stations scored": len(lines),
        "of them with an artefact": sum(line.artefact is not None for line in lines),
        "with a problem": len(troubled),
        "active artefacts": ", ".join(f"{name} {h[:12]}" for name, h in sorted(active.items())) or None,
        "shadows": ", ".join(f"{name} {h[:12]}" for name, h in sorted(shadows.items())) or None,
    }
    return facts | {line.station: line.problem for line in troubled[:PROBLEMS_SHOWN]}


SECTIONS: dict[str, tuple[Callable[[Context], Facts], Server]] = {
    "Stations": (_stations, Server.DATABASE),
    "Delay": (_delays, Server.DATABASE),
    "Loss ledger (readings)": (_ledger, Server.DATABASE),
    "Models": (_models, Server.DATABASE),
    "Alerts": (_alerts, Server.DATABASE),
    "Raw log": (_raw_log, Server.DATABASE),
    "Kafka": (_kafka, Server.KAFKA),
}

_PROCESS_COLUMNS: tuple[Column[ProcessLine], ...] = (
    Column("name", lambda p: p.name),
    Column("pid", lambda p: p.pid, "right"),
    Column("up", lambda p: p.up, "right"),
    Column("memory (MB)", lambda p: round(p.rss_mb), "right"),
    Column("CPU (s)", lambda p: round(p.cpu_s, 1), "right"),
)

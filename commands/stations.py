"""``quantrac stations``: the registry of stations, from TOML files to the database."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from commands.views import Column, print_table
from quantrac.terminal import say, say_json

if TYPE_CHECKING:
    from quantrac.domain.stations import Registry, Station
    from sql.channel_store import ChannelChange, ChannelLine

app = typer.Typer(help="Describe the stations: check, import and list the registry.", no_args_is_help=True)

Paths = Annotated[
    list[Path] | None,
    typer.Argument(help="TOML files, or folders of them. Without any: the sample province (an illustration)."),
]


@app.command("import")
def import_(
    paths: Paths = None,
    keep: Annotated[
        bool, typer.Option("--keep", help="Leave stations that the files do not describe as they are.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Retire stations without a question.")] = False,
) -> None:
    """Check TOML files and make them the registry of the database; running workers take it up by themselves.

    A station of the database that the files do not describe is retired from today on, after a question.

    Example: quantrac stations import /etc/quantrac/stations
    """
    from alerts.effective_limits import effective_limits
    from alerts.readable import stations_need
    from commands.context import load_context
    from commands.readers import refuse_unreadable
    from quantrac.clock import SystemClock
    from quantrac.domain.stations import VIETNAM
    from quantrac.registry import registry_sha256
    from sql.catalogue import Retirement, import_registry, load_limit_sets
    from sql.catalogue import load_registry as stored_registry

    owner = load_context().database().owner
    registry = _read(paths, {s.code for s in load_limit_sets(owner)})
    refuse_unreadable(owner, stations_need(registry))
    now = SystemClock().now()
    described = {s.code for s in registry.stations}
    retired = [] if keep else [s.code for s in stored_registry(owner).current(now) if s.code not in described]
    if retired and not yes:
        say(f"Not described any more: {', '.join(retired)}.")
        typer.confirm("Retire these stations from today on? (--keep leaves them, --yes does not ask)", abort=True)
    retirement = Retirement(retired, now.astimezone(VIETNAM).date())
    import_registry(owner, registry, registry_sha256(registry), effective_limits, retirement)
    gone = f", {len(retired)} retired" if retired else ""
    say(_summary(registry) + f" imported{gone}.")


@app.command()
def check(paths: Paths = None) -> None:
    """Check TOML files and change nothing; every mistake is printed with its file and key, and exits non-zero.

    Example: quantrac stations check /etc/quantrac/stations
    """
    say(_summary(_read(paths)) + ": no mistake found.")


@app.command("list")
def list_(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON array instead of a table.")] = False,
) -> None:
    """List the stations in force today, as the database knows them.

    Example: quantrac stations list --json
    """
    from commands.context import load_context
    from quantrac.clock import SystemClock
    from sql.catalogue import load_registry

    registry = load_registry(load_context().database().writer)
    stations = list(registry.current(SystemClock().now()))
    if as_json:
        say_json([_document(s) for s in stations], indent=2)
    elif stations:
        print_table(_STATION_COLUMNS, stations)
    else:
        say("No station is registered yet. Import some: quantrac stations import PATH")


@app.command()
def learn(
    folder: Annotated[Path, typer.Argument(help="Folder with station files (.txt), of any depth.")],
    most: Annotated[int, typer.Option(help="Read at most so many files of each station.")] = 2000,
) -> None:
    """Propose a TOML description of the stations whose files lie in a folder, to be completed by a person.

    Example: quantrac stations learn /srv/stations > new-stations.toml
    """
    from commands.context import load_context
    from ingest.dropfolder.learning import learn as learn_from
    from ingest.learning import proposal
    from quantrac.registry import load_registry, recorded_feeds, sample_province

    context = load_context()
    s = context.settings
    seen, unnamed = learn_from(folder, s.drop_patterns, most, s.drop_max_file_bytes)
    known = load_registry([sample_province(), recorded_feeds()])
    say(proposal(seen, known, context.clock.now().date().isoformat()), document=True)
    if unnamed:
        files = "file has a name" if len(unnamed) == 1 else "files have names"
        told = f"{len(unnamed)} {files} that no pattern knows, and will be refused: {unnamed[0]}"
        say(f"{told}{', …' if len(unnamed) > 1 else ''} (QUANTRAC_DROP_PATTERNS).", err=True)


def _read(paths: list[Path] | None, more_limit_sets: Collection[str] = ()) -> Registry:
    """Return the registry of the files. Raises one RuleError with all mistakes, also of unknown limit sets."""
    from alerts.limits import load_limit_sets, packaged_limits, unknown_sets
    from quantrac.registry import load_registry, sample_province
    from quantrac.tomltable import Mistakes

    registry = load_registry(paths or [sample_province()])
    known = {s.code for s in load_limit_sets([packaged_limits()])} | set(more_limit_sets)
    mistakes = Mistakes()
    for told in unknown_sets(registry.stations, known):
        mistakes.note(told)
    mistakes.refuse()
    return registry


def _summary(registry: Registry) -> str:
    codes = {s.code for s in registry.stations}
    sensors = sum(len(s.sensors) for s in registry.stations)
    invented = len({s.code for s in registry.stations if s.illustration})
    note = f", {invented} of them an illustration" if invented else ""
    return f"{len(codes)} stations in {len(registry.stations)} versions with {sensors} sensors{note}"


def _document(station: Station) -> dict[str, object]:
    return {
        "code": station.code,
        "effective_from": station.effective_from.isoformat(),
        "name_vi": station.name_vi,
        "name_en": station.name_en,
        "kind": station.kind.value,
        "park": station.park,
        "operator": station.operator,
        "longitude": station.longitude,
        "latitude": station.latitude,
        "old_codes": list(station.old_codes),
        "limit_set": station.limit_set,
        "kq": station.kq,
        "kf": station.kf,
        "permit_flow_m3_per_day": station.permit_flow_m3_per_day,
        "parameters": [s.parameter for s in station.sensors],
        "illustration": station.illustration,
    }


_STATION_COLUMNS: tuple[Column[Station], ...] = (
    Column("station", lambda s: s.code),
    Column("name", lambda s: s.name_vi),
    Column("kind", lambda s: s.kind.value.replace("_", " ")),
    Column("limits", lambda s: s.limit_set),
    Column("since", lambda s: s.effective_from),
    Column("Kq", lambda s: f"{s.kq:g}", "right", extra=True),
    Column("Kf", lambda s: f"{s.kf:g}", "right", extra=True),
    Column("parameters", lambda s: " ".join(sensor.parameter for sensor in s.sensors), extra=True),
)


@app.command()
def states(
    station: Annotated[str | None, typer.Argument(help="Code of a station. Default: all.")] = None,
    hours: Annotated[float, typer.Option(min=0.1, max=87_600, help="How far back changes are listed.")] = 24.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of tables.")] = False,
) -> None:
    """Show the housekeeping channels (door, fire, mains power, UPS, pump, sampler): states, and their changes.

    What a station has said otherwise about since is listed with what it said first, and when it was revised.

    Example: quantrac stations states DT_KCNSADEC_NUOSXL --hours 48
    """
    from commands.context import load_context
    from sql.channel_store import channel_changes, channel_states

    context = load_context()
    now, reader = context.clock.now(), context.database().reader
    lines = channel_states(reader, station)
    changes = channel_changes(reader, now - timedelta(hours=hours), now, station)
    if as_json:
        say_json({"states": [line._asdict() for line in lines], "changes": [change._asdict() for change in changes]})
        return
    say("States", bold=True)
    print_table(_STATE_COLUMNS, lines) if lines else say("no housekeeping channel was heard")
    say(f"\nChanges of the last {hours:g} h", bold=True)
    print_table(_CHANGE_COLUMNS, changes) if changes else say("none")


_STATE_COLUMNS: tuple[Column[ChannelLine], ...] = (
    Column("station", lambda c: c.station),
    Column("channel", lambda c: c.channel),
    Column("kind", lambda c: c.kind),
    Column("state", lambda c: c.words),
    Column("since", lambda c: c.since),
    Column("last heard", lambda c: c.last_observed_at),
)
_CHANGE_COLUMNS: tuple[Column[ChannelChange], ...] = (
    Column("station", lambda c: c.station),
    Column("channel", lambda c: c.channel),
    Column("since", lambda c: c.since),
    Column("state", lambda c: c.words),
    Column("late", lambda c: "late" if c.late else None),
    Column("until", lambda c: c.until),
    Column("told otherwise", lambda c: c.revised_at),
    Column("now told", lambda c: c.revised_words if c.revised_at else None),
)

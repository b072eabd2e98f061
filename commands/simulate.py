"""``quantrac simulate``: a fleet of simulated stations on the real MQTT broker."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from quantrac.terminal import say, say_json

if TYPE_CHECKING:
    from commands.context import Context
    from quantrac.domain.stations import Station
    from simulators.filetargets import FileTarget
    from simulators.fleet import FleetOptions
    from simulators.report import PublishReport
    from simulators.scenario import Scenario


app = typer.Typer(help="A fleet of simulated stations, and the score of a run.", invoke_without_command=True)


@app.callback()
def simulate(
    asked: typer.Context,
    *,
    scenario: Annotated[
        str | None, typer.Option(help="Scenario file, or a shipped one: demo, drill. Without: normal operation.")
    ] = None,
    station: Annotated[
        list[str] | None, typer.Option(help="Only this station; may be repeated. Default: all of the registry.")
    ] = None,
    cadence: Annotated[
        str | None, typer.Option(help="Time between a station's messages (1, 500ms, 5m). Default: the registry's.")
    ] = None,
    rate: Annotated[
        float | None, typer.Option(help="Messages per second over all stations, instead of a cadence.")
    ] = None,
    duration: Annotated[str | None, typer.Option(help="How long (90, 10m, 2h). Default: until Ctrl-C.")] = None,
    backfill: Annotated[
        str | None, typer.Option(help="First send this much of the past, as after an outage (2h, 30d).")
    ] = None,
    seed: Annotated[int, typer.Option(help="Equal seeds give equal signals; a scenario's own seed prevails.")] = 1,
    speed: Annotated[
        float | None,
        typer.Option(help="Let everything live faster. Default: so that the scenario fits --duration."),
    ] = None,
    drill: Annotated[
        bool,
        typer.Option(
            "--drill", help="Simulate copies of the stations, marked DIỄN TẬP and kept apart from the real ones."
        ),
    ] = False,
    folder: Annotated[
        Path | None, typer.Option(help="Where the report and the labels go. Default: simulate in the run folder.")
    ] = None,
    as_: Annotated[
        str, typer.Option("--as", help="messages: by MQTT. files: station files, as loggers write them.")
    ] = ("messages"),
    logger: Annotated[
        str,
        typer.Option(
            help="Whose files: qt, python, esp32 or pi (docs/intake.md); several with commas: stations take turns."
        ),
    ] = "qt",
    to: Annotated[
        str | None,
        typer.Option(help="Folder for files, or sftp, or ftp: the local server. Default: QUANTRAC_DROP_FOLDER."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="No live line; print the report as JSON at the end.")] = False,
) -> None:
    """Publish simulated stations over MQTT, as their loggers would, with injected events and their truth; or as files.

    Example: quantrac simulate --scenario demo --cadence 1 --duration 2m

    Example: quantrac simulate --rate 1500 --duration 30s

    Example: quantrac simulate --station DT_KCNSADEC_NUOSXL --backfill 30d --duration 0

    Example: quantrac simulate --drill --scenario drill --duration 10m

    Example: quantrac simulate --as files --logger pi --to ftp --station DT_KCNSADEC_NUOSXL --cadence 1 --duration 1m
    """
    if asked.invoked_subcommand is not None:
        return
    from commands.context import load_context
    from local.drills.copies import prepare_drill
    from quantrac.domain.stations import Registry
    from quantrac.registry import accelerated
    from simulators.fleet import run_fleet
    from simulators.scenario import load_scenario
    from simulators.stopping import stop_on_signals

    context = load_context()
    loaded = load_scenario(scenario) if scenario else None
    options = _options(cadence=cadence, rate=rate, duration=duration, backfill=backfill, seed=seed)
    pace = _pace(loaded, speed, options)
    known = list(context.registry().current(context.clock.now()))
    stations = chosen_stations(known, station, drill=drill)
    if drill:
        stations = prepare_drill(context.database().owner, context.settings, stations, speed=pace)
    elif pace != 1:
        stations = list(accelerated(Registry(tuple(stations)), pace).stations)
        say(_UNREGISTERED.format(pace=f"{pace:g}"), err=True)
    if loaded is not None:
        loaded = loaded.at_speed(pace)
    folder = folder or context.settings.run_dir / "simulate"
    if as_ != "messages":
        _simulate_files(context, stations, as_, logger, to, folder=folder, scenario=loaded, options=options)
        return
    with stop_on_signals() as stop, live_line(hidden=as_json) as live:
        report = run_fleet(
            stations,
            lambda s: context.mqtt_for(s.code),
            folder,
            clock=context.clock,
            scenario=loaded,
            options=options,
            stop=stop,
            each_second=live.show,
        )
    if as_json:
        say_json(report.as_json(context.clock.now()))
    else:
        say(f"{summary(report)} Report and labels: {folder}")
    exit_unless_complete(report)


@app.command()
def score(
    *,
    folder: Annotated[
        Path | None, typer.Option(help="The --folder of the run. Default: simulate in the run folder.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Where the report goes. Default: drill.html beside the truth.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the score as JSON.")] = False,
) -> None:
    """Score a run against its truth: what was found and told, how fast, and what was told that should not have been.

    Example: quantrac simulate score --folder /tmp/run
    """
    from commands.context import load_context
    from commands.scoring import tell
    from local.drills.run import score_of
    from quantrac.domain.words import Bilingual

    context = load_context()
    folder = folder or context.settings.run_dir / "simulate"
    stations = list(context.registry().current(context.clock.now()))
    found = score_of(folder, stations, context.database().desk)
    tell(found, folder, str(folder), 1, Bilingual("như cài đặt", "as set"), as_json=as_json, out=out)


_UNREGISTERED = (
    "The stations send {pace} times as fast as they are registered: readings closer together than half a cadence count "
    "once, so alerts come late. `quantrac drill run`, or --drill, registers copies that live at this pace."
)


def _pace(scenario: Scenario | None, speed: float | None, options: FleetOptions) -> float:
    """Return how much faster the run lives: as asked, or so that a scenario that says its length fits the duration."""
    from local.drills.run import pace_of

    if speed is None and (scenario is None or scenario.length_s is None or not options.duration or options.cadence):
        return 1.0
    if scenario is None or scenario.length_s is None:
        return 1.0 if speed is None else speed
    return pace_of(scenario, speed, options.duration or None).speed


def _simulate_files(
    context: Context,
    stations: list[Station],
    as_: str,
    logger: str,
    to: str | None,
    *,
    folder: Path,
    scenario: Scenario | None,
    options: FleetOptions,
) -> None:
    from quantrac.errors import SettingsError
    from simulators.filefleet import run_file_fleet
    from simulators.stationfiles import LoggerStyle
    from simulators.stopping import stop_on_signals

    if as_ != "files":
        raise SettingsError(f"--as {as_}: give messages or files.")
    if unknown := [name for name in logger.split(",") if name not in list(LoggerStyle)]:
        raise SettingsError(f"--logger {', '.join(unknown)}: give {', '.join(LoggerStyle)}, or some with commas.")
    target = _file_target(context, to)
    try:
        with stop_on_signals() as stop:
            report = run_file_fleet(
                stations,
                [LoggerStyle(name) for name in logger.split(",")],
                target,
                folder=folder,
                clock=context.clock,
                scenario=scenario,
                options=options,
                stop=stop,
            )
    finally:
        target.close()
    say(f"{report.files:,} files with {report.readings:,} readings written, {report.tries_failed:,} tries refused.")


def _file_target(context: Context, to: str | None) -> FileTarget:
    from local.servers.fileservers import FtpServer, SftpServer
    from quantrac.errors import SettingsError
    from simulators.filetargets import FolderTarget, FtpTarget, SftpTarget

    if to == "sftp":
        return SftpTarget(SftpServer(context.settings.run_dir).account)
    if to == "ftp":
        return FtpTarget(FtpServer(context.settings.run_dir).account)
    folder = Path(to) if to is not None else context.settings.drop_folder
    if folder is None:
        raise SettingsError("--to is missing: name a folder, sftp or ftp, or set QUANTRAC_DROP_FOLDER.")
    return FolderTarget(folder)


def summary(report: PublishReport) -> str:
    """Return what was published, in one sentence."""
    text = f"{report.published_messages:,} messages with {report.published_readings:,} readings acknowledged"
    return f"{text}, {report.pending_messages:,} pending, {report.refused_messages:,} refused."


def exit_unless_complete(report: PublishReport) -> None:
    """Exit with status 1 and a sentence when the broker did not take every message."""
    if report.unrouted_messages:
        say(
            f"quantrac: {report.unrouted_messages:,} messages had no subscriber at the broker: start the bridge once "
            "before the feed, so that its session exists.",
            err=True,
        )
    if report.pending_messages or report.refused_messages:
        reasons = ", ".join(f"{n:,} x {reason}" for reason, n in report.refusals.items())
        say(
            f"quantrac: the broker did not take everything: {summary(report)}"
            + (f" Reasons: {reasons}." if reasons else ""),
            err=True,
        )
        raise typer.Exit(1)


class live_line:  # noqa: N801  it is used as a function
    """One line on stderr, rewritten each second."""

    def __init__(self, *, hidden: bool) -> None:
        from rich.console import Console
        from rich.status import Status

        self._status = Status("connecting to the broker", console=Console(stderr=True, quiet=hidden))

    def __enter__(self) -> live_line:
        self._status.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._status.stop()

    def show(self, report: PublishReport) -> None:
        """Show what was published so far."""
        online = sum(s.connected for s in report.stations.values())
        self._status.update(f"{online} of {len(report.stations)} stations online; {summary(report)} Ctrl-C ends it.")


def _options(
    *, cadence: str | None, rate: float | None, duration: str | None, backfill: str | None, seed: int
) -> FleetOptions:
    from simulators.fleet import FleetOptions

    return FleetOptions(
        seed=seed,
        cadence=duration_of("--cadence", cadence),
        rate=rate,
        duration=duration_of("--duration", duration),
        backfill=duration_of("--backfill", backfill) or timedelta(),
    )


def duration_of(option: str, text: str | None) -> timedelta | None:
    """Return the duration that an option names. Raises SettingsError when it is none."""
    from quantrac.errors import SettingsError
    from simulators.durations import seconds_of

    if text is None:
        return None
    try:
        length = timedelta(seconds=seconds_of(text))
    except (ValueError, OverflowError) as exc:
        raise SettingsError(f"{option}: {exc}.") from exc
    if length < timedelta():
        raise SettingsError(f"{option}: {text} is negative.")
    return length


def chosen_stations(stations: list[Station], codes: list[str] | None, *, drill: bool) -> list[Station]:
    """Return the stations to be simulated. Raises SettingsError rather than send invented data as a real station."""
    from quantrac.errors import SettingsError

    stations = [s for s in stations if not s.drill]
    known = {s.code: s for s in stations}
    unknown = sorted(set(codes or ()) - set(known))
    if unknown:
        raise SettingsError(
            f"--station: the registry does not know {', '.join(unknown)}; see `quantrac stations list`."
        )
    chosen = [known[c] for c in codes] if codes else [s for s in stations if drill or s.illustration]
    real = [s.code for s in chosen if not s.illustration]
    if real and not drill:
        raise SettingsError(
            f"--station: {', '.join(real)} is a real station, and simulated readings would stand among its own. "
            "With --drill a copy of it is simulated, marked DIỄN TẬP and kept apart."
        )
    if not chosen:
        raise SettingsError(
            "The registry has no illustration to simulate: import the sample province (quantrac stations import), "
            "or simulate marked copies of your stations with --drill."
        )
    return chosen

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


def simulate(
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
    logger: Annotated[str, typer.Option(help="Whose files: qt, python, esp32 or pi (docs/intake.md).")] = "qt",
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
    from commands.context import load_context
    from local.drill import prepare_drill
    from simulators.fleet import run_fleet
    from simulators.scenario import load_scenario
    from simulators.stopping import stop_on_signals

    context = load_context()
    loaded = load_scenario(scenario) if scenario else None
    options = _options(cadence=cadence, rate=rate, duration=duration, backfill=backfill, seed=seed)
    known = list(context.registry().current(context.clock.now()))
    stations = _chosen(known, station, drill=drill)
    if drill:
        stations = prepare_drill(context.database().owner, context.settings, stations)
    if as_ != "messages":
        _simulate_files(context, stations, as_, logger, to, scenario=loaded, options=options)
        return
    folder = folder or context.settings.run_dir / "simulate"
    with stop_on_signals() as stop, _Live(hidden=as_json) as live:
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


def _simulate_files(
    context: Context,
    stations: list[Station],
    as_: str,
    logger: str,
    to: str | None,
    *,
    scenario: Scenario | None,
    options: FleetOptions,
) -> None:
    from quantrac.errors import SettingsError
    from simulators.filefleet import run_file_fleet
    from simulators.stationfiles import LoggerStyle
    from simulators.stopping import stop_on_signals

    if as_ != "files":
        raise SettingsError(f"--as {as_}: give messages or files.")
    if logger not in list(LoggerStyle):
        raise SettingsError(f"--logger {logger}: give one of {', '.join(LoggerStyle)}.")
    target = _file_target(context, to)
    try:
        with stop_on_signals() as stop:
            report = run_file_fleet(
                stations,
                LoggerStyle(logger),
                target,
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


class _Live:
    """One line on stderr, rewritten each second."""

    def __init__(self, *, hidden: bool) -> None:
        from rich.console import Console
        from rich.status import Status

        self._status = Status("connecting to the broker", console=Console(stderr=True, quiet=hidden))

    def __enter__(self) -> _Live:
        self._status.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._status.stop()

    def show(self, report: PublishReport) -> None:
        online = sum(s.connected for s in report.stations.values())
        self._status.update(f"{online} of {len(report.stations)} stations online; {summary(report)} Ctrl-C ends it.")


def _options(
    *, cadence: str | None, rate: float | None, duration: str | None, backfill: str | None, seed: int
) -> FleetOptions:
    from simulators.fleet import FleetOptions

    return FleetOptions(
        seed=seed,
        cadence=_duration("--cadence", cadence),
        rate=rate,
        duration=_duration("--duration", duration),
        backfill=_duration("--backfill", backfill) or timedelta(),
    )


def _duration(option: str, text: str | None) -> timedelta | None:
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


def _chosen(stations: list[Station], codes: list[str] | None, *, drill: bool) -> list[Station]:
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

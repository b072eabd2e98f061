"""``quantrac replay``: recorded feeds on the real MQTT broker."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from quantrac.terminal import say, say_json

if TYPE_CHECKING:
    from datetime import datetime

    from quantrac.domain.stations import Registry
    from simulators.replay import Extent, Recording, ReplayResult
    from simulators.report import PublishReport


def replay(
    path: Annotated[Path, typer.Argument(help="A station file (TT 10/2021), a CSV or CSV.gz file, or a folder tree.")],
    *,
    speed: Annotated[float, typer.Option(help="Multiple of real time; 0: as fast as possible.")] = 1.0,
    shift_to_now: Annotated[
        bool, typer.Option("--shift-to-now", help="Move all stamps so that the last one is published when it says.")
    ] = False,
    mapping: Annotated[
        str | None, typer.Option(help="Mapping of the CSV columns: a TOML file, or a shipped one by name.")
    ] = None,
    station: Annotated[str | None, typer.Option(help="Publish the feed as this station.")] = None,
    since: Annotated[str | None, typer.Option("--from", help="From this date or instant of the feed on.")] = None,
    until: Annotated[str | None, typer.Option("--until", help="Up to, without, this date or instant.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="No progress bar; print one JSON object at the end.")] = False,
) -> None:
    """Publish a recorded feed over MQTT, as its logger would have.

    Example: quantrac replay /data/DT_KCNSADEC_NUOSXL --speed 60 --shift-to-now

    Example: quantrac replay /data/eindhoven_wwtp --speed 0 --shift-to-now --from 2013-01-03 --until 2013-01-04
    """
    from commands.context import load_context
    from commands.simulate import exit_unless_complete
    from simulators.replay import ReplayOptions, check_stations, open_recording, run_replay, survey
    from simulators.stopping import stop_on_signals

    options = ReplayOptions(speed, shift_to_now, mapping, station, since, until)
    recording = open_recording(path, options)
    context = load_context()
    registry, now = context.registry(), context.clock.now()
    check_stations(recording.feeds, registry, now)
    with _Bar(hidden=as_json) as bar:
        extent = survey(recording.feeds, options)
        bar.begin(extent)
        _tell_before(recording, extent, registry, now)
        with stop_on_signals() as stop:
            result = run_replay(
                recording,
                extent,
                context.mqtt_for,
                context.settings.run_dir / "replay",
                clock=context.clock,
                options=options,
                stop=stop,
                each_second=bar.show,
            )
    _tell_after(result, context.clock.now(), as_json=as_json)
    exit_unless_complete(result.report)
    failed = result.faults.mostly_failed()
    if failed:
        named = ", ".join(str(path) for path in failed[:3]) + (" …" if len(failed) > 3 else "")
        say(
            f"quantrac: most of {named} could not be published. Correct the file, or its mapping (--mapping): "
            "delimiter, decimal, time formats, names of the columns.",
            err=True,
        )
        raise typer.Exit(1)


class _Bar:
    """A progress bar on stderr."""

    def __init__(self, *, hidden: bool) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        self._progress = Progress(*columns, console=Console(stderr=True), disable=hidden)
        self._task = self._progress.add_task("reading", total=None)

    def __enter__(self) -> _Bar:
        self._progress.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._progress.stop()

    def begin(self, extent: Extent) -> None:
        self._progress.update(self._task, description="messages acknowledged", total=extent.messages)

    def show(self, report: PublishReport) -> None:
        self._progress.update(self._task, completed=report.published_messages)


def _tell_before(recording: Recording, extent: Extent, registry: Registry, now: datetime) -> None:
    from simulators.replay import unknown_symbols

    for reason in recording.left_out:
        say(f"left out: {reason}", err=True)
    for station, symbols in unknown_symbols(extent, registry, now).items():
        say(
            f"{station} has no parameter or alias {', '.join(symbols)}: these readings will become dead letters.",
            err=True,
        )


def _tell_after(result: ReplayResult, now: datetime, *, as_json: bool) -> None:
    from commands.simulate import summary
    from quantrac.domain.stations import VIETNAM

    for fault in result.faults.first:
        say(f"not published: {fault}", err=True)
    if result.faults.count > len(result.faults.first):
        say(f"... and {result.faults.count - len(result.faults.first):,} more", err=True)
    if as_json:
        extra = {"shift_s": result.shift.total_seconds(), "faults": result.faults.count}
        say_json(result.report.as_json(now) | extra)
        return
    span = (result.extent.first, result.extent.last)
    first, last = (x.astimezone(VIETNAM).isoformat(timespec="seconds") for x in span)
    say(f"{summary(result.report)} Recorded from {first} to {last}; {result.faults.count:,} faults in the files.")

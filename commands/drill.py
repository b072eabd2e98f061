"""``quantrac drill``: a scenario on marked copies of the stations, scored against its truth."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from quantrac.terminal import say

if TYPE_CHECKING:
    from commands.context import Context
    from local.drills.run import Pace
    from quantrac.domain.stations import Station
    from simulators.scenario import Scenario

app = typer.Typer(
    help="Practise on marked copies of the stations, and see what the system made of it.", no_args_is_help=True
)
KNOWN_WITHIN_S = 35.0
"""Running workers take an import up within half a minute."""


@app.command()
def run(
    scenario: Annotated[str, typer.Argument(help="Scenario file, or a shipped one: drill.")],
    *,
    speed: Annotated[
        float | None, typer.Option(help="How much faster than the stations' own pace. Default: 60, or by --duration.")
    ] = None,
    duration: Annotated[
        str | None, typer.Option(help="How long it takes (10m, 1h). Default: the scenario's length at that speed.")
    ] = None,
    station: Annotated[
        list[str] | None, typer.Option(help="Only a copy of this station; may be repeated. Default: of all.")
    ] = None,
    to: Annotated[
        list[str] | None,
        typer.Option(help="Test channel: an e-mail address that gets every message. Default: the officers, for real."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the signals; a scenario's own seed prevails.")] = 1,
    folder: Annotated[
        Path | None, typer.Option(help="Where truth and report go. Default: drills/ and the time in the run folder.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="No live line; print the score as JSON at the end.")] = False,
) -> None:
    """Run a drill: nobody else's stations, every message marked DIỄN TẬP, and a report of what was found and told.

    Example: quantrac drill run drill --duration 10m --to tap-huan@example.vn

    Example: quantrac drill run drill --speed 24
    """
    from commands.context import load_context
    from commands.scoring import tell
    from commands.simulate import chosen_stations, duration_of, exit_unless_complete, live_line
    from local.drills.run import pace_of, score_of
    from quantrac.domain.words import Bilingual
    from simulators.fleet import FleetOptions, run_fleet
    from simulators.scenario import load_scenario
    from simulators.stopping import stop_on_signals
    from sql.runs import last_observed

    context = load_context()
    loaded = load_scenario(scenario)
    pace = pace_of(loaded, speed, duration_of("--duration", duration))
    known = list(context.registry().current(context.clock.now()))
    copies = _registered(context, chosen_stations(known, station, drill=True), pace, to or [])
    now = context.clock.now()
    folder = folder or context.settings.run_dir / "drills" / f"{now:%Y%m%d-%H%M%S}"
    channel = (
        Bilingual(f"kênh thử {', '.join(to)}", f"test channel {', '.join(to)}")
        if to
        else Bilingual("cán bộ thật", "the officers, for real")
    )
    say(
        f"{_title(loaded)}: {pace.speed:g} times as fast, {_minutes(pace.duration)}, {len(copies)} marked stations; "
        f"messages go to {channel.en}. Ctrl-C ends it and scores what was.",
        err=True,
    )
    past = pace.past(last_observed(context.database().reader, [c.code for c in copies]), now)
    options = FleetOptions(seed=seed, duration=pace.duration, backfill=past)
    with stop_on_signals() as stop, live_line(hidden=as_json) as live:
        published = run_fleet(
            copies,
            lambda s: context.mqtt_for(s.code),
            folder,
            clock=context.clock,
            scenario=loaded.at_speed(pace.speed),
            options=options,
            stop=stop,
            each_second=live.show,
        )
    _settle(context, folder, copies)
    tell(
        score_of(folder, copies, context.database().desk), folder, _title(loaded), pace.speed, channel, as_json=as_json
    )
    exit_unless_complete(published)


def _registered(context: Context, stations: list[Station], pace: Pace, to: list[str]) -> list[Station]:
    """Register the copies, and wait until running workers know them, where anything is new."""
    import time

    from local.drills.copies import prepare_drill

    before = context.registry().version
    owner = context.database().owner
    copies = prepare_drill(owner, context.settings, stations, speed=pace.speed, to=to)
    if context.registry().version != before:
        say(f"The copies are registered; workers know them in {KNOWN_WITHIN_S:.0f} s.", err=True)
        time.sleep(KNOWN_WITHIN_S)
    return copies


def _settle(context: Context, folder: Path, copies: list[Station]) -> None:
    import time

    from local.drills.run import score_of, settle
    from quantrac.topics import RAW
    from streams.app import GROUP
    from streams.lag import LagProbe

    desk, probe = context.database().desk, LagProbe(context.kafka(), GROUP, RAW)
    try:
        settle(lambda: score_of(folder, copies, desk), lambda: sum(probe.waiting().values()), context.clock, time.sleep)
    finally:
        probe.close()


def _title(scenario: Scenario) -> str:
    return scenario.title or Path(scenario.source).stem


def _minutes(span: timedelta) -> str:
    from quantrac.domain.words import duration

    return duration(span)

"""``quantrac demo``: the whole path on this machine, from simulated sensors to the officer's inbox."""

from __future__ import annotations

from typing import Annotated

import typer

from quantrac.terminal import say_json


def demo(
    *,
    once: Annotated[
        bool, typer.Option("--once", help="No screen; end when an injected slug was mailed and all is accounted for.")
    ] = False,
    workers: Annotated[int, typer.Option(min=1, max=8, help="Workers that share the stations.")] = 1,
    scenario: Annotated[
        str, typer.Option(help="What the simulated fleet injects: a scenario file or a name.")
    ] = "demo",
    seed: Annotated[int, typer.Option(help="Another seed gives other signals.")] = 1,
) -> None:
    """Start everything locally, feed it with a simulated fleet, and show what happens, until Ctrl-C.

    A second of the demo is five minutes of a station. With --once it says when the injected slug was alarmed and when
    its limit was crossed, and what became of the injected faults; the last line on stdout is one JSON object with all
    of it, the counts and the delays. The exit status is 0 when the slug's alert was delivered by SMTP, each fault is a
    work item, and every published reading is accounted for.

    Example: quantrac demo --once
    """
    from commands.context import load_context
    from local.demo import run

    context = load_context()
    result = run(context.settings, context.clock, once=once, workers=workers, scenario=scenario, seed=seed)
    if result is not None:
        say_json(result)
    elif once:
        raise typer.Exit(130)

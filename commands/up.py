"""``quantrac up``: everything of this machine, in the foreground, under one supervisor."""

from __future__ import annotations

import signal
import threading
from typing import Annotated

import typer

from quantrac.terminal import say


def up(
    workers: Annotated[int, typer.Option(min=1, max=16, help="Workers that share the stations.")] = 1,
) -> None:
    """Run and supervise everything of this machine until Ctrl-C: servers where none are named, and our processes.

    One log a process stands in the folder log of the run folder; the state of all stands in one line here, written
    again when it changes. A process that ends is started again.

    Example: quantrac up --workers 2
    """
    from commands.context import load_context
    from local.up import up as run

    context = load_context()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())

    def show(state: str, good: bool) -> None:
        say(f"{context.clock.now():%H:%M:%S}Z {state}", err=True, colour="green" if good else "yellow")

    say(f"Logs: {context.settings.run_dir / 'log'}. Ctrl-C ends it.", err=True)
    run(context.settings, context.clock, workers=workers, stop=stop, show=show)
    say("Stopped.", err=True)

"""``quantrac forwarding``: what another authority's server has accepted."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from quantrac.domain.words import as_text
from quantrac.terminal import add_row, say, say_json

app = typer.Typer(help="See which station files were forwarded, and which wait.", no_args_is_help=True)


@app.command()
def status(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON array instead of a table.")] = False,
) -> None:
    """Show per target and station how many files were accepted, wait, or were given up, and the last refusal.

    Example: quantrac forwarding status --json
    """
    from commands.context import load_context
    from sql.forwarding_store import forwarding_lines

    lines = forwarding_lines(load_context().database().reader)
    if as_json:
        say_json([asdict(line) for line in lines])
        return
    if not lines:
        say("Nothing was forwarded yet.")
        return
    from rich.console import Console
    from rich.table import Table

    table = Table("Target", "Station", "Accepted", "Waiting", "Given up", "Last accepted", "Oldest waiting", "Refusal")
    for line in lines:
        add_row(table, *("-" if value is None else as_text(value) for value in asdict(line).values()))
    Console().print(table)

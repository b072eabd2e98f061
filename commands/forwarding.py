"""``quantrac forwarding``: what another authority's server has accepted."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from commands.views import Column, print_table
from quantrac.terminal import say, say_json

if TYPE_CHECKING:
    from quantrac.domain.forwarding import ForwardingLine

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
    print_table(_COLUMNS, lines)


_COLUMNS: tuple[Column[ForwardingLine], ...] = (
    Column("target", lambda f: f.target),
    Column("station", lambda f: f.station),
    Column("accepted", lambda f: f.accepted, "right"),
    Column("by reply alone", lambda f: f.by_reply_alone, "right"),
    Column("waiting", lambda f: f.waiting, "right"),
    Column("given up", lambda f: f.given_up, "right"),
    Column("last accepted", lambda f: f.last_accepted_at),
    Column("oldest waiting", lambda f: f.oldest_waiting_at),
    Column("refusal", lambda f: f.last_error),
)

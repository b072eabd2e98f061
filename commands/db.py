"""``quantrac db``: the schema of the database."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from quantrac.terminal import say, say_json

app = typer.Typer(help="Migrate the database, and see what state its schema is in.", no_args_is_help=True)


@app.command()
def migrate() -> None:
    """Bring the database to this version of quantrac, and give every role exactly its grants.

    Example: quantrac db migrate
    """
    from alerts.effective_limits import effective_limits
    from commands.context import load_context
    from sql.catalogue import refresh_effective_limits
    from sql.runner import migrate as run

    owner = load_context().database().owner
    applied = run(owner, on_step=lambda m: say(f"Applying {m.file_name} ..."))
    refresh_effective_limits(owner, effective_limits)
    say(f"{len(applied)} migrations applied." if applied else "The database is up to date.")


@app.command()
def status(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")] = False,
) -> None:
    """Say which migrations the database still needs; exits with 1 when there are any.

    Example: quantrac db status --json
    """
    from commands.context import load_context
    from sql.runner import migrations, pending

    todo = [m.file_name for m in pending(load_context().database().reader)]
    if as_json:
        say_json({"known": len(migrations()), "pending": todo})
    elif todo:
        say(f"{len(todo)} migrations are pending: {', '.join(todo)}. Run: quantrac db migrate")
    else:
        say(f"The database is up to date ({len(migrations())} migrations).")
    if todo:
        raise typer.Exit(1)


@app.command()
def schema(
    output: Annotated[Path | None, typer.Option(help="Write it to this file instead of printing it.")] = None,
) -> None:
    """Print the schema of the database as SQL; of a migrated database it is sql/schema.sql.

    Example: quantrac db schema --output sql/schema.sql
    """
    from commands.context import load_context
    from sql.runner import dump_schema

    text = dump_schema(load_context().database().owner)
    if output is None:
        say(text, document=True)
    else:
        output.write_text(text, encoding="utf-8")

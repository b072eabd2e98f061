"""``quantrac audit``: the chain of what people did, and the proof that it is whole."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from commands.views import Column, print_table
from quantrac.errors import QuantracError, SettingsError
from quantrac.terminal import say, say_json

if TYPE_CHECKING:
    from sql.audit_store import AuditRow, Head

app = typer.Typer(help="See what people did, and prove that the record of it is whole.", no_args_is_help=True)


@app.command(name="list")
def list_() -> None:
    """List the newest entries of the audit, the newest first.

    Example: quantrac audit list
    """
    from commands.context import load_context
    from sql.audit_store import newest

    rows = newest(load_context().database().reader, 50)
    print_table(_COLUMNS, rows) if rows else say("Nothing was recorded yet.")


@app.command()
def show(entry_id: Annotated[int, typer.Argument(metavar="ID", help="Number of the entry.")]) -> None:
    """Print one entry of the audit whole, as JSON.

    Example: quantrac audit show 17
    """
    from commands.context import load_context
    from sql.audit_store import entry

    row = entry(load_context().database().reader, entry_id)
    if row is None:
        raise QuantracError(f"There is no entry {entry_id}: `quantrac audit list` shows the numbers.")
    say_json(row.document(), indent=2)


@app.command()
def head(
    output: Annotated[Path | None, typer.Option(help="Write it to this file instead of printing it.")] = None,
) -> None:
    """Print the newest link of the chain, to be kept at another place: later it proves what was there today.

    Example: quantrac audit head --output /media/stick/audit-2026-11-23.json
    """
    from commands.context import load_context
    from sql.audit_store import head as newest_link

    text = json.dumps(asdict(newest_link(load_context().database().reader)))
    if output is None:
        say(text)
        return
    try:
        output.write_text(text + "\n", encoding="utf-8")
    except OSError as exc:
        raise SettingsError(f"{output} cannot be written: {exc.strerror}. Name another file.") from exc


@app.command()
def verify(
    kept: Annotated[Path | None, typer.Option("--head", help="A file of `audit head`, from another place.")] = None,
) -> None:
    """Follow the chain from its beginning; exits with 1 when an entry was changed, removed or put in.

    Example: quantrac audit verify --head /media/stick/audit-2026-11-23.json
    """
    from commands.context import load_context
    from sql.audit_store import verify_stored

    verdict = verify_stored(load_context().database().reader, None if kept is None else _head(kept))
    if verdict.broken_at is not None:
        raise QuantracError(
            f"The audit is broken at entry {verdict.broken_at}: {verdict.why}. Keep the database as it is, and compare "
            "with a backup and with the database server's log."
        )
    say(f"The audit is whole: {verdict.head.id} entries, head {verdict.head.hash or 'none'}.")


def _head(path: Path) -> Head:
    from sql.audit_store import Head

    try:
        content = json.loads(path.read_text("utf-8"))
        return Head(int(content["id"]), str(content["hash"]))
    except (OSError, ValueError, KeyError, TypeError) as exc:
        raise SettingsError(f"{path} is not a head that `quantrac audit head` has written: {exc}.") from exc


def _who(row: AuditRow) -> str:
    """Return who did it: on the page or at the command line, else the role of the session."""
    entry = row.document()
    return str(entry.get("account") or entry["detail"].get("officer") or entry["actor"])


_COLUMNS: tuple[Column[AuditRow], ...] = (
    Column("id", lambda r: r.id, "right"),
    Column("at", lambda r: datetime.fromisoformat(r.document()["at"])),
    Column("who", _who),
    Column("action", lambda r: r.document()["action"]),
    Column("subject", lambda r: r.document()["subject"]),
    Column("detail", lambda r: json.dumps(r.document()["detail"], ensure_ascii=False), extra=True),
)

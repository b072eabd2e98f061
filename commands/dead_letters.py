"""``quantrac dead-letters``: what could not be used, why, and sending it again once it can be."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from contextlib import closing
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from commands.views import Column, print_table
from quantrac.domain.words import as_text
from quantrac.terminal import say, say_json

if TYPE_CHECKING:
    from sql.reports import DeadLetterCount, DeadLetterLine

app = typer.Typer(help="See what could not be used and why, and send it again once it can be.", no_args_is_help=True)

StationOption = Annotated[str | None, typer.Option(help="Only this station.")]
ReasonOption = Annotated[str | None, typer.Option(help="Only this reason, as `list` shows it.")]


@app.command("list")
def list_(
    station: StationOption = None,
    reason: ReasonOption = None,
    replayed: Annotated[bool, typer.Option("--replayed", help="Also those that were sent again.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="At most so many, the newest first.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON array instead of a table.")] = False,
) -> None:
    """List dead letters, the newest first.

    Example: quantrac dead-letters list --reason unknown_parameter
    """
    from commands.context import load_context
    from sql.reports import Reports

    with Reports(load_context().database().reader) as reports:
        letters = reports.dead_letters(station=station, reason=reason, replayed=replayed, limit=limit)
        # One station's flood must not push what another one's letters say out of sight.
        counts = (
            reports.dead_letter_counts(station=station, reason=reason, replayed=replayed)
            if len(letters) == limit and not as_json
            else []
        )
        total = sum(count.letters for count in counts)
    if as_json:
        say_json([asdict(letter) for letter in letters])
    elif letters:
        print_table(_COLUMNS, letters)
    else:
        say("No dead letters.")
    if total > limit:
        say(f"\nThe newest {limit} of {total}. All by station and reason (--station, --reason, --limit show more):")
        print_table(_COUNT_COLUMNS, counts)


@app.command()
def show(
    letter_id: Annotated[int, typer.Argument(metavar="ID", help="Number of the dead letter.")],
    raw: Annotated[bool, typer.Option("--raw", help="Write only the original bytes to stdout.")] = False,
) -> None:
    """Show one dead letter with its original bytes.

    Example: quantrac dead-letters show 17 --raw > payload.json
    """
    from commands.context import load_context
    from quantrac.errors import QuantracError
    from sql.reports import Reports

    with Reports(load_context().database().reader) as reports:
        found = reports.dead_letter(letter_id)
    if found is None:
        raise QuantracError(f"There is no dead letter {letter_id}: `quantrac dead-letters list` shows the numbers.")
    if raw:
        sys.stdout.buffer.write(found.payload)
        return
    for name, value in asdict(found.line).items():
        if name not in _OF_THE_FIRST:
            say(f"{name:<12} {as_text(value)}")
    for refused in found.line.refusals:
        say(f"{'refused':<12} {_refusal(refused)}")
    say(f"{'content_type':<12} {found.content_type}\n")
    say(found.payload[:4096].decode("utf-8", "backslashreplace") + "\n", document=True)
    if len(found.payload) > 4096:
        say(f"… {len(found.payload) - 4096} more bytes: use --raw")


@app.command()
def replay(
    ids: Annotated[list[int] | None, typer.Argument(metavar="ID...", help="Numbers of dead letters.")] = None,
    station: StationOption = None,
    reason: ReasonOption = None,
    every: Annotated[bool, typer.Option("--all", help="All that were not yet sent again.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="At most so many messages, the oldest first.")] = 1000,
) -> None:
    """Send the original messages into the raw topic again, with the instant at which they were first received.

    Readings of the message that were stored the first time count as duplicates. Two who do it at the same moment send
    each message once.

    Example: quantrac dead-letters replay --reason unknown_station
    """
    from commands.context import load_context
    from ingest.reinjection import reinject
    from quantrac.errors import SettingsError
    from sql.reports import Reports
    from sql.worker_store import WorkerStore

    if not (ids or station or reason or every):
        raise SettingsError("Say which: numbers of dead letters, --station, --reason, or --all.")
    context = load_context()
    with Reports(context.database().reader) as reports:
        messages = reports.replayable(ids=ids or None, station=station, reason=reason, limit=limit)
    with closing(WorkerStore(context.database().writer)) as store, store.transaction() as tx:
        free = tx.accounting.take_for_replay([i for m in messages for i in m.ids])
        taken = [m for m in messages if free.issuperset(m.ids)]
        reinject(context.kafka(), taken)
        tx.accounting.mark_replayed([i for m in taken for i in m.ids], context.clock.now())
    say(f"{len(taken)} messages sent again; `quantrac dead-letters list` shows what is still refused.")
    if len(taken) < len(messages):
        say(f"{len(messages) - len(taken)} more are being sent again by somebody else just now.")


_OF_THE_FIRST = ("reason", "detail", "parameter", "refusals")


def _refusal(refused: Mapping[str, str | None]) -> str:
    where = "" if refused["parameter"] is None else f"{refused['parameter']}: "
    return f"{refused['reason']}: {where}{refused['detail']}"


def _text(letter: DeadLetterLine) -> str:
    more = len(letter.refusals) - 1
    first = letter.detail if letter.parameter is None else f"{letter.parameter}: {letter.detail}"
    if not first.startswith(letter.file_name):
        first = f"{letter.file_name}: {first}"
    return f"{first} (+{more})" if more else first


_COUNT_COLUMNS: tuple[Column[DeadLetterCount], ...] = (
    Column("station", lambda x: x.station),
    Column("reason", lambda x: x.reason),
    Column("letters", lambda x: x.letters, "right"),
    Column("newest", lambda x: x.newest),
)
_COLUMNS: tuple[Column[DeadLetterLine], ...] = (
    Column("id", lambda x: x.id, "right"),
    Column("received", lambda x: x.received_at),
    Column("station", lambda x: x.station),
    Column("stage", lambda x: x.stage),
    Column("reason", lambda x: x.reason),
    Column("what", _text),
    Column("bytes", lambda x: x.size_bytes, "right"),
)

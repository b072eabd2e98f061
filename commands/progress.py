"""``quantrac progress`` and ``quantrac rebuild``: how far the workers are in the raw topic, and reading it anew."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from commands.naming import named
from commands.views import Column, print_table
from quantrac.terminal import say

if TYPE_CHECKING:
    from sql.reports import ProgressLine

app = typer.Typer(help="See how far the workers are, and where the raw topic broke.", no_args_is_help=True)


@app.command("list")
def list_() -> None:
    """List the progress of each partition, and where records are gone or were written anew.

    Example: quantrac progress list
    """
    from commands.context import load_context
    from sql.reports import Reports

    with Reports(load_context().database().reader) as reports:
        lines, breaks = reports.progress(), reports.log_breaks()
    print_table(_COLUMNS, lines) if lines else say("No worker has committed anything yet.")
    for found in breaks:
        say(f"{found.noticed_at:%Y-%m-%d %H:%M:%S} {found.kind}: {found.what}")


@app.command()
def accept(
    partition: Annotated[int, typer.Argument(help="Partition of the raw topic.")],
    offset: Annotated[int, typer.Argument(help="Offset at which the workers go on.")],
    by: Annotated[str, typer.Option(help="Who has found out that Kafka has no records before it.", callback=named)],
) -> None:
    """Let the workers go on behind offsets at which the raw topic has no records; it is kept who said so.

    Example: quantrac progress accept 3 1017 --by "Nguyễn Văn A"
    """
    from commands.context import load_context
    from quantrac.domain.progress import BreakKind, LogBreak
    from quantrac.errors import QuantracError
    from sql.worker_store import WorkerStore
    from streams.arrival import examine

    context = load_context()
    source = examine(context.kafka()).source
    with WorkerStore(context.database().writer).transaction() as tx:
        reached = tx.progress.lock(source, [partition])[partition]
        if offset <= reached:
            raise QuantracError(f"Partition {partition} is at offset {reached} already: name a later one.")
        found = LogBreak(partition, BreakKind.ACCEPTED, reached, offset)
        tx.progress.move(source, found, offset, context.clock.now(), by=by)
    say(f"Partition {partition} goes on at {offset}; start the workers again.")


def rebuild() -> None:
    """Prepare an empty database to be filled from the raw topic: the workers then read it from its beginning.

    Nobody is paged for what was received before this instant. Migrate and import stations and limits first.

    Example: quantrac rebuild && quantrac run worker
    """
    from commands.context import load_context
    from quantrac.errors import QuantracError
    from sql.reports import Reports
    from sql.worker_store import WorkerStore

    context = load_context()
    if not context.registry().stations:
        raise QuantracError(
            "The database has no stations, so every record would be refused: `quantrac stations import` and `quantrac "
            "limits import` first."
        )
    with Reports(context.database().reader) as reports:
        if any(line.next_offset for line in reports.progress()) or reports.ledger():
            raise QuantracError("The database is not empty: a rebuild fills a new one (`quantrac db migrate`).")
    with WorkerStore(context.database().writer).transaction() as tx:
        tx.progress.begin_rebuild(context.clock.now())
    say("Start the workers: they read the raw topic from its beginning and page nobody for the past.")


_COLUMNS: tuple[Column[ProgressLine], ...] = (
    Column("partition", lambda x: x.partition, "right"),
    Column("committed before", lambda x: x.next_offset, "right"),
    Column("shared before", lambda x: x.shared_offset, "right"),
    Column("raw topic", lambda x: x.topic, extra=True),
)

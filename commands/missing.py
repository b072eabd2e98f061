"""``quantrac missing``: what did not arrive, by sequence numbers and by instants."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from commands.naming import known_station
from commands.views import Column, print_table
from quantrac.domain.stations import VIETNAM
from quantrac.terminal import say, say_json

if TYPE_CHECKING:
    from sql.ledger_report import MissingFiles
    from sql.reports import MissingSpan, SequenceGap


def missing(
    station: Annotated[str | None, typer.Argument(help="Code of a station. Default: all.")] = None,
    hours: Annotated[float, typer.Option(min=0.1, max=24 * 60, help="How far back instants are looked at.")] = 24.0,
    limit: Annotated[int, typer.Option(min=1, help="At most so many lines of each table.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of tables.")] = False,
) -> None:
    """List messages, files and readings that never arrived: which sequence numbers, stamps, instants of a parameter.

    A sequence number that is missing proves a message that was sent and lost. A file whose stamp never came is *not
    received*; it, or an instant without a reading, may also be one at which nothing was sent. The last hour's may still
    be on their way.

    Example: quantrac missing DT_KCNSADEC_NUOSXL --hours 48
    """
    from commands.context import load_context
    from sql.ledger_report import missing_files
    from sql.reports import Reports

    context = load_context()
    now = context.clock.now()
    if station is not None:
        known_station(context.registry(), station)
    with Reports(context.database().reader) as reports:
        gaps = [g for g in reports.sequence_gaps(limit=100_000) if station in (None, g.station)][:limit]
        spans = reports.missing_spans(station, now - timedelta(hours=hours), now, limit)
    files = missing_files(context.database().reader, now - timedelta(hours=hours), now, limit, station)
    if as_json:
        numbers, instants = [asdict(g) for g in gaps], [asdict(s) for s in spans]
        say_json({"sequence_numbers": numbers, "files": [f._asdict() for f in files], "instants": instants})
        return
    say("Messages missing in sessions (proof of loss)", bold=True)
    print_table(_GAP_COLUMNS, gaps) if gaps else say("none")
    say(f"\nFiles not received in the last {hours:g} h (stamps that never came)", bold=True)
    print_table(_FILE_COLUMNS, files) if files else say("none")
    say(f"\nReadings that were due in the last {hours:g} h and are not there", bold=True)
    print_table(_SPAN_COLUMNS, spans) if spans else say("none")


def _stamp(at: datetime) -> str:
    """Write an instant without its year, so that a row fits a terminal of 80 columns: it lies within months."""
    return at.astimezone(VIETNAM).strftime("%m-%d %H:%M:%S")


_GAP_COLUMNS: tuple[Column[SequenceGap], ...] = (
    Column("station", lambda g: g.station),
    Column("session", lambda g: g.session),
    Column("from no.", lambda g: g.first, "right"),
    Column("to no.", lambda g: g.beyond - 1, "right"),
    Column("messages", lambda g: g.missing, "right"),
    Column("last heard", lambda g: _stamp(g.last_received_at)),
)
_FILE_COLUMNS: tuple[Column[MissingFiles], ...] = (
    Column("station", lambda f: f.station),
    Column("last stamp before", lambda f: _stamp(f.after)),
    Column("next stamp after", lambda f: _stamp(f.before)),
    Column("files", lambda f: f.files, "right"),
)
_SPAN_COLUMNS: tuple[Column[MissingSpan], ...] = (
    Column("station", lambda s: s.station),
    Column("parameter", lambda s: s.parameter),
    Column("last before", lambda s: _stamp(s.after)),
    Column("next after", lambda s: _stamp(s.before)),
    Column("readings", lambda s: s.readings, "right"),
)

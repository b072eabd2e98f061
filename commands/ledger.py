"""``quantrac ledger``, ``quantrac received``: is all that came still there, and how much of what was due came."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from commands.naming import known_station
from commands.views import Column, print_table
from quantrac.domain.stations import VIETNAM, midnight
from quantrac.terminal import say, say_json

if TYPE_CHECKING:
    from quantrac.domain.report_rows import ReceivedRow
    from sql.ledger_report import MessageLine, OlderReadings, ReadingLine, StationLedger

HOURS_SHOWN = 50


def ledger(
    since: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M"], help="Vietnamese time. Default: yesterday, 00:00."),
    ] = None,
    station: Annotated[str | None, typer.Option(help="Code of a station. Default: all.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of tables.")] = False,
) -> None:
    """Compare what was first held with what was committed, and what was stored with the rows that are there.

    Both accounts are kept apart, per station and hour: messages by when they were received, readings by when they were
    observed. A residual other than 0 is a message that was lost, or a row that was removed. The exit status is 1 then.

    Example: quantrac ledger --since 2026-11-01 --json
    """
    from commands.context import load_context
    from sql.ledger_report import ledger_report

    context = load_context()
    if station is not None:
        known_station(context.registry(), station)
    now = context.clock.now()
    begin = _yesterday(now) if since is None else since.replace(tzinfo=VIETNAM).astimezone(UTC)
    report = ledger_report(context.database().reader, begin, now + timedelta(days=1), station)
    wrong = report.wrong()
    if as_json:
        say_json(
            {
                "since": begin,
                "residual": report.residual,
                "stations": [_told(line) for line in report.stations()],
                "older_readings": [line._asdict() for line in report.older],
                "hours_with_a_residual": [line._asdict() for line in wrong],
            }
        )
    else:
        when = f"{begin.astimezone(VIETNAM):%d/%m/%Y %H:%M}"
        say(f"Messages received, and readings observed, since {when} (Vietnam)", bold=True)
        print_table(_COLUMNS, report.stations())
        if report.older:
            say(_older(report.older))
        say(f"residual {report.residual}", bold=True)
        if wrong:
            say(f"\nHours with a residual (the first {HOURS_SHOWN} of {len(wrong)})", bold=True)
            print_table(_HOUR_COLUMNS, wrong[:HOURS_SHOWN])
    if report.residual:
        raise typer.Exit(1)


def received(
    station: Annotated[str | None, typer.Argument(help="Code of a station. Default: all.")] = None,
    days: Annotated[int, typer.Option(min=1, max=400, help="So many days back, today included.")] = 7,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON array instead of a table.")] = False,
) -> None:
    """Show the share of the data that came: received of expected readings, per station, parameter and day.

    Example: quantrac received DT_KCNSADEC_NUOSXL --days 30
    """
    from commands.context import load_context
    from sql.report_rows import data_received

    context = load_context()
    if station is not None:
        known_station(context.registry(), station)
    today = context.clock.now().astimezone(VIETNAM).date()
    lines = data_received(context.database().reader, today - timedelta(days=days - 1), today, station)
    if as_json:
        say_json([asdict(line) for line in lines])
    else:
        print_table(_RECEIVED_COLUMNS, lines)


def _yesterday(now: datetime) -> datetime:
    day = midnight(now.astimezone(VIETNAM).date())
    return (day - timedelta(days=1)).astimezone(UTC)


def _older(lines: Sequence[OlderReadings]) -> str:
    told = ", ".join(
        f"{line.station} {line.stored} (from {line.hour_start.astimezone(VIETNAM):%d/%m/%Y})" for line in lines
    )
    first = min(line.hour_start for line in lines).astimezone(VIETNAM)
    return f"Readings that were observed before: {told}. quantrac ledger --since {first:%Y-%m-%d} counts them."


def _told(line: StationLedger) -> dict[str, object]:
    messages, readings = line.messages, line.readings
    return {
        "station": line.station,
        "messages": None if messages is None else messages._asdict() | {"station": line.station},
        "readings": None if readings is None else readings._asdict() | {"station": line.station},
        "residual": line.residual,
    }


def _share(line: ReceivedRow) -> str:
    return f"{line.received / line.expected:.1%}" if line.expected else "-"


_COLUMNS: tuple[Column[StationLedger], ...] = (
    Column("station", lambda s: s.station),
    Column("received", lambda s: s.messages and s.messages.received, "right"),
    Column("committed", lambda s: s.messages and s.messages.committed, "right"),
    Column("in flight", lambda s: s.messages and s.messages.in_flight, "right", extra=True),
    Column("uncounted", lambda s: s.messages and s.messages.uncounted, "right", extra=True),
    Column("residual", lambda s: s.messages and s.messages.residual, "right"),
    Column("stored", lambda s: s.readings and s.readings.stored, "right"),
    Column("present", lambda s: s.readings and s.readings.present, "right", extra=True),
    Column("residual", lambda s: s.readings and s.readings.residual, "right"),
)
_HOUR_COLUMNS: tuple[Column[MessageLine | ReadingLine], ...] = (
    Column("station", lambda x: x.station),
    Column("hour", lambda x: x.hour_start),
    Column("what", lambda x: "messages" if hasattr(x, "received") else "readings"),
    Column("residual", lambda x: x.residual, "right"),
)
_RECEIVED_COLUMNS: tuple[Column[ReceivedRow], ...] = (
    Column("station", lambda r: r.station),
    Column("parameter", lambda r: r.parameter),
    Column("day", lambda r: r.day),
    Column("expected", lambda r: round(r.expected), "right"),
    Column("received", lambda r: round(r.received), "right"),
    Column("usable", lambda r: round(r.usable), "right"),
    Column("share", _share, "right"),
)

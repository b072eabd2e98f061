"""``quantrac alerts``: what is open, and how far its notifications are."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from quantrac.cli.views import Column, as_text, print_table

if TYPE_CHECKING:
    from sql.reports import AlertLine, DeliveryLine

app = typer.Typer(help="See alerts and the notifications that went out for them.", no_args_is_help=True)


@app.command("list")
def list_(
    every: Annotated[bool, typer.Option("--all", help="Also the resolved ones.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="At most so many, the newest first.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON array instead of a table.")] = False,
) -> None:
    """List open alerts, the newest first.

    Example: quantrac alerts list --all --json
    """
    from quantrac.cli.context import load_context
    from sql.reports import Reports

    with Reports(load_context().database().reader) as reports:
        alerts = reports.alerts(only_open=not every, limit=limit)
    if as_json:
        typer.echo(json.dumps([asdict(a) for a in alerts], default=as_text, ensure_ascii=False))
    elif alerts:
        print_table(_ALERT_COLUMNS, alerts)
    else:
        typer.echo("No alerts." if every else "No open alerts.")


@app.command()
def deliveries(
    limit: Annotated[int, typer.Option(min=1, help="At most so many, the newest first.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON array instead of a table.")] = False,
) -> None:
    """List notifications and whether they were delivered, the newest first.

    Example: quantrac alerts deliveries
    """
    from quantrac.cli.context import load_context
    from sql.reports import Reports

    with Reports(load_context().database().reader) as reports:
        lines = reports.deliveries(limit)
    if as_json:
        typer.echo(json.dumps([asdict(x) for x in lines], default=as_text, ensure_ascii=False))
    elif lines:
        print_table(_DELIVERY_COLUMNS, lines)
    else:
        typer.echo("No notifications yet.")


def _state(line: DeliveryLine) -> str:
    if line.sent_at is not None:
        return "delivered"
    return "given up" if line.failed_at is not None else "waiting"


_ALERT_COLUMNS: tuple[Column[AlertLine], ...] = (
    Column("id", lambda a: a.id, "right"),
    Column("severity", lambda a: a.severity),
    Column("station", lambda a: a.station),
    Column("parameter", lambda a: a.parameter),
    Column("rule", lambda a: a.rule),
    Column("since", lambda a: a.since),
    Column("resolved", lambda a: a.resolved_at),
    Column("peak", lambda a: a.peak_value, "right"),
    Column("limit", lambda a: a.limit_maximum, "right"),
    Column("pages", lambda a: "yes" if a.page else "work item"),
)
_DELIVERY_COLUMNS: tuple[Column[DeliveryLine], ...] = (
    Column("id", lambda d: d.id, "right"),
    Column("alert", lambda d: d.alert_id, "right"),
    Column("channel", lambda d: d.channel),
    Column("created", lambda d: d.created_at),
    Column("state", _state),
    Column("delivered", lambda d: d.sent_at),
    Column("attempts", lambda d: d.attempts, "right"),
    Column("last error", lambda d: d.last_error),
)

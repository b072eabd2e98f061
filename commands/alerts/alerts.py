"""``quantrac alerts``: what is open, and how far its notifications are."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from commands.alerts.history import deliveries, draw_alert, show, unknown
from commands.naming import known_station, named
from commands.views import Column, print_table
from quantrac.domain.alerts import AlertKind, Cause
from quantrac.domain.words import number
from quantrac.terminal import say, say_json

if TYPE_CHECKING:
    from sql.reports import AlertLine

app = typer.Typer(help="See alerts and the notifications that went out for them.", no_args_is_help=True)
app.command()(show)
app.command()(deliveries)


@app.command("list")
def list_(
    *,
    every: Annotated[bool, typer.Option("--all", help="Also the resolved ones.")] = False,
    station: Annotated[str | None, typer.Option(help="Only of this station.")] = None,
    parameter: Annotated[str | None, typer.Option(help="Only of this parameter.")] = None,
    kind: Annotated[AlertKind | None, typer.Option(help=", ".join(AlertKind))] = None,
    since: Annotated[
        str | None, typer.Option("--from", help="Only what lasts, or ended after this date or instant; implies --all.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many, the newest first.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON array instead of a table.")] = False,
) -> None:
    """List open alerts, the newest first.

    Example: quantrac alerts list --station DT_KCNSADEC_NUOSXL --from 2026-11-28 --json
    """
    from commands.context import load_context
    from commands.instants import instant
    from sql.reports import Reports

    after = None if since is None else instant("--from", since)
    every = every or since is not None
    context = load_context()
    with Reports(context.database().reader) as reports:
        alerts = reports.alerts(
            only_open=not every,
            limit=limit,
            station=station,
            parameter=parameter,
            kind=None if kind is None else kind.value,
            since=after,
        )
    if not alerts and station is not None:
        known_station(context.registry(), station)
    if as_json:
        say_json([asdict(a) for a in alerts])
    elif alerts:
        print_table(_ALERT_COLUMNS, alerts)
    else:
        say("No alerts." if every else "No open alerts.")


@app.command()
def picture(
    alert_id: Annotated[int, typer.Argument(metavar="ID", help="Number of the alert, as its message says.")],
    out: Annotated[Path, typer.Option(help="PNG file to write.", dir_okay=False)],
    hours: Annotated[
        float | None, typer.Option(min=0.001, help="Shown before the alert. Default: 144 readings (12 h at 5 min).")
    ] = None,
) -> None:
    """Draw what explains an alert: the readings around it, baseline and limit, what was done, and the reasons.

    Example: quantrac alerts picture 17 --out alert-17.png
    """
    from commands.context import load_context
    from sql.reports import Reports

    context = load_context()
    with Reports(context.database().reader) as reports:
        alert = reports.alert(alert_id)
    if alert is None:
        raise unknown(alert_id)
    draw_alert(context, alert, out, hours)
    say(f"{out}: alert {alert.id}, {alert.station} {alert.parameter}".rstrip())


@app.command()
def acknowledge(
    alert_id: Annotated[int, typer.Argument(metavar="ID", help="Number of the alert, as its message says.")],
    officer: Annotated[str, typer.Option("--by", help="Who takes care of it.", callback=named)],
) -> None:
    """Say that somebody takes care of an alert; the first one stays.

    Example: quantrac alerts acknowledge 17 --by "Nguyễn Văn A"
    """
    from commands.context import load_context
    from sql.alert_desk import acknowledge

    taken_by = acknowledge(load_context().database().desk, alert_id, officer)
    if taken_by is None:
        raise unknown(alert_id)
    say(f"Alert {alert_id} is taken care of by {taken_by}.")


@app.command()
def cause(
    alert_id: Annotated[int, typer.Argument(metavar="ID", help="Number of the alert.")],
    found: Annotated[Cause, typer.Argument(metavar="CAUSE", help=", ".join(Cause))],
    officer: Annotated[str, typer.Option("--by", help="Who found it.", callback=named)],
) -> None:
    """Record what the cause of an alert was; the last word counts, and is a label for the model.

    Example: quantrac alerts cause 17 sensor_fault --by "Nguyễn Văn A"
    """
    from commands.context import load_context
    from sql.alert_desk import record_cause

    if not record_cause(load_context().database().desk, alert_id, found.value, officer):
        raise unknown(alert_id)
    say(f"Alert {alert_id}: {found.value}.")


def _triage(line: AlertLine) -> str | None:
    if line.triage is None or line.triage_probability is None:
        return None
    now = f"{line.triage} {line.triage_probability:.0%}"
    if line.paged_as is None:
        return now
    then = (
        f"{line.paged_as.probability:.0%}"
        if line.paged_as.cls == line.triage
        else f"{line.paged_as.cls} {line.paged_as.probability:.0%}"
    )
    return now if now.endswith(f" {then}") else f"{now}, told {then}"


def _worst(line: AlertLine) -> str | None:
    if line.peak_value is None:
        return None
    bounds = [number(b) for b in (line.limit_minimum, line.limit_maximum) if b is not None]
    return number(line.peak_value) + (f" / {'–'.join(bounds)}" if bounds else "")


_ALERT_COLUMNS: tuple[Column[AlertLine], ...] = (
    Column("id", lambda a: a.id, "right"),
    Column("severity", lambda a: a.severity),
    Column("station", lambda a: a.station),
    Column("parameter", lambda a: a.parameter),
    Column("since", lambda a: a.since),
    Column("worst/limit", _worst, "right"),
    Column("resolved", lambda a: a.resolved_at, extra=True),
    Column("rule", lambda a: a.rule, extra=True),
    Column("pages", lambda a: "yes" if a.page else "work item", extra=True),
    Column("triage", _triage, extra=True),
    Column("taken by", lambda a: a.acknowledged_by, extra=True),
    Column("cause", lambda a: a.closed_cause, extra=True),
)

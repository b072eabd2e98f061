"""``quantrac alerts``: what is open, and how far its notifications are."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from commands.views import Column, print_table
from quantrac.domain.alerts import Cause
from quantrac.domain.words import as_text
from quantrac.errors import QuantracError
from quantrac.terminal import say, say_json

if TYPE_CHECKING:
    from commands.alerts.story import Story
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
    from commands.context import load_context
    from sql.reports import Reports

    with Reports(load_context().database().reader) as reports:
        alerts = reports.alerts(only_open=not every, limit=limit)
    if as_json:
        say_json([asdict(a) for a in alerts])
    elif alerts:
        print_table(_ALERT_COLUMNS, alerts)
    else:
        say("No alerts." if every else "No open alerts.")


@app.command()
def deliveries(
    limit: Annotated[int, typer.Option(min=1, help="At most so many, the newest first.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON array instead of a table.")] = False,
) -> None:
    """List notifications and whether they were delivered, the newest first.

    Example: quantrac alerts deliveries
    """
    from commands.context import load_context
    from sql.reports import Reports

    with Reports(load_context().database().reader) as reports:
        lines = reports.deliveries(limit)
        held, since = reports.held_back()
    if as_json:
        say_json([asdict(x) for x in lines])
    elif lines:
        print_table(_DELIVERY_COLUMNS, lines)
    else:
        say("No notifications yet.")
    if held and since is not None and not as_json:
        say(f"Held back since {as_text(since)} by the budget of messages: {held}. A digest tells of them.")


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
    from commands.alerts.story import story_of
    from commands.context import load_context
    from sql.catalogue import load_limit_sets
    from sql.reports import Reports

    context = load_context()
    reader = context.database().reader
    with Reports(reader) as reports:
        alert = reports.alert(alert_id)
        if alert is None:
            raise _unknown(alert_id)
        story = story_of(reports, context.registry(), load_limit_sets(reader), alert, hours)
    _draw(story, out)
    say(f"{out}: alert {alert.id}, {alert.station} {alert.parameter}".rstrip())


@app.command()
def acknowledge(
    alert_id: Annotated[int, typer.Argument(metavar="ID", help="Number of the alert, as its message says.")],
    officer: Annotated[str, typer.Option("--by", help="Who takes care of it.")],
) -> None:
    """Say that somebody takes care of an alert; the first one stays.

    Example: quantrac alerts acknowledge 17 --by "Nguyễn Văn A"
    """
    from commands.context import load_context
    from sql.alert_desk import acknowledge

    taken_by = acknowledge(load_context().database().desk, alert_id, officer)
    if taken_by is None:
        raise _unknown(alert_id)
    say(f"Alert {alert_id} is taken care of by {taken_by}.")


@app.command()
def cause(
    alert_id: Annotated[int, typer.Argument(metavar="ID", help="Number of the alert.")],
    found: Annotated[Cause, typer.Argument(metavar="CAUSE", help=", ".join(Cause))],
    officer: Annotated[str, typer.Option("--by", help="Who found it.")],
) -> None:
    """Record what the cause of an alert was; the last word counts, and is a label for the model.

    Example: quantrac alerts cause 17 sensor_fault --by "Nguyễn Văn A"
    """
    from commands.context import load_context
    from sql.alert_desk import record_cause

    if not record_cause(load_context().database().desk, alert_id, found.value, officer):
        raise _unknown(alert_id)
    say(f"Alert {alert_id}: {found.value}.")


def _draw(story: Story, out: Path) -> None:
    try:
        from commands.alerts.picture import draw
    except ModuleNotFoundError as exc:
        raise QuantracError(
            f"Pictures need {exc.name}: install quantrac with [evaluate], as `make install` does."
        ) from exc
    try:
        draw(story, out)
    except OSError as exc:
        raise QuantracError(f"{out} cannot be written: {exc.strerror or exc}.") from exc


def _unknown(alert_id: int) -> QuantracError:
    return QuantracError(f"There is no alert {alert_id}: `quantrac alerts list --all` shows the numbers.")


def _triage(line: AlertLine) -> str | None:
    if line.triage is None or line.triage_probability is None:
        return None
    return f"{line.triage} {line.triage_probability:.0%}"


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
    Column("triage", _triage),
    Column("pages", lambda a: "yes" if a.page else "work item"),
)
_DELIVERY_COLUMNS: tuple[Column[DeliveryLine], ...] = (
    Column("id", lambda d: d.id, "right"),
    Column("alert", lambda d: d.alert_id, "right"),
    Column("incident", lambda d: d.incident_id, "right"),
    Column("channel", lambda d: d.channel),
    Column("created", lambda d: d.created_at),
    Column("state", _state),
    Column("delivered", lambda d: d.sent_at),
    Column("attempts", lambda d: d.attempts, "right"),
    Column("answer", lambda d: d.receipt or d.last_error),
)

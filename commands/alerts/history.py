"""``quantrac alerts show`` and ``deliveries``: what became of an alert, and who was told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from commands.views import Column, print_table
from quantrac.domain.words import as_text, number, number_vi
from quantrac.errors import QuantracError
from quantrac.terminal import say, say_json

if TYPE_CHECKING:
    from commands.context import Context
    from sql.alert_history import AlertHistory, SentLine, StepLine
    from sql.reports import AlertLine


def show(
    alert_id: Annotated[int, typer.Argument(metavar="ID", help="Number of the alert, as its message says.")],
    *,
    picture: Annotated[
        Path | None, typer.Option(help="Also draw it into this PNG file, as `alerts picture` does.", dir_okay=False)
    ] = None,
    masked: Annotated[bool, typer.Option("--masked", help="Hide addresses.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead.")] = False,
) -> None:
    """Show one alert: what it is about, what happened when, who was told and when, cause and notes.

    Example: quantrac alerts show 17 --picture alert-17.png
    """
    from commands.context import load_context
    from sql.alert_history import history_of
    from sql.reports import Reports

    context = load_context()
    with Reports(context.database().reader) as reports:
        alert = reports.alert(alert_id)
    if alert is None:
        raise unknown(alert_id)
    history = history_of(context.database().desk, alert_id)
    if picture is not None:
        draw_alert(context, alert, picture, None)
    if as_json:
        messages = [asdict(m) | {"recipient": recipient_of(m, masked=masked)} for m in history.messages]
        say_json({"alert": asdict(alert), **asdict(history), "messages": messages})
        return
    for line in _facts(alert, history):
        say(line)
    say("\nLịch sử · History", bold=True)
    print_table(_STEPS, history.steps)
    say("\nĐã báo · Told", bold=True)
    if history.messages:
        print_table(sent_columns(masked=masked), history.messages)
    else:
        say("Không báo ai · nobody: a work item.")
    say("\nNguyên nhân và ghi chú · Cause and notes", bold=True)
    notes = list(_notes(history))
    for line in notes or ["–"]:
        say(line)
    if (command := _more_of(alert)) is not None:
        say(f"\n{command} tells more of it.")
    if picture is None:
        say(f"\nquantrac alerts picture {alert_id} --out alert-{alert_id}.png draws it.")


def deliveries(
    limit: Annotated[int, typer.Option(min=1, help="At most so many, the newest first.")] = 50,
    masked: Annotated[bool, typer.Option("--masked", help="Hide addresses.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON array instead of a table.")] = False,
) -> None:
    """List notifications, whom they went to and whether they were delivered, the newest first.

    Example: quantrac alerts deliveries --masked
    """
    from commands.context import load_context
    from sql.alert_history import deliveries as sent
    from sql.reports import Reports

    database = load_context().database()
    lines = sent(database.desk, limit)
    with Reports(database.reader) as reports:
        held, since = reports.held_back()
    if as_json:
        say_json([asdict(x) | {"recipient": recipient_of(x, masked=masked)} for x in lines])
    elif lines:
        print_table(sent_columns(masked=masked), lines)
    else:
        say("No notifications yet.")
    if held and since is not None and not as_json:
        say(f"Held back since {as_text(since)} by the budget of messages: {held}. A digest tells of them.")


def unknown(alert_id: int) -> QuantracError:
    """Return the error of a number that no alert has."""
    return QuantracError(f"There is no alert {alert_id}: `quantrac alerts list --all` shows the numbers.")


def draw_alert(context: Context, alert: AlertLine, out: Path, hours: float | None) -> None:
    """Write the picture of an alert.

    Raises
    ------
    QuantracError
        It cannot be drawn, or written.
    """
    from commands.alerts.picture import draw
    from sql.catalogue import load_limit_sets
    from sql.reports import Reports
    from web.incidents.story import story_of

    reader = context.database().reader
    with Reports(reader) as reports:
        story = story_of(reports, context.registry(), load_limit_sets(reader), alert, hours)
    try:
        draw(story, out)
    except OSError as exc:
        raise QuantracError(
            f"{out} cannot be written: {exc.strerror or exc}. Name a file in a folder that exists."
        ) from exc


def recipient_of(line: SentLine, *, masked: bool) -> str:
    """Return whom a message went to; masked, the first letter and the server are left.

    >>> from types import SimpleNamespace
    >>> recipient_of(SimpleNamespace(recipient="an@so.vn", person=None), masked=True)
    'a***@so.vn'
    """
    name, at, server = line.recipient.rpartition("@")
    return f"{name[:1]}***{at}{server}" if masked and at else line.recipient


def sent_columns(*, masked: bool) -> tuple[Column[SentLine], ...]:
    """Return the columns of messages."""
    return (
        Column("id", lambda d: d.id, "right"),
        Column("incident", lambda d: d.incident_id, "right"),
        Column("what", lambda d: d.notice),
        Column("to", lambda d: recipient_of(d, masked=masked)),
        Column("written", lambda d: d.created_at),
        Column("state", _state),
        Column("alert", lambda d: d.alert_id, "right", extra=True),
        Column("last error", lambda d: d.last_error, extra=True),
        Column("delivered", lambda d: d.sent_at, extra=True),
        Column("person", lambda d: d.person, extra=True),
        Column("channel", lambda d: d.channel, extra=True),
        Column("tries", lambda d: d.attempts, "right", extra=True),
    )


def _state(line: SentLine) -> str:
    if line.sent_at is not None:
        return "delivered"
    if line.withdrawn_at is not None:
        return "withdrawn"
    return "given up" if line.failed_at is not None else "waiting"


def _facts(alert: AlertLine, history: AlertHistory) -> Iterator[str]:
    where = f"{alert.station} {alert.parameter}".rstrip()
    yield f"Cảnh báo · Alert {alert.id}: {where}, {alert.rule}, {alert.severity}"
    if alert.explanation_vi:
        yield f"  {alert.explanation_vi}"
        yield f"  {alert.explanation_en}"
    if alert.assessment is not None:
        from alerts.explanations import assessment_words

        found = alert.assessment.beside(alert.explanation_vi)
        words = assessment_words(found, alert.paged_as, over=alert.resolved_at is not None)
        yield f"  {words.vi}"
        yield f"  {words.en}"
    limits = [number_vi(b) for b in (alert.limit_minimum, alert.limit_maximum) if b is not None]
    worst = "-" if alert.peak_value is None else number_vi(alert.peak_value)
    yield f"Xấu nhất · Worst: {worst}; giới hạn · limit: {'–'.join(limits) or '-'} ({alert.limit_source or '-'})"
    ended = "còn mở · open" if alert.resolved_at is None else as_text(alert.resolved_at)
    yield f"Từ · Since: {as_text(alert.since)}; kết thúc · over: {ended}"
    incident = history.incident
    taken = alert.acknowledged_by or (None if incident is None else incident.holder)
    yield f"Người nhận · Taken by: {taken or '-'}" + (
        "" if alert.acknowledged_at is None else f", {as_text(alert.acknowledged_at)}"
    )
    if incident is not None:
        yield f"Sự cố · Incident: {incident.id}, {incident.state}"


def _more_of(alert: AlertLine) -> str | None:
    """Return the command that shows what a station has told otherwise; ``None`` where the alert is about another."""
    from streams.revisions import RULE, STATES_RULE

    of_rule = {RULE: "quantrac revisions show", STATES_RULE: "quantrac stations states"}
    return f"{of_rule[alert.rule]} {alert.station}" if alert.rule in of_rule else None


def _notes(history: AlertHistory) -> Iterator[str]:
    for at, cause in history.causes:
        yield f"{as_text(at)}  {cause or '-'}"
    if history.incident is not None and history.incident.cause is not None:
        yield f"sự cố · incident {history.incident.id}: {history.incident.cause} {history.incident.cause_text}".rstrip()
    yield from (
        f"{as_text(e.at)}  {e.actor}: {e.what} {e.detail}".rstrip() for e in history.events if e.actor and e.detail
    )


_STEPS: tuple[Column[StepLine], ...] = (
    Column("observed", lambda s: s.observed_at),
    Column("stored", lambda s: s.created_at),
    Column("what", lambda s: s.kind),
    Column("severity", lambda s: s.severity),
    Column("value", lambda s: None if s.value is None else number(s.value, 9), "right"),
    Column("why", lambda s: s.reason),
)

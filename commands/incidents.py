"""``quantrac incidents``: what belongs together, who has it, and what it was."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from commands.naming import known_station, named, require_sensor
from commands.views import Column, print_table
from quantrac.domain.incidents import HoldWindow, Incident, IncidentCause, IncidentEvent, WindowKind
from quantrac.domain.words import as_text
from quantrac.errors import QuantracError
from quantrac.terminal import say, say_json

if TYPE_CHECKING:
    from alerts.incidents.desk import Desk
    from alerts.incidents.lifecycle import Outcome
    from alerts.oncall.precision import Precision
    from commands.context import Context
    from quantrac.domain.briefing import Briefing
    from sql.incident_store import IncidentTransaction

app = typer.Typer(help="See incidents, take them, and close them with a cause.", no_args_is_help=True)

Number = Annotated[int, typer.Argument(metavar="ID", help="Number of the incident, as its message says.")]
By = Annotated[str, typer.Option("--by", help="Who does it: the code of a person on call, or a name.", callback=named)]


@app.command("list")
def list_(
    every: Annotated[bool, typer.Option("--all", help="Also those that are resolved or closed.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="At most so many, the newest first.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON array instead of a table.")] = False,
) -> None:
    """List incidents, the newest first.

    Example: quantrac incidents list --all
    """
    with _transaction() as (tx, _):
        incidents = tx.listed(limit, only_active=not every)
    if as_json:
        say_json([_document(i) for i in incidents])
    elif incidents:
        print_table(_COLUMNS, incidents)
    else:
        say("No incidents.")


@app.command("precision")
def precision_(
    weeks: Annotated[int, typer.Option(min=1, max=260, help="So many weeks, the running one included.")] = 8,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON array instead of a table.")] = False,
) -> None:
    """Say of each week how many pages about water were right, by the causes with which officers have closed them.

    Example: quantrac incidents precision --weeks 12
    """
    from alerts.oncall.precision import as_json as document
    from alerts.oncall.precision import by_week, first_of

    with _transaction() as (tx, now):
        found = by_week(tx.opened_in(first_of(weeks, now), now + timedelta(days=1)), weeks, now)
    if as_json:
        say_json([document(week) for week in found], indent=2)
        return
    print_table(_PRECISION_COLUMNS, found)
    say("Pages about water; right: pollution, process_upset; drills and other do not count. Interval: 95 % (Wilson).")


@app.command()
def show(
    incident_id: Number,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")] = False,
) -> None:
    """Show one incident: its alerts, and its history: who did what, what was told and why.

    Example: quantrac incidents show 17
    """
    with _transaction() as (tx, now):
        incident = tx.shown(incident_id)
        if incident is None:
            raise _unknown(incident_id)
        events, files = tx.events(incident_id), tx.attachments(incident_id)
        briefing = tx.briefing([m.alert_id for m in incident.members], list(incident.stations), now)
    if as_json:
        history = [{"at": e.at, "actor": e.actor, "what": e.what, "reason": e.reason, "detail": e.detail}
                   for e in events]  # fmt: skip
        say_json(_document(incident) | {"history": history})
        return
    for line in _facts(incident, briefing, now):
        say(line)
    for file in files:
        say(f"Tệp · File {file.id}: {file.name} ({file.size} bytes, sha256 {file.sha256})")
    say("\nLịch sử · History", bold=True)
    print_table(_EVENT_COLUMNS, events)


@app.command()
def acknowledge(incident_id: Number, by: By) -> None:
    """Take an incident: paging ends. The first one stays; `assign` hands it on.

    Example: quantrac incidents acknowledge 17 --by an
    """
    _done(incident_id, lambda desk: desk.acknowledge(incident_id, by))


@app.command()
def snooze(
    incident_id: Number,
    minutes: Annotated[float, typer.Argument(min=1, max=10_080, help="For how long.")],
    by: By,
) -> None:
    """Put an incident aside for some minutes; it comes back by itself.

    Example: quantrac incidents snooze 17 90 --by an
    """
    from quantrac.clock import SystemClock

    until = SystemClock().now() + timedelta(minutes=minutes)
    _done(incident_id, lambda desk: desk.snooze(incident_id, by, until))


@app.command()
def assign(
    incident_id: Number, to: Annotated[str, typer.Argument(help="Code of the person who gets it.")], by: By
) -> None:
    """Hand an incident on, and tell the one who gets it.

    Example: quantrac incidents assign 17 binh --by an
    """
    _done(incident_id, lambda desk: desk.assign(incident_id, by, to))


@app.command()
def comment(incident_id: Number, text: Annotated[str, typer.Argument(help="What to note.")], by: By) -> None:
    """Note something in the history of an incident.

    Example: quantrac incidents comment 17 "đã gọi nhà máy" --by an
    """
    _done(incident_id, lambda desk: desk.comment(incident_id, by, text))


@app.command()
def close(
    incident_id: Number,
    cause: Annotated[IncidentCause, typer.Argument(metavar="CAUSE", help=", ".join(IncidentCause))],
    by: By,
    text: Annotated[str, typer.Option(help="In words; needed for the cause `other`.")] = "",
) -> None:
    """Close an incident with its cause; causes are labels for the model.

    Example: quantrac incidents close 17 process_upset --text "tràn bể" --by an
    """
    _done(incident_id, lambda desk: desk.close(incident_id, by, cause, text))


@app.command()
def reopen(incident_id: Number, by: By) -> None:
    """Take back a closing that was a mistake.

    Example: quantrac incidents reopen 17 --by an
    """
    _done(incident_id, lambda desk: desk.reopen(incident_id, by))


@app.command()
def attach(
    incident_id: Number,
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="Photograph or document, 5 MiB at most.")],
    by: By,
) -> None:
    """Keep a file with an incident.

    Example: quantrac incidents attach 17 anh-cong-xa.jpg --by an
    """
    from mimetypes import guess_type

    from alerts.incidents.lifecycle import Act
    from quantrac.domain.incidents import MAX_ATTACHMENT_BYTES, Attachment

    size = file.stat().st_size
    if not 0 < size <= MAX_ATTACHMENT_BYTES:
        raise QuantracError(f"{file} has {size} bytes; give a file of 1 to {MAX_ATTACHMENT_BYTES} bytes.")
    content = file.read_bytes()
    with _transaction() as (tx, now):
        if tx.incident(incident_id) is None:
            raise _unknown(incident_id)
        kind = guess_type(file.name)[0] or "application/octet-stream"
        kept = tx.attach(incident_id, Attachment(0, now, by, file.name[:200], kind, "", size), content)
        if kept is not None:
            tx.add_events([IncidentEvent(incident_id, now, by, Act.ATTACH.value, "done", file.name)])
    say(f"{file.name} is kept." if kept is not None else f"{file.name} was kept before.")


@app.command()
def hold(
    station: Annotated[str, typer.Argument(help="Code of the station.")],
    minutes: Annotated[float, typer.Argument(min=1, max=100_000, help="For how long.")],
    *,
    by: By,
    kind: Annotated[WindowKind, typer.Option(help="maintenance, calibration or silence.")] = WindowKind.MAINTENANCE,
    parameter: Annotated[str, typer.Option(help="Only this sensor.")] = "",
    start: Annotated[datetime | None, typer.Option(help="When it begins, in Vietnam's time; default: now.")] = None,
    weekly: Annotated[bool, typer.Option("--weekly", help="Repeats every week until it is released.")] = False,
    note: Annotated[str, typer.Option(help="Why.")] = "",
) -> None:
    """Hold pages of a station or a sensor back; what still holds afterwards is told once.

    Example: quantrac incidents hold DT_X 120 --kind calibration --parameter COD --by an
    """
    from commands.context import load_context
    from quantrac.domain.stations import VIETNAM

    if kind is WindowKind.AD_HOC or (weekly and kind is WindowKind.SILENCE):
        raise QuantracError("A window is maintenance, calibration or silence, and a silence does not repeat.")
    with _transaction() as (tx, now):
        registry = load_context().registry()
        known_station(registry, station)
        if parameter:
            require_sensor(registry, station, parameter)
        starts_at = now if start is None else start.replace(tzinfo=VIETNAM)
        ends_at = starts_at + timedelta(minutes=minutes)
        repeat = 7 if weekly else 0
        if repeat and ends_at - starts_at >= timedelta(days=repeat):
            raise QuantracError("A weekly window must be shorter than a week.")
        window = HoldWindow(0, kind, station, parameter, starts_at, ends_at, repeat, by=by, note=note)
        number = tx.add_window(window)
    say(f"Window {number}: {station} {parameter} until {as_text(ends_at)}{', every week' if weekly else ''}.")


@app.command()
def release(window_id: Annotated[int, typer.Argument(metavar="WINDOW", help="Number of the window.")]) -> None:
    """End a window now; what still holds is told.

    Example: quantrac incidents release 3
    """
    with _transaction() as (tx, now):
        if not tx.end_window(window_id, now):
            raise QuantracError(f"There is no window {window_id}: `quantrac incidents windows` shows the numbers.")
    say(f"Window {window_id} is over.")


@app.command()
def windows() -> None:
    """List the windows that hold pages back, now or later, also those that loggers open by their status 01.

    Example: quantrac incidents windows
    """
    from alerts.incidents.reasons import IncidentPolicy

    with _transaction() as (tx, now):
        found = tx.windows(now, IncidentPolicy().longest_ad_hoc)
    print_table(_WINDOW_COLUMNS, found)


@app.command()
def outage(
    kind: Annotated[str, typer.Argument(help="broker, line or pipeline; or the number of an outage that is over.")],
    park: Annotated[str | None, typer.Option(help="Whose line; default: everybody's.")] = None,
    note: Annotated[str, typer.Option(help="What is known of it.")] = "",
) -> None:
    """Declare an outage, so that its silences are one incident; or end it by its number.

    Example: quantrac incidents outage line --park "KCN Sa Đéc"
    """
    with _transaction() as (tx, now):
        if kind.isdigit():
            if not tx.end_outage(int(kind), now):
                raise QuantracError(f"There is no outage {kind} that lasts.")
            say(f"Outage {kind} is over.")
        elif kind in {"broker", "line", "pipeline"}:
            say(f"Outage {tx.declare_outage(kind, park, now, note)} is declared.")
        else:
            raise QuantracError(f"{kind!r} is no kind of outage: give broker, line or pipeline.")


@contextmanager
def _transaction() -> Iterator[tuple[IncidentTransaction, datetime]]:
    from commands.context import load_context
    from sql.incident_store import IncidentStore

    context = load_context()
    store = IncidentStore(context.database().desk)
    try:
        with store.transaction() as tx:
            yield tx, context.clock.now()
    finally:
        store.close()


def _done(incident_id: int, act: Callable[[Desk], Outcome | None]) -> None:
    from alerts.incidents.desk import Desk
    from alerts.incidents.lifecycle import REFUSED
    from commands.context import load_context
    from sql.incident_store import IncidentStore

    context = load_context()
    store = IncidentStore(context.database().desk)
    try:
        outcome = act(Desk(store, context.clock, context.settings.web_url))
    finally:
        store.close()
    if outcome is None:
        raise _unknown(incident_id)
    incident = outcome.incident
    if outcome.answer in REFUSED:
        raise QuantracError(
            f"Incident {incident_id} is {incident.state.value}, held by {incident.holder or 'nobody'}; nothing was "
            f"changed: {outcome.answer.value}."
        )
    say(f"Incident {incident_id} is {incident.state.value}, held by {incident.holder or 'nobody'}.")


def run_incidents(context: Context, stop: threading.Event) -> None:
    """Turn alerts into incidents until ``stop`` is set.

    Raises
    ------
    SettingsError
        A server is not configured, or the file of webhooks holds a mistake.
    """
    from alerts.incidents.links import Signer, load_key
    from alerts.incidents.step import IncidentStep, StepOptions
    from quantrac.domain.notifications import Channel
    from sql.incident_store import IncidentStore

    settings = context.settings
    common = [(Channel.EMAIL, address) for address in settings.mail_to]
    if settings.webhooks_file is not None:
        from alerts.targets import fixed, load_targets

        common += [(Channel.WEBHOOK, name) for name in fixed(load_targets(settings.webhooks_file))]
    signer = None if settings.web_url is None else Signer(load_key(context.link_key_file), settings.web_url)
    options = StepOptions(tuple(common), pages=settings.incident_pages, web_url=settings.web_url, signer=signer)
    IncidentStep(IncidentStore(context.database().notifier), options, context.clock).run(stop)


def _unknown(incident_id: int) -> QuantracError:
    return QuantracError(f"There is no incident {incident_id}: `quantrac incidents list --all` shows the numbers.")


def _document(incident: Incident) -> dict[str, object]:
    from alerts.incidents.closing import as_json

    return {
        "id": incident.id,
        "state": incident.state.value,
        "severity": incident.severity.value,
        "topic": incident.topic.value,
        "extent": incident.extent.value,
        "stations": list(incident.stations),
        "since": incident.since,
        "holder": incident.holder,
        "paged_at": incident.paged_at,
        "reason": incident.reason,
        "cause": None if incident.cause is None else incident.cause.value,
        "cause_text": incident.cause_text,
        "closed_at": incident.closed_at,
        "closed_by": incident.closed_by,
        "after": None if incident.after is None else as_json(incident.after),
        "alerts": [m.alert_id for m in incident.members],
    }


def _facts(incident: Incident, briefing: Briefing, now: datetime) -> Iterator[str]:
    """Yield what an incident is, what has moved as its messages say it, and who has it."""
    from alerts.incidents.closing import BEFORE, closing_words
    from alerts.incidents.messages import IncidentNotice, findings
    from alerts.plaintext import labelled

    state = f"{incident.severity.value}, {incident.topic.value}, {incident.state.value}"
    yield f"Sự cố · Incident {incident.id}: {', '.join(incident.stations)}; {state}"
    yield f"Từ · Since: {as_text(incident.since)}; báo lúc · told: {as_text(incident.paged_at)} ({incident.reason})"
    cause = "" if incident.cause is None else f"; nguyên nhân · cause: {incident.cause.value} {incident.cause_text}"
    yield f"Người nhận · Taken by: {incident.holder or '-'}{cause}".rstrip()
    if incident.after is not None:
        yield f"{BEFORE.both}: {closing_words(incident.after, {}).vi}"
    yield f"Cảnh báo · Alerts: {', '.join(str(m.alert_id) for m in incident.members)}"
    for line in findings(IncidentNotice.of(incident, briefing, now)):
        yield f"  {labelled(line.label.vi, line.value.vi)}"


def _where(incident: Incident) -> str:
    stations = incident.stations
    return ", ".join(stations[:3]) + (f" +{len(stations) - 3}" if len(stations) > 3 else "")


def _detail(event: IncidentEvent) -> str:
    """Return what an act is about; of a snooze until when, in Vietnam's time as all instants."""
    if event.what == "snooze" and event.detail:
        return f"until {as_text(datetime.fromisoformat(event.detail))}"
    return event.detail


_COLUMNS: tuple[Column[Incident], ...] = (
    Column("id", lambda i: i.id, "right"),
    Column("severity", lambda i: i.severity.value),
    Column("state", lambda i: i.state.value),
    Column("stations", _where),
    Column("since", lambda i: i.since),
    Column("held by", lambda i: i.holder),
    Column("told", lambda i: i.paged_at, extra=True),
    Column("why", lambda i: i.reason, extra=True),
    Column("topic", lambda i: i.topic.value, extra=True),
    Column("alerts", lambda i: len(i.members), "right", extra=True),
    Column("cause", lambda i: None if i.cause is None else i.cause.value, extra=True),
)
_EVENT_COLUMNS: tuple[Column[IncidentEvent], ...] = (
    Column("at", lambda e: e.at),
    Column("who", lambda e: e.actor or "quantrac"),
    Column("what", lambda e: e.what),
    Column("why", lambda e: e.reason),
    Column("detail", _detail),
)
_WINDOW_COLUMNS: tuple[Column[HoldWindow], ...] = (
    Column("id", lambda w: w.id or None, "right"),
    Column("kind", lambda w: w.kind.value),
    Column("station", lambda w: w.station or "all"),
    Column("parameter", lambda w: w.parameter or "all"),
    Column("from", lambda w: w.starts_at),
    Column("to", lambda w: w.ends_at),
    Column("every days", lambda w: w.repeat_days or None, "right", extra=True),
    Column("by", lambda w: w.by, extra=True),
    Column("note", lambda w: w.note, extra=True),
)


def _interval(found: Precision) -> str:
    if found.share is None or found.interval is None:
        return "-"
    low, high = found.interval
    return f"{found.share:.0%} ({low:.0%} to {high:.0%})"


_PRECISION_COLUMNS: tuple[Column[Precision], ...] = (
    Column("week from", lambda p: p.starts_at.date()),
    Column("paged", lambda p: p.paged, "right"),
    Column("right", lambda p: p.right, "right"),
    Column("wrong", lambda p: p.wrong, "right"),
    Column("no cause yet", lambda p: p.unclosed, "right"),
    Column("precision", _interval),
    Column("causes", lambda p: ", ".join(f"{cause.value} {n}" for cause, n in p.causes.items())),
)

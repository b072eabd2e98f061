"""``quantrac revisions``: findings that wait because a station sent readings again, and what officers decide."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from datetime import datetime
from typing import Annotated

import typer

from commands.naming import named
from commands.views import Column, print_table
from quantrac.domain.revisions import PendingGroup, PendingJudgement, PendingState, RevisedReading
from quantrac.domain.stations import VIETNAM
from quantrac.domain.words import as_text
from quantrac.errors import QuantracError
from quantrac.terminal import say, say_json

app = typer.Typer(help="See revised readings of judged periods; accept or reject them.", no_args_is_help=True)

Station = Annotated[str, typer.Argument(metavar="STATION", help="Code of the station.")]
Parameter = Annotated[str | None, typer.Option(help="Only of this parameter.")]
Newest = Annotated[
    int, typer.Option(min=1, help="The newest number that you have seen: what came after it stays as it is.")
]
By = Annotated[str, typer.Option("--by", help="Who decides.", callback=named)]
Why = Annotated[str, typer.Option("--reason", help="Why; it stands in the audit and in the reports.")]


@app.command("list")
def list_(
    every: Annotated[bool, typer.Option("--all", help="Each finding by itself, also what was decided.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="At most so many lines.")] = 1000,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON array instead of a table.")] = False,
) -> None:
    """List what waits for an officer, by station and parameter. The old findings stand meanwhile.

    Example: quantrac revisions list
    """
    from commands.context import load_context
    from sql.revision_desk import RevisionDesk

    with RevisionDesk(load_context().database().reader) as desk:
        if as_json:
            say_json([asdict(p) for p in desk.pending(every=every, limit=limit)])
        elif every:
            print_table(_COLUMNS, desk.pending(every=True, limit=limit))
        elif groups := desk.groups(limit):
            print_table(_GROUP_COLUMNS, groups)
        else:
            say("No revision waits for a decision.")


@app.command()
def show(
    station: Station,
    parameter: Parameter = None,
    readings: Annotated[int, typer.Option(min=0, help="Show at most so many revised readings.")] = 40,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of tables.")] = False,
) -> None:
    """Show what waits of a station: each finding, each reading that was sent again, and by which message.

    Example: quantrac revisions show DT_KCN_SADEC_01 --parameter COD
    """
    from commands.context import load_context
    from sql.revision_desk import RevisionDesk

    with RevisionDesk(load_context().database().reader) as desk:
        found = desk.pending(station, parameter)
        sent = desk.of_findings(found)
    if as_json:
        say_json({"pending": [asdict(p) for p in found], "readings": [asdict(r) for r in sent]})
        return
    if not found:
        say(f"Nothing of {station} waits for a decision.")
        return
    print_table(_COLUMNS, found)
    print_table(_READING_COLUMNS, sent[:readings])
    if len(sent) > readings:
        say(f"… and {len(sent) - readings} more: --readings {len(sent)} shows them all.")
    say(f"Accept or reject: quantrac revisions accept {station} --newest {max(p.id for p in found)} --by … --reason …")


@app.command()
def accept(
    station: Station,
    newest: Newest,
    *,
    officer: By,
    reason: Why,
    parameter: Parameter = None,
    day: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Only of this day (Vietnam).")] = None,
) -> None:
    """Let the revised readings count: the new findings take the place of the old ones, which are kept.

    Example: quantrac revisions accept DT_KCN_SADEC_01 --newest 36 --by "Nguyễn Văn A" --reason "biên bản 12/BB"
    """
    _decide(station, parameter, day, newest, accept=True, officer=officer, reason=reason)


@app.command()
def reject(
    station: Station,
    newest: Newest,
    *,
    officer: By,
    reason: Why,
    parameter: Parameter = None,
    day: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Only of this day (Vietnam).")] = None,
) -> None:
    """Let the old findings stand for good. The revised readings are kept as well; both are shown.

    Example: quantrac revisions reject DT_KCN_SADEC_01 --newest 36 --by "Nguyễn Văn A" --reason "không có biên bản"
    """
    _decide(station, parameter, day, newest, accept=False, officer=officer, reason=reason)


def _decide(
    station: str, parameter: str | None, day: datetime | None, newest: int, *, accept: bool, officer: str, reason: str
) -> None:
    from commands.context import load_context
    from sql.revision_desk import RevisionDesk

    if not officer.strip() or not reason.strip():
        raise QuantracError("A decision needs --by and --reason: both stand in the audit and in the reports.")
    with RevisionDesk(load_context().database().desk) as desk:
        waiting = desk.pending(station, parameter)
        chosen = [p for p in waiting if p.id <= newest and (day is None or _day(p) == day.date())]
        if not chosen:
            raise QuantracError(
                f"Nothing of {station} up to number {newest} waits for a decision: `quantrac revisions list` shows "
                "what does."
            )
        outcomes = Counter(desk.decide([p.id for p in chosen], accept, officer, reason).values())
        left = len(desk.pending(station, parameter))
    said = ", ".join(f"{count} {outcome}" for outcome, count in sorted(outcomes.items()))
    say(f"{station}: {said}; {left} still wait.")


def _day(pending: PendingJudgement) -> object:
    return pending.start.astimezone(VIETNAM).date()


def _state(pending: PendingJudgement) -> str:
    if pending.state is PendingState.WAITING:
        return "waiting"
    by = "" if pending.decided_by is None else f" by {pending.decided_by}: {pending.decision_reason}"
    return f"{pending.state} {as_text(pending.decided_at)}{by}"


_GROUP_COLUMNS: tuple[Column[PendingGroup], ...] = (
    Column("station", lambda g: g.station),
    Column("parameter", lambda g: g.parameter),
    Column("from", lambda g: g.start),
    Column("until", lambda g: g.end),
    Column("hours", lambda g: g.hours, "right"),
    Column("days", lambda g: g.days, "right"),
    Column("readings", lambda g: g.readings, "right"),
    Column("stands → revised", lambda g: ", ".join(f"{old} → {new}: {count}" for old, new, count in g.changes)),
    Column("newest", lambda g: g.newest, "right"),
)
_COLUMNS: tuple[Column[PendingJudgement], ...] = (
    Column("number", lambda p: p.id, "right"),
    Column("station", lambda p: p.station),
    Column("parameter", lambda p: p.parameter),
    Column("window", lambda p: p.window.value),
    Column("from", lambda p: p.start),
    Column("cause", lambda p: p.cause.value),
    Column("readings", lambda p: p.revised_readings, "right"),
    Column("stands", lambda p: f"{as_text(p.standing_mean)} {p.standing_verdict}"),
    Column("revised", lambda p: f"{as_text(p.mean)} {p.verdict}"),
    Column("limit", lambda p: p.limit_maximum, "right"),
    Column("state", _state),
)
_READING_COLUMNS: tuple[Column[RevisedReading], ...] = (
    Column("measured", lambda r: r.observed_at),
    Column("parameter", lambda r: r.parameter),
    Column("was", lambda r: f"{as_text(r.old_value)} ({r.old_status})"),
    Column("is", lambda r: f"{as_text(r.value)} ({r.status})"),
    Column("sent again", lambda r: r.replaced_at),
    Column("message", lambda r: f"{r.partition}:{r.offset}"),
)

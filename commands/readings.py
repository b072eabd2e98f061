"""``quantrac readings``: did mine arrive? And what officers say of readings: revise, invalidate, restore."""

from __future__ import annotations

import csv
import math
import sys
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from commands.naming import known_station, named, require_sensor
from commands.views import Column, print_table
from quantrac.domain.stations import VIETNAM
from quantrac.domain.words import as_text, duration, local_time, number
from quantrac.terminal import say, say_json

if TYPE_CHECKING:
    from sql.readings_desk import ShownReading


class _ShowByDefault(TyperGroup):
    """``quantrac readings STATION`` is ``quantrac readings show STATION``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the word in that the caller has left out."""
        if args and not args[0].startswith("-") and args[0] not in self.commands:
            args = ["show", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    help="Readings as they are stored, and officers' words about them.", cls=_ShowByDefault, no_args_is_help=True
)
_MOST = 10_000_000
"""Lines that are read at most: a year of 90 parameters every five minutes."""
_EARLIEST = datetime(1900, 1, 1, tzinfo=VIETNAM)
_FLAGS = {1: "good", 2: "not tested", 3: "suspect", 4: "bad", 9: "missing"}
_DONE = {"revise": "revised", "invalidate": "not to be used", "restore": "restored"}
_CSV_HEAD = ("observed_at", "received_at", "parameter", "value", "status", "flag", "late", "revised", "officer")
_STATION = Annotated[str, typer.Argument(metavar="STATION", help="Code of the station.")]
_PARAMETER = Annotated[str, typer.Argument(metavar="PARAMETER", help="Such as COD.")]
_FROM = Annotated[str, typer.Option("--from", help="Date or instant; without an offset, Vietnam's time.")]
_TO = Annotated[str | None, typer.Option("--to", help="Up to this date or instant, included. Default: --from alone.")]
_BY = Annotated[str, typer.Option("--by", help="Name of the officer who says it.", callback=named)]
_REASON = Annotated[str, typer.Option("--reason", help="Why; stands in reports and in the audit.")]


@app.command()
def show(
    station: _STATION,
    *,
    parameter: Annotated[str | None, typer.Option(help="Only this one. Default: all.")] = None,
    since: Annotated[str | None, typer.Option("--from", help="Date or instant. Default: an hour ago.")] = None,
    until: Annotated[str | None, typer.Option("--to", help="Date or instant, included. Default: now.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=_MOST, help="At most so many, the newest first.")] = 200,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV, every reading, the oldest first.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON array instead of a table.")] = False,
) -> None:
    """Show what was stored of a station: when it was measured, when it arrived, what quality control said.

    Example: quantrac readings show DT_KCNSADEC_NUOSXL --parameter COD --from 2026-11-28 --csv
    """
    from commands.context import load_context
    from sql.readings_desk import readings_of

    context = load_context()
    known = known_station(context.registry(), station)
    if parameter is not None:
        require_sensor(context.registry(), known.code, parameter)
    now = context.clock.now()
    span = _span((since, until), now - timedelta(hours=1), now + timedelta(minutes=10))
    reader = context.database().reader
    found = readings_of(reader, known.code, parameter, span, _MOST if as_csv else limit)
    if as_csv:
        _write_csv(found)
    elif as_json:
        say_json([asdict(reading) for reading in found])
    elif found:
        print_table(_COLUMNS, found)
        if len(found) == limit:
            say(f"The newest {limit} are shown: --limit shows more, --csv all.", err=True)
    else:
        newest = readings_of(reader, known.code, parameter, (_EARLIEST, now), 1)
        say(_nothing_of(known.code, newest[0].observed_at if newest else None))


def _nothing_of(station: str, newest: datetime | None) -> str:
    if newest is None:
        return f"No readings of {station} are stored: `quantrac missing {station}` says what did not arrive."
    day = newest.astimezone(VIETNAM).date()
    return (
        f"No readings of {station} in this time. The newest is of {local_time(newest)}: "
        f"`quantrac readings {station} --from {day} --to {day + timedelta(days=1)}`."
    )


@app.command()
def revise(
    station: _STATION,
    parameter: _PARAMETER,
    *,
    value: Annotated[str, typer.Option(help="The number that counts instead, in the sensor's unit; 12.5 or 12,5.")],
    since: _FROM,
    until: _TO = None,
    officer: _BY,
    reason: _REASON,
) -> None:
    """Put another number in the place of readings; the old ones are kept, and can be restored.

    Example: quantrac readings revise DT_KCNSADEC_NUOSXL COD --value 41.5 --from "2026-11-28 10:05" --by "An" --reason R
    """
    from quantrac.errors import SettingsError

    try:
        counts = float(value.replace(",", "."))
    except ValueError:
        counts = math.nan
    if not math.isfinite(counts):
        raise SettingsError(f"--value {value}: give a number such as 41.5 or 41,5.")
    _say_of("revise", (station, parameter), (since, until), officer, reason, value=counts)


@app.command()
def invalidate(
    station: _STATION,
    parameter: _PARAMETER,
    *,
    since: _FROM,
    until: _TO = None,
    officer: _BY,
    reason: _REASON,
) -> None:
    """Say that readings are not to be used: they stay, and count in no mean; they can be restored.

    Example: quantrac readings invalidate DT_KCNSADEC_NUOSXL COD --from 2026-11-28 --to 2026-11-29 --by "An" --reason R
    """
    _say_of("invalidate", (station, parameter), (since, until), officer, reason)


@app.command()
def restore(
    station: _STATION,
    parameter: _PARAMETER,
    *,
    since: _FROM,
    until: _TO = None,
    officer: _BY,
    reason: _REASON,
) -> None:
    """Take officers' words back: what the station itself has sent counts again.

    Example: quantrac readings restore DT_KCNSADEC_NUOSXL COD --from "2026-11-28 10:05" --by "An" --reason mistaken
    """
    _say_of("restore", (station, parameter), (since, until), officer, reason)


def _say_of(
    what: str,
    sensor: tuple[str, str],
    span: tuple[str, str | None],
    officer: str,
    reason: str,
    *,
    value: float | None = None,
) -> None:
    from commands.context import load_context
    from quantrac.errors import QuantracError, SettingsError
    from sql.readings_desk import revise as write

    if not reason.strip():
        raise SettingsError("--reason is empty: say why, it stands in the audit and in reports.")
    context = load_context()
    station = known_station(context.registry(), sensor[0])
    require_sensor(context.registry(), station.code, sensor[1])
    since, until = _span(span, context.clock.now(), None)
    changed = write(
        context.database().desk,
        what,
        (station.code, sensor[1]),
        (since, until),
        value=value,
        officer=officer,
        reason=reason,
    )
    if not changed:
        raise QuantracError(
            f"Nothing to {what}: no reading of {station.code} {sensor[1]} from {as_text(since)} to {as_text(until)} "
            f"would change. `quantrac readings {station.code}` with --from and --to shows what is there."
        )
    say(
        f"{station.code} {sensor[1]}: readings {_DONE[what]}: {changed}. Their hours and days are judged anew; "
        "`quantrac audit list` has the entry."
    )


def _span(
    given: tuple[str | None, str | None], earliest: datetime, latest: datetime | None
) -> tuple[datetime, datetime]:
    """Return --from and --to; without ``latest`` the second defaults to the first.

    Raises
    ------
    SettingsError
        One is no instant, or the second is before the first.
    """
    from commands.instants import instant
    from quantrac.errors import SettingsError

    since = earliest if given[0] is None else instant("--from", given[0])
    until = (latest or since) if given[1] is None else instant("--to", given[1])
    if until < since and given[1] is None:
        raise SettingsError(f"--from {as_text(since)} has not come yet: give an earlier one.")
    if until < since:
        raise SettingsError(f"--to {as_text(until)} is before --from {as_text(since)}: exchange them.")
    return since, until


def _write_csv(found: list[ShownReading]) -> None:
    from quantrac.domain.stations import VIETNAM

    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(_CSV_HEAD)
    for r in reversed(found):
        stamps = (at.astimezone(VIETNAM).isoformat() for at in (r.observed_at, r.received_at))
        value = "" if r.value is None else repr(r.value)
        writer.writerow((*stamps, r.parameter, value, r.status, r.flag, int(r.late), int(r.revised), r.officer or ""))


def _delay(reading: ShownReading) -> str:
    """Say how long a reading took to arrive, and whether it was late; what is stamped ahead has arrived before."""
    took = reading.received_at - reading.observed_at
    words = f"+{duration(took)}" if took >= timedelta(0) else f"-{duration(-took)}"
    return f"{words}, late" if reading.late else words


def _changed(reading: ShownReading) -> str | None:
    if reading.officer is not None:
        return f"{reading.officer}: {reading.reason}"
    return "by the station" if reading.revised else None


_COLUMNS: tuple[Column[ShownReading], ...] = (
    Column("observed", lambda r: r.observed_at),
    Column("parameter", lambda r: r.parameter),
    Column("value", lambda r: None if r.value is None else number(r.value, 9), "right"),
    Column("status", lambda r: r.status),
    Column("quality", lambda r: _FLAGS.get(r.flag, str(r.flag))),
    Column("why", lambda r: ", ".join(r.reasons or ()) or None),
    Column("arrived", _delay),
    Column("revised", _changed),
)

"""``quantrac report day|month|wqi``."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from quantrac.domain.stations import VIETNAM
from quantrac.errors import QuantracError
from quantrac.terminal import say

if TYPE_CHECKING:
    from commands.context import Context
    from reports.period import Period

app = typer.Typer(help="Reports of a day or a month, of a station or of the province.", no_args_is_help=True)


_YEARS = range(1990, 9999)
"""There was no automatic station before; what is to come is refused with the instant at which it begins."""


class FileFormat(StrEnum):
    """The formats of a report; their names are those of ``reports.render``, which loads slowly."""

    HTML = "html"
    PDF = "pdf"
    XLSX = "xlsx"
    CSV = "csv"


_Station = Annotated[str | None, typer.Argument(metavar="[STATION]", help="Code of a station; without: the province.")]
_AsOf = Annotated[
    str | None,
    typer.Option("--as-of", help="As known at this instant, e.g. 2026-12-01T07:00 (Vietnam's time). Default: now."),
]
_Format = Annotated[FileFormat, typer.Option("--format", help="html, pdf, xlsx or csv.")]
_Out = Annotated[
    Path | None, typer.Option("--out", help="File to write. Default: named after station and period.", dir_okay=False)
]


@app.command()
def day(
    station: _Station = None,
    on: Annotated[str | None, typer.Option("--date", help="Day, e.g. 2026-11-30. Default: yesterday.")] = None,
    as_of: _AsOf = None,
    form: _Format = FileFormat.HTML,
    out: _Out = None,
) -> None:
    """Write the report of a day, 00:00 to 24:00 in Vietnam.

    Example: quantrac report day DT_CCNTHS_NUOTHA --date 2026-11-30 --format pdf
    """
    from commands.context import load_context
    from commands.reports.desk import yesterday
    from reports.period import Period

    context = load_context()
    period = yesterday(context.clock.now()) if on is None else Period.of_day(_day(on))
    _write(context, station, period, as_of=as_of, form=form, out=out)


@app.command()
def month(
    station: _Station = None,
    of: Annotated[str | None, typer.Option("--month", help="Month, e.g. 2026-11. Default: the last whole one.")] = None,
    as_of: _AsOf = None,
    form: _Format = FileFormat.HTML,
    out: _Out = None,
) -> None:
    """Write the report of a month.

    Example: quantrac report month --month 2026-11 --as-of 2026-12-01T07:00 --format xlsx
    """
    from commands.context import load_context
    from commands.reports.desk import last_month
    from reports.period import Period

    context = load_context()
    first = None if of is None else _day(f"{of}-01", given=of)
    period = last_month(context.clock.now()) if first is None else Period.of_month(first.year, first.month)
    _write(context, station, period, as_of=as_of, form=form, out=out)


@app.command()
def wqi() -> None:
    """Compute VN_WQI of the hot spots' hours and days that changed, for the dashboards; run it every few minutes.

    Example: quantrac report wqi
    """
    from commands.context import load_context
    from commands.reports.water_quality import refresh
    from reports.facts import ReportOptions

    context = load_context()
    options = ReportOptions(context.settings.minimum_completeness, context.settings.wqi_least_groups)
    done = refresh(context.database().writer, context.registry(), context.clock.now(), options)
    say(f"{done} hours and days computed.")


def _write(
    context: Context, station: str | None, period: Period, *, as_of: str | None, form: FileFormat, out: Path | None
) -> None:
    from commands.instants import instant
    from commands.reports.desk import SETTLED_AFTER, ReportDesk
    from reports.facts import ReportOptions
    from reports.period import refuse_future
    from reports.render import Format, render

    now = context.clock.now()
    known_at = now.replace(second=0, microsecond=0) if as_of is None else instant("--as-of", as_of)
    refuse_future(period, known_at, now)
    options = ReportOptions(context.settings.minimum_completeness, context.settings.wqi_least_groups)
    desk = ReportDesk(context.database().reader, context.registry(), options)
    document = desk.province(period, known_at) if station is None else desk.station(station, period, known_at)
    path = out or Path(f"{document.file_stem}.{form}")
    try:
        path.write_bytes(render(document, Format(form)))
    except OSError as exc:
        raise QuantracError(
            f"{path} cannot be written: {exc.strerror or exc}. Name a file in a folder that exists, with --out."
        ) from exc
    say(f"{path}: {document.subject.vi}, {document.period.vi}, as known at {known_at.astimezone(VIETNAM)}")
    if now - known_at < SETTLED_AFTER:
        say(
            "Note: readings of the last minutes may still be on their way into the database. To sign, take an "
            f"--as-of at least {SETTLED_AFTER.seconds // 60} minutes old.",
            err=True,
        )


def _day(text: str, given: str | None = None) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = date.min
    if day.year not in _YEARS:
        what, like = ("day", "2026-11-30") if given is None else ("month", "2026-11")
        raise QuantracError(f"{given or text!r} is no {what} that a report can be about: write it like {like}.")
    return day

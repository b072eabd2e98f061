"""``quantrac export``: stored readings in the formats of others."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from commands.naming import known_station
from quantrac.domain.stations import VIETNAM, midnight
from quantrac.terminal import say

app = typer.Typer(help="Write stored readings in the formats of others.", no_args_is_help=True)
_DAY = typer.Option(formats=["%Y-%m-%d"], help="Vietnamese calendar day, included.")


@app.command()
def files(
    station: Annotated[str, typer.Argument(help="Code of a station.")],
    first: Annotated[datetime, _DAY],
    last: Annotated[datetime, _DAY],
    to: Annotated[Path, typer.Option(help="Folder for the files, below it yyyy/MM/dd.")],
) -> None:
    """Write a station's readings as files of TT 10/2021, one per instant, as its logger would have sent them.

    Values, times and statuses are those that count today; flags of quality control are not part of the layout.

    Example: quantrac export files DT_KCNSADEC_NUOSXL --first 2026-11-01 --last 2026-11-30 --to /tmp/export
    """
    from commands.context import load_context
    from ingest.forwarder.stationfile import file_of
    from quantrac.errors import QuantracError
    from sql.export import readings_by_instant

    context = load_context()
    registry = context.registry()
    described = known_station(registry, station)
    since, until = midnight(first.date()), midnight(last.date() + timedelta(days=1))
    if since >= until:
        raise QuantracError(f"{last:%Y-%m-%d} lies before {first:%Y-%m-%d}: give the first day first.")
    written = 0
    for instant, readings in readings_by_instant(context.database().reader, described.code, since, until):
        version = registry.station(described.code, instant) or described
        name, content = file_of(readings, {s.parameter: s.unit for s in version.sensors})
        folder = to / f"{instant.astimezone(VIETNAM):%Y/%m/%d}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)
        except OSError as exc:
            raise QuantracError(f"{folder / name} cannot be written: {exc.strerror}.") from exc
        written += 1
    say(f"{written} files in {to}")

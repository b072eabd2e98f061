"""A month of one station: eight parameters every five minutes, 5 % revised later; rows as of an instant, each format.

Beside them one read by primary key. ``python -m bench.reports`` starts a database of its own; its last line is one JSON
object.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import psycopg

from local.servers import LocalServers
from quantrac.domain.stations import Sensor, Station, StationKind
from quantrac.endpoints import DatabaseEndpoint
from quantrac.settings import load_settings
from reports.document import Document
from reports.facts import LATE_AFTER, SILENT_AFTER, Facts
from reports.period import Period
from reports.render import Format, render
from reports.station import station_report
from sql.report_rows import station_rows
from sql.runner import migrate

PARAMETERS = ("pH", "Temp", "TSS", "COD", "NH4", "Flow", "Flow_in", "TN")
STATION = Station(
    "BENCH", date(2026, 1, 1), "Trạm đo", "Bench", StationKind.EFFLUENT, "-", 105.6, 10.4,
    tuple(Sensor(p, "m3/h" if p.startswith("Flow") else "mg/L") for p in PARAMETERS),
)  # fmt: skip
AS_OF = datetime(2026, 11, 15, tzinfo=UTC)
_READINGS = """
    INSERT INTO readings (
        observed_at, received_at, value, raw_offset, raw_partition, flag, station, parameter, status
    )
    SELECT at, at + interval '20 s', round((60 + 40 * random())::numeric, 1), 1, 0,
           CASE WHEN random() < 0.02 THEN 4 ELSE 1 END, 'BENCH', parameter,
           CASE WHEN random() < 0.01 THEN '01' ELSE '00' END
      FROM unnest(%s::text[]) AS parameter,
           generate_series('2026-10-01 00:00+07'::timestamptz, '2026-10-31 23:55+07', '5 min') AS at
"""
_REVISIONS = """
    INSERT INTO reading_revisions (
        station, parameter, observed_at, received_at, value, status, flag, raw_partition, raw_offset,
        replaced_at, replaced_by_partition, replaced_by_offset
    )
    SELECT station, parameter, observed_at, received_at, value, status, flag, 0, 1, '2026-11-20', 0, 2
      FROM readings WHERE random() < 0.05
"""
_REVISED = """
    UPDATE readings AS kept SET value = kept.value - 1, raw_offset = 2
      FROM reading_revisions AS was
     WHERE (was.station, was.parameter, was.observed_at) = (kept.station, kept.parameter, kept.observed_at)
"""
_JUDGEMENTS = """
    INSERT INTO judgements (
        station, parameter, "window", window_start, mean, verdict, limit_maximum, limit_source, ratio, usable_count,
        expected, retrospective, judged_at
    )
    SELECT station, parameter, 'hour', date_bin('1 hour', observed_at, '2000-01-01'), avg(value),
           CASE WHEN avg(value) > 85 THEN 'exceeded' ELSE 'within' END, 85, 'bench', avg(value) / 85, 12, 12, false,
           '2026-11-01'
      FROM readings GROUP BY 1, 2, 4
"""
_BY_KEY = (
    "SELECT value FROM readings WHERE station = 'BENCH' AND parameter = 'COD' AND observed_at = '2026-10-15 12:00+07'"
)


def measure_reports(database: DatabaseEndpoint, repeats: int = 3) -> dict[str, object]:
    """Return seconds of a station-month and their ratio to a read by primary key; the least of some runs."""
    with psycopg.connect(database.owner) as connection:
        for text in (_READINGS, _REVISIONS, _REVISED, _JUDGEMENTS):
            connection.execute(text.encode(), (list(PARAMETERS),) if "%s" in text else None)
    document = _month(database)
    with psycopg.connect(database.reader, autocommit=True) as connection:
        key_s = _least(lambda: connection.execute(_BY_KEY.encode()).fetchone(), 200)
    rows_s = _least(lambda: _month(database), repeats)
    drawn = {form: _least(lambda form=form: render(document, form), repeats) for form in Format}  # type: ignore[misc]
    figures: dict[str, object] = {
        "report_month_s": round(rows_s + drawn[Format.PDF], 3),
        "report_month_over_read_by_key": round((rows_s + drawn[Format.PDF]) / key_s),
        "report_month_tables_s": round(rows_s, 3),
        "read_by_key_ms": round(1000 * key_s, 3),
    }
    return figures | {f"report_month_{form}_s": round(seconds, 3) for form, seconds in drawn.items()}


def _month(database: DatabaseEndpoint) -> Document:
    period = Period.of_month(2026, 10)
    rows = station_rows(
        database.reader, "BENCH", period.start, period.end, AS_OF, late_after=LATE_AFTER, silent_after=SILENT_AFTER
    )
    return station_report(Facts(period, ((period.first_day, STATION),), rows, AS_OF))


def main() -> None:
    """Measure on a server of its own and print it."""
    settings = load_settings()
    with tempfile.TemporaryDirectory(prefix="quantrac-bench-") as folder:
        Path(folder).chmod(0o711)
        servers = LocalServers(Path(folder), settings.cache_dir, mirror=settings.debian_mirror)
        try:
            servers.postgres.start()
            database = servers.postgres.create_database("bench_reports")
            migrate(database.owner)
            sys.stdout.write(json.dumps(measure_reports(database)) + "\n")
        finally:
            servers.stop_all()


def _least(run: Callable[[], object], repeats: int) -> float:
    best = float("inf")
    for _ in range(repeats):
        began = time.perf_counter()
        run()
        best = min(best, time.perf_counter() - began)
    return best


if __name__ == "__main__":
    main()

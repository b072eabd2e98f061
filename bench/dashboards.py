"""Every panel's SQL over a province's sums of two months, beside one read by primary key.

``python -m bench.dashboards`` starts a database of its own; its last line is one JSON object. ``--days`` and
``--stations`` make it smaller.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg

from dashboards.catalogue import dashboards
from dashboards.grafana import Panel
from local.servers import LocalServers
from quantrac.endpoints import DatabaseEndpoint
from quantrac.settings import load_settings
from sql.runner import migrate

PARAMETERS = ("pH", "Temp", "TSS", "COD", "NH4", "Flow", "Flow_in", "DO")
REPEATS = 3
_STATIONS = """
    INSERT INTO stations (code, effective_from, name_vi, name_en, kind, park, operator, longitude, latitude)
    SELECT 'BENCH_' || n, '2025-01-01', 'Trạm ' || n, 'Bench ' || n,
           CASE WHEN n %% 10 = 0 THEN 'surface_water' ELSE 'effluent' END, 'KCN ' || n / 5, '-', 105.7, 10.4
      FROM generate_series(1, %(stations)s) AS n
"""
_SENSORS = """
    INSERT INTO sensors (station, effective_from, position, parameter, unit, cadence_s)
    SELECT code, effective_from, n, parameter, CASE WHEN parameter LIKE 'Flow%%' THEN 'm3/h' ELSE 'mg/L' END, 300
      FROM stations, unnest(%(parameters)s::text[]) WITH ORDINALITY AS sensor (parameter, n)
"""
_LIMITS = """
    INSERT INTO effective_limits (station, parameter, effective_from, unit, maximum, day_only, source)
    SELECT station, parameter, effective_from, unit, 90, false, 'bench' FROM sensors
"""
_READINGS = """
    INSERT INTO readings (observed_at, received_at, value, raw_offset, raw_partition, flag, station, parameter, status)
    SELECT at, at + interval '20 s', 60 + 40 * random(), 1, 0, CASE WHEN random() < 0.02 THEN 4 ELSE 1 END, station,
           parameter, '00'
      FROM sensors, generate_series(now() - make_interval(days => %(days)s), now(), '5 min') AS at
"""
_HOURS = """
    INSERT INTO reading_hours (
        station, parameter, hour_start, usable_sum, usable_count, total_count, late_count, dirty
    )
    SELECT station, parameter, date_bin('1 hour', observed_at, '2000-01-01'),
           coalesce(sum(value) FILTER (WHERE flag <= 2), 0)::numeric, count(*) FILTER (WHERE flag <= 2),
           count(*), 0, false
      FROM readings GROUP BY 1, 2, 3
     ORDER BY 3, 1, 2
"""
_DAYS = """
    INSERT INTO reading_days (
        station, parameter, day, usable_sum, usable_count, total_count, late_count, dirty, busiest_hour
    )
    SELECT station, parameter, (hour_start AT TIME ZONE 'Asia/Ho_Chi_Minh')::date, sum(usable_sum), sum(usable_count),
           sum(total_count), 0, false, max(total_count)
      FROM reading_hours GROUP BY 1, 2, 3
"""
_JUDGEMENTS = """
    INSERT INTO judgements (
        station, parameter, "window", window_start, mean, verdict, limit_maximum, limit_source, usable_count, expected,
        retrospective, judged_at
    )
    SELECT station, parameter, 'hour', hour_start, usable_sum / usable_count,
           CASE WHEN usable_sum / usable_count > 88 THEN 'exceeded' ELSE 'within' END, 88, 'bench', usable_count, 12,
           false, now()
      FROM reading_hours WHERE usable_count > 0
     ORDER BY hour_start
"""
_DAY_JUDGEMENTS = """
    INSERT INTO judgements (
        station, parameter, "window", window_start, mean, verdict, limit_maximum, limit_source, usable_count, expected,
        retrospective, judged_at
    )
    SELECT station, parameter, 'day', day::timestamp AT TIME ZONE 'Asia/Ho_Chi_Minh', usable_sum / usable_count,
           CASE WHEN usable_count < 230 THEN 'incomplete' WHEN usable_sum / usable_count > 81 THEN 'exceeded'
                ELSE 'within' END,
           81, 'bench', usable_count, 288, false, now()
      FROM reading_days WHERE usable_count > 0
     ORDER BY day
"""
_LATEST = """
    INSERT INTO latest_readings (station, parameter, observed_at, received_at, value, flag, status)
    SELECT station, parameter, now(), now(), 70, 1, '00' FROM sensors
"""
_PRESENCE = "INSERT INTO station_presence (station, online, last_received_at) SELECT code, true, now() FROM stations"
FILL = (
    _STATIONS, _SENSORS, _LIMITS, _READINGS, _HOURS, _DAYS, _JUDGEMENTS, _DAY_JUDGEMENTS, _LATEST, _PRESENCE,
)  # fmt: skip
_BY_KEY = "SELECT value FROM latest_readings WHERE station = 'BENCH_1' AND parameter = 'COD'"
_MACRO = re.compile(r"\$([_a-zA-Z]+)\(([^)]*)\)")


def measure(database: DatabaseEndpoint, days: int, stations: int) -> dict[str, object]:
    """Fill a database, and return the slowest queries of a week and of all days, and their ratio to a key read.

    Figures are times of the clock, and of the processor (``cpu``: what the server's process worked, without parallel
    helpers), which other work on the machine does not change.
    """
    arguments = {"days": days, "stations": stations, "parameters": list(PARAMETERS)}
    with psycopg.connect(database.owner, autocommit=True) as connection:
        for text in FILL:
            connection.execute(text.encode(), arguments if "%(" in text else None)
        connection.execute("VACUUM ANALYZE")
    codes = [f"BENCH_{n}" for n in range(1, stations + 1)]
    figures: dict[str, object] = {}
    with psycopg.connect(database.reader, autocommit=True) as connection:
        for clock, seconds_of in (("", _seconds), ("cpu_", _processor_seconds)):
            key_s = min(seconds_of(connection, _BY_KEY) for _ in range(200))
            figures[f"{clock}read_by_key_ms"] = round(1000 * key_s, 3)
            for name, back, interval in (("week", timedelta(days=7), "1h"), ("all", timedelta(days=days), "6h")):
                took = {
                    f"{dashboard.uid}/{panel.title}": min(
                        seconds_of(connection, expanded(target.sql, codes, _own(panel) or back, interval))
                        for _ in range(REPEATS)
                    )
                    for dashboard in dashboards()
                    for panel in dashboard.panels
                    for target in panel.targets
                }
                slowest = sorted(took.items(), key=lambda item: -item[1])[:5]
                figures[f"{clock}slowest_{name}_s"] = {title: round(seconds, 3) for title, seconds in slowest}
                figures[f"{clock}slowest_{name}_over_read_by_key"] = round(slowest[0][1] / key_s)
            connection.execute("SET max_parallel_workers_per_gather = 0")
    return figures


def _own(panel: Panel) -> timedelta | None:
    """Return the time range that a panel asks for whatever is chosen at the top."""
    if panel.back is None:
        return None
    return timedelta(hours=int(panel.back[:-1]) * {"h": 1, "d": 24}[panel.back[-1]])


def expanded(sql: str, stations: Sequence[str], back: timedelta, interval: str) -> str:
    """Return a panel's SQL with its variables and macros in place, as Grafana sends it."""
    now = datetime.now(UTC)
    chosen: Mapping[str, Sequence[str]] = {
        "stations": stations,
        "station": stations[:1],
        "parameter": ("COD",),
        "park": ("KCN 0",),
        "severity": ("critical", "high", "warning", "info"),
    }
    seconds = {"1h": 3600, "6h": 6 * 3600}[interval]
    sql = sql.replace("$__interval_ms", str(1000 * seconds)).replace("$__interval", f"{seconds} s")
    sql = re.sub(r"\$\{(\w+):sqlstring\}", lambda m: ",".join(f"'{value}'" for value in chosen[m[1]]), sql)

    def macro(match: re.Match[str]) -> str:
        column, *rest = (argument.strip() for argument in match[2].split(","))
        return {
            "__timeFilter": f"{column} BETWEEN '{(now - back).isoformat()}' AND '{now.isoformat()}'",
            "__timeFrom": f"'{(now - back).isoformat()}'",
            "__timeTo": f"'{now.isoformat()}'",
            "__timeGroupAlias": f"time_bucket('{rest[0] if rest else ''}', {column}) AS \"time\"",
        }[match[1]]

    return _MACRO.sub(macro, sql)


def _seconds(connection: psycopg.Connection[object], sql: str) -> float:
    began = time.perf_counter()
    connection.execute(sql.encode()).fetchall()
    return time.perf_counter() - began


def _processor_seconds(connection: psycopg.Connection[object], sql: str) -> float:
    began = _processor_s(connection.info.backend_pid)
    connection.execute(sql.encode()).fetchall()
    return _processor_s(connection.info.backend_pid) - began


def _processor_s(pid: int) -> float:
    return int(Path(f"/proc/{pid}/schedstat").read_text("ascii").split()[0]) / 1e9


def main() -> None:
    """Measure on a server of its own and print it."""
    parser = argparse.ArgumentParser(prog="python -m bench.dashboards", description=__doc__)
    parser.add_argument("--days", type=int, default=60)
    parser.add_argument("--stations", type=int, default=50)
    options = parser.parse_args()
    settings = load_settings()
    with tempfile.TemporaryDirectory(prefix="quantrac-bench-") as folder:
        Path(folder).chmod(0o711)
        servers = LocalServers(Path(folder), settings.cache_dir, mirror=settings.debian_mirror)
        try:
            servers.postgres.start()
            database = servers.postgres.create_database("bench_dashboards")
            migrate(database.owner)
            sys.stdout.write(json.dumps(measure(database, options.days, options.stations), ensure_ascii=False) + "\n")
        finally:
            servers.stop_all()


if __name__ == "__main__":
    main()

"""The centre's page with 1,000 open incidents and 100 open pages: how fast it answers, how soon they see a change.

``python -m bench.page``; the last line is one JSON object.
"""

from __future__ import annotations

import json
import re
import sys
import threading
import time
from pathlib import Path

import psycopg
import requests

from bench.province import bench_registry
from local.page import invite, put_on_call
from local.servers.progress import NoProgress
from local.servers.webjars import fetch_scripts
from local.stage import temporary_stage
from quantrac.clock import SystemClock
from quantrac.endpoints import DatabaseEndpoint
from quantrac.settings import load_settings
from web.options import WebOptions
from web.server import listen, serve

INCIDENTS = 1000
VIEWERS = 100
CHANGES = 5
FILL = """
WITH made AS (
    INSERT INTO alerts (station, parameter, rule, kind, severity, opened_at, since, explanation_vi, explanation_en)
    SELECT code, 'COD', 'bench_' || n, 'limit', 'high', now(), now() - n * INTERVAL '1 min', 'COD vượt', 'COD beyond'
      FROM generate_series(1, %(n)s) n
      JOIN LATERAL (SELECT code FROM current_stations ORDER BY code OFFSET n %% %(stations)s LIMIT 1) s ON true
    RETURNING id
), changed AS (
    INSERT INTO alert_transitions (alert_id, kind, reason, observed_at, severity)
    SELECT id, 'opened', 'held', now(), 'high' FROM made RETURNING id, alert_id
), told AS (
    INSERT INTO incidents (topic, state, extent, severity, opened_at, spread_at, reason)
    SELECT 'water', 'open', 'station', 'high', now(), now(), 'opened' FROM made RETURNING id
)
INSERT INTO incident_alerts (incident_id, alert_id, transition_id, joined_at, counts)
SELECT t.id, c.alert_id, c.id, now(), true
  FROM (SELECT id, row_number() OVER (ORDER BY id) AS n FROM told) t
  JOIN (SELECT id, alert_id, row_number() OVER (ORDER BY id) AS n FROM changed) c USING (n)
"""
READINGS = """
WITH stored AS (
    INSERT INTO readings (observed_at, received_at, value, raw_offset, raw_partition, flag, station, parameter, status)
    SELECT at, at, 50 + 20 * random(), 1, 0, 1, 'BENCH_000', 'COD', '00'
      FROM generate_series(now() - INTERVAL '60 days', now(), INTERVAL '5 min') AS at
)
INSERT INTO latest_readings (station, parameter, observed_at, received_at, value, flag, status)
SELECT 'BENCH_000', 'COD', now(), now(), 50, 1, '00'
"""
CHANGE = """
INSERT INTO incident_events (incident_id, at, actor, what, reason)
SELECT max(id), now(), '', 'update', 'worse' FROM incidents
"""


def measure_page(database: DatabaseEndpoint, cache_dir: Path, requests_each: int = 40) -> dict[str, float]:
    """Return quantiles of pages and of a trend over sixty days, and how long the slowest viewer waits for news."""
    with psycopg.connect(database.owner) as connection:
        found = connection.execute("SELECT count(*) FROM current_stations").fetchone()
        connection.execute(FILL.encode(), {"n": INCIDENTS, "stations": found[0] if found else 1})
        row = connection.execute("SELECT station FROM latest_readings LIMIT 1").fetchone()
    listener, options = listen(WebOptions(scripts=fetch_scripts(cache_dir, NoProgress()), logins_at_once=1000))
    stop, ready = threading.Event(), threading.Event()
    arguments = (listener, options, database.web, SystemClock(), stop)
    thread = threading.Thread(target=serve, args=arguments, kwargs={"ready": ready.set})
    thread.start()
    try:
        ready.wait(60)
        return _measured(database, options.origin, None if row is None else str(row[0]), requests_each)
    finally:
        stop.set()
        thread.join(30)


def _measured(database: DatabaseEndpoint, origin: str, station: str | None, requests_each: int) -> dict[str, float]:
    browser = _logged_in(database, origin)
    viewers = [_Viewer(origin, {k: v or "" for k, v in browser.cookies.items()}) for _ in range(VIEWERS)]
    for viewer in viewers:
        viewer.begun.wait(60)
    paths = ["/", "/incidents", f"/stations/{station}" if station else "/duty", "/stations.json"]
    took = [_took_ms(browser, f"{origin}{path}") for _ in range(requests_each) for path in paths]
    trend = f"{origin}/stations/{station}/trend.json?parameter=COD&hours=1440"
    trends = [_took_ms(browser, trend) for _ in range(requests_each)] if station else [0.0]
    waits = []
    for _ in range(CHANGES):
        for viewer in viewers:
            viewer.heard.clear()
        with psycopg.connect(database.owner) as connection:
            connection.execute(CHANGE.encode())
        began = time.perf_counter()
        waits.append(max((viewer.heard.wait(30), time.perf_counter() - began)[1] for viewer in viewers))
    return {
        "p50_ms": round(_quantile(took, 0.5), 1),
        "p95_ms": round(_quantile(took, 0.95), 1),
        "trend_60_days_p95_ms": round(_quantile(trends, 0.95), 1),
        "slowest_of_100_viewers_s": round(max(waits), 2),
    }


class _Viewer:
    """An open page, that notes when it hears of incidents."""

    def __init__(self, origin: str, cookies: dict[str, str]) -> None:
        self.begun, self.heard = threading.Event(), threading.Event()
        threading.Thread(target=self._listen, args=(origin, cookies), daemon=True).start()

    def _listen(self, origin: str, cookies: dict[str, str]) -> None:
        with requests.get(f"{origin}/live", cookies=cookies, stream=True, timeout=60) as answer:
            for line in answer.iter_lines(chunk_size=1):
                self.begun.set()
                if line == b"event: incidents":
                    self.heard.set()


def _logged_in(database: DatabaseEndpoint, origin: str) -> requests.Session:
    browser = requests.Session()
    put_on_call(database, "bench@localhost", SystemClock().now())
    link = invite(database.web, origin, SystemClock())
    word = re.search(r'name="csrf" value="([0-9a-f]{64})"', browser.get(link, timeout=60).text)
    browser.post(link, data={"csrf": word[1] if word else ""}, timeout=60)
    return browser


def _took_ms(browser: requests.Session, url: str) -> float:
    while True:
        began = time.perf_counter()
        answer = browser.get(url, timeout=60)
        took = (time.perf_counter() - began) * 1000
        if answer.status_code != requests.codes.too_many:
            answer.raise_for_status()
            return took
        time.sleep(1)  # our own bound of requests a session


def _quantile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def main() -> None:
    """Measure on a stage of its own, of which no process runs, with sixty days of one sensor."""
    with temporary_stage("page", load_settings(), bench_registry(), SystemClock()) as stage:
        database = stage.servers.database()
        with psycopg.connect(database.owner) as connection:
            connection.execute(READINGS.encode())
        result = measure_page(database, load_settings().cache_dir)
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()

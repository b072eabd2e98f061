"""Ten thousand alerts that open within a minute: grouped, told and delivered by the real processes: their memory, too.

``python -m bench.storm``; the last line is one JSON object. The alerts are written as workers write them, 150 stations
long; `run incidents` and `run notifier` do the rest, to the mail catcher.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import psycopg

from bench.meter import Meter
from bench.province import STATIONS, bench_registry
from local.stage import Stage, temporary_stage
from quantrac.clock import SystemClock
from quantrac.settings import load_settings

ALERTS, SECONDS = 10_000, 60
PATIENCE_S = 300.0
_OPEN = """
WITH made AS (
    INSERT INTO alerts (station, parameter, rule, kind, severity, opened_at, since, page,
                        explanation_vi, explanation_en)
    SELECT 'BENCH_' || lpad((n %% %(stations)s)::text, 3, '0'), (ARRAY['COD', 'TSS', 'NH4'])[n %% 3 + 1],
           'bench_' || n, 'limit', 'high', now(), now(), true, 'COD vượt giới hạn', 'COD beyond its limit'
      FROM generate_series(%(first)s::integer, %(last)s) AS n
    RETURNING id
)
INSERT INTO alert_transitions (alert_id, kind, reason, observed_at, severity)
SELECT id, 'opened', 'held', now(), 'high' FROM made
"""
_SEEN = """
SELECT (SELECT count(*) FROM incident_alerts), (SELECT count(*) FROM incidents), (SELECT count(*) FROM outbox),
       (SELECT count(*) FROM outbox WHERE sent_at IS NULL)
"""


@dataclass(frozen=True, slots=True)
class Seen:
    """What has become of the alerts."""

    placed: int
    incidents: int
    messages: int
    unsent: int


def measure_storm(stage: Stage, alerts: int = ALERTS, seconds: int = SECONDS) -> dict[str, object]:
    """Return how long after the last alert all were in incidents and all messages delivered, and the memory."""
    parts = (stage.pipeline.incidents, stage.pipeline.notifier)
    for part in parts:
        part.start()
    with (
        psycopg.connect(stage.servers.database().owner, autocommit=True) as connection,
        Meter(lambda: parts) as meter,
    ):
        time.sleep(2)
        before = dict(meter.rss_mb)
        began = time.monotonic()
        for second in range(seconds):
            first = alerts * second // seconds
            span = {"stations": STATIONS, "first": first, "last": alerts * (second + 1) // seconds - 1}
            connection.execute(_OPEN.encode(), span)
            time.sleep(max(0.0, began + second + 1 - time.monotonic()))
        halfway = dict(meter.rss_mb)
        ended = time.monotonic()
        placed_s = _until(connection, lambda seen: seen.placed >= alerts) - ended
        delivered_s = _until(connection, lambda seen: seen.unsent == 0) - ended
        seen = _look(connection)
        time.sleep(5)
    return {
        "alerts": alerts,
        "incidents": seen.incidents,
        "messages": seen.messages,
        "mails": len(list((stage.servers.mail.folder).glob("*.eml"))),
        "grouped_after_s": round(placed_s, 1),
        "delivered_after_s": round(delivered_s, 1),
        "rss_mb": {name: [round(before[name]), round(halfway[name]), round(meter.rss_mb[name])] for name in before},
    }


def _look(connection: psycopg.Connection[tuple[int, int, int, int]]) -> Seen:
    row = connection.execute(_SEEN.encode()).fetchone()
    return Seen(*row) if row is not None else Seen(0, 0, 0, 0)


def _until(connection: psycopg.Connection[tuple[int, int, int, int]], done: Callable[[Seen], bool]) -> float:
    ends = time.monotonic() + PATIENCE_S
    while not done(_look(connection)):
        if time.monotonic() > ends:
            raise TimeoutError(f"It did not come to that within {PATIENCE_S:g} s: {_look(connection)}.")
        time.sleep(0.2)
    return time.monotonic()


def main() -> None:
    """Measure on a stage of its own, of which only the two processes run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--alerts", type=int, default=ALERTS)
    options = parser.parse_args()
    with temporary_stage("storm", load_settings(), bench_registry(), SystemClock()) as stage:
        result = measure_storm(stage, options.alerts)
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()

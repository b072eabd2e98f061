"""Live delays beside a back-fill: ``python -m bench.lanes --days 30``; the last line is one JSON object.

Ten stations send so many days at once, by MQTT at five minutes, while the others of a province report live. Alerts are
opened in the transaction that stores their readings, so the delay of readings from sending to commit is that of alerts.
Nobody may be paged for the ten, and each of their readings has to be stored. They are silent in their last forty
minutes: what is not late would count to the live delays, after it has waited for the rest.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from dataclasses import replace
from typing import Any

import psycopg

from bench.delays import delays_of, quantiles
from bench.province import bench_registry
from local.processes import part
from local.stage import Stage, temporary_stage
from quantrac.clock import SystemClock
from quantrac.domain.stations import Registry
from quantrac.settings import load_settings
from simulators.fleet import REPORT_FILE

BACK = 10
LIVE_READINGS_PER_S = 50.0
LONGEST_S = 540.0
_PAGES = """
    SELECT count(*) FROM outbox AS o
     WHERE EXISTS (SELECT FROM alerts AS a LEFT JOIN incident_alerts AS m ON m.alert_id = a.id
                    WHERE a.station LIKE 'BACK_%' AND (a.id = o.alert_id OR m.incident_id = o.incident_id))
"""
_STORED = "SELECT count(*) FROM readings WHERE station LIKE 'BACK_%'"
_JUDGED = "SELECT count(*) FROM judgements WHERE station LIKE 'BACK_%' AND verdict = 'exceeded' AND retrospective"


def lanes_registry() -> Registry:
    """Return the bench's province, the first ten stations as they are registered in reality: every five minutes."""
    stations = bench_registry().stations
    slow = [
        replace(s, code=f"BACK_{n}", sensors=tuple(replace(each, cadence_s=300) for each in s.sensors))
        for n, s in enumerate(stations[:BACK])
    ]
    return Registry((*slow, *stations[BACK:]))


def measure_lanes(stage: Stage, days: int, seconds: float, longest_s: float) -> dict[str, Any]:
    """Return the live stations' delays alone and beside the back-fill, and what became of that.

    After ``longest_s`` the back-fill is ended, and what was seen until then is told.
    """
    live = [f"--station={s.code}" for s in lanes_registry().stations[BACK:]]
    alone = delays_of(stage, LIVE_READINGS_PER_S, seconds, *live)
    folder = stage.run_dir / "back"
    silence = stage.run_dir / "silence.toml"
    silence.write_text(_silence(days), encoding="utf-8")
    named = [f"--station=BACK_{n}" for n in range(BACK)]
    sender = part(
        stage.run_dir, "backfill", "simulate", "--backfill", f"{days}d", "--duration", "0", *named,
        "--scenario", str(silence), "--folder", str(folder), "--json",
    )  # fmt: skip
    began_s = time.perf_counter()
    sender.start()
    beside: Counter[int] = Counter()
    sent = 0
    try:
        while (sender.pid is not None or not sent or _count(stage, _STORED) < sent) and _since(began_s) < longest_s:
            beside += delays_of(stage, LIVE_READINGS_PER_S, seconds, *live, drain=False)
            if sender.pid is None:
                sent = json.loads((folder / REPORT_FILE).read_text("utf-8"))["published_readings"]
            print(f"  {_since(began_s):.0f} s: {_count(stage, _STORED):,} readings of the past", file=sys.stderr)
    finally:
        sender.stop()
    took_s = _since(began_s)
    stage.let(seconds)  # the last hours and days are judged
    return {
        "days": days,
        "backfill_readings_sent": sent or None,
        "stored": _count(stage, _STORED),
        "backfill_s": round(took_s),
        "live_alone": quantiles(alone),
        "live_beside": quantiles(beside),
        "exceedances_judged": _count(stage, _JUDGED),
        "pages_for_the_past": _count(stage, _PAGES),
    }


def _silence(days: int) -> str:
    events = (
        f'[[event]]\nkind = "silence"\nstation = "BACK_{n}"\nstart = {days * 86_400 - 2400}\nduration = 7200\n'
        for n in range(BACK)
    )
    return 'title = "Nothing that is not late"\n' + "".join(events)


def _since(began_s: float) -> float:
    return time.perf_counter() - began_s


def _count(stage: Stage, query: str) -> int:
    with psycopg.connect(stage.servers.database().owner) as connection:
        row = connection.execute(query.encode()).fetchone()
    return 0 if row is None else int(row[0])


def main() -> None:
    """Measure on a stage of its own."""
    parser = argparse.ArgumentParser(prog="python -m bench.lanes", description=__doc__)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--seconds", type=float, default=30.0, help="of one run of the live stations")
    parser.add_argument("--longest", type=float, default=LONGEST_S, help="s, after which the back-fill is ended")
    options = parser.parse_args()
    with temporary_stage("lanes", load_settings(), lanes_registry(), SystemClock()) as stage:
        stage.start()
        result = measure_lanes(stage, options.days, options.seconds, options.longest)
    sys.stdout.write(json.dumps(result) + "\n")
    sys.exit(1 if result["pages_for_the_past"] or result["stored"] != result["backfill_readings_sent"] else 0)


if __name__ == "__main__":
    main()

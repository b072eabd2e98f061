"""From a sensor's reading to the page that was sent: ``python -m bench.pages``; the last line is one JSON object.

Beside the fleet of the province, at 5 and at 1,000 readings a second, one probing station after the other publishes
its second COD reading beyond the limit, the one that opens the alert. The clock runs from just before that message is
handed to the MQTT client until the mail server has the page on its disk: broker, bridge, Kafka, worker, database,
incidents, notifier, SMTP over TLS. The probing stations are drill copies: their pages go the way of all pages, to the
officer on duty, and are not counted as a storm, of which ten pages in ten minutes would make a digest.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import psycopg

from bench.delays import DRAINED_S, NOTHING_COMMITTED, READINGS_PER_MESSAGE, delays_so_far, fleet
from bench.meter import Meter
from bench.province import bench_registry
from local.page import put_on_call
from local.stage import Stage, temporary_stage
from quantrac.clock import SystemClock
from quantrac.domain.stations import Registry, Station, drill_copy
from quantrac.settings import load_settings
from simulators.encoder import encode_readings
from simulators.messages import Message, Sample
from simulators.probe import Probe
from sql.delays import quantile_s

RATES = (5.0, 1000.0)
"""Readings/s of everything together: that of a province, and two hundred times it."""
PROBES = 100
EVERY_S = 1.0
LONGEST_WARM_UP_S = 120.0
LOOK_S = 4.0
SETTLED_S = 1.0
"""The first station begins when half of the readings of so many seconds were stored within so short a time."""
PATIENCE_S = 60.0
COD_MG_L = 400.0
"""Far beyond every limit of the sample stations, and within what an analyser can show."""
_SENT = """
SELECT a.station, min(t.created_at), min(o.created_at), min(o.message_id)
  FROM alerts AS a
  JOIN alert_transitions AS t ON t.alert_id = a.id AND t.kind = 'opened'
  JOIN incident_alerts AS m ON m.alert_id = a.id
  JOIN outbox AS o ON o.incident_id = m.incident_id AND o.notice = 'page'
 WHERE a.station = ANY (%(stations)s) AND a.kind = 'limit' AND a.page AND o.sent_at IS NOT NULL
 GROUP BY a.station
"""


@dataclass(frozen=True, slots=True)
class Way:
    """The instants of a page."""

    published: datetime
    alerted: datetime
    """The worker's transaction began that opened the alert."""
    told: datetime
    """The step of incidents began that wrote the message."""
    accepted: datetime
    """The mail server had it on its disk."""


def probes(registry: Registry, count: int) -> list[Station]:
    """Return stations of one COD sensor, each in no park: each of them is an incident of its own."""
    pattern = next(s for s in registry.stations if s.limit_set and "COD" in s.sensor_of)
    sensors = (pattern.sensor_of["COD"],)
    return [
        drill_copy(replace(pattern, code=f"PROBE_{n:03d}", name_vi=f"Đo {n}", name_en=f"Probe {n}", park=None,
                           sensors=sensors, contacts=()))
        for n in range(count)
    ]  # fmt: skip


def measure_pages(
    stage: Stage, stations: Sequence[Station], readings_per_s: float, every_s: float
) -> dict[str, object]:
    """Return quantiles of the time from a reading to its page (s), one a station, at a rate of all readings."""
    own_per_s = 2 / every_s
    messages_per_s = (readings_per_s - own_per_s) / READINGS_PER_MESSAGE
    honest = [f"--station={s.code}" for s in bench_registry().stations]
    run = fleet(stage, messages_per_s, every_s * len(stations) + LONGEST_WARM_UP_S, *honest)
    run.begin()
    # A worker's first batch compiles and loads; what queued up meanwhile is no delay of this rate.
    stage.until(lambda: run.look().ledger.stored > 0, LONGEST_WARM_UP_S, NOTHING_COMMITTED)
    stage.until(lambda: _settled(stage), LONGEST_WARM_UP_S, "The worker did not keep up.")
    with Meter(lambda: (*stage.servers.all, *stage.pipeline.parts, run.fleet)) as cost:
        began_s = time.perf_counter()
        published = _publish(stage, stations, every_s)
        took_s = time.perf_counter() - began_s
    ways = _ways(stage, published)
    run.stop()
    run.until_drained(DRAINED_S)
    run.close()
    cores = {name: round(s / took_s, 2) for name, s in sorted(cost.cpu_s.items()) if s > 0.01 * took_s}
    return {**_quantiles(ways), "pages": len(ways), "asked": len(stations), "cores": cores}


def _settled(stage: Stage) -> bool:
    """Whether what is sent now is stored soon; what queued up before is no delay of this rate."""
    before = delays_so_far(stage)
    stage.let(LOOK_S)
    p50_s = quantile_s(delays_so_far(stage) - before, 0.5)
    return p50_s is not None and p50_s < SETTLED_S


def _publish(stage: Stage, stations: Sequence[Station], every_s: float) -> dict[str, datetime]:
    """Let one station after the other publish, and return when each one's decisive reading went off."""
    clock, published = SystemClock(), dict[str, datetime]()
    for station in stations:
        ends_s = clock.monotonic_s() + every_s
        with Probe(stage.servers.mosquitto.endpoint(station.code), station.code) as probe:
            first = clock.now()
            probe.say(_reading(station, first - timedelta(seconds=1), 0, first))
            time.sleep(max(0.0, ends_s - clock.monotonic_s()))
            published[station.code] = now = clock.now()
            probe.say(_reading(station, now, 1, now))
        stage.supervisor.tend()
    return published


def _reading(station: Station, observed_at: datetime, number: int, sent_at: datetime) -> bytes:
    """Return a message beyond the limit; no two alike, so that no probe looks stuck."""
    sample = Sample("COD", COD_MG_L + number, station.sensor_of["COD"].unit)
    message = Message(station.code, observed_at, sent_at, (sample,))
    return encode_readings(message, sent_at=sent_at, session="probe", seq=number)


def _ways(stage: Stage, published: dict[str, datetime]) -> list[Way]:
    """Wait for the pages, and return the way of each; one that never came is not in it."""
    ends_s = time.monotonic() + PATIENCE_S
    with psycopg.connect(stage.servers.database().owner, autocommit=True) as connection:
        while True:
            rows = connection.execute(_SENT.encode(), {"stations": list(published)}).fetchall()
            if len(rows) == len(published) or time.monotonic() > ends_s:
                break
            stage.let(0.5)
    accepted = {mail.message_id: mail.received_at.astimezone(UTC) for mail in stage.servers.mail.mails()}
    return [Way(published[s], alerted, told, accepted[message]) for s, alerted, told, message in rows]


def _quantiles(ways: Iterable[Way]) -> dict[str, float | None]:
    found = list(ways)
    whole = sorted((w.accepted - w.published).total_seconds() for w in found)
    steps = {
        "to_alert_p50_s": [w.alerted - w.published for w in found],
        "to_message_p50_s": [w.told - w.alerted for w in found],
        "to_mail_p50_s": [w.accepted - w.told for w in found],
    }
    parts = {name: _at(sorted(s.total_seconds() for s in spans), 0.5) for name, spans in steps.items()}
    return {"p50_s": _at(whole, 0.5), "p99_s": _at(whole, 0.99), "longest_s": _at(whole, 1)} | parts


def _at(ordered: Sequence[float], share: float) -> float | None:
    """Return the least value that so great a share does not exceed."""
    if not ordered:
        return None
    place = max(0, -(-len(ordered) * share // 1) - 1)
    return round(ordered[int(place)], 3)


def main() -> None:
    """Measure at both rates on a stage of its own."""
    parser = argparse.ArgumentParser(prog="python -m bench.pages", description=__doc__)
    parser.add_argument("--probes", type=int, default=PROBES, help="pages at each rate")
    parser.add_argument("--every", type=float, default=EVERY_S, help="s between two pages")
    options = parser.parse_args()
    registry = bench_registry()
    every = probes(registry, options.probes * len(RATES))
    settings = load_settings()
    both = Registry((*registry.stations, *every))
    with temporary_stage("pages", settings, both, SystemClock()) as stage:
        put_on_call(stage.servers.database(), settings.mail_to[0], SystemClock().now())
        stage.start()
        result = {}
        for number, rate in enumerate(RATES):
            some = every[number * options.probes : (number + 1) * options.probes]
            result[f"page_at_{rate:g}"] = measure_pages(stage, some, rate, options.every)
            print(f"  {rate:g} readings/s: {result[f'page_at_{rate:g}']}", file=sys.stderr, flush=True)
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()

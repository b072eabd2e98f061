"""``make bench``: prints a table, and as its last line one JSON object.

``make bench ARGS=--quick`` takes shorter measurements; ``ARGS=--model-only`` needs no servers;
``ARGS='--profile DIR'`` writes a flame graph of the worker.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.bare_copy import copy_rows_per_s
from bench.delays import DRAINED_S, FLEET_GOES_ON, NOTHING_COMMITTED, delays_of, fleet, quantiles
from bench.feed import fill
from bench.flood import measure_floods
from bench.meter import Meter
from bench.model import measure_model
from bench.page import measure_page
from bench.province import bench_registry
from local.processes import Part
from local.stage import Stage, temporary_stage
from quantrac.clock import SystemClock
from quantrac.domain.stations import Station
from quantrac.errors import QuantracError
from quantrac.settings import load_settings

FIRST_MESSAGES_PER_S = 600.0
STEP = 1.15
MOST_STEPS = 12
WARM_UP_S = 3.0
BEHIND_S = 3.0
"""The fleet's report is a second old, and a batch takes part of one."""

say = Console(stderr=True).print


def main() -> None:
    """Measure everything and print it."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a third of the time, wider scatter")
    parser.add_argument("--profile", type=Path, help="write a flame graph of the worker under load into this folder")
    parser.add_argument("--model-only", action="store_true", help="only the anomaly model, without servers")
    options = parser.parse_args()
    seconds = 10.0 if options.quick else 30.0
    say("The anomaly model alone …")
    result = measure_model(2100 if options.quick else 6000, 3 if options.quick else 5)
    if not options.model_only:
        registry = bench_registry()
        with temporary_stage("bench", load_settings(), registry, SystemClock()) as stage:
            result = measure(stage, registry.stations, seconds, options.profile) | result
    show(result)
    sys.stdout.write(json.dumps(result) + "\n")


def measure(stage: Stage, stations: Iterable[Station], seconds: float, profile: Path | None) -> dict[str, object]:
    """Run every measurement on one stage."""
    owner = stage.servers.database().owner
    say(f"Bare COPY into the hypertable, {seconds / 3:.0f} s …")
    copy = copy_rows_per_s(owner, seconds / 3)
    stage.start()
    say(f"Delay at 5 readings/s, {2 * seconds:.0f} s …")
    slow = delays_of(stage, 5.0, 2 * seconds)
    say(f"Delay at 1,000 readings/s, {seconds:.0f} s …")
    fast = delays_of(stage, 1000.0, seconds)
    say(f"The whole path under load, {seconds:.0f} s …")
    with Meter(lambda: (*(s for s in stage.servers.all if s.name != "mail"), *stage.parts)) as meter:
        whole = _whole_path(stage, seconds)
    say("The worker alone, from a full topic …")
    alone = _worker_alone(stage, stations, profile)
    say(f"Honest stations beside one that floods, {5 * seconds / 2:.0f} s …")
    floods = measure_floods(stage, seconds / 2)
    say("The centre's page with 1,000 open incidents and 100 viewers …")
    page = measure_page(stage.servers.database(), load_settings().cache_dir)
    if stage.restarts:
        raise QuantracError(
            f"{stage.restarts} processes ended by themselves while they were measured; see the warnings."
        )
    return {
        "readings_per_s": round(whole),
        "copy_rows_per_s": round(copy),
        "ratio": round(whole / copy, 3),
        "worker_readings_per_s": round(alone),
        "delay_at_5": quantiles(slow),
        "delay_at_1000": quantiles(fast),
        "beside_a_flood": floods,
        "page": page,
        "rss_mb": {name: round(mb) for name, mb in sorted(meter.rss_mb.items())},
        "cpu_s": {name: round(s, 1) for name, s in sorted(meter.cpu_s.items())},
    }


def show(result: dict[str, object]) -> None:
    """Print the table for people."""
    table = Table("figure", "value", title="quantrac bench")
    for name, value in result.items():
        shown = ", ".join(f"{k} {v}" for k, v in value.items()) if isinstance(value, dict) else f"{value:,}"
        table.add_row(name, shown)
    Console().print(table)


def _whole_path(stage: Stage, seconds: float) -> float:
    """Return the highest rate of committed readings that the path has kept up with.

    The rate rises step by step. A path that keeps up has at the end of a step no more under way than ``BEHIND_S`` of
    readings; what queues up in the broker beyond that would only measure the broker's queue.
    """
    best, rate = 0.0, FIRST_MESSAGES_PER_S
    for _ in range(MOST_STEPS):
        committed, kept_up = _step(stage, rate, seconds / 2)
        verdict = "kept up" if kept_up else "fell behind"
        say(f"  {rate:,.0f} messages/s asked: {committed:,.0f} readings/s committed, {verdict}")
        if not kept_up:
            return best or committed
        best, rate = max(best, committed), rate * STEP
    return best


def _step(stage: Stage, messages_per_s: float, seconds: float) -> tuple[float, bool]:
    """Publish at a rate; return readings committed per second, and whether the path kept up."""
    run = fleet(stage, messages_per_s, seconds + WARM_UP_S + 5.0)
    run.begin()
    stage.until(lambda: run.look().ledger.stored > 0, 60, NOTHING_COMMITTED)
    stage.let(WARM_UP_S)
    first, began = run.look(), time.perf_counter()
    stage.let(seconds)
    last, ended = run.look(), time.perf_counter()
    stage.until(run.ended, seconds + 90, FLEET_GOES_ON)
    run.until_drained(DRAINED_S)
    run.close()
    committed = (last.ledger.stored - first.ledger.stored) / (ended - began)
    behind = last.fleet.published - last.done
    asked = messages_per_s * last.fleet.published / max(last.fleet.messages, 1)
    return committed, behind < BEHIND_S * asked and committed > 0.9 * asked


def _worker_alone(stage: Stage, stations: Iterable[Station], profile: Path | None) -> float:
    """Return the readings per second of a worker that finds everything in Kafka already."""
    (worker,) = stage.pipeline.workers
    worker.stop()
    readings = fill(stage.servers.kafka(), sorted(stations, key=lambda s: s.code), 40_000, SystemClock())
    run = stage.fleet()  # never begun: only its accounts are wanted
    run.accountant.begin(SystemClock().now())
    worker.start()
    if profile is not None:
        _profile(worker, profile)

    # Not only what is stored: the load before it may have had the same instants.
    def done() -> int:
        return run.look().done

    stage.until(lambda: done() > 0, 60, NOTHING_COMMITTED)
    first, began = done(), time.perf_counter()
    stage.until(lambda: done() >= readings, 300, "The worker did not come to the end of the topic.")
    elapsed = time.perf_counter() - began
    run.close()
    return (readings - first) / elapsed


def _profile(worker: Part, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    py_spy = Path(sys.executable).parent / "py-spy"
    command: list[str | Path] = [
        py_spy,
        "record",
        "--pid",
        str(worker.pid),
        "--duration",
        "10",
        "--output",
        folder / "worker.svg",
    ]
    subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


if __name__ == "__main__":
    main()

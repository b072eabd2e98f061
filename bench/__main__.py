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
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import psycopg
from rich.console import Console
from rich.table import Table

from bench.bare_copy import copy_rows_per_s
from bench.feed import fill
from bench.model import measure_model
from local.accounts import Accountant
from local.processes import Part
from local.stage import BenchStage, Meter, bench_stage, wait_until
from quantrac.clock import SystemClock
from simulators.fleet import REPORT_FILE
from sql.delays import quantile_s

FIRST_MESSAGES_PER_S = 600.0
STEP = 1.15
MOST_STEPS = 12
WARM_UP_S = 3.0
BEHIND_S = 3.0
"""The fleet's report is a second old, and a batch takes part of one."""
READINGS_PER_MESSAGE = 7.5
"""Of the sample province on average; only to choose the rates of the delay runs."""

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
    result = measure_model(2000 if options.quick else 6000, 3 if options.quick else 5)
    if not options.model_only:
        with bench_stage() as stage:
            result = measure(stage, seconds, options.profile) | result
    show(result)
    sys.stdout.write(json.dumps(result) + "\n")


def measure(stage: BenchStage, seconds: float, profile: Path | None) -> dict[str, object]:
    """Run every measurement on one stage."""
    owner = stage.servers.database().owner
    say(f"Bare COPY into the hypertable, {seconds / 3:.0f} s …")
    copy = copy_rows_per_s(owner, seconds / 3)
    pipeline = stage.pipeline()
    parts, (worker,) = pipeline.parts, pipeline.workers
    try:
        for each in parts:
            each.start()
        say(f"Delay at 5 readings/s, {2 * seconds:.0f} s …")
        slow = _delays(stage, 5.0, 2 * seconds)
        say(f"Delay at 1,000 readings/s, {seconds:.0f} s …")
        fast = _delays(stage, 1000.0, seconds)
        say(f"The whole path under load, {seconds:.0f} s …")
        with Meter(lambda: _pids(stage, parts)) as meter:
            whole = _whole_path(stage, seconds)
        say("The worker alone, from a full topic …")
        worker.stop()
        alone = _worker_alone(stage, worker, profile)
    finally:
        for each in reversed(parts):
            each.stop()
    return {
        "readings_per_s": round(whole),
        "copy_rows_per_s": round(copy),
        "ratio": round(whole / copy, 3),
        "worker_readings_per_s": round(alone),
        "delay_p50_s_at_5": _rounded(quantile_s(slow, 0.5)),
        "delay_p99_s_at_5": _rounded(quantile_s(slow, 0.99)),
        "delay_p50_s_at_1000": _rounded(quantile_s(fast, 0.5)),
        "delay_p99_s_at_1000": _rounded(quantile_s(fast, 0.99)),
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


def _delays(stage: BenchStage, readings_per_s: float, seconds: float) -> dict[int, int]:
    """Return the histogram of delays of a run at a rate."""
    before = _histogram(stage)
    fleet = stage.fleet(readings_per_s / READINGS_PER_MESSAGE, seconds)
    fleet.start()
    wait_until(lambda: fleet.pid is None, seconds + 60, "the end of the fleet")
    _until_at_rest(stage)
    time.sleep(3.0)  # the worker writes the delays of its last batch with its next sweep
    return dict(_histogram(stage) - before)


def _histogram(stage: BenchStage) -> Counter[int]:
    with psycopg.connect(stage.servers.database().reader) as connection:
        rows = connection.execute("SELECT bucket, sum(readings)::bigint FROM delays GROUP BY bucket").fetchall()
    return Counter(dict(rows))


def _whole_path(stage: BenchStage, seconds: float) -> float:
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


def _step(stage: BenchStage, messages_per_s: float, seconds: float) -> tuple[float, bool]:
    """Publish at a rate; return readings committed per second, and whether the path kept up."""
    accountant, clock = _accountant(stage), SystemClock()
    accountant.begin(clock.now())
    fleet = stage.fleet(messages_per_s, seconds + WARM_UP_S + 5.0)
    fleet.start()
    wait_until(lambda: accountant.look(clock.now()).ledger.stored > 0, 60, "the first commit")
    time.sleep(WARM_UP_S)
    first, began = accountant.look(clock.now()), time.perf_counter()
    time.sleep(seconds)
    last, ended = accountant.look(clock.now()), time.perf_counter()
    wait_until(lambda: fleet.pid is None, seconds + 90, "the end of the fleet")
    accountant.close()
    _until_at_rest(stage)
    committed = (last.ledger.stored - first.ledger.stored) / (ended - began)
    behind = last.fleet.published - last.done
    asked = messages_per_s * last.fleet.published / max(last.fleet.messages, 1)
    return committed, behind < BEHIND_S * asked and committed > 0.9 * asked


def _worker_alone(stage: BenchStage, worker: Part, profile: Path | None) -> float:
    """Return the readings per second of a worker that finds everything in Kafka already."""
    readings = fill(stage.servers.kafka(), stage.stations, 40_000, SystemClock())
    accountant = _accountant(stage)
    accountant.begin(SystemClock().now())
    worker.start()
    if profile is not None:
        _profile(worker, profile)

    # Not only what is stored: the load before it may have had the same instants.
    def look() -> int:
        return accountant.look(SystemClock().now()).done

    wait_until(lambda: look() > 0, 60, "the first commit")
    first, began = look(), time.perf_counter()
    wait_until(lambda: look() >= readings, 300, "the last commit")
    elapsed = time.perf_counter() - began
    accountant.close()
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


def _accountant(stage: BenchStage) -> Accountant:
    servers = stage.servers
    return Accountant(
        servers.database(), servers.kafka(), stage.run_dir / "simulate" / REPORT_FILE, servers.mail.folder
    )


def _until_at_rest(stage: BenchStage) -> None:
    accountant = _accountant(stage)
    wait_until(lambda: accountant.waiting() == 0, 300, "an empty queue")
    accountant.close()


def _pids(stage: BenchStage, parts: Sequence[Part]) -> dict[str, int | None]:
    servers = {server.name: server.pid for server in stage.servers.all if server.name != "mail"}
    return servers | {each.name: each.pid for each in parts}


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)


if __name__ == "__main__":
    main()

"""Delay of honest stations beside one that floods: ``python -m bench.flood``; the last line is one JSON object."""

from __future__ import annotations

import argparse
import json
import sys
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from bench.delays import delays_of, quantiles
from bench.province import bench_registry
from local.stage import Stage, temporary_stage
from quantrac.clock import SystemClock
from quantrac.settings import load_settings
from simulators.flood import FLOODS, flood

HONEST_READINGS_PER_S = 50.0
"""Ten provinces; the delay of five readings a second would be that of a handful of messages."""
FLOODER = "BENCH_000"
PER_S = {"large nonsense": 20.0, "many refusals": 20.0, "small nonsense": 1000.0}
"""Messages a second of the flood: forty times the quota of bytes (256 KiB each), twenty times that of messages. None
holds a reading that is stored, so that the delays are those of the honest stations alone."""


def measure_floods(stage: Stage, seconds: float) -> dict[str, object]:
    """Return delays of the honest stations beside each kind of flood, and what the flood was."""
    honest = [f"--station={s.code}" for s in bench_registry().stations if s.code != FLOODER]
    quiet = delays_of(stage, HONEST_READINGS_PER_S, seconds, *honest)
    result: dict[str, object] = {"honest_alone": quantiles(quiet)}
    for name, per_s in PER_S.items():
        stop = threading.Event()
        endpoint, clock = stage.servers.mosquitto.endpoint(FLOODER), SystemClock()
        with ThreadPoolExecutor(1) as pool:
            running = pool.submit(flood, endpoint, FLOODER, FLOODS[name], stop, clock=clock, per_s=per_s)
            try:
                found: Counter[int] = delays_of(stage, HONEST_READINGS_PER_S, seconds, *honest, drain=False)
            finally:
                stop.set()
            sent = running.result()
        result[name] = quantiles(found) | {"flood_messages_per_s": round(sent / seconds)}
        print(f"  {name}: {result[name]}", file=sys.stderr, flush=True)
    return result


def main() -> None:
    """Measure on a stage of its own."""
    parser = argparse.ArgumentParser(prog="python -m bench.flood", description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0, help="of each kind of flood")
    options = parser.parse_args()
    with temporary_stage("flood", load_settings(), bench_registry(), SystemClock()) as stage:
        stage.start()
        result = measure_floods(stage, options.seconds)
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()

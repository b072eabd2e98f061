"""Mutated payloads through every decoder, odd files through the drop folder: ``python -m bench.fuzz``.

``--inputs 1000000`` payloads: each starts from a kept seed of :mod:`bench.seeds` and is cut, doubled, spliced with
another and sprinkled with bytes that mean something. No decoder may raise, leave an input without a trace, take longer
than ``--slowest`` seconds of processor time, or grow the process.

``--files 100000`` files of :mod:`bench.oddfiles` lie in folders as no logger should make them, and change while they
are read: each is read, refused with a sentence, or left for the next walk.
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
import resource
import sys
import time
from collections import Counter
from collections.abc import Iterator

from bench.oddfiles import odd_files
from bench.seeds import NOW, ODD_STATION, SEEDS, STATION, mutated
from ingest.dropfolder.content import ends_whole, records
from ingest.dropfolder.names import DEFAULT_PATTERNS, Names, compiled
from ingest.payloads import DECODERS, InstantBounds
from quantrac.domain.stations import Registry


def fuzz(inputs: int, seed: int, slowest_s: float, slowest: dict[str, float]) -> Iterator[str]:
    """Run inputs through decoders and the drop folder's own looks; yield a sentence for each fault.

    ``slowest`` takes the longest processor time of one input (s), by kind.
    """
    choose = random.Random(seed)
    bounds, names = InstantBounds(), Names(compiled(DEFAULT_PATTERNS), Registry((STATION,)))
    kinds = list(SEEDS)
    for number in range(inputs):
        kind, station = kinds[number % len(kinds)], choose.choice((STATION, ODD_STATION))
        payload = mutated(choose, SEEDS[kind])
        began_s = time.process_time()
        try:
            found = DECODERS[kind](payload, "S1", station, NOW, bounds)
            ends_whole(payload, kind)
            if b"".join(part for _, part in records(payload, kind)) != payload:
                yield f"{kind}: records of {payload!r} are not the file"
            names.named(payload[:80].replace(b"\x00", b"").strip(b"/") + b".txt", NOW)
        except Exception as exc:  # noqa: BLE001  what this is for
            yield f"{kind}: {type(exc).__name__}: {exc} for {payload!r}"
            continue
        if not found.readings and not found.rejected:
            yield f"{kind}: no trace of {payload!r}"
        if any(not r.detail.isprintable() or len(r.detail) > 1000 for r in found.rejected):
            yield f"{kind}: a detail that cannot be shown for {payload!r}"
        took_s = time.process_time() - began_s
        slowest[kind] = max(took_s, slowest.get(kind, 0.0))
        if took_s > slowest_s:
            yield f"{kind}: {took_s:.2f} s for {payload!r}"


def main() -> None:
    """Parse the command line, run, print; exit status 1 when anything was found."""
    parser = argparse.ArgumentParser(prog="python -m bench.fuzz", description=__doc__)
    parser.add_argument("--inputs", type=int, default=100_000, help="payloads")
    parser.add_argument("--files", type=int, default=20_000, help="odd files")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--slowest", type=float, default=0.5, help="processor seconds that one input may take")
    options = parser.parse_args()
    began_s, before_kib = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    faults = 0
    outcomes: Counter[str] = Counter()
    slowest: dict[str, float] = {}
    payloads = fuzz(options.inputs, options.seed, options.slowest, slowest)
    for fault in itertools.chain(payloads, odd_files(options.files, options.seed, outcomes)):
        faults += 1
        sys.stderr.write(fault[:2000] + "\n")
    grown_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kib
    result = {
        "inputs": options.inputs,
        "files": options.files,
        "faults": faults,
        "outcomes": outcomes,
        "slowest_ms": {kind: round(took_s * 1000, 1) for kind, took_s in slowest.items()},
        "grown_mib": round(grown_kib / 1024, 1),
    }
    sys.stdout.write(json.dumps(result | {"seconds": round(time.perf_counter() - began_s, 1)}) + "\n")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()

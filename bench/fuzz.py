"""Mutated payloads through every decoder: ``python -m bench.fuzz --inputs 1000000``.

Each input starts from a kept seed (a file or message as loggers write them, or one that is known to hurt decoders) and
is cut, doubled, spliced with another and sprinkled with bytes that mean something. No decoder may raise, leave an input
without a trace, take longer than ``--slowest`` seconds of processor time, or grow the process.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import sys
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime

import cbor2

from ingest.dropfolder.content import ends_whole, records
from ingest.dropfolder.names import DEFAULT_PATTERNS, Names, compiled
from ingest.payloads import DECODERS, InstantBounds
from quantrac import topics
from quantrac.domain.loggers import LoggerSettings, PayloadMapping
from quantrac.domain.stations import Registry, Sensor, Station, StationKind

NOW = datetime(2026, 11, 23, 3, 6, tzinfo=UTC)
STATION = Station(
    "S1", date(2026, 1, 1), "", "", StationKind.EFFLUENT, "", 105.0, 10.0,
    (Sensor("COD", "mg/L"), Sensor("pH", ""), Sensor("Temp", "°C", aliases=("Nhiệtđộ",))),
    old_codes=("OLD",), logger=LoggerSettings(mapping=PayloadMapping("ts", ignore=("battery",))),
)  # fmt: skip
_STAMP = "20261123100500"
_TT10 = f"COD\t58.0\tmg/L\t{_STAMP}\t00\r\npH\t7.21\t\t{_STAMP}\t01\r\nNhiệtđộ\t\toC\t{_STAMP}\t02\r\n"
_SENML = [
    {"bn": "d:", "bt": 1795403100, "n": "COD", "u": "mg/L", "v": 58},
    {"n": "pH", "v": 7.2},
    {"n": "Temp", "t": -60, "v": 3},
]
_CBOR = [{-2: "d:", -3: 1795403100, 0: "COD", 2: 58}, {0: "pH", 2: 7.2, 6: -60.5}, {0: "Temp", 4: True}]
_FLAT = {"ts": "2026-11-23T10:05:00+07:00", "COD": 58.0, "pH": "7.2", "battery": 12}
_V1 = {
    "v": 1,
    "observed_at": "2026-11-23T10:05:00+07:00",
    "readings": [{"parameter": "COD", "value": 58.0, "status": "00"}],
}

SEEDS: Mapping[str, tuple[bytes, ...]] = {
    topics.CONTENT_TT10: (
        _TT10.encode(),
        _TT10.replace("\t", ";").encode(),
        _TT10.replace("\r\n", "\n").rstrip().encode("utf-16"),
        _TT10.encode("utf-8-sig") * 3,
        _TT10.replace("\t", ",").encode("cp1258", "replace"),
    ),
    topics.CONTENT_SENML_JSON: (json.dumps(_SENML).encode(), b'[{"n":"COD","v":1e999}]'),
    topics.CONTENT_SENML_CBOR: (
        cbor2.dumps(_CBOR),
        bytes.fromhex("81a2006370483602c4820a19"),
        b"\xd8\x1c\x81\xd8\x1d\x00",
    ),
    topics.CONTENT_FLAT_JSON: (json.dumps(_FLAT).encode(), json.dumps([_FLAT, _FLAT]).encode()),
    topics.CONTENT_CSV: (b'ts,COD,pH\r\n2026-11-23T10:05:00,58,"7.2"\r\n', b"ts,COD\n2026-11-23T10:05:00+07:00,\n"),
    topics.CONTENT_JSON: (json.dumps(_V1).encode(),),
}
_TEXTS = (
    "\t",
    "\n",
    "\r\n",
    "\0",
    ",",
    ";",
    '"',
    "{",
    "[",
    "]}",
    "-",
    "e308",
    "NaN",
    "1_0",
    "null",
    "true",
    "\\ud800",
    "ệ",
    "\u0301",
)
_BYTES = ("ff", "efbbbf", "eda080", "f09f92a7", "9bffffffffffffffff", "c249ffffffffffffffffff", "fb7ff8000000000000")
_TOKENS = (
    *(text.encode() for text in _TEXTS),
    *(bytes.fromhex(text) for text in _BYTES),
    *(b"9" * 40, b"00010101000000", b"99991231235959", _STAMP.encode()),
)


def mutated(choose: random.Random, seeds: tuple[bytes, ...]) -> bytes:
    """Return a seed with one to six changes."""
    text = bytearray(choose.choice(seeds))
    for _ in range(choose.randint(1, 6)):
        at = choose.randint(0, len(text))
        kind = choose.randrange(6)
        if kind == 0:
            text[at:at] = choose.choice(_TOKENS)
        elif kind == 1:
            del text[at : at + choose.randint(1, 20)]
        elif kind == 2 and at < len(text):
            text[at] = choose.randrange(256)
        elif kind == 3:
            text[at:] = choose.choice(seeds)[choose.randint(0, 40) :]
        elif kind == 4:
            text[at:at] = text[at : at + choose.randint(1, 60)] * choose.randint(1, 8)
        else:
            text[at : at + 4] = choose.choice(_TOKENS)
    return bytes(text)


def fuzz(inputs: int, seed: int, slowest_s: float) -> Iterator[str]:
    """Run inputs through decoders and the drop folder's own looks; yield a sentence for each fault."""
    choose = random.Random(seed)
    bounds, names = InstantBounds(), Names(compiled(DEFAULT_PATTERNS), Registry((STATION,)))
    kinds = list(SEEDS)
    for number in range(inputs):
        kind = kinds[number % len(kinds)]
        payload = mutated(choose, SEEDS[kind])
        began_s = time.process_time()
        try:
            found = DECODERS[kind](payload, "S1", STATION, NOW, bounds)
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
        if (took_s := time.process_time() - began_s) > slowest_s:
            yield f"{kind}: {took_s:.2f} s for {payload!r}"


def main() -> None:
    """Parse the command line, run, print; exit status 1 when anything was found."""
    parser = argparse.ArgumentParser(prog="python -m bench.fuzz", description=__doc__)
    parser.add_argument("--inputs", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--slowest", type=float, default=0.5, help="processor seconds that one input may take")
    options = parser.parse_args()
    began_s, before_kib = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    faults = 0
    for fault in fuzz(options.inputs, options.seed, options.slowest):
        faults += 1
        sys.stderr.write(fault[:2000] + "\n")
    grown_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kib
    result = {"inputs": options.inputs, "faults": faults, "grown_mib": round(grown_kib / 1024, 1)}
    sys.stdout.write(json.dumps(result | {"seconds": round(time.perf_counter() - began_s, 1)}) + "\n")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()

"""Figures of the intake: ``python -m bench.intake``; the last line is one JSON object.

``--files 1000000`` walks so many known files (and makes them first); ``--kafka`` starts a local Kafka and carries a
backfill of 60 days of one station through the drop folder. Decoding needs no server; the least of five runs counts.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from ingest.dropfolder import metrics
from ingest.dropfolder.intake import DropFolderOptions, run
from ingest.dropfolder.known import Fingerprint, KnownFile, KnownFiles
from ingest.dropfolder.walker import Walker
from ingest.payloads import InstantBounds, decoder_of
from local.servers import LocalServers, create_topics
from quantrac import topics
from quantrac.domain.stations import VIETNAM, Registry, Sensor, Station, StationKind
from quantrac.settings import load_settings
from quantrac.topics import kafka_topics

PARAMETERS = (
    ("Flow", "m3/h"),
    ("Temp", "°C"),
    ("pH", ""),
    ("TSS", "mg/L"),
    ("COD", "mg/L"),
    ("NH4", "mg/L"),
    ("TN", "mg/L"),
)
STATION = Station(
    "DT_BENCH_NUOSXL", date(2026, 1, 1), "", "", StationKind.EFFLUENT, "", 105.0, 10.0,
    tuple(Sensor(p, u) for p, u in PARAMETERS),
)  # fmt: skip
NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
BACKFILL_FILES = 17_280
_FILES_A_FOLDER = 288


def content(number: int, code: str = STATION.code, now: datetime = NOW) -> tuple[str, bytes]:
    """Return name and content of a station's file ``number`` times five minutes ago."""
    stamp = (now - timedelta(minutes=5 * number)).astimezone(VIETNAM).strftime("%Y%m%d%H%M%S")
    lines = (f"{p}\t{10 + number % 83 / 7:.2f}\t{u}\t{stamp}\t00\r\n" for p, u in PARAMETERS)
    return f"{code}_{stamp}.txt", "".join(lines).encode()


def decode_us(files: int) -> float:
    """Return microseconds of processor time for a reading, decoding one file after the other."""
    decode = decoder_of(topics.CONTENT_TT10)
    assert decode is not None
    payloads = [content(k)[1] for k in range(files)]
    bounds = InstantBounds()
    began_s = time.process_time()
    readings = sum(len(decode(p, STATION.code, STATION, NOW, bounds).readings) for p in payloads)
    return (time.process_time() - began_s) / readings * 1e6


def scan(files: int, folder: Path) -> dict[str, float]:
    """Return seconds and memory of walking known files; they are made empty, since a walk reads none."""
    root = folder / "known"
    with KnownFiles(folder / "known.sqlite") as known:
        for first in range(0, files, _FILES_A_FOLDER):
            day = root / f"S{first // _FILES_A_FOLDER % 150}" / f"{first // _FILES_A_FOLDER:06}"
            day.mkdir(parents=True)
            rows = []
            for k in range(first, min(first + _FILES_A_FOLDER, files)):
                name = f"S_{20260101000000 + k}.txt"
                descriptor = os.open(day / name, os.O_CREAT | os.O_WRONLY)
                found = os.fstat(descriptor)
                os.close(descriptor)
                path = os.fsencode(os.path.relpath(day / name, root))
                fingerprint = Fingerprint(found.st_size, found.st_mtime_ns, found.st_ctime_ns)
                rows.append(KnownFile(path, fingerprint, k.to_bytes(32, "big"), "S", 0))
            known.remember(rows)
    before_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with KnownFiles(folder / "known.sqlite") as known:
        began_s, cpu_s = time.perf_counter(), time.process_time()
        fresh = sum(sight is not None for sight in Walker(os.fsencode(root.resolve()), known).walk())
        assert fresh == 0, fresh
        took_s = time.perf_counter() - began_s
    peak_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {
        "scan_files": files,
        "scan_s": round(took_s, 1),
        "scan_cpu_s": round(time.process_time() - cpu_s, 1),
        "scan_grown_mib": round((peak_kib - before_kib) / 1024, 1),
        "scan_peak_mib": round(peak_kib / 1024, 1),
    }


def backfill(folder: Path) -> dict[str, float]:
    """Return readings per second of a backfill, from the first to the last file that Kafka has."""
    drop = folder / "drop"
    for number in range(BACKFILL_FILES):
        day = drop / STATION.code / f"{number // _FILES_A_FOLDER:02}"
        day.mkdir(parents=True, exist_ok=True)
        name, text = content(number)
        (day / name).write_bytes(text)
    with _kafka() as servers:
        create_topics(servers.kafka(), kafka_topics(8, 1, topics.MAX_MESSAGE_BYTES))
        stop = threading.Event()
        options = DropFolderOptions(folder=drop, state=folder / "drop.sqlite", name="bench")
        arguments = (options, servers.kafka(), lambda: Registry((STATION,)), stop)
        thread = threading.Thread(target=run, args=arguments)
        thread.start()
        while _sent() == 0 and thread.is_alive():
            time.sleep(0.005)
        first, cpu_s, began_s = _sent(), time.process_time(), time.perf_counter()
        while _sent() < BACKFILL_FILES and thread.is_alive():
            time.sleep(0.02)
        took_s, cpu_s = time.perf_counter() - began_s, time.process_time() - cpu_s
        stop.set()
        thread.join()
    files = BACKFILL_FILES - first
    return {
        "dropfolder_readings_per_s": round(files * len(PARAMETERS) / took_s),
        "dropfolder_cpu_us_per_file": round(cpu_s / files * 1e6),
    }


def _sent() -> float:
    return sum(s.value for m in metrics.FILES.collect() for s in m.samples if s.name.endswith("_total"))


@contextmanager
def _kafka() -> Iterator[LocalServers]:
    settings = load_settings()
    run_dir = Path(tempfile.mkdtemp(prefix="quantrac-bench-"))
    servers = LocalServers(run_dir, settings.cache_dir, mirror=settings.debian_mirror, java=settings.java)
    try:
        servers.fetch()
        servers.kafka_server.start()
        yield servers
    finally:
        servers.kafka_server.stop()
        shutil.rmtree(run_dir, ignore_errors=True)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.intake", description=__doc__)
    parser.add_argument("--files", type=int, default=100_000, help="known files to walk")
    parser.add_argument("--kafka", action="store_true", help="also a backfill through a local Kafka")
    options = parser.parse_args()
    result: dict[str, float] = {"decode_us_per_reading": round(min(decode_us(10_000) for _ in range(5)), 2)}
    with tempfile.TemporaryDirectory(prefix="quantrac-intake-") as folder:
        result |= scan(options.files, Path(folder))
        if options.kafka:
            result |= backfill(Path(folder))
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()

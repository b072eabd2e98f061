"""Files through to the database: ``python -m bench.through``; the last line is one JSON object.

Files of some stations lie in the drop folder, as after an outage; the drop folder's process, Kafka, one worker and
PostgreSQL carry them. Readings a second are counted at both ends, in Kafka and in the database, from the first to the
last, and the ledger has to say that nothing is missing.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
from kafka import KafkaConsumer, TopicPartition

from bench.intake import PARAMETERS, STATION, content
from bench.meter import Meter
from local.processes import Part, dropfolder
from local.stage import Stage, temporary_stage
from quantrac import topics
from quantrac.clock import SystemClock
from quantrac.domain.stations import Registry, Station
from quantrac.endpoints import client_options
from quantrac.settings import load_settings
from sql.ledger_report import ledger_report

FILES_A_DAY = 288
_LONGEST_S = 600.0
_STORED = "SELECT count(*) FROM readings"


def stations_of(count: int) -> tuple[Station, ...]:
    """Return so many stations like that of ``bench.intake``."""
    return tuple(replace(STATION, code=f"DT_BENCH{n}_NUOSXL") for n in range(count))


def write(drop: Path, stations: tuple[Station, ...], files: int, now: datetime) -> None:
    """Write the last files of each station, a folder a day."""
    for station in stations:
        for number in range(files):
            day = drop / station.code / f"{number // FILES_A_DAY:03}"
            day.mkdir(parents=True, exist_ok=True)
            name, text = content(number, station.code, now)
            (day / name).write_bytes(text)


@dataclass(slots=True)
class Course:
    """How a count grew: instants (s) and counts."""

    seen: list[tuple[float, int]] = field(default_factory=list)

    def note(self, count: int) -> int:
        """Note a count."""
        if not self.seen or count != self.seen[-1][1]:
            self.seen.append((time.perf_counter(), count))
        return count

    def per_s(self) -> float:
        """Return the rate from the first count above 0 to the last change."""
        grown = [each for each in self.seen if each[1]]
        if len(grown) < 2:
            return 0.0
        (began_s, first), (ended_s, last) = grown[0], grown[-1]
        return (last - first) / (ended_s - began_s)


def measure(stage: Stage, stations: tuple[Station, ...], files: int, profile: Path | None) -> dict[str, Any]:
    """Return the rates of one back-fill, and what it cost."""
    drop = stage.run_dir / "drop"
    write(drop, stations, files, datetime.now(UTC))
    (worker,) = stage.pipeline.workers
    worker.launch()
    worker.wait_healthy()
    reader = dropfolder(stage.run_dir, drop, "bench")
    messages, stored = Course(), Course()
    expected = len(stations) * files * len(PARAMETERS)
    owner, kafka = stage.servers.database().owner, client_options(stage.servers.kafka())
    with (
        psycopg.connect(owner, autocommit=True) as db,
        closing(KafkaConsumer(**kafka)) as consumer,
        Meter(lambda: (stage.servers.kafka_server, stage.servers.postgres, reader, worker)) as cost,
    ):
        partitions = [TopicPartition(topics.RAW, n) for n in consumer.partitions_for_topic(topics.RAW) or ()]
        reader.launch()
        began_s = time.perf_counter()
        while stored.note(_count(db, _STORED)) < expected and time.perf_counter() - began_s < _LONGEST_S:
            messages.note(sum(consumer.end_offsets(partitions).values()))
            if profile is not None and stored.seen[-1][1]:  # not what it costs to start
                _profile({"worker": worker, "dropfolder": reader}, profile)
                profile = None
            time.sleep(0.2)
    residual = _settled_residual(stage)
    reader.stop()
    worker.stop()
    return {
        "stations": len(stations),
        "files": len(stations) * files,
        "readings": expected,
        "stored": stored.seen[-1][1],
        "dropfolder_readings_per_s": round(messages.per_s() * len(PARAMETERS)),
        "readings_per_s": round(stored.per_s()),
        "residual": residual,
        "cpu_us_per_reading": {name: round(s / expected * 1e6, 1) for name, s in sorted(cost.cpu_s.items())},
        "rss_mb": {name: round(mb) for name, mb in sorted(cost.rss_mb.items())},
    }


def _settled_residual(stage: Stage) -> int:
    """Return the ledger's residual, once the account of the drop folder has been carried."""
    time.sleep(8)
    now = datetime.now(UTC)
    return ledger_report(stage.servers.database().reader, now - timedelta(days=70), now + timedelta(hours=1)).residual


def _count(db: psycopg.Connection[Any], query: str) -> int:
    row = db.execute(query.encode()).fetchone()
    return 0 if row is None else int(row[0])


def _profile(parts: dict[str, Part], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    py_spy = Path(sys.executable).parent / "py-spy"
    run: Callable[..., object] = subprocess.Popen
    for name, each in parts.items():
        how = ["record", "--pid", str(each.pid), "--duration", "15", "--format", "raw", "--output", folder / name]
        run([py_spy, *how], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def main() -> None:
    """Measure on a stage of its own."""
    parser = argparse.ArgumentParser(prog="python -m bench.through", description=__doc__)
    parser.add_argument("--stations", type=int, default=4)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--profile", type=Path, help="write samples of worker and drop folder into this folder")
    options = parser.parse_args()
    stations = stations_of(options.stations)
    with temporary_stage("through", load_settings(), Registry(stations), SystemClock()) as stage:
        result = measure(stage, stations, options.days * FILES_A_DAY, options.profile)
    sys.stdout.write(json.dumps(result) + "\n")
    sys.exit(1 if result["residual"] or result["stored"] != result["readings"] else 0)


if __name__ == "__main__":
    main()

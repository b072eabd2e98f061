"""One drop folder as a process of its own, so that a test can kill it; what it is told is JSON on stdin."""

from __future__ import annotations

import json
import signal
import sys
import threading
from pathlib import Path

from ingest.dropfolder.intake import DropFolderOptions, run
from quantrac.endpoints import KafkaEndpoint, KafkaSecurity
from quantrac.registry import parse_registry
from quantrac.telemetry import configure_logging


def main() -> None:
    """Run until SIGTERM."""
    told = json.load(sys.stdin)
    kafka = KafkaEndpoint(
        **{
            **told["kafka"],
            "security": KafkaSecurity(told["kafka"]["security"]),
            "ca_file": Path(told["kafka"]["ca_file"]) if told["kafka"]["ca_file"] else None,
        }
    )
    paths = {key: Path(told["options"].pop(key)) for key in ("folder", "state", "archive") if told["options"].get(key)}
    registry = Path(told["registry"])
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    configure_logging("dropfolder")
    options = DropFolderOptions(**paths, **told["options"])
    run(options, kafka, lambda: parse_registry(registry.read_text("utf-8"), "test"), stop, raw_topic=told["raw_topic"])


if __name__ == "__main__":
    main()

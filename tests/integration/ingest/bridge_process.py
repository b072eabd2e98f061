"""One bridge as a process of its own, so that a test can kill it; its endpoints and settings are JSON on stdin."""

from __future__ import annotations

import json
import signal
import sys
import threading
from pathlib import Path

from ingest.bridge import BridgeSettings, run
from quantrac.endpoints import KafkaEndpoint, KafkaSecurity, MqttEndpoint
from quantrac.telemetry import configure_logging


def main() -> None:
    """Run until SIGTERM."""
    told = json.load(sys.stdin)
    mqtt = MqttEndpoint(**{**told["mqtt"], "ca_file": Path(told["mqtt"]["ca_file"])})
    kafka = KafkaEndpoint(
        **{
            **told["kafka"],
            "security": KafkaSecurity(told["kafka"]["security"]),
            "ca_file": Path(told["kafka"]["ca_file"]) if told["kafka"]["ca_file"] else None,
        }
    )
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    configure_logging("bridge")
    run(mqtt, kafka, BridgeSettings(**told["settings"]), stop, raw_topic=told["raw_topic"])


if __name__ == "__main__":
    main()

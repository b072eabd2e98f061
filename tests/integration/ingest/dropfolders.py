"""A drop folder as a process, the files of two stations, and what Kafka has of them."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, Any

import psutil

from quantrac.endpoints import KafkaEndpoint

PROGRAM = Path(__file__).with_name("dropfolder_process.py")
STATION = """
[[station]]
code = "{code}"
effective_from = 2026-01-01
name_vi = "a"
name_en = "a"
kind = "effluent"
operator = "a"
longitude = 105.75
latitude = 10.29
old_codes = ["{old}"]
[[station.sensor]]
parameter = "COD"
unit = "mg/L"
[[station.sensor]]
parameter = "pH"
unit = ""
"""
REGISTRY = STATION.format(code="DT_KCNA_NUOSXL", old="TG_KCNA_NUOSXL") + STATION.format(code="TRAM-BD-001", old="KCNCu")


class DropFolderProcess:
    """Starts, kills and stops one drop folder."""

    def __init__(self, kafka: KafkaEndpoint, raw_topic: str, log: Path, **options: Any) -> None:
        self.registry = log.with_suffix(".toml")
        self.registry.write_text(REGISTRY, "utf-8")
        self._told = json.dumps(
            {
                "kafka": asdict(kafka),
                "raw_topic": raw_topic,
                "registry": self.registry,
                "options": {"settle_s": 0.5, "rescan_s": 2.0, **options},
            },
            default=str,
        )
        self.log_path = log
        self._log: IO[bytes] = log.open("ab")
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> DropFolderProcess:
        before = self.log().count('"dropfolder_ready"')
        self.process = subprocess.Popen([sys.executable, str(PROGRAM)], stdin=subprocess.PIPE, stderr=self._log)
        assert self.process.stdin is not None
        self.process.stdin.write(self._told.encode())
        self.process.stdin.close()
        deadline = time.monotonic() + 40
        while self.log().count('"dropfolder_ready"') == before:
            assert self.process.poll() is None, self.log()
            assert time.monotonic() < deadline, self.log()
            time.sleep(0.05)
        return self

    def log(self) -> str:
        return self.log_path.read_text("utf-8")

    def cpu_s(self) -> float:
        assert self.process is not None
        return sum(psutil.Process(self.process.pid).cpu_times()[:2])

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        assert self.process is not None
        self.process.terminate()
        return self.process.wait(30)

    def clean_up(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.kill()
        self._log.close()


def lines(minute: int = 0, cod: float = 58.0) -> bytes:
    stamp = stamp_of(minute)
    return f"COD\t{cod}\tmg/L\t{stamp}\t00\r\npH\t7.21\t\t{stamp}\t00\r\n".encode()


def stamp_of(minute: int) -> str:
    return (datetime(2026, 11, 23, 10) + timedelta(minutes=minute)).strftime("%Y%m%d%H%M%S")  # noqa: DTZ001


def write(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def wait_for(raw: Any, count: int, timeout_s: float = 30, settle_s: float = 0.0) -> list[Any]:
    """Wait until the topic has ``count`` records; with ``settle_s``, also that no more come."""
    deadline = time.monotonic() + timeout_s
    while len(found := raw.records()) < count:
        assert time.monotonic() < deadline, f"{len(found)} of {count} records"
        time.sleep(0.3)
    if settle_s:
        time.sleep(settle_s)
        found = raw.records()
    assert len(found) == count
    return found


def names(records: list[Any]) -> list[str]:
    return sorted(r.headers["file-name"].decode() for r in records)

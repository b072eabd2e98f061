"""The stage of a benchmark: servers of its own in a folder of its own, and quantrac's processes on them."""

from __future__ import annotations

import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import psutil

from local.prepare import local_servers, prepare
from local.processes import Part, Pipeline, part, pipeline
from local.servers import LocalServers
from local.servers.progress import bars_on_stderr
from quantrac.domain.stations import Registry, Station
from quantrac.registry import load_registry, sample_province, with_cadence
from quantrac.settings import load_settings

STATIONS = 150
"""A province has 50 to 150."""


class BenchStage:
    """Running servers, prepared, with the sample province imported."""

    def __init__(self, servers: LocalServers, registry: Registry) -> None:
        self.servers, self.registry = servers, registry
        self.run_dir = servers.run_dir

    @property
    def stations(self) -> list[Station]:
        """The stations of the sample province."""
        return sorted(self.registry.stations, key=lambda s: s.code)

    def pipeline(self) -> Pipeline:
        """Return bridge, one worker and notifier, not started."""
        return pipeline(self.run_dir)

    def fleet(self, rate: float, duration_s: float) -> Part:
        """Return a fleet that publishes ``rate`` messages per second."""
        return part(self.run_dir, "fleet", "simulate", "--rate", f"{rate:g}", "--duration", f"{duration_s:g}", "--json")


def bench_registry() -> Registry:
    """Return a province of the size that is planned for: ``STATIONS`` copies of the sample stations, at 1 Hz."""
    sample = sorted(load_registry([sample_province()]).stations, key=lambda s: s.code)
    stations = [
        replace(
            sample[n % len(sample)], code=f"BENCH_{n:03d}", old_codes=(), name_vi=f"Bench {n}", name_en=f"Bench {n}"
        )
        for n in range(STATIONS)
    ]
    return with_cadence(Registry(tuple(stations)), 1.0)


@contextmanager
def bench_stage() -> Iterator[BenchStage]:
    """Start servers in a temporary folder, and remove both at the end."""
    settings = load_settings()
    run_dir = Path(tempfile.mkdtemp(prefix="quantrac-bench-"))
    run_dir.chmod(0o711)
    servers = local_servers(settings, run_dir)
    try:
        with bars_on_stderr() as bars:
            servers.start(bars)
            registry = bench_registry()
            prepare(servers, settings, registry, bars)
        yield BenchStage(servers, registry)
    finally:
        servers.stop()
        shutil.rmtree(run_dir, ignore_errors=True)


class Meter:
    """Peak memory and processor time of processes, sampled in a thread."""

    def __init__(self, pids: Callable[[], dict[str, int | None]]) -> None:
        self._pids = pids
        self.rss_mb: dict[str, float] = {}
        self.cpu_s: dict[str, float] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Meter:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(0.5):
            for name, pid in self._pids().items():
                if pid is not None:
                    self._sample(name, pid)

    def _sample(self, name: str, pid: int) -> None:
        try:
            process = psutil.Process(pid)
            family = [process, *process.children(recursive=True)]
            # PSS would count PostgreSQL's shared buffers once; RSS is what `top` shows, and the larger of the two.
            rss = sum(p.memory_info().rss for p in family) / 1e6
            cpu = sum(sum(p.cpu_times()[:2]) for p in family)
        except psutil.NoSuchProcess:
            return
        self.rss_mb[name] = max(rss, self.rss_mb.get(name, 0.0))
        self.cpu_s[name] = max(cpu, self.cpu_s.get(name, 0.0))


def wait_until(condition: Callable[[], bool], timeout_s: float, what: str) -> None:
    """Return when ``condition`` holds; raise ``TimeoutError`` that names ``what`` otherwise."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} did not happen within {timeout_s:g} s")
        time.sleep(0.2)

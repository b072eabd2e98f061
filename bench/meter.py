"""What processes take while something is measured: peak memory and processor time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable

import psutil

from local.servers.process import LocalServer


class Meter:
    """Peak memory and processor time of processes, sampled in a thread."""

    def __init__(self, watched: Callable[[], Iterable[LocalServer]]) -> None:
        self._watched = watched
        self.rss_mb: dict[str, float] = {}
        self.cpu_s: dict[str, float] = {}
        """Since each process was first seen: what it took to start is not the work's."""
        self._began_s: dict[tuple[str, int], float] = {}
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
            for process in self._watched():
                if process.pid is not None:
                    self._sample(process.name, process.pid)

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
        began_s = self._began_s.setdefault((name, pid), cpu)
        self.cpu_s[name] = max(cpu - began_s, self.cpu_s.get(name, 0.0))

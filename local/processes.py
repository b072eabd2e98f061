"""Our own processes: which ones the pipeline has, each with a log, and their supervision."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from local.servers.ports import HOST, Ports
from local.servers.process import LocalServer
from quantrac.clock import Clock
from quantrac.errors import ServerError
from quantrac.settings import PREFIX
from quantrac.telemetry import get_logger

_log = get_logger(__name__)
FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 30.0
STABLE_S = 60.0
"""A process that lived so long is started again at once; one that ends sooner waits twice as long as before."""


class Part(LocalServer):
    """One ``quantrac`` command as a process of the run folder. Made by :func:`part`."""

    stop_patience_s = 30.0
    arguments: Sequence[str] = ()
    environment: Mapping[str, str] = {}
    """Settings of its own, beside those of this process."""
    own_port = ""
    """Setting that gives it the port of its name in the run folder; empty: it has none, or that of its settings."""
    ready_event: str | None = None
    """Event in its log that says it is ready; ``None``: as soon as it runs."""

    def __init__(self, run_dir: Path) -> None:
        super().__init__(run_dir)
        self._log_start = 0

    def is_healthy(self) -> bool:
        """Whether it runs and, where it announces that, is ready."""
        return self.pid is not None and (
            self.ready_event is None or any(e.get("event") == self.ready_event for e in self.events())
        )

    def events(self) -> Iterator[dict[str, object]]:
        """Yield what this run of the process has logged so far."""
        if not self.log_path.exists():
            return
        with self.log_path.open("rb") as log:
            log.seek(self._log_start)
            for line in log:
                if line.startswith(b"{") and line.endswith(b"}\n"):
                    yield json.loads(line)

    def _require_ports(self) -> None:
        """Nothing: it listens only on a free port for its metrics."""

    def _prepare(self) -> None:
        self._log_start = self.log_path.stat().st_size if self.log_path.exists() else 0

    def _command(self) -> Sequence[str | Path]:
        port = [f"{self.own_port}={self.port}"] if self.own_port else []
        own = [f"{name}={value}" for name, value in self.environment.items()]
        return [
            "env",
            f"{PREFIX}RUN_DIR={self.run_dir}",
            *port,
            *own,
            sys.executable,
            "-m",
            "quantrac",
            *self.arguments,
        ]


def part(
    run_dir: Path,
    name: str,
    *arguments: str,
    ready_event: str | None = None,
    own_port: str = "",
    environment: Mapping[str, str] | None = None,
) -> Part:
    """Return one ``quantrac`` command on the servers of a run folder, not started."""
    kind = type(name, (Part,), {
        "name": name, "arguments": arguments, "ready_event": ready_event, "own_port": own_port,
        "environment": environment or {},
    })  # fmt: skip
    made: Part = kind(run_dir)
    return made


@dataclass(frozen=True, slots=True)
class Pipeline:
    """The processes between the broker and the officer's inbox. Made by :func:`pipeline`."""

    bridge: Part
    workers: tuple[Part, ...]
    incidents: Part
    notifier: Part
    trainer: Part
    web: Part | None = None
    """The centre's page, which nothing else needs."""
    reporter: Part | None = None
    """Indices and reports by mail, which nothing else needs."""

    @property
    def parts(self) -> tuple[Part, ...]:
        """All of them, in the order of a reading's way."""
        beside = tuple(p for p in (self.reporter, self.web) if p is not None)
        return (self.bridge, *self.workers, self.incidents, self.notifier, self.trainer, *beside)


def page(run_dir: Path, *, own_port: bool) -> Part:
    """Return the centre's page, not started: on the port of its settings, or on one of the run folder."""
    if not own_port:
        return part(run_dir, "web", "run", "web", ready_event="web_ready")
    named = {f"{PREFIX}WEB_URL": f"http://{HOST}:{Ports(run_dir).get('web')}"}
    return part(run_dir, "web", "run", "web", ready_event="web_ready", own_port=f"{PREFIX}WEB_PORT", environment=named)


def reporter(run_dir: Path) -> Part:
    """Return the reporter, not started."""
    return part(run_dir, "reporter", "run", "reporter", ready_event="reporter_ready")


def dropfolder(run_dir: Path, folder: Path | None = None, name: str = "") -> Part:
    """Return the reader of station files, not started: of folder and name of its settings, or of those given here."""
    own = {} if folder is None else {f"{PREFIX}DROP_FOLDER": str(folder), f"{PREFIX}DROP_ID": name}
    return part(run_dir, "dropfolder", "run", "dropfolder", ready_event="dropfolder_ready", environment=own)


def forwarder(run_dir: Path) -> Part:
    """Return the forwarder, not started."""
    return part(run_dir, "forwarder", "run", "forwarder")


def pipeline(
    run_dir: Path, workers: int = 1, web: Part | None = None, reports: Part | None = None, web_url: str | None = None
) -> Pipeline:
    """Return the pipeline on the servers of a run folder, not started.

    ``web_url`` is where messages lead; without it, where the settings say.
    """
    leads_on = {} if web_url is None else {f"{PREFIX}WEB_URL": web_url}
    return Pipeline(
        bridge=part(run_dir, "bridge", "run", "bridge", ready_event="connected"),
        workers=tuple(
            part(run_dir, f"worker-{number}", "run", "worker", ready_event="worker_ready")
            for number in range(1, workers + 1)
        ),
        incidents=part(run_dir, "incidents", "run", "incidents", ready_event="incidents_ready", environment=leads_on),
        notifier=part(run_dir, "notifier", "run", "notifier", ready_event="notifier_ready", environment=leads_on),
        trainer=part(run_dir, "trainer", "run", "trainer", ready_event="trainer_ready"),
        web=web,
        reporter=reports,
    )


class Supervisor:
    """Starts parts, and starts again the ones that end by themselves; also servers that somebody else has started."""

    def __init__(self, parts: Sequence[LocalServer], clock: Clock) -> None:
        self.parts = tuple(parts)
        self.restarts = 0
        self._clock = clock
        self._started_s: dict[str, float] = {}
        self._pause_s: dict[str, float] = {}
        self._ended_s: dict[str, float] = {}

    def start(self) -> None:
        """Start all parts at the same time and wait until each is ready.

        Raises
        ------
        ServerError
            One ended or was not ready in time; the message quotes its last words.
        """
        for each in self.parts:
            each.launch()
        for each in self.parts:
            each.wait_healthy()
            self._started_s[each.name] = self._clock.monotonic_s()

    def add(self, part: Part) -> None:
        """Start one more part and wait until it is ready."""
        self.parts += (part,)
        part.launch()
        part.wait_healthy()
        self._started_s[part.name] = self._clock.monotonic_s()

    def tend(self) -> None:
        """Start again what has ended and whose pause is over; call it about once a second."""
        now_s = self._clock.monotonic_s()
        for each in self.parts:
            if each.pid is not None:
                self._ended_s.pop(each.name, None)
                continue
            if each.name not in self._ended_s:
                self._ended_s[each.name] = now_s
                lived_s = now_s - self._started_s.get(each.name, 0.0)
                before = self._pause_s.get(each.name, FIRST_PAUSE_S / 2)
                self._pause_s[each.name] = FIRST_PAUSE_S if lived_s > STABLE_S else min(LONGEST_PAUSE_S, 2 * before)
                _log.warning("part_ended", part=each.name, log=str(each.log_path))
            if now_s - self._ended_s[each.name] >= self._pause_s[each.name]:
                self._started_s[each.name] = now_s
                try:
                    each.launch()
                except (ServerError, OSError) as exc:  # its port, or a disk that is full: it may pass
                    self._ended_s[each.name] = now_s
                    self._pause_s[each.name] = min(LONGEST_PAUSE_S, 2 * self._pause_s[each.name])
                    _log.warning("part_not_started", part=each.name, error=str(exc))
                else:
                    self.restarts += 1

    def stop(self) -> None:
        """Stop every part, the last one first."""
        for each in reversed(self.parts):
            each.stop()

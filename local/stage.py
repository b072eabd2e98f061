"""The stage that demo, benchmark and acceptance tests share: servers, the pipeline under its supervisor, a fleet.

A :class:`Stage` has the servers of one run folder and the pipeline on them; :func:`temporary_stage` makes one in a
folder of its own. A :class:`FleetRun` is one run of the simulated fleet on it, with the accounts of what became of its
readings.
"""

from __future__ import annotations

import itertools
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from local.accounts import Account, Accountant
from local.dropped import Dropped
from local.prepare import local_servers, prepare
from local.processes import Part, Supervisor, dropfolder, page, part, pipeline
from local.servers import LocalServers
from local.servers.progress import bars_on_stderr
from quantrac.clock import Clock
from quantrac.domain.stations import Registry
from quantrac.errors import QuantracError, ServerError
from quantrac.settings import Settings
from simulators.filefleet import REPORT_FILE as FILES_REPORT
from simulators.fleet import LABELS_FILE, REPORT_FILE

TURN_S = 0.2
"""Between two looks at what is waited for; the supervisor wants to look about once a second."""
READY_S = 150.0
"""A worker is ready when Kafka is, which took 90 s to start on two cores beside a load of 20."""
SIMULATE = "simulate"
"""Folder of a fleet's report and labels, in the run folder."""
DROP_ID = "dropfolder-1"
"""Name of the drop folder, and of its memory."""


class Stage:
    """The servers of one run folder and the pipeline on them, under a supervisor that starts again what ends."""

    def __init__(self, servers: LocalServers, clock: Clock, *, workers: int = 1, web: bool = False) -> None:
        self.servers, self.clock = servers, clock
        self.run_dir = servers.run_dir
        shown = page(servers.run_dir, own_port=True) if web else None
        self.web_url = None if shown is None else f"http://127.0.0.1:{shown.port}"
        self.pipeline = pipeline(servers.run_dir, workers, shown, web_url=self.web_url)
        self.supervisor = Supervisor(self.pipeline.parts, clock)
        self._runs: list[FleetRun] = []

    @property
    def parts(self) -> tuple[Part, ...]:
        """The processes of the pipeline, in the order of a reading's way."""
        return self.pipeline.parts

    @property
    def restarts(self) -> int:
        """How often the supervisor had to start a process that had ended by itself."""
        return self.supervisor.restarts

    def start(self) -> None:
        """Start the pipeline on the running servers and wait until it is ready."""
        self.supervisor.start()

    def stop(self) -> None:
        """End what feeds the pipeline, then stop the pipeline, its last process first, then close the accounts."""
        for run in self._runs:
            run.stop()
        self.supervisor.stop()
        for run in self._runs:
            run.accountant.close()

    def let(self, seconds: float) -> None:
        """Let it go on for a while."""
        ends_s = self.clock.monotonic_s() + seconds
        while (left_s := ends_s - self.clock.monotonic_s()) > 0:
            self.supervisor.tend()
            time.sleep(min(TURN_S, left_s))

    def until(self, condition: Callable[[], bool], longest_s: float, said: Callable[[], str] | str) -> float:
        """Wait until a condition holds and return how long it took (s).

        Raises
        ------
        QuantracError
            It did not hold within ``longest_s``; the message is ``said``.
        """
        began_s = self.clock.monotonic_s()
        while not condition():
            if self.clock.monotonic_s() - began_s > longest_s:
                raise QuantracError(f"{said if isinstance(said, str) else said()} (Waited {longest_s:g} s.)")
            self.let(TURN_S)
        return self.clock.monotonic_s() - began_s

    def ready(self, *parts: Part) -> None:
        """Wait until processes are ready; without any, until the whole pipeline is."""
        for each in parts or self.parts:
            self.until(each.is_healthy, READY_S, f"{each.name} is not ready; see {each.log_path}.")

    def fleet(self, *options: str, folder: Path | None = None) -> FleetRun:
        """Return a run of the simulated fleet with options of ``quantrac simulate``, not begun."""
        return self._noted(FleetRun(self, options, folder or self.run_dir / SIMULATE))

    def fleet_with_files(
        self,
        options: tuple[str, ...],
        every: Collection[str],
        stations: tuple[str, ...],
        logger_options: tuple[str, ...],
    ) -> FleetRun:
        """Return a run in which some of ``every`` station write files to the local SFTP server; the folder is read."""
        loggers = Loggers(self, every, stations, logger_options)
        return self._noted(FleetRun(self, options, self.run_dir / SIMULATE, loggers))

    def _noted(self, run: FleetRun) -> FleetRun:
        self._runs.append(run)
        return run


class Loggers:
    """The stations of a run that write files: their loggers, the SFTP server, and the folder that is read."""

    def __init__(
        self, stage: Stage, every: Collection[str], stations: tuple[str, ...], options: tuple[str, ...]
    ) -> None:
        self.every, self.stations = frozenset(every), stations
        self._stage, self._server = stage, stage.servers.file_servers[0]
        self.folder = self._server.drop_folder
        self.dropped = Dropped(self.folder, stage.run_dir / "dropfolder" / f"{DROP_ID}.sqlite")
        self._reader = dropfolder(stage.run_dir, self.folder, DROP_ID)
        report_dir = stage.run_dir / SIMULATE
        self.report = report_dir / FILES_REPORT
        named = itertools.chain.from_iterable(("--station", code) for code in stations)
        self.process = part(
            stage.run_dir, "loggers", "simulate", "--as", "files", "--to", "sftp", *named, *options,
            "--folder", str(report_dir),
        )  # fmt: skip

    def begin(self) -> None:
        """Start the server, the reader of the folder, and the loggers; count from here."""
        self.report.unlink(missing_ok=True)
        self._server.add_stations(self.stations)
        self._server.start()
        self.dropped.begin(self.every, own=self.stations)
        self._stage.supervisor.add(self._reader)
        self.process.start()


class FleetRun:
    """One run of the simulated fleet, and the accounts of its readings. Made by :meth:`Stage.fleet`."""

    def __init__(self, stage: Stage, options: tuple[str, ...], folder: Path, loggers: Loggers | None = None) -> None:
        self.stage, self.folder, self.loggers = stage, folder, loggers
        self.began = stage.clock.now()
        self.report, self.labels = folder / REPORT_FILE, folder / LABELS_FILE
        servers = stage.servers
        self.fleet = part(stage.run_dir, "fleet", "simulate", *options, "--folder", str(folder), "--json")
        dropped = None if loggers is None else loggers.dropped
        stations = None if loggers is None else loggers.every
        self.accountant = Accountant(
            servers.database(),
            servers.kafka(),
            self.report,
            servers.mail.folder,
            dropped=dropped,
            stations=stations,
        )

    def begin(self) -> None:
        """Count from here, and start the fleet; what an earlier run left in its folder says nothing of this one."""
        self.report.unlink(missing_ok=True)
        self.labels.unlink(missing_ok=True)
        self.began = self.stage.clock.now()
        self.accountant.begin(self.began)
        if self.loggers is not None:
            self.loggers.begin()
        self.fleet.start()

    def stop(self) -> None:
        """End what sends."""
        for process in self._processes():
            process.stop()

    def look(self) -> Account:
        """Return the accounts of this moment."""
        return self.accountant.look(self.stage.clock.now())

    def files_written(self) -> int:
        """Return how many files the loggers say that the server took."""
        report = None if self.loggers is None else self.loggers.report
        return 0 if report is None or not report.exists() else int(json.loads(report.read_text("utf-8"))["files"])

    def ended(self) -> bool:
        """Whether the fleet does not run (any more)."""
        return self.fleet.pid is None

    def require_running(self) -> None:
        """Raise ``ServerError`` when a process of the fleet has ended by itself."""
        for process in self._processes():
            if process.pid is None:
                raise ServerError(f"The simulated {process.name} ended by itself; see {process.log_path}.")

    def until_drained(self, longest_s: float) -> None:
        """Wait until no record waits for a worker."""
        self.stage.until(lambda: self.accountant.waiting() == 0, longest_s, "Records still wait for a worker.")

    def close(self) -> None:
        """End the fleet and the connections."""
        self.stop()
        self.accountant.close()

    def _processes(self) -> tuple[Part, ...]:
        return (self.fleet,) if self.loggers is None else (self.fleet, self.loggers.process)


@contextmanager
def temporary_stage(
    name: str, settings: Settings, registry: Registry, clock: Clock, *, workers: int = 1
) -> Iterator[Stage]:
    """Start servers in a temporary folder and prepare them; stop all that runs there and remove it at the end."""
    # Not below anybody's private folder: root's PostgreSQL runs as another user, who may not enter there.
    run_dir = Path(tempfile.mkdtemp(prefix=f"quantrac-{name}-"))
    run_dir.chmod(0o711 if os.geteuid() == 0 else 0o700)
    servers = local_servers(settings, run_dir)
    stage = Stage(servers, clock, workers=workers)
    try:
        with bars_on_stderr() as bars:
            servers.start(bars)
            prepare(servers, settings, registry, bars)
        yield stage
    finally:
        try:
            stage.stop()
        finally:
            servers.stop_all()
        shutil.rmtree(run_dir, ignore_errors=True)
        if not servers.postgres.folder.is_relative_to(run_dir):
            shutil.rmtree(servers.postgres.folder.parent, ignore_errors=True)

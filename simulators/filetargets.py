"""Where simulated loggers put their files: a folder, an SFTP or an FTP server. All write to the final name at once."""

from __future__ import annotations

import asyncio
import ftplib
import io
from collections.abc import Callable, Coroutine
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import Any, Protocol, TypeVar

import asyncssh

from quantrac.errors import BrokerError
from simulators.stationfiles import StationFile

_TIMEOUT_S = 20.0
_Result = TypeVar("_Result")


class Account(Protocol):
    """A station's login at a file server."""

    @property
    def host(self) -> str:
        """Its address."""
        ...

    @property
    def port(self) -> int:
        """Its port."""
        ...

    @property
    def user(self) -> str:
        """The station's user."""
        ...

    @property
    def password(self) -> str:
        """The user's password."""
        ...


class FileTarget(Protocol):
    """A place for files."""

    def put(self, file: StationFile) -> None:
        """Write a file to its final name; raises ``BrokerError`` when the server does not take it."""
        ...

    def close(self) -> None:
        """Say goodbye."""
        ...


class FolderTarget:
    """A folder of this machine, with one folder per station."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, file: StationFile) -> None:
        """Write a file."""
        path = self._folder / file.station / file.path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(file.content)
        except OSError as exc:
            raise BrokerError(f"{path} cannot be written: {exc.strerror}.", retryable=True) from exc

    def close(self) -> None:
        """Nothing."""


class FtpTarget:
    """An FTP server: ``STOR`` to the final name, folders made as needed, one connection per station."""

    def __init__(self, account_of: Callable[[str], Account]) -> None:
        self._account_of = account_of
        self._connections: dict[str, ftplib.FTP] = {}

    def put(self, file: StationFile) -> None:
        """Write a file."""
        try:
            ftp = self._connected(file.station)
            parents = list(PurePosixPath(file.path).parents)[:-1]
            for folder in reversed(parents):
                with suppress(ftplib.error_perm):  # it is there already
                    ftp.mkd(str(folder))
            ftp.storbinary(f"STOR {file.path}", io.BytesIO(file.content))
        except (OSError, EOFError, ftplib.Error) as exc:
            self._drop(file.station)
            raise BrokerError(f"FTP: {file.path} was not taken: {exc}.", retryable=True) from exc

    def close(self) -> None:
        """Say goodbye."""
        for ftp in self._connections.values():
            with suppress(OSError, EOFError, ftplib.Error):
                ftp.quit()
            ftp.close()

    def _drop(self, station: str) -> None:
        ftp = self._connections.pop(station, None)
        if ftp is not None:
            ftp.close()

    def _connected(self, station: str) -> ftplib.FTP:
        if station not in self._connections:
            account = self._account_of(station)
            ftp = ftplib.FTP(timeout=_TIMEOUT_S, encoding="utf-8")  # noqa: S321  what the oldest loggers speak
            self._connections[station] = ftp
            ftp.connect(account.host, account.port)
            ftp.login(account.user, account.password)
        return self._connections[station]


class SftpTarget:
    """An SFTP server, one connection per station."""

    def __init__(self, account_of: Callable[[str], Account]) -> None:
        self._account_of = account_of
        self._runner = asyncio.Runner()
        self._connections: dict[str, tuple[asyncssh.SSHClientConnection, asyncssh.SFTPClient]] = {}

    def put(self, file: StationFile) -> None:
        """Write a file."""
        try:
            self._run(self._put(file))
        except (OSError, asyncssh.Error, TimeoutError) as exc:
            dropped = self._connections.pop(file.station, None)
            if dropped is not None:
                dropped[0].abort()
            raise BrokerError(f"SFTP: {file.path} was not taken: {exc}.", retryable=True) from exc

    def close(self) -> None:
        """Say goodbye."""
        for connection, _ in self._connections.values():
            connection.abort()
        self._runner.close()

    def _run(self, work: Coroutine[Any, Any, _Result]) -> _Result:
        return self._runner.run(asyncio.wait_for(work, _TIMEOUT_S))

    async def _put(self, file: StationFile) -> None:
        sftp = await self._connected(file.station)
        await sftp.makedirs(str(PurePosixPath(file.path).parent), exist_ok=True)
        async with sftp.open(file.path, "wb") as remote:
            await remote.write(file.content)

    async def _connected(self, station: str) -> asyncssh.SFTPClient:
        if station not in self._connections:
            account = self._account_of(station)
            # A logger knows no host key on its first day, and this one is on this machine.
            connection = await asyncssh.connect(
                account.host, account.port, username=account.user, password=account.password, known_hosts=None,
                config=None, client_keys=None, agent_path=None,
            )  # fmt: skip
            self._connections[station] = (connection, await connection.start_sftp_client())
        return self._connections[station][1]

"""Where files are forwarded to: a folder, an SFTP server whose key is known, or an FTP server."""

from __future__ import annotations

import asyncio
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Protocol
from urllib.parse import unquote, urlsplit

import asyncssh

from ingest.forwarder.ftptarget import FtpTarget
from quantrac.errors import BrokerError, SettingsError

_TIMEOUT_S = 60.0
_SCHEMES = ("sftp", "ftps", "ftp")


class Target(Protocol):
    """Takes a file under its final name in one step, so that nobody there reads half of it."""

    def put(self, path: str, content: bytes) -> None:
        """Return once the other side has the whole file; raises ``BrokerError`` otherwise."""
        ...

    def close(self) -> None:
        """Say goodbye."""
        ...


@dataclass(frozen=True, slots=True)
class TargetOptions:
    """How to reach a target: ``place`` is a folder or ``sftp://user@host:port/folder``, or ``ftps://``, ``ftp://``."""

    place: str
    password: str | None = None
    key_file: Path | None = None
    known_hosts: Path | None = None


def target_of(options: TargetOptions) -> Target:
    """Return the target of the settings.

    Raises
    ------
    SettingsError
        The place is neither a folder nor an SFTP address, or its host's key is not known.
    """
    if "://" not in options.place:
        return FolderTarget(Path(options.place))
    address = urlsplit(options.place)
    if address.scheme not in _SCHEMES or not address.hostname or not address.username or address.password:
        raise SettingsError(
            "QUANTRAC_FORWARD_TARGET is neither a folder nor sftp://user@host:port/folder (or ftps://, ftp://); a "
            "password stands in QUANTRAC_FORWARD_PASSWORD."
        )
    user, folder = unquote(address.username), unquote(address.path.lstrip("/"))
    if address.scheme != "sftp":
        if options.password is None:
            raise SettingsError("QUANTRAC_FORWARD_PASSWORD is not set: an FTP server asks for one.")
        encrypted = address.scheme == "ftps"
        return FtpTarget(address.hostname, address.port or 21, user, folder, options.password, encrypted=encrypted)
    if options.known_hosts is None:
        raise SettingsError(
            "QUANTRAC_FORWARD_KNOWN_HOSTS is not set: without the host's key (ssh-keyscan, compared with what its "
            "owner tells) anybody on the way could take the files."
        )
    return SftpTarget(address.hostname, address.port or 22, user, folder, options)


class FolderTarget:
    """A folder, perhaps of another machine's file system."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, path: str, content: bytes) -> None:
        """Write a file beside its name, then rename it; read back, since a network file system can lie."""
        target = self._folder / path
        partial = target.with_name(f".{target.name}.part")
        try:
            if not self._folder.is_dir():
                raise FileNotFoundError(0, "the folder is not there", str(self._folder))
            target.parent.mkdir(parents=True, exist_ok=True)
            with partial.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(target)
            arrived = target.read_bytes()
        except OSError as exc:
            raise BrokerError(f"{target} cannot be written: {exc.strerror}.", retryable=True) from exc
        if hashlib.sha256(arrived).digest() != hashlib.sha256(content).digest():
            raise BrokerError(f"{target} does not hold what was written.", retryable=True)

    def close(self) -> None:
        """Nothing."""


class SftpTarget:
    """An SFTP server."""

    def __init__(self, host: str, port: int, user: str, folder: str, options: TargetOptions) -> None:
        self._host, self._port, self._user, self._folder, self._options = host, port, user, folder, options
        self._runner = asyncio.Runner()
        self._connection: asyncssh.SSHClientConnection | None = None
        self._sftp: asyncssh.SFTPClient | None = None

    def put(self, path: str, content: bytes) -> None:
        """Upload beside the name, rename, and compare the size that the server tells."""
        try:
            self._runner.run(asyncio.wait_for(self._put(str(PurePosixPath(self._folder) / path), content), _TIMEOUT_S))
        except (OSError, asyncssh.Error, TimeoutError) as exc:
            self._drop()
            raise BrokerError(
                f"{self._host} did not take {path}: {exc or type(exc).__name__}.", retryable=True
            ) from exc

    def close(self) -> None:
        """Say goodbye."""
        self._drop()
        self._runner.close()

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.abort()
        self._connection = self._sftp = None

    async def _put(self, path: str, content: bytes) -> None:
        sftp = await self._connected()
        target = PurePosixPath(path)
        partial = str(target.with_name(f".{target.name}.part"))
        await sftp.makedirs(str(target.parent), exist_ok=True)
        async with sftp.open(partial, "wb") as file:
            await file.write(content)
        await sftp.posix_rename(partial, path)
        size = (await sftp.stat(path)).size
        if size != len(content):
            raise asyncssh.SFTPFailure(f"{size} of {len(content)} bytes arrived")

    async def _connected(self) -> asyncssh.SFTPClient:
        if self._sftp is None:
            keys = [str(self._options.key_file)] if self._options.key_file else None
            self._connection = await asyncssh.connect(
                self._host, self._port, username=self._user, password=self._options.password, client_keys=keys,
                known_hosts=str(self._options.known_hosts), config=None, agent_path=None, keepalive_interval=30,
            )  # fmt: skip
            self._sftp = await self._connection.start_sftp_client()
        return self._sftp

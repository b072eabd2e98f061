"""Where files are forwarded to: a folder, an SFTP server whose key is known, or an FTP server."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Protocol, TypeVar, cast
from urllib.parse import unquote, urlsplit

import asyncssh

from ingest.forwarder.ftptarget import IDLE_S, FtpTarget
from quantrac.domain.forwarding import Proof
from quantrac.errors import BrokerError, SettingsError, TargetAwayError

_TIMEOUT_S = 60.0
"""For each answer, not for a file: a slow line may take hours for one."""
_PART_BYTES = 65_536
_ADVICE: Mapping[type[Exception], str] = {
    asyncssh.HostKeyNotVerifiable: "Ask its owner whether its key was changed; then correct "
    "QUANTRAC_FORWARD_KNOWN_HOSTS (ssh-keyscan).",
    asyncssh.PermissionDenied: "Correct QUANTRAC_FORWARD_PASSWORD or QUANTRAC_FORWARD_KEY_FILE, or ask its owner "
    "whether the account is locked.",
    asyncssh.KeyImportError: "QUANTRAC_FORWARD_KEY_FILE must be a private key without a passphrase.",
    FileNotFoundError: "Correct QUANTRAC_FORWARD_KEY_FILE or QUANTRAC_FORWARD_KNOWN_HOSTS.",
    ConnectionRefusedError: "No server listens there: ask its owner whether it is stopped, or correct the port.",
    TimeoutError: "It did not answer for a minute.",
}
_REFUSALS = (
    asyncssh.SFTPPermissionDenied,
    asyncssh.SFTPOpUnsupported,
    asyncssh.SFTPFailure,
    asyncssh.SFTPNoSuchFile,
    asyncssh.SFTPFileAlreadyExists,
)
"""A server that answers, and does not do what it was asked; the others of its errors are of the connection."""
_T = TypeVar("_T")
_SCHEMES = ("sftp", "ftps", "ftp")


class Target(Protocol):
    """Takes a file under its final name in one step, so that nobody there reads half of it.

    It gets that name last, once its arrival is confirmed: from then on the other side may take it away.
    """

    def put(self, path: str, content: bytes) -> Proof:
        """Return once the other side has the whole file.

        Raises
        ------
        TargetAwayError
            It cannot be reached, or lets nobody in: no file is at fault.
        BrokerError
            It did not take this file.
        """
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

    def put(self, path: str, content: bytes) -> Proof:
        """Write a file beside its name, read it back, since a network file system can lie, then rename it."""
        target = self._folder / path
        partial = target.with_name(f".{target.name}.part")
        try:
            if not self._folder.is_dir():
                raise TargetAwayError(f"The folder {self._folder} is not there: is it mounted?", retryable=True)
            target.parent.mkdir(parents=True, exist_ok=True)
            with partial.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            if partial.read_bytes() != content:
                raise BrokerError(f"{partial} does not hold what was written.", retryable=True)
            partial.replace(target)
        except OSError as exc:
            raise BrokerError(f"{target} cannot be written: {exc.strerror}.", retryable=True) from exc
        return Proof.CONTENT

    def close(self) -> None:
        """Nothing."""


class SftpTarget:
    """An SFTP server."""

    def __init__(self, host: str, port: int, user: str, folder: str, options: TargetOptions) -> None:
        self._host, self._port, self._user, self._folder, self._options = host, port, user, folder, options
        self._runner = asyncio.Runner()
        self._connection: asyncssh.SSHClientConnection | None = None
        self._sftp: asyncssh.SFTPClient | None = None
        self._used_s = 0.0

    def put(self, path: str, content: bytes) -> Proof:
        """Upload beside the name, confirm the arrival as far as the server lets one, and rename."""
        try:
            sftp = self._runner.run(self._connected())
        except (OSError, ValueError, asyncssh.Error, TimeoutError) as exc:  # ValueError: the key, or known_hosts
            self._drop()
            raise TargetAwayError(f"{self._host} cannot be reached: {_why(exc)}", retryable=True) from exc
        try:
            proof = self._runner.run(_put(sftp, PurePosixPath(self._folder) / path, content))
        except (OSError, asyncssh.Error, TimeoutError) as exc:
            self._drop()
            raise BrokerError(f"{self._host} did not take {path}: {_why(exc)}", retryable=True) from exc
        self._used_s = time.monotonic()
        return proof

    def close(self) -> None:
        """Say goodbye."""
        self._drop()
        self._runner.close()

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.abort()
        self._connection = self._sftp = None

    async def _connected(self) -> asyncssh.SFTPClient:
        if self._sftp is not None and time.monotonic() - self._used_s > IDLE_S:
            try:
                await _soon(self._sftp.realpath("."))
            except (OSError, asyncssh.Error, TimeoutError):
                self._drop()
        if self._sftp is None:
            keys = [str(self._options.key_file)] if self._options.key_file else None
            self._connection = await _soon(
                asyncssh.connect(
                    self._host, self._port, username=self._user, password=self._options.password, client_keys=keys,
                    known_hosts=str(self._options.known_hosts), config=None, agent_path=None, keepalive_interval=30,
                )
            )  # fmt: skip
            self._sftp = await _soon(self._connection.start_sftp_client())
        return self._sftp


async def _put(sftp: asyncssh.SFTPClient, target: PurePosixPath, content: bytes) -> Proof:
    for folder in reversed(target.parents[:-1]):
        with contextlib.suppress(*_REFUSALS):  # it is there; if not, the upload says so
            await _soon(sftp.mkdir(str(folder)))
    partial = str(target.with_name(f".{target.name}.part"))
    file = await _soon(sftp.open(partial, "wb"))
    try:
        for start in range(0, len(content), _PART_BYTES):
            await _soon(file.write(content[start : start + _PART_BYTES]))
    finally:
        await _soon(file.close())
    proof = await _arrived(sftp, partial, content)
    await _rename(sftp, partial, str(target))
    return proof


async def _arrived(sftp: asyncssh.SFTPClient, name: str, content: bytes) -> Proof:
    """Return how it is known that all of a file arrived; raises ``SFTPError`` where it did not."""
    # A server may forbid any request (OpenSSH: internal-sftp -P), and a drop box lets nobody read: what is left then is
    # its reply to each part and to the end of the upload, without which nothing comes here.
    with contextlib.suppress(*_REFUSALS):
        size = (await _soon(sftp.stat(name))).size
        if size == len(content):
            return Proof.SIZE
        if size is not None:
            raise asyncssh.SFTPBadMessage(f"{size} of {len(content)} bytes arrived")
    with contextlib.suppress(*_REFUSALS):
        if await _read(sftp, name, len(content) + 1) != content:
            raise asyncssh.SFTPBadMessage("what arrived is not what was sent")
        return Proof.CONTENT
    return Proof.REPLY


async def _read(sftp: asyncssh.SFTPClient, name: str, most: int) -> bytes:
    """Return the beginning of a file, without asking for its size."""
    found = bytearray()
    async with sftp.open(name, "rb") as file:
        while len(found) < most:
            part = cast("bytes", await _soon(file.read(min(_PART_BYTES, most - len(found)), len(found))))
            if not part:
                break
            found += part
    return bytes(found)


async def _rename(sftp: asyncssh.SFTPClient, partial: str, target: str) -> None:
    try:
        await _soon(sftp.posix_rename(partial, target))
    except _REFUSALS:
        try:
            await _soon(sftp.rename(partial, target))
        except _REFUSALS:
            # SFTP's own renames over nothing: a file that was sent before goes first.
            await _soon(sftp.remove(target))
            await _soon(sftp.rename(partial, target))


async def _soon(answer: Awaitable[_T]) -> _T:
    """Return an answer of the server; raises ``TimeoutError`` when it has none for too long."""
    return await asyncio.wait_for(answer, _TIMEOUT_S)


def _why(exc: Exception) -> str:
    """Return what happened, and what to do where that is known."""
    for kind, advice in _ADVICE.items():
        if isinstance(exc, kind):
            return f"{str(exc) or type(exc).__name__}. {advice}"
    return f"{str(exc) or type(exc).__name__}."

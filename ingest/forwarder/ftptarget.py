"""An FTP server that files are forwarded to, with TLS (explicit) or, where the other side has none, without."""

from __future__ import annotations

import contextlib
import ftplib
import hashlib
import io
import ssl
import time
from pathlib import PurePosixPath

from quantrac.domain.forwarding import Proof
from quantrac.errors import BrokerError, TargetAwayError

_TIMEOUT_S = 60.0
IDLE_S = 20.0
"""A connection that was idle for longer is asked whether it is still one: servers end them after some minutes."""


class FtpTarget:
    """An FTP server. Binary mode: the circular's files arrive byte for byte."""

    def __init__(self, host: str, port: int, user: str, folder: str, password: str, *, encrypted: bool) -> None:
        self._host, self._port, self._user, self._folder, self._password = host, port, user, folder, password
        self._encrypted = encrypted
        self._connection: ftplib.FTP | None = None
        self._used_s = 0.0

    def put(self, path: str, content: bytes) -> Proof:
        """Upload beside the name, confirm the arrival as far as the server lets one, and rename.

        Raises
        ------
        TargetAwayError
            It cannot be reached, or lets nobody in.
        BrokerError
            It did not take the file; what was cut short lies beside the name and is overwritten by the next try.
        """
        try:
            ftp = self._connected()
        except (OSError, EOFError, ssl.SSLError, ftplib.Error) as exc:
            self.close()
            raise TargetAwayError(
                f"{self._host} cannot be reached: {str(exc) or type(exc).__name__}.", retryable=True
            ) from exc
        try:
            proof = _put(ftp, PurePosixPath("/") / self._folder / path, content)
        except (OSError, EOFError, ssl.SSLError, ftplib.Error) as exc:
            self.close()
            raise BrokerError(
                f"{self._host} did not take {path}: {str(exc) or type(exc).__name__}.", retryable=True
            ) from exc
        self._used_s = time.monotonic()
        return proof

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            with contextlib.suppress(OSError, EOFError):
                self._connection.close()
            self._connection = None

    def _connected(self) -> ftplib.FTP:
        if self._connection is not None and time.monotonic() - self._used_s > IDLE_S:
            try:
                self._connection.voidcmd("NOOP")
            except (OSError, EOFError, ftplib.Error):
                self.close()
        if self._connection is not None:
            return self._connection
        if self._encrypted:
            context = ssl.create_default_context()
            self._connection = ftplib.FTP_TLS(context=context, timeout=_TIMEOUT_S)  # noqa: S321  with TLS
        else:
            self._connection = ftplib.FTP(timeout=_TIMEOUT_S)  # noqa: S321  the other side has no more
        self._connection.connect(self._host, self._port)
        self._connection.login(self._user, self._password)
        if isinstance(self._connection, ftplib.FTP_TLS):
            self._connection.prot_p()
        self._connection.voidcmd("TYPE I")
        return self._connection


def _put(ftp: ftplib.FTP, target: PurePosixPath, content: bytes) -> Proof:
    for folder in reversed(target.parents[:-1]):
        with contextlib.suppress(ftplib.error_perm):  # it is there; if not, the upload says so
            ftp.mkd(str(folder))
    partial = str(target.with_name(f".{target.name}.part"))
    ftp.storbinary(f"STOR {partial}", io.BytesIO(content))
    proof = _arrived(ftp, partial, content)
    try:
        ftp.rename(partial, str(target))
    except ftplib.error_perm:
        # Some servers rename over nothing: a file that was sent before goes first.
        ftp.delete(str(target))
        ftp.rename(partial, str(target))
    return proof


def _arrived(ftp: ftplib.FTP, name: str, content: bytes) -> Proof:
    """Return how it is known that all of a file arrived; raises ``EOFError`` where it did not."""
    # SIZE is younger than FTP itself, and a drop box lets nobody read: what such a server says last is its reply to the
    # upload, without which nothing comes here.
    with contextlib.suppress(ftplib.error_perm):
        size = ftp.size(name)
        if size != len(content):
            raise EOFError(f"{size} of {len(content)} bytes arrived")
        return Proof.SIZE
    with contextlib.suppress(ftplib.error_perm):
        digest = hashlib.sha256()
        ftp.retrbinary(f"RETR {name}", digest.update)
        if digest.digest() != hashlib.sha256(content).digest():
            raise EOFError("what arrived is not what was sent")
        return Proof.CONTENT
    return Proof.REPLY

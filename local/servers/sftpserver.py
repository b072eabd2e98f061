"""An SFTP server for stations: chroot per user, writing and listing only. Run by :mod:`local.servers.fileservers`."""

from __future__ import annotations

import argparse
import asyncio
import hmac
import signal
from pathlib import Path
from typing import Any

import asyncssh

from local.servers.files import read_json
from local.servers.fileservers import AREA
from local.servers.ports import HOST

_WRITES = asyncssh.FXF_WRITE | asyncssh.FXF_APPEND


class _Station(asyncssh.SFTPServer):
    """A station's view: its own folder, into which it writes, makes folders and renames."""

    folder: Path
    """Of all stations; set by :func:`serve`."""

    def __init__(self, chan: asyncssh.SSHServerChannel[bytes]) -> None:
        root = self.folder / str(chan.get_extra_info("username"))
        root.mkdir(mode=0o750, parents=True, exist_ok=True)
        super().__init__(chan, chroot=str(root).encode())

    def open(self, path: bytes, pflags: int, attrs: asyncssh.SFTPAttrs) -> object:
        """Open for writing; a station reads no file back."""
        if not pflags & _WRITES:
            raise asyncssh.SFTPPermissionDenied("This account may only write.")
        return super().open(path, pflags, attrs)

    def _denied(self, *_: object, **__: object) -> None:
        raise asyncssh.SFTPPermissionDenied("This account may only write.")

    remove = rmdir = symlink = link = readlink = _denied  # type: ignore[assignment]


class _Login(asyncssh.SSHServer):
    def __init__(self, passwords: Path) -> None:
        self._passwords = passwords

    def begin_auth(self, username: str) -> bool:  # noqa: ARG002
        return True

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        # Read anew at each login: a station that was added may log in at once.
        known = read_json(self._passwords).get(AREA, {}).get(username)
        return isinstance(known, str) and hmac.compare_digest(known.encode(), password.encode())


async def serve(port: int, folder: Path, passwords: Path, state: Path) -> None:
    """Serve on the loopback address until SIGTERM or SIGINT."""
    key = state / "host_key"
    if not key.exists():
        asyncssh.generate_private_key("ssh-ed25519").write_private_key(key)
        key.chmod(0o600)
    station: Any = type("Station", (_Station,), {"folder": folder})
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    server = await asyncssh.create_server(
        lambda: _Login(passwords),
        HOST,
        port,
        server_host_keys=[key],
        sftp_factory=station,
        allow_scp=False,
        sftp_version=3,
    )
    async with server:
        await stopped.wait()


def main() -> None:
    """Parse the command line and serve."""
    parser = argparse.ArgumentParser(prog="python -m local.servers.sftpserver", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    for name in ("--dir", "--passwords", "--state"):
        parser.add_argument(name, type=Path, required=True)
    options = parser.parse_args()
    asyncio.run(serve(options.port, options.dir, options.passwords, options.state))


if __name__ == "__main__":
    main()

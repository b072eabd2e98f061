"""An FTP server for stations: own folder, writing and listing only. Run by :mod:`local.servers.fileservers`."""

from __future__ import annotations

import argparse
import hmac
import signal
from pathlib import Path

from pyftpdlib.authorizers import AuthenticationFailed
from pyftpdlib.handlers import FTPHandler
from pyftpdlib.servers import FTPServer

from local.servers.files import read_json
from local.servers.fileservers import AREA
from local.servers.ports import HOST

_PERMISSIONS = "elamfw"
"""Change folder, list, append, make folders, rename, store; neither retrieve nor delete."""


class _Stations:
    """Stations as users; passwords are read at each login, so that a new station may log in at once."""

    def __init__(self, folder: Path, passwords: Path) -> None:
        self._folder, self._passwords = folder, passwords

    def validate_authentication(self, username: str, password: str, _handler: object) -> None:
        """Raise ``AuthenticationFailed`` unless the password is the station's."""
        known = read_json(self._passwords).get(AREA, {}).get(username)
        if not isinstance(known, str) or not hmac.compare_digest(known.encode(), password.encode()):
            raise AuthenticationFailed("Authentication failed.")

    def get_home_dir(self, username: str) -> str:
        """Return a station's folder, made if need be."""
        home = self._folder / username
        home.mkdir(mode=0o750, parents=True, exist_ok=True)
        return str(home)

    def has_perm(self, _username: str, perm: str, _path: str | None = None) -> bool:
        """Whether a command is allowed."""
        return perm in _PERMISSIONS

    def has_user(self, username: str) -> bool:
        """Whether there is such a station."""
        return username in read_json(self._passwords).get(AREA, {})

    def get_perms(self, _username: str) -> str:
        """Return what a station may do."""
        return _PERMISSIONS

    def get_msg_login(self, _username: str) -> str:
        """Return the greeting."""
        return "Login successful."

    def get_msg_quit(self, _username: str) -> str:
        """Return the farewell."""
        return "Goodbye."

    def impersonate_user(self, _username: str, _password: str) -> None:
        """Nothing: all files belong to the server's user."""

    def terminate_impersonation(self, _username: str) -> None:
        """Nothing."""


def main() -> None:
    """Parse the command line and serve on the loopback address until SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m local.servers.ftpserver", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    for name in ("--dir", "--passwords", "--state"):
        parser.add_argument(name, type=Path, required=True)
    options = parser.parse_args()
    handler = type(
        "Handler", (FTPHandler,), {"authorizer": _Stations(options.dir, options.passwords), "banner": "ready"}
    )
    server = FTPServer((HOST, options.port), handler)
    signal.signal(signal.SIGTERM, lambda *_: server.close_all())
    server.serve_forever(handle_exit=False)


if __name__ == "__main__":
    main()

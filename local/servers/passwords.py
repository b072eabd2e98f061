"""Generated passwords of the local servers, in one file that only its owner reads."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable
from pathlib import Path

from local.servers.files import locked, read_json, write_private


class Passwords:
    """Passwords by area (``mqtt``, ``kafka``, ``postgres``) and user, made when first asked for and kept for good."""

    def __init__(self, run_dir: Path) -> None:
        self._path = run_dir / "secrets.json"
        self._lock = run_dir / ".secrets.lock"

    @property
    def path(self) -> Path:
        """The file (mode 600), a JSON object ``{area: {user: password}}``."""
        return self._path

    def users(self, area: str) -> dict[str, str]:
        """Return user -> password of one area."""
        return dict(read_json(self._path).get(area, {}))

    def get(self, area: str, user: str) -> str:
        """Return a user's password, made now if there is none."""
        known = self.users(area).get(user)
        return known if known is not None else self.ensure(area, (user,))[user]

    def ensure(self, area: str, users: Iterable[str]) -> dict[str, str]:
        """Make the missing passwords of ``users`` in one write and return user -> password of all of them."""
        wanted = tuple(dict.fromkeys(users))
        with locked(self._lock):
            content = read_json(self._path)
            known = content.setdefault(area, {})
            missing = [user for user in wanted if user not in known]
            if missing:
                known.update({user: secrets.token_urlsafe(24) for user in missing})
                write_private(self._path, json.dumps(content, indent=1, sort_keys=True))
        return {user: known[user] for user in wanted}

    def renew(self, area: str, users: Iterable[str]) -> dict[str, str]:
        """Make new passwords of ``users`` in place of those they have, and return user -> password."""
        made = {user: secrets.token_urlsafe(24) for user in users}
        with locked(self._lock):
            content = read_json(self._path)
            content.setdefault(area, {}).update(made)
            write_private(self._path, json.dumps(content, indent=1, sort_keys=True))
        return made

    def forget(self, area: str, users: Iterable[str]) -> None:
        """Remove the passwords of ``users``; those that have none are passed over."""
        with locked(self._lock):
            content = read_json(self._path)
            known = content.get(area, {})
            gone = [user for user in users if known.pop(user, None) is not None]
            if gone:
                write_private(self._path, json.dumps(content, indent=1, sort_keys=True))

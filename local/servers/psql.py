"""Administering the local database server through its own psql: this package needs no database driver."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from quantrac.errors import ServerError

_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")


@dataclass(frozen=True, slots=True)
class Psql:
    """psql, and the URI that it connects to (given by its environment: command lines can be read by every user)."""

    program: Path
    uri: str = field(repr=False)

    def run(self, script: str) -> str:
        """Run SQL statements, each in a transaction of its own, and return what they print, without headings.

        Raises
        ------
        ServerError
            A statement failed; the later ones were not run.
        """
        result = self._call(script)
        if result.returncode != 0:
            reason = result.stderr.strip().splitlines() or ["it gave no reason"]
            raise ServerError(f"The local PostgreSQL refused an administrative statement: {reason[0].rstrip('.')}.")
        return result.stdout.strip()

    def value(self, query: str) -> str:
        """Return the single value of a query as text; the empty string for none."""
        return self.run(query + ";")

    def answers(self) -> bool:
        """Whether the server lets us in and answers."""
        return self._call("SELECT 1;").returncode == 0

    def _call(self, script: str) -> subprocess.CompletedProcess[str]:
        arguments = ["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1", "--file=-"]
        parts = _environment(self.uri)
        return subprocess.run(
            [str(self.program), *arguments], input=script, capture_output=True, text=True, check=False, env=parts
        )


def _environment(uri: str) -> dict[str, str]:
    from urllib.parse import parse_qs, urlsplit

    parts = urlsplit(uri)
    options = parse_qs(parts.query)
    return {
        "PGHOST": parts.hostname or "",
        "PGPORT": str(parts.port),
        "PGUSER": parts.username or "",
        "PGPASSWORD": parts.password or "",
        "PGDATABASE": parts.path.lstrip("/"),
        "PGSSLMODE": options["sslmode"][0],
        "PGSSLROOTCERT": options["sslrootcert"][0],
        "PGCONNECT_TIMEOUT": "5",
        "LC_ALL": "C.UTF-8",
    }


def literal(text: str) -> str:
    """Return ``text`` as an SQL string.

    >>> literal("o'clock")
    "'o''clock'"
    """
    return "'" + text.replace("'", "''") + "'"


def name_of_database(name: str) -> str:
    """Return ``name`` when it needs no quotes in SQL.

    Raises
    ------
    ServerError
        It does.
    """
    if _NAME.fullmatch(name) is None:
        raise ServerError(
            f"{name!r} is no name for a database here: use lower-case letters, digits and '_', 63 at most."
        )
    return name

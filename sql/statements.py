"""The SQL statements of ``sql/queries``, one a file, by name."""

from __future__ import annotations

from functools import cache
from importlib.resources import files


@cache
def statement(name: str) -> bytes:
    """Return the text of ``sql/queries/<name>.sql`` (UTF-8, as psycopg takes it)."""
    return files("sql").joinpath("queries", f"{name}.sql").read_bytes()

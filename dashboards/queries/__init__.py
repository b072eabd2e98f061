"""The SQL of the panels, one statement a file; the reader role runs it through Grafana."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

_INCLUDE = re.compile(r"^--@ (\w+)$", re.MULTILINE)


@cache
def query(name: str) -> str:
    """Return the text of ``<name>.sql``; each line ``--@ part`` is replaced by the text of ``parts/<part>.sql``."""
    folder = Path(__file__).parent
    text = (folder / f"{name}.sql").read_text("utf-8")
    return _INCLUDE.sub(lambda m: (folder / "parts" / f"{m[1]}.sql").read_text("utf-8").strip(), text).strip()

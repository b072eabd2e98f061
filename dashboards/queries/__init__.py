"""The SQL of the panels, one statement a file; the reader role runs it through Grafana."""

from __future__ import annotations

from functools import cache
from pathlib import Path


@cache
def query(name: str) -> str:
    """Return the text of ``<name>.sql``."""
    return (Path(__file__).parent / f"{name}.sql").read_text("utf-8").strip()

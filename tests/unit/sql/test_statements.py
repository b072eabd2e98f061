from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path

import pytest

from sql.statements import statement

ROOT = Path(__file__).parents[3]
QUERIES = sorted(p.name.removesuffix(".sql") for p in files("sql").joinpath("queries").iterdir())
SOURCE = "\n".join(p.read_text(encoding="utf-8") for folder in ("sql", "web") for p in (ROOT / folder).rglob("*.py"))
COMPLETED = re.compile(r'f"(\w+)_\{[\w.]+\}(s?)"')


def _names_in_code() -> set[str]:
    """Every name that could be a statement's: quoted words, and those that another word, or a window, completes."""
    quoted = set(re.findall(r'"([a-z_]+)"', SOURCE))
    return quoted | {f"{stem}_{word}{s}" for stem, s in COMPLETED.findall(SOURCE) for word in (*quoted, "hour", "day")}


@pytest.mark.parametrize("name", QUERIES)
def test_every_file_is_one_statement_that_somebody_uses(name: str) -> None:
    text = statement(name).decode()
    without_bodies = re.sub(r"\$\$.*?\$\$", "", text, flags=re.DOTALL)
    code = re.sub(r"--.*|'[^']*'", "", without_bodies)
    assert ";" not in code
    assert code.strip()
    assert name in _names_in_code()


def test_no_statement_is_written_into_the_code() -> None:
    assert not re.findall(r'execute\(\s*"(?:INSERT|UPDATE|MERGE|WITH|CREATE|ALTER|DROP) ', SOURCE)


def test_an_unknown_name_is_an_error() -> None:
    with pytest.raises(FileNotFoundError):
        statement("no_such")

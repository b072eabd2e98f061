"""One word for one thing: no public name uses a second word for what the glossary lists."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = tuple(sorted(path.parent.name for path in ROOT.glob("[a-z]*/__init__.py") if path.parent.name != "tests"))
ROWS = re.findall(r"^\| (.+?) \| .+? \| .+? \| (.*?) ?\|$", (ROOT / "docs" / "glossary.md").read_text("utf-8"), re.M)


def second_words() -> list[tuple[str, str, tuple[str, ...]]]:
    """Return the glossary's word, a second word for it, and the folders in which that may not be used."""
    found = []
    for word, cell in ROWS:
        for names, scope in re.findall(r"((?:`[a-z_]+`(?:, )?)+)(?: \(([a-z, ]+)\))?", cell):
            folders = tuple(scope.split(", ")) if scope else FOLDERS
            found += [(word, name, folders) for name in re.findall(r"`([a-z_]+)`", names)]
    return found


@cache
def public_names(folder: str) -> tuple[tuple[str, str], ...]:
    """Return where each public name of a folder stands, and the name."""
    return tuple((where, name) for where, name in _names(folder) if not name.startswith("_"))


def _names(folder: str) -> Iterator[tuple[str, str]]:
    """Yield modules, classes, functions, arguments, fields and constants."""
    for path in sorted((ROOT / folder).rglob("*.py")):
        where = str(path.relative_to(ROOT))
        yield where, path.stem
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                yield f"{where}:{node.lineno}", node.name
            elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                yield f"{where}:{node.lineno}", node.target.id
            elif isinstance(node, ast.arg):
                yield f"{where}:{node.lineno}", node.arg


def words_of(name: str) -> str:
    """Return a name as ``_word_word_``, whatever its case.

    >>> words_of("ModelShelf"), words_of("_told_again")
    ('_model_shelf_', '_told_again_')
    """
    return "_" + re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower().strip("_") + "_"


def test_the_glossary_has_its_words_in_vietnamese() -> None:
    assert len(ROWS) > 30
    assert len(second_words()) > 10


@pytest.mark.parametrize(("word", "second", "folders"), second_words(), ids=lambda v: v if isinstance(v, str) else "")
def test_no_second_word_for_one_thing(word: str, second: str, folders: tuple[str, ...]) -> None:
    used = [
        f"{where} {name}"
        for folder in folders
        for where, name in public_names(folder)
        if f"_{second}_" in words_of(name)
    ]
    assert not used, f"the glossary says {word!r}, not {second!r}: {used}"

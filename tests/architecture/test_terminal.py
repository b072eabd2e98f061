"""13.9: commands write through ``quantrac.terminal`` alone: nothing reaches a terminal as it is."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = sorted([*(ROOT / "commands").rglob("*.py"), *(ROOT / "local").glob("*.py")])
WRITES = {"typer.echo", "typer.secho", "click.echo", "print", "sys.stdout.write", "sys.stderr.write"}


def calls(path: Path) -> list[tuple[int, str, ast.Call]]:
    """Return each call of a module: line, what is called, and the call."""
    tree = ast.parse(path.read_text("utf-8"))
    return [(n.lineno, ast.unparse(n.func), n) for n in ast.walk(tree) if isinstance(n, ast.Call)]


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_a_command_writes_through_the_terminal_alone(path: Path) -> None:
    found = [
        f"{line}: {name}"
        for line, name, call in calls(path)
        if (name in WRITES or name.endswith(".add_row"))
        and not (call.args and isinstance(call.args[0], ast.Constant))  # words of our own
    ]
    assert not found, "use quantrac.terminal's say, say_json or add_row"

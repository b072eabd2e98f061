"""``quantrac settings``: what can be set, and the table of the documentation."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from pydantic.fields import FieldInfo

from quantrac.settings import PREFIX, Settings
from quantrac.terminal import say


def settings(
    markdown: Annotated[bool, typer.Option("--markdown", help="Print the table of docs/settings.md.")] = False,
) -> None:
    """List every setting with its default.

    Example: quantrac settings
    """
    if markdown:
        say(markdown_table(), document=True)
        return
    for name, field in Settings.model_fields.items():
        say(f"{PREFIX}{name.upper()} = {default_of(field)}", bold=True)
        say(f"    {field.description}")


def markdown_table() -> str:
    """Return the settings as a Markdown table, in the order in which they are declared."""
    rows = [
        f"| `{PREFIX}{name.upper()}` | {default_of(field)} | {field.description} |"
        for name, field in Settings.model_fields.items()
    ]
    return "\n".join(["| Variable | Default | Meaning |", "|---|---|---|", *rows]) + "\n"


def default_of(field: FieldInfo) -> str:
    """Return a field's default as a reader would write it."""
    if field.default_factory is not None:
        path: Path = field.get_default(call_default_factory=True, validated_data={})
        home = Path.home()
        return f"~/{path.relative_to(home)}" if path.is_relative_to(home) else str(path)
    default = field.default
    if default is None or default == "":
        return "not set"
    return ",".join(default) if isinstance(default, tuple) else str(default)

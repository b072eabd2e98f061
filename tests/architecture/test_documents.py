"""The documents say what is true: every setting, command, topic and rule is in them, and the other way round."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer

from commands.main import app
from commands.settings import markdown_table
from quantrac import topics
from quantrac.settings import PREFIX, Settings

ROOT = Path(__file__).parents[2]
DOCS = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md")), ROOT / "deploy" / "README.md"]


def commands(group: typer.Typer, prefix: str = "quantrac") -> dict[str, str]:
    """Return every command with its help, by its full name."""
    found = {}
    for command in group.registered_commands:
        callback = command.callback
        assert callback is not None
        name = command.name or callback.__name__.replace("_", "-")
        found[f"{prefix} {name}"] = callback.__doc__ or ""
    for nested in group.registered_groups:
        assert nested.typer_instance is not None
        found |= commands(nested.typer_instance, f"{prefix} {nested.name}")
    return found


COMMANDS = commands(app)


def test_the_table_of_settings_is_the_one_of_the_code() -> None:
    assert markdown_table() in (ROOT / "docs" / "settings.md").read_text("utf-8"), (
        "docs/settings.md is stale: run `quantrac settings --markdown` and put its table there."
    )


@pytest.mark.parametrize("document", DOCS, ids=lambda p: str(p.relative_to(ROOT)))
def test_every_named_setting_exists(document: Path) -> None:
    named = set(re.findall(rf"{PREFIX}([A-Z_]*[A-Z])\b", document.read_text("utf-8")))
    assert {n.lower() for n in named} - {"config_file"} <= set(Settings.model_fields)


@pytest.mark.parametrize("document", DOCS, ids=lambda p: str(p.relative_to(ROOT)))
def test_every_named_command_exists(document: Path) -> None:
    """Commands are named in code spans and blocks, with the words that are theirs before any argument."""
    for words in re.findall(r"quantrac ((?:[a-z][a-z-]+ ?){1,2})", _code(document.read_text("utf-8"))):
        first, *rest = words.split()
        known = {c.removeprefix("quantrac ") for c in COMMANDS}
        groups = {c.split()[0] for c in known if " " in c}
        assert first in groups or first in known, f"{document.name}: quantrac {words}"
        if first in groups and rest:
            assert f"{first} {rest[0]}" in known, f"{document.name}: quantrac {words}"


@pytest.mark.parametrize("document", DOCS, ids=lambda p: str(p.relative_to(ROOT)))
def test_every_link_leads_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", document.read_text("utf-8")):
        if not target.startswith(("http:", "https:", "mailto:")):
            assert (document.parent / target).exists(), f"{document.name} links to {target}"


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_an_example(command: str) -> None:
    assert f"Example: " in COMMANDS[command], command  # noqa: F541
    assert command in COMMANDS[command].split("Example:", 1)[1], command


@pytest.mark.parametrize("group", sorted({" ".join(c.split()[:2]) for c in COMMANDS}))
def test_every_command_is_documented(group: str) -> None:
    everything = "\n".join(_code(document.read_text("utf-8")) for document in DOCS)
    assert group in everything, f"{group} stands in no document"


@pytest.mark.parametrize("topic", [topics.RAW, topics.READINGS, topics.DEAD_LETTERS])
def test_every_topic_is_documented(topic: str) -> None:
    assert topic in (ROOT / "docs" / "architecture.md").read_text("utf-8")


def _code(text: str) -> str:
    return "\n".join(re.findall(r"```.*?```|`[^`\n]+`", text, re.DOTALL))

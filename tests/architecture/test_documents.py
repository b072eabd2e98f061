"""The documents say what is true: every setting, command, topic and rule is in them, and the other way round."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from commands.main import app
from commands.settings import markdown_table
from quantrac import topics
from quantrac.settings import PREFIX, Settings

ROOT = Path(__file__).parents[2]
PARTS = (
    *("quantrac", "ingest", "streams", "alerts", "models", "sql", "dashboards", "simulators", "local"),
    *("commands", "web"),
)
METRICS = {"Counter", "Gauge", "Summary", "Histogram"}
LONGEST_LINE = 120
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
            named = f"{first} {rest[0]}"
            assert named in known or any(k.startswith(f"{named} ") for k in known), f"{document.name}: {named}"


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


def test_the_table_of_metrics_is_the_one_of_the_code() -> None:
    registered = {row for part in PARTS for path in (ROOT / part).rglob("*.py") for row in _metrics(path)}
    rows = re.findall(
        r"^\| `(\w+)` \| (\w+) \| (.*?) ?\| ", (ROOT / "docs" / "metrics.md").read_text("utf-8"), re.MULTILINE
    )
    listed = [(name, kind, tuple(re.findall(r"`(\w+)`", labels))) for name, kind, labels in rows]
    assert sorted(listed) == sorted(registered)


@pytest.mark.parametrize("document", DOCS, ids=lambda p: str(p.relative_to(ROOT)))
def test_every_named_metric_exists(document: Path) -> None:
    listed = (ROOT / "docs" / "metrics.md").read_text("utf-8")
    for name in re.findall(r"`(quantrac_(?:bridge|worker|notifier|trainer)_\w+)`", document.read_text("utf-8")):
        assert f"`{name}`" in listed, f"{document.name}: {name}"


@pytest.mark.parametrize("document", DOCS, ids=lambda p: str(p.relative_to(ROOT)))
def test_lines_are_not_too_long(document: Path) -> None:
    prose = re.sub(
        r"^```.*?^```", lambda block: "\n" * block[0].count("\n"), document.read_text("utf-8"), flags=re.M | re.S
    )
    # A table cannot be broken, nor a word: an address, a link's target.
    long = [
        number
        for number, line in enumerate(prose.splitlines(), 1)
        if len(line) > LONGEST_LINE and not line.startswith("|") and max(map(len, line.split())) < LONGEST_LINE
    ]
    assert not long, f"{document.name}: lines {long} are longer than {LONGEST_LINE} characters"


def _metrics(path: Path) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Yield name as Prometheus shows it, kind and labels of every metric that a module registers."""
    source = path.read_text("utf-8")
    if "prometheus_client" not in source:
        return
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        kind = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if kind in METRICS and node.args and isinstance(node.args[0], ast.Constant):
            name = str(node.args[0].value)
            suffix = "_total" if kind == "Counter" and not name.endswith("_total") else ""
            given = node.args[2:3] or [k.value for k in node.keywords if k.arg == "labelnames"]
            yield name + suffix, kind.lower(), tuple(ast.literal_eval(given[0])) if given else ()


def _code(text: str) -> str:
    return "\n".join(re.findall(r"```.*?```|`[^`\n]+`", text, re.DOTALL))

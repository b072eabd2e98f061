"""docs/alerts.md names every packaged rule and every key of the rule files."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from alerts.rules import Rule, Step, load_rules, packaged_rules

TEXT = (Path(__file__).parents[3] / "docs" / "alerts.md").read_text(encoding="utf-8")
KEYS = {f.name for f in (*fields(Rule), *fields(Step))} - {"steps"}


@pytest.mark.parametrize("word", sorted(KEYS | {r.code for r in load_rules([packaged_rules()])}))
def test_is_documented(word: str) -> None:
    assert f"`{word}`" in TEXT

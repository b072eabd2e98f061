"""The guide is true: its scenario, its mapping and its program work, and its table knows every kind."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

import pytest

from quantrac.registry import load_registry, sample_province
from simulators.csvfeed import parse_mapping
from simulators.events import CLASS_OF_KIND, DEFAULT_MAGNITUDE, EventKind
from simulators.scenario import parse_scenario

TEXT = (Path(__file__).parents[3] / "docs" / "simulators.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", EventKind)
def test_every_kind_stands_in_the_table_with_class_and_default(kind: EventKind) -> None:
    row = re.search(rf"^\| `{kind}` \| {CLASS_OF_KIND[kind]} \| .* \| (.*) \|$", TEXT, re.MULTILINE)
    assert row is not None
    default = DEFAULT_MAGNITUDE.get(kind)
    assert row[1] == "–" if default is None else row[1].endswith(f"({default:g})")


def test_the_examples_are_accepted(start: datetime) -> None:
    scenario, mapping = re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL)
    stations = list(load_registry([sample_province()]).current(start))
    assert len(parse_scenario(scenario, "docs").bind(stations, start)) == 1
    assert parse_mapping(mapping, "docs").columns[0].parameter == "COD"

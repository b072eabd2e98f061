"""The worked values in the docstrings of the reports are true."""

from __future__ import annotations

import doctest
import importlib

import pytest

MODULES = [
    "reports.clock",
    "reports.facts",
    "reports.formats",
    "reports.render.csv",
    "reports.tables.water_quality",
    "reports.words",
    "reports.wqi",
    "commands.reports.reporter",
]


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_a_module(name: str) -> None:
    result = doctest.testmod(importlib.import_module(name))
    assert result.attempted > 0
    assert result.failed == 0

"""The examples of the page's modules are true."""

from __future__ import annotations

import doctest
import importlib

import pytest

MODULES = (
    *("web.filters", "web.languages", "web.middleware", "web.throttle", "web.tokens", "web.visit", "web.words"),
    *("web.accounts.proof", "web.accounts.telephone", "web.history"),
    *("quantrac.domain.accounts", "quantrac.domain.statuses"),
)


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    found = doctest.testmod(importlib.import_module(name))
    assert found.attempted > 0
    assert found.failed == 0

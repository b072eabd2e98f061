"""A line to the database that is cut, or a server that is frozen: connections look alive, and nobody answers."""

from __future__ import annotations

import threading
import time
from contextlib import suppress

import httpx
import pytest

from local.servers.postgres import Postgres
from tests.freezing import frozen

from .conftest import Site

SILENT_S = 8.0
"""A reader waits 5 s for a database that says nothing."""
BACK_WITHIN_S = 9.0


@pytest.fixture(scope="module")
def days() -> float:
    return 0.1


def test_a_database_that_says_nothing_is_away_within_seconds_for_all_who_ask(
    site: Site, number: int, postgres: Postgres
) -> None:
    browser = site.logged_in(site.new(person="an"))
    assert browser.get(f"/incidents/{number}").status_code == 200
    answers: list[int] = []

    def ask() -> None:
        with suppress(httpx.TimeoutException):
            answers.append(browser.client.get(f"/incidents/{number}", timeout=SILENT_S).status_code)

    with frozen(postgres):
        for _ in range(2):  # those that find connections, and those that find none any more
            asking = [threading.Thread(target=ask) for _ in range(12)]
            for each in asking:
                each.start()
            for each in asking:
                each.join()
    assert answers == [503] * 24
    back_s = time.monotonic() + BACK_WITHIN_S
    while browser.client.get(f"/incidents/{number}").status_code != 200:
        assert time.monotonic() < back_s

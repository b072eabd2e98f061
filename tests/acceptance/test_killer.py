"""Two minutes of the random killer; ``tests/acceptance/killer.py`` runs it as long as wanted."""

from __future__ import annotations

import pytest

from local.stage import Stage

from .killer import run_for


@pytest.mark.timeout(600)
def test_two_minutes_of_random_kills_lose_nothing_and_mail_nothing_twice(stage: Stage) -> None:
    run_for(stage, 120.0, seed=13)

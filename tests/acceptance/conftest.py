"""A stage of its own for these tests: they stop and kill servers that others would miss."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local.stage import Stage, temporary_stage
from quantrac.clock import SystemClock
from quantrac.registry import load_registry, sample_province, with_cadence
from quantrac.settings import load_settings


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    """Servers, bridge, two workers and a notifier with the sample province, shared by the scenarios of a module."""
    # Each alert by itself: what was told of each is then to be counted, through every kill.
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("QUANTRAC_INCIDENT_PAGES", "false")
        yield from _stage()


def _stage() -> Iterator[Stage]:
    registry = with_cadence(load_registry([sample_province()]), cadence_s=1.0)
    with temporary_stage("acceptance", load_settings(), registry, SystemClock(), workers=2) as stage:
        stage.start()
        yield stage

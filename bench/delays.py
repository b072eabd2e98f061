"""Delays of a run of the fleet, from the histogram that the workers write."""

from __future__ import annotations

from collections import Counter

import psycopg

from local.stage import FleetRun, Stage
from sql.delays import quantile_s

READINGS_PER_MESSAGE = 7.5
"""Of the sample province on average; only to choose the rates."""
DRAINED_S = 300.0
FLEET_GOES_ON = "The fleet did not end."
NOTHING_COMMITTED = "The worker committed nothing."
WRITTEN_S = 3.0
"""The worker writes the delays of its last batch with its next sweep."""


def fleet(stage: Stage, messages_per_s: float, seconds: float, *more: str) -> FleetRun:
    """Return a run of the fleet at a rate, not begun."""
    return stage.fleet("--rate", f"{messages_per_s:g}", "--duration", f"{seconds:g}", *more)


def delays_of(stage: Stage, readings_per_s: float, seconds: float, *more: str, drain: bool = True) -> Counter[int]:
    """Return the histogram of delays of a run at a rate.

    Parameters
    ----------
    drain
        Whether to wait until no record waits for a worker, before and after; beside a flood some always do.
    """
    run = fleet(stage, readings_per_s / READINGS_PER_MESSAGE, seconds, *more)
    if drain:  # what was sent before has the delays of a backlog
        run.until_drained(DRAINED_S)
        stage.let(WRITTEN_S)
    before = delays_so_far(stage)
    run.begin()
    stage.until(run.ended, seconds + 120, FLEET_GOES_ON)
    if drain:
        run.until_drained(DRAINED_S)
    run.close()
    stage.let(WRITTEN_S)
    return delays_so_far(stage) - before


def quantiles(histogram: Counter[int]) -> dict[str, float | int | None]:
    """Return how many readings there were, and the quantiles of their delay (s)."""
    p50, p99 = quantile_s(histogram, 0.5), quantile_s(histogram, 0.99)
    return {"readings": histogram.total(), "p50_s": _rounded(p50), "p99_s": _rounded(p99)}


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)


def delays_so_far(stage: Stage) -> Counter[int]:
    """Return the histogram of delays of all that was stored."""
    with psycopg.connect(stage.servers.database().reader) as connection:
        rows = connection.execute("SELECT bucket, sum(readings)::bigint FROM delays GROUP BY bucket").fetchall()
    return Counter(dict(rows))

"""How well the compliance clock says whether a day ends beyond its limit: ``python -m bench.clock --days 20000``.

On simulated days: a level of each day, a daily wave, wandering, noise, and on one day in ten a slug. The clock knows
none of it: its spread and time constant are estimated from 200 other days. Beside it stands "the last 15 minutes
persist", which says 0 or 1. Brier score: the mean square of chance less outcome; 0 is perfect. The last line is one
JSON object. Needs no server.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import numpy.typing as npt

from reports.clock import DaySoFar, chance_beyond, outlook

Floats = npt.NDArray[np.float64]
LIMIT = 90.0
HOURS = (8, 12, 16, 20)
PAST_DAYS = 200
BINS = 5
_ROWS = 288
"""A day of readings every five minutes."""
_MIDNIGHT = datetime(2026, 11, 1, 17, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Calibration:
    """Figures of one hour of the day."""

    hour: int
    brier: float
    brier_of_persistence: float
    distance: float
    """Mean distance of chance and frequency over five bins, weighted by the days in each."""
    worst: float
    """The largest of these distances, of a bin with at least one day in fifty."""


def calibration(days: Floats, past: Floats) -> tuple[Calibration, ...]:
    """Return the figures of ``days`` (days × 288 readings) with what ``past`` days taught."""
    spread, hours = learnt(past)
    beyond = days.mean(axis=1) > LIMIT
    found = []
    for hour in HOURS:
        chances, persists = np.empty(len(days)), np.empty(len(days))
        for index, values in enumerate(days):
            seen = values[: hour * 12]
            now = _MIDNIGHT + timedelta(hours=hour)
            day = DaySoFar(_MIDNIGHT, now, float(seen.sum()), len(seen), 300, LIMIT)
            chances[index] = chance_beyond(day, float(seen[-12:].mean()), spread, hours)
            expected = outlook(day, float(seen[-3:].mean())).expected_mean
            persists[index] = expected is not None and expected > LIMIT
        brier, of_persistence = (float(np.mean((p - beyond) ** 2)) for p in (chances, persists))
        found.append(Calibration(hour, brier, of_persistence, *_distances(chances, beyond)))
    return tuple(found)


def learnt(past: Floats) -> tuple[float, float]:
    """Return spread of the hourly means within a day, and how many hours a level lasts, from the median day."""
    hourly = past.reshape(len(past), 24, 12).mean(axis=2)
    deviation = hourly - hourly.mean(axis=1, keepdims=True)
    correlation = float(np.median((deviation[:, 1:] * deviation[:, :-1]).mean(axis=1) / (deviation**2).mean(axis=1)))
    return float(np.median(hourly.std(axis=1))), float(-1 / np.log(correlation))


def simulated(count: int, seed: int) -> Floats:
    """Return days of readings every five minutes: a level for each day, a wave, an AR(1), noise, slugs."""
    rng = np.random.default_rng(seed)
    rho = np.exp(-5 / 180)
    shocks = rng.normal(size=(count, _ROWS)) * 12 * np.sqrt(1 - rho**2)
    wander = np.empty((count, _ROWS))
    wander[:, 0] = rng.normal(size=count) * 12
    for step in range(1, _ROWS):
        wander[:, step] = rho * wander[:, step - 1] + shocks[:, step]
    wave = 6 * np.sin(2 * np.pi * (np.arange(_ROWS) / _ROWS - 0.3))
    level = rng.normal(86, 6, size=(count, 1))
    values: Floats = level + wave + wander + rng.normal(size=(count, _ROWS)) * 2
    for index in np.flatnonzero(rng.random(count) < 0.1):
        begin = int(rng.integers(0, 250))
        values[index, begin : begin + 24] += 60
    return np.maximum(values, 0.0)


def _distances(chances: Floats, beyond: npt.NDArray[np.bool_]) -> tuple[float, float]:
    bins = np.minimum((chances * BINS).astype(int), BINS - 1)
    filled = [bins == n for n in range(BINS) if (bins == n).any()]
    apart = [abs(float(chances[inside].mean() - beyond[inside].mean())) for inside in filled]
    shares = [float(inside.mean()) for inside in filled]
    mean = sum(distance * share for distance, share in zip(apart, shares, strict=True))
    return mean, max(distance for distance, share in zip(apart, shares, strict=True) if share >= 0.02)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.clock", description=__doc__)
    parser.add_argument("--days", type=int, default=2000, help="simulated days")
    parser.add_argument("--seed", type=int, default=2)
    options = parser.parse_args()
    days = simulated(options.days, options.seed)
    found = calibration(days, simulated(PAST_DAYS, options.seed - 1))
    sys.stderr.write("hour  clock  last 15 min persist  chance less frequency: mean, worst fifth\n")
    for line in found:
        figures = f"{line.brier:.3f}  {line.brier_of_persistence:19.3f}  {line.distance:.3f}, {line.worst:.3f}"
        sys.stderr.write(f"{line.hour:4}  {figures}\n")
    beyond = round(float((days.mean(axis=1) > LIMIT).mean()), 3)
    figures_at = [{name: round(value, 4) for name, value in asdict(line).items()} for line in found]
    result = {"days": len(days), "beyond": beyond, "at": figures_at}
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()

"""Turbidity that creeps up without the water rising is fouling; a flood, a jump and a short slug are not."""

from __future__ import annotations

import numpy as np
import pytest

from models.protocol import Reason, TriageClass
from models.series import Floats
from models.slow.drift import DriftWatch
from models.slow.finding import Finding
from models.slow.fouling import FoulingWatch, is_open_water
from models.slow.watches import SlowWatches

COLUMNS = ("Level", "Cond", "Turbidity")
DAY = 24
"""Rows a day: one an hour."""
DAYS = 60


def river(seed: int = 1) -> Floats:
    """Return two months of a calm river: a slow fall, two floods in the first month, spikes of turbidity."""
    rng = np.random.default_rng(seed)
    hours = np.arange(DAYS * DAY)
    flood = sum(np.where(hours < at, 0.0, np.exp(-(hours - at) / 60.0)) for at in (5 * DAY, 16 * DAY))
    level = 1.0 - 0.002 * hours / DAY + 0.8 * flood + 0.003 * rng.normal(size=len(hours))
    turbidity = 4.0 * np.exp(3.0 * flood) * np.exp(0.15 * rng.normal(size=len(hours)))
    turbidity[rng.random(len(hours)) < 0.02] *= 8
    return np.column_stack([level, 400 - 100 * flood, turbidity])


def creeping(values: Floats, first: int, days: int, times: float) -> Floats:
    """Return the values with a window that is overgrown from a day on, and cleaned after some days."""
    out = values.copy()
    rows = slice(first * DAY, (first + days) * DAY)
    out[rows, 2] += 4.0 * (times - 1) * np.linspace(0, 1, days * DAY)
    return out


def run(values: Floats, status: Floats | None = None) -> list[list[Finding]]:
    watch = FoulingWatch(COLUMNS)
    said = np.zeros(values.shape, dtype=np.int8) if status is None else status.astype(np.int8)
    return [watch.push(3600.0 * i, v, s) for i, (v, s) in enumerate(zip(values, said, strict=True))]


def found_rows(values: Floats) -> list[int]:
    return [i for i, row in enumerate(run(values)) if row]


@pytest.mark.parametrize("seed", range(8))
def test_a_river_with_floods_and_spikes_is_quiet(seed: int) -> None:
    assert not found_rows(river(seed))


@pytest.mark.parametrize("seed", range(4))
def test_a_window_that_is_overgrown_is_found_and_cleaning_ends_it(seed: int) -> None:
    rows = found_rows(creeping(river(seed), 40, 12, 6.0))
    assert 42 * DAY < rows[0] < 46 * DAY
    assert rows[-1] in range(52 * DAY, 53 * DAY)
    assert rows == list(range(rows[0], rows[-1] + 1))


def test_the_words_name_the_sensor_the_size_and_the_level() -> None:
    (said,) = run(creeping(river(), 40, 12, 6.0))[50 * DAY]
    assert (said.parameter, said.reason, said.cls) == ("Turbidity", Reason.FOULING, TriageClass.FAULT)
    assert 38 * DAY <= said.since_s / 3600 <= 42 * DAY
    assert "mực nước không dâng" in said.text.vi
    assert "while the water did not rise" in said.text.en


def test_what_rises_with_the_water_or_at_once_is_no_creep() -> None:
    values = creeping(river(), 40, 12, 6.0)
    values[40 * DAY : 52 * DAY, 0] += np.linspace(0, 0.8, 12 * DAY)
    assert not found_rows(values)
    jump = river()
    jump[40 * DAY :, 2] *= 5
    assert not found_rows(jump)
    slug = river()
    slug[40 * DAY : 40 * DAY + 5, 2] *= 50
    assert not found_rows(slug)


def test_a_calibration_or_a_finding_of_two_months_begins_anew() -> None:
    values = creeping(river(), 40, 12, 6.0)
    status = np.zeros(values.shape)
    status[48 * DAY, 2] = 1
    found = run(values, status)
    assert found[48 * DAY - 1]
    assert not any(found[48 * DAY : 50 * DAY])
    months = np.vstack([creeping(river(), 40, 20, 6.0), np.tile([0.9, 400.0, 24.0], (70 * DAY, 1))])
    rows = found_rows(months)
    assert rows[0] < 50 * DAY
    assert rows[-1] - rows[0] + 1 == 60 * DAY


def test_without_a_level_nothing_is_known() -> None:
    values = creeping(river(), 40, 12, 6.0)
    values[30 * DAY :, 0] = np.nan
    assert not found_rows(values)
    assert not FoulingWatch(("Cond", "Turbidity")).push(0.0, values[0, 1:], np.zeros(2, dtype=np.int8))


def test_open_water_has_a_level_and_no_flow() -> None:
    assert is_open_water(("Level", "Cond", "Tur"))
    assert not is_open_water(("Level", "Flow", "TSS"))
    assert not is_open_water(("TSS", "COD"))
    drift = {type(w) for w in SlowWatches(COLUMNS).watches}
    assert FoulingWatch in drift
    assert DriftWatch not in drift

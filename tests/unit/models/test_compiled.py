"""Compiled loops: they work without a cache on disk, their records survive a snapshot, and only models need them."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from models.compiled import compiled, numbers_of, records_of


def test_a_function_that_cannot_be_kept_on_disk_is_compiled_all_the_same() -> None:
    namespace: dict[str, Any] = {}
    exec("def doubled(x):\n    return 2 * x", namespace)  # noqa: S102 - a function without a file has no cache folder
    assert compiled(namespace["doubled"])(21) == 42


def test_records_become_numbers_and_records_again() -> None:
    records = np.repeat(np.array([(0.5, 3)], dtype=[("gain", np.float64), ("rows", np.float64)]), 2)
    records[1]["rows"] = 7
    again = records_of(numbers_of(records).copy(), records)
    assert again["rows"].tolist() == [3.0, 7.0]
    assert again.dtype == records.dtype
    with pytest.raises(ValueError, match="cannot be memories"):
        records_of(np.zeros((1, 2)), records)


def test_commands_without_a_model_do_not_load_the_compiler() -> None:
    code = "import sys, commands.main; sys.exit('numba' in sys.modules or 'sklearn' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


FIRST_ROW = """
import sys, numpy as np
from datetime import UTC, datetime, timedelta
from numba.core.dispatcher import Dispatcher
from models.protocol import Row
from models.station.judging import WatchConfig
from models.station.scorer import StationScorer, warm
from quantrac.domain.stations import Sensor
from tests.factories import station

def compiled():
    modules = [m for name, m in sys.modules.items() if name.startswith("models.")]
    found = {id(f): f for m in modules for f in vars(m).values() if isinstance(f, Dispatcher)}
    return {(f.__module__, f.__name__, s) for f in found.values() for s in f.signatures}

warm()
before = compiled()
parameters = ("COD", "TSS", "pH", "Flow")
place = station("DT_A", [Sensor(p, "mg/L") for p in parameters])
scorer = StationScorer(place, WatchConfig.of(place))
rows = []
for i in range(600):
    values = np.round(10 + np.random.default_rng(i).normal(size=4) + 50 * (500 <= i < 510), 1).tolist()
    code = "01" if i % 50 == 7 else "00"
    at = datetime(2026, 3, 1, tzinfo=UTC) + i * timedelta(minutes=20)
    rows.append(Row(at, dict(zip(parameters, values)), statuses={"COD": code}))
scores = [scorer.score([row], row.observed_at) for row in rows[:590]] + [scorer.score(rows[590:], rows[-1].observed_at)]
assert scorer.trouble is None and any(s.triage for one in scores for row in one for s in row.values())
print(sorted(compiled() - before))
"""


def test_the_first_rows_find_everything_compiled() -> None:
    done = subprocess.run([sys.executable, "-c", FIRST_ROW], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

"""Compiled loops: they work without a cache on disk, their records survive a snapshot, and only models need them."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from models.compiled import compiled, numbers_of, record_of, records_of


@dataclass(frozen=True)
class Settings:
    gain: float
    rows: int = 3


def test_a_function_that_cannot_be_kept_on_disk_is_compiled_all_the_same() -> None:
    namespace: dict[str, Any] = {}
    exec("def doubled(x):\n    return 2 * x", namespace)  # noqa: S102 - a function without a file has no cache folder
    assert compiled(namespace["doubled"])(21) == 42


def test_records_become_numbers_and_records_again() -> None:
    records = np.repeat(record_of(Settings(0.5)), 2)
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
from numba.core.dispatcher import Dispatcher
from models.pipeline.configs import STATION_DEFAULT
from models.pipeline.pipeline import Fitted, Scorer, warm
from models.slow import watches
from models.triage.incident import Incident

def compiled():
    modules = [m for name, m in sys.modules.items() if name.startswith("models.")]
    found = {id(f): f for m in modules for f in vars(m).values() if isinstance(f, Dispatcher)}
    return {(f.__module__, f.__name__, s) for f in found.values() for s in f.signatures}

config = STATION_DEFAULT
warm(config)
watches.warm()
before = compiled()
scorer = Scorer(Fitted(config), ("COD", "pH", "Flow"), ("Flow",))
slow = watches.SlowWatches(("COD", "TSS", "Flow"))
incident = Incident(("COD", "pH", "Flow"), scorer.targets)
for i in range(600):
    values = np.random.default_rng(i).normal(size=(1, 3))
    scored = scorer.push(np.array([i * 10**9], dtype="datetime64[ns]"), values)
    incident.push(scored.features, np.array([i == 500]), None, values)
    slow.push(60.0 * i, np.round(np.abs(values[0]), 1), np.array([0, 1, 2], dtype=np.int8) * (i % 50 == 0))
print(sorted(compiled() - before))
"""


def test_the_first_rows_find_everything_compiled() -> None:
    done = subprocess.run([sys.executable, "-c", FIRST_ROW], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

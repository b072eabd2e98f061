"""All watches of one station together: what a worker or a recorded series runs beside the pipeline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from models.series import Floats
from models.slow.capped import CalibrationWatch, CappedWatch
from models.slow.dilution import DilutionWatch
from models.slow.drift import DriftWatch
from models.slow.finding import Finding, Statuses, Watch
from models.slow.fouling import FoulingWatch, is_open_water
from models.slow.repeats import RepeatWatch
from models.slow.rise import RiseWatch
from models.slow.stuck import StuckWatch

_HUGE = 1e12


class SlowWatches:
    """Findings that stand now, row by row.

    ``limits`` holds the upper limits of the parameters that have one, ``tops`` what the sensor of each column can
    measure at most. In a river, where rain raises what a discharge raises, no rise is looked for.
    """

    def __init__(
        self,
        columns: Sequence[str],
        limits: Mapping[str, float] | None = None,
        units: Mapping[str, str] | None = None,
        tops: Sequence[float] = (),
        *,
        in_river: bool = False,
    ) -> None:
        known, open_water = limits or {}, is_open_water(columns)
        self.watches: tuple[Watch, ...] = (
            StuckWatch(columns), FoulingWatch(columns) if open_water else DriftWatch(columns), RepeatWatch(columns),
            CappedWatch(columns, known), CalibrationWatch(columns, known), DilutionWatch(columns),
        )  # fmt: skip
        if not (in_river or open_water):
            self.watches += (RiseWatch(columns, known, units, tops),)

    def push(self, at_s: float, values: Floats, status: Statuses) -> list[Finding]:
        """Take the next row, as reported, and return what all watches find."""
        sound = np.where(np.abs(values) < _HUGE, values, np.nan)
        return [finding for watch in self.watches for finding in watch.push(at_s, sound, status)]

    def state(self) -> Any:
        """Return the whole memory: about 2 kB a sensor."""
        return [watch.state() for watch in self.watches]

    def set_state(self, state: Any) -> None:
        """Go on from a memory returned by ``state``."""
        for watch, memory in zip(self.watches, state, strict=True):
            watch.set_state(memory)


def warm() -> None:
    """Compile what the watches run, or read it from the cache on disk: the first row need not wait for it."""
    watches = SlowWatches(("COD", "TSS", "Flow"))
    for hour in (1, 2):
        watches.push(3600.0 * hour, np.full(3, 1.0 + hour), np.zeros(3, dtype=np.int8))

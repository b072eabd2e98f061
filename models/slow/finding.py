"""What a watch reports, and what every watch looks like."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from models.compiled import compiled
from models.protocol import Reason, TriageClass
from models.series import Floats
from quantrac.domain.words import Bilingual

Statuses = npt.NDArray[np.int8]

MEASURING, CALIBRATING, FAULT = range(3)
CODES: Mapping[str, int] = {"00": MEASURING, "01": CALIBRATING, "02": FAULT}
"""What a watch sees of a logger's status (TT 10/2021/TT-BTNMT)."""
UNCALIBRATED = 0.5
"""Probability of a finding: it carries no calibrated one, it is reported when its own test is sure enough."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One pattern at one sensor, as long as it is there. ``since_s`` and ``at_s`` are seconds since the epoch.

    Of class ``FAULT`` or ``FALSIFICATION``: a work item, never a page; of class ``POLLUTION``: an alarm like any other.
    What is said of falsification is a suspicion: the words tell what was seen, not what somebody did.
    """

    parameter: str
    reason: Reason
    cls: TriageClass
    since_s: float
    at_s: float
    text: Bilingual
    probability: float = UNCALIBRATED


@runtime_checkable
class Watch(Protocol):
    """A small causal state machine over the rows of one station."""

    def push(self, at_s: float, values: Floats, status: Statuses) -> list[Finding]:
        """Take the next row and return the findings that stand now.

        ``values`` has shape (columns,), as the logger reported them whatever the status, NaN where there is none;
        ``status`` is 0 measuring, 1 calibrating, 2 fault. Rows come in order of time.
        """
        ...

    def state(self) -> Any:
        """Return the whole memory as numbers, lists and arrays."""
        ...

    def set_state(self, state: Any) -> None:
        """Go on from a memory returned by ``state``."""
        ...


@compiled
def add_measured(values: Floats, status: Statuses, above: float, total: Floats, rows: Floats) -> None:
    """Add what is measured in a row, and above a bound, to the sums of its period, and count it; both by column."""
    for j in range(len(values)):
        if status[j] == MEASURING and values[j] > above:
            total[j] += values[j]
            rows[j] += 1.0

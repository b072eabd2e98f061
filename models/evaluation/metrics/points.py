"""Point-wise counts: each row (or each row of a sensor) is right or wrong by itself; never point-adjusted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.evaluation.metrics.counts import Counts, ratio
from models.series import Bools


@dataclass(frozen=True, slots=True)
class Confusion(Counts):
    """Counts of rows. Rates are ``None`` where they are not defined (nothing to count)."""

    tp: int = 0
    fp: int = 0
    fn: int = 0
    tn: int = 0

    @property
    def f1(self) -> float | None:
        """Harmonic mean of precision and recall; ``None`` where there is neither a label nor an alarm."""
        return ratio(2 * self.tp, 2 * self.tp + self.fp + self.fn)

    @property
    def false_alarm_rate(self) -> float | None:
        """Share of the normal rows that are alarmed, 0..1."""
        return ratio(self.fp, self.fp + self.tn)

    @property
    def missed_alarm_rate(self) -> float | None:
        """Share of the labelled rows that are not alarmed, 0..1."""
        return ratio(self.fn, self.fn + self.tp)


def confusion(truth: Bools, alarm: Bools, counted: Bools | None = None) -> Confusion:
    """Count the rows of two bool arrays of one shape; ``counted`` false leaves a row out.

    >>> confusion(np.array([True, True, False, False]), np.array([True, False, True, False])).f1
    0.5
    """
    if counted is not None:
        truth, alarm = truth[counted], alarm[counted]
    return Confusion(
        tp=int(np.count_nonzero(truth & alarm)),
        fp=int(np.count_nonzero(~truth & alarm)),
        fn=int(np.count_nonzero(truth & ~alarm)),
        tn=int(np.count_nonzero(~truth & ~alarm)),
    )

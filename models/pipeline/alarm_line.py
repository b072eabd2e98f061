"""From log-odds to alarms: smoothing, the threshold's slow adaptation, and holding."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.compiled import Records, compiled, record_of
from models.series import Bools, Floats

SMOOTH_ROWS = 1.5
"""Smoothing of the log-odds: a single odd row is no alarm unless it is very odd."""
HOLD_ROWS = 3
"""An alarm stays on for so many rows after the last row beyond the threshold."""
ADAPT = 0.2
"""How far the threshold follows the tail of the recent unlabelled scores."""


def hold(over: Bools, rows: int) -> Bools:
    """Return ``over`` kept true for ``rows`` rows after it was.

    >>> hold(np.array([True, False, False, False]), 2).tolist()
    [True, True, True, False]
    """
    if rows <= 0:
        return over
    index = np.arange(len(over))
    last = np.maximum.accumulate(np.where(over, index, -rows - 1))
    return np.asarray(index - last <= rows)


@dataclass(frozen=True, slots=True)
class LineConfig:
    """Where an alarm line lies, and how it moves. Lengths in rows."""

    threshold: float
    tail: float
    """Share of the rows that is expected beyond the threshold."""
    adapt: float = ADAPT
    adapt_rows: float = 20_000.0
    smooth_rows: float = SMOOTH_ROWS
    hold_rows: float = HOLD_ROWS


class AlarmLine:
    """Smoothing, adaptive threshold, holding of one score series; streaming, with the state in ``state``."""

    def __init__(self, config: LineConfig) -> None:
        self.state = np.array([0.0, config.threshold, 0.0])
        """Smoothed score, followed quantile, rows to hold."""
        self._config = record_of(config)

    def push(self, logits: Floats) -> tuple[Floats, Bools]:
        """Return the margin over the threshold, and the alarms, of the next rows.

        The threshold leans towards the tail of the recent unlabelled scores: a conformal quantile with forgetting,
        followed by stochastic approximation (Gibbs and Candes 2021, adaptive conformal inference).
        """
        margins, alarms = np.empty(len(logits)), np.empty(len(logits), dtype=np.bool_)
        _judge(np.ascontiguousarray(logits), self._config, self.state, margins, alarms)
        return margins, alarms


@compiled
def _judge(logits: Floats, config: Records, state: Floats, margins: Floats, alarms: Bools) -> None:
    c = config[0]
    smooth, quantile, held = state
    gain = 1.0 / max(c.smooth_rows, 1.0)
    rate = 1.0 / max(c.tail * c.adapt_rows, 1.0)
    up, down = rate * (1 - c.tail), rate * c.tail
    low, high = c.threshold - 3.0, c.threshold + 3.0
    for i in range(len(logits)):
        smooth += gain * (logits[i] - smooth)
        margin = smooth - (c.threshold + c.adapt * (quantile - c.threshold))
        if c.adapt:
            quantile = min(max(quantile + (up if smooth > quantile else -down), low), high)
        held = c.hold_rows + 1.0 if margin >= 0 else max(held - 1.0, 0.0)
        margins[i] = margin
        alarms[i] = held > 0
    state[:] = np.array([smooth, quantile, held])


@compiled
def smoothed(logits: Floats, rows: float) -> Floats:
    """Return exponentially smoothed log-odds, as ``AlarmLine`` smooths them."""
    gain = 1.0 / max(rows, 1.0)
    out = np.empty(len(logits))
    last = 0.0
    for i in range(len(logits)):
        last += gain * (logits[i] - last)
        out[i] = last
    return out

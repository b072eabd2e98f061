"""From log-odds to alarms: smoothing, the threshold's slow adaptation, and holding."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from models.compiled import Records, compiled
from models.series import Bools, Floats, Ints

_SMOOTH_ROWS = 1.5
"""Smoothing of the log-odds: a single odd row is no alarm unless it is very odd."""
HOLD_ROWS = 3
"""An alarm stays on for so many rows after the last row beyond the threshold."""
_ADAPT = 0.2
"""How far a threshold follows the tail of the recent unlabelled scores."""
_ADAPT_ROWS = 20_000.0
"""Memory of the scores whose tail a threshold follows."""


def hold(over: Bools, rows: int) -> Bools:
    """Return ``over`` kept true for ``rows`` rows after it was.

    >>> hold(np.array([True, False, False, False]), 2).tolist()
    [True, True, True, False]
    """
    index = np.arange(len(over))
    last = np.maximum.accumulate(np.where(over, index, -rows - 1))
    return np.asarray(index - last <= rows)


_MOVING = ("smooth", "quantile", "held")
"""Smoothed score, followed quantile, rows to hold."""
ALARM_LINE = np.dtype([(name, np.float64) for name in ("threshold", "tail", "adapt", *_MOVING)])


def begin(line: np.void, threshold: float, tail: float, adapt: float = _ADAPT) -> None:
    """Make a line that of a score series without rows; ``tail`` is the share of the rows expected beyond it."""
    line["threshold"], line["tail"], line["adapt"] = threshold, tail, adapt
    set_state_of(line, (0.0, threshold, 0.0))


def state_of(line: np.void) -> Floats:
    """Return what rows have changed of a line."""
    return np.array([line[name] for name in _MOVING])


def set_state_of(line: np.void, state: Iterable[float]) -> None:
    """Go on from what ``state_of`` returned."""
    for name, number in zip(_MOVING, state, strict=True):
        line[name] = number


def judged(lines: Records, series: Ints, logits: Floats) -> tuple[Floats, Bools]:
    """Return the margin over the threshold, and the alarms, of the next rows; row i is of ``series[i]``.

    The threshold leans towards the tail of the recent unlabelled scores: a conformal quantile with forgetting,
    followed by stochastic approximation (Gibbs and Candes 2021, adaptive conformal inference).
    """
    margins, alarms = np.empty(len(logits)), np.empty(len(logits), dtype=np.bool_)
    _judge(lines, series, np.ascontiguousarray(logits), margins, alarms)
    return margins, alarms


@compiled
def _judge(lines: Records, series: Ints, logits: Floats, margins: Floats, alarms: Bools) -> None:
    for i in range(len(logits)):
        c = lines[series[i]]
        rate = 1.0 / max(c.tail * _ADAPT_ROWS, 1.0)
        up, down = rate * (1 - c.tail), rate * c.tail
        low, high = c.threshold - 3.0, c.threshold + 3.0
        c.smooth += (1.0 / _SMOOTH_ROWS) * (logits[i] - c.smooth)
        margin = c.smooth - (c.threshold + c.adapt * (c.quantile - c.threshold))
        if c.adapt:
            c.quantile = min(max(c.quantile + (up if c.smooth > c.quantile else -down), low), high)
        c.held = HOLD_ROWS + 1.0 if margin >= 0 else max(c.held - 1.0, 0.0)
        margins[i] = margin
        alarms[i] = c.held > 0


def smoothed(logits: Floats) -> Floats:
    """Return log-odds as an alarm line smooths them."""
    line = np.zeros(1, ALARM_LINE)
    begin(line[0], threshold=0.0, tail=1.0, adapt=0.0)
    return judged(line, np.zeros(len(logits), dtype=np.int64), logits)[0]

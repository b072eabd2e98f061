"""From scores to alarms: the threshold that a false-alarm budget allows, its slow adaptation, and holding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from models.compiled import Records, compiled, record_of
from models.series import Bools, Floats, Times, stretches, widened


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Scores of one sensor or row series with its truth, for choosing a threshold."""

    times: Times
    scores: Floats
    labels: Bools


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


class Aim(StrEnum):
    """What a threshold is chosen for; the F1 of events counts for a third or a half beside the other two."""

    EVENTS = "events"
    ROWS = "rows"
    GROUPS = "groups"
    """Rows of the widened groups of label or alarm (Jones, Jones and Horsburgh 2022): long events weigh by length."""


_LEAN = 0.01
"""Of thresholds whose worth is so near the best the most sensitive is taken: which of them is the best is luck, and an
event that is missed costs more than a work item."""


def choose_threshold(
    judged: Sequence[HeldOut],
    *,
    budget_per_day: float,
    aim: Aim,
    hold_rows: int,
    fallback: float,
    share: float | None = None,
) -> float:
    """Return the threshold with the best F1 on held-out training scores whose false alarms stay in the budget.

    Over the budget the F1 is reduced in proportion, so that a plant where no threshold keeps it still gets the best
    compromise. Of nearly equal ones it is the most sensitive. Thresholds are tried that alarm from a tenth to four
    times ``share`` of the rows: the share of labelled rows, if not given. It is smaller where only the edges of long
    events are to be seen.
    """
    scores = np.concatenate([j.scores[np.isfinite(j.scores)] for j in judged]) if judged else np.array([])
    if not len(scores) or not any(j.labels.any() for j in judged):
        return fallback
    share = float(np.mean(np.concatenate([j.labels for j in judged]))) if share is None else share
    tails = np.geomspace(max(share * 0.1, 1e-5), min(share * 4, 0.7), 30)
    candidates = np.unique(np.quantile(scores, 1 - tails))
    # Many equal scores (cut log-odds) can make a quantile a constant alarm: one long run that meets every event.
    said = np.array([np.mean(scores >= t) for t in candidates])
    candidates = candidates[said <= max(2 * tails[-1], said[-1])]
    worth = [_worth(judged, t, budget_per_day, aim, hold_rows) for t in candidates]
    # The middle of the best stretch: the very best candidate is partly luck.
    smooth = np.convolve(np.pad(worth, 1, mode="edge"), [0.25, 0.5, 0.25], mode="valid")
    return float(candidates[int(np.argmax(smooth >= smooth.max() - _LEAN))])


def _worth(judged: Sequence[HeldOut], threshold: float, budget: float, aim: Aim, hold_rows: int) -> float:
    counts = np.zeros(3)
    detected = events = false_runs = 0
    days = 0.0
    for j in judged:
        alarm = hold(j.scores >= threshold, hold_rows)
        counts += _groups(j.labels, alarm) if aim is Aim.GROUPS else _rows(j.labels, alarm)
        step_s = float(np.median(np.diff(j.times) / np.timedelta64(1, "s"))) if len(j.times) > 1 else 1.0
        near = hold(j.labels, int(3600 / max(step_s, 1e-3)))
        spans = stretches(j.labels)
        events += len(spans)
        detected += sum(bool(alarm[a:b].any()) for a, b in spans)
        false_runs += len(stretches(alarm & ~near))
        days += len(j.times) * step_s / 86400
    own = 2 * counts[0] / max(2 * counts[0] + counts[1] + counts[2], 1)
    event = 2 * detected / max(detected + false_runs + events, 1)
    worth = {Aim.EVENTS: event, Aim.ROWS: (2 * own + event) / 3, Aim.GROUPS: (own + event) / 2}[aim]
    over = false_runs / max(days, 1e-9) / budget
    return float(worth / (1 + max(over - 1, 0.0)))


def _rows(labels: Bools, alarm: Bools) -> Floats:
    """Return true positives, false positives and false negatives by row."""
    return np.array([(alarm & labels).sum(), (alarm & ~labels).sum(), (~alarm & labels).sum()], dtype=np.float64)


def _groups(labels: Bools, alarm: Bools) -> Floats:
    """Return the same by widened groups: a group that holds both is right as a whole."""
    wide, said = widened(labels), widened(alarm)
    counts = np.zeros(3)
    for a, b in stretches(wide | said):
        counts[0 if wide[a:b].any() and said[a:b].any() else 1 if said[a:b].any() else 2] += b - a
    return counts


@dataclass(frozen=True, slots=True)
class LineConfig:
    """From log-odds to alarms; see ``FamilyConfig`` for the meaning."""

    threshold: float
    tail: float
    """Share of the rows that is expected beyond the threshold."""
    smooth_rows: float
    hold_rows: int
    quiet_rows: int
    adapt: float
    adapt_rows: float


QUIET_SLOPE = 6.0
"""Log-odds by which a peak's claim to silence has shrunk at the end of the quiet time."""
QUIET_FROM = -8.0
"""Peaks below claim none."""


class AlarmLine:
    """Smoothing, adaptive threshold, holding of one score series; streaming, with the state in ``state``."""

    def __init__(self, config: LineConfig) -> None:
        self.config = config
        self.state = np.array([0.0, config.threshold, 0.0, -1e9, 1e9])
        """Smoothed score, followed quantile, rows to hold, last peak, rows since."""
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
    smooth, quantile, held, peak, since = state
    gain = 1.0 / max(c.smooth_rows, 1.0)
    rate = 1.0 / max(c.tail * c.adapt_rows, 1.0)
    up, down = rate * (1 - c.tail), rate * c.tail
    low, high = c.threshold - 3.0, c.threshold + 3.0
    for i in range(len(logits)):
        smooth += gain * (logits[i] - smooth)
        margin = smooth - (c.threshold + c.adapt * (quantile - c.threshold))
        if c.adapt:
            quantile = min(max(quantile + (up if smooth > quantile else -down), low), high)
        if c.quiet_rows:
            since += 1.0
            left = max(1.0 - since / c.quiet_rows, 0.0)
            if left and margin <= peak - QUIET_SLOPE * (1.0 - left):
                margin = min(margin, 0.0) - QUIET_SLOPE
            elif margin > QUIET_FROM:
                peak, since = margin, 0.0
        held = c.hold_rows + 1.0 if margin >= 0 else max(held - 1.0, 0.0)
        margins[i] = margin
        alarms[i] = held > 0
    state[:] = np.array([smooth, quantile, held, peak, since])


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

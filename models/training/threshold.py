"""The threshold that a false-alarm budget allows, chosen on held-out training rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.pipeline.alarm_line import HOLD_ROWS, hold
from models.series import Bools, Floats, Times, stretches


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Scores of a row series with its truth, for choosing a threshold."""

    times: Times
    scores: Floats
    labels: Bools


_LEAN = 0.01
"""Of thresholds whose worth is so near the best the most sensitive is taken: which of them is the best is luck, and an
event that is missed costs more than a work item."""
_MISSED = 2.0
"""How many false alarms weigh as much as an event that is missed: the budget bounds these, and nothing bounds that."""


def choose_threshold(judged: Sequence[HeldOut], budget_per_day: float) -> float:
    """Return the threshold with the best events' F measure on held-out training scores, false alarms in the budget.

    Over the budget it is reduced in proportion, so that a plant where no threshold keeps it still gets the best
    compromise. Of nearly equal ones it is the most sensitive. Thresholds are tried that alarm from a tenth to four
    times the share of labelled rows. Nothing judged, or nothing labelled: 0.
    """
    scores = np.concatenate([j.scores[np.isfinite(j.scores)] for j in judged]) if judged else np.array([])
    if not len(scores) or not any(j.labels.any() for j in judged):
        return 0.0
    share = float(np.mean(np.concatenate([j.labels for j in judged])))
    tails = np.geomspace(max(share * 0.1, 1e-5), min(share * 4, 0.7), 30)
    candidates = np.unique(np.quantile(scores, 1 - tails))
    # Many equal scores (cut log-odds) can make a quantile a constant alarm: one long run that meets every event.
    said = np.array([np.mean(scores >= t) for t in candidates])
    candidates = candidates[said <= max(2 * tails[-1], said[-1])]
    worth = [_worth(judged, t, budget_per_day) for t in candidates]
    # The middle of the best stretch: the very best candidate is partly luck.
    smooth = np.convolve(np.pad(worth, 1, mode="edge"), [0.25, 0.5, 0.25], mode="valid")
    return float(candidates[int(np.argmax(smooth >= smooth.max() - _LEAN))])


def _worth(judged: Sequence[HeldOut], threshold: float, budget: float) -> float:
    detected = events = false_runs = 0
    days = 0.0
    for j in judged:
        alarm = hold(j.scores >= threshold, HOLD_ROWS)
        step_s = float(np.median(np.diff(j.times) / np.timedelta64(1, "s"))) if len(j.times) > 1 else 1.0
        near = hold(j.labels, int(3600 / max(step_s, 1e-3)))
        spans = stretches(j.labels)
        events += len(spans)
        detected += sum(bool(alarm[a:b].any()) for a, b in spans)
        false_runs += len(stretches(alarm & ~near))
        days += len(j.times) * step_s / 86400
    over = false_runs / max(days, 1e-9) / budget
    counted = detected + false_runs + _MISSED * events
    return float((1 + _MISSED) * detected / max(counted, 1) / (1 + max(over - 1, 0.0)))

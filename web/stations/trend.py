"""Columns of a trend, as the browser draws them. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any

from sql.station_rows import TrendRow
from web.stations.period import Period

LimitStep = tuple[datetime | None, datetime | None, float | None, float | None]
"""From, to (``None``: open), minimum, maximum."""


def columns(rows: Sequence[TrendRow], limits: Sequence[LimitStep], period: Period) -> dict[str, Any]:
    """Return seconds and values; where a bucket is missing there is a hole, so that no line bridges an outage."""
    width_s = period.width.total_seconds()
    held: list[TrendRow] = []
    # A cadence longer than a bucket leaves empty ones between readings; only what is twice as long as usual is a hole.
    steps = sorted(b.at - a.at for a, b in pairwise(rows))
    usual_s = max(width_s, steps[len(steps) // 2] if steps else width_s)
    for row in rows:
        if held and row.at - held[-1].at > 3 * usual_s:
            held.append(TrendRow(held[-1].at + usual_s, None, None, None, None))
        held.append(row)
    return {
        "t": [r.at for r in held],
        "low": [r.low for r in held],
        "high": [r.high for r in held],
        "flagged": [r.flagged for r in held],
        "other": [r.other for r in held],
        "minimum": [_at(limits, r.at, 2) for r in held],
        "maximum": [_at(limits, r.at, 3) for r in held],
        "width_s": width_s,
    }


def _at(limits: Sequence[LimitStep], at_s: float, which: int) -> float | None:
    for limit in limits:
        since, until = limit[0], limit[1]
        if (since is None or since.timestamp() <= at_s) and (until is None or at_s < until.timestamp()):
            value = limit[which]
            return value if isinstance(value, float) else None
    return None

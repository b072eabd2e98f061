"""The watches over a recorded series: findings row by row, and as intervals."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from models.protocol import Reason
from models.series import Series, TriagedInterval
from models.slow.finding import UNCALIBRATED, Finding
from models.slow.watches import SlowWatches

_JOINED = np.timedelta64(3600, "s")
"""A finding that comes back within an hour is the same one."""


def findings_of(series: Series) -> list[list[Finding]]:
    """Return what stands after each row of a series. Rows whose stamp is not newer than the one before find nothing."""
    watches = SlowWatches(series.columns, series.legal)
    reported = series.values if series.reported is None else series.reported
    status = np.zeros(reported.shape, dtype=np.int8) if series.status is None else series.status
    stamps = (series.times.astype("datetime64[ms]").astype(np.int64) / 1000.0).tolist()
    out: list[list[Finding]] = []
    last = float("-inf")
    for i, at_s in enumerate(stamps):
        out.append(watches.push(at_s, reported[i], status[i]) if at_s > last else [])
        last = max(last, at_s)
    return out


def intervals_of(series: Series, findings: Sequence[Sequence[Finding]]) -> tuple[TriagedInterval, ...]:
    """Return one interval for each sensor and kind of finding, from when it was first to when it was last reported."""
    open_: dict[tuple[str, Reason], tuple[int, int, Finding]] = {}
    spans: list[tuple[int, int, Finding]] = []
    for i, standing in enumerate(findings):
        for finding in standing:
            key = (finding.parameter, finding.reason)
            first, last, said = open_.get(key, (i, i, finding))
            if i - last > 1 and series.times[i] - series.times[last] > _JOINED:
                spans.append((first, last, said))
                first = i
            open_[key] = (first, i, finding)
    spans += open_.values()
    return tuple(
        TriagedInterval(
            series.times[a],
            series.times[b],
            f.cls,
            UNCALIBRATED,
            (f.text,),
            reason=f.reason,
            sensor=f.parameter,
        )
        for a, b, f in sorted(spans, key=lambda span: span[:2])
    )

"""The histogram of delays: buckets that grow by a tenth, so that a quantile is right within 5 % at any scale."""

from __future__ import annotations

import math
from collections.abc import Mapping

FIRST_EDGE_S = 0.001
GROWTH = 1.1


def bucket_of(delay_s: float) -> int:
    """Return the bucket of a delay; bucket i is [0.001 * 1.1**i, 0.001 * 1.1**(i + 1)) seconds.

    A delay below 1 ms, or a negative one (a logger's clock ahead of ours), falls into bucket 0.

    >>> bucket_of(-2.0), bucket_of(0.001), bucket_of(1.0)
    (0, 0, 72)
    """
    return 0 if delay_s <= FIRST_EDGE_S else int(math.log(delay_s / FIRST_EDGE_S) / math.log(GROWTH))


def quantile_s(counts: Mapping[int, int], share: float) -> float | None:
    """Return the delay that ``share`` of the readings do not exceed, as the middle of its bucket, in seconds.

    ``None`` without any reading.

    >>> round(quantile_s({0: 98, 72: 2}, 0.5), 4), round(quantile_s({0: 98, 72: 2}, 0.99), 2)
    (0.001, 1.0)
    >>> quantile_s({}, 0.5) is None
    True
    """
    wanted = share * sum(counts.values())
    reached = 0
    for bucket in sorted(counts):
        reached += counts[bucket]
        if counts[bucket] and reached >= wanted:
            return float(FIRST_EDGE_S * GROWTH ** (bucket + 0.5))
    return None

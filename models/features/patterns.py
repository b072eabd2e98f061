"""How well a row fits a known pollution: small departures of several sensors, each in the direction that it would take.

A sum over the sensors of a pattern rises above their noise when none of them does by itself (a matched filter), and a
single sensor that lies far off adds to it no more than a few scatters.
"""

from __future__ import annotations

from math import sqrt

import numpy as np

from models.chemistry import roles_of
from models.compiled import compiled
from models.series import Floats, Ints

PATTERN_KEYS = ("slow_5", "slow_20", "day")
"""Departures by sensor that are summed."""
PATTERN_NAMES = tuple(f"{what}_{key}" for key in PATTERN_KEYS for what in ("sense", "rest"))
"""Of each: the sum over the pattern that fits best, and the same without the sensor that moved most."""
_MOST, _LEAST = 4.0, -1.0
"""Scatters that one sensor can add or take away."""


def signs_of(columns: tuple[str, ...]) -> Floats:
    """Return the direction of each sensor in each known pollution, shape (patterns, columns); 0: it has no part.

    A pattern in which fewer than two of the columns have a part is left empty.
    """
    signs = roles_of(columns).signs
    return np.asarray(signs * ((signs != 0).sum(axis=1, keepdims=True) >= 2))


@compiled
def fill_patterns(cells: Floats, keys: Ints, signs: Floats, out: Floats) -> None:
    """Write ``PATTERN_NAMES`` of a row into ``out``; ``cells`` has shape (sensors, features)."""
    for k in range(len(keys)):
        best = rest = 0.0
        for p in range(len(signs)):
            total = largest = 0.0
            members = 0
            for j in range(len(cells)):
                if signs[p, j] != 0.0:
                    z = min(max(signs[p, j] * cells[j, keys[k]], _LEAST), _MOST)
                    total += z
                    largest = max(largest, z)
                    members += 1
            if members:
                best = max(best, total / sqrt(members))
                rest = max(rest, (total - largest) / sqrt(members - 1.0))
        out[2 * k], out[2 * k + 1] = best, rest

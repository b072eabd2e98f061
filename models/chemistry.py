"""What sensors mean to each other: which parameters rise and fall together, by the name of their column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from models.priors import kind_of
from models.series import Floats
from quantrac.domain.parameters import Harm, harm_of


@dataclass(frozen=True, slots=True)
class Pattern:
    """Parameters that move together, +1 up or -1 down, and what that looks like."""

    name: str
    signs: Mapping[str, int]
    vi: str
    en: str


PATTERNS = (
    Pattern(
        "organic",
        {
            "cod": 1, "bod5": 1, "toc": 1, "tss": 1, "turb": 1, "nh4": 1, "tn": 1, "tp": 1, "color": 1, "do": -1,
        },
        "nước thải hữu cơ", "organic waste water",
    ),
    Pattern("ammonia", {"nh4": 1, "tn": 1, "cond": 1, "ph": 1, "do": -1}, "nước thải amoni", "ammonia waste water"),
    Pattern("salt", {"cond": 1, "chloride": 1, "no3": 1}, "nước thải mặn", "saline waste water"),
    Pattern("solids", {"tss": 1, "turb": 1, "cod": 1, "toc": 1, "tp": 1}, "trôi bùn", "a wash-out of solids"),
    Pattern("acid", {"ph": -1, "cond": 1}, "nước thải axit", "acid waste water"),
    Pattern("dye", {"color": 1, "cod": 1, "toc": 1, "temp": 1}, "nước thải nhuộm", "dye waste water"),
)  # fmt: skip
"""Kinds of pollution. The groups are those of ``models.injection`` and of domain practice; at least two members must
move the right way, so a single sensor never fits one."""

_IDLE = 0.2
"""Scatters by which a pattern fits worse for each of its members that does not move."""
_MUDDY = frozenset({"tss", "turb"})
_FLOWS = frozenset({"flow", "level"})
_RAIN = {"flow": 1, "level": 1, "cond": -1, "temp": -1}
_THINNED = frozenset({
    "cod", "bod5", "toc", "tss", "turb", "nh4", "tn", "tp", "no3", "po4", "color", "cond", "cl", "chloride",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Roles:
    """Places of the columns, by their meaning. ``signs`` has shape (patterns, columns)."""

    signs: Floats
    harm: Floats
    """+1 where high pollutes, -1 where low does, 0 for both or none."""
    explains: Floats
    """1 for flow and level, which are no pollution by themselves."""
    muddy: Floats
    rain: Floats
    thinned: Floats
    ph: tuple[int, ...]


@lru_cache(maxsize=64)
def roles_of(columns: tuple[str, ...]) -> Roles:
    """Return the roles of columns, told by their names; an unknown name has none."""
    kinds = [kind_of(c) for c in columns]
    harm = {Harm.HIGH: 1.0, Harm.LOW: -1.0}
    return Roles(
        signs=np.array([[p.signs.get(k, 0) for k in kinds] for p in PATTERNS], dtype=np.float64),
        harm=np.array([harm.get(harm_of(k), 0.0) if k != "temp" else 0.0 for k in kinds]),
        explains=_mask(kinds, _FLOWS),
        muddy=_mask(kinds, _MUDDY),
        rain=np.array([_RAIN.get(k, 0) for k in kinds], dtype=np.float64),
        thinned=_mask(kinds, _THINNED),
        ph=tuple(i for i, k in enumerate(kinds) if k == "ph"),
    )


def _mask(kinds: Sequence[str], wanted: frozenset[str]) -> Floats:
    return np.array([float(k in wanted) for k in kinds])


def best_pattern(z: Floats, roles: Roles) -> tuple[int, float]:
    """Return the pollution that departures ``z`` (scatters, by column) fit best, and how far its second member moved.

    >>> roles = roles_of(("COD", "TSS", "pH"))
    >>> which, support = best_pattern(np.array([9.0, 6.0, 0.0]), roles)
    >>> PATTERNS[which].name, support
    ('organic', 6.0)
    """
    agreement = roles.signs * z
    ordered = np.sort(agreement, axis=1)
    if ordered.shape[1] < 2:
        return 0, 0.0
    support = ordered[:, -2]
    idle = ((roles.signs != 0) & (agreement < 1.0)).sum(axis=1)
    return int(np.argmax(support - _IDLE * idle)), max(float(support.max()), 0.0)


def rain_support(z: Floats, roles: Roles) -> float:
    """Return how far turbid water and a sign of rain (more flow, thinner, cooler) moved together."""
    if not roles.muddy.any() or not roles.rain.any():
        return 0.0
    return max(min(float((roles.muddy * z).max()), float((roles.rain * z).max())), 0.0)


def dilution_support(z: Floats, roles: Roles) -> float:
    """Return how far the flow rose while two concentrations fell."""
    falls = np.sort(-roles.thinned * z)
    if len(falls) < 2 or not roles.explains.any():
        return 0.0
    return max(min(float((roles.explains * z).max()), float(falls[-2])), 0.0)

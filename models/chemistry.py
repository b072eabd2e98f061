"""What sensors mean to each other: which parameters rise and fall together, by the name of their column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from models.priors import kind_of
from models.series import Floats, Ints
from quantrac.domain.parameters import Harm, harm_of


@dataclass(frozen=True, slots=True)
class Pattern:
    """Parameters that move together, +1 up or -1 down, and what that looks like."""

    name: str
    key: frozenset[str]
    """Parameters of which one has to be measured: without any, nothing can look like it."""
    signs: Mapping[str, int]
    vi: str
    en: str


PATTERNS = (
    Pattern(
        "organic", frozenset({"cod", "bod5", "toc", "nh4", "tn", "do"}),
        {"cod": 1, "bod5": 1, "toc": 1, "tss": 1, "turb": 1, "nh4": 1, "tn": 1, "tp": 1, "color": 1, "do": -1},
        "nước thải hữu cơ", "organic waste water",
    ),
    Pattern(
        "ammonia", frozenset({"nh4", "tn"}), {"nh4": 1, "tn": 1, "cond": 1, "ph": 1, "do": -1},
        "nước thải amoni", "ammonia waste water",
    ),
    Pattern(
        "salt", frozenset({"cond", "chloride"}), {"cond": 1, "chloride": 1, "no3": 1},
        "nước thải mặn", "saline waste water",
    ),
    Pattern(
        "solids", frozenset({"tss", "turb"}), {"tss": 1, "turb": 1, "cod": 1, "toc": 1, "tp": 1},
        "trôi bùn", "a wash-out of solids",
    ),
    Pattern("acid", frozenset({"ph"}), {"ph": -1, "cond": 1}, "nước thải axit", "acid waste water"),
    Pattern(
        "dye", frozenset({"color"}), {"color": 1, "cod": 1, "toc": 1, "temp": 1},
        "nước thải nhuộm", "dye waste water",
    ),
)  # fmt: skip
"""Kinds of pollution, by domain practice. At least two members must move the right way: one sensor never fits one."""

_IDLE = 0.2
"""Scatters by which a pattern fits worse for each of its members that does not move."""
_MUDDY = frozenset({"tss", "turb"})
_FLOWS = frozenset({"flow", "level"})
_RAIN = {"flow": 1, "level": 1, "cond": -1, "temp": -1}
_RAINED = {"tss": 1, "turb": 1, "flow": 1, "level": 1, "cond": -1, "temp": -1}
"""What rain alone does to a river."""
_WASHED = {**_RAINED, "do": -1, "ph": -1, "no3": 1}
"""What it does where signs of rain are seen: run-off from fields and ditches comes with it."""
_THINNED = frozenset({
    "cod", "bod5", "toc", "tss", "turb", "nh4", "tn", "tp", "no3", "po4", "color", "cond", "cl", "chloride",
})  # fmt: skip


_RAIN_THINS = frozenset({"nh4", "cond"})
_BY_UNITS = frozenset({"ph", "temp", "do"})


MORE_WATER, NOT_RISEN = 1.25, 1.15
"""Multiples of the usual: of flow and of mud from which it may rain, and up to which something has not risen."""


@dataclass(frozen=True, slots=True)
class Roles:
    """Places of the columns, by their meaning. ``signs`` has shape (patterns, columns)."""

    signs: Floats
    harm: Floats
    """+1 where high pollutes, -1 where low does, 0 for both or none."""
    explains: Floats
    """1 for flow and level, which are no pollution by themselves."""
    flows: Floats
    muddy: Floats
    parameter: Ints
    """Equal for columns that hold one parameter."""
    quantity: Ints
    """Equal for columns that measure one thing: a parameter measured twice, or mud as TSS and as turbidity."""
    rain: Floats
    thinned: Floats
    rain_thins: Floats
    """1 for what comes with waste water and not with rain."""
    rained: Floats
    """Side to which rain alone moves it, +1 or -1; 0 where it does not."""
    washed: Floats
    """The same, with what run-off brings."""
    by_units: Floats
    """1 for what nobody measures in multiples of the usual: pH, temperature, oxygen."""
    ph: tuple[int, ...]


def is_outflow(column: str) -> bool:
    """Whether a column is the flow that leaves.

    >>> [is_outflow(c) for c in ("Flow", "Flow_in", "COD")]
    [True, False, False]
    """
    return kind_of(column) == "flow" and "in" not in column.lower()


def polluting_side(column: str) -> float:
    """Return the side to which pollution moves a column, +1 or -1; +1 for both, 0 where it does not.

    >>> [polluting_side(c) for c in ("cod_mgl", "DO", "pH", "Flow")]
    [1.0, -1.0, 1.0, 0.0]
    """
    return {Harm.HIGH: 1.0, Harm.BOTH: 1.0, Harm.LOW: -1.0, Harm.NONE: 0.0}[harm_of(kind_of(column) or column)]


def harmful(parameter: str, deviation: float) -> bool:
    """Whether a deviation is on the polluting side of a parameter."""
    return harm_of(parameter) in (Harm.HIGH if deviation > 0 else Harm.LOW, Harm.BOTH)


@lru_cache(maxsize=64)
def roles_of(columns: tuple[str, ...]) -> Roles:
    """Return the roles of columns, told by their names; an unknown name has none."""
    kinds = [kind_of(c) for c in columns]
    harm = {Harm.HIGH: 1.0, Harm.LOW: -1.0}
    return Roles(
        signs=np.array([_signs(p, kinds) for p in PATTERNS]),
        parameter=_quantities(kinds, frozenset()),
        quantity=_quantities(kinds, _MUDDY),
        harm=np.array([harm.get(harm_of(k), 0.0) if k != "temp" else 0.0 for k in kinds]),
        explains=_mask(kinds, _FLOWS),
        flows=_mask(kinds, frozenset({"flow"})),
        muddy=_mask(kinds, _MUDDY),
        rain=np.array([_RAIN.get(k, 0) for k in kinds], dtype=np.float64),
        thinned=_mask(kinds, _THINNED),
        rain_thins=_mask(kinds, _RAIN_THINS),
        rained=np.array([_RAINED.get(k, 0) for k in kinds], dtype=np.float64),
        washed=np.array([_WASHED.get(k, 0) for k in kinds], dtype=np.float64),
        by_units=_mask(kinds, _BY_UNITS),
        ph=tuple(i for i, k in enumerate(kinds) if k == "ph"),
    )


def _mask(kinds: Sequence[str], wanted: frozenset[str]) -> Floats:
    return np.array([float(k in wanted) for k in kinds])


def _signs(pattern: Pattern, kinds: Sequence[str]) -> list[float]:
    measured = not pattern.key.isdisjoint(kinds)
    return [float(pattern.signs.get(k, 0)) if measured else 0.0 for k in kinds]


def _quantities(kinds: Sequence[str], alike: frozenset[str]) -> Ints:
    """Return the number of the first column that measures the same thing."""
    things = ["alike" if k in alike else k or f"column {j}" for j, k in enumerate(kinds)]
    return np.array([things.index(thing) for thing in things])


def best_pattern(z: Floats, roles: Roles) -> tuple[int, float]:
    """Return the pollution that departures ``z`` (scatters, by column) fit best, and how far its second member moved.

    Two columns of one quantity are one member (TSS and turbidity measure the same mud), or every rain in a river were a
    discharge.

    >>> roles = roles_of(("COD", "TSS", "pH"))
    >>> which, support = best_pattern(np.array([9.0, 6.0, 0.0]), roles)
    >>> PATTERNS[which].name, support
    ('organic', 6.0)
    >>> best_pattern(np.array([9.0, 9.0, 0.0]), roles_of(("TSS", "TURB", "pH")))[1]
    0.0
    """
    agreement = roles.signs * z
    ordered = np.sort(agreement - _twice(agreement, roles), axis=1)
    if ordered.shape[1] < 2:
        return 0, 0.0
    support = ordered[:, -2]
    idle = ((roles.signs != 0) & (agreement < 1.0)).sum(axis=1)
    return int(np.argmax(support - _IDLE * idle)), max(float(support.max()), 0.0)


def _twice(agreement: Floats, roles: Roles) -> Floats:
    """Return by how much to lower each agreement so that of the columns of one quantity only the largest is left."""
    lower = np.zeros_like(agreement)
    for first in np.flatnonzero(np.bincount(roles.quantity) > 1):
        same = np.flatnonzero(roles.quantity == first)
        lower[:, same] = np.maximum(agreement[:, same], 0.0)
        largest = same[np.argmax(agreement[:, same], axis=1)]
        lower[np.arange(len(lower)), largest] = 0.0
    return lower


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


def weather_alone(z: Floats, roles: Roles, moved: float) -> bool:
    """Whether mud moved, and nothing else but as rain moves a river.

    Parameters
    ----------
    moved
        Scatters beyond which a sensor has moved.

    >>> roles = roles_of(("TSS", "COND", "DO", "NH4"))
    >>> departures = ((9.0, 0, 0, 0), (9.0, -5, -4, 0), (9.0, 0, -4, 0), (9.0, -5, 0, 4))
    >>> [weather_alone(np.array(z), roles, 3.0) for z in departures]
    [True, True, False, False]
    """
    if not (roles.muddy * z > moved).any():
        return False
    signs = roles.washed if rain_support(z, roles) > moved else roles.rained
    return bool((signs * z > moved)[np.abs(z) > moved].all())

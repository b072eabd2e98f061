"""VN_WQI, the water quality index of surface water (QĐ 1460/QĐ-TCMT of 12/11/2019). Pure.

The means of an hour or a day become an index 10..100 each, the indices of a group become one number, and the groups
become the index 0..100 of the water. At least three of the five groups are needed, and of group IV at least three
parameters; where they are missing there is no value, and the reason is given instead.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

SOURCE = "QĐ 1460/QĐ-TCMT (12/11/2019)"

LEAST_GROUPS = 3
LEAST_OF_GROUP_IV = 3


class Group(StrEnum):
    """The groups of parameters."""

    PH = "I"
    PESTICIDES = "II"
    METALS = "III"
    ORGANIC = "IV"
    """Organic matter and nutrients."""
    MICROBES = "V"


@dataclass(frozen=True, slots=True)
class Level:
    """A range of the index with its names and its colour."""

    least: int
    name_vi: str
    name_en: str
    colour: str


LEVELS = (
    Level(91, "Rất tốt", "Very good", "#3333ff"),
    Level(76, "Tốt", "Good", "#00e400"),
    Level(51, "Trung bình", "Moderate", "#ffff00"),
    Level(26, "Xấu", "Poor", "#ff7e00"),
    Level(10, "Kém", "Very poor", "#ff0000"),
    Level(0, "Ô nhiễm rất nặng", "Heavily polluted", "#7e0023"),
)


@dataclass(frozen=True, slots=True)
class Wqi:
    """The index of one station and period; ``value`` is ``None`` where it cannot be computed."""

    value: int | None
    indices: Mapping[str, float]
    """Index of each parameter that entered, 10..100."""
    groups: tuple[Group, ...]
    reason_vi: str = ""
    """Why there is no value; empty when there is one."""
    reason_en: str = ""

    @property
    def level(self) -> Level | None:
        """The range that the value is in."""
        value = self.value
        return None if value is None else next(level for level in LEVELS if value >= level.least)


def vn_wqi(means: Mapping[str, float], least_groups: int = LEAST_GROUPS) -> Wqi:
    """Return the index of means by parameter code; parameters that are in no group are passed over.

    Parameters
    ----------
    means
        In mg/L, nitrogen and phosphorus as the element; pesticides in µg/L; coliform and E. coli per 100 mL; ``Temp``
        in °C turns dissolved oxygen into a share of saturation, and without it DO is passed over.
    least_groups
        How many of the five groups are needed; the decision says three.

    pH 7 is 100; DO 5.1 mg/L at 25 °C is 62 % of saturation: 62; COD 20 is 66.7; NH4 0.45 is 62.5. Group IV is 63.85.

    >>> vn_wqi({"pH": 7.0, "Temp": 25, "DO": 5.1, "COD": 20, "NH4": 0.45, "Coliform": 2000}).value
    74
    >>> vn_wqi({"pH": 7.0, "COD": 20}).reason_en
    'group IV has 1 parameter (COD); at least 3 are needed'
    """
    indices = parameter_indices(means)
    groups = tuple(group for group in Group if any(_GROUPS[p] is group for p in indices))
    reason_vi, reason_en = _missing(indices, groups, least_groups)
    value = None if reason_vi else _rounded(_combined(indices))
    return Wqi(value, indices, groups, reason_vi, reason_en)


def parameter_indices(means: Mapping[str, float]) -> dict[str, float]:
    """Return the index 10..100 of each parameter that has one, in the order of the groups; NaN is passed over."""
    measured = {p: v for p, v in means.items() if math.isfinite(v)}
    if "DO" in measured and "Temp" in measured:
        measured["DO"] = 100 * measured["DO"] / oxygen_saturation(measured["Temp"])
    else:
        measured.pop("DO", None)
    return {p: _INDEX[p](measured[p]) for p in _GROUPS if p in measured}


def oxygen_saturation(temperature: float) -> float:
    """Return the dissolved oxygen of saturated fresh water in mg/L at a temperature in °C (QĐ 1460, formula of DO %).

    >>> round(oxygen_saturation(25.0), 4), round(oxygen_saturation(20.0), 4)
    (8.1757, 9.0218)
    """
    t = temperature
    return 14.652 - 0.41022 * t + 0.0079910 * t**2 - 0.000077774 * t**3


def _rising(bounds: Sequence[float], *, jumps: bool = False) -> Callable[[float], float]:
    """Return the index of a parameter that is the better the less there is of it.

    ``bounds`` belong to 100, 75, 50, 25 and 10; with ``jumps`` there is no fifth, and beyond the fourth it is 10.
    """
    qualities = (100.0, 75.0, 50.0, 25.0, 10.0)

    def index(value: float) -> float:
        if value < bounds[0]:
            return 100.0
        for low, high, better, worse in zip(bounds, bounds[1:], qualities, qualities[1:], strict=False):
            if low < high and value <= high:
                return worse + (better - worse) / (high - low) * (high - value)
        return 10.0

    def at_a_bound_of_two(value: float) -> float:
        # Where 100 ends and 75 begins at the same number (N-NH4: below 0.3, 0.3), the number itself is 75.
        return 75.0 if value == bounds[0] == bounds[1] else index(value)

    expected = 4 if jumps else 5
    if len(bounds) != expected:
        raise ValueError(f"{expected} bounds are needed, {len(bounds)} are given")
    return at_a_bound_of_two


def _between(points: Sequence[tuple[float, float]]) -> Callable[[float], float]:
    """Return the index on straight lines between points (value, index); outside of them it is 10."""

    def index(value: float) -> float:
        for (low, at_low), (high, at_high) in itertools.pairwise(points):
            if low <= value <= high:
                return at_low + (at_high - at_low) * (value - low) / (high - low)
        return 10.0

    return index


def _allowed(bound: float) -> Callable[[float], float]:
    return lambda value: 100.0 if value <= bound else 10.0


_TOC = (4.0, 6.0, 15.0, 25.0, 50.0)
_INDEX: dict[str, Callable[[float], float]] = {
    "pH": _between(((5.5, 50), (6, 100), (8.5, 100), (9, 50))),
    "Aldrin": _allowed(0.1),
    "BHC": _allowed(0.02),
    "Dieldrin": _allowed(0.1),
    "DDTs": _allowed(1.0),
    "Heptachlor": _allowed(0.2),
    "As": _rising((0.01, 0.02, 0.05, 0.1), jumps=True),
    "Cd": _rising((0.005, 0.005, 0.008, 0.01, 0.1)),
    "Pb": _rising((0.02, 0.02, 0.04, 0.05, 0.5)),
    "Cr6": _rising((0.01, 0.02, 0.04, 0.05, 0.1)),
    "Cu": _rising((0.1, 0.2, 0.5, 1.0, 2.0)),
    "Zn": _rising((0.5, 1.0, 1.5, 2.0, 3.0)),
    "Hg": _rising((0.001, 0.001, 0.0015, 0.002, 0.01)),
    "DO": _between(((20, 25), (50, 50), (75, 75), (88, 100), (112, 100), (125, 75), (150, 50), (200, 25))),
    "BOD5": _rising(_TOC),
    "COD": _rising((10, 15, 30, 50, 150)),
    "TOC": _rising(_TOC),
    "NH4": _rising((0.3, 0.3, 0.6, 0.9, 5)),
    "NO3": _rising((2, 5, 10, 15), jumps=True),
    "NO2": _allowed(0.05),
    "PO4": _rising((0.1, 0.2, 0.3, 0.5, 4)),
    "Coliform": _rising((2500, 5000, 7500, 10_000), jumps=True),
    "Ecoli": _rising((20, 50, 100, 200), jumps=True),
}
"""Table of QĐ 1460; DO is in % of saturation here."""

_WHAT = {
    Group.PH: ("pH", "pH"),
    Group.PESTICIDES: ("thuốc bảo vệ thực vật", "pesticides"),
    Group.METALS: ("kim loại nặng", "heavy metals"),
    Group.ORGANIC: ("hữu cơ và dinh dưỡng", "organic matter and nutrients"),
    Group.MICROBES: ("vi sinh (coliform)", "microbes (coliform)"),
}

_GROUPS: dict[str, Group] = (
    {"pH": Group.PH}
    | dict.fromkeys(("Aldrin", "BHC", "Dieldrin", "DDTs", "Heptachlor"), Group.PESTICIDES)
    | dict.fromkeys(("As", "Cd", "Pb", "Cr6", "Cu", "Zn", "Hg"), Group.METALS)
    | dict.fromkeys(("DO", "BOD5", "COD", "TOC", "NH4", "NO3", "NO2", "PO4"), Group.ORGANIC)
    | dict.fromkeys(("Coliform", "Ecoli"), Group.MICROBES)
)


def _missing(indices: Mapping[str, float], groups: Sequence[Group], least_groups: int) -> tuple[str, str]:
    organic = [p for p in indices if _GROUPS[p] is Group.ORGANIC]
    if len(organic) < LEAST_OF_GROUP_IV:
        names = f" ({', '.join(organic)})" if organic else ""
        plural = "" if len(organic) == 1 else "s"
        return (
            f"nhóm IV có {len(organic)} thông số{names}; cần ít nhất {LEAST_OF_GROUP_IV}",
            f"group IV has {len(organic)} parameter{plural}{names}; at least {LEAST_OF_GROUP_IV} are needed",
        )
    if len(groups) < least_groups:
        names = ", ".join(groups)
        return (
            f"có {len(groups)}/5 nhóm thông số ({names}); cần ít nhất {least_groups}: thiếu {_others(groups, 0)}",
            (
                f"{len(groups)} of 5 groups of parameters are measured ({names}); at least {least_groups} are needed: "
                f"{_others(groups, 1)} are missing"
            ),
        )
    return "", ""


def _others(groups: Sequence[Group], language: int) -> str:
    return ", ".join(f"{group} {_WHAT[group][language]}" for group in Group if group not in groups)


def _combined(indices: Mapping[str, float]) -> float:
    of = {group: [q for p, q in indices.items() if _GROUPS[p] is group] for group in Group}
    factor = math.prod(_geometric_mean(of[group]) / 100 for group in (Group.PH, Group.PESTICIDES, Group.METALS))
    organic, microbes = _mean(of[Group.ORGANIC]), of[Group.MICROBES]
    return factor * ((organic**2 * _mean(microbes)) ** (1 / 3) if microbes else organic)


def _geometric_mean(values: Sequence[float]) -> float:
    """Return the geometric mean; 100, which changes nothing, of a group that is not measured."""
    return math.prod(values) ** (1 / len(values)) if values else 100.0


def _mean(values: Iterable[float]) -> float:
    found = tuple(values)
    return math.fsum(found) / len(found)


def _rounded(value: float) -> int:
    # Without the noise of binary fractions: an exact 62.5 is 63.
    return math.floor(round(value, 9) + 0.5)

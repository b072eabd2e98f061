"""What is known of a parameter before the first reading: how much it usually scatters, and which side is harmful.

The numbers are engineering priors for treated industrial effluent and for surface water, wide on purpose: they only
bridge the first day of a station, after which the sensor's own history outweighs them (``residual.ChartConfig``). The
floors follow the instrument accuracy of TT 10/2021/TT-BTNMT article 34 (about 5 % of the reading).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Harm(StrEnum):
    """On which side of its baseline a parameter means pollution."""

    HIGH = "high"
    LOW = "low"
    BOTH = "both"
    NONE = "none"
    """Explains other parameters (flow), and is no pollution by itself."""


@dataclass(frozen=True, slots=True)
class Prior:
    """Prior scatter of a parameter around its slow baseline.

    ``relative`` is a share of the level, ``absolute`` is in the parameter's unit; they add in quadrature.
    ``floor_relative`` and ``floor_absolute`` bound the learnt scatter from below.
    """

    relative: float
    absolute: float
    floor_relative: float
    floor_absolute: float
    harm: Harm
    name_vi: str
    name_en: str
    wet_chemistry: bool = False
    """Analysers that repeat a value for 15-30 minutes (response time of TT 10/2021 article 34)."""


_DEFAULT = Prior(0.15, 0.0, 0.02, 0.0, Harm.BOTH, "", "")

_PRIORS: dict[str, Prior] = {
    "cod": Prior(0.12, 1.0, 0.04, 0.3, Harm.HIGH, "COD", "COD", wet_chemistry=True),
    "bod5": Prior(0.15, 0.5, 0.05, 0.2, Harm.HIGH, "BOD5", "BOD5", wet_chemistry=True),
    "toc": Prior(0.12, 0.4, 0.04, 0.1, Harm.HIGH, "TOC", "TOC", wet_chemistry=True),
    "tss": Prior(0.14, 1.0, 0.04, 0.3, Harm.HIGH, "TSS", "TSS"),
    "turb": Prior(0.15, 1.0, 0.05, 0.2, Harm.HIGH, "Độ đục", "Turbidity"),
    "nh4": Prior(0.12, 0.03, 0.04, 0.02, Harm.HIGH, "Amoni", "Ammonium", wet_chemistry=True),
    "tn": Prior(0.12, 0.2, 0.04, 0.1, Harm.HIGH, "Tổng N", "Total N", wet_chemistry=True),
    "tp": Prior(0.12, 0.02, 0.04, 0.01, Harm.HIGH, "Tổng P", "Total P", wet_chemistry=True),
    "no3": Prior(0.12, 0.05, 0.04, 0.03, Harm.HIGH, "Nitrat", "Nitrate"),
    "po4": Prior(0.12, 0.01, 0.04, 0.005, Harm.HIGH, "Photphat", "Phosphate", wet_chemistry=True),
    "cl": Prior(0.15, 0.03, 0.04, 0.02, Harm.HIGH, "Clo dư", "Residual chlorine"),
    "color": Prior(0.12, 3.0, 0.04, 1.0, Harm.HIGH, "Độ màu", "Colour"),
    "cond": Prior(0.06, 10.0, 0.015, 2.0, Harm.HIGH, "Độ dẫn điện", "Conductivity"),
    "ph": Prior(0.0, 0.15, 0.0, 0.04, Harm.BOTH, "pH", "pH"),
    "temp": Prior(0.0, 0.8, 0.0, 0.15, Harm.HIGH, "Nhiệt độ", "Temperature"),
    "do": Prior(0.10, 0.4, 0.02, 0.1, Harm.LOW, "DO", "DO"),
    "flow": Prior(0.35, 1.0, 0.08, 0.3, Harm.NONE, "Lưu lượng", "Flow"),
    "level": Prior(0.15, 0.05, 0.02, 0.01, Harm.NONE, "Mực nước", "Level"),
}

_SYNONYMS: dict[str, str] = {
    "amoni": "nh4", "nnh4": "nh4", "nh4n": "nh4", "nh4+": "nh4", "no3n": "no3", "nno3": "no3", "po4p": "po4",
    "ppo4": "po4", "bod": "bod5", "turbidity": "turb", "tur": "turb", "ec": "cond", "conductivity": "cond",
    "colour": "color", "temperature": "temp", "flowin": "flow", "flowout": "flow", "q": "flow", "stage": "level",
    "clo": "cl", "totaln": "tn", "totalp": "tp", "chlorine": "cl",
}  # fmt: skip


_EXACT = frozenset({"ph", "do", "cl", "tn", "tp", "q", "ec", "tur"})
"""Codes so short that they are only known as a whole word, never as the beginning of one."""


def kind_of(column: str) -> str:
    """Return the canonical key of a column's name in whatever spelling, with units; ``""`` if it is not known.

    >>> kind_of("cod_soluble_mgl"), kind_of("CODsol"), kind_of("Flow_in"), kind_of("phosphate"), kind_of("x1")
    ('cod', 'cod', 'flow', '', '')
    """
    word = "".join(c if c.isalnum() or c == "+" else " " for c in column.lower()).split()
    for token in ("".join(word), *word[:1]):
        key = _SYNONYMS.get(token, token)
        if key in _PRIORS:
            return key
    known = [k for k in (*_PRIORS, *_SYNONYMS) if k not in _EXACT and word and word[0].startswith(k)]
    longest = max(known, key=len, default="")
    return _SYNONYMS.get(longest, longest)


def prior_of(parameter: str) -> tuple[Prior, bool]:
    """Return the prior of a parameter code and whether the code is known; an unknown code gets a wide prior.

    >>> prior_of("Flow_Out")[0].name_en, prior_of("N-NH4")[0].harm.value, prior_of("Xyz")[1]
    ('Flow', 'high', False)
    """
    key = "".join(c for c in parameter.lower() if c.isalnum() or c == "+")
    prior = _PRIORS.get(_SYNONYMS.get(key, key))
    return (_DEFAULT, False) if prior is None else (prior, True)

"""How much a parameter usually scatters, as assumed before the first reading.

The numbers are engineering priors for treated industrial effluent and for surface water, wide on purpose: they only
bridge the first day of a station, after which the sensor's own history outweighs them (``models.station.charts``). The
floors follow the instrument accuracy of TT 10/2021/TT-BTNMT article 34 (about 5 % of the reading).
"""

from __future__ import annotations

from dataclasses import dataclass

from quantrac.domain.parameters import parameter_in, parameter_of


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


_DEFAULT = Prior(0.15, 0.0, 0.02, 0.0)

_PRIORS: dict[str, Prior] = {
    "COD": Prior(0.12, 1.0, 0.04, 0.3),
    "BOD5": Prior(0.15, 0.5, 0.05, 0.2),
    "TOC": Prior(0.12, 0.4, 0.04, 0.1),
    "TSS": Prior(0.14, 1.0, 0.04, 0.3),
    "TURB": Prior(0.15, 1.0, 0.05, 0.2),
    "NH4": Prior(0.12, 0.03, 0.04, 0.02),
    "TN": Prior(0.12, 0.2, 0.04, 0.1),
    "TP": Prior(0.12, 0.02, 0.04, 0.01),
    "NO3": Prior(0.12, 0.05, 0.04, 0.03),
    "PO4": Prior(0.12, 0.01, 0.04, 0.005),
    "Cl": Prior(0.15, 0.03, 0.04, 0.02),
    "Color": Prior(0.12, 3.0, 0.04, 1.0),
    "COND": Prior(0.06, 10.0, 0.015, 2.0),
    "pH": Prior(0.0, 0.15, 0.0, 0.04),
    "Temp": Prior(0.0, 0.8, 0.0, 0.15),
    "DO": Prior(0.10, 0.4, 0.02, 0.1),
    "Flow": Prior(0.35, 1.0, 0.08, 0.3),
    "Level": Prior(0.15, 0.05, 0.02, 0.01),
}


def kind_of(column: str) -> str:
    """Return the code of a column's parameter in lower case, from its name in any spelling; ``""`` if it is unknown.

    >>> kind_of("cod_soluble_mgl"), kind_of("Flow_in"), kind_of("Chloride"), kind_of("x1")
    ('cod', 'flow', 'chloride', '')
    """
    parameter = parameter_in(column)
    return "" if parameter is None else parameter.code.lower()


def prior_of(parameter: str) -> Prior:
    """Return the prior of a parameter; a wide one where there is none.

    >>> prior_of("Flow_Out").relative, prior_of("Xyz") == prior_of("Chloride")
    (0.35, True)
    """
    known = parameter_of(parameter)
    return _DEFAULT if known is None else _PRIORS.get(known.code, _DEFAULT)

"""What an author may have meant: symbols and units of sensors that are probably written wrong."""

from __future__ import annotations

import difflib

from quantrac.domain.parameters import PARAMETERS, Harm, Parameter, parameter_of
from quantrac.domain.units import normal_unit, unit_factor

_OTHER_UNITS = {
    "TURB": ("FNU",),
    "Color": ("TCU", "CU", "Hazen"),
    "Level": ("cm", "mm"),
    "DO": ("%",),
    "Temp": ("°F", "K"),
}
"""Units in use that no certain factor leads to: allowed, and shown as they are."""
_SPEAKING_SYMBOL = 4
"""Letters of the shortest unknown symbol that is compared with known ones; shorter ones are formulas (Cd, not COD)."""
_NAMES = {name.casefold(): p.code for p in PARAMETERS for name in (p.code, p.name_vi, p.name_en, *p.symbols)}


def symbol_mistake(symbol: str) -> str | None:
    """Return what is wrong with a sensor's symbol, with the nearest known one; ``None`` where nothing seems to be.

    Limits and quality tests know a parameter by its code alone. What only explains others (flow, level) may have more
    than one sensor, and is known by any of its symbols.

    >>> symbol_mistake("COD"), symbol_mistake("Flow_in"), symbol_mistake("Cd")
    (None, None, None)
    >>> symbol_mistake("cod")
    "'cod' is another spelling of a known parameter, and nothing would be judged by it; did you mean 'COD'?"
    >>> symbol_mistake("Amoniac")
    "'Amoniac' is not a known parameter; did you mean 'NH4'?"
    """
    known = parameter_of(symbol)
    if known is not None:
        if known.code == symbol or known.harm is Harm.NONE:
            return None
        told = "is another spelling of a known parameter, and nothing would be judged by it"
        return f"{symbol!r} {told}; did you mean {known.code!r}?"
    near = nearest_symbol(symbol)
    return None if near is None else f"{symbol!r} is not a known parameter; did you mean {near!r}?"


def nearest_symbol(symbol: str) -> str | None:
    """Return the known parameter that is perhaps meant by a symbol that is none.

    >>> nearest_symbol("CODcr"), nearest_symbol("Mùi")
    ('COD', None)
    """
    if len(symbol) < _SPEAKING_SYMBOL:
        return None
    near = difflib.get_close_matches(symbol.casefold(), _NAMES, n=1, cutoff=0.75)
    return _NAMES[near[0]] if near else None


def unit_mistake(parameter: str, unit: str) -> str | None:
    """Return what is wrong with a sensor's unit, with the nearest usual one; ``None`` where nothing seems to be.

    >>> unit_mistake("COD", "µg/L"), unit_mistake("NH4", "mg N/L"), unit_mistake("Xyz", "?")
    (None, None, None)
    >>> unit_mistake("COD", "mgg/L"), unit_mistake("Flow", "mg/L")
    ("'mgg/L' is no unit of COD; did you mean 'mg/L'?", "'mg/L' is no unit of Flow; did you mean 'm³/h'?")
    """
    known = parameter_of(parameter)
    if known is None or unit_factor(unit, known.unit, known.code) is not None or _in_use(known, unit):
        return None
    usual = (known.unit, *_OTHER_UNITS.get(known.code, ()))
    near = difflib.get_close_matches(unit, usual, n=1, cutoff=0.5)
    advice = f"did you mean {(near or usual)[0]!r}?" if known.unit else 'leave it empty: unit = "".'
    return f"{unit!r} is no unit of {known.code}; {advice}"


def _in_use(parameter: Parameter, unit: str) -> bool:
    others = _OTHER_UNITS.get(parameter.code, ())
    # Contents by mass: certain only with the density of the water, which a convert_rate says.
    content = parameter.unit == "mg/L" and normal_unit(unit) in {"ppm", "ppb"}
    return content or normal_unit(unit) in {normal_unit(other) for other in others}

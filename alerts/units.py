"""Units of limits against units of sensors: one spelling, and only conversions that are certain."""

from __future__ import annotations

import unicodedata

_SPELLINGS = {
    "oc": "°c", "c": "°c", "degc": "°c",
    "-": "", "ph": "", "none": "",
    "ptco": "pt-co", "pt/co": "pt-co", "pt co": "pt-co",
    "m^3/h": "m3/h", "m3/hr": "m3/h", "m^3/d": "m3/d", "m3/day": "m3/d", "m3/ngày": "m3/d", "m3/24h": "m3/d",
    "mg n/l": "mg/l as n", "mg/l n": "mg/l as n", "mg/l n-nh4": "mg/l as n", "mg/l nh4-n": "mg/l as n",
    "mg nh4/l": "mg/l as nh4", "mg/l nh4": "mg/l as nh4",
    "mg no3/l": "mg/l as no3", "mg/l no3": "mg/l as no3",
    "mg p/l": "mg/l as p", "mg/l p": "mg/l as p",
    "mg po4/l": "mg/l as po4", "mg/l po4": "mg/l as po4",
}  # fmt: skip
"""Other spellings, in lower case and NFKC."""

_AS_ELEMENT = {
    "NH4": "mg/l as n",
    "NO3": "mg/l as n",
    "NO2": "mg/l as n",
    "TN": "mg/l as n",
    "PO4": "mg/l as p",
    "TP": "mg/l as p",
}
"""What plain ``mg/L`` means for parameters that the Vietnamese regulations express as an element."""

NH4_OF_N = 18.0385 / 14.0067
"""Mass of ammonium that holds a unit mass of nitrogen: 1.29."""
_NO3_OF_N = 62.0049 / 14.0067
_PO4_OF_P = 94.9714 / 30.9738

_FACTORS = {
    ("mg/l", "ug/l"): 1000.0,
    ("mg/l as n", "ug/l"): 1000.0,
    ("mg/l as p", "ug/l"): 1000.0,
    ("g/m3", "mg/l"): 1.0,
    ("mg/l", "g/l"): 0.001,
    ("mg/l as n", "mg/l as nh4"): NH4_OF_N,
    ("mg/l as n", "mg/l as no3"): _NO3_OF_N,
    ("mg/l as p", "mg/l as po4"): _PO4_OF_P,
    ("m3/d", "m3/h"): 1 / 24,
    ("us/cm", "ms/cm"): 0.001,
}
"""A value in the first unit times the factor is the value in the second; the other way round it is divided."""


def normal_unit(unit: str, parameter: str) -> str:
    """Return one spelling for all spellings of a unit; ``mg/L`` of a nutrient means the element, as in the regulations.

    >>> normal_unit("mg/l", "COD"), normal_unit("oC", "Temp"), normal_unit("μg/L", "COD") == normal_unit("µg/l", "COD")
    ('mg/l', '°c', True)
    >>> normal_unit("mg/L", "NH4"), normal_unit("mg/L NH4", "NH4")
    ('mg/l as n', 'mg/l as nh4')
    """
    plain = " ".join(unicodedata.normalize("NFKC", unit).casefold().replace("μ", "u").replace("+", "").split())
    plain = _SPELLINGS.get(plain, plain)
    return _AS_ELEMENT.get(parameter, plain) if plain == "mg/l" else plain


def unit_factor(from_unit: str, to_unit: str, parameter: str) -> float | None:
    """Return the factor from one unit into another for values of ``parameter``; ``None`` where no certain one is known.

    >>> unit_factor("mg/L", "µg/L", "COD"), unit_factor("µg/L", "mg/L", "COD")
    (1000.0, 0.001)
    >>> round(unit_factor("mg/L", "mg/L NH4", "NH4"), 2), unit_factor("NTU", "FNU", "TURB")
    (1.29, None)
    """
    source, target = normal_unit(from_unit, parameter), normal_unit(to_unit, parameter)
    if source == target:
        return 1.0
    if (source, target) in _FACTORS:
        return _FACTORS[source, target]
    back = _FACTORS.get((target, source))
    return None if back is None else 1 / back

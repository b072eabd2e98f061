"""Units as loggers, stations and regulations spell them, and the conversions between them that are certain."""

from __future__ import annotations

import re
import unicodedata

_SPELLINGS = {
    **dict.fromkeys(("/100 ml", "/100ml", "mpn/100 ml"), "mpn/100ml"),
    "oc": "°c", "c": "°c", "degc": "°c", "deg c": "°c", "celsius": "°c",
    "-": "", "ph": "", "ph unit": "", "ph units": "", "none": "",
    "ptco": "pt-co", "pt/co": "pt-co", "pt co": "pt-co",
    "m3/hr": "m3/h", "m3/giờ": "m3/h", "m3/day": "m3/d", "m3/ngày": "m3/d", "m3/24h": "m3/d",
}  # fmt: skip
"""Other spellings, in lower case, NFKC, without '^' and '+'."""

_CONTENT = re.compile(r"(mg|ug|g)(?: (.+)|(n|p))?/(l|m3)(?: (.+))?")
"""A mass of something in a volume: ``mg/L``, ``mg N/L``, ``mgN/L``, ``µg/L NH4-N``."""
_SUBSTANCES = {
    "n": "n", "as n": "n", "nh4-n": "n", "n-nh4": "n", "no3-n": "n", "n-no3": "n", "no2-n": "n", "n-no2": "n",
    "nh4": "nh4", "as nh4": "nh4", "no3": "no3", "as no3": "no3",
    "p": "p", "as p": "p", "po4-p": "p", "p-po4": "p", "po4": "po4", "as po4": "po4",
}  # fmt: skip

_MG_PER_L = {"mg/l": 1.0, "ug/l": 0.001, "g/l": 1000.0, "mg/m3": 0.001, "g/m3": 1.0, "ug/m3": 1e-6}

NH4_OF_N = 18.0385 / 14.0067
"""Mass of ammonium that holds a unit mass of nitrogen: 1.29."""
_NO3_OF_N = 62.0049 / 14.0067
_PO4_OF_P = 94.9714 / 30.9738
_ELEMENT_IN = {
    "": ("content", 1.0),
    "n": ("nitrogen", 1.0),
    "nh4": ("nitrogen", 1 / NH4_OF_N),
    "no3": ("nitrogen", 1 / _NO3_OF_N),
    "p": ("phosphorus", 1.0),
    "po4": ("phosphorus", 1 / _PO4_OF_P),
}
"""Of what a content is told, and how much of it is in a unit mass."""

_SIZES = {
    "m3/h": ("flow", 1.0),
    "m3/d": ("flow", 1 / 24),
    "m3/min": ("flow", 60.0),
    "m3/s": ("flow", 3600.0),
    "l/h": ("flow", 0.001),
    "l/min": ("flow", 0.06),
    "l/s": ("flow", 3.6),
    "us/cm": ("conductivity", 1.0),
    "ms/cm": ("conductivity", 1000.0),
}
"""Only what holds for every water. Left out on purpose: ppm (by mass or by volume) and NTU against FNU (another light
source). Such a sensor needs its convert_rate."""

_ELEMENT_OF = {"NH4": "n", "NO3": "n", "NO2": "n", "TN": "n", "PO4": "p", "TP": "p"}
"""Parameters that the Vietnamese regulations express as an element: their plain ``mg/L`` is one of nitrogen or
phosphorus."""


def normal_unit(unit: str, parameter: str | None = None) -> str:
    """Return one spelling for all spellings of a unit.

    NFKC makes one of the two micro signs (U+00B5, U+03BC), of ``m³`` and ``m3``, of ``ºC`` and ``oC``. With a
    parameter, plain ``mg/L`` of a nutrient means the element, as in the regulations. A logger's plain ``mg/L`` says
    nothing of that: leave the parameter out.

    >>> [normal_unit(u) for u in ("mg/L", "mg/l ", "µg/L", "μg/l", "oC", "°C", "m³/h", "")]
    ['mg/l', 'mg/l', 'ug/l', 'ug/l', '°c', '°c', 'm3/h', '']
    >>> normal_unit("mg/L", "NH4"), normal_unit("mg/L NH4+", "NH4"), normal_unit("mg N/L"), normal_unit("mg/L", "COD")
    ('mg/l as n', 'mg/l as nh4', 'mg/l as n', 'mg/l')
    """
    plain = unicodedata.normalize("NFKC", unit).casefold().replace("μ", "u").replace("+", "").replace("^", "")
    plain = " ".join(plain.split())
    plain = _SPELLINGS.get(plain, plain)
    content = _CONTENT.fullmatch(plain)
    if content is None:
        return plain
    mass, before, element, volume, after = content.groups()
    before = before or element
    told = before or after
    substance = _ELEMENT_OF.get(parameter or "", "") if told is None else _SUBSTANCES.get(told)
    if substance is None or (before and after):
        return plain
    return f"{mass}/{volume} as {substance}" if substance else f"{mass}/{volume}"


def unit_factor(from_unit: str, to_unit: str, parameter: str | None = None) -> float | None:
    """Return what a number in one unit is multiplied with to be in another; ``None`` where nothing certain is known.

    ``parameter`` as in :func:`normal_unit`.

    >>> unit_factor("mg/L", "µg/L"), unit_factor("µg/L", "mg/L"), unit_factor("ppm", "mg/L")
    (1000.0, 0.001, None)
    >>> round(unit_factor("mg/L", "mg/L NH4", "NH4"), 2), unit_factor("mg/L", "mg/L NH4"), unit_factor("NTU", "FNU")
    (1.29, None, None)
    """
    source, target = normal_unit(from_unit, parameter), normal_unit(to_unit, parameter)
    if source == target:
        return 1.0
    (quantity, size), (wanted, unit_size) = _size(source), _size(target)
    return size / unit_size if quantity and quantity == wanted else None


def converted(value: float, factor: float) -> float:
    """Return a number times a factor, to as many digits as a double holds: what equals a limit is not beyond it.

    >>> converted(2300.0, 0.001), 2300.0 * 0.001
    (2.3, 2.3000000000000003)
    """
    return value if factor == 1.0 else float(f"{value * factor:.15g}")


def _size(unit: str) -> tuple[str, float]:
    """Return what a unit measures and how large it is; an empty name for an unknown one."""
    content, _, substance = unit.partition(" as ")
    if content in _MG_PER_L:
        quantity, share = _ELEMENT_IN[substance]
        return quantity, _MG_PER_L[content] * share
    return _SIZES.get(unit, ("", 1.0))

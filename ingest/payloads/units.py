"""Units as loggers spell them, and the explicit table of factors between them."""

from __future__ import annotations

import unicodedata

_SAME = {
    "oc": "°c", "c": "°c", "degc": "°c", "deg c": "°c", "celsius": "°c",
    "-": "", "ph": "", "ph unit": "", "ph units": "", "none": "",
    "m^3/h": "m3/h", "m3/hr": "m3/h", "m3/giờ": "m3/h", "m^3/s": "m3/s", "m^3/d": "m3/d",
    "m3/day": "m3/d", "m3/ngày": "m3/d", "m^3/day": "m3/d",
    "ptco": "pt-co", "pt/co": "pt-co", "pt co": "pt-co",
}  # fmt: skip
"""Other spellings, each already in lower case and NFKC."""

_FACTORS = {
    ("ug/l", "mg/l"): 0.001,
    ("mg/l", "ug/l"): 1000.0,
    ("g/l", "mg/l"): 1000.0,
    ("mg/m3", "mg/l"): 0.001,
    ("g/m3", "mg/l"): 1.0,
    ("ms/cm", "us/cm"): 1000.0,
    ("us/cm", "ms/cm"): 0.001,
    ("l/s", "m3/h"): 3.6,
    ("l/min", "m3/h"): 0.06,
    ("l/h", "m3/h"): 0.001,
    ("m3/s", "m3/h"): 3600.0,
    ("m3/min", "m3/h"): 60.0,
    ("m3/d", "m3/h"): 1.0 / 24.0,
}
"""Only conversions that hold for every water and every substance. Left out on purpose: ppm (by mass or by volume), N
against NH4 (another quantity, ×1.29), NTU against FNU (another light source). Such a sensor needs its convert_rate."""


def normal_unit(text: str) -> str:
    """Return one spelling for all spellings of a unit.

    NFKC makes one of the two micro signs (U+00B5, U+03BC), of ``m³`` and ``m3``, of ``ºC`` and ``oC``.

    >>> [normal_unit(u) for u in ("mg/L", "mg/l ", "µg/L", "μg/l", "oC", "°C", "m³/h", "")]
    ['mg/l', 'mg/l', 'ug/l', 'ug/l', '°c', '°c', 'm3/h', '']
    """
    plain = unicodedata.normalize("NFKC", text).strip().casefold().replace("\u03bc", "u")
    return _SAME.get(plain, plain)


def unit_factor(sent: str, wanted: str) -> float | None:
    """Return what a number in unit ``sent`` is multiplied with to be in unit ``wanted``; ``None`` when unknown.

    >>> unit_factor("µg/L", "mg/L"), unit_factor("mg/l", "mg/L"), unit_factor("ppm", "mg/L")
    (0.001, 1.0, None)
    """
    source, target = normal_unit(sent), normal_unit(wanted)
    return 1.0 if source == target else _FACTORS.get((source, target))

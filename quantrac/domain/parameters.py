"""What each parameter is: its code, names, usual unit, polluting side, instrument, resolution and range.

Codes and units: TT 10/2021/TT-BTNMT, Phụ lục 15, Bảng 34. Resolution and response time: the same circular, Đ.34
(effluent) and the table of automatic surface-water stations. Ranges are design, not law: what no instrument reports.

``Cl`` is residual chlorine, as in Bảng 34 (about 1 mg/L). Chloride, which QCVN 40:2011/BTNMT writes with the same
letters (500 mg/L), is another parameter: ``Chloride``.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from quantrac.domain.words import Bilingual


class Harm(StrEnum):
    """On which side of its usual level a parameter means pollution."""

    HIGH = "high"
    LOW = "low"
    BOTH = "both"
    NONE = "none"
    """Explains other parameters (flow), and is no pollution by itself."""


class Instrument(StrEnum):
    """How a parameter is measured, by how often there is a new value."""

    PROBE = "probe"
    """Answers within seconds."""
    ANALYSER = "analyser"
    """Answers within ten minutes."""
    WET_CHEMISTRY = "wet chemistry"
    """Answers after 15 to 30 minutes; the 5-minute file repeats the value in between."""


Bounds = tuple[float | None, float | None]


@dataclass(frozen=True, slots=True)
class Parameter:
    """One quantity. ``resolution`` and ``range`` (what an instrument can report at all) are in ``unit``.

    ``symbols`` are other spellings of the code, without regard to case and to signs between letters.
    """

    code: str
    name_vi: str
    name_en: str
    unit: str
    harm: Harm
    instrument: Instrument
    resolution: float = 0.0
    range: Bounds = (None, None)
    symbols: tuple[str, ...] = ()

    @property
    def wet_chemistry(self) -> bool:
        """Whether the file repeats its value for 15 to 30 minutes."""
        return self.instrument is Instrument.WET_CHEMISTRY


_HIGH, _PROBE, _ANALYSER, _WET = Harm.HIGH, Instrument.PROBE, Instrument.ANALYSER, Instrument.WET_CHEMISTRY

PARAMETERS = (
    Parameter("COD", "COD", "COD", "mg/L", _HIGH, _WET, 0.5, (-5.0, 20_000.0)),
    Parameter("BOD5", "BOD5", "BOD5", "mg/L", _HIGH, _WET, symbols=("bod",)),
    Parameter("TOC", "TOC", "TOC", "mg/L", _HIGH, _WET, 0.1, (-2.0, 10_000.0)),
    Parameter("TSS", "TSS", "TSS", "mg/L", _HIGH, _PROBE, 0.1, (-5.0, 20_000.0)),
    Parameter("TURB", "Độ đục", "Turbidity", "NTU", _HIGH, _PROBE, 0.1, (-1.0, 10_000.0), ("turbidity", "tur")),
    Parameter("NH4", "Amoni", "Ammonium", "mg/L", _HIGH, _WET, 0.2, (-1.0, 2_000.0), ("amoni", "nnh4", "nh4n", "nh4+")),
    Parameter("TN", "Tổng N", "Total N", "mg/L", _HIGH, _WET, 0.1, (-1.0, 3_000.0), ("totaln",)),
    Parameter("TP", "Tổng P", "Total P", "mg/L", _HIGH, _WET, 0.1, (-0.5, 500.0), ("totalp",)),
    Parameter("NO3", "Nitrat", "Nitrate", "mg/L", _HIGH, _ANALYSER, 0.1, (-1.0, 2_000.0), ("no3n", "nno3")),
    Parameter("PO4", "Photphat", "Phosphate", "mg/L", _HIGH, _WET, 0.1, (-0.5, 500.0), ("po4p", "ppo4")),
    Parameter("Cl", "Clo dư", "Residual chlorine", "mg/L", _HIGH, _PROBE, 0.1, (-0.5, 100.0), ("clo", "chlorine")),
    Parameter("Chloride", "Clorua", "Chloride", "mg/L", _HIGH, _ANALYSER, 1.0, (-5.0, 100_000.0), ("clorua", "cl-")),
    Parameter("Color", "Độ màu", "Colour", "Pt-Co", _HIGH, _ANALYSER, 1.0, (-5.0, 20_000.0), ("colour",)),
    Parameter(
        "COND", "Độ dẫn điện", "Conductivity", "µS/cm", _HIGH, _PROBE, 1.0, (-10.0, 200_000.0), ("ec", "conductivity")
    ),
    Parameter("pH", "pH", "pH", "", Harm.BOTH, _PROBE, 0.1, (0.0, 14.0)),
    Parameter("Temp", "Nhiệt độ", "Temperature", "°C", _HIGH, _PROBE, 0.1, (-5.0, 110.0), ("temperature",)),
    Parameter("DO", "DO", "DO", "mg/L", Harm.LOW, _PROBE, 0.1, (-0.5, 50.0)),
    Parameter("Flow", "Lưu lượng", "Flow", "m³/h", Harm.NONE, _PROBE, 0.01, (-1.0, None), ("flowin", "flowout", "q")),
    Parameter("Coliform", "Coliform", "Coliform", "MPN/100mL", _HIGH, _WET, 1.0, (-1.0, 100_000_000.0)),
    Parameter("Level", "Mực nước", "Level", "m", Harm.NONE, _PROBE, symbols=("stage",)),
)

_OF_SYMBOL = {symbol: p for p in PARAMETERS for symbol in (p.code.lower(), *p.symbols)}

_WHOLE_WORDS = frozenset({"ph", "do", "cl", "tn", "tp", "q", "ec", "tur"})
"""Symbols so short that they are only known as a whole word, never as the beginning of one."""


def parameter_of(symbol: str) -> Parameter | None:
    """Return the parameter that a code or symbol names; ``None`` for an unknown one.

    >>> [p and p.code for p in map(parameter_of, ("Flow_Out", "N-NH4", "Cl", "Cl-", "Clorua", "Xyz"))]
    ['Flow', 'NH4', 'Cl', 'Chloride', 'Chloride', None]
    """
    lower = symbol.strip().lower()
    return _OF_SYMBOL.get(lower) or _OF_SYMBOL.get("".join(c for c in lower if c.isalnum() or c == "+"))


def parameter_in(column: str) -> Parameter | None:
    """Return the parameter that a column of recorded data holds, from its name in whatever spelling, with units.

    >>> names = ("cod_soluble_mgl", "CODsol", "Flow_in", "phosphate", "x1")
    >>> [p and p.code for p in map(parameter_in, names)]
    ['COD', 'COD', 'Flow', None, None]
    """
    whole = parameter_of(column)
    words = "".join(c if c.isalnum() or c == "+" else " " for c in column.lower()).split()
    if whole is not None or not words:
        return whole
    begun = [s for s in _OF_SYMBOL if s not in _WHOLE_WORDS and words[0].startswith(s)]
    return _OF_SYMBOL.get(words[0]) or _OF_SYMBOL.get(max(begun, key=len, default=""))


def names_of(symbol: str) -> Bilingual:
    """Return a parameter's name in Vietnamese and English; the symbol itself where it is not known.

    >>> names_of("NH4"), names_of("Xyz")
    (Bilingual(vi='Amoni', en='Ammonium'), Bilingual(vi='Xyz', en='Xyz'))
    """
    parameter = parameter_of(symbol)
    return Bilingual(symbol, symbol) if parameter is None else Bilingual(parameter.name_vi, parameter.name_en)


def harm_of(symbol: str) -> Harm:
    """Return the polluting side of a parameter; both where it is not known."""
    parameter = parameter_of(symbol)
    return Harm.BOTH if parameter is None else parameter.harm

"""What a quantity is, told once: symbols, units, and the two that share two letters."""

from __future__ import annotations

import pytest

from quantrac.domain.parameters import PARAMETERS, names_of, parameter_in, parameter_of
from quantrac.domain.units import normal_unit, unit_factor

# TT 10/2021/TT-BTNMT, Đ.34 and Bảng 34: unit, resolution, whether the response time is 15 to 30 minutes
TT10 = {
    "Temp": ("°C", 0.1, False), "pH": ("", 0.1, False), "TSS": ("mg/L", 0.1, False), "COD": ("mg/L", 0.5, True),
    "NH4": ("mg/L", 0.2, True), "TP": ("mg/L", 0.1, True), "TN": ("mg/L", 0.1, True), "TOC": ("mg/L", 0.1, True),
}  # fmt: skip


@pytest.mark.parametrize("code", TT10)
def test_unit_resolution_and_analyser_are_those_of_the_circular(code: str) -> None:
    parameter = parameter_of(code)
    assert parameter is not None
    assert (parameter.unit, parameter.resolution, parameter.wet_chemistry) == TT10[code]


def test_a_symbol_names_one_parameter() -> None:
    symbols = [symbol for p in PARAMETERS for symbol in {p.code.lower(), *p.symbols}]
    assert len(symbols) == len(set(symbols))
    assert all(parameter_of(symbol) is not None for symbol in symbols)
    assert all(normal_unit(p.unit) == normal_unit(p.unit.upper()) for p in PARAMETERS)


@pytest.mark.parametrize(
    ("symbol", "code"),
    [
        ("Cl", "Cl"),
        ("Clo", "Cl"),
        ("chlorine", "Cl"),
        ("Chloride", "Chloride"),
        ("Clorua", "Chloride"),
        ("Cl-", "Chloride"),
        (" CL- ", "Chloride"),
        ("Flowin", "Flow"),
        ("Flow_Out", "Flow"),
        ("Amoni", "NH4"),
        ("N-NH4", "NH4"),
        ("NO3-N", "NO3"),
    ],
)
def test_symbols_as_loggers_write_them(symbol: str, code: str) -> None:
    for found in (parameter_of(symbol), parameter_in(symbol)):
        assert found is not None
        assert found.code == code


@pytest.mark.parametrize(
    ("column", "code"), [("chloride_mgl", "Chloride"), ("Cl_free", "Cl"), ("class", None), ("clay", None), ("", None)]
)
def test_columns_of_recorded_data(column: str, code: str | None) -> None:
    found = parameter_in(column)
    assert (found and found.code) == code


def test_chlorine_and_chloride_have_names_of_their_own() -> None:
    assert names_of("Cl") == ("Clo dư", "Residual chlorine")
    assert names_of("Chloride") == ("Clorua", "Chloride")


@pytest.mark.parametrize(
    ("sent", "wanted", "parameter", "factor"),
    [
        # molar masses: N 14.0067, NH4 18.0385, P 30.9738, PO4 94.9714
        ("mg/L", "mg/L NH4", "NH4", 18.0385 / 14.0067),
        ("mg/L NH4+", "mg/L", "NH4", 14.0067 / 18.0385),
        ("mg N/L", "µg/L NH4", "NH4", 1000 * 18.0385 / 14.0067),
        ("mg/L", "mg PO4/L", "TP", 94.9714 / 30.9738),
        ("mg/L", "µg/L", "NH4", 1000.0),
        ("mg/m3", "mg/L", "COD", 0.001),
        ("m³/ngày", "m3/h", "Flow", 1 / 24),
        ("m³/h", "L/s", "Flow", 1 / 3.6),
        ("mg/L NH4", "mg/L PO4", "NH4", None),
        ("mg/L", "mg/L NH4", "COD", None),
        # a logger's plain mg/L does not say whether it is nitrogen or ammonium
        ("mg/L", "mg/L NH4", None, None),
        ("mg/L NH4", "mg/L", None, None),
        ("mg/L NH4", "mg/L N", None, 14.0067 / 18.0385),
        ("mgg/L", "mg/L", "COD", None),
        ("mg N/L NH4", "mg/L", "NH4", None),
    ],
)
def test_conversions(sent: str, wanted: str, parameter: str | None, factor: float | None) -> None:
    found = unit_factor(sent, wanted, parameter)
    assert found is None if factor is None else found == pytest.approx(factor)

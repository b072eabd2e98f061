"""Units and symbols as real loggers spell them (samples of TT 10/2021 files)."""

from __future__ import annotations

import pytest

from ingest.payloads.symbols import symbol_table
from quantrac.domain.deadletters import Rejected, RejectReason
from quantrac.domain.stations import Sensor
from quantrac.domain.units import converted, unit_factor
from tests.factories import station


@pytest.mark.parametrize(
    ("sent", "wanted", "factor"),
    [
        ("mg/l", "mg/L", 1.0),
        ("mg/L ", "mg/l", 1.0),
        ("ug/L", "mg/L", 0.001),
        ("MGN/L", "mg N/L", 1.0),
        ("ugP/l", "mg P/L", 0.001),
        ("\u00b5g/L", "mg/L", 0.001),  # MICRO SIGN
        ("\u03bcg/l", "mg/L", 0.001),  # GREEK SMALL LETTER MU
        ("mg/L", "\u00b5g/L", 1000.0),
        ("oC", "°C", 1.0),
        ("\u2103", "°C", 1.0),  # DEGREE CELSIUS
        ("", "", 1.0),
        ("pH", "", 1.0),
        ("m3/h", "m³/h", 1.0),
        ("L/s", "m3/h", 3.6),
        ("m³/s", "m3/h", 3600.0),
        ("uS/cm", "µS/cm", 1.0),
        ("mS/cm", "µS/cm", 1000.0),
        ("FNU", "NTU", None),
        ("ppm", "mg/L", None),
        ("m3/h", "mg/L", None),
        ("mg/Nm3", "mg/L", None),
    ],
)
def test_unit_factor(sent: str, wanted: str, factor: float | None) -> None:
    assert unit_factor(sent, wanted) == factor


@pytest.mark.parametrize("symbol", ["NH4", "nh4", "Amoni", "AMONI", " NH4+ ", "N-NH4"])
def test_aliases_in_any_case(symbol: str) -> None:
    table = symbol_table(station(sensors=[Sensor("NH4", "mg/L", aliases=("Amoni", "NH4+", "N-NH4"))]))
    assert table.resolve(symbol, "mg/l") == ("NH4", 1.0)


def test_decomposed_vietnamese_letters() -> None:
    table = symbol_table(station(sensors=[Sensor("Temp", "°C", aliases=("Nhiệtđộ",))]))
    assert table.resolve("NHIE\u0302\u0323Tđo\u0302\u0323", "oC") == ("Temp", 1.0)


def test_what_differs_by_case_alone_is_matched_exactly_or_not_at_all() -> None:
    table = symbol_table(station(sensors=[Sensor("CO", "mg/L"), Sensor("Co", "mg/L")]))
    assert table.resolve("Co", None) == ("Co", 1.0)
    assert table.resolve("CO", None) == ("CO", 1.0)
    refused = table.resolve("co", None)
    assert isinstance(refused, Rejected)
    assert refused.reason is RejectReason.UNKNOWN_PARAMETER


def test_a_convert_rate_says_all_about_the_loggers_numbers() -> None:
    # ammonium as N in µg/L: NH4 in mg/L is ×1.29/1000 (molar masses 18.04 and 14.007), whatever the unit says
    table = symbol_table(station(sensors=[Sensor("NH4", "mg/L", convert_rate=0.00129)]))
    assert table.resolve("NH4", "µg/L") == ("NH4", 0.00129)
    assert table.resolve("NH4", "anything") == ("NH4", 0.00129)


def test_a_table_belongs_to_one_version_of_a_station() -> None:
    old, new = station(), station(sensors=[Sensor("COD", "mg/L", convert_rate=2.0)])
    assert symbol_table(old).resolve("COD", None) == ("COD", 1.0)
    assert symbol_table(new).resolve("COD", None) == ("COD", 2.0)
    assert symbol_table(old) is symbol_table(old)


@pytest.mark.parametrize("micro", [2300, 700, 8100, 1200, 600, 5600, 9, 11200])
def test_number_6_a_value_equal_to_a_limit_is_not_beyond_it_after_a_conversion(micro: int) -> None:
    assert converted(float(micro), 0.001) == micro / 1000


def test_number_6_every_whole_number_of_micrograms_is_its_decimal_in_milligrams() -> None:
    assert [n for n in range(20_000) if converted(float(n), 0.001) != n / 1000] == []

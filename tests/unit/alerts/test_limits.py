"""Limits: the standard's tables, the coefficients, the permit, units, and mistakes of authors."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from alerts.coefficients import kf, kq_river
from alerts.limits import check_limits, limit_for, limit_set_in_force, load_limit_sets
from quantrac.domain.limits import LimitSet, LimitValue, Window
from quantrac.domain.stations import PermitLimit, Registry, Sensor, Station
from quantrac.errors import RuleError

DAY = date(2026, 11, 23)

SET = """
[[limit_set]]
code = "X"
title_vi = "x"
title_en = "x"
source = "x"
effective_from = 2026-01-01
"""


def with_sensor(station: Station, sensor: Sensor) -> Station:
    return replace(station, sensors=(*(s for s in station.sensors if s.parameter != sensor.parameter), sensor))


@pytest.mark.parametrize(
    ("column", "water", "expected"),
    [
        # an industrial park into the sông Tiền, column A; into a canal, column B
        ("A", (7000.0, 4000.0), {"COD": 90.0, "TSS": 60.0, "NH4": 6.0, "TN": 24.0, "TP": 4.8, "Temp": 40.0}),
        ("B", (20.0, 6000.0), {"COD": 121.5, "TSS": 81.0, "NH4": 8.1}),
    ],
)
def test_worked_examples(
    station: Station,
    limit_sets: tuple[LimitSet, ...],
    column: str,
    water: tuple[float, float],
    expected: dict[str, float],
) -> None:
    flow_m3_per_s, discharge = water
    described = replace(
        station, limit_set=f"QCVN40-2011-{column}", kq=kq_river(flow_m3_per_s), kf=kf(discharge), sensors=()
    )
    found = {p: limit_for(described, p, DAY, limit_sets) for p in expected}
    assert {p: limit.maximum for p, limit in found.items() if limit is not None} == expected


@pytest.mark.parametrize(("column", "low"), [("A", 6.0), ("B", 5.5)])
def test_ph_has_two_sides_and_no_coefficients(
    station: Station, limit_sets: tuple[LimitSet, ...], column: str, low: float
) -> None:
    limit = limit_for(replace(station, limit_set=f"QCVN40-2011-{column}"), "pH", DAY, limit_sets)
    assert limit is not None
    assert (limit.minimum, limit.maximum) == (low, 9.0)
    assert "Kq" not in limit.source


def test_a_vietnamese_citation_has_a_decimal_comma(station: Station, limit_sets: tuple[LimitSet, ...]) -> None:
    described = replace(station, limit_set="QCVN40-2011-A", kq=1.2, kf=0.9, permit_flow_m3_per_day=1_250_000.5)
    cod, flow = (limit_for(described, parameter, DAY, limit_sets) for parameter in ("COD", "Flow"))
    assert cod is not None
    assert cod.source.endswith(", Kq 1,2, Kf 0,9: 75 × 1,2 × 0,9")
    if flow is not None:
        assert "1250000 m³/ngày" in flow.source


@pytest.mark.parametrize(("column", "chlorine", "chloride"), [("A", 1.0, 500.0), ("B", 2.0, 1000.0)])
def test_residual_chlorine_and_chloride_have_limits_of_their_own(
    station: Station, limit_sets: tuple[LimitSet, ...], column: str, chlorine: float, chloride: float
) -> None:
    # QCVN 40:2011/BTNMT, rows 27 and 26; Kq and Kf are 1.2 and 1.0
    described = replace(station, limit_set=f"QCVN40-2011-{column}", kq=1.2, kf=1.0)
    found = [limit_for(described, parameter, DAY, limit_sets) for parameter in ("Cl", "Chloride")]
    assert [limit and limit.maximum for limit in found] == [1.2 * chlorine, 1.2 * chloride]


def test_surface_water_has_a_limit_for_chloride_and_none_for_chlorine(limit_sets: tuple[LimitSet, ...]) -> None:
    for limit_set in limit_sets:
        values = {v.parameter: v.maximum for v in limit_set.values}
        if limit_set.code.startswith("QCVN08"):
            assert values["Chloride"] == 250.0
            assert "Cl" not in values


def test_the_standard_has_33_rows_and_six_without_coefficients(limit_sets: tuple[LimitSet, ...]) -> None:
    for column in "AB":
        limit_set = next(s for s in limit_sets if s.code == f"QCVN40-2011-{column}")
        assert len(limit_set.values) == 33
        without = {v.parameter for v in limit_set.values if not v.coefficients_apply}
        assert without == {"Temp", "Color", "pH", "Coliform", "AlphaGross", "BetaGross"}


def test_the_new_standard_is_empty_and_says_so(station: Station, limit_sets: tuple[LimitSet, ...]) -> None:
    new = next(s for s in limit_sets if s.code == "QCVN40-2025")
    assert new.values == ()
    assert "chưa nạp" in new.title_vi
    described = replace(station, limit_set="QCVN40-2025")
    assert limit_for(described, "COD", DAY, limit_sets) is None
    assert check_limits(Registry((described,)), limit_sets, DAY) == [
        "Station DT_KCNSADEC_NUOSXL: the limit set QCVN40-2025 is empty; import its official values."
    ]


def test_the_permit_prevails_without_coefficients(station: Station, limit_sets: tuple[LimitSet, ...]) -> None:
    described = replace(station, permit_limits=(PermitLimit("COD", None, 60.0, "GPMT 12/2026"),))
    limit = limit_for(described, "COD", DAY, limit_sets)
    assert limit is not None
    assert (limit.maximum, limit.source) == (60.0, "GPMT 12/2026")


def test_a_past_day_has_the_limit_that_was_in_force_on_it(limit_sets: tuple[LimitSet, ...]) -> None:
    first = next(s for s in limit_sets if s.code == "QCVN40-2011-A")
    second = replace(first, effective_from=date(2026, 6, 1), values=())
    versions = [second, first]
    assert limit_set_in_force(first.code, date(2026, 5, 31), versions) == first
    assert limit_set_in_force(first.code, date(2026, 6, 1), versions) == second
    assert limit_set_in_force(first.code, date(2032, 1, 1), [first]) is None
    assert limit_set_in_force(first.code, date(2012, 2, 14), [first]) is None


def test_the_permitted_flow_limits_a_day_and_no_reading(station: Station, limit_sets: tuple[LimitSet, ...]) -> None:
    limit = limit_for(station, "Flow", DAY, limit_sets)
    assert limit is not None
    assert limit.maximum == pytest.approx(4000 / 24)
    assert limit_for(station, "Flow", DAY, limit_sets, Window.READING) is None


@pytest.mark.parametrize(
    ("sensor", "maximum"),
    [
        (Sensor("COD", "µg/L"), 90_000.0),
        (Sensor("COD", "mg/l"), 90.0),
        (Sensor("NH4", "mg/L"), 6.0),
        (Sensor("NH4", "mg/L NH4"), 6 * 18.0385 / 14.0067),
        (Sensor("NH4", "mg N/L"), 6.0),
        (Sensor("NH4", "mg/L N-NH4+"), 6.0),
    ],
)
def test_the_limit_comes_in_the_sensors_unit(
    station: Station, limit_sets: tuple[LimitSet, ...], sensor: Sensor, maximum: float
) -> None:
    limit = limit_for(with_sensor(station, sensor), sensor.parameter, DAY, limit_sets)
    assert limit is not None
    assert limit.maximum == pytest.approx(maximum)
    assert limit.unit == sensor.unit


def test_a_unit_without_a_certain_conversion_is_refused(station: Station, limit_sets: tuple[LimitSet, ...]) -> None:
    described = with_sensor(station, Sensor("COD", "ppm"))
    with pytest.raises(RuleError, match=r"DT_KCNSADEC_NUOSXL: sensor COD: its unit 'ppm' has no known conversion"):
        limit_for(described, "COD", DAY, limit_sets)
    assert len(check_limits(Registry((described,)), limit_sets, DAY)) == 1


def test_an_unknown_set_is_refused(station: Station, limit_sets: tuple[LimitSet, ...]) -> None:
    with pytest.raises(RuleError, match=r"limit_set 'QCVN41' is not known"):
        limit_for(replace(station, limit_set="QCVN41"), "COD", DAY, limit_sets)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (SET.replace("title_en", "titel_en"), r"limits.toml: limit_set X, titel_en: is not a known key; did you mean"),
        (SET + "effective_to = 2025-01-01", r"limit_set X, effective_to: must be later"),
        (SET + 'value = [{ parameter = "COD", unit = "mg/L" }]', r"value COD, maximum: is missing"),
        (SET + 'value = [{ parameter = "COD", unit = "mg/L", maximum = "9" }]', r"value COD, maximum: is a text"),
        (SET + 'value = [{ parameter = "COD", unit = "mg/L", maximum = 0 }]', r"maximum: is 0; it must be greater"),
        (SET + 'value = [{ parameter = "pH", unit = "", minimum = 9, maximum = 6 }]', r"minimum must be below maximum"),
        (SET + 'value = [{parameter="A", unit="", maximum=1}, {parameter="A", unit="", maximum=1}]', r"has two values"),
        (SET + SET, r"effective_from 2026-01-01 stands in .* already"),
        ("limit_set = [", r"limits.toml: is not valid TOML"),
    ],
)
def test_mistakes_name_file_and_key(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "limits.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(RuleError, match=message):
        load_limit_sets([file])


@pytest.mark.parametrize(
    ("value", "word"),
    [
        ("maximum = 1e-320", "between 1e-09 and 1e+09"),
        ("maximum = inf", "finite"),
        ("maximum = nan", "finite"),
        ("minimum = 1e300", "between -1e+09 and 1e+09"),
    ],
)
def test_number_6_a_limit_that_is_no_limit_is_refused(tmp_path: Path, value: str, word: str) -> None:
    file = tmp_path / "x.toml"
    file.write_text(SET + f'[[limit_set.value]]\nparameter = "COD"\nunit = "mg/L"\n{value}\n', "utf-8")
    with pytest.raises(RuleError) as told:
        load_limit_sets([file])
    assert word in str(told.value)


@pytest.mark.parametrize("day", ["0001-01-01", "9999-01-01"])
def test_number_16_a_set_of_a_mistyped_year_is_refused(tmp_path: Path, day: str) -> None:
    file = tmp_path / "x.toml"
    file.write_text(SET.replace("2026-01-01", day), "utf-8")
    with pytest.raises(RuleError, match="give a day from 1970-01-01"):
        load_limit_sets([file])


@pytest.mark.parametrize(
    ("parameter", "unit", "word"),
    [("cod", "mg/L", "did you mean 'COD'?"), ("Amoni", "mg/L", "'NH4'"), ("COD", "mgg/L", "did you mean 'mg/L'?")],
)
def test_number_6_limits_of_symbols_that_nothing_measures_are_told(parameter: str, unit: str, word: str) -> None:
    value = LimitValue(parameter, unit, None, 5.0)
    wrong = LimitSet("X", "x", "x", "x", DAY, None, (value,))
    (problem,) = check_limits(Registry(()), [wrong], DAY)
    assert problem.startswith("Limit set X of 2026-11-23")
    assert word in problem

"""VN_WQI worked by hand from the table of QĐ 1460."""

from __future__ import annotations

import math

import pytest

from reports.wqi import LEVELS, Group, oxygen_saturation, parameter_indices, vn_wqi

FULL = {"pH": 7.0, "As": 0.01, "COD": 20.0, "NH4": 0.45, "PO4": 0.15, "Coliform": 5000.0}


@pytest.mark.parametrize(
    ("parameter", "value", "index"),
    [
        ("pH", 5.4, 10), ("pH", 5.5, 50), ("pH", 5.75, 75), ("pH", 6, 100), ("pH", 8.5, 100), ("pH", 9, 50),
        ("pH", 9.1, 10),
        ("COD", 0, 100), ("COD", 10, 100), ("COD", 12.5, 87.5), ("COD", 15, 75), ("COD", 40, 37.5), ("COD", 100, 17.5),
        ("COD", 150, 10), ("COD", 900, 10),
        ("BOD5", 5, 87.5), ("TOC", 37.5, 17.5),
        ("NH4", 0.29, 100), ("NH4", 0.3, 75), ("NH4", 0.45, 62.5), ("NH4", 0.9, 25), ("NH4", 5, 10),
        ("NO3", 2, 100), ("NO3", 3.5, 87.5), ("NO3", 15, 25), ("NO3", 15.1, 10),
        ("NO2", 0.05, 100), ("NO2", 0.051, 10),
        ("PO4", 0.1, 100), ("PO4", 2.25, 17.5),
        ("Coliform", 2500, 100), ("Coliform", 10_000, 25), ("Coliform", 10_001, 10), ("Ecoli", 75, 62.5),
        ("Cd", 0.0049, 100), ("Cd", 0.005, 75), ("Hg", 0.00125, 62.5), ("Zn", 2.5, 17.5), ("Pb", 0.03, 62.5),
        ("As", 0.2, 10), ("DDTs", 1.0, 100), ("DDTs", 1.1, 10),
    ],
)  # fmt: skip
def test_the_index_of_one_parameter(parameter: str, value: float, index: float) -> None:
    assert parameter_indices({parameter: value}) == {parameter: pytest.approx(index)}


@pytest.mark.parametrize(
    ("percent", "index"),
    [(19.9, 10), (20, 25), (35, 37.5), (50, 50), (75, 75), (81.5, 87.5), (88, 100), (112, 100), (118.5, 87.5),
     (150, 50), (175, 37.5), (200, 25), (201, 10)],
)  # fmt: skip
def test_dissolved_oxygen_counts_as_a_share_of_saturation(percent: float, index: float) -> None:
    """At 25 °C saturation is 14.652 - 10.2555 + 4.994375 - 1.21521875 = 8.17565625 mg/L."""
    assert oxygen_saturation(25) == pytest.approx(8.17565625, abs=1e-9)
    means = {"DO": percent / 100 * 8.17565625, "Temp": 25.0}
    assert parameter_indices(means) == {"DO": pytest.approx(index, abs=1e-6)}


def test_all_factors() -> None:
    """I 100, III 100, IV (66.67 + 62.5 + 87.5) / 3 = 72.22, V 75: (72.22² × 75)^(1/3) = 391204^(1/3) = 73.14."""
    found = vn_wqi(FULL)
    assert (found.value, found.groups) == (73, (Group.PH, Group.METALS, Group.ORGANIC, Group.MICROBES))
    assert found.level is not None
    assert found.level.name_vi == "Trung bình"


def test_groups_of_metals_and_pesticides_are_geometric_means() -> None:
    """As 100 and Zn 3.0 → 10: sqrt(1000) = 31.62; DDTs 10, Aldrin 100: 31.62. 73.14 × 0.3162 × 0.3162 = 7.31."""
    found = vn_wqi(FULL | {"Zn": 3.0, "DDTs": 2.0, "Aldrin": 0.1})
    assert found.value == 7
    assert found.level is not None
    assert found.level.name_en == "Heavily polluted"


def test_without_microbes_the_mean_of_group_iv_counts() -> None:
    assert vn_wqi({p: v for p, v in FULL.items() if p != "Coliform"}).value == 72


def test_a_half_is_rounded_up() -> None:
    """NH4 0.45 → 62.5, NO3 of 62.5 (7.5) and COD of 62.5 (22.5): the index is 62.5, written 63."""
    assert vn_wqi({"pH": 7.0, "As": 0.0, "NH4": 0.45, "NO3": 7.5, "COD": 22.5}).value == 63


@pytest.mark.parametrize(
    ("left_out", "reason"),
    [
        ({"COD"}, "group IV has 2 parameters (NH4, PO4); at least 3 are needed"),
        ({"COD", "NH4", "PO4"}, "group IV has 0 parameters; at least 3 are needed"),
        (
            {"As", "Coliform"},
            (
                "2 of 5 groups of parameters are measured (I, IV); at least 3 are needed: II pesticides, III heavy "
                "metals, V microbes (coliform) are missing"
            ),
        ),
    ],
)
def test_not_computable_with_the_reason(left_out: set[str], reason: str) -> None:
    found = vn_wqi({p: v for p, v in FULL.items() if p not in left_out})
    assert (found.value, found.level, found.reason_en) == (None, None, reason)
    assert found.reason_vi


def test_two_groups_where_the_operator_says_so() -> None:
    assert vn_wqi({p: v for p, v in FULL.items() if p not in {"As", "Coliform"}}, least_groups=2).value == 72


@pytest.mark.parametrize(
    "means", [{"DO": 6.0}, {"DO": 6.0, "Temp": math.nan}, {"COND": 300.0, "TSS": 20.0}, {"COD": math.nan}]
)
def test_what_cannot_enter_does_not(means: dict[str, float]) -> None:
    assert parameter_indices(means) == {}


def test_the_levels_meet() -> None:
    assert [level.least for level in LEVELS] == [91, 76, 51, 26, 10, 0]

"""What a logger reported of a row, and what of it may be judged."""

from __future__ import annotations

from datetime import UTC, datetime
from math import inf, isnan, nan

import numpy as np
import pytest

from models.protocol import Row
from models.station.reported import as_reported, reported

AT = datetime(2026, 3, 2, tzinfo=UTC)
PARAMETERS = ("COD", "TSS")


def test_a_sound_row_is_judged_as_it_is() -> None:
    said = reported(Row(AT, {"COD": 40, "TSS": 20.5}, {"COD": 1, "TSS": 3}, {"COD": "00"}), PARAMETERS)
    assert said.usable == [40.0, 20.5]
    assert (said.odd, said.absent, said.calibrating, said.faulty) == ([], [], [], [])


@pytest.mark.parametrize(
    ("value", "flag", "status", "odd", "calibrating", "faulty"),
    [
        (40.0, 1, "01", [[0, 40.0, 1]], ["COD"], []),
        (40.0, 4, "01", [[0, 40.0, 1]], ["COD"], []),
        (40.0, 1, "02", [[0, 40.0, 2]], [], ["COD"]),
        (40.0, 4, "00", [[0, 40.0, 0]], [], ["COD"]),
        (40.0, 1, "??", [[0, 40.0, 2]], [], []),
        (inf, 1, "00", [[0, inf, 0]], [], []),
        (None, 9, "00", [], [], ["COD"]),
        (nan, 1, "00", [], [], []),
    ],
)
def test_what_may_not_be_judged_is_told_by_its_reason(
    value: float | None, flag: int, status: str, odd: list[list[float]], calibrating: list[str], faulty: list[str]
) -> None:
    said = reported(Row(AT, {"COD": value, "TSS": 20.0}, {"COD": flag}, {"COD": status}), PARAMETERS)
    assert isnan(said.usable[0])
    assert said.usable[1] == 20.0
    assert (said.odd, said.calibrating, said.faulty) == (odd, calibrating, faulty)


def test_a_parameter_that_the_row_does_not_name_is_absent() -> None:
    said = reported(Row(AT, {"TSS": 20.0, "pH": 7.0}), PARAMETERS)
    assert said.absent == [0]
    assert isnan(said.usable[0])


def test_exceptions_give_back_what_was_reported() -> None:
    values, codes = as_reported(np.array([nan, 20.0]), [[0, 40.0, 1]])
    np.testing.assert_array_equal(values, [40.0, 20.0])
    assert codes.tolist() == [1, 0]

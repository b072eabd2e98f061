"""On which days an import changes what judges a sensor."""

from __future__ import annotations

from datetime import date

import pytest

from quantrac.domain.limits import EffectiveLimit, Limit
from sql.limit_changes import ChangedDays, changed_days

START, JUNE, JULY = date(2026, 1, 1), date(2026, 6, 1), date(2026, 7, 1)


def row(maximum: float, first: date = START, beyond: date | None = None, source: str = "a") -> EffectiveLimit:
    return EffectiveLimit("A", first, beyond, Limit("COD", "mg/L", None, maximum, source))


@pytest.mark.parametrize(
    ("before", "after", "days"),
    [
        ([row(90)], [row(90)], []),
        ([row(90)], [row(90, source="b")], []),
        ([row(90)], [row(50)], [(START, date.max)]),
        ([], [row(90, JUNE)], [(JUNE, date.max)]),
        ([row(90, START, JUNE)], [], [(START, JUNE)]),
        # a permit from June on: the days before keep their judgement
        ([row(90)], [row(90, START, JUNE), row(50, JUNE)], [(JUNE, date.max)]),
        ([row(90, START, JUNE), row(50, JUNE)], [row(90, START, JULY), row(50, JULY)], [(JUNE, JULY)]),
    ],
)
def test_r5_only_days_with_other_numbers_are_judged_again(
    before: list[EffectiveLimit], after: list[EffectiveLimit], days: list[tuple[date, date]]
) -> None:
    assert list(changed_days(before, after)) == [ChangedDays("A", "COD", *span) for span in days]

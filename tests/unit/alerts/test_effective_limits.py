"""The limits of a station over all days: what changes when, drawn."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from alerts.effective_limits import effective_limits
from quantrac.domain.limits import EffectiveLimit, LimitSet, LimitValue
from quantrac.domain.stations import PermitLimit, Registry, Sensor, Station, StationKind

OLD = LimitSet("Q", "", "", "QCVN", date(2012, 2, 15), None, (LimitValue("COD", "mg/L", None, 75.0),))
NEW = replace(OLD, source="QCVN mới", effective_from=date(2026, 10, 1), values=(LimitValue("COD", "mg/L", None, 60.0),))
STATION = Station(
    "A",
    date(2026, 1, 1),
    "",
    "",
    StationKind.EFFLUENT,
    "",
    105.0,
    10.0,
    (Sensor("COD", "mg/L"),),
    limit_set="Q",
    kq=1.2,
)
JULY = date(2026, 7, 1)

Span = tuple[str | None, str | None, float | None]


def spans(rows: tuple[EffectiveLimit, ...], code: str = "A") -> list[Span]:
    def written(day: date | None) -> str | None:
        return None if day in {None, date.min} else str(day)

    return [(written(r.effective_from), written(r.effective_to), r.limit.maximum) for r in rows if r.station == code]


#  2012-02-15     2026-01-01     2026-07-01      2026-10-01
#  |  set: COD 75                                |  set: COD 60
#                 |  station, Kq  |  another version
CASES: dict[str, tuple[list[Station], list[LimitSet], list[Span]]] = {
    "one version, the first one counts before its day": ([STATION], [OLD], [("2012-02-15", None, 90.0)]),
    "coefficient and set change": (
        [STATION, replace(STATION, effective_from=JULY, kq=0.8)],
        [NEW, OLD],
        [("2012-02-15", "2026-07-01", 90.0), ("2026-07-01", "2026-10-01", 60.0), ("2026-10-01", None, 48.0)],
    ),
    "a permit is granted": (
        [STATION, replace(STATION, effective_from=JULY, permit_limits=(PermitLimit("COD", None, 50.0, "GPMT"),))],
        [OLD, NEW],
        [("2012-02-15", "2026-07-01", 90.0), ("2026-07-01", None, 50.0)],
    ),
    "another name changes no limit": (
        [STATION, replace(STATION, effective_from=JULY, name_vi="Khác")],
        [OLD],
        [("2012-02-15", None, 90.0)],
    ),
    "a set ends": ([STATION], [replace(OLD, effective_to=JULY)], [("2012-02-15", "2026-07-01", 90.0)]),
    "a set ends and begins again": (
        [STATION],
        [replace(OLD, effective_to=JULY), replace(OLD, effective_from=NEW.effective_from)],
        [("2012-02-15", "2026-07-01", 90.0), ("2026-10-01", None, 90.0)],
    ),
    "the sensor comes later": (
        [replace(STATION, sensors=()), replace(STATION, effective_from=JULY)],
        [OLD],
        [("2026-07-01", None, 90.0)],
    ),
    "the unit changes": (
        [STATION, replace(STATION, effective_from=JULY, sensors=(Sensor("COD", "µg/L"),))],
        [OLD],
        [("2012-02-15", "2026-07-01", 90.0), ("2026-07-01", None, 90_000.0)],
    ),
    "a unit that cannot be converted has no limit until it is mended": (
        [replace(STATION, sensors=(Sensor("COD", "ppm"),)), replace(STATION, effective_from=JULY)],
        [OLD],
        [("2026-07-01", None, 90.0)],
    ),
    "a set that is not imported": ([replace(STATION, limit_set="R")], [OLD], []),
    "a permit alone is of all days": (
        [replace(STATION, limit_set=None, permit_limits=(PermitLimit("COD", None, 50.0, "GPMT"),))],
        [],
        [(None, None, 50.0)],
    ),
    "a station is renamed": (
        [STATION, replace(STATION, code="B", old_codes=("A",), effective_from=JULY)],
        [OLD],
        [("2012-02-15", "2026-07-01", 90.0)],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_each_span_of_days_has_its_limit(name: str) -> None:
    stations, limit_sets, expected = CASES[name]
    assert spans(effective_limits(Registry(tuple(stations)), limit_sets)) == expected


def test_the_permitted_flow_judges_days_alone() -> None:
    station = replace(STATION, sensors=(Sensor("Flow", "m³/h"), Sensor("COD", "mg/L")), permit_flow_m3_per_day=2400.0)
    rows = effective_limits(Registry((station,)), [OLD])
    assert {r.limit.parameter: (r.limit.maximum, r.day_only) for r in rows} == {
        "Flow": (100.0, True),
        "COD": (90.0, False),
    }

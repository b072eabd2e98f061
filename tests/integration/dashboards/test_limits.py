"""The limits that are stored and shown are those by which alerts judge: for every unit, on every day."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any

import psycopg
import pytest

from alerts.effective_limits import effective_limits
from alerts.limits import limit_for, load_limit_sets, packaged_limits
from dashboards.queries import query
from quantrac.domain.limits import Limit, LimitSet, Window
from quantrac.domain.stations import VIETNAM, PermitLimit, Registry, Sensor, Station, StationKind
from quantrac.endpoints import DatabaseEndpoint
from quantrac.errors import RuleError
from quantrac.registry import load_registry, registry_sha256, sample_province
from sql.catalogue import import_limit_sets, import_registry, refresh_effective_limits

LATEST = "SELECT * FROM sensor_latest WHERE station IN (${stations:sqlstring})"

NH4, PO4 = 18.0385 / 14.0067, 94.9714 / 30.9738  # molar masses over those of N and P

# QCVN 40:2011/BTNMT column A with Kq 1.2, Kf 1.0 (worked example: COD 90, TSS 60, NH4-N 6.0, TN 24, TP 4.8), by unit
UNITS = [
    ("COD", "mg/L", 90.0), ("COD", "mg/l", 90.0), ("COD", "µg/L", 90_000.0), ("COD", "μg/l", 90_000.0),
    ("COD", "g/m³", 90.0), ("COD", "g/L", 0.09), ("COD", "ppm", None),
    ("TSS", "mg/L", 60.0), ("TSS", "mg/m3", 60_000.0),
    ("NH4", "mg/L", 6.0), ("NH4", "mg N/L", 6.0), ("NH4", "mg/L N-NH4+", 6.0), ("NH4", "mg/L NH4", 6 * NH4),
    ("NH4", "µg/L", 6000.0), ("NH4", "µg/L NH4", 6000 * NH4), ("NH4", "mmol/L", None),
    ("TN", "mg/L", 24.0), ("TP", "mg/L", 4.8), ("TP", "mg/L PO4", 4.8 * PO4), ("TP", "µg/L", 4800.0),
    ("Temp", "°C", 40.0), ("Temp", "oC", 40.0), ("Color", "Pt-Co", 50.0), ("Color", "PtCo", 50.0), ("pH", "", 9.0),
    ("pH", "-", 9.0), ("Cl", "mg/L", 1.2), ("Cl", "µg/L", 1200.0), ("Chloride", "mg/L", 600.0), ("TOC", "mg/L", None),
    ("Flow", "m³/h", None), ("Flow", "L/s", None),
]  # fmt: skip

VERSION_2, VERSION_3, SET_2 = date(2026, 7, 1), date(2027, 1, 1), date(2026, 10, 1)


def first_version(code: str, sensor: Sensor) -> Station:
    return Station(
        code, date(2025, 7, 1), code, code, StationKind.EFFLUENT, "minh họa", 105.7, 10.3, (sensor,),
        limit_set="QCVN40-2011-A", kq=1.2, permit_flow_m3_per_day=4000.0,
    )  # fmt: skip


def versions(code: str, sensor: Sensor) -> list[Station]:
    """A station whose coefficient changes in July 2026 and whose permit comes into force in January 2027."""
    first = first_version(code, sensor)
    permit = (PermitLimit(sensor.parameter, None, 7.5, "GPMT 3/2027"),)
    return [
        first,
        replace(first, effective_from=VERSION_2, kq=0.9, kf=0.9, limit_set="QCVN40-2011-B"),
        replace(first, effective_from=VERSION_3, permit_limits=permit, permit_flow_m3_per_day=2000.0),
    ]


def limit_sets_of_two_dates() -> tuple[LimitSet, ...]:
    """The packaged sets, and from October 2026 column B with half its values."""
    packaged = load_limit_sets([packaged_limits()])
    column_b = next(s for s in packaged if s.code == "QCVN40-2011-B")
    halved = tuple(replace(v, maximum=v.maximum and v.maximum / 2, minimum=None) for v in column_b.values)
    return (*packaged, replace(column_b, effective_from=SET_2, source="QCVN giảm nửa", values=halved))


def judged(registry: Registry, code: str, parameter: str, day: date, sets: tuple[LimitSet, ...], window: Window) -> Any:
    """What the worker judges by: minimum, maximum, unit and source."""
    station = registry.station(code, datetime.combine(day, time(12), VIETNAM))
    assert station is not None
    try:
        return row_of(limit_for(station, parameter, day, sets, window))
    except RuleError:
        return None


def row_of(limit: Limit | None) -> tuple[object, ...] | None:
    return limit and (limit.minimum, limit.maximum, limit.unit, limit.source)


Stored = list[tuple[str, str, date, date | None, bool, tuple[object, ...]]]


def all_stored(database: DatabaseEndpoint) -> Stored:
    with psycopg.connect(database.reader) as connection:
        rows = connection.execute(
            "SELECT station, parameter, effective_from, effective_to, day_only, minimum, maximum, unit, source"
            " FROM effective_limits"
        ).fetchall()
    return [(*row[:5], tuple(row[5:])) for row in rows]


def stored(rows: Stored, code: str, parameter: str, day: date, window: Window) -> tuple[object, ...] | None:
    found = [
        values
        for station, of, start, end, day_only, values in rows
        if (station, of) == (code, parameter) and start <= day and (end is None or day < end)
        if window is Window.DAY or not day_only
    ]
    assert len(found) <= 1
    return found[0] if found else None


@pytest.mark.parametrize("limits_first", [True, False])
def test_what_is_stored_is_what_judges_on_every_day(database: DatabaseEndpoint, limits_first: bool) -> None:
    sensors = {f"S{i}": Sensor(parameter, unit) for i, (parameter, unit, _) in enumerate(UNITS)}
    registry = Registry(tuple(v for code, sensor in sensors.items() for v in versions(code, sensor)))
    sets = limit_sets_of_two_dates()
    if limits_first:
        import_limit_sets(database.owner, sets, effective_limits)
        import_registry(database.owner, registry, "x", effective_limits)
    else:
        import_registry(database.owner, registry, "x", effective_limits)
        import_limit_sets(database.owner, sets, effective_limits)

    changes = (date(2012, 2, 15), date(2025, 7, 1), VERSION_2, SET_2, VERSION_3, date(2032, 1, 1))
    days = [date(2000, 1, 1), *(day + timedelta(days=n) for day in changes for n in (-1, 0, 1))]
    maxima, rows = set(), all_stored(database)
    for code, sensor in sensors.items():
        for day in days:
            for window in Window:
                expected = judged(registry, code, sensor.parameter, day, sets, window)
                assert stored(rows, code, sensor.parameter, day, window) == expected, (sensor, day, window)
                maxima.add((sensor.unit, expected and expected[1]))
    assert len(maxima) > 3 * len(UNITS) / 2  # the versions differ


def test_a_dashboard_shows_the_limit_in_the_unit_of_the_sensor(database: DatabaseEndpoint, ask: Any) -> None:
    stations = tuple(first_version(f"S{i}", Sensor(parameter, unit)) for i, (parameter, unit, _) in enumerate(UNITS))
    import_registry(database.owner, Registry(stations), "x", effective_limits)
    import_limit_sets(database.owner, load_limit_sets([packaged_limits()]), effective_limits)
    _, rows = ask(LATEST, stations=[s.code for s in stations])
    shown = {row["station"]: (row["parameter"], row["unit"], row["maximum"]) for row in rows}
    for i, (parameter, unit, maximum) in enumerate(UNITS):
        expected = None if maximum is None else pytest.approx(maximum)
        assert shown[f"S{i}"] == (parameter, unit, expected)


def test_dashboards_and_alerts_agree_on_every_limit(database: DatabaseEndpoint, ask: Any) -> None:
    registry = load_registry([sample_province()])
    limit_sets = load_limit_sets([packaged_limits()])
    import_registry(database.owner, registry, registry_sha256(registry), effective_limits)
    import_limit_sets(database.owner, limit_sets, effective_limits)
    today: date = ask.now.astimezone(VIETNAM).date()

    _, rows = ask(LATEST, stations=[s.code for s in registry.stations])
    shown = {(row["station"], row["parameter"]): (row["minimum"], row["maximum"]) for row in rows}

    assert len(shown) == sum(len(s.sensors) for s in registry.stations)
    count = 0
    for station in registry.stations:
        for sensor in station.sensors:
            limit = limit_for(station, sensor.parameter, today, limit_sets) if sensor.parameter != "Flow" else None
            minimum, maximum = shown[station.code, sensor.parameter]
            assert minimum == (limit and limit.minimum)
            assert maximum == pytest.approx(limit and limit.maximum)
            count += limit is not None
    assert count >= 60


def test_a_change_of_limits_is_a_step_in_the_trend(database: DatabaseEndpoint, ask: Any) -> None:
    #  day -10        -5             -2        today      +5
    #  COD | 90        | 67.5                   |          | permit 7.5, to come
    #  shown             from day -8 to now
    today: date = ask.now.astimezone(VIETNAM).date()
    first = first_version("A", Sensor("COD", "mg/L"))
    permit = (PermitLimit("COD", None, 7.5, "GPMT"),)
    import_limit_sets(database.owner, load_limit_sets([packaged_limits()]), effective_limits)
    stations = (
        first,
        replace(first, effective_from=today - timedelta(days=5), kq=0.9),
        replace(first, effective_from=today + timedelta(days=5), permit_limits=permit),
    )
    import_registry(database.owner, Registry(stations), "x", effective_limits)
    _, rows = ask(query("trend_limits"), station="A", parameter="COD", back=timedelta(days=8))
    change = datetime.combine(today - timedelta(days=5), time(), VIETNAM)
    assert [(row["time"], row["maximum"]) for row in rows] == [
        (ask.now - timedelta(days=8), 90.0),
        (change, 90.0),
        (change, 67.5),
        (ask.now, 67.5),
    ]
    _, (row,) = ask(LATEST, stations=["A"])
    assert row["maximum"] == 67.5


def test_a_database_that_was_imported_before_the_table_is_filled_by_a_migration(database: DatabaseEndpoint) -> None:
    import_limit_sets(database.owner, load_limit_sets([packaged_limits()]), effective_limits)
    import_registry(database.owner, Registry((first_version("A", Sensor("COD", "mg/L")),)), "x", effective_limits)
    with psycopg.connect(database.owner) as connection:
        connection.execute("DELETE FROM effective_limits")
    refresh_effective_limits(database.owner, effective_limits)
    row = stored(all_stored(database), "A", "COD", date(2026, 7, 1), Window.READING)
    assert row is not None
    assert row[1] == 90.0


def test_two_imports_at_once_leave_what_both_say(database: DatabaseEndpoint) -> None:
    sets = load_limit_sets([packaged_limits()])
    stations = [first_version(f"S{i}", Sensor("COD", "mg/L")) for i in range(8)]
    with ThreadPoolExecutor(9) as pool:
        imports = [
            pool.submit(import_registry, database.owner, Registry((station,)), "x", effective_limits)
            for station in stations
        ]
        imports.insert(3, pool.submit(import_limit_sets, database.owner, sets, effective_limits))
    for done in imports:
        done.result()
    maxima = {station: values[1] for station, *_, values in all_stored(database)}
    assert maxima == {station.code: 90.0 for station in stations}

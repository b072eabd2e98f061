"""Stations, limits and rules in the database: imported whole by the owner, loaded by everybody.

An import adds versions and replaces those with the same code and effective date; it never removes one, because a past
day is judged by what was in force on that day.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from typing import Any

import msgspec
import psycopg
from psycopg.types.json import Jsonb

from quantrac.domain.channels import Channel
from quantrac.domain.limits import EffectiveLimit, Limit, LimitSet, LimitValue
from quantrac.domain.loggers import LoggerSettings
from quantrac.domain.stations import PermitLimit, QcThresholds, Registry, Sensor, Station, StationKind
from sql.connections import connect, translated
from sql.limit_changes import ChangedDays, changed_days
from sql.statements import statement

APPLICATION = "quantrac catalogue"

_Version = tuple[str, date]

EffectiveLimits = Callable[[Registry, Sequence[LimitSet]], Sequence[EffectiveLimit]]
"""How limits follow from stations and limit sets (``alerts`` knows); stored with every import of either."""


@dataclass(frozen=True, slots=True)
class RuleDocument:
    """One version of an alert rule, as ``alerts`` wrote it."""

    code: str
    effective_from: date
    document: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Retirement:
    """Stations to be retired, and the first day (of Vietnam) on which they are."""

    codes: Collection[str]
    day: date


def import_registry(
    owner_conninfo: str,
    registry: Registry,
    sha256: str,
    effective: EffectiveLimits,
    retirement: Retirement | None = None,
) -> int:
    """Save every station version of ``registry`` and what limits them, and return the version of the registry.

    Judged hours and days whose limit is now another one are marked, to be judged again.

    The version grows by one when the content of the database changed, so that workers load it again; importing the
    same twice changes nothing.

    Raises
    ------
    StoreError
        The database is out of reach, not migrated, or refused a value.
    """
    with translated("importing stations"), connect(owner_conninfo, APPLICATION) as connection:
        cursor = connection.cursor()
        cursor.execute(statement("lock_registry_state"))
        before = {(s.code, s.effective_from): s for s in _stations(cursor)}
        changed = [s for s in registry.stations if before.get((s.code, s.effective_from)) != s]
        for station in changed:
            _save_station(cursor, station)
        retired = 0
        for code in () if retirement is None else retirement.codes:
            retired += cursor.execute(
                statement("retire_station"), {"code": code, "day": retirement.day if retirement else None}
            ).rowcount
        if changed or retired:
            cursor.execute(statement("raise_registry_version"), {"sha256": sha256})
        _save_effective_limits(cursor, effective)
        return _version(cursor)


def load_registry(conninfo: str) -> Registry:
    """Return the registry of the database; ``contacts`` are empty for the reader role, which may not see them.

    Raises
    ------
    StoreError
        The database is out of reach or not migrated.
    """
    with translated("loading stations"), connect(conninfo, APPLICATION) as connection:
        cursor = connection.cursor()
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        return Registry(tuple(_stations(cursor)), _version(cursor))


def registry_version(conninfo: str) -> int:
    """Return the version of the registry: when it grew, a registry that was loaded before is stale."""
    with translated("asking for the version of the stations"), connect(conninfo, APPLICATION) as connection:
        return _version(connection.cursor())


def limits_stored(conninfo: str) -> int:
    """Return how often what limits each sensor was stored: when that grew, what was loaded before is stale."""
    with translated("asking for the version of the limits"), connect(conninfo, APPLICATION) as connection:
        row = connection.execute(statement("limits_stored")).fetchone()
        return 0 if row is None else int(row[0])


def import_limit_sets(owner_conninfo: str, limit_sets: Sequence[LimitSet], effective: EffectiveLimits) -> None:
    """Save limit sets in place of those with the same code and effective date, and what they are for each station."""
    with translated("importing limits"), connect(owner_conninfo, APPLICATION) as connection:
        cursor = connection.cursor()
        cursor.execute(statement("lock_registry_state"))
        for limit_set in limit_sets:
            _save_limit_set(cursor, limit_set)
        _save_effective_limits(cursor, effective)


def refresh_effective_limits(owner_conninfo: str, effective: EffectiveLimits) -> None:
    """Store anew what limits every sensor, from the stations and limit sets of the database: after a migration."""
    with translated("computing limits"), connect(owner_conninfo, APPLICATION) as connection:
        cursor = connection.cursor()
        cursor.execute(statement("lock_registry_state"))
        _save_effective_limits(cursor, effective)


def load_limit_sets(conninfo: str) -> list[LimitSet]:
    """Return every version of every limit set, by code and effective date."""
    with translated("loading limits"), connect(conninfo, APPLICATION) as connection:
        return _limit_sets(connection.cursor())


def import_rules(owner_conninfo: str, rules: Sequence[RuleDocument]) -> None:
    """Save alert rules, in place of those with the same code and effective date."""
    with translated("importing alert rules"), connect(owner_conninfo, APPLICATION) as connection:
        for rule in rules:
            row = {"code": rule.code, "effective_from": rule.effective_from, "document": Jsonb(rule.document)}
            connection.execute(statement("save_rule"), row)


def load_rules(conninfo: str) -> list[RuleDocument]:
    """Return every version of every alert rule, by code and effective date."""
    with translated("loading alert rules"), connect(conninfo, APPLICATION) as connection:
        return [RuleDocument(*row) for row in connection.execute(statement("load_rules")).fetchall()]


def _version(cursor: psycopg.Cursor[Any]) -> int:
    row = cursor.execute(statement("registry_version")).fetchone()
    return 0 if row is None else int(row[0])


def _stations(cursor: psycopg.Cursor[Any]) -> list[Station]:
    sensors: dict[_Version, list[Sensor]] = {}
    for code, effective_from, *fields in cursor.execute(statement("load_sensors")).fetchall():
        sensors.setdefault((code, effective_from), []).append(_sensor(fields))
    contacts: dict[_Version, list[str]] = {}
    if cursor.execute(statement("may_read_contacts")).fetchone() == (True,):
        contacts = {(code, day): people for code, day, people in cursor.execute(statement("load_contacts"))}
    stations = []
    for row in cursor.execute(statement("load_stations")).fetchall():
        version = (row[0], row[1])
        station = _station(row, tuple(sensors.get(version, ())))
        stations.append(replace(station, contacts=tuple(contacts.get(version, ()))))
    return stations


def _station(row: Sequence[Any], sensors: tuple[Sensor, ...]) -> Station:
    (code, effective_from, name_vi, name_en, kind, park, operator, longitude, latitude, old_codes, *more) = row
    permit_flow_m3_per_day, limit_set, kq, kf, permit_limits, illustration, logger, effective_to, channels = more
    return Station(
        code=code,
        effective_from=effective_from,
        name_vi=name_vi,
        name_en=name_en,
        kind=StationKind(kind),
        operator=operator,
        longitude=longitude,
        latitude=latitude,
        sensors=sensors,
        park=park,
        old_codes=tuple(old_codes),
        permit_flow_m3_per_day=permit_flow_m3_per_day,
        limit_set=limit_set,
        kq=kq,
        kf=kf,
        permit_limits=tuple(PermitLimit(**limit) for limit in permit_limits),
        illustration=illustration,
        logger=_logger(logger),
        effective_to=effective_to,
        channels=msgspec.convert(channels, tuple[Channel, ...]),
    )


def _logger(document: dict[str, Any]) -> LoggerSettings:
    return msgspec.convert(document, LoggerSettings)


def _sensor(row: Sequence[Any]) -> Sensor:
    parameter, unit, cadence_s, aliases, convert_rate, qc = row
    return Sensor(parameter, unit, cadence_s, tuple(aliases), convert_rate, QcThresholds(**qc))


def station_row(station: Station) -> dict[str, Any]:
    """Return the row of a station."""
    return {
        "code": station.code,
        "effective_from": station.effective_from,
        "name_vi": station.name_vi,
        "name_en": station.name_en,
        "kind": station.kind.value,
        "park": station.park,
        "operator": station.operator,
        "longitude": station.longitude,
        "latitude": station.latitude,
        "old_codes": list(station.old_codes),
        "permit_flow_m3_per_day": station.permit_flow_m3_per_day,
        "limit_set": station.limit_set,
        "kq": station.kq,
        "kf": station.kf,
        "permit_limits": [asdict(limit) for limit in station.permit_limits],
        "contacts": list(station.contacts),
        "illustration": station.illustration,
        "logger": msgspec.to_builtins(station.logger),
        "effective_to": station.effective_to,
        "channels": msgspec.to_builtins(station.channels),
    }


def sensor_rows(station: Station) -> list[dict[str, Any]]:
    """Return the rows of a station's sensors."""
    return [
        {
            "station": station.code,
            "effective_from": station.effective_from,
            "position": position,
            "parameter": sensor.parameter,
            "unit": sensor.unit,
            "cadence_s": sensor.cadence_s,
            "aliases": list(sensor.aliases),
            "convert_rate": sensor.convert_rate,
            "qc": asdict(sensor.qc),
        }
        for position, sensor in enumerate(station.sensors)
    ]


def _save_station(cursor: psycopg.Cursor[Any], station: Station) -> None:
    row = station_row(station)
    row |= {key: Jsonb(row[key]) for key in ("permit_limits", "logger", "channels")}
    cursor.execute(statement("save_station"), row)
    cursor.execute(statement("delete_sensors"), row)
    sensors = [sensor | {"qc": Jsonb(sensor["qc"])} for sensor in sensor_rows(station)]
    cursor.executemany(statement("add_sensor"), sensors)


def _limit_sets(cursor: psycopg.Cursor[Any]) -> list[LimitSet]:
    values: dict[_Version, list[LimitValue]] = {}
    for code, effective_from, *fields in cursor.execute(statement("load_limit_values")):
        values.setdefault((code, effective_from), []).append(LimitValue(*fields))
    rows = cursor.execute(statement("load_limit_sets")).fetchall()
    return [_limit_set(row, tuple(values.get((row[0], row[4]), ()))) for row in rows]


def _limit_set(row: Sequence[Any], values: tuple[LimitValue, ...]) -> LimitSet:
    code, title_vi, title_en, source, effective_from, effective_to = row
    return LimitSet(code, title_vi, title_en, source, effective_from, effective_to, values)


def limit_set_row(limit_set: LimitSet) -> dict[str, Any]:
    """Return the row of a limit set."""
    return {
        "code": limit_set.code,
        "effective_from": limit_set.effective_from,
        "effective_to": limit_set.effective_to,
        "title_vi": limit_set.title_vi,
        "title_en": limit_set.title_en,
        "source": limit_set.source,
    }


def limit_value_rows(limit_set: LimitSet) -> list[dict[str, Any]]:
    """Return the rows of a limit set's values."""
    return [
        {
            "limit_set": limit_set.code,
            "effective_from": limit_set.effective_from,
            "position": position,
            "parameter": value.parameter,
            "unit": value.unit,
            "minimum": value.minimum,
            "maximum": value.maximum,
            "coefficients_apply": value.coefficients_apply,
        }
        for position, value in enumerate(limit_set.values)
    ]


def effective_limit_row(row: EffectiveLimit) -> dict[str, Any]:
    """Return the row of what limits a sensor."""
    return {
        "station": row.station,
        "parameter": row.limit.parameter,
        "effective_from": row.effective_from,
        "effective_to": row.effective_to,
        "unit": row.limit.unit,
        "minimum": row.limit.minimum,
        "maximum": row.limit.maximum,
        "day_only": row.day_only,
        "source": row.limit.source,
    }


def _save_limit_set(cursor: psycopg.Cursor[Any], limit_set: LimitSet) -> None:
    row = limit_set_row(limit_set)
    cursor.execute(statement("save_limit_set"), row)
    cursor.execute(statement("delete_limit_values"), row)
    cursor.executemany(statement("add_limit_value"), limit_value_rows(limit_set))


def _save_effective_limits(cursor: psycopg.Cursor[Any], effective: EffectiveLimits) -> None:
    """Store what limits every sensor. The lock of the registry's state is held, so that no other import is missed."""
    before = stored_effective_limits(cursor)
    limits = effective(Registry(tuple(_stations(cursor)), _version(cursor)), _limit_sets(cursor))
    _judge_again(cursor, list(changed_days(before, limits)))
    cursor.execute(statement("delete_effective_limits"))
    cursor.executemany(statement("add_effective_limit"), [effective_limit_row(row) for row in limits])


def stored_effective_limits(cursor: psycopg.Cursor[Any]) -> list[EffectiveLimit]:
    """Return what limits every sensor, as it is stored."""
    return [_effective_limit(row) for row in cursor.execute(statement("load_effective_limits"))]


def stored(cursor: psycopg.Cursor[Any]) -> tuple[Registry, list[LimitSet], list[RuleDocument]]:
    """Return stations, limit sets and rules as an open transaction sees them."""
    rules = [RuleDocument(*row) for row in cursor.execute(statement("load_rules")).fetchall()]
    return Registry(tuple(_stations(cursor)), _version(cursor)), _limit_sets(cursor), rules


def _effective_limit(row: Sequence[Any]) -> EffectiveLimit:
    station, effective_from, effective_to, parameter, unit, minimum, maximum, source, day_only = row
    return EffectiveLimit(
        station, effective_from, effective_to, Limit(parameter, unit, minimum, maximum, source), day_only
    )


def _judge_again(cursor: psycopg.Cursor[Any], changed: Sequence[ChangedDays]) -> None:
    """Mark the judged hours and days whose limit changed."""
    if not changed:
        return
    columns = {
        "stations": [c.station for c in changed],
        "parameters": [c.parameter for c in changed],
        "firsts": [c.first for c in changed],
        "beyonds": [c.beyond for c in changed],
    }
    cursor.execute(statement("rejudge_hours"), columns)
    cursor.execute(statement("rejudge_days"), columns)

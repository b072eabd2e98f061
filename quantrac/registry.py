"""The registry of stations as TOML: reading it, and every mistake that an author can make in it.

A file holds ``[[station]]`` tables with ``[[station.sensor]]`` and ``[[station.permit_limit]]`` below;
``docs/stations.md`` describes every key. A station whose description changes gets a second table with a later
``effective_from``: a past day keeps the description that was in force on it.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, fields, replace
from datetime import date
from pathlib import Path

from quantrac.domain.stations import PermitLimit, Registry, Sensor, Station, StationKind
from quantrac.errors import RuleError
from quantrac.quality.defaults import default_thresholds
from quantrac.quality.thresholds import read_thresholds
from quantrac.tomltable import Table, named_by, read_text, toml_files

_STATION_KEYS = frozenset(f.name for f in fields(Station)) - {"sensors", "permit_limits"} | {"sensor", "permit_limit"}
_SENSOR_KEYS = frozenset(f.name for f in fields(Sensor))
_PERMIT_KEYS = frozenset(f.name for f in fields(PermitLimit))

# A code is a level of MQTT topics, a broker user, a part of file names: nothing that any of them would read otherwise.
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")

_VIETNAM_LONGITUDE = (102.0, 118.0)
_VIETNAM_LATITUDE = (6.0, 24.0)
"""Land and islands of Vietnam with a margin: catches exchanged and mistyped coordinates, not a border."""

_MAX_COEFFICIENT = 2.0
"""The tables of QCVN 40:2011/BTNMT go from 0.6 to 1.3 (Kq) and from 0.9 to 1.2 (Kf)."""


def sample_province() -> Path:
    """Return the folder of the sample province: invented stations, plainly marked as an illustration."""
    return Path(__file__).parent / "data" / "province"


def recorded_feeds() -> Path:
    """Return the folder of the stations whose recorded feeds can be replayed."""
    return Path(__file__).parent / "data" / "recorded"


def load_registry(paths: Sequence[Path]) -> Registry:
    """Return the registry that TOML files, or all ``*.toml`` files of folders, describe together.

    Raises
    ------
    RuleError
        A file cannot be read, holds a mistake, or contradicts another; the message names the file and the key.
    """
    stations: dict[tuple[str, date], tuple[Station, str]] = {}
    for file in (file for path in paths for file in toml_files(path)):
        _add(stations, _stations(Table.parse(read_text(file), str(file))), str(file))
    if not stations:
        raise RuleError(f"{', '.join(map(str, paths)) or 'No file'}: no [[station]] is described. Add at least one.")
    return Registry(tuple(station for station, _ in stations.values()))


def parse_registry(text: str, source: str) -> Registry:
    """Return the registry that one TOML text describes; ``source`` names it in messages.

    Raises
    ------
    RuleError
        The text holds a mistake; the message names ``source`` and the key.
    """
    stations: dict[tuple[str, date], tuple[Station, str]] = {}
    _add(stations, _stations(Table.parse(text, source)), source)
    return Registry(tuple(station for station, _ in stations.values()))


def registry_sha256(registry: Registry) -> str:
    """Return a digest of what a registry says: the same for any order and lay-out of its files."""
    stations = sorted(registry.stations, key=lambda s: (s.code, s.effective_from))
    text = json.dumps([asdict(s) for s in stations], default=str, ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def with_cadence(registry: Registry, cadence_s: float) -> Registry:
    """Return the registry with every sensor reporting every ``cadence_s`` seconds: for demonstrations and drills.

    The largest plausible rate is scaled along, so that it stays the same step between neighbours.
    """

    def faster(sensor: Sensor) -> Sensor:
        rate = sensor.qc.max_rate_per_s
        qc = sensor.qc if rate is None else replace(sensor.qc, max_rate_per_s=rate * sensor.cadence_s / cadence_s)
        return replace(sensor, cadence_s=cadence_s, qc=qc)

    stations = tuple(replace(s, sensors=tuple(map(faster, s.sensors))) for s in registry.stations)
    return Registry(stations, registry.version)


def accelerated(registry: Registry, speed: float) -> Registry:
    """Return the registry with every sensor living ``speed`` times as fast: cadences, rates and flat-line windows.

    For demonstrations with signals of that speed: at 300, a second stands for five minutes.
    """

    def faster(sensor: Sensor) -> Sensor:
        qc = sensor.qc
        scaled = replace(
            qc,
            max_rate_per_s=None if qc.max_rate_per_s is None else qc.max_rate_per_s * speed,
            flat_line_suspect_s=None if qc.flat_line_suspect_s is None else qc.flat_line_suspect_s / speed,
            flat_line_bad_s=None if qc.flat_line_bad_s is None else qc.flat_line_bad_s / speed,
        )
        return replace(sensor, cadence_s=sensor.cadence_s / speed, qc=scaled)

    stations = tuple(replace(s, sensors=tuple(map(faster, s.sensors))) for s in registry.stations)
    return Registry(stations, registry.version)


def _add(into: dict[tuple[str, date], tuple[Station, str]], stations: Iterable[Station], source: str) -> None:
    for station in stations:
        key = (station.code, station.effective_from)
        if key in into:
            raise RuleError(
                f"{source}: station {station.code}, effective_from: {station.effective_from} is already described in "
                f"{into[key][1]}. Give the later version its own date, or remove one of the two."
            )
        for other, where in into.values():
            if other.code != station.code:
                _refuse_shared_code(station, other, source, where)
        into[key] = (station, source)


def _refuse_shared_code(station: Station, other: Station, source: str, where: str) -> None:
    shared = {station.code, *station.old_codes} & {other.code, *other.old_codes}
    if shared:
        raise RuleError(
            f"{source}: station {station.code}, old_codes: {min(shared)!r} is also a code of station {other.code} "
            f"({where}). A reading with that code would have two stations: remove it from one."
        )


def _stations(top: Table) -> Iterable[Station]:
    top.refuse_unknown({"station"})
    return [_station(table) for table in top.tables("station", named_by("station", "code"))]


def _station(table: Table) -> Station:
    table.refuse_unknown(_STATION_KEYS)
    illustration = table.boolean("illustration")
    longitude, latitude = _position(table, abroad=illustration)
    kind = table.member("kind", StationKind)
    return Station(
        code=_code(table, "code", table.text("code")),
        effective_from=table.day("effective_from"),
        name_vi=table.text("name_vi"),
        name_en=table.text("name_en"),
        kind=kind,
        operator=table.text("operator"),
        longitude=longitude,
        latitude=latitude,
        sensors=_sensors(table, kind),
        park=table.optional_text("park"),
        old_codes=tuple(_code(table, "old_codes", code) for code in table.texts("old_codes")),
        permit_flow_m3_per_day=table.optional_positive("permit_flow_m3_per_day"),
        limit_set=table.optional_text("limit_set"),
        kq=_coefficient(table, "kq"),
        kf=_coefficient(table, "kf"),
        permit_limits=_permit_limits(table),
        contacts=_contacts(table),
        illustration=illustration,
    )


def _code(table: Table, key: str, code: str) -> str:
    if not _CODE.fullmatch(code):
        raise table.error(key, f"{code!r} is not a station code; use up to 64 letters A-Z, digits, '_' and '-'.")
    return code


def _position(table: Table, *, abroad: bool) -> tuple[float, float]:
    """Return longitude and latitude; only an illustration may lie outside Vietnam (a recorded feed from elsewhere)."""
    longitude, latitude = table.number("longitude"), table.number("latitude")
    for key, value, bounds in (("longitude", longitude, (-180, 180)), ("latitude", latitude, (-90, 90))):
        if not bounds[0] <= value <= bounds[1]:
            raise table.error(key, f"is {value:g}; it must be in {bounds[0]}..{bounds[1]} degrees.")
    if not abroad and not _in_vietnam(longitude, latitude):
        exchanged = " They look exchanged." if _in_vietnam(latitude, longitude) else ""
        raise table.error(
            "longitude and latitude",
            f"{longitude:g} and {latitude:g} are outside Vietnam "
            "(102..118 E, 6..24 N)."
            f"{exchanged} Only a station with illustration = true may be elsewhere.",
        )
    return longitude, latitude


def _in_vietnam(longitude: float, latitude: float) -> bool:
    east, north = _VIETNAM_LONGITUDE, _VIETNAM_LATITUDE
    return east[0] <= longitude <= east[1] and north[0] <= latitude <= north[1]


def _coefficient(table: Table, key: str) -> float:
    value = table.positive(key, 1.0)
    if value > _MAX_COEFFICIENT:
        raise table.error(key, f"is {value:g}; coefficients of QCVN 40:2011/BTNMT lie between 0.6 and 1.3.")
    return value


def _contacts(table: Table) -> tuple[str, ...]:
    contacts = table.texts("contacts")
    for contact in contacts:
        if not _EMAIL.fullmatch(contact):
            raise table.error("contacts", f"{contact!r} is not an e-mail address.")
    return contacts


def _permit_limits(table: Table) -> tuple[PermitLimit, ...]:
    limits: dict[str, PermitLimit] = {}
    for entry in table.tables("permit_limit", named_by("permit_limit", "parameter")):
        entry.refuse_unknown(_PERMIT_KEYS)
        parameter = entry.text("parameter")
        if parameter in limits:
            raise entry.error("parameter", f"{parameter!r} has two permit limits; keep one.")
        minimum, maximum = entry.optional_number("minimum"), entry.optional_number("maximum")
        if minimum is None and maximum is None:
            raise entry.error("maximum", "is missing, and minimum too; a permit limit needs at least one of them.")
        if minimum is not None and maximum is not None and minimum >= maximum:
            raise entry.error("minimum", f"is {minimum:g} and maximum is {maximum:g}; minimum must be below maximum.")
        limits[parameter] = PermitLimit(parameter, minimum, maximum, entry.text("source"))
    return tuple(limits.values())


def _sensors(table: Table, kind: StationKind) -> tuple[Sensor, ...]:
    sensors: list[Sensor] = []
    owner_of: dict[str, str] = {}
    for entry in table.tables("sensor", named_by("sensor", "parameter")):
        sensor = _sensor(entry, kind)
        for key, symbol in (("parameter", sensor.parameter), *(("aliases", alias) for alias in sensor.aliases)):
            if symbol in owner_of:
                raise entry.error(key, f"{symbol!r} already means {owner_of[symbol]}; a symbol can mean one parameter.")
            owner_of[symbol] = sensor.parameter
        sensors.append(sensor)
    if not sensors:
        raise table.error("sensor", "is missing; a station needs at least one [[station.sensor]].")
    return tuple(sensors)


def _sensor(table: Table, kind: StationKind) -> Sensor:
    table.refuse_unknown(_SENSOR_KEYS)
    convert_rate = table.number("convert_rate", 1.0)
    if convert_rate == 0:
        raise table.error("convert_rate", "is 0; every value would become 0. Leave it out for no conversion.")
    parameter, cadence_s = table.text("parameter"), table.positive("cadence_s", 300.0)
    unit = table.text("unit", empty=True)
    return Sensor(
        parameter=parameter,
        unit=unit,
        cadence_s=cadence_s,
        aliases=table.texts("aliases"),
        convert_rate=convert_rate,
        qc=read_thresholds(table.table("qc"), default_thresholds(parameter, kind, cadence_s, unit)),
    )

"""The registry of stations as TOML: reading it, and every mistake that an author can make in it.

A file holds ``[[station]]`` tables with ``[[station.sensor]]`` and ``[[station.permit_limit]]`` below;
``docs/stations.md`` describes every key. A station whose description changes gets a second table with a later
``effective_from``: a past day keeps the description that was in force on it.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import date
from functools import partial
from pathlib import Path

from quantrac.channeltables import read_channels
from quantrac.domain.loggers import AS_PRESCRIBED
from quantrac.domain.spellings import symbol_mistake, unit_mistake
from quantrac.domain.stations import DRILL_PREFIX, PermitLimit, QcThresholds, Registry, Sensor, Station, StationKind
from quantrac.errors import RuleError
from quantrac.loggertables import read_logger
from quantrac.quality.defaults import default_thresholds
from quantrac.quality.thresholds import read_thresholds
from quantrac.tomltable import LARGEST_LIMIT, LEAST_LIMIT, Mistakes, Table, named_by, nearest, read_text, toml_files

SHORTEST_CADENCE_S, LONGEST_CADENCE_S = 0.001, 86_400.0
_LISTED = {"sensors": "sensor", "permit_limits": "permit_limit", "channels": "channel"}
_STATION_KEYS = frozenset(_LISTED.get(f.name, f.name) for f in fields(Station))
_SENSOR_KEYS = frozenset(f.name for f in fields(Sensor))
_PERMIT_KEYS = frozenset(f.name for f in fields(PermitLimit))

# A code is a level of MQTT topics, a broker user, a part of file names: nothing that any of them would read otherwise.
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")

_VIETNAM_LONGITUDE = (102.0, 118.0)
_VIETNAM_LATITUDE = (6.0, 24.0)
"""Land and islands of Vietnam with a margin: catches exchanged and mistyped coordinates, not a border."""

_MIN_COEFFICIENT, _MAX_COEFFICIENT = 0.1, 2.0
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
        A file cannot be read, holds mistakes, or contradicts another; the message has a line for each, with the file
        and the key.
    """
    mistakes = Mistakes()
    described = _Described({}, mistakes)
    nothing: tuple[Path, ...] = ()
    for file in (file for path in paths for file in mistakes.take(partial(toml_files, path), nothing)):
        described.add_text(mistakes.take(partial(read_text, file), ""), str(file))
    if not described.stations and not mistakes.found:
        raise RuleError(f"{', '.join(map(str, paths)) or 'No file'}: no [[station]] is described. Add at least one.")
    mistakes.refuse()
    return described.registry()


def parse_registry(text: str, source: str) -> Registry:
    """Return the registry that one TOML text describes; ``source`` names it in messages.

    Raises
    ------
    RuleError
        The text holds mistakes; the message has a line for each, with ``source`` and the key.
    """
    mistakes = Mistakes()
    described = _Described({}, mistakes)
    described.add_text(text, source)
    mistakes.refuse()
    return described.registry()


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


@dataclass(frozen=True, slots=True)
class _Described:
    """The versions read so far, each with the file that describes it."""

    stations: dict[tuple[str, date], tuple[Station, str]]
    mistakes: Mistakes

    def registry(self) -> Registry:
        return Registry(tuple(station for station, _ in self.stations.values()))

    def add_text(self, text: str, source: str) -> None:
        top = self.mistakes.take(lambda: Table.parse(text, source), Table({}, source))
        self.mistakes.take(lambda: top.refuse_unknown({"station"}), None)
        nothing: list[Table] = []
        for table in self.mistakes.take(lambda: list(top.tables("station", named_by("station", "code"))), nothing):
            self.mistakes.take(partial(self._add, table, source), None)

    def _add(self, table: Table, source: str) -> None:
        station = _station(table)
        key = (station.code, station.effective_from)
        if key in self.stations:
            raise RuleError(
                f"{source}: station {station.code}, effective_from: {station.effective_from} is already described in "
                f"{self.stations[key][1]}. Give the later version its own date, or remove one of the two."
            )
        for other, where in self.stations.values():
            if other.code != station.code:
                _refuse_shared_code(station, other, source, where)
        self.stations[key] = (station, source)


def _refuse_shared_code(station: Station, other: Station, source: str, where: str) -> None:
    shared = {station.code, *station.old_codes} & {other.code, *other.old_codes}
    if shared:
        raise RuleError(
            f"{source}: station {station.code}, old_codes: {min(shared)!r} is also a code of station {other.code} "
            f"({where}). A reading with that code would have two stations: remove it from one."
        )


def _station(table: Table) -> Station:
    """Return the station of a table. Raises one RuleError with every mistake of it."""
    mistakes = Mistakes()
    take = mistakes.take
    take(lambda: table.refuse_unknown(_STATION_KEYS), None)
    illustration = take(lambda: table.boolean("illustration"), otherwise=False)
    longitude, latitude = take(lambda: _position(table, abroad=illustration), (0.0, 0.0))
    kind = take(lambda: table.member("kind", StationKind), StationKind.EFFLUENT)
    effective_from = take(lambda: table.day("effective_from"), date.min)
    sensors = take(lambda: _sensors(table, kind), None)
    station = Station(
        code=take(lambda: _code(table, "code", table.text("code")), ""),
        effective_from=effective_from,
        name_vi=take(lambda: table.text("name_vi"), ""),
        name_en=take(lambda: table.text("name_en"), ""),
        kind=kind,
        operator=take(lambda: table.text("operator"), ""),
        longitude=longitude,
        latitude=latitude,
        sensors=sensors or (),
        park=take(lambda: table.optional_text("park"), None),
        old_codes=take(lambda: tuple(_code(table, "old_codes", code) for code in table.texts("old_codes")), ()),
        permit_flow_m3_per_day=take(lambda: table.optional_maximum("permit_flow_m3_per_day"), None),
        limit_set=take(lambda: table.optional_text("limit_set"), None),
        kq=take(lambda: _coefficient(table, "kq"), 1.0),
        kf=take(lambda: _coefficient(table, "kf"), 1.0),
        permit_limits=take(lambda: _permit_limits(table, sensors), ()),
        contacts=take(lambda: _contacts(table), ()),
        illustration=illustration,
        logger=take(lambda: read_logger(table.table("logger"), [s.parameter for s in sensors or ()]), AS_PRESCRIBED),
        effective_to=take(lambda: _retired(table, effective_from), None),
        channels=take(lambda: read_channels(table, sensors or ()), ()),
    )
    mistakes.refuse()
    return station


def _cadence_s(table: Table) -> float:
    cadence_s = table.positive("cadence_s", 300.0)
    if not SHORTEST_CADENCE_S <= cadence_s <= LONGEST_CADENCE_S:
        raise table.error("cadence_s", f"is {cadence_s:g}; seconds between two readings, at most a day.")
    return cadence_s


def _retired(table: Table, effective_from: date) -> date | None:
    effective_to = table.optional_day("effective_to")
    if effective_to is not None and effective_to <= effective_from:
        raise table.error("effective_to", "must be later than effective_from; from that day on the station is retired.")
    return effective_to


def _code(table: Table, key: str, code: str) -> str:
    if not _CODE.fullmatch(code):
        raise table.error(key, f"{code!r} is not a station code; use up to 64 letters A-Z, digits, '_' and '-'.")
    if code.startswith(DRILL_PREFIX):
        raise table.error(key, f"{code!r} begins as the drill copy of a station does; choose another.")
    return code


def _position(table: Table, *, abroad: bool) -> tuple[float, float]:
    """Return longitude and latitude; only an illustration may lie outside Vietnam (a recorded feed from elsewhere)."""
    longitude, latitude = table.number("longitude"), table.number("latitude")
    exchanged = " They look exchanged." if _in_vietnam(latitude, longitude) else ""
    for key, value, bounds in (("longitude", longitude, (-180, 180)), ("latitude", latitude, (-90, 90))):
        if not bounds[0] <= value <= bounds[1]:
            raise table.error(key, f"is {value:g}; it must be in {bounds[0]}..{bounds[1]} degrees.{exchanged}")
    if not abroad and not _in_vietnam(longitude, latitude):
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
    if not _MIN_COEFFICIENT <= value <= _MAX_COEFFICIENT:
        raise table.error(key, f"is {value:g}; coefficients of QCVN 40:2011/BTNMT lie between 0.6 and 1.3.")
    return value


def _contacts(table: Table) -> tuple[str, ...]:
    contacts = table.texts("contacts")
    for contact in contacts:
        if not _EMAIL.fullmatch(contact):
            raise table.error("contacts", f"{contact!r} is not an e-mail address.")
    return contacts


def _permit_limits(table: Table, sensors: Sequence[Sensor] | None) -> tuple[PermitLimit, ...]:
    """Return the limits of the permit; ``sensors`` is ``None`` where they could not be read themselves."""
    mistakes = Mistakes()
    limits: dict[str, PermitLimit] = {}
    measured = None if sensors is None else [s.parameter for s in sensors]
    for entry in table.tables("permit_limit", named_by("permit_limit", "parameter")):
        limit = mistakes.take(partial(_permit_limit, entry), None)
        if limit is None:
            continue
        if limit.parameter in limits:
            mistakes.note(entry.error("parameter", f"{limit.parameter!r} has two permit limits; keep one."))
        if measured is not None and limit.parameter not in measured:
            mistakes.note(
                entry.error(
                    "parameter",
                    f"{limit.parameter!r} has no [[station.sensor]], so that nothing would be judged by it; "
                    + nearest(limit.parameter, measured),
                )
            )
        limits[limit.parameter] = limit
    mistakes.refuse()
    return tuple(limits.values())


def _permit_limit(entry: Table) -> PermitLimit:
    entry.refuse_unknown(_PERMIT_KEYS)
    # Of 0 or less a reading has no share: every one would be beyond it, and none could be told by how much.
    minimum, maximum = entry.optional_minimum("minimum"), entry.optional_maximum("maximum")
    if minimum is None and maximum is None:
        raise entry.error("maximum", "is missing, and minimum too; a permit limit needs at least one of them.")
    if minimum is not None and maximum is not None and minimum >= maximum:
        raise entry.error("minimum", f"is {minimum:g} and maximum is {maximum:g}; minimum must be below maximum.")
    return PermitLimit(entry.text("parameter"), minimum, maximum, entry.text("source"))


def _sensors(table: Table, kind: StationKind) -> tuple[Sensor, ...]:
    mistakes = Mistakes()
    sensors: list[Sensor] = []
    owner_of: dict[str, str] = {}
    entries = list(table.tables("sensor", named_by("sensor", "parameter")))
    for entry in entries:
        sensor = mistakes.take(partial(_sensor, entry, kind), None)
        if sensor is None:
            continue
        for key, symbol in (("parameter", sensor.parameter), *(("aliases", alias) for alias in sensor.aliases)):
            if symbol in owner_of:
                told = f"{symbol!r} already means {owner_of[symbol]}; a symbol can mean one parameter."
                mistakes.note(entry.error(key, told))
            owner_of[symbol] = sensor.parameter
        sensors.append(sensor)
    if not entries:
        mistakes.note(table.error("sensor", "is missing; a station needs at least one [[station.sensor]]."))
    mistakes.refuse()
    return tuple(sensors)


def _sensor(table: Table, kind: StationKind) -> Sensor:
    """Return the sensor of a table. Raises one RuleError with every mistake of it."""
    mistakes = Mistakes()
    take = mistakes.take
    take(lambda: table.refuse_unknown(_SENSOR_KEYS), None)
    parameter = take(lambda: table.text("parameter"), "")
    unit = take(lambda: table.text("unit", empty=True), None)
    cadence_s = take(lambda: _cadence_s(table), 300.0)
    mistaken = symbol_mistake(parameter) if parameter else None
    if mistaken is not None:
        mistakes.note(table.error("parameter", mistaken))
    elif unit is not None and (mistaken := unit_mistake(parameter, unit)) is not None:
        mistakes.note(table.error("unit", mistaken))
    sensor = Sensor(
        parameter=parameter,
        unit=unit or "",
        cadence_s=cadence_s,
        aliases=take(lambda: table.texts("aliases"), ()),
        convert_rate=take(lambda: _convert_rate(table), 1.0),
        qc=take(
            lambda: read_thresholds(table.table("qc"), default_thresholds(parameter, kind, cadence_s, unit or "")),
            QcThresholds(),
        ),
    )
    mistakes.refuse()
    return sensor


def _convert_rate(table: Table) -> float:
    convert_rate = table.number("convert_rate", 1.0)
    if convert_rate == 0:
        raise table.error("convert_rate", "is 0; every value would become 0. Leave it out for no conversion.")
    if not LEAST_LIMIT <= convert_rate <= LARGEST_LIMIT:
        told = f"is {convert_rate:g}; a factor between units lies between {LEAST_LIMIT:g} and {LARGEST_LIMIT:g}."
        raise table.error("convert_rate", told)
    return convert_rate

"""Stations, their sensors, and the registry that knows which description was in force when."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta, timezone
from enum import StrEnum
from functools import cached_property

from quantrac.domain.channels import Channel
from quantrac.domain.loggers import AS_PRESCRIBED, LoggerSettings

VIETNAM = timezone(timedelta(hours=7), "Asia/Ho_Chi_Minh")
"""Civil time of the stations: UTC+7 all year, no daylight saving since 1975."""


def midnight(day: date) -> datetime:
    """Return the first instant of a calendar day in Vietnam.

    >>> midnight(date(2026, 11, 29)).isoformat()
    '2026-11-29T00:00:00+07:00'
    """
    return datetime.combine(day, time(), VIETNAM)


class StationKind(StrEnum):
    """What water a station watches."""

    EFFLUENT = "effluent"
    SURFACE_WATER = "surface_water"


@dataclass(frozen=True, slots=True)
class QcThresholds:
    """Thresholds of the quality tests of one sensor; ``None`` switches a test off.

    Values are in the parameter's unit, durations in seconds. ``sensor_min``/``sensor_max`` is what the instrument can
    report at all (outside: bad), ``expected_min``/``expected_max`` what is plausible here (outside: suspect).
    """

    sensor_min: float | None = None
    sensor_max: float | None = None
    expected_min: float | None = None
    expected_max: float | None = None
    max_rate_per_s: float | None = None
    flat_line_suspect_s: float | None = None
    flat_line_bad_s: float | None = None
    resolution: float = 0.0


@dataclass(frozen=True, slots=True)
class Sensor:
    """One measured parameter of a station."""

    parameter: str
    unit: str
    cadence_s: float = 300.0
    aliases: tuple[str, ...] = ()
    """Other symbols that this station's logger uses for the parameter."""
    convert_rate: float = 1.0
    """Factor from the logger's number to ``unit``; applied once, when the payload is decoded."""
    qc: QcThresholds = QcThresholds()


@dataclass(frozen=True, slots=True)
class PermitLimit:
    """A limit of the environmental permit (GPMT) that prevails over the standard's."""

    parameter: str
    minimum: float | None
    maximum: float | None
    source: str


DRILL_PREFIX = "DRILL_"
"""Begins the code of a station's drill copy, and of nothing else."""


def is_drill_code(code: str) -> bool:
    """Whether a code is that of a drill copy.

    >>> is_drill_code("DRILL_DT_KCNSADEC_NUOSXL"), is_drill_code("DT_KCNSADEC_NUOSXL")
    (True, False)
    """
    return code.startswith(DRILL_PREFIX)


@dataclass(frozen=True)
class Station:
    """One version of a station's description, in force from ``effective_from`` (a calendar day in Vietnam)."""

    code: str
    effective_from: date
    name_vi: str
    name_en: str
    kind: StationKind
    operator: str
    longitude: float
    latitude: float
    sensors: tuple[Sensor, ...]
    park: str | None = None
    old_codes: tuple[str, ...] = ()
    permit_flow_m3_per_day: float | None = None
    limit_set: str | None = None
    kq: float = 1.0
    kf: float = 1.0
    permit_limits: tuple[PermitLimit, ...] = ()
    contacts: tuple[str, ...] = ()
    """E-mail addresses of the officers who are told of this station's alerts, beside the common ones."""
    illustration: bool = False
    """True for invented sample stations: shown on every page that names them."""
    logger: LoggerSettings = AS_PRESCRIBED
    effective_to: date | None = None
    """First day on which the station is retired; ``None``: it is not."""
    channels: tuple[Channel, ...] = ()
    """Housekeeping: read as states, never judged as water."""

    @property
    def drill(self) -> bool:
        """Whether this is the drill copy of a station: what it sends is exercise, in every table that has its code."""
        return is_drill_code(self.code)

    @cached_property
    def sensor_of_symbol(self) -> Mapping[str, Sensor]:
        """Sensor by canonical code and by every alias."""
        return {symbol: s for s in self.sensors for symbol in (s.parameter, *s.aliases)}

    @cached_property
    def channel_of_symbol(self) -> Mapping[str, Channel]:
        """Housekeeping channel by its code and by every alias."""
        return {symbol: c for c in self.channels for symbol in (c.code, *c.aliases)}

    @cached_property
    def channel_of(self) -> Mapping[str, Channel]:
        """Housekeeping channel by its code."""
        return {c.code: c for c in self.channels}

    @cached_property
    def channels_due(self) -> Mapping[str, Sensor]:
        """The housekeeping channels that are due to say something, by their code, each as a sensor is watched."""
        return {c.code: Sensor(c.code, "", c.due_s) for c in self.channels if c.due_s is not None}

    @cached_property
    def sensor_of(self) -> Mapping[str, Sensor]:
        """Sensor by canonical parameter code."""
        return {s.parameter: s for s in self.sensors}

    def describes(self, code: str) -> bool:
        """Whether a code is one of its parameters or housekeeping channels."""
        return code in self.sensor_of or code in self.channel_of


def drill_copy(station: Station) -> Station:
    """Return the station that is simulated in a drill in place of a real one: apart from it in every table.

    Its code, names and park say so, nobody of its own contacts is written to, it stands in for no old code, and has no
    housekeeping channels: none are simulated, and nobody misses them.
    """
    return replace(
        station,
        park=None if station.park is None else f"DIỄN TẬP – {station.park}",
        code=f"{DRILL_PREFIX}{station.code}",
        name_vi=f"DIỄN TẬP – {station.name_vi}",
        name_en=f"DRILL – {station.name_en}",
        old_codes=(),
        contacts=(),
        channels=(),
        illustration=False,
    )


@dataclass(frozen=True)
class Registry:
    """Every version of every station.

    ``version`` grows with every import, so a process that holds a registry can tell that it is stale.
    """

    stations: tuple[Station, ...]
    version: int = 0
    _versions: Mapping[str, tuple[Station, ...]] = field(init=False, repr=False, compare=False)
    _readable: dict[int, Station] = field(init=False, repr=False, compare=False, default_factory=dict)
    """By identity of a version: the same with the aliases of the newest one."""
    _spans: dict[tuple[str, int], tuple[datetime | None, datetime | None]] = field(
        init=False, repr=False, compare=False, default_factory=dict
    )
    """By code and identity of a version: since when and until when it is in force."""

    def __post_init__(self) -> None:
        versions: dict[str, list[Station]] = {}
        for station in sorted(self.stations, key=lambda s: s.effective_from):
            for code in (station.code, *station.old_codes):
                versions.setdefault(code, []).append(station)
        object.__setattr__(self, "_versions", {code: tuple(v) for code, v in versions.items()})

    def station(self, code: str, at: datetime) -> Station | None:
        """Return the version of a station in force at an instant, by its code or an old one.

        Before the first version's date the first version counts, so that a backfill from before a station was
        registered finds its sensors. ``None`` when no version has the code, or the station is retired by then.
        """
        versions = self._versions.get(code)
        if versions is None:
            return None
        day = at.astimezone(VIETNAM).date()
        in_force = [s for s in versions if s.effective_from <= day]
        found = in_force[-1] if in_force else versions[0]
        return None if found.effective_to is not None and found.effective_to <= day else found

    def span(self, code: str, version: Station) -> tuple[datetime | None, datetime | None]:
        """Return since when and until when a version is the one in force by a code; ``None``: without an end there."""
        found = self._spans.get((code, id(version)))
        if found is None:
            versions = self._versions[code]
            since = None if version is versions[0] else midnight(version.effective_from)
            later = [v.effective_from for v in versions if v.effective_from > version.effective_from]
            ends = [*later[:1], *([] if version.effective_to is None else [version.effective_to])]
            found = self._spans[code, id(version)] = since, midnight(min(ends)) if ends else None
        return found

    def newest(self, code: str) -> Station | None:
        """Return the newest version of a station, retired or not; ``None`` when no version has the code."""
        versions = self._versions.get(code)
        return None if versions is None else versions[-1]

    def readable(self, station: Station) -> Station:
        """Return a version with the aliases of the newest one: an alias that was added later reads older messages too.

        What the version itself says of a symbol prevails. The same object for the same version, with the same sensors
        but for the aliases.
        """
        found = self._readable.get(id(station))
        if found is None:
            found = self._readable[id(station)] = _with_aliases(station, self._versions[station.code][-1])
        return found

    def current(self, at: datetime) -> Iterable[Station]:
        """Yield the version in force of every station, by code."""
        for code in sorted({s.code for s in self.stations}):
            station = self.station(code, at)
            if station is not None:
                yield station


def _with_aliases(station: Station, newest: Station) -> Station:
    known = set(station.sensor_of_symbol)
    sensors = []
    for sensor in station.sensors:
        later = newest.sensor_of.get(sensor.parameter)
        added = tuple(a for a in (() if later is None else later.aliases) if a not in known)
        known.update(added)
        sensors.append(replace(sensor, aliases=(*sensor.aliases, *added)) if added else sensor)
    return station if tuple(sensors) == station.sensors else replace(station, sensors=tuple(sensors))

"""What a worker holds of its stations between batches, and how it knows that it may still hold it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime

import msgspec

from alerts.engine import StationAlerts
from models.station.judging import WatchConfig
from models.station.scorer import ScorerSnapshot, StationScorer
from models.station.scores import MODEL_VERSION
from quantrac.domain.alerts import OpenAlert
from quantrac.domain.presence import SensorPresence
from quantrac.domain.stations import VIETNAM, Sensor, Station
from quantrac.quality.chain import SensorQuality, Snapshot
from quantrac.telemetry import get_logger
from sql.model_store import StationModelLine
from sql.presence_store import SensorKey
from sql.sequence_store import SessionKey
from sql.worker_store import WorkerTransaction
from streams.artefact_choice import ArtefactChoice
from streams.catalogue import Catalogue
from streams.sequence_numbers import SeenRanges

_log = get_logger(__name__)


SESSIONS_HELD = 8
"""Sessions of a station in memory: a logger has one, and another after every restart."""


class _StationSnapshot(msgspec.Struct, array_like=True):
    quality: dict[str, Snapshot]
    charts: bytes | None
    alerts: bytes | None
    watch: bytes | None = None


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_StationSnapshot).decode


@dataclass(slots=True)
class StationState:
    """The state machines of one station: quality control of each sensor, model, alert engine."""

    station: Station
    """In the version whose readings the alert engine is judging."""
    catalogue: Catalogue
    quality: dict[str, SensorQuality]
    """By parameter and unit: a sensor that reports in another unit has a memory of its own."""
    scorer: StationScorer
    alerts: StationAlerts
    thresholds: dict[str, Sensor] = field(default_factory=dict)
    """The sensor by whose thresholds each of ``quality`` goes."""
    seen: dict[str, SeenRanges] = field(default_factory=dict)
    """By session."""

    def quality_of(self, sensor: Sensor) -> SensorQuality:
        """Return the quality control of a sensor by the thresholds of its version, with what was seen of it."""
        key = _memory_of(sensor)
        held = self.quality.get(key)
        if held is not None and self.thresholds[key] is sensor:
            return held
        if held is None or self.thresholds[key] != sensor:
            # A rate of the registry says what the logger's numbers mean, whatever unit the logger writes.
            fresh = SensorQuality(sensor.qc, sensor.cadence_s, units=sensor.convert_rate == 1.0)
            if held is not None:
                fresh.restore(held.snapshot())
            self.quality[key] = held = fresh
        self.thresholds[key] = sensor
        return held

    def turn_to(self, station: Station) -> None:
        """Judge by another version of the station from now on, with the state that its alerts have."""
        if station is self.station:
            return
        if station != self.station:
            self.alerts = self.catalogue.alerts_of(station, self.alerts.snapshot())
        self.station = station

    def snapshot(self) -> bytes:
        """Return the state as it is stored; ``seen`` has a table of its own."""
        quality = {parameter: q.snapshot() for parameter, q in self.quality.items()}
        scorer = self.scorer.snapshot()
        return _encode(_StationSnapshot(quality, scorer.charts, self.alerts.snapshot(), scorer.watch))


def restore(  # noqa: PLR0917  what is stored of one station, each part by itself
    station: Station,
    catalogue: Catalogue,
    config: WatchConfig,
    snapshot: bytes | None,
    base: bytes | None,
    open_alerts: Iterable[OpenAlert] | None = None,
) -> StationState:
    """Return a station's state, going on from a snapshot where there is one that this version can read.

    ``open_alerts`` are those of the table, which owns them.
    """
    parts = _StationSnapshot({}, None, None)
    if snapshot is not None:
        try:
            parts = _decode(snapshot)
        except msgspec.MsgspecError as exc:
            _log.warning("state_of_other_version", station=station.code, error=str(exc))
    thresholds = {_memory_of(s): s for s in station.sensors}
    quality = {key: SensorQuality(s.qc, s.cadence_s) for key, s in thresholds.items()}
    for key, q in quality.items():
        stored = parts.quality.get(key) or parts.quality.get(thresholds[key].parameter)
        if stored is not None:
            q.restore(stored)
    scorer = StationScorer(station, config)
    scorer.go_on(ScorerSnapshot(parts.charts, parts.watch), base)
    alerts = catalogue.alerts_of(station, parts.alerts, open_alerts)
    return StationState(station, catalogue, quality, scorer, alerts, thresholds)


def _memory_of(sensor: Sensor) -> str:
    return f"{sensor.parameter} {sensor.unit}".rstrip()


class SensorMemory:
    """What is remembered of the sensors of stations, so that a batch need not read it.

    It is true of a station while the database has it heard when this worker left it there. The sweep adds sensors that
    are not there yet, and sets back what a clock that was ahead had brought about.
    """

    def __init__(self) -> None:
        self.remembered: dict[SensorKey, SensorPresence] = {}
        self.heard_at: dict[str, datetime] = {}

    def are_known(self, station: Station, heard_at: datetime | None) -> bool:
        """Whether what is held of a station is true, and all that is due of it is held."""
        if heard_at is None or self.heard_at.get(station.code) != heard_at:
            return False
        return all((station.code, p) in self.remembered for p in (*station.sensor_of, *station.channels_due))

    def take(self, stations: Collection[str], sensors: Mapping[SensorKey, SensorPresence]) -> None:
        """Hold what was read of stations in place of what was held."""
        self.drop(stations)
        self.remembered |= sensors

    def drop(self, stations: Collection[str]) -> None:
        """Forget stations."""
        for code in stations:
            self.heard_at.pop(code, None)
        self.remembered = {key: of_one for key, of_one in self.remembered.items() if key[0] not in stations}


class StationStates:
    """The states of the stations of every partition that this worker has committed to.

    They are true only as long as nobody else moved the partition: the progress in the database, locked, is compared
    with the one that this worker left there. No rebalance needs to be noticed.
    """

    def __init__(self, artefacts: ArtefactChoice) -> None:
        self._artefacts = artefacts
        self._progress: dict[int, int] = {}
        self._states: dict[str, StationState] = {}
        self.sensors = SensorMemory()
        self._partition: dict[str, int] = {}
        self._in_force: tuple[int, date] = (-1, date.min)
        self._chosen = artefacts.version

    def __getitem__(self, station: str) -> StationState:
        return self._states[station]

    def clear(self) -> None:
        """Drop everything."""
        self._progress.clear()
        self._states.clear()
        self._partition.clear()
        self.sensors = SensorMemory()

    def keep_only_if_ours(self, progress: Mapping[int, int]) -> None:
        """Drop the stations of every partition whose progress another worker has moved."""
        moved = {p for p, offset in progress.items() if self._progress.get(p) != offset}
        self._drop({code for code, p in self._partition.items() if p in moved})

    def load(
        self,
        tx: WorkerTransaction,
        wanted: Iterable[tuple[Station, int, str | None]],
        catalogue: Catalogue,
        now: datetime,
    ) -> None:
        """Make the states of stations available: triples of the station, its partition and its session."""
        # The limits that the model knows are those of a day: with a new one the states are loaded anew.
        in_force = (catalogue.version, now.astimezone(VIETNAM).date())
        if in_force != self._in_force:
            self._drop(set(self._states))
            self._in_force = in_force
        self._take_other_models()
        stations: dict[str, Station] = {}
        numbered: set[SessionKey] = set()
        for station, partition, session in wanted:
            if self._partition.get(station.code) != partition:
                self._drop({station.code})
                self._partition[station.code] = partition
            if station.code not in self._states:
                stations[station.code] = catalogue.registry.station(station.code, now) or station
            if session is not None:
                numbered.add((station.code, session))
        self._load_states(tx, stations, catalogue, now)
        self._try_models_again(tx, now)
        self._load_sessions(tx, numbered)

    def _load_states(
        self, tx: WorkerTransaction, stations: Mapping[str, Station], catalogue: Catalogue, now: datetime
    ) -> None:
        if not stations:
            return
        stored, bases = tx.states.load(list(stations)), tx.states.load_bases(list(stations))
        open_alerts = _by_station(tx, stations)
        for code, station in stations.items():
            config = replace(self._artefacts.config_of(station), legal=catalogue.upper_limits(station, now))
            self._states[code] = restore(
                station, catalogue, config, stored.get(code), bases.get(code), open_alerts[code]
            )

    def _load_sessions(self, tx: WorkerTransaction, wanted: Collection[SessionKey]) -> None:
        """Hold the sessions of this batch and a few others of their stations; the database knows the rest."""
        unknown = {(code, s) for code, s in wanted if s not in self._states[code].seen}
        ranges = tx.sequences.lock(unknown) if unknown else {}
        for code, session in unknown:
            self._states[code].seen[session] = SeenRanges(ranges.get((code, session), ()))
        for code in {code for code, _ in unknown}:
            seen = self._states[code].seen
            for session in list(seen)[:-SESSIONS_HELD]:
                if (code, session) not in wanted:
                    del seen[session]

    def _take_other_models(self) -> None:
        """Give the stations the artefacts that were chosen since the last batch."""
        if self._artefacts.version != self._chosen:
            self._chosen = self._artefacts.version
            for state in self._states.values():
                state.scorer.use(self._artefacts.config_of(state.station))

    def _try_models_again(self, tx: WorkerTransaction, now: datetime) -> None:
        due = [code for code, state in self._states.items() if state.scorer.needs_base(now)]
        if due:
            bases = tx.states.load_bases(due)
            for code in due:
                self._states[code].scorer.try_again(bases.get(code))

    def advance(self, progress: Mapping[int, int]) -> None:
        """Remember the progress that this worker is about to commit."""
        self._progress.update(progress)

    def save(self, tx: WorkerTransaction, stations: Collection[str], now: datetime) -> None:
        """Write the states of stations, and of their models what is due or has changed."""
        states = {code: self._states[code] for code in stations}
        bases = {code: base for code, s in states.items() if (base := s.scorer.take_base(now)) is not None}
        # After the bases: what is stored with every batch begins where the base ends.
        tx.states.save({code: s.snapshot() for code, s in states.items()}, now)
        if bases:
            tx.states.save_bases(bases, now)
        lines = [self._line(code, s) for code, s in states.items() if self._line(code, s).noted != s.scorer.noted]
        if lines:
            tx.models.save_lines(lines, now)
        for line in lines:
            self._states[line.station].scorer.noted = line.noted
        for code, state in states.items():
            counts = state.scorer.take_counts()
            if counts:
                chosen = state.scorer.config
                shadow = None if chosen.shadow is None else chosen.shadow.sha256
                tx.models.add_shadow_counts(code, (chosen.active.sha256 or "", shadow or ""), counts, now)

    def _line(self, code: str, state: StationState) -> StationModelLine:
        config, trouble = state.scorer.config, state.scorer.trouble
        shadow = None if config.shadow is None else config.shadow.sha256
        problem = trouble.reason if trouble is not None else self._artefacts.problem_of(code)
        return StationModelLine(code, MODEL_VERSION, config.active.sha256, shadow, problem)

    def _drop(self, codes: Collection[str]) -> None:
        if codes:
            self.sensors.drop(codes)
        for code in codes:
            self._states.pop(code, None)
            self._partition.pop(code, None)


def _by_station(tx: WorkerTransaction, stations: Collection[str]) -> dict[str, list[OpenAlert]]:
    """Return the open alerts of stations, which the table owns."""
    found: dict[str, list[OpenAlert]] = {code: [] for code in stations}
    for alert in tx.alerts.open_alerts(stations):
        found[alert.key.station].append(alert)
    return found

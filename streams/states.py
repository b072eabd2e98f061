"""What a worker holds of its stations between batches, and how it knows that it may still hold it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

import msgspec

from alerts.engine import StationAlerts
from models.assessment import WatchConfig
from models.stream import MODEL_VERSION
from quantrac.domain.stations import Station
from quantrac.quality.chain import SensorQuality, Snapshot
from quantrac.telemetry import get_logger
from sql.model_store import StationModelLine
from sql.sequence_store import SessionKey
from sql.worker_store import WorkerTransaction
from streams.artefact_choice import ArtefactChoice
from streams.catalogue import Catalogue
from streams.scoring import ScorerSnapshot, StationScorer
from streams.sequence_numbers import SeenRanges

_log = get_logger(__name__)


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
    quality: dict[str, SensorQuality]
    scorer: StationScorer
    alerts: StationAlerts
    seen: dict[str, SeenRanges] = field(default_factory=dict)
    """By session."""

    def snapshot(self) -> bytes:
        """Return the state as it is stored; ``seen`` has a table of its own."""
        quality = {parameter: q.snapshot() for parameter, q in self.quality.items()}
        scorer = self.scorer.snapshot()
        return _encode(_StationSnapshot(quality, scorer.charts, self.alerts.snapshot(), scorer.watch))


def restore(
    station: Station, catalogue: Catalogue, config: WatchConfig, snapshot: bytes | None, base: bytes | None
) -> StationState:
    """Return a station's state, going on from a snapshot where there is one that this version can read."""
    parts = _StationSnapshot({}, None, None)
    if snapshot is not None:
        try:
            parts = _decode(snapshot)
        except msgspec.MsgspecError as exc:
            _log.warning("state_of_other_version", station=station.code, error=str(exc))
    quality = {s.parameter: SensorQuality(s.qc, s.cadence_s) for s in station.sensors}
    for parameter, q in quality.items():
        if parameter in parts.quality:
            q.restore(parts.quality[parameter])
    scorer = StationScorer(station, config)
    scorer.go_on(ScorerSnapshot(parts.charts, parts.watch), base)
    return StationState(station, quality, scorer, catalogue.alerts_of(station, parts.alerts))


class StationStates:
    """The states of the stations of every partition that this worker has committed to.

    They are true only as long as nobody else moved the partition: the progress in the database, locked, is compared
    with the one that this worker left there. No rebalance needs to be noticed.
    """

    def __init__(self, artefacts: ArtefactChoice) -> None:
        self._artefacts = artefacts
        self._progress: dict[int, int] = {}
        self._states: dict[str, StationState] = {}
        self._partition: dict[str, int] = {}
        self._version = -1
        self._chosen = artefacts.version

    def __getitem__(self, station: str) -> StationState:
        return self._states[station]

    def clear(self) -> None:
        """Drop everything."""
        self._progress.clear()
        self._states.clear()
        self._partition.clear()

    def keep_only_if_ours(self, progress: Mapping[int, int]) -> None:
        """Drop the stations of every partition whose progress another worker has moved."""
        moved = {p for p, offset in progress.items() if self._progress.get(p) != offset}
        self._drop(code for code, p in list(self._partition.items()) if p in moved)

    def load(
        self,
        tx: WorkerTransaction,
        wanted: Iterable[tuple[Station, int, str | None]],
        catalogue: Catalogue,
        now: datetime,
    ) -> None:
        """Make the states of stations available: triples of the station, its partition and its session."""
        if catalogue.version != self._version:
            self._drop(list(self._states))
            self._version = catalogue.version
        self._take_other_models()
        stations: dict[str, Station] = {}
        sessions: set[SessionKey] = set()
        for station, partition, session in wanted:
            if self._partition.get(station.code) != partition:
                self._drop([station.code])
                self._partition[station.code] = partition
            if station.code not in self._states:
                stations[station.code] = station
            if session is not None and not self._knows(station.code, session):
                sessions.add((station.code, session))
        if stations:
            stored, bases = tx.states.load(list(stations)), tx.states.load_bases(list(stations))
            for code, station in stations.items():
                config = replace(self._artefacts.config_of(station), legal=catalogue.upper_limits(station, now))
                self._states[code] = restore(station, catalogue, config, stored.get(code), bases.get(code))
        self._try_models_again(tx, now)
        if sessions:
            ranges = tx.sequences.lock(sessions)
            for code, session in sessions:
                self._states[code].seen[session] = SeenRanges(ranges.get((code, session), ()))

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

    def _knows(self, code: str, session: str) -> bool:
        state = self._states.get(code)
        return state is not None and session in state.seen

    def _drop(self, codes: Iterable[str]) -> None:
        for code in codes:
            self._states.pop(code, None)
            self._partition.pop(code, None)

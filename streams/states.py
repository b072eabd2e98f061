"""What a worker holds of its stations between batches, and how it knows that it may still hold it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

import msgspec

from alerts.engine import StationAlerts
from models.errors import ModelError
from models.stream import StationModel
from quantrac.domain.stations import Station
from quantrac.quality.chain import SensorQuality, Snapshot
from quantrac.telemetry import get_logger
from sql.worker_store import WorkerTransaction
from streams.catalogue import Catalogue
from streams.feeds import SeenRanges

_log = get_logger(__name__)

Feed = tuple[str, str]
"""Station and session of a logger."""


class _StationSnapshot(msgspec.Struct, array_like=True):
    quality: dict[str, Snapshot]
    model: bytes | None
    alerts: bytes | None


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_StationSnapshot).decode


@dataclass(slots=True)
class StationState:
    """The state machines of one station: quality control of each sensor, model, alert engine."""

    station: Station
    quality: dict[str, SensorQuality]
    model: StationModel | None
    """``None`` when the model failed: limits judge on, the log and a counter tell."""
    alerts: StationAlerts
    seen: dict[str, SeenRanges] = field(default_factory=dict)
    """By session."""

    def snapshot(self) -> bytes:
        """Return the state as it is stored; ``seen`` has a table of its own."""
        quality = {parameter: q.snapshot() for parameter, q in self.quality.items()}
        model = None if self.model is None else self.model.snapshot()
        return _encode(_StationSnapshot(quality, model, self.alerts.snapshot()))


def restore(station: Station, catalogue: Catalogue, snapshot: bytes | None) -> StationState:
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
    return StationState(station, quality, _model(station, parts.model), catalogue.alerts_of(station, parts.alerts))


def _model(station: Station, snapshot: bytes | None) -> StationModel:
    try:
        return StationModel.for_station(station, snapshot)
    except ModelError as exc:
        _log.warning("model_starts_anew", station=station.code, error=str(exc))
        return StationModel.for_station(station)


class StationStates:
    """The states of the stations of every partition that this worker has committed to.

    They are true only as long as nobody else moved the partition: the progress in the database, locked, is compared
    with the one that this worker left there. No rebalance needs to be noticed.
    """

    def __init__(self) -> None:
        self._progress: dict[int, int] = {}
        self._states: dict[str, StationState] = {}
        self._partition: dict[str, int] = {}
        self._version = -1

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
        self, tx: WorkerTransaction, wanted: Iterable[tuple[Station, int, str | None]], catalogue: Catalogue
    ) -> None:
        """Make the states of stations available: triples of the station, its partition and its session."""
        if catalogue.version != self._version:
            self._drop(list(self._states))
            self._version = catalogue.version
        stations: dict[str, Station] = {}
        feeds: set[Feed] = set()
        for station, partition, session in wanted:
            if self._partition.get(station.code) != partition:
                self._drop([station.code])
                self._partition[station.code] = partition
            if station.code not in self._states:
                stations[station.code] = station
            if session is not None and not self._knows(station.code, session):
                feeds.add((station.code, session))
        if stations:
            stored = tx.load_states(list(stations))
            for code, station in stations.items():
                self._states[code] = restore(station, catalogue, stored.get(code))
        if feeds:
            ranges = tx.seen(feeds)
            for code, session in feeds:
                self._states[code].seen[session] = SeenRanges(ranges.get((code, session), ()))

    def advance(self, progress: Mapping[int, int]) -> None:
        """Remember the progress that this worker is about to commit."""
        self._progress.update(progress)

    def snapshots(self, stations: Collection[str]) -> dict[str, bytes]:
        """Return the states of stations as they are stored."""
        return {code: self._states[code].snapshot() for code in stations}

    def _knows(self, code: str, session: str) -> bool:
        state = self._states.get(code)
        return state is not None and session in state.seen

    def _drop(self, codes: Iterable[str]) -> None:
        for code in codes:
            self._states.pop(code, None)
            self._partition.pop(code, None)

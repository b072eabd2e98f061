"""What a batch says of each sensor of its stations, folded into what is remembered: see :mod:`alerts.due`."""

from __future__ import annotations

from collections.abc import Iterator

from alerts.due import note_of, noted, pace_of, returned, silence
from quantrac import topics
from quantrac.domain.deadletters import Rejected, RejectReason
from quantrac.domain.presence import Defect, Note, SensorPresence
from quantrac.domain.stations import Station
from sql.presence_store import SensorKey
from sql.worker_store import WorkerTransaction
from streams.batch import Batch
from streams.catalogue import Catalogue

_OF_REFUSAL = {RejectReason.INSTANT_IN_FUTURE: Defect.AHEAD, RejectReason.INSTANT_TOO_OLD: Defect.LATE}
Noted = tuple[Station, str, Note]
"""Station, parameter and what came of it."""


def note_dues(tx: WorkerTransaction, batch: Batch, catalogue: Catalogue) -> None:
    """Write what the batch says of each sensor; before the stations' own presence is moved on."""
    notes = sorted((*_of_readings(batch), *_of_refusals(batch, catalogue)), key=lambda n: n[2].received_at)
    stations = {station.code: station for station, _, _ in notes}
    if not stations:
        return
    remembered, heard = tx.presence.sensors(stations)
    changed: dict[SensorKey, SensorPresence] = {}

    def now_known(key: SensorKey) -> SensorPresence:
        return changed.get(key) or remembered.get(key) or SensorPresence()

    for station, parameter, note in notes:
        last = heard.get(station.code)
        if last is not None and note.received_at - last >= silence(station_cadence_s(station)):
            for sensor in station.sensors:
                key = (station.code, sensor.parameter)
                changed[key] = returned(now_known(key), sensor, last, note.received_at)
        heard[station.code] = note.received_at if last is None else max(last, note.received_at)
        key = (station.code, parameter)
        pace_s = pace_of(now_known((station.code, sensor.parameter)) for sensor in station.sensors)
        changed[key] = noted(now_known(key), note, station.sensor_of[parameter], pace_s)
    tx.presence.save_sensors(changed)


def station_cadence_s(station: Station) -> float:
    """Return how often a station is due to send: the shortest cadence of its sensors, in seconds."""
    return min((sensor.cadence_s for sensor in station.sensors), default=300.0)


def _of_readings(batch: Batch) -> Iterator[Noted]:
    for message in batch.messages:
        for row in message.rows:
            parameter = row.checked.reading.parameter
            if parameter in message.station.sensor_of:
                yield message.station, parameter, note_of(row.checked, batch.lane_limit)


def _of_refusals(batch: Batch, catalogue: Catalogue) -> Iterator[Noted]:
    for letter in batch.tally.dead_letters:
        station = catalogue.registry.station(letter.station, letter.received_at)
        if station is None or letter.content_type == topics.CONTENT_STATUS:
            continue
        for refused in letter.refusals:
            defect = _OF_REFUSAL.get(refused.reason, Defect.REFUSED)
            detail = refused.reason.value if defect is Defect.REFUSED else ""
            for parameter in _parameters(refused, station):
                yield station, parameter, Note(letter.received_at, None, defect, detail)


def _parameters(refused: Rejected, station: Station) -> list[str]:
    """Return the sensors that a refusal concerns: all of them when the whole message was refused."""
    if refused.parameter is None:
        return [sensor.parameter for sensor in station.sensors]
    sensor = station.sensor_of_symbol.get(refused.parameter)
    return [] if sensor is None else [sensor.parameter]

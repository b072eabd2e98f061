"""What a batch says of each sensor and channel of its stations, folded into what is remembered: :mod:`alerts.due`."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, datetime

from alerts.due import excused, note_of, note_of_state, noted, noted_state, pace_of, returned, silence
from quantrac import topics
from quantrac.domain.alerts import AlertKey
from quantrac.domain.deadletters import Rejected, RejectReason
from quantrac.domain.incidents import HoldWindow
from quantrac.domain.presence import Defect, Note, SensorPresence
from quantrac.domain.stations import Station
from sql.presence_store import SensorKey
from sql.worker_store import WorkerTransaction
from streams.batch import Batch
from streams.catalogue import Catalogue

_OF_REFUSAL = {RejectReason.INSTANT_IN_FUTURE: Defect.AHEAD, RejectReason.INSTANT_TOO_OLD: Defect.LATE}
Noted = tuple[Station, str, Note]
"""Station, parameter or housekeeping channel, and what came of it."""
NEVER_NOTED = SensorPresence()


def note_dues(tx: WorkerTransaction, batch: Batch, catalogue: Catalogue) -> None:
    """Write what the batch says of each sensor and channel; before the stations' own presence is moved on."""
    said = (*_of_readings(batch), *_of_channels(batch), *_of_refusals(batch, catalogue))
    notes = sorted(said, key=lambda n: n[2].received_at)
    stations = {station.code: station for station, _, _ in notes}
    if not stations:
        return
    heard, sensors = tx.presence.heard(stations), batch.states.sensors
    unknown = [s.code for s in stations.values() if not sensors.are_known(s, heard.get(s.code))]
    if unknown:
        sensors.take(unknown, tx.presence.sensors(unknown))
    declared = any(note.defect is Defect.CALIBRATING for _, _, note in notes)
    windows = tx.presence.hold_windows(notes[0][2].received_at) if declared else ()
    changed = folded(notes, sensors.remembered, heard, windows)
    tx.presence.save_sensors(changed)
    sensors.remembered |= changed
    for code, (received_at, _) in batch.heard().items():
        # As ``touch`` is about to leave it.
        sensors.heard_at[code] = max(received_at, heard.get(code, received_at))


def folded(
    notes: Sequence[Noted],
    remembered: Mapping[SensorKey, SensorPresence],
    heard: Mapping[str, datetime],
    windows: Collection[HoldWindow] = (),
) -> dict[SensorKey, SensorPresence]:
    """Return what is remembered of each sensor after notes in the order of receipt; of those that changed.

    ``heard`` says when each station was last heard before, ``windows`` what people have registered. A back-fill is
    thousands of late readings in a row: of those of one sensor only the last is noted, for it says all that the others
    do.
    """
    last = dict(heard)
    changed: dict[SensorKey, SensorPresence] = {}
    paces: dict[str, dict[date, float | None]] = {}

    def known(key: SensorKey) -> SensorPresence:
        return changed.get(key) or remembered.get(key, NEVER_NOTED)

    for (station, parameter, note), outdone in zip(notes, _outdone(notes), strict=True):
        code, key = station.code, (station.code, parameter)
        before = last.get(code)
        if before is None or note.received_at > before:
            last[code] = note.received_at
            # Of a station that is heard for the first time nothing was due before.
            if before is None or note.received_at - before >= silence(station_cadence_s(station)):
                for each in (*station.sensors, *station.channels_due.values()):
                    of_sensor, now = (code, each.parameter), note.received_at
                    was = known(of_sensor)
                    changed[of_sensor] = (
                        was._replace(returned_at=now) if before is None else returned(was, each, before, now)
                    )
        if outdone:
            continue
        was = known(key)
        if parameter in station.channel_of:
            changed[key] = noted_state(was, note)
            continue
        of_station, version = paces.setdefault(code, {}), station.effective_from
        if note.defect is None and version not in of_station:
            of_station[version] = pace_of(known((code, s.parameter)) for s in station.sensors)
        sensor = station.sensor_of[parameter]
        registered = note.defect is Defect.CALIBRATING and excused(
            windows, AlertKey(*key, ""), note.received_at, sensor.cadence_s
        )
        changed[key] = is_ = noted(was, note, sensor, of_station.get(version), registered=registered)
        if is_.interval_run != was.interval_run or is_.interval_s != was.interval_s:
            of_station.clear()
    return changed


def _outdone(notes: Sequence[Noted]) -> list[bool]:
    """Return of each note whether it and the next one of its sensor are both late: then it leaves no trace."""
    if not any(note.defect is Defect.LATE for _, _, note in notes):
        return [False] * len(notes)
    next_late: set[SensorKey] = set()
    found = []
    for station, parameter, note in reversed(notes):
        key, late = (station.code, parameter), note.defect is Defect.LATE
        found.append(late and key in next_late)
        (next_late.add if late else next_late.discard)(key)
    found.reverse()
    return found


def station_cadence_s(station: Station) -> float:
    """Return how often a station is due to send: the shortest cadence of its sensors, in seconds."""
    return min((sensor.cadence_s for sensor in station.sensors), default=300.0)


def _of_readings(batch: Batch) -> Iterator[Noted]:
    for message in batch.messages:
        for row in message.rows:
            parameter = row.checked.reading.parameter
            if parameter in message.station.sensor_of:
                yield message.station, parameter, note_of(row.checked, batch.lane_limit)


def _of_channels(batch: Batch) -> Iterator[Noted]:
    for outcome in batch.stations.values():
        for said in outcome.states:
            code = said.checked.reading.parameter
            if code in said.station.channels_due:
                yield said.station, code, note_of_state(said.checked, batch.lane_limit)


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
    """Return the sensors and channels that a refusal concerns: all of them when the whole message was refused."""
    if refused.parameter is None:
        return [*station.sensor_of, *station.channels_due]
    sensor, channel = station.sensor_of_symbol.get(refused.parameter), station.channel_of_symbol.get(refused.parameter)
    if sensor is not None:
        return [sensor.parameter]
    return [channel.code] if channel is not None and channel.code in station.channels_due else []

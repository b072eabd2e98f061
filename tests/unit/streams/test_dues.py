"""What a batch says of sensors, folded: in one go it comes to the same as note by note, whatever is mixed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from alerts.due import note_of, noted, pace_of, returned, silence
from quantrac.domain.presence import Defect, Note, SensorPresence
from quantrac.domain.readings import CheckedReading, Flag, Reading, Status
from quantrac.domain.stations import Sensor, Station, StationKind
from streams.dues import NEVER_NOTED, Noted, folded, station_cadence_s

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
ONE = Station(
    "DT_ONE_NUOSXL", date(2026, 1, 1), "", "", StationKind.EFFLUENT, "", 105.0, 10.0,
    (Sensor("COD", "mg/L", cadence_s=300), Sensor("pH", "", cadence_s=300)),
)  # fmt: skip
OTHER = replace(ONE, code="DT_OTHER_NUOSXL")
NEWER = replace(ONE, effective_from=date(2026, 11, 1), sensors=(*ONE.sensors, Sensor("TSS", "mg/L", cadence_s=60)))
DEFECTS = (None, None, Defect.LATE, Defect.LATE, Defect.CALIBRATING, Defect.SUSPECT)
Key = tuple[str, str]


def one_by_one(notes: list[Noted], remembered: dict[Key, SensorPresence]) -> dict[Key, SensorPresence]:
    """Return what the definitions of :mod:`alerts.due` come to, nothing left out."""
    changed: dict[Key, SensorPresence] = {}
    last: dict[str, datetime] = {}

    def known(key: Key) -> SensorPresence:
        return changed.get(key) or remembered.get(key) or NEVER_NOTED

    for station, parameter, note in notes:
        heard = last.get(station.code)
        if heard is None:
            for sensor in station.sensors:
                key = station.code, sensor.parameter
                changed[key] = known(key)._replace(returned_at=note.received_at)
        elif note.received_at - heard >= silence(station_cadence_s(station)):
            for sensor in station.sensors:
                key = station.code, sensor.parameter
                changed[key] = returned(known(key), sensor, heard, note.received_at)
        last[station.code] = note.received_at
        pace_s = pace_of(known((station.code, sensor.parameter)) for sensor in station.sensors)
        key = station.code, parameter
        changed[key] = noted(known(key), note, station.sensor_of[parameter], pace_s)
    return changed


@st.composite
def drawn(draw: st.DrawFn) -> list[Noted]:
    steps = draw(st.lists(st.tuples(
        st.sampled_from([ONE, ONE, OTHER, NEWER]), st.sampled_from(["COD", "pH"]), st.sampled_from(DEFECTS),
        st.sampled_from([0, 0, 60, 300, 300, 1200]), st.sampled_from([0, 0, 7200]),
    ), max_size=60))  # fmt: skip
    at, notes = NOW, []
    for station, parameter, defect, later_s, behind_s in steps:
        at += timedelta(seconds=later_s)
        notes.append((station, parameter, Note(at, at - timedelta(seconds=behind_s), defect)))
    return notes


@given(drawn())
def test_a_batch_comes_to_the_same_as_its_lines_one_by_one(notes: list[Noted]) -> None:
    steady = SensorPresence(NOW, NOW, NOW, NOW, 5, NOW, None, None, None, "", 300.0, 12)
    remembered = {(ONE.code, "COD"): steady, (OTHER.code, "pH"): steady._replace(steady_at=None)}
    assert folded(notes, remembered, {}) == one_by_one(notes, remembered)


def test_a_back_fill_of_a_sensor_in_order_leaves_it_in_order_but_told_as_late() -> None:
    reading = Reading(ONE.code, "COD", NOW, NOW + timedelta(hours=3), 7.0, Status.MEASURING)
    notes: list[Noted] = [
        (
            ONE,
            "COD",
            note_of(CheckedReading(replace(reading, observed_at=NOW + timedelta(minutes=m)), Flag.GOOD), silence(300)),
        )
        for m in range(0, 100, 5)
    ]
    remembered = {(ONE.code, "COD"): SensorPresence(steady_at=NOW)}
    (found,) = folded(notes, remembered, {ONE.code: NOW + timedelta(hours=3)}).values()
    assert (found.steady_at, found.defect, found.received_at) == (NOW, Defect.LATE, NOW + timedelta(hours=3))

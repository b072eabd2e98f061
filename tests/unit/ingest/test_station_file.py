"""Station files made from readings: read back the same, and the same as loggers write them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from ingest.forwarder.source import AsFiles
from ingest.forwarder.stationfile import file_of
from ingest.payloads import InstantBounds
from ingest.payloads.tt10 import decode
from quantrac import topics
from quantrac.clock import ManualClock
from quantrac.domain.readings import Reading, Status
from quantrac.domain.stations import Registry, Sensor
from quantrac.registry import parse_registry

NOW = datetime(2026, 11, 23, 3, 5, tzinfo=UTC)
REGISTRY = parse_registry(
    """
[[station]]
code = "DT_KCNSADEC_NUOSXL"
effective_from = 2026-01-01
name_vi = "a"
name_en = "a"
kind = "effluent"
operator = "a"
longitude = 105.75
latitude = 10.29
[[station.sensor]]
parameter = "Flow"
unit = "m3/h"
[[station.sensor]]
parameter = "pH"
unit = ""
[[station.sensor]]
parameter = "COD"
unit = "mg/L"
[[station.sensor]]
parameter = "NH4"
unit = "mg/L"
[[station.channel]]
code = "Door"
kind = "door"
""",
    "test",
)
STATION = REGISTRY.stations[0]
UNITS = {s.parameter: s.unit for s in STATION.sensors}


def reading(parameter: str, value: float | None, status: str = "00", at: datetime = NOW) -> Reading:
    return Reading(STATION.code, parameter, at, NOW, value, Status.from_code(status))


def test_the_file_is_the_one_of_the_circular_byte_for_byte() -> None:
    # The constructed sample of the layout, as a logger writes it (numbers without zeros at their end).
    expected = (
        "Flow\t82.4\tm3/h\t20261123100500\t00\r\n"
        "pH\t7.21\t\t20261123100500\t00\r\n"
        "COD\t58\tmg/L\t20261123100500\t01\r\n"
        "NH4\t\tmg/L\t20261123100500\t02\r\n"
    )
    made = [reading("Flow", 82.4), reading("pH", 7.21), reading("COD", 58.0, "01"), reading("NH4", None, "02")]
    assert file_of(made, UNITS) == ("DT_KCNSADEC_NUOSXL_20261123100500.txt", expected.encode())


def test_units_are_written_as_loggers_write_them_and_read_back() -> None:
    # Registered with the signs of print; the samples of loggers have m3/h, oC and uS/cm.
    units = {"Flow": "m³/h", "Temp": "°C", "COND": "µS/cm"}
    sensors = tuple(Sensor(parameter, unit) for parameter, unit in units.items())
    made = [reading(parameter, 12.5) for parameter in units]
    _, content = file_of(made, units)
    assert [line.split("\t")[2] for line in content.decode().splitlines()] == ["m3/h", "oC", "uS/cm"]
    decoded = decode(content, STATION.code, replace(STATION, sensors=sensors), NOW, InstantBounds())
    assert (list(decoded.readings), decoded.rejected) == (made, ())


VALUES = st.one_of(st.none(), st.floats(allow_nan=False, allow_infinity=False, width=64))


@given(
    st.lists(
        st.tuples(st.sampled_from(sorted(UNITS)), VALUES, st.sampled_from(["00", "01", "02", "03"]), st.integers(0, 9)),
        unique_by=lambda r: (r[0], r[3]),
        min_size=1,
    )
)
def test_what_is_written_is_read_back(rows: list[tuple[str, float | None, str, int]]) -> None:
    made = [reading(p, v, s, NOW - timedelta(minutes=5 * ago)) for p, v, s, ago in rows]
    name, content = file_of(made, UNITS)
    decoded = decode(content, STATION.code, STATION, NOW, InstantBounds())
    assert not decoded.rejected
    assert sorted(decoded.readings, key=repr) == sorted(made, key=repr)
    assert name.startswith("DT_KCNSADEC_NUOSXL_2026112")


@dataclass
class Record:
    """A Kafka record as the client gives it."""

    value: bytes
    headers: list[tuple[str, bytes]] = field(default_factory=list)
    partition: int = 2
    offset: int = 7
    timestamp: int = int(NOW.timestamp() * 1000)


def message(values: dict[str, float | None], topic: str = topics.mqtt_readings(STATION.code)) -> Record:
    entries = [{"parameter": p, "value": v, "unit": UNITS.get(p)} for p, v in values.items()]
    body = {"v": 1, "observed_at": NOW.isoformat(), "readings": entries}
    headers = {
        topics.HEADER_CONTENT_TYPE: topics.CONTENT_JSON,
        topics.HEADER_MQTT_TOPIC: topic,
        topics.HEADER_RECEIVED_AT: NOW.isoformat(),
        topics.HEADER_BRIDGE: "bridge-1",
    }
    return Record(json.dumps(body).encode(), [(k, v.encode()) for k, v in headers.items()])


def test_an_mqtt_message_becomes_a_file_of_water_alone() -> None:
    files = AsFiles(lambda: REGISTRY, ManualClock(NOW))
    piece = files.piece_of(message({"pH": 7.5, "Door": 1.0, "COD": 1e-7}))
    assert piece is not None
    assert piece.content == b"pH\t7.5\t\t20261123100500\t00\r\nCOD\t0.0000001\tmg/L\t20261123100500\t00\r\n"
    assert (piece.file_name, piece.made) == (f"{STATION.code}/{STATION.code}_20261123100500.txt", True)
    assert (piece.partition, piece.record_offset, piece.size) == (2, 7, len(piece.content))


def test_r5_another_authority_gets_a_backfill_in_the_units_of_its_day() -> None:
    # until the 22nd the logger's COD is in g/L; the message of then comes today, when it is in mg/L
    old_sensors = [replace(s, convert_rate=1000.0) if s.parameter == "COD" else s for s in STATION.sensors]
    old = replace(STATION, effective_from=date(2026, 1, 1), sensors=tuple(old_sensors))
    registry = Registry((old, replace(STATION, effective_from=date(2026, 11, 23))))
    late = message({"COD": 0.05})
    late.value = late.value.replace(NOW.isoformat().encode(), (NOW - timedelta(days=1)).isoformat().encode())
    piece = AsFiles(lambda: registry, ManualClock(NOW)).piece_of(late)
    assert piece is not None
    assert piece.content == b"COD\t50\tmg/L\t20261122100500\t00\r\n"


def test_what_is_no_message_of_readings_makes_no_file() -> None:
    files = AsFiles(lambda: REGISTRY, ManualClock(NOW))
    replay = message({"pH": 7.5})
    replay.headers[-1] = (topics.HEADER_BRIDGE, topics.REPLAY.encode())
    broken = message({"pH": 7.5})
    broken.value = b"\xff{"
    for record in (
        message({"pH": 7.5}, topics.mqtt_status(STATION.code)),
        message({"pH": 7.5}, topics.mqtt_readings("DT_NOBODY")),
        message({"pH": 7.5}, topics.file_topic(STATION.code)),
        message({"Door": 1.0}),
        Record(b"", []),
        replay,
        broken,
    ):
        assert files.piece_of(record) is None

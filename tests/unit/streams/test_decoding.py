"""What cannot be used of a record, and what its maker is told."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from ingest.payloads import InstantBounds
from quantrac import topics
from quantrac.domain.deadletters import RejectReason, Stage
from quantrac.domain.stations import Registry, Sensor, Station, StationKind
from streams.catalogue import Catalogue
from streams.decoding import DecodeOptions, dead_letter, decode
from streams.records import raw_record

STATION = Station("DT_A", date(2026, 1, 1), "", "", StationKind.EFFLUENT, "", 105.0, 10.0, (Sensor("COD", "mg/L"),))
CATALOGUE = Catalogue(0, Registry((STATION,)), (), ())


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("dt_a", "The station 'dt_a' of the file is registered as 'DT_A': write it so, the letters' case counts."),
        ("DT_B", "The station 'DT_B' of the file is not registered: import it, then replay this dead letter."),
    ],
)
def test_a_file_of_nobody_names_itself_and_what_to_mend(code: str, told: str) -> None:
    name = f"{code}/{code}_20261123100500.txt"
    headers = [
        (topics.HEADER_CONTENT_TYPE, topics.CONTENT_TT10.encode()),
        (topics.HEADER_MQTT_TOPIC, topics.file_topic(code).encode()),
        (topics.HEADER_RECEIVED_AT, datetime(2026, 11, 23, tzinfo=UTC).isoformat().encode()),
        (topics.HEADER_FILE_NAME, name.encode()),
    ]
    record = raw_record(0, 7, b"COD\t1\tmg/L\t20261123100500\t00", headers, 1_700_000_000.0)
    (refused,) = decode(record, CATALOGUE, DecodeOptions(InstantBounds(), 1000)).decoded.rejected
    assert (refused.reason, refused.detail) == (RejectReason.UNKNOWN_STATION, told)
    assert dead_letter(record, (refused,), Stage.DECODE, "raw@x").file_name == name

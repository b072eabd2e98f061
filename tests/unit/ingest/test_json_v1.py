"""The JSON format: what is accepted, what is refused with which reason, and what survives beside a bad reading."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ingest.payloads import DECODERS, Decoded, InstantBounds, decoder_of
from ingest.payloads.json_v1 import decode
from quantrac.domain.deadletters import RejectReason as R
from quantrac.domain.readings import Reading, Status
from quantrac.domain.stations import Sensor
from quantrac.topics import CONTENT_JSON
from tests.factories import station

CODE = "DT_KCNSADEC_NUOSXL"
STATION = station(
    CODE,
    (
        "COD",
        Sensor("pH", ""),
        "TP",
        Sensor("Temp", "°C", aliases=("Nhiệtđộ",)),
        Sensor("NH4", "mg/L", aliases=("Amoni",), convert_rate=1.29),
    ),
    old_codes=("TG_OLD",),
)
NOW = datetime(2026, 11, 23, 3, 5, 2, tzinfo=UTC)
OBSERVED = datetime(2026, 11, 23, 3, 5, tzinfo=UTC)
BOUNDS = InstantBounds(future=timedelta(minutes=5), past=timedelta(days=61))


def message(**changes: Any) -> dict[str, Any]:
    body: dict[str, Any] = {
        "v": 1,
        "station": CODE,
        "observed_at": "2026-11-23T10:05:00+07:00",
        "sent_at": "2026-11-23T10:05:01.123+07:00",
        "session": "2026-11-23T08:00:00Z-7f3a",
        "seq": 1234,
        "readings": [
            {"parameter": "COD", "value": 58.0, "unit": "mg/L", "status": "00"},
            {"parameter": "pH", "value": 7},
        ],
    }
    body |= changes
    return {key: value for key, value in body.items() if value is not ...}


def decoded(body: object, topic_station: str = CODE) -> Decoded:
    payload = body if isinstance(body, bytes) else json.dumps(body).encode()
    return decode(payload, topic_station, STATION, NOW, BOUNDS)


def one(entry: str) -> Decoded:
    """A message with a good pH and one other entry, spelled as raw JSON."""
    return decoded(
        b'{"v":1,"observed_at":"2026-11-23T03:05:00Z","readings":[{"parameter":"pH","value":7.2},'
        + entry.encode()
        + b"]}"
    )


def test_a_sound_message() -> None:
    assert decoded(message()) == Decoded(
        readings=(
            Reading(CODE, "COD", OBSERVED, NOW, 58.0, Status.MEASURING),
            Reading(CODE, "pH", OBSERVED, NOW, 7.0, Status.MEASURING),
        ),
        session="2026-11-23T08:00:00Z-7f3a",
        seq=1234,
        sent_at=datetime(2026, 11, 23, 3, 5, 1, 123_000, tzinfo=UTC),
        observed_at=OBSERVED,
    )


def test_the_least_message() -> None:
    body = message(station=..., sent_at=..., session=..., seq=...)
    found = decoded(body)
    assert (len(found.readings), found.session, found.seq, found.sent_at) == (2, None, None, None)
    assert decoded(message(station=None, sent_at=None, session=None, seq=None)) == found


def test_readings_bear_the_canonical_code_also_under_an_old_one() -> None:
    found = decoded(message(station="TG_OLD"), topic_station="TG_OLD")
    assert {r.station for r in found.readings} == {CODE}


@pytest.mark.parametrize(
    ("entry", "parameter", "value", "status"),
    [
        ('{"parameter":"COD","value":null}', "COD", None, Status.MEASURING),
        ('{"parameter":"COD","value":0}', "COD", 0.0, Status.MEASURING),
        ('{"parameter":"COD","value":-1.5e-3}', "COD", -0.0015, Status.MEASURING),
        ('{"parameter":"COD","value":1e-999}', "COD", 0.0, Status.MEASURING),
        ('{"parameter":"cod","value":1,"unit":"mg/l","status":"01"}', "COD", 1.0, Status.CALIBRATING),
        ('{"parameter":"COD","value":1,"status":"02"}', "COD", 1.0, Status.FAULT),
        ('{"parameter":"COD","value":1,"status":"7"}', "COD", 1.0, Status.UNKNOWN),
        ('{"parameter":"COD","value":1,"status":""}', "COD", 1.0, Status.UNKNOWN),
        ('{"parameter":"COD","value":1,"status":null,"unit":null}', "COD", 1.0, Status.MEASURING),
        ('{"parameter":"TP","value":500,"unit":"\\u00b5g/L"}', "TP", 0.5, Status.MEASURING),
        ('{"parameter":"Nhiệtđộ","value":29.5,"unit":"oC"}', "Temp", 29.5, Status.MEASURING),
        ('{"parameter":"Amoni","value":10,"unit":"mg/L"}', "NH4", 12.9, Status.MEASURING),
        ('{"parameter":"COD","value":1,"extra":{"a":[1,2]}}', "COD", 1.0, Status.MEASURING),
    ],
)
def test_good_readings(entry: str, parameter: str, value: float | None, status: Status) -> None:
    found = one(entry)
    assert found.rejected == ()
    assert found.readings[1] == Reading(CODE, parameter, OBSERVED, NOW, value, status)


@pytest.mark.parametrize(
    ("entry", "reason", "parameter"),
    [
        ('{"parameter":"COD","value":NaN}', R.NOT_A_NUMBER, "COD"),
        ('{"parameter":"COD","value":Infinity}', R.NOT_A_NUMBER, "COD"),
        ('{"parameter":"COD","value":-Infinity}', R.NOT_A_NUMBER, "COD"),
        ('{"parameter":"COD","value":1e999}', R.NOT_A_NUMBER, "COD"),
        ('{"parameter":"COD","value":' + "9" * 400 + "}", R.NOT_A_NUMBER, "COD"),
        ('{"parameter":"COD","value":' + "9" * 5000 + "}", R.NOT_A_NUMBER, "COD"),
        ('{"parameter":"NH4","value":1.7e308}', R.NOT_A_NUMBER, "NH4"),  # beyond a double after its convert_rate
        ('{"parameter":"COD","value":true}', R.NOT_A_NUMBER, "COD"),
        ('{"parameter":"COD","value":"58.0"}', R.NOT_A_NUMBER, "COD"),
        ('{"parameter":"COD","value":[1]}', R.NOT_A_NUMBER, "COD"),
        ('{"parameter":"Unobtainium","value":1}', R.UNKNOWN_PARAMETER, "Unobtainium"),
        ('{"parameter":"a\\u0000b","value":1}', R.UNKNOWN_PARAMETER, "a\\x00b"),
        ('{"parameter":"\\ud800","value":1}', R.UNKNOWN_PARAMETER, "\\ud800"),
        ('{"parameter":"pH","value":7.3}', R.DUPLICATE_PARAMETER, "pH"),
        ('{"parameter":"PH","value":7.2}', R.DUPLICATE_PARAMETER, "pH"),
        ('{"parameter":"COD","value":1,"unit":"ppm"}', R.UNIT_UNKNOWN, "COD"),
        ('{"parameter":"COD","value":1,"unit":5}', R.WRONG_SHAPE, "COD"),
        ('{"parameter":"COD","value":1,"status":0}', R.WRONG_SHAPE, "COD"),
        ('{"parameter":"COD"}', R.WRONG_SHAPE, "COD"),
        ('{"value":1}', R.WRONG_SHAPE, "readings[1]"),
        ("17", R.WRONG_SHAPE, "readings[1]"),
    ],
)
def test_a_bad_reading_is_refused_and_the_others_kept(entry: str, reason: R, parameter: str) -> None:
    found = one(entry)
    assert [r.parameter for r in found.readings] == ["pH"]
    assert found.readings[0].value == 7.2
    (rejected,) = found.rejected
    assert (rejected.reason, rejected.parameter) == (reason, parameter)
    assert len(rejected.detail) > 20
    assert rejected.detail.isprintable()


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", R.NOT_JSON),
        (b"\x00\xff\xfe", R.NOT_JSON),
        (b'{"v":1', R.NOT_JSON),
        (b"COD\t58.0\tmg/L\t20261123100500\t00", R.NOT_JSON),
        (b"[" * 200_000, R.NOT_JSON),
        (json.dumps(message()).encode("utf-16"), R.NOT_JSON),
        (json.dumps(message()).replace("7f3a", "é").encode("latin-1"), R.NOT_JSON),
        (b"x" * 300_000, R.TOO_LARGE),
        (b"[]", R.WRONG_SHAPE),
        (b"null", R.WRONG_SHAPE),
        (b"NaN", R.WRONG_SHAPE),
        (message(v=...), R.WRONG_SHAPE),
        (message(v="1"), R.WRONG_SHAPE),
        (message(v=True), R.WRONG_SHAPE),
        (message(v=2), R.UNSUPPORTED_VERSION),
        (message(v=2, readings={"another": "shape"}), R.UNSUPPORTED_VERSION),
        (message(station="ANOTHER"), R.WRONG_STATION),
        (message(station=5), R.WRONG_SHAPE),
        (message(observed_at=...), R.BAD_INSTANT),
        (message(observed_at=None), R.BAD_INSTANT),
        (message(observed_at=1795403100), R.BAD_INSTANT),
        (message(observed_at="20261123100500"), R.BAD_INSTANT),
        (message(observed_at="2026-11-23T10:05:00"), R.BAD_INSTANT),
        (message(observed_at="2026-02-30T10:05:00Z"), R.BAD_INSTANT),
        (message(observed_at="0001-01-01T00:00:00+07:00"), R.BAD_INSTANT),
        (message(sent_at="yesterday"), R.BAD_INSTANT),
        (message(observed_at="2026-11-23T03:10:03Z"), R.INSTANT_IN_FUTURE),
        (message(observed_at="2026-11-23T10:05:00Z"), R.INSTANT_IN_FUTURE),  # local time sent as UTC
        (message(observed_at="9999-12-31T00:00:00Z"), R.INSTANT_IN_FUTURE),
        (message(observed_at="2026-09-23T03:05:01Z"), R.INSTANT_TOO_OLD),
        (message(observed_at="1970-01-01T00:00:00Z"), R.INSTANT_TOO_OLD),
        (message(readings=...), R.WRONG_SHAPE),
        (message(readings={}), R.WRONG_SHAPE),
        (message(readings=[]), R.WRONG_SHAPE),
        (message(readings=[{"parameter": f"P{i}", "value": 1} for i in range(101)]), R.WRONG_SHAPE),
        (message(seq=...), R.WRONG_SHAPE),
        (message(session=...), R.WRONG_SHAPE),
        (message(seq=-1), R.WRONG_SHAPE),
        (message(seq=1.5), R.WRONG_SHAPE),
        (message(seq=2**53), R.WRONG_SHAPE),
        (message(seq=True), R.WRONG_SHAPE),
        (message(session=""), R.WRONG_SHAPE),
        (message(session="a\x00"), R.WRONG_SHAPE),
        (message(session="x" * 101), R.WRONG_SHAPE),
    ],
)
def test_a_payload_refused_as_a_whole(body: object, reason: R) -> None:
    found = decoded(body)
    assert found.readings == ()
    (rejected,) = found.rejected
    assert (rejected.reason, rejected.parameter) == (reason, None)
    assert len(rejected.detail) > 20
    assert rejected.detail.isprintable()


def test_the_bounds_themselves_are_within() -> None:
    assert decoded(message(observed_at=(NOW + BOUNDS.future).isoformat())).rejected == ()
    assert decoded(message(observed_at=(NOW - BOUNDS.past).isoformat())).rejected == ()


def test_a_refused_message_is_not_a_missing_one() -> None:
    found = decoded(message(observed_at="2026-11-23T10:05:00Z"))
    assert (found.session, found.seq) == ("2026-11-23T08:00:00Z-7f3a", 1234)
    assert found.sent_at is not None


def test_a_byte_order_mark_is_ignored() -> None:
    assert decoded(b"\xef\xbb\xbf" + json.dumps(message()).encode()) == decoded(message())


def test_the_registry_of_formats() -> None:
    assert decoder_of(CONTENT_JSON) is decode
    assert decoder_of("text/plain") is None
    assert set(DECODERS) == {CONTENT_JSON}

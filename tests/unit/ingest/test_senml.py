"""SenML: the examples of RFC 8428, sections 5.1 and 6, and what the RFC asks a receiver to refuse."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import cbor2
import pytest

from ingest.payloads import Decoded, InstantBounds
from ingest.payloads.senml import decode_cbor, decode_json
from quantrac.domain.deadletters import RejectReason as R
from quantrac.domain.stations import Sensor, Station, StationKind

BT = 1276020076.001  # of the RFC's examples: 2010-06-08T18:01:16.001Z
NOW = datetime(2010, 6, 8, 18, 2, tzinfo=UTC)
SENSORS = (
    Sensor("voltage", "V"),
    Sensor("current", "A"),
    Sensor("Temp", "°C", aliases=("temperature", "urn:dev:ow:10e2073a01080063")),
    Sensor("pH", ""),
)
STATION = Station("S1", date(2010, 1, 1), "", "", StationKind.EFFLUENT, "", 105.0, 10.0, SENSORS)
MULTIPLE = """[
  {"bn":"urn:dev:ow:10e2073a0108006:","bt":1.276020076001e+09, "bu":"A","bver":5, "n":"voltage","u":"V","v":120.1},
  {"n":"current","t":-5,"v":1.2},
  {"n":"current","t":-4,"v":1.3},
  {"n":"current","t":-3,"v":1.4},
  {"n":"current","t":-2,"v":1.5},
  {"n":"current","t":-1,"v":1.6},
  {"n":"current","v":1.7}
]"""
MULTIPLE_CBOR = bytes.fromhex(
    "87a721781b75726e3a6465763a6f773a3130653230373361303130383030363a22fb41d303a15b00106223614120050067766f6c74616765"
    "01615602fb405e066666666666a3006763757272656e74062402fb3ff3333333333333a3006763757272656e74062302fb3ff4cccccccccc"
    "cda3006763757272656e74062202fb3ff6666666666666a3006763757272656e74062102f93e00a3006763757272656e74062002fb3ff999"
    "999999999aa3006763757272656e74060002fb3ffb333333333333"
)


def run(pack: str | list[Any], now: datetime = NOW) -> Decoded:
    text = pack if isinstance(pack, str) else json.dumps(pack)
    return decode_json(text.encode(), "S1", STATION, now, InstantBounds())


def run_cbor(payload: bytes, now: datetime = NOW) -> Decoded:
    return decode_cbor(payload, "S1", STATION, now, InstantBounds())


def test_single_datapoint() -> None:
    """RFC 8428, section 5.1.1: no time is now; the name is the device's."""
    (reading,) = run('[{"n":"urn:dev:ow:10e2073a01080063","u":"Cel","v":23.1}]').readings
    assert (reading.parameter, reading.value, reading.observed_at) == ("Temp", 23.1, NOW)


@pytest.mark.parametrize("found", [run(MULTIPLE), run_cbor(MULTIPLE_CBOR)], ids=["json", "cbor"])
def test_multiple_datapoints(found: Decoded) -> None:
    """RFC 8428, section 5.1.2, and the same pack in section 6."""
    at = datetime(2010, 6, 8, 18, 1, 16, 1000, tzinfo=UTC)
    assert found.rejected == ()
    expected = {("current", at - timedelta(seconds=5 - i), round(1.2 + 0.1 * i, 1)) for i in range(6)}
    assert {(r.parameter, r.observed_at, r.value) for r in found.readings} == expected | {("voltage", at, 120.1)}
    assert [r.observed_at for r in found.readings] == sorted(r.observed_at for r in found.readings)


def test_both_forms_give_the_same() -> None:
    assert run_cbor(MULTIPLE_CBOR) == run(MULTIPLE)


def test_base_value_and_relative_time() -> None:
    pack = [{"bn": "dev1/", "bv": 20, "n": "temperature", "u": "Cel", "v": 3.5, "t": -60}]
    (reading,) = run(pack).readings
    assert (reading.parameter, reading.value, reading.observed_at) == ("Temp", 23.5, NOW - timedelta(minutes=1))


def test_base_fields_in_a_record_of_their_own() -> None:
    assert [r.parameter for r in run([{"bn": "x:", "bt": BT}, {"n": "pH", "v": 7}]).readings] == ["pH"]


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ({"n": "current", "vs": "on"}, R.NOT_A_NUMBER),
        ({"n": "current", "vb": True}, R.NOT_A_NUMBER),
        ({"n": "current", "v": True}, R.NOT_A_NUMBER),
        ({"n": "current", "v": "1.2"}, R.NOT_A_NUMBER),
        ({"n": "current", "v": float("nan")}, R.NOT_A_NUMBER),
        ({"n": "current", "s": 3}, R.NOT_A_NUMBER),
        ({"n": "current"}, R.NOT_A_NUMBER),
        ({"n": 5, "v": 1}, R.WRONG_SHAPE),
        ({"n": "current", "v": 1, "t": "now"}, R.WRONG_SHAPE),
        ({"n": "current", "v": 1, "must_": 1}, R.WRONG_SHAPE),
        ({"n": "current", "v": 1, "t": 1e300}, R.BAD_INSTANT),
        ({"n": "current", "v": 1, "t": 1e9}, R.INSTANT_TOO_OLD),
        ({"n": "current", "v": 1, "t": 3600}, R.INSTANT_IN_FUTURE),
        ({"n": "power", "v": 1}, R.UNKNOWN_PARAMETER),
        ({"n": "current", "v": 1, "u": "Cel"}, R.UNIT_UNKNOWN),
        ({"n": "pH", "v": 8}, R.DUPLICATE_PARAMETER),
        ({"v": 1}, R.WRONG_SHAPE),
        ([], R.WRONG_SHAPE),
        ({}, R.WRONG_SHAPE),
    ],
)
def test_a_bad_record_is_refused_and_the_others_kept(record: Any, reason: R) -> None:
    found = run([{"n": "pH", "v": 7.2}, record])
    assert [(r.parameter, r.value) for r in found.readings] == [("pH", 7.2)]
    assert [r.reason for r in found.rejected] == [reason]


@pytest.mark.parametrize(
    "pack", ["[]", "{}", "7", '[{"bn":"x"}]', '[{"bver":11,"n":"pH","v":7}]', "[" * 5000, "nonsense"]
)
def test_a_pack_refused_as_a_whole(pack: str) -> None:
    found = run(pack)
    assert found.readings == ()
    assert [r.parameter for r in found.rejected] == [None]


@pytest.mark.parametrize(
    "value",
    [2**70000, Decimal("NaN"), Decimal("sNaN"), Decimal("1E+999999"), b"bytes", cbor2.undefined, [1], {"a": 1}],
    ids=lambda v: type(v).__name__,
)
def test_values_that_only_cbor_has(value: Any) -> None:
    found = run_cbor(cbor2.dumps([{0: "pH", 2: 7}, {0: "current", 2: value}, {0: "voltage", 6: value, 2: 1}]))
    assert [r.parameter for r in found.readings] == ["pH"]
    assert sum(r.readings for r in found.rejected) == 2
    assert all(r.detail.isprintable() for r in found.rejected)


def test_a_decimal_fraction_is_a_number() -> None:
    (reading,) = run_cbor(cbor2.dumps([{0: "pH", 2: Decimal("7.25")}])).readings
    assert reading.value == 7.25


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\xff",
        b"\x9b\xff\xff\xff\xff\xff\xff\xff\xff",  # an array of 2**64-1 members, of which none comes
        b"\x5b\x7f\xff\xff\xff\xff\xff\xff\xff",
        b"\x81" * 100_000,
        b"\xd8\x1c\x81\xd8\x1d\x00",  # a list that holds itself
        b"\xd8\x23\x6c(a+)+(a+)+$b",
    ],
)
def test_cbor_made_to_hurt(payload: bytes) -> None:
    found = run_cbor(payload)
    assert found.readings == ()
    assert len(found.rejected) == 1

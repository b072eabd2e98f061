"""The payload is checked against the contract's own example and the standard's rules, not against our decoder."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantrac.domain.readings import Status
from simulators.encoder import encode_birth, encode_readings, encode_will, stamp
from simulators.messages import Message, Sample

AT = datetime(2026, 11, 23, 3, 5, tzinfo=UTC)


def _message(*samples: Sample) -> Message:
    return Message("DT_KCNSADEC_NUOSXL", AT, AT, samples)


def test_payload_is_the_example_of_the_contract() -> None:
    payload = encode_readings(
        _message(Sample("COD", 58.0, "mg/L", Status.MEASURING)),
        sent_at=AT + timedelta(seconds=1, milliseconds=123),
        session="2026-11-23T08:00:00Z-7f3a",
        seq=1234,
    )
    assert json.loads(payload) == {
        "v": 1,
        "station": "DT_KCNSADEC_NUOSXL",
        "observed_at": "2026-11-23T10:05:00+07:00",
        "sent_at": "2026-11-23T10:05:01.123+07:00",
        "session": "2026-11-23T08:00:00Z-7f3a",
        "seq": 1234,
        "readings": [{"parameter": "COD", "value": 58.0, "unit": "mg/L", "status": "00"}],
    }


def test_missing_value_is_null_unit_may_be_left_out_and_text_is_utf8() -> None:
    payload = encode_readings(_message(Sample("Nhiệtđộ", None, None, Status.FAULT)), sent_at=AT, session="s", seq=0)
    assert "Nhiệtđộ".encode() in payload
    assert json.loads(payload)["readings"] == [{"parameter": "Nhiệtđộ", "value": None, "status": "02"}]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_value_that_json_has_no_number_for_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="COD"):
        encode_readings(_message(Sample("COD", value, "mg/L")), sent_at=AT, session="s", seq=0)


@given(
    st.integers(0, 4_000_000_000_000_000).map(lambda us: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=us))
)
def test_stamp_names_the_same_instant_to_the_millisecond(at: datetime) -> None:
    assert abs(datetime.fromisoformat(stamp(at)) - at) < timedelta(milliseconds=1)
    assert stamp(at).endswith("+07:00")


def test_naive_stamp_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        stamp(AT.replace(tzinfo=None))


def test_birth_and_will() -> None:
    assert json.loads(encode_birth(AT)) == {"state": "online", "at": "2026-11-23T10:05:00+07:00"}
    assert json.loads(encode_will()) == {"state": "offline"}

"""Every payload format, found by itself, and the JSON format held against its published schema."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.fuzz import fuzz
from bench.oddfiles import odd_files
from bench.seeds import SEEDS
from ingest.payloads import DECODERS, Decoded, Decoder, InstantBounds
from ingest.payloads.json_v1_salvage import salvage
from quantrac.domain.readings import Status
from quantrac.domain.stations import Sensor
from quantrac.topics import CONTENT_JSON
from tests.factories import station

SCHEMA = json.loads((Path(__file__).parents[2] / "docs/schema/readings-1.schema.json").read_text("utf-8"))
JUDGE = jsonschema.Draft202012Validator(SCHEMA)
NOW = datetime(2026, 11, 23, 3, 5, tzinfo=UTC)
BOUNDS = InstantBounds()
PARAMETERS = ("COD", "pH", "TSS", "NH4", "Temp", "Flow")
STATION = station("S1", [Sensor(p, "") for p in PARAMETERS])


def encode(readings: dict[str, tuple[float | None, str]], observed_at: datetime, **more: Any) -> dict[str, Any]:
    """An encoder of the tests' own, written from the schema."""
    entries = [{"parameter": p, "value": value, "status": status} for p, (value, status) in readings.items()]
    return {"v": 1, "observed_at": observed_at.isoformat(), "readings": entries, **more}


instants = st.datetimes(
    datetime(2026, 10, 1),  # noqa: DTZ001 - hypothesis wants its bounds naive
    datetime(2026, 11, 22, 12),  # noqa: DTZ001 - not after NOW, fourteen hours west of Greenwich either
    timezones=st.integers(-14, 14).map(lambda h: timezone(timedelta(hours=h))),
)
number = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**60), 2**60).map(float)
sound_readings = st.dictionaries(
    st.sampled_from(PARAMETERS), st.tuples(st.none() | number, st.sampled_from(["00", "01", "02"])), min_size=1
)
numbering = st.none() | st.tuples(
    st.text(st.characters(categories=("L", "N", "P", "S")), min_size=1, max_size=100), st.integers(0, 2**53 - 1)
)


def run(payload: bytes, decoder: Decoder = DECODERS[CONTENT_JSON]) -> Decoded:
    return decoder(payload, "S1", STATION, NOW, BOUNDS)


@given(sound_readings, instants, numbering, st.booleans())
def test_decoding_what_was_encoded_gives_it_back(readings, observed_at, numbered, ascii_only: bool) -> None:
    more = {} if numbered is None else {"session": numbered[0], "seq": numbered[1]}
    body = encode(readings, observed_at, **more)
    JUDGE.validate(body)
    found = run(json.dumps(body, ensure_ascii=ascii_only).encode())
    assert found.rejected == ()
    assert {r.parameter: (r.value, r.status.value) for r in found.readings} == readings
    assert {r.observed_at for r in found.readings} == {found.observed_at} == {observed_at.astimezone(UTC)}
    assert (found.session, found.seq) == (numbered or (None, None))
    assert all(r.status in Status and r.received_at == NOW and r.station == "S1" for r in found.readings)


@given(sound_readings, instants, numbering)
def test_the_slow_way_gives_the_same_for_a_sound_message(readings, observed_at, numbered) -> None:
    more = {} if numbered is None else {"session": numbered[0], "seq": numbered[1], "sent_at": observed_at.isoformat()}
    payload = json.dumps(encode(readings, observed_at, **more)).encode()
    assert salvage(payload, "S1", STATION, NOW, BOUNDS) == run(payload)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
almost_reading = st.fixed_dictionaries(
    {},
    optional={
        "parameter": st.sampled_from([*PARAMETERS, "cod", "X"]) | anything,
        "value": number | anything,
        "unit": st.sampled_from(["", "mg/L"]) | anything,
        "status": st.sampled_from(["00", "9"]) | anything,
    },
)
almost_message = st.fixed_dictionaries(
    {},
    optional={
        "v": st.just(1) | anything,
        "observed_at": instants.map(datetime.isoformat) | anything,
        "readings": st.lists(almost_reading | anything, max_size=5) | anything,
        "station": st.just("S1") | anything,
        "sent_at": instants.map(datetime.isoformat) | anything,
        "session": st.text(max_size=5) | anything,
        "seq": st.integers(-3, 10) | anything,
    },
)


@pytest.mark.parametrize("content_type", DECODERS)
@given(payload=st.binary(max_size=300) | (anything | almost_message).map(lambda body: json.dumps(body).encode()))
def test_no_payload_raises_and_each_leaves_a_trace(content_type: str, payload: bytes) -> None:
    found = run(payload, DECODERS[content_type])
    assert found.readings or found.rejected
    for rejected in found.rejected:
        assert rejected.detail
        assert "\x00" not in rejected.detail + (rejected.parameter or "")
        (rejected.detail + (rejected.parameter or "")).encode()


def test_mutated_files_of_every_format_leave_a_trace_and_raise_nothing() -> None:
    assert set(SEEDS) == set(DECODERS), "a new format needs seeds in bench/seeds.py"
    assert list(fuzz(6000, seed=1, slowest_s=2.0, slowest={})) == []


def test_odd_files_that_change_while_they_are_read_are_read_refused_or_left() -> None:
    outcomes: Counter[str] = Counter()
    assert list(odd_files(2000, 1, outcomes)) == []
    assert outcomes["read"] > 50
    refused = {reason for reason in outcomes if reason.startswith("refused: ")}
    expected = ("not_a_regular_file", "too_large", "bad_file_name", "unknown_station", "wrong_station")
    assert refused <= {f"refused: {reason}" for reason in expected}
    assert refused >= {f"refused: {reason}" for reason in expected[:4]}


@given(almost_message)
def test_the_published_schema_and_the_decoder_agree(body: dict[str, Any]) -> None:
    """jsonschema, an independent judge, finds the fault that the decoder finds, and none where it finds none."""
    payload = json.dumps(body).encode()
    found = run(payload)
    faults = list(JUDGE.iter_errors(json.loads(payload)))
    whole = [f for f in faults if "readings" not in list(f.absolute_path)[:1] or len(f.absolute_path) == 1]
    refused_whole = any(r.parameter is None for r in found.rejected)
    if whole and body.get("session", ...) is not None and body.get("seq", ...) is not None:
        # (The decoder takes null for an absent session and seq, the schema does not.)
        assert refused_whole
    if not faults:
        # Beyond the schema: what only the registry, the topic and our clock can tell.
        beyond = {"unknown_parameter", "unit_unknown", "duplicate_parameter", "wrong_station", "not_a_number"}
        beyond |= {"bad_instant", "instant_in_future", "instant_too_old"}
        assert {r.reason.value for r in found.rejected} <= beyond


def test_the_schema_is_a_schema_and_its_examples_are_valid() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    for example in SCHEMA["examples"]:
        JUDGE.validate(example)

"""Flat JSON and CSV by a station's mapping."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from ingest.payloads import Decoded, InstantBounds, content_type_of
from ingest.payloads.flat import decode_csv, decode_json
from quantrac import topics
from quantrac.domain.deadletters import RejectReason as R
from quantrac.domain.loggers import MessageFormat
from quantrac.domain.readings import Status
from quantrac.domain.stations import Station
from quantrac.errors import RuleError
from quantrac.registry import parse_registry

NOW = datetime(2026, 11, 23, 3, 6, tzinfo=UTC)
AT = datetime(2026, 11, 23, 3, 5, tzinfo=UTC)
STATION = """
[[station]]
code = "DT_A"
effective_from = 2026-01-01
name_vi = "a"
name_en = "a"
kind = "effluent"
operator = "a"
longitude = 105.75
latitude = 10.29
[station.logger]
{logger}
[[station.sensor]]
parameter = "COD"
unit = "mg/L"
aliases = ["cod_mgl"]
[[station.sensor]]
parameter = "pH"
unit = ""
"""


def station(logger: str) -> Station:
    return parse_registry(STATION.replace("{logger}", logger), "test").stations[0]


MAPPED = 'mapping = { time = "ts", status = "st", ignore = ["battery", "device"] }'


def run_json(text: str, logger: str = MAPPED) -> Decoded:
    return decode_json(text.encode(), "DT_A", station(logger), NOW, InstantBounds())


def run_csv(text: str, logger: str = MAPPED) -> Decoded:
    return decode_csv(text.encode(), "DT_A", station(logger), NOW, InstantBounds())


def rows(found: Decoded) -> list[tuple[str, float | None, Status]]:
    assert {r.observed_at for r in found.readings} == {AT}
    return [(r.parameter, r.value, r.status) for r in found.readings]


@pytest.mark.parametrize(
    ("text", "logger"),
    [
        (
            '{"ts":"2026-11-23T10:05:00+07:00","cod_mgl":58,"pH":7.2,"battery":12.1}',
            'mapping={time="ts",ignore=["battery"]}',
        ),
        ('[{"ts":"2026-11-23T10:05:00","COD":58.0,"pH":"7.2"}]', 'mapping={time="ts"}'),
        ('{"ts":1795403100,"COD":58}\n{"ts":1795403100,"pH":7.2}', 'mapping={time="ts",time_format="unix"}'),
        ('{"ts":1795403100000,"COD":58,"pH":7.2}', 'mapping={time="ts",time_format="unix_ms"}'),
        (
            '{"ts":"23/11/2026 10:05","COD":58,"pH":"7,2"}',
            'decimal_comma=true\nmapping={time="ts",time_format="%d/%m/%Y %H:%M"}',
        ),
    ],
)
def test_flat_json(text: str, logger: str) -> None:
    assert rows(run_json(text, logger)) == [("COD", 58.0, Status.MEASURING), ("pH", 7.2, Status.MEASURING)]


@pytest.mark.parametrize(
    ("text", "logger"),
    [
        ("ts,COD,pH\r\n2026-11-23T10:05:00+07:00,58,7.2\r\n", 'mapping={time="ts"}'),
        (
            "20261123100500;58,0;7,2",
            'separator="semicolon"\ndecimal_comma=true\nmapping={time="t",time_format="%Y%m%d%H%M%S",columns=["t","COD","pH"]}',
        ),
        ('\ufeff"ts","COD","pH"\n"2026-11-23T10:05:00+07:00","58",7.2', 'mapping={time="ts"}'),
    ],
)
def test_csv(text: str, logger: str) -> None:
    assert rows(run_csv(text, logger)) == [("COD", 58.0, Status.MEASURING), ("pH", 7.2, Status.MEASURING)]


def test_status_and_empty_values() -> None:
    found = run_json('{"ts":"2026-11-23T10:05:00","st":"1","COD":null,"pH":""}')
    assert rows(found) == [("COD", None, Status.CALIBRATING), ("pH", None, Status.CALIBRATING)]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"ts":"2026-11-23T10:05:00","COD":NaN}', R.NOT_A_NUMBER),
        ('{"ts":"2026-11-23T10:05:00","COD":true}', R.NOT_A_NUMBER),
        ('{"ts":"2026-11-23T10:05:00","COD":[1]}', R.NOT_A_NUMBER),
        ('{"ts":"2026-11-23T10:05:00","COD":1' + "0" * 4000 + "}", R.NOT_A_NUMBER),
        ('{"ts":"2026-11-23T10:05:00","door":1}', R.UNKNOWN_PARAMETER),
        ('{"ts":"yesterday","COD":1}', R.BAD_INSTANT),
        ('{"COD":1}', R.BAD_INSTANT),
        ('{"ts":"2036-11-23T10:05:00","COD":1}', R.INSTANT_IN_FUTURE),
        ('{"ts":"2026-11-23T10:05:00"}', R.WRONG_SHAPE),
        ("[]", R.WRONG_SHAPE),
        ("5", R.WRONG_SHAPE),
        ("{", R.NOT_JSON),
    ],
)
def test_what_is_refused(text: str, reason: R) -> None:
    found = run_json(text)
    assert found.readings == ()
    assert [r.reason for r in found.rejected] == [reason]


def test_a_csv_line_with_other_columns_is_refused_alone() -> None:
    found = run_csv("ts,COD\n2026-11-23T10:05:00,58\n2026-11-23T10:00:00\n")
    assert [r.value for r in found.readings] == [58.0]
    assert [r.reason for r in found.rejected] == [R.WRONG_SHAPE]


def test_without_a_mapping_the_fields_mean_nothing() -> None:
    found = run_json('{"ts":"2026-11-23T10:05:00","COD":1}', "decimal_comma = false")
    assert [r.reason for r in found.rejected] == [R.NO_MAPPING]


def test_the_registered_format_is_that_of_mqtt_messages_alone() -> None:
    assert content_type_of(topics.CONTENT_JSON, None) == topics.CONTENT_JSON
    assert content_type_of(topics.CONTENT_JSON, MessageFormat.SENML_CBOR) == topics.CONTENT_SENML_CBOR
    assert content_type_of(topics.CONTENT_TT10, MessageFormat.SENML_CBOR) == topics.CONTENT_TT10


@pytest.mark.parametrize(
    ("logger", "told"),
    [
        ('separator = "pipe"', "separator"),
        ("seperator = 'tab'", "did you mean 'separator'"),
        ('separator = "comma"\ndecimal_comma = true', "cannot be both"),
        ('zero_is_missing = ["BOD"]', "not a parameter of this station"),
        ('message_format = "csv"', "needs a table"),
        ('mapping = { time = "ts", columns = ["a"] }', "not among columns"),
        ('mapping = { time = "ts", status = "ts" }', "is the time already"),
        ('mapping = { time = "ts", ignore = ["ts"] }', "without time"),
        ('mapping = { status = "st" }', "time: is missing"),
    ],
)
def test_mistakes_in_the_table(logger: str, told: str) -> None:
    with pytest.raises(RuleError, match=told):
        station(logger)


def test_settings_survive_the_database_form() -> None:
    import msgspec

    from quantrac.domain.loggers import LoggerSettings

    settings: Any = station('separator="semicolon"\nzero_is_missing=["COD"]\n' + MAPPED).logger
    assert msgspec.convert(msgspec.to_builtins(settings), LoggerSettings) == settings

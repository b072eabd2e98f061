"""Kept seeds of the fuzzing: files and messages as loggers write them, or known to hurt decoders; and their changes."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime

import cbor2

from quantrac import topics
from quantrac.domain.channels import Channel, ChannelKind
from quantrac.domain.loggers import LoggerSettings, PayloadMapping
from quantrac.domain.stations import Sensor, Station, StationKind

NOW = datetime(2026, 11, 23, 3, 6, tzinfo=UTC)
STATION = Station(
    "S1", date(2026, 1, 1), "", "", StationKind.EFFLUENT, "", 105.0, 10.0,
    (Sensor("COD", "mg/L"), Sensor("pH", ""), Sensor("Temp", "°C", aliases=("Nhiệtđộ",))),
    old_codes=("OLD",), logger=LoggerSettings(mapping=PayloadMapping("ts", ignore=("battery",))),
    channels=(Channel("Door", ChannelKind.DOOR, aliases=("Cửa",), states=((0.0, "đóng"),)),),
)  # fmt: skip
ODD_STATION = replace(STATION, logger=replace(STATION.logger, decimal_comma=True, zero_is_missing=("COD",)))
"""The same with a logger that writes decimal commas, and 0.00 for nothing."""
_STAMP = "20261123100500"
_TT10 = f"COD\t58.0\tmg/L\t{_STAMP}\t00\r\npH\t7.21\t\t{_STAMP}\t01\r\nNhiệtđộ\t\toC\t{_STAMP}\t02\r\n"
_QUIRKS = (
    f"ký hiệu\tgiá trị\tđơn vị\tthời gian\ttrạng thái\n\ufeffCOD\t0,00\tmg/l\t{_STAMP}\t03\t\r\n"
    f"pH\tERR\t\t{_STAMP}\t02\nCửa\t1\t\t{_STAMP}\t00\nCOD\t1.5\tmg/L\t20261123100000\t00"
)
_SENML = [
    {"bn": "d:", "bt": 1795403100, "n": "COD", "u": "mg/L", "v": 58},
    {"n": "pH", "v": 7.2},
    {"n": "Temp", "t": -60, "v": 3},
    {"n": "Door", "v": 1},
]
_CBOR = [{-2: "d:", -3: 1795403100, 0: "COD", 2: 58}, {0: "pH", 2: 7.2, 6: -60.5}, {0: "Temp", 4: True}]
_FLAT = {"ts": "2026-11-23T10:05:00+07:00", "COD": 58.0, "pH": "7.2", "Door": 1, "battery": 12}
_V1 = {
    "v": 1,
    "observed_at": "2026-11-23T10:05:00+07:00",
    "readings": [{"parameter": "COD", "value": 58.0, "status": "00"}],
}

SEEDS: Mapping[str, tuple[bytes, ...]] = {
    topics.CONTENT_TT10: (
        _TT10.encode(),
        _TT10.replace("\t", ";").encode(),
        _TT10.replace("\r\n", "\n").rstrip().encode("utf-16"),
        _TT10.encode("utf-8-sig") * 3,
        _TT10.replace("\t", ",").encode("cp1258", "replace"),
        _QUIRKS.encode(),
    ),
    topics.CONTENT_SENML_JSON: (json.dumps(_SENML).encode(), b'[{"n":"COD","v":1e999}]'),
    topics.CONTENT_SENML_CBOR: (
        cbor2.dumps(_CBOR),
        bytes.fromhex("81a2006370483602c4820a19"),
        b"\xd8\x1c\x81\xd8\x1d\x00",
    ),
    topics.CONTENT_FLAT_JSON: (json.dumps(_FLAT).encode(), json.dumps([_FLAT, _FLAT]).encode()),
    topics.CONTENT_CSV: (b'ts,COD,pH\r\n2026-11-23T10:05:00,58,"7.2"\r\n', b"ts,COD\n2026-11-23T10:05:00+07:00,\n"),
    topics.CONTENT_JSON: (json.dumps(_V1).encode(),),
}
_TEXTS = (
    "\t",
    "\n",
    "\r\n",
    "\0",
    ",",
    ";",
    '"',
    "{",
    "[",
    "]}",
    "-",
    "e308",
    "NaN",
    "1_0",
    "null",
    "true",
    "\\ud800",
    "ệ",
    "\u0301",
)
_BYTES = ("ff", "efbbbf", "eda080", "f09f92a7", "9bffffffffffffffff", "c249ffffffffffffffffff", "fb7ff8000000000000")
_TOKENS = (
    *(text.encode() for text in _TEXTS),
    *(bytes.fromhex(text) for text in _BYTES),
    *(b"9" * 40, b"00010101000000", b"99991231235959", _STAMP.encode()),
)


def mutated(choose: random.Random, seeds: tuple[bytes, ...]) -> bytes:
    """Return a seed with one to six changes."""
    text = bytearray(choose.choice(seeds))
    for _ in range(choose.randint(1, 6)):
        at = choose.randint(0, len(text))
        kind = choose.randrange(6)
        if kind == 0:
            text[at:at] = choose.choice(_TOKENS)
        elif kind == 1:
            del text[at : at + choose.randint(1, 20)]
        elif kind == 2 and at < len(text):
            text[at] = choose.randrange(256)
        elif kind == 3:
            text[at:] = choose.choice(seeds)[choose.randint(0, 40) :]
        elif kind == 4:
            text[at:at] = text[at : at + choose.randint(1, 60)] * choose.randint(1, 8)
        else:
            text[at : at + 4] = choose.choice(_TOKENS)
    return bytes(text)

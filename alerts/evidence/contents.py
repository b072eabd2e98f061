"""What stands in a sealed file: one member a table, in forms that need no program of ours. Pure."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from alerts.evidence.summary import summary
from quantrac.domain.evidence import EvidenceFacts, RawBytes, Row
from quantrac.domain.stations import VIETNAM
from quantrac.masking import masked

READINGS, REVISIONS, RAW = "readings.csv", "revisions.csv", "raw.jsonl"
CROSS_CHECKED = frozenset({READINGS, RAW})
_LINK = re.compile(r"(/(?:ack|login)/)[A-Za-z0-9_-]{20,}")
_TABLES = (
    "stations", "alerts", "transitions", "history", "limits", "rules", "models", "notifications", "audit",
)  # fmt: skip


def members(facts: EvidenceFacts) -> dict[str, bytes]:
    """Return the members of an incident's file by name."""
    hashes = {(raw.partition, raw.offset): hashlib.sha256(raw.payload).hexdigest() for raw in facts.raw}
    found = {
        "summary.html": summary(facts).encode(),
        "incident.json": _json(facts.incident),
        READINGS: _csv([{**row, "kafka_sha256": hashes.get(_place(row), "")} for row in facts.readings]),
        REVISIONS: _csv(facts.revisions),
        RAW: b"".join(_raw_line(raw) for raw in sorted(facts.raw, key=lambda r: (r.partition, r.offset))),
        "read-me.txt": _READ_ME.encode(),
    }
    found |= {f"{name}.json": _json(_without_addresses(name, getattr(facts, name))) for name in _TABLES}
    found |= {f"files/{file.id}-{_safe(file.name)}": file.content for file in facts.files}
    return found


def contradiction(kept: Mapping[str, bytes]) -> str | None:
    """Return the first contradiction between readings and raw bytes of a file; ``None`` when they agree."""
    hashes: dict[tuple[int, int], str] = {}
    for number, line in enumerate(kept.get(RAW, b"").splitlines(), 1):
        try:
            record = json.loads(line)
            place = (int(record["partition"]), int(record["offset"]))
            found = hashlib.sha256(base64.b64decode(record["payload"], validate=True)).hexdigest()
        except (ValueError, KeyError, TypeError, RecursionError):
            return f"{RAW}, line {number}, is no record"
        if found != record.get("sha256"):
            return f"{RAW}, line {number}: the bytes do not have the SHA-256 that stands beside them"
        hashes[place] = found
    for number, row in enumerate(csv.DictReader(io.StringIO(kept.get(READINGS, b"").decode("utf-8-sig"))), 2):
        told, place = row.get("kafka_sha256"), _place(row)
        if told and hashes.get(place) != told:
            return f"{READINGS}, line {number}: {RAW} has other bytes at partition {place[0]}, offset {place[1]}"
    return None


def _place(row: Mapping[str, Any]) -> tuple[int, int]:
    return int(row["raw_partition"]), int(row["raw_offset"])


def _raw_line(raw: RawBytes) -> bytes:
    document = {
        "partition": raw.partition,
        "offset": raw.offset,
        "received_at": _plain(raw.received_at),
        "content_type": raw.content_type,
        "mqtt_topic": raw.mqtt_topic,
        "sha256": hashlib.sha256(raw.payload).hexdigest(),
        "payload": base64.b64encode(raw.payload).decode(),
    }
    return (json.dumps(document, ensure_ascii=False) + "\n").encode()


def _without_addresses(name: str, rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Return rows as they may leave the house: of notifications and the audit without addresses and links."""
    if name not in {"notifications", "audit", "history"}:
        return [dict(row) for row in rows]
    return [{key: _hidden(key, value) for key, value in row.items()} for row in rows]


def _hidden(key: str, value: Any) -> Any:
    if key == "recipient":
        return "***"
    # An entry of the audit is what its hash says: it is left as it is, and holds no address.
    return value if not isinstance(value, str) or key == "entry" else _LINK.sub(r"\1***", masked(value))


def _json(rows: Any) -> bytes:
    return (json.dumps(rows, default=_plain, ensure_ascii=False, indent=1, allow_nan=False) + "\n").encode()


def _csv(rows: Sequence[Row]) -> bytes:
    """Return rows as CSV (RFC 4180) with a byte order mark: office programs then read Vietnamese."""
    buffer = io.StringIO()
    if rows:
        writer = csv.writer(buffer)
        writer.writerow(rows[0])
        writer.writerows([_cell(value) for value in row.values()] for row in rows)
    return buffer.getvalue().encode("utf-8-sig")


def _cell(value: Any) -> str:
    """Return a cell; no text of it can be taken for a formula."""
    if isinstance(value, list | tuple):
        value = " ".join(map(str, value))
    text = "" if value is None else str(_plain(value) if isinstance(value, datetime | date) else value)
    return f"'{text}" if isinstance(value, str) and text[:1] in "=+-@\t\r" and text else text


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.astimezone(VIETNAM).isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    return value.hex() if isinstance(value, bytes | memoryview) else str(value)


def _safe(name: str) -> str:
    """Return a file's name in the letters that members have.

    >>> _safe("../Ảnh cống.JPG")
    'nh-c-ng.jpg'
    """
    found = re.sub(r"[^a-z0-9.]+", "-", name.lower()).strip("-.")
    return found[-60:].strip("-.") or "file"


def stations_of(rows: Iterable[Row]) -> list[str]:
    """Return the stations of some rows, each once."""
    return list(dict.fromkeys(str(row["station"]) for row in rows))


_READ_ME = """Hồ sơ bằng chứng của một sự cố, do quantrac lập và ký.
Mở summary.html bằng trình duyệt. Kiểm tra tệp: quantrac evidence verify TỆP (không cần mạng).

Evidence of one incident, made and sealed by quantrac.
  summary.html        what happened, with the curve
  incident.json       the incident as it stood; history.json: who did what, what was decided and why
  readings.csv        readings, flags, and the SHA-256 of the Kafka record of each; revisions.csv: what they were
  raw.jsonl           the very bytes that the stations sent (base64), their place in the raw log, their SHA-256
  alerts, transitions, limits, rules, models, stations, notifications (addresses masked), audit: tables as JSON
  files/              what officers attached
  manifest.json       every member with its SHA-256; manifest.sig: ed25519 signature (base64) of that file's bytes
Instants are Vietnam's time with its offset. Flags are QARTOD's: 1 good, 2 not evaluated, 3 suspect, 4 bad, 9 missing.

Without quantrac: check the signature of manifest.json with the public key that the authority has published, for example
  base64 -d manifest.sig > sig.bin
  openssl pkeyutl -verify -pubin -inkey public.pem -rawin -in manifest.json -sigfile sig.bin
and compare `sha256sum` of every member with manifest.json.
"""

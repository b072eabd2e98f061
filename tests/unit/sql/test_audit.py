from __future__ import annotations

import hashlib
import json
from dataclasses import replace

import pytest

from sql.audit_store import AuditRow, Head, verify


def _chain(length: int) -> list[AuditRow]:
    rows, before = [], b""
    for number in range(1, length + 1):
        entry = json.dumps({"id": number, "actor": "quantrac_desk", "detail": "đã xử lý"}, ensure_ascii=False)
        before = hashlib.sha256(before + entry.encode()).digest()
        rows.append(AuditRow(number, entry, before))
    return rows


def _rehashed(rows: list[AuditRow]) -> list[AuditRow]:
    """What somebody would do who knows how the hashes are made."""
    made, before = [], b""
    for row in rows:
        before = hashlib.sha256(before + row.entry.encode()).digest()
        made.append(replace(row, hash=before))
    return made


CHAIN = _chain(6)
HEAD = Head(6, CHAIN[-1].hash.hex())
CHANGED = [*CHAIN[:2], replace(CHAIN[2], entry=CHAIN[2].entry.replace("desk", "owner")), *CHAIN[3:]]


@pytest.mark.parametrize("length", [0, 1, 6])
def test_an_honest_chain_is_whole(length: int) -> None:
    rows = CHAIN[:length]
    verdict = verify(rows)
    assert verdict.broken_at is None
    assert verdict.head == Head(length, rows[-1].hash.hex() if rows else "")


@pytest.mark.parametrize("number", range(7))
def test_an_exported_head_lies_in_the_chain_that_grew_since(number: int) -> None:
    kept = Head(number, CHAIN[number - 1].hash.hex() if number else "")
    assert verify(CHAIN, kept).broken_at is None


@pytest.mark.parametrize(
    ("rows", "kept", "broken_at", "why"),
    [
        (CHANGED, None, 3, "not what its hash says"),
        ([*CHAIN[:2], *CHAIN[3:]], None, 3, "missing: the next one has the number 4"),
        (CHAIN[1:], None, 1, "missing"),
        ([CHAIN[0], CHAIN[2], CHAIN[1]], None, 2, "missing"),
        (_rehashed([CHAIN[0], replace(CHAIN[2], id=2)]), None, 2, "says of itself that it is number 3"),
        (_rehashed([replace(CHAIN[0], entry="no JSON")]), None, 1, "number None"),
        # A chain written anew, or cut off at its end, is whole in itself: only a head kept elsewhere tells.
        (_rehashed(CHANGED), HEAD, 6, "not the one that was exported"),
        (CHAIN[:5], HEAD, 6, "ends before the exported entry 6"),
        ([], HEAD, 1, "ends before the exported entry 6"),
    ],
)
def test_a_broken_chain_is_told_with_its_place(
    rows: list[AuditRow], kept: Head | None, broken_at: int, why: str
) -> None:
    verdict = verify(rows, kept)
    assert verdict.broken_at == broken_at
    assert why in verdict.why
    if kept is HEAD and rows:
        assert verify(rows).broken_at is None, "without the exported head nothing shows"

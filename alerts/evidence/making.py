"""From what is known of an incident to its sealed file, the same for the command and for the page. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from alerts.evidence.contents import members
from alerts.evidence.keys import public_text
from alerts.evidence.seal import seal
from quantrac.domain.evidence import EvidenceFacts, RawBytes

MADE = "evidence made"
"""What the audit calls it."""
RawOf = Callable[[EvidenceFacts], Sequence[RawBytes]]
"""Fetches the bytes of the readings' records; raises ``BrokerError``."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """A sealed file and what stands in it."""

    name: str
    content: bytes
    facts: EvidenceFacts
    public_key: str

    @property
    def sha256(self) -> str:
        """Of the whole file."""
        return hashlib.sha256(self.content).hexdigest()

    def audit_detail(self, by: str) -> dict[str, Any]:
        """Return what the audit keeps of it."""
        return {"officer": by, "file": self.name, "size": len(self.content), "sha256": self.sha256}


def name_of(incident_id: int) -> str:
    """Return the name of an incident's file.

    >>> name_of(17)
    'su-co-17.zip'
    """
    return f"su-co-{incident_id}.zip"


def make(facts: EvidenceFacts, raw_of: RawOf | None, key: Ed25519PrivateKey, by: str, now: datetime) -> Evidence:
    """Return the sealed file of what is known; ``raw_of`` is ``None`` when it is to be without original bytes."""
    if raw_of is not None:
        facts = replace(facts, raw=raw_of(facts))
    number = int(facts.incident["id"])
    records = {(r["raw_partition"], r["raw_offset"]) for r in facts.readings}
    about = {
        "incident": number,
        "made_at": now.isoformat(timespec="seconds"),
        "made_by": by,
        "raw_log": list(facts.raw_log),
        "raw_records": len(facts.raw),
        "raw_records_missing": len(records) - len({(r.partition, r.offset) for r in facts.raw} & records),
        "readings": len(facts.readings),
    }
    return Evidence(name_of(number), seal(members(facts), about, key), facts, public_text(key.public_key()))

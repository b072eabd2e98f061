"""Evidence of one incident: everything that was known of it, as rows, before it becomes a sealed file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RawBytes:
    """One record of Kafka: the bytes that a station has sent, and where they stand in the raw log."""

    partition: int
    offset: int
    received_at: datetime
    content_type: str
    mqtt_topic: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class KeptFile:
    """A file that officers have attached."""

    id: int
    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class EvidenceFacts:
    """What the database holds of an incident, each table oldest first."""

    incident: Row
    stations: Sequence[Row] = ()
    """Descriptions in force, without contacts."""
    alerts: Sequence[Row] = ()
    transitions: Sequence[Row] = ()
    history: Sequence[Row] = ()
    readings: Sequence[Row] = ()
    revisions: Sequence[Row] = ()
    limits: Sequence[Row] = ()
    rules: Sequence[Row] = ()
    models: Sequence[Row] = ()
    notifications: Sequence[Row] = ()
    audit: Sequence[Row] = ()
    files: Sequence[KeptFile] = ()
    raw_log: Sequence[str] = ()
    """Identity of the raw topic: ``topic@cluster id/topic id``."""
    raw: Sequence[RawBytes] = field(default=(), repr=False)
    """Of the readings' records, as far as Kafka still has them."""

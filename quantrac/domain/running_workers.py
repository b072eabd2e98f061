"""Workers that run, and what each can read of stations and rules."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class RunningWorker:
    """A worker that was seen lately; ``reads`` are words such as ``rule kind anomaly``."""

    version: str
    started_at: datetime
    reads: frozenset[str]

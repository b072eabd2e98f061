"""What this version can read of stations and rules, and what an import needs to be read. Pure.

Workers write what they read into the database: an import that a running one cannot read would end its judging.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, fields
from typing import Any

from alerts.rules import RULE_KEYS, STEP_KEYS, Trigger
from quantrac.domain.alerts import AlertKind, Severity
from quantrac.domain.limits import Window
from quantrac.domain.loggers import LoggerSettings, MessageFormat
from quantrac.domain.running_workers import RunningWorker
from quantrac.domain.stations import PermitLimit, QcThresholds, Registry, StationKind
from quantrac.domain.words import as_text

_ENUMS = {"kind": AlertKind, "window": Window, "trigger": Trigger}


def readable() -> frozenset[str]:
    """Return what this version reads, as words such as ``rule kind anomaly``."""
    found = {f"rule key {key}" for key in RULE_KEYS} | {f"rule step key {key}" for key in STEP_KEYS}
    found |= {f"rule {name} {member.value}" for name, enum in _ENUMS.items() for member in enum}
    found |= {f"rule severity {severity.value}" for severity in Severity}
    found |= {f"station kind {kind.value}" for kind in StationKind}
    found |= {f"message format {known.value}" for known in MessageFormat}
    for name, described in (("qc", QcThresholds), ("permit_limit", PermitLimit), ("logger", LoggerSettings)):
        found |= {f"{name} key {field.name}" for field in fields(described)}
    return frozenset(found)


def rules_need(documents: Iterable[Mapping[str, Any]]) -> frozenset[str]:
    """Return what must be read of rules, as the database will hold them."""
    return frozenset(word for document in documents for word in _rule_needs(document))


def stations_need(registry: Registry) -> frozenset[str]:
    """Return what must be read of stations, as the database will hold them."""
    found: set[str] = set()
    for station in registry.stations:
        found.add(f"station kind {station.kind.value}")
        found |= {f"permit_limit key {key}" for limit in station.permit_limits for key in asdict(limit)}
        found |= {f"qc key {key}" for sensor in station.sensors for key in asdict(sensor.qc)}
        found |= {f"logger key {field.name}" for field in fields(station.logger)}
        if station.logger.message_format is not None:
            found.add(f"message format {station.logger.message_format.value}")
    return frozenset(found)


def unreadable(needs: frozenset[str], workers: Iterable[RunningWorker]) -> list[str]:
    """Return a sentence for each running worker that cannot read all of it."""
    return [
        f"A worker of version {worker.version}, running since {as_text(worker.started_at)}, cannot read "
        f"{', '.join(sorted(needs - worker.reads))}: it would stop judging. Update and restart it, then import again."
        for worker in workers
        if not needs <= worker.reads
    ]


def _rule_needs(document: Mapping[str, Any]) -> Iterator[str]:
    for key, value in document.items():
        yield f"rule key {key}"
        if key in _ENUMS:
            yield f"rule {key} {value}"
        if key == "step":
            for step in value:
                yield from (f"rule step key {name}" for name in step)
                yield f"rule severity {step.get('severity')}"

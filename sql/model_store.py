"""What scores each station, and how a candidate does beside the active artefact."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import psycopg

from sql.statements import statement
from sql.storable import storable


@dataclass(frozen=True, slots=True)
class StationModelLine:
    """What scores a station. ``artefact`` is ``None`` where nothing was learnt elsewhere."""

    station: str
    model_version: str
    artefact: str | None
    shadow: str | None
    problem: str | None
    """Why a model or an artefact is not used."""

    @property
    def noted(self) -> tuple[str | None, ...]:
        """What changes of it are written for."""
        return (self.model_version, self.artefact, self.shadow, self.problem)


class Counts(Protocol):
    """A candidate beside the active model; ``models.station.pipeline_memory`` gives an object of this shape."""

    rows: int
    alarms_active: int
    alarms_shadow: int
    pages_active: int
    pages_shadow: int
    rows_both: int
    rows_active: int
    rows_shadow: int


COUNTS = (
    "rows", "alarms_active", "alarms_shadow", "pages_active", "pages_shadow", "rows_both", "rows_active", "rows_shadow",
)  # fmt: skip


class ModelStore:
    """What is noted of the stations' models, in an open transaction."""

    def __init__(self, cursor: psycopg.Cursor[Any]) -> None:
        self._cursor = cursor

    def save_lines(self, lines: Sequence[StationModelLine], now: datetime) -> None:
        """Note what scores each of some stations, or why nothing does."""
        self._cursor.executemany(
            statement("save_station_model"),
            [
                {
                    "station": line.station,
                    "model_version": line.model_version,
                    "artefact": line.artefact,
                    "shadow": line.shadow,
                    "problem": None if line.problem is None else storable(line.problem),
                    "now": now,
                }
                for line in sorted(lines, key=lambda line: line.station)
            ],
        )

    def add_shadow_counts(self, station: str, pair: tuple[str, str], counts: Counts, now: datetime) -> None:
        """Add to what is counted of a candidate at a station; ``pair`` holds the hashes of the active one and of it."""
        arguments: dict[str, object] = {"station": station, "active": pair[0], "shadow": pair[1], "now": now}
        self._cursor.execute(
            statement("add_shadow_counts"), arguments | {name: getattr(counts, name) for name in COUNTS}
        )

"""From a logger's symbol and unit to the canonical parameter and the factor into the registry's unit."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field

from ingest.payloads.decoded import shown, symbol_shown
from quantrac.domain.channels import Channel
from quantrac.domain.deadletters import Rejected, RejectReason
from quantrac.domain.stations import Sensor, Station
from quantrac.domain.units import unit_factor

_MEMO_LIMIT = 1024
"""Pairs of symbol and unit remembered per station: a logger uses a dozen; the bound is against inventions."""
_TABLES_LIMIT = 4096
"""Stations remembered: the country has about 2,000; a re-imported registry makes new objects, and the old ones go."""


def folded(symbol: str) -> str:
    """Return a symbol for comparison without regard to case and to composed or decomposed Vietnamese letters.

    >>> folded("NHIE\u0302\u0323T") == folded("Nhiệt")
    True
    """
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", symbol.strip()).casefold())


@dataclass(slots=True)
class SymbolTable:
    """One station's symbols. ``known`` is filled as pairs are met: (symbol, unit) to (parameter, factor)."""

    station: Station
    known: dict[tuple[str, str | None], tuple[str, float]] = field(default_factory=dict)
    _folded: Mapping[str, Sensor | Channel] = field(init=False)

    def __post_init__(self) -> None:
        by_fold: dict[str, Sensor | Channel | None] = {}
        meanings: dict[str, Sensor | Channel] = {**self.station.channel_of_symbol, **self.station.sensor_of_symbol}
        for symbol, sensor in meanings.items():
            # CO (carbon monoxide) and Co (cobalt): what differs by case alone is matched exactly or not at all.
            other = by_fold.get(folded(symbol), sensor)
            by_fold[folded(symbol)] = sensor if other is sensor else None
        self._folded = {key: sensor for key, sensor in by_fold.items() if sensor is not None}

    def resolve(self, symbol: str, unit: str | None) -> tuple[str, float] | Rejected:
        """Return parameter, or housekeeping channel, and factor of a symbol sent with a unit, or why there is none.

        A sensor with a ``convert_rate`` other than 1 is converted by that rate alone: its administrator has said what
        the logger's numbers mean, whatever the logger calls the unit. No unit means the registry's.
        """
        pair = self.known.get((symbol, unit))
        if pair is not None:
            return pair
        station = self.station
        sensor = (
            station.sensor_of_symbol.get(symbol)
            or station.channel_of_symbol.get(symbol)
            or self._folded.get(folded(symbol))
        )
        if isinstance(sensor, Channel):  # a state has no unit, whatever the logger writes
            return self._remembered(symbol, unit, sensor.code, 1.0)
        if sensor is None:
            return Rejected(
                RejectReason.UNKNOWN_PARAMETER,
                f"Station {self.station.code} has no parameter or alias {shown(symbol)}; register it as an alias, "
                "or correct the logger's table.",
                symbol_shown(symbol),
            )
        factor: float | None = sensor.convert_rate
        if factor == 1.0 and unit:
            factor = unit_factor(unit, sensor.unit)
        if factor is None:
            return Rejected(
                RejectReason.UNIT_UNKNOWN,
                f"{sensor.parameter} came in {shown(unit)} and the registry has {sensor.unit!r}, with no known "
                "conversion; correct the logger's unit, or register a convert_rate.",
                sensor.parameter,
            )
        return self._remembered(symbol, unit, sensor.parameter, factor)

    def _remembered(self, symbol: str, unit: str | None, meaning: str, factor: float) -> tuple[str, float]:
        if len(self.known) < _MEMO_LIMIT:
            self.known[symbol, unit] = (meaning, factor)
        return meaning, factor


_tables: dict[int, SymbolTable] = {}


def symbol_table(station: Station) -> SymbolTable:
    """Return the symbol table of a station's description; the same object for the same description."""
    # By identity, since hashing a description walks all of its sensors. The table holds its station, so that an
    # identity in use cannot be given to another one.
    table = _tables.get(id(station))
    if table is None:
        if len(_tables) >= _TABLES_LIMIT:
            _tables.clear()
        table = _tables[id(station)] = SymbolTable(station)
    return table

"""Recorded feeds: what a file gives, one observation instant at a time, and what was wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path

from simulators.messages import Sample


@dataclass(frozen=True, slots=True)
class Recorded:
    """The samples of one station at one recorded instant (aware UTC)."""

    station: str
    observed_at: datetime
    samples: tuple[Sample, ...]


@dataclass(frozen=True, slots=True)
class Fault:
    """Something in a file that cannot be published: where, and why."""

    file: Path
    line: int
    reason: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.reason}"


@dataclass(slots=True)
class FaultLog:
    """Counts every fault and keeps the first ones."""

    keep: int = 20
    count: int = 0
    first: list[Fault] = field(default_factory=list)
    _faulty: dict[Path, set[int]] = field(default_factory=dict)
    _rows: dict[Path, int] = field(default_factory=dict)

    def read(self, file: Path) -> None:
        """Count a row that was read."""
        self._rows[file] = self._rows.get(file, 0) + 1

    def mostly_failed(self) -> list[Path]:
        """Return the files of which half of the rows, or more, hold something that could not be published.

        >>> log = FaultLog()
        >>> log.read(Path("a.csv"))
        >>> log.add(Path("a.csv"), 2, "no number")
        >>> [path.name for path in log.mostly_failed()]
        ['a.csv']
        """
        return [file for file, lines in self._faulty.items() if 2 * len(lines) >= self._rows.get(file, 0)]

    def add(self, file: Path, line: int, reason: str) -> None:
        """Count a fault."""
        self.count += 1
        self._faulty.setdefault(file, set()).add(line)
        if len(self.first) < self.keep:
            self.first.append(Fault(file, line, reason))


@dataclass(frozen=True, slots=True)
class Feed:
    """One recorded file or folder of files that belong to one station, readable more than once.

    ``rows`` yields the instants in the order of the file; ``zone`` is the feed's own, for dates without one.
    """

    name: str
    station: str
    zone: timezone
    rows: Callable[[FaultLog], Iterator[Recorded]]

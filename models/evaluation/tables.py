"""Reads delimited text, gzipped or not, into columns; what a column means is its family's business."""

from __future__ import annotations

import csv
import gzip
import zlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType

import numpy as np

from models.errors import ModelError
from models.series import Bools, Floats, Series, Times

_WORDS = frozenset({"true", "false", ""})
_MISSING = frozenset({"", "na", "nan", "null", "none", "bad"})
_ROW_NUMBERS = frozenset({"", "unnamed: 0"})
"""What R and pandas call a column of row numbers: no sensor."""


@dataclass(frozen=True, slots=True)
class Table:
    """One file: its path, its column names in order, and the cells of each column as text."""

    path: Path
    header: tuple[str, ...]
    cells: Mapping[str, list[str]]
    name: str = ""
    """Its path below the folder without endings: only for display and for matching label files."""

    @property
    def rows(self) -> int:
        """Number of data rows."""
        return len(self.cells[self.header[0]]) if self.header else 0

    def has(self, *columns: str) -> bool:
        """Tell whether all of these columns are there."""
        return all(c in self.cells for c in columns)

    def sensors(self, without: Collection[str]) -> tuple[str, ...]:
        """Return the columns that are no row number and not named in ``without``. Raises ModelError for none."""
        found = tuple(c for c in self.header if c not in without and c.lower() not in _ROW_NUMBERS)
        if not found:
            raise ModelError(f"{self.path} has no column of a sensor, only {', '.join(self.header)}: fetch it again")
        return found

    def missing(self, column: str) -> Bools:
        """Return true where a cell is blank or a word for "missing"."""
        words = [cell.strip().lower() for cell in self.cells[column]]
        return np.array([word in _MISSING for word in words], dtype=np.bool_)

    def floats(self, column: str) -> Floats:
        """Return a column as float64; a blank or a word for "missing" is NaN. Raises ModelError for other text."""
        try:
            known = {cell: _number(cell) for cell in set(self.cells[column])}
            return np.array([known[cell] for cell in self.cells[column]], dtype=np.float64)
        except ValueError as exc:
            raise ModelError(f"{self.path}: column {column} holds text that is not a number ({exc}): mend it") from exc

    def values(self, columns: Sequence[str]) -> Floats:
        """Return columns as ``floats`` does, shape (rows, columns)."""
        return np.column_stack([self.floats(c) for c in columns])

    def series(
        self,
        times: Times,
        columns: Sequence[str],
        names: Mapping[str, str] = MappingProxyType({}),
        covariates: Collection[str] = (),
    ) -> Series:
        """Return columns as a series without labels, of a group of its own, some under other ``names``."""
        called = tuple(names.get(c, c) for c in columns)
        explaining = tuple(c for c in called if c in covariates)
        return Series(self.name, times, called, self.values(columns), covariates=explaining, group=self.name)

    def flags(self, column: str) -> Bools:
        """Return a column of 0/1 (or of the words false and true) as bool; missing is false."""
        cells = self.cells[column]
        if {cell.strip().lower() for cell in set(cells)} <= _WORDS:
            return np.array([cell.strip().lower() == "true" for cell in cells], dtype=np.bool_)
        flags: Bools = np.nan_to_num(self.floats(column)) > 0.5
        return flags

    def times(self, column: str) -> Times:
        """Return a column of stamps as datetime64[ns]; with an offset they become UTC, else they stay as they are.

        Raises ModelError for what is no stamp, and for a row without one.
        """
        texts = self.cells[column]
        try:
            aware = any(_has_offset(t) for t in texts[:1])
            times: Times = np.array([_utc(t) for t in texts] if aware else texts, dtype="datetime64[ns]")
        except ValueError as exc:
            raise ModelError(f"{self.path}: a time stamp cannot be read ({exc}): write YYYY-MM-DD hh:mm[:ss]") from exc
        if np.isnat(times).any():
            row = int(np.isnat(times).argmax()) + 1
            raise ModelError(f"{self.path}: data row {row} has no time stamp: give it one or leave it out")
        return times


def read_tables(folder: Path, delimiter: str = ",") -> Iterator[Table]:
    """Yield every ``*.csv`` and ``*.csv.gz`` below ``folder``, by path. Raises ModelError where there is no folder."""
    if not folder.is_dir():
        raise ModelError(f"{folder} is not a folder: give the one that holds the family's files")
    for path in sorted(p for p in folder.rglob("*") if p.name.endswith((".csv", ".csv.gz"))):
        name = path.relative_to(folder).as_posix().removesuffix(".gz").removesuffix(".csv")
        yield read_table(path, delimiter, name)


def read_table(path: Path, delimiter: str = ",", name: str = "") -> Table:
    """Read one file; short rows are filled with blanks. Raises ModelError for a file that is not text."""
    opener = gzip.open if path.suffix == ".gz" else open
    try:
        with opener(path, "rt", encoding="utf-8-sig", newline="") as text:
            reader = csv.reader(text, delimiter=delimiter)
            header = tuple(name.strip() for name in next(reader, []))
            rows = [row for row in reader if row]
    except (OSError, UnicodeDecodeError, EOFError, zlib.error, csv.Error) as exc:
        raise ModelError(f"{path} cannot be read as delimited text ({exc}): fetch it again") from exc
    twice = sorted({name for name in header if name and header.count(name) > 1})
    if twice:
        raise ModelError(f"{path} has more than one column {', '.join(twice)}: leave one of them")
    width = len(header)
    full = [row if len(row) == width else (row + [""] * width)[:width] for row in rows]
    columns = zip(*full, strict=True) if full else ([] for _ in header)
    return Table(path, header, {name: list(cells) for name, cells in zip(header, columns, strict=True)}, name)


def _number(cell: str) -> float:
    try:
        return float(cell)
    except ValueError:
        if cell.strip().lower() in _MISSING:
            return float("nan")
        raise


def _has_offset(text: str) -> bool:
    """Tell "...Z" and "...+07:00" from a stamp without an offset."""
    return text.endswith("Z") or (":" in text[:-6] and text[-6:-5] in {"+", "-"})


def _utc(text: str) -> datetime:
    stamp = datetime.fromisoformat(text)
    return stamp.astimezone(UTC).replace(tzinfo=None) if stamp.tzinfo else stamp

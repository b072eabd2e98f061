"""Recorded feeds as CSV: a mapping file says which column is which parameter of which station."""

from __future__ import annotations

import csv
import gzip
import io
import math
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timezone
from fnmatch import fnmatch
from pathlib import Path
from typing import TextIO

from quantrac.errors import RuleError
from quantrac.tomltable import Table, named_by, read_text
from simulators.feeds import FaultLog, Feed, Recorded
from simulators.messages import Sample
from simulators.numbers import number_of

MAPPING_FOLDER = Path(__file__).parent / "mappings"
_TOP_KEYS = frozenset(
    {"station", "files", "in_folder", "delimiter", "decimal", "missing", "time", "column", "station_of_file"}
)
_TIME_KEYS = frozenset({"column", "formats", "utc_offset"})
_COLUMN_KEYS = frozenset({"name", "parameter", "unit", "station", "factor", "missing"})


@dataclass(frozen=True, slots=True)
class ColumnRule:
    """One column of a file: the parameter and unit that it is, and what stands for "no value" in it."""

    name: str
    parameter: str
    unit: str | None
    station: str | None
    factor: float
    missing: frozenset[str]
    comma: bool = False
    """Whether a comma is a decimal point."""


@dataclass(frozen=True, slots=True)
class FeedMapping:
    """A mapping file: which files it is for, how they write the time, and their columns."""

    source: str
    station: str | None
    station_of_file: Mapping[str, str]
    files: tuple[str, ...]
    in_folder: bool
    """Whether replaying a whole folder takes the files of this mapping."""
    delimiter: str
    time_column: str
    time_formats: tuple[str, ...]
    zone: timezone
    columns: tuple[ColumnRule, ...]

    def is_for(self, path: Path) -> bool:
        """Whether the file's name is one that the mapping was written for."""
        return any(fnmatch(path.name, pattern) for pattern in self.files)

    def station_for(self, path: Path) -> str | None:
        """Return the station's code for a file, by its name or the mapping's own; ``None`` when it says none."""
        named = (code for pattern, code in self.station_of_file.items() if fnmatch(path.name, pattern))
        return next(named, self.station)


def load_mapping(name: str | Path) -> FeedMapping:
    """Read a mapping by its file, or by the name of a shipped one (``eindhoven_raw``, ``lro``).

    Raises
    ------
    RuleError
        There is no such file, or it holds a mistake; the message names file and key.
    """
    path = Path(name)
    if not path.suffix and (MAPPING_FOLDER / f"{name}.toml").is_file():
        path = MAPPING_FOLDER / f"{name}.toml"
    if not path.is_file():
        shipped = ", ".join(sorted(p.stem for p in MAPPING_FOLDER.glob("*.toml")))
        raise RuleError(f"There is no mapping {path}: name a TOML file, or a shipped mapping ({shipped}).")
    return parse_mapping(read_text(path), str(path))


def shipped_mappings() -> list[FeedMapping]:
    """Return all mappings that come with quantrac, by name."""
    return [load_mapping(path) for path in sorted(MAPPING_FOLDER.glob("*.toml"))]


def parse_mapping(text: str, source: str) -> FeedMapping:
    """Return the mapping in a TOML text.

    Raises
    ------
    RuleError
        It holds a mistake; the message names ``source`` and the key.
    """
    top = Table.parse(text, source)
    top.refuse_unknown(_TOP_KEYS)
    time = top.table("time")
    time.refuse_unknown(_TIME_KEYS)
    missing = _missing(top)
    delimiter = top.text("delimiter", ",", empty=False) if top.values.get("delimiter") != "\t" else "\t"
    comma = _decimal_comma(top, delimiter)
    columns = tuple(_column(c, missing, comma=comma) for c in top.tables("column", named_by("column", "name")))
    if not columns:
        raise top.error("column", "is missing; describe at least one [[column]].")
    if len(delimiter) != 1:
        raise top.error("delimiter", f"{delimiter!r} must be one character.")
    return FeedMapping(
        source=source,
        station=top.optional_text("station"),
        station_of_file={k: str(v) for k, v in top.table("station_of_file").values.items()},
        files=top.texts("files"),
        in_folder=top.boolean("in_folder", default=True),
        delimiter=delimiter,
        time_column=time.text("column"),
        time_formats=time.texts("formats") or ("ISO",),
        zone=_zone(time),
        columns=columns,
    )


def _decimal_comma(top: Table, delimiter: str) -> bool:
    """Whether a comma may be a decimal point: as ``decimal`` says, else wherever it does not separate columns."""
    decimal = top.optional_text("decimal")
    if decimal not in {None, ".", ","}:
        raise top.error("decimal", f"{decimal!r} must be a point or a comma.")
    return decimal == "," if decimal is not None else delimiter != ","


def _column(table: Table, missing: frozenset[str], *, comma: bool) -> ColumnRule:
    table.refuse_unknown(_COLUMN_KEYS)
    return ColumnRule(
        name=table.text("name"),
        parameter=table.text("parameter"),
        unit=table.text("unit", empty=True) if "unit" in table.values else None,
        station=table.optional_text("station"),
        factor=table.number("factor", 1.0),
        missing=_missing(table) if "missing" in table.values else missing,
        comma=comma,
    )


def _missing(table: Table) -> frozenset[str]:
    markers = table.values.get("missing", [""])
    if not isinstance(markers, list) or not all(isinstance(m, str) for m in markers):
        raise table.error("missing", f'{markers!r} is not a list of texts such as ["Bad", ""].')
    return frozenset(m.strip() for m in markers)


def _zone(table: Table) -> timezone:
    text = table.text("utc_offset")
    try:
        zone = datetime.strptime(text, "%z").tzinfo
    except ValueError as exc:
        raise table.error("utc_offset", f"{text!r} is not an offset such as +07:00.") from exc
    if not isinstance(zone, timezone):
        raise table.error("utc_offset", f"{text!r} is not an offset such as +07:00.")
    return zone


def feeds_of(path: Path, mapping: FeedMapping, station: str | None = None) -> list[Feed]:
    """Return the feeds in one CSV file, one per station; ``station`` replaces the stations of the mapping.

    Raises
    ------
    RuleError
        The file cannot be read, lacks a column of the mapping, or nothing says which station it is of.
    """
    columns = _columns_by_station(path, mapping, station)
    header = _header(path, mapping.delimiter)
    if not header:
        raise RuleError(f"{path}: the file is empty, or its first row is. The names of the columns belong there.")
    lacking = [n for n in (mapping.time_column, *(c.name for c in mapping.columns)) if n not in header]
    if lacking:
        raise RuleError(
            f"{path}: there is no column {', '.join(lacking)}, which {mapping.source} describes; its columns are "
            f"{', '.join(header)}. Choose another mapping, or correct the delimiter or the names."
        )
    return [_feed(path, mapping, code, rules) for code, rules in sorted(columns.items())]


def _columns_by_station(path: Path, mapping: FeedMapping, station: str | None) -> dict[str, list[ColumnRule]]:
    columns: dict[str, list[ColumnRule]] = {}
    for rule in mapping.columns:
        code = station or rule.station or mapping.station_for(path)
        if code is None:
            raise RuleError(
                f"{mapping.source}: station: nothing says of which station {path.name} is; add station, add the file "
                "to [station_of_file], or name one with --station."
            )
        columns.setdefault(code, []).append(rule)
    return columns


def _feed(path: Path, mapping: FeedMapping, station: str, rules: Sequence[ColumnRule]) -> Feed:
    def rows(faults: FaultLog) -> Iterator[Recorded]:
        return _rows(path, mapping, station, rules, faults)

    return Feed(f"{path.name} ({station})", station, mapping.zone, rows)


def _rows(
    path: Path, mapping: FeedMapping, station: str, rules: Sequence[ColumnRule], faults: FaultLog
) -> Iterator[Recorded]:
    with _open(path) as file:
        reader = csv.DictReader(file, delimiter=mapping.delimiter)
        try:
            for row in reader:
                faults.read(path)
                at = _instant(row.get(mapping.time_column), mapping)
                if at is None:
                    faults.add(path, reader.line_num, f"time {row.get(mapping.time_column)!r} is not understood")
                    continue
                samples = [s for rule in rules if (s := _sample(row, rule, path, reader.line_num, faults)) is not None]
                if samples:
                    yield Recorded(station, at, tuple(samples))
        except (OSError, EOFError, zlib.error, UnicodeDecodeError, csv.Error) as exc:
            faults.add(path, reader.line_num + 1, f"cannot be read further ({exc})")


def _sample(row: Mapping[str, str | None], rule: ColumnRule, path: Path, line: int, faults: FaultLog) -> Sample | None:
    text = row.get(rule.name)
    if text is None:
        faults.add(path, line, f"the row ends before column {rule.name}")
        return None
    text = text.strip()
    if text in rule.missing:
        return Sample(rule.parameter, None, rule.unit)
    try:
        value = number_of(text, comma=rule.comma) * rule.factor
    except ValueError:
        faults.add(path, line, f"{rule.name}: {text!r} is not a number")
        return None
    if not math.isfinite(value):
        faults.add(path, line, f"{rule.name}: {text!r} is not finite")
        return None
    return Sample(rule.parameter, value, rule.unit)


def _instant(text: str | None, mapping: FeedMapping) -> datetime | None:
    if text is None:
        return None
    for form in mapping.time_formats:
        try:
            at = datetime.fromisoformat(text) if form == "ISO" else datetime.strptime(text.strip(), form)  # noqa: DTZ007
        except ValueError:
            continue
        return (at if at.tzinfo else at.replace(tzinfo=mapping.zone)).astimezone(UTC)
    return None


def _header(path: Path, delimiter: str) -> list[str]:
    try:
        with _open(path) as file:
            return next(csv.reader(file, delimiter=delimiter), [])
    except (OSError, EOFError, zlib.error, UnicodeDecodeError, csv.Error) as exc:
        raise RuleError(f"{path}: cannot be read as CSV ({exc}). Check the file.") from exc


def _open(path: Path) -> TextIO:
    if path.suffix == ".gz":
        return io.TextIOWrapper(gzip.open(path, "rb"), encoding="utf-8-sig", newline="")
    return path.open(encoding="utf-8-sig", newline="")

"""Station files of TT 10/2021/TT-BTNMT, Phụ lục 15: reading recorded ones, and writing new ones.

One line per parameter, five columns with TAB between: symbol, value, unit, time ``yyyyMMddHHmmss`` in Vietnam's civil
time, status 00, 01 or 02. The name is ``<province>_<facility>_<station>_<time>.txt``. Split strictly on TAB: a unit
may be empty and a symbol may hold spaces.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from quantrac.domain.readings import Status
from quantrac.domain.stations import VIETNAM
from simulators.feeds import FaultLog, Feed, Recorded
from simulators.messages import Message, Sample
from simulators.numbers import number_of

_NAME = re.compile(r"(?P<station>[^_]+_[^_]+_[^_]+)_(?P<stamp>\d{14})\.txt", re.IGNORECASE)
_STAMP = "%Y%m%d%H%M%S"
_COLUMNS = 5


def is_station_file(path: Path) -> bool:
    """Whether a file's name is that of a station file.

    >>> is_station_file(Path("TB_CAPH_NUOSXL_20260325000000.txt")), is_station_file(Path("README.txt"))
    (True, False)
    """
    return _NAME.fullmatch(path.name) is not None


def station_of(path: Path) -> str:
    """Return the station's code: the first three parts of the file's name."""
    match = _NAME.fullmatch(path.name)
    if match is None:
        raise ValueError(f"{path.name} is not named <province>_<facility>_<station>_<yyyyMMddHHmmss>.txt")
    return match["station"]


def feeds_of(paths: Sequence[Path], station: str | None = None) -> list[Feed]:
    """Return one feed per station of the given station files, each ordered by the stamps in the files' names.

    ``station`` replaces the code in the names.
    """
    by_station: dict[str, list[Path]] = {}
    for path in paths:
        by_station.setdefault(station or station_of(path), []).append(path)
    return [_feed(code, files) for code, files in sorted(by_station.items())]


def _feed(code: str, files: list[Path]) -> Feed:
    ordered = sorted(files, key=lambda p: (_stamp_in_name(p), p.name))

    def rows(faults: FaultLog) -> Iterator[Recorded]:
        for path in ordered:
            yield from read_station_file(path, code, faults)

    return Feed(f"{len(ordered)} TT 10 files of {code}", code, VIETNAM, rows)


def _stamp_in_name(path: Path) -> str:
    match = _NAME.fullmatch(path.name)
    return match["stamp"] if match else ""


def read_station_file(path: Path, station: str, faults: FaultLog) -> Iterator[Recorded]:
    """Yield what a station file holds: one instant as a rule, more where its lines carry different times."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as exc:
        faults.add(path, 0, f"cannot be read ({exc.strerror})")
        return
    except UnicodeDecodeError as exc:
        faults.add(path, 0, f"is not UTF-8 (byte {exc.start})")
        return
    instants: dict[datetime, list[Sample]] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        faults.read(path)
        try:
            at, sample = parse_line(line)
        except ValueError as exc:
            faults.add(path, number, str(exc))
            continue
        instants.setdefault(at, []).append(sample)
    for at, samples in sorted(instants.items()):
        yield Recorded(station, at, tuple(samples))


def parse_line(line: str) -> tuple[datetime, Sample]:
    """Return instant (aware UTC) and sample of one line.

    Raises
    ------
    ValueError
        The line has not five columns, or one of them cannot be understood; the message says which.
    """
    parts = line.rstrip("\r\n").split("\t")
    if len(parts) != _COLUMNS:
        raise ValueError(f"{len(parts)} columns instead of {_COLUMNS} (symbol, value, unit, time, status; TAB between)")
    symbol, value, unit, stamp, status = (p.strip() for p in parts)
    if not symbol:
        raise ValueError("the symbol is empty")
    if not re.fullmatch(r"\d{14}", stamp):
        raise ValueError(f"time {stamp!r} is not yyyyMMddHHmmss")
    try:
        at = datetime.strptime(stamp, _STAMP).replace(tzinfo=VIETNAM).astimezone(UTC)
    except ValueError as exc:
        raise ValueError(f"time {stamp!r} is no time of the calendar") from exc
    known = Status.from_code(status)
    if known is Status.UNKNOWN:
        raise ValueError(f"status {status!r} is not 00, 01 or 02, so the payload format has no place for it")
    return at, Sample(symbol, _number(value), unit, known)


def _number(text: str) -> float | None:
    if not text:
        return None
    try:
        value = number_of(text)
    except ValueError as exc:
        raise ValueError(f"value {text!r} is not a number") from exc
    if not math.isfinite(value):
        raise ValueError(f"value {text!r} is not finite")
    return value


def station_file(message: Message) -> tuple[str, bytes]:
    """Return name and content of the station file that says the same as a message."""
    stamp = message.observed_at.astimezone(VIETNAM).strftime(_STAMP)
    lines = (
        f"{s.parameter}\t{'' if s.value is None else repr(s.value)}\t{s.unit or ''}\t{stamp}\t{s.status.value}\r\n"
        for s in message.samples
    )
    return f"{message.station}_{stamp}.txt", "".join(lines).encode()

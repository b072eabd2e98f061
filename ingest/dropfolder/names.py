"""What the path of a file says: its station, its format, or why it is refused. Patterns are data (settings)."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property

from quantrac import topics
from quantrac.domain.deadletters import Rejected, RejectReason
from quantrac.domain.stations import VIETNAM, Registry, Station

CONTENT_OF_SUFFIX: Mapping[str, str] = {
    ".txt": topics.CONTENT_TT10,
    ".csv": topics.CONTENT_CSV,
    ".json": topics.CONTENT_FLAT_JSON,
    ".senml": topics.CONTENT_SENML_JSON,
    ".senmlc": topics.CONTENT_SENML_CBOR,
}
"""Formats by the end of a file's name; RFC 8428 registers the last two. Every other file is somebody else's."""
_SUFFIXES = frozenset(suffix.removeprefix(".").encode() for suffix in CONTENT_OF_SUFFIX)
DEFAULT_PATTERNS = ("{station}_{time}", "{station}{time}", "{time}")
"""Names without their ending: the circular's (two to four parts), that of older loggers, and a time alone."""

_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_FIELDS = {"station": r"(?P<station>.+?)", "time": r"(?P<time>\d{14})", "any": r".*"}
_TIME = re.compile(r"_?\d{14}")
_MAX_SHOWN = 200
_PLACES_HELD = 10_000
"""Folders and codes whose station is remembered: a day's folder of each station of ten provinces."""


@dataclass(frozen=True, slots=True)
class Named:
    """What a path says. ``station`` is a canonical code, or one that nobody has registered yet."""

    station: str
    content_type: str
    sensors: int = 0
    """How many sensors the station has; 0 when it is unknown."""


def compiled(patterns: Sequence[str]) -> tuple[re.Pattern[str], ...]:
    """Return regular expressions of patterns such as ``{station}_{time}``; other text stands for itself.

    Raises
    ------
    ValueError
        A pattern has a field that is none, or no ``{time}``.

    >>> compiled(["{station}_{time}"])[0].fullmatch("TRAM-BD-001_20261123100500")["station"]
    'TRAM-BD-001'
    """
    found = []
    for pattern in patterns:
        parts = re.split(r"\\{(\w+)\\}", re.escape(pattern))
        unknown = [name for name in parts[1::2] if name not in _FIELDS]
        if unknown or "time" not in parts[1::2] or len(set(parts[1::2])) < len(parts[1::2]):
            raise ValueError(
                f"{pattern!r} must have {{time}}, may have {{station}} and {{any}}, each once, and no other"
            )
        parts[1::2] = [_FIELDS[name] for name in parts[1::2]]
        found.append(re.compile("".join(parts)))
    return tuple(found)


def printable(path: bytes) -> str:
    r"""Return a path as it may be logged and stored: what cannot be shown is escaped, a long one is cut in front.

    The end has the name, by which a file is forwarded.

    >>> printable(b"a/\xff\x00b.txt"), printable(b"x" * 400 + b"/b.txt")[-8:]
    ('a/\\xff\\x00b.txt', 'xx/b.txt')
    """
    text = path.decode("utf-8", "backslashreplace")
    plain = (
        text
        if text.isprintable()
        else "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
    )
    return plain if len(plain) <= _MAX_SHOWN else f"…{plain[1 - _MAX_SHOWN :]}"


@dataclass(frozen=True)
class Names:
    """The patterns of names with one registry."""

    patterns: tuple[re.Pattern[str], ...]
    registry: Registry
    _places: dict[tuple[str, str, date], tuple[Station | None, Station | None]] = field(
        default_factory=dict, compare=False, repr=False
    )
    """Stations of folders and of a code on a day: those of the many files of a folder are the same."""

    def named(self, path: bytes, at: datetime) -> Named | Rejected:
        """Return what a path below the drop folder says, with ``/`` between its parts.

        The first folder named like a station is that station's account at the file server, so it decides. Otherwise
        the name of the file does: its whole station part, or the facility and station of it alone.
        """
        try:
            text = path.decode("utf-8")
        except UnicodeDecodeError:
            return _bad_name("is not UTF-8")
        if not text.isprintable():
            return _bad_name("holds control characters")
        folder, _, name = text.rpartition("/")
        stem, suffix = os.path.splitext(name)
        match = next((m for p in self.patterns if (m := p.fullmatch(stem))), None)
        if match is None:
            return _bad_name("fits none of the patterns; the circular's is province_facility_station_yyyyMMddHHmmss")
        content_type = CONTENT_OF_SUFFIX[suffix.lower()]
        code = match.groupdict().get("station") or ""
        return self._station(code, folder, content_type, at)

    def account_of(self, path: bytes, at: datetime) -> str:
        """Return the code of the registered station in whose folder a file lies; the empty string when in none's."""
        folders = path.decode("utf-8", "replace").split("/")[:-1]
        station = self._of_folders(folders, at)
        return "" if station is None else station.code

    def lane_of(self, path: bytes, at: datetime) -> str:
        """Return whose turn a file takes: that of the station in whose folder it lies, or of its name before its time.

        A station's own folder decides, so that it gets no more turns by more names.
        """
        folder, _, name = path.decode("utf-8", "replace").rpartition("/")
        station, _ = self._place("", folder, at)
        return station.code if station is not None else _TIME.split(name, maxsplit=1)[0]

    def _of_folders(self, folders: Sequence[str], at: datetime) -> Station | None:
        # The first one is the account's own; those below it a station makes as it likes, also with another's name.
        return next((s for name in folders if (s := self.registry.station(name, at))), None)

    def _place(self, code: str, folder: str, at: datetime) -> tuple[Station | None, Station | None]:
        """Return the station of the folders on the way, and that of a code, of the versions in force at an instant."""
        key = (code, folder, at.astimezone(VIETNAM).date())
        found = self._places.get(key)
        if found is None:
            if len(self._places) >= _PLACES_HELD:
                self._places.clear()
            found = self._of_folders(folder.split("/"), at), self._of_code(code, at) if code else None
            self._places[key] = found
        return found

    def _station(self, code: str, folder: str, content_type: str, at: datetime) -> Named | Rejected:
        by_folder, by_name = self._place(code, folder, at)
        if by_folder and by_name and by_folder.code != by_name.code:
            return Rejected(
                RejectReason.WRONG_STATION,
                f"The file is named after station {by_name.code} and lies in the folder of {by_folder.code}; a logger "
                "may write for its own station only.",
            )
        station = by_folder or by_name
        if station is not None:
            return Named(station.code, content_type, len(station.sensors))
        # An account's folder is the first one; the date's come below it.
        code = next((c for c in (code, folder.partition("/")[0]) if _CODE.fullmatch(c)), "")
        if not code:
            return Rejected(
                RejectReason.UNKNOWN_STATION,
                "Neither a folder on its way nor its name is a station's code; put it into a folder with that code.",
            )
        return Named(code, content_type)

    def _of_code(self, code: str, at: datetime) -> Station | None:
        station = self.registry.station(code, at) or self.registry.station("_".join(code.split("_")[-2:]), at)
        if station is None and code in self._by_ending:
            return self.registry.station(self._by_ending[code], at)
        return station

    @cached_property
    def _by_ending(self) -> Mapping[str, str]:
        """Codes by what follows their first part, where that is one station's alone."""
        owners: dict[str, set[str]] = {}
        for station in self.registry.stations:
            for code in (station.code, *station.old_codes):
                _, _, ending = code.partition("_")
                owners.setdefault(ending, set()).add(station.code)
        return {ending: codes.pop() for ending, codes in owners.items() if "_" in ending and len(codes) == 1}


def is_wanted(name: bytes) -> bool:
    """Whether a file is meant for us by the end of its name; hidden ones are uploads under way, as many servers do."""
    return not name.startswith(b".") and b"." in name and name.rpartition(b".")[2].lower() in _SUFFIXES


def _bad_name(what: str) -> Rejected:
    return Rejected(RejectReason.BAD_FILE_NAME, f"The name {what}; rename the file and upload it again.")

"""Typed reading of TOML data files: every mistake becomes a :class:`RuleError` that names the file and the key."""

from __future__ import annotations

import difflib
import math
import tomllib
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

from quantrac.errors import RuleError
from quantrac.terminal import printable

_Enum = TypeVar("_Enum", bound=StrEnum)
_T = TypeVar("_T")

FIRST_DAY, LAST_DAY = date(1970, 1, 1), date(2100, 12, 31)
"""Nobody regulated before, nobody plans beyond: another year is mistyped, and would judge every day or none."""
LEAST_LIMIT, LARGEST_LIMIT = 1e-9, 1e9
"""Of any limit in any unit in use (ng/L to m³/day): beyond it a number is mistyped, its multiples are no numbers."""

_KIND_OF_TYPE = {bool: "true or false", int: "a number", float: "a number", str: "a text", date: "a date"}
_KIND_OF_TYPE |= {dict: "a table", list: "a list", datetime: "a date with a time"}


def toml_files(path: Path) -> tuple[Path, ...]:
    """Return the file itself, or the ``*.toml`` files of a folder in order of their names.

    Raises
    ------
    RuleError
        Nothing is there, or the folder holds no TOML file.
    """
    if path.is_dir():
        files = tuple(sorted(path.glob("*.toml")))
        if not files:
            raise RuleError(f"{path}: the folder holds no *.toml file. Name a file or a folder that does.")
        return files
    if not path.is_file():
        raise RuleError(f"{path}: no such file or folder. Correct the path.")
    return (path,)


def read_text(path: Path) -> str:
    """Return the text of a UTF-8 file; a byte order mark is left out.

    Raises
    ------
    RuleError
        The file cannot be read or is not UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as exc:
        raise RuleError(f"{path}: cannot be read ({exc.strerror}). Check the path and its permissions.") from exc
    except UnicodeDecodeError as exc:
        raise RuleError(f"{path}: is not UTF-8 text (byte {exc.start}). Save it again as UTF-8.") from exc


class Mistakes:
    """The mistakes of a set of files, gathered so that an author is told all of them at once."""

    def __init__(self) -> None:
        self.found: list[str] = []

    def note(self, mistake: RuleError | str) -> None:
        """Note a mistake, once."""
        self.found += [line for line in str(mistake).splitlines() if line not in self.found]

    def take(self, read: Callable[[], _T], otherwise: _T) -> _T:
        """Return what ``read`` returns; where it finds a mistake, note it and return ``otherwise`` to go on with."""
        try:
            return read()
        except RuleError as exc:
            self.note(exc)
            return otherwise

    def refuse(self) -> None:
        """Raise one error with a line for each mistake, if there was any.

        Raises
        ------
        RuleError
            At least one mistake was noted.
        """
        if self.found:
            raise RuleError("\n".join(self.found))


def nearest(word: str, known: Collection[str], cutoff: float = 0.5) -> str:
    """Return the known word that is nearest, in a clause; otherwise all known ones.

    >>> nearest("mgg/L", ("mg/L", "m³/h")), nearest("?", ("a", "b"))
    ("did you mean 'mg/L'?", 'known are a, b.')
    """
    by_fold = {k.casefold(): k for k in known}
    near = difflib.get_close_matches(word.casefold(), by_fold, n=1, cutoff=cutoff)
    return f"did you mean {by_fold[near[0]]!r}?" if near else f"known are {', '.join(sorted(known)) or 'none'}."


class Table:
    """One table of a TOML file, read key by key.

    Parameters
    ----------
    values
        What ``tomllib`` made of the table.
    source
        The file, as it is to be named in messages.
    where
        Place of the table in the file, such as ``station DT_X, sensor COD``; empty for the top.
    """

    def __init__(self, values: Mapping[str, Any], source: str, where: str = "") -> None:
        self.values = values
        self.source = source
        self.where = where

    @classmethod
    def parse(cls, text: str, source: str) -> Table:
        """Return the top table of a TOML text.

        Raises
        ------
        RuleError
            The text is not TOML.
        """
        try:
            return cls(tomllib.loads(text), source)
        except tomllib.TOMLDecodeError as exc:
            raise RuleError(f"{source}: is not valid TOML: {exc}.") from exc

    def error(self, key: str, problem: str) -> RuleError:
        """Return the error that says what is wrong with a key of this table; the caller raises it."""
        place = f"{self.where}, {key}" if self.where else key
        return RuleError(f"{self.source}: {place}: {problem}")

    def refuse_unknown(self, known: Collection[str]) -> None:
        """Raise for the keys that are not ``known``, each with the nearest known one."""
        mistakes = Mistakes()
        for key in self.values:
            if key not in known:
                near = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
                advice = f"did you mean {near[0]!r}?" if near else f"known keys are {', '.join(sorted(known))}."
                mistakes.note(self.error(key, f"is not a known key; {advice}"))
        mistakes.refuse()

    def text(self, key: str, default: str | None = None, *, empty: bool = False) -> str:
        """Return a text; without a ``default`` it is required, and it may be empty only where ``empty`` says so."""
        value = self._typed(key, (str,), default)
        if not value.strip() and not empty:
            raise self.error(key, "is empty; give a text.")
        return self._plain(key, str(value))

    def optional_day(self, key: str) -> date | None:
        """Return a calendar day, or ``None`` where the key is absent."""
        return self.day(key) if key in self.values else None

    def optional_text(self, key: str) -> str | None:
        """Return a text, or ``None`` where the key is absent."""
        return self.text(key) if key in self.values else None

    def number(self, key: str, default: float | None = None) -> float:
        """Return a finite number; without a ``default`` it is required."""
        value = float(self._typed(key, (int, float), default))
        if not math.isfinite(value):
            raise self.error(key, f"is {value}; give a finite number.")
        return value

    def optional_number(self, key: str) -> float | None:
        """Return a finite number, or ``None`` where the key is absent."""
        return self.number(key) if key in self.values else None

    def positive(self, key: str, default: float | None = None) -> float:
        """Return a finite number greater than 0."""
        value = self.number(key, default)
        if value <= 0:
            raise self.error(key, f"is {value:g}; it must be greater than 0.")
        return value

    def optional_positive(self, key: str) -> float | None:
        """Return a finite number greater than 0, or ``None`` where the key is absent."""
        return self.positive(key) if key in self.values else None

    def optional_minimum(self, key: str) -> float | None:
        """Return a lower limit, or ``None`` where the key is absent."""
        value = self.optional_number(key)
        if value is not None and abs(value) > LARGEST_LIMIT:
            raise self.error(key, f"is {value:g}; a limit lies between {-LARGEST_LIMIT:g} and {LARGEST_LIMIT:g}.")
        return value

    def optional_maximum(self, key: str) -> float | None:
        """Return an upper limit, or ``None`` where the key is absent."""
        value = self.optional_positive(key)
        if value is not None and not LEAST_LIMIT <= value <= LARGEST_LIMIT:
            raise self.error(key, f"is {value:g}; a limit lies between {LEAST_LIMIT:g} and {LARGEST_LIMIT:g}.")
        return value

    def boolean(self, key: str, *, default: bool = False) -> bool:
        """Return true or false."""
        return bool(self._typed(key, (bool,), default))

    def day(self, key: str) -> date:
        """Return a required calendar day, written as a TOML date: ``2025-07-01`` without quotes."""
        value: date = self._typed(key, (date,), None)
        if not FIRST_DAY <= value <= LAST_DAY:
            raise self.error(key, f"is {value}; give a day from {FIRST_DAY} to {LAST_DAY}.")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of texts, empty where the key is absent; an entry may not stand twice."""
        values = self._typed(key, (list,), [])
        for value in values:
            if not isinstance(value, str) or not value.strip():
                raise self.error(key, f"holds {value!r}; every entry must be a text that is not empty.")
            self._plain(key, value)
        if len(set(values)) < len(values):
            twice = next(v for i, v in enumerate(values) if v in values[:i])
            raise self.error(key, f"holds {twice!r} twice; leave one out.")
        return tuple(values)

    def member(self, key: str, enum: type[_Enum]) -> _Enum:
        """Return a member of a closed set of words."""
        word = self.text(key)
        try:
            return enum(word)
        except ValueError:
            words = [e.value for e in enum]
            near = difflib.get_close_matches(word, words, n=1, cutoff=0.5)
            advice = f"did you mean {near[0]!r}?" if near else f"give one of {', '.join(words)}."
            raise self.error(key, f"{word!r} is not known; {advice}") from None

    def table(self, key: str) -> Table:
        """Return a sub-table; empty where the key is absent."""
        place = f"{self.where}, {key}" if self.where else key
        return Table(self._typed(key, (dict,), {}), self.source, place)

    def tables(self, key: str, name: Callable[[int, Mapping[str, Any]], str]) -> Iterator[Table]:
        """Yield the entries of an array of tables (``[[key]]``); ``name`` makes an entry's name for messages."""
        for index, entry in enumerate(self._typed(key, (list,), []), start=1):
            if not isinstance(entry, dict):
                raise self.error(key, f"entry {index} is {_kind(entry)}; write it as a table, [[{key}]].")
            own = name(index, entry)
            yield Table(entry, self.source, f"{self.where}, {own}" if self.where else own)

    def _plain(self, key: str, value: str) -> str:
        """Return a text that any screen, page and mail can show as it is; refuse what one of them would obey."""
        shown = printable(value, lines=False)
        if shown != value:
            raise self.error(key, f"holds a character that cannot be seen: {shown!r}; take it out.")
        if "<" in value or ">" in value:
            raise self.error(key, f"is {value!r}; < and > are not allowed in a text.")
        return value

    def _typed(self, key: str, types: tuple[type, ...], default: object) -> Any:
        value = self.values.get(key, default)
        if value is None:
            raise self.error(key, f"is missing; give {_KIND_OF_TYPE[types[0]]}.")
        # bool is a subclass of int and datetime one of date: neither is what is meant by a number or a day.
        if not isinstance(value, types) or (type(value) in {bool, datetime} and type(value) not in types):
            raise self.error(key, f"is {_kind(value)} ({value!r}); give {_KIND_OF_TYPE[types[0]]}.")
        return value


def named_by(kind: str, key: str) -> Callable[[int, Mapping[str, Any]], str]:
    """Return a namer of array entries: ``station DT_X`` by their ``key``, or ``station 3`` where they have none."""

    def name(index: int, entry: Mapping[str, Any]) -> str:
        own = entry.get(key)
        return f"{kind} {own}" if isinstance(own, str) and own else f"{kind} {index}"

    return name


def _kind(value: object) -> str:
    return _KIND_OF_TYPE.get(type(value), type(value).__name__)

"""The line of a TOML file on which a mistake stands, found by the names that lead to its key."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence


def with_line(message: str, text: str, source: str) -> str:
    """Return a message with the line of the key that it names, found in the text by the names that lead to it."""
    found = re.match(rf"{re.escape(source)}: (?P<place>.*?): ", message)
    line = None if found is None else _line_of(found["place"].split(", "), text)
    if line is None:
        return message
    return f"{source}, line {line}{message.removeprefix(source)}"


def _line_of(place: Sequence[str], text: str) -> int | None:
    lines = text.splitlines()
    at, deepest = 0, None
    path: list[str] = []
    for words in place:
        kind, _, name = words.partition(" ")
        if not name:
            break
        path.append(kind)
        begins = _entry_lines(lines, ".".join(path), at)
        match = next((n for n in begins if _is_named(lines, n, name)), None)
        if match is None and name.isdigit() and int(name) <= len(begins):
            match = begins[int(name) - 1]
        if match is None:
            return deepest
        at, deepest = match, match + 1
    return _first(lines, at, _holds_key(place[-1])) or deepest


def _entry_lines(lines: Sequence[str], header: str, at: int) -> list[int]:
    wanted = re.compile(rf"\s*\[\[\s*{re.escape(header)}\s*\]\]")
    return [n for n in range(at, len(lines)) if wanted.match(lines[n])]


def _is_named(lines: Sequence[str], begin: int, name: str) -> bool:
    quoted = re.compile(rf"\s*(code|title|kind)\s*=\s*[\"']{re.escape(name)}[\"']")
    return _first(lines, begin + 1, lambda line: quoted.match(line) is not None) is not None


def _holds_key(key: str) -> Callable[[str], bool]:
    wanted = re.compile(rf"\s*(\[\[?\s*(?:[\w.]+\.)?{re.escape(key)}\s*\]|[\"']?{re.escape(key)}[\"']?\s*=)")
    return lambda line: wanted.match(line) is not None


def _first(lines: Sequence[str], begin: int, fits: Callable[[str], bool]) -> int | None:
    """Return the number (from 1) of the first line from ``begin`` on, within its table, that fits."""
    for number in range(begin, len(lines)):
        if fits(lines[number]):
            return number + 1
        if number > begin and re.match(r"\s*\[", lines[number]):
            return None
    return None

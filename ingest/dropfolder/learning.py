"""Reading the files of a folder for a first description of their stations."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from ingest.dropfolder.names import compiled, is_wanted
from ingest.learning import StationSeen
from quantrac.errors import SettingsError

_CODE_MAX = 64


class Learnt(NamedTuple):
    """What a folder of station files says."""

    seen: dict[str, StationSeen]
    """By the code in the files' names, or the folder below the one that was named."""
    unnamed: list[Path]
    """Files whose name fits no pattern."""


def learn(folder: Path, patterns: Sequence[str], most: int, max_file_bytes: int) -> Learnt:
    """Return what was seen of each station.

    Links are not followed; the newest ``most`` files of each station count, by the times in their names.

    Raises
    ------
    SettingsError
        Nothing is there, or no file is named after a pattern.
    """
    try:
        expressions = compiled(patterns)
    except ValueError as exc:
        raise SettingsError(f"QUANTRAC_DROP_PATTERNS: {exc}.") from exc
    if not folder.is_dir():
        raise SettingsError(f"{folder} is no folder: name the one in which the station's files lie.")
    top = folder.resolve().name
    found: dict[str, list[tuple[str, Path]]] = {}
    unnamed = []
    for path in _files(folder):
        match = next((m for e in expressions if (m := e.fullmatch(path.stem))), None)
        below = path.relative_to(folder)
        if match is not None and str(below).isprintable():
            code = match.groupdict().get("station") or (below.parts[0] if len(below.parts) > 1 else top)
            found.setdefault(code[:_CODE_MAX], []).append((match["time"], path))
        elif str(below).isprintable():
            unnamed.append(below)
    if not found:
        raise SettingsError(f"{folder} holds no station file (.txt with a time of 14 digits in its name).")
    seen = {code: StationSeen() for code in found}
    for code, paths in found.items():
        seen[code].lying = len(paths)
        for _, path in sorted(paths)[-most:]:
            with contextlib.suppress(OSError):  # gone since, or of an account that lets nobody read: one file less
                if path.stat().st_size <= max_file_bytes:
                    seen[code].add(path.read_bytes())
    return Learnt(seen, sorted(unnamed))


def _files(folder: Path) -> Iterator[Path]:
    for where, _, names in os.walk(folder):
        for name in names:
            path = Path(where, name)
            if (
                is_wanted(os.fsencode(name))
                and path.suffix.lower() == ".txt"
                and path.is_file()
                and not path.is_symlink()
            ):
                yield path

"""Files as no logger should write them, through the drop folder's walker and reader. For :mod:`bench.fuzz`."""

from __future__ import annotations

import os
import random
import socket
import stat
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from bench.seeds import NOW, SEEDS, STATION, mutated
from ingest.dropfolder.content import ChangedError
from ingest.dropfolder.known import KnownFiles
from ingest.dropfolder.names import DEFAULT_PATTERNS, Names, compiled
from ingest.dropfolder.pending import CUT_PATIENCE_S, Pending, Waiting
from ingest.dropfolder.reading import Read, Reader
from ingest.dropfolder.refused_file import rejected
from ingest.dropfolder.walker import Kind, Sight, Walker
from quantrac import topics
from quantrac.domain.stations import Registry

IN_A_FOLDER = 200
MAX_FILE_BYTES = 1_000_000
SPARSE_BYTES = 3 * 1024**3
"""A file that says it is so large and takes no room: reading it would be seen in the process's memory."""
_TEXT = SEEDS[topics.CONTENT_TT10]
_FOLDERS = (
    b"", b"S1", b"OLD/2026/11/23", b"nobody", b"x..y", "Trạm".encode(), b"\xff\xfe", b"a\nb",
    b"S1/" + b"d/" * 45 + b"e",
    b".hidden", b"a" * 200,
)  # fmt: skip
_NAMES = (
    b"S1_20261123100500.txt", b"DT_X_S1_20261123100501.TXT", b"20261123100500.txt", b"OLD20261123100500.txt",
    b"OTHER_20261123100500.txt", b"S1_99991399256199.txt", b"S1_20261123100500.csv", b"S1_20261123100500.senmlc",
    b"S1_20261123100500.json", b"S1_20261123100500.docx", b"\x07\n_20261123100500.txt",
    b"\xe2\x80\xae_20261123100500.txt",
    b"\xff_20261123100500.txt", b"..._20261123100500.txt", b"-rf_20261123100500.txt", b"%s$(id)_20261123100500.txt",
    b"_20261123100500.txt", b".txt", b"n" * 230 + b"_20261123100500.txt",
)  # fmt: skip
_YEAR_NS = 365 * 86_400 * 10**9
_CLOCKS_NS = (-60 * _YEAR_NS, 0, 1, 50 * _YEAR_NS, 330 * _YEAR_NS, 470 * _YEAR_NS)
"""From 1910 to 2440: what a file server without a battery, or with a broken one, may say."""


def odd_files(files: int, seed: int, outcomes: Counter[str]) -> Iterator[str]:
    """Make files, walk, change and read them; count what became of each, and yield a sentence for a fault."""
    choose = random.Random(seed)
    for first in range(0, files, IN_A_FOLDER):
        with tempfile.TemporaryDirectory(prefix="quantrac-odd-") as folder, KnownFiles(Path(folder) / "k") as known:
            root = os.fsencode(os.path.realpath(folder)) + b"/root"
            os.mkdir(root)
            for _ in range(min(IN_A_FOLDER, files - first)):
                _make(choose, root)
            yield from _walked(choose, root, known, outcomes)


def _walked(choose: random.Random, root: bytes, known: KnownFiles, outcomes: Counter[str]) -> Iterator[str]:
    reader = Reader(root, known, Names(compiled(DEFAULT_PATTERNS), Registry((STATION,))), MAX_FILE_BYTES)
    pending = Pending(0.0, IN_A_FOLDER, IN_A_FOLDER)
    walker = Walker(root, known)
    try:
        sights = [sight for sight in walker.walk() if sight is not None]
    except Exception as exc:  # noqa: BLE001  what this is for
        yield f"the walk ended: {type(exc).__name__}: {exc}"
        return
    for sight in sights:
        if choose.random() < 0.1:
            _change(choose, root + b"/" + sight.path)
        fault = _read(reader, pending, sight, known, outcomes)
        if fault is not None:
            yield f"{sight.path!r} ({sight.kind.name}): {fault}"
    fresh = [s.path for s in Walker(root, known).walk() if s is not None and known.lookup(s.path) is None]
    outcomes["left for the next walk"] += len(fresh)


def _read(reader: Reader, pending: Pending, sight: Sight, known: KnownFiles, outcomes: Counter[str]) -> str | None:
    """Read a file that has stood still for long; return what is wrong with the outcome."""
    try:
        found = reader.read(Waiting(sight, "", 0.0, 0.0), pending, NOW, CUT_PATIENCE_S + 1)
    except (ChangedError, OSError) as exc:
        outcomes[f"looked at again ({type(exc).__name__})"] += 1
        return None
    except Exception as exc:  # noqa: BLE001  what this is for
        return f"{type(exc).__name__}: {exc}"
    if found is None:
        return "it waits for ever"
    known.remember([found.file])
    if not isinstance(found, Read):
        outcomes["read before"] += 1
    elif found.refused is None:
        outcomes["read"] += 1
        if sight.kind is not Kind.FRESH:
            return "it is no regular file, and was opened"
    else:
        outcomes[f"refused: {found.refused.value}"] += 1
        told = rejected(found.content)
        if told.reason is not found.refused or not told.detail.isprintable() or len(told.detail) < 40:
            return f"it is refused with {told}"
    return None


def _make(choose: random.Random, root: bytes) -> None:
    folder = root + b"/" + choose.choice(_FOLDERS)
    path = folder + b"/" + choose.choice(_NAMES)
    with suppress(OSError, ValueError):  # the name is taken, or too long for the file system
        os.makedirs(folder, exist_ok=True)
        choose.choice(_KINDS)(choose, path)
        if not stat.S_ISLNK(os.lstat(path).st_mode) and choose.random() < 0.3:
            moment = choose.choice(_CLOCKS_NS)
            os.utime(path, ns=(moment, moment))


def _regular(choose: random.Random, path: bytes) -> None:
    with open(path, "xb") as file:
        file.write(mutated(choose, _TEXT) if choose.random() < 0.7 else choose.choice(_TEXT))


def _sparse(_: random.Random, path: bytes) -> None:
    with open(path, "xb") as file:
        file.truncate(SPARSE_BYTES)


def _socket(_: random.Random, path: bytes) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)


def _device(_: random.Random, path: bytes) -> None:
    os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, 5))  # /dev/zero, which never ends; only root may


_KINDS: tuple[Callable[[random.Random, bytes], None], ...] = (
    *([_regular] * 6),
    _sparse,
    _socket,
    _device,
    lambda _, path: os.mkfifo(path),
    lambda _, path: os.mkdir(path),
    lambda _, path: os.symlink(b"/dev/zero", path),
    lambda _, path: os.symlink(b"..", path),
    lambda _, path: os.symlink(path, path),
    lambda _, path: os.symlink(b"/etc", path),
)


def _change(choose: random.Random, path: bytes) -> None:
    """Do to a file between its being seen and read what a logger, or somebody wicked, may do."""
    with suppress(OSError):
        how = choose.randrange(5)
        if how == 0:
            os.unlink(path)
        elif how == 1:
            os.unlink(path)
            os.symlink(b"/etc/passwd", path)
        elif how == 2:
            os.unlink(path)
            os.mkfifo(path)
        elif how == 3:
            parent = os.path.dirname(path)
            os.rename(parent, parent + b"~")
            os.symlink(parent + b"~", parent)
        elif stat.S_ISREG(os.lstat(path).st_mode):
            with open(path, "ab") as file:
                file.write(b"COD\t1\tmg/L\t20261123100500\t00\n")

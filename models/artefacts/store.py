"""A folder of trained models: files named by their SHA-256, an index replaced as a whole, one active model per name.

``index.json`` lists what is known of every artefact (training window, hash of the data, metrics, code version) and
which is active under each name, with the history. An artefact is given out only if its bytes have the hash of its name
and its format is this version's; what they mean is ``models.artefacts.loading``'s business.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path

from models.errors import ModelError

FORMAT_VERSION = 4
"""Raised whenever an artefact of an older version would be misread; older ones are then refused and trained anew."""

DEFAULT = "default"
"""Name of the artefact of every station that has none of its own."""
_INDEX = "index.json"


@dataclass(frozen=True, slots=True)
class Artefact:
    """What is known of a stored model. Times are ISO 8601 with offset; ``metrics`` are those of its own validation."""

    sha256: str
    name: str
    detector: str
    created_at: str
    window_start: str
    window_end: str
    data_sha256: str
    metrics: Mapping[str, float | None]
    code_version: str
    format_version: int = FORMAT_VERSION
    learnt_from: str = ""
    """Station, or family of recorded water, whose data it has seen; empty: it was stored before this was noted."""

    @property
    def is_foreign(self) -> bool:
        """Whether it is for one place and learnt from another, or nobody knows from which."""
        return self.name not in {DEFAULT, self.learnt_from}


@dataclass(frozen=True, slots=True)
class Change:
    """One promotion, rollback, or begin or end of a shadow run."""

    at: str
    name: str
    action: str
    sha256: str
    """Empty: a first promotion was taken back, and nothing learnt is active."""
    previous: str | None
    reason: str = ""
    """Why somebody promoted what was refused; empty: nothing spoke against it."""


@dataclass(frozen=True, slots=True)
class _Index:
    artefacts: tuple[Artefact, ...] = ()
    active: Mapping[str, str] = field(default_factory=dict)
    history: tuple[Change, ...] = ()
    shadows: Mapping[str, str] = field(default_factory=dict)
    """Candidates that run beside the active ones, by name."""


class ArtefactStore:
    """The artefacts of one folder. Every method raises ``ModelError`` with a sentence when it cannot do its work."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def add(self, content: bytes, about: Artefact) -> Artefact:
        """Store a model and return its entry with the hash filled in; storing the same bytes twice is one artefact."""
        entry = replace(about, sha256=hashlib.sha256(content).hexdigest(), format_version=FORMAT_VERSION)
        with self._locked() as index:
            _write(self._path(entry.sha256), content)
            others = tuple(a for a in index.artefacts if a.sha256 != entry.sha256)
            self._replace_index(replace(index, artefacts=(*others, entry)))
        return entry

    def load(self, sha256: str) -> bytes:
        """Return the content of a hash (or of its unambiguous beginning)."""
        entry = self.entry(sha256)
        if entry.format_version != FORMAT_VERSION:
            raise ModelError(
                f"artefact {entry.sha256} has format version {entry.format_version}, this program reads "
                f"{FORMAT_VERSION}: train it anew with `quantrac models train`"
            )
        try:
            content = self._path(entry.sha256).read_bytes()
        except OSError as exc:
            raise ModelError(
                f"artefact {entry.sha256} cannot be read from {self._folder} ({exc.strerror}): "
                "restore the file or promote another"
            ) from exc
        found = hashlib.sha256(content).hexdigest()
        if found != entry.sha256:
            raise ModelError(
                f"artefact {entry.sha256} is refused: its file has the hash {found}, so it is corrupt or was tampered "
                "with; restore the file or promote another"
            )
        return content

    def active(self, name: str) -> Artefact | None:
        """Return the active artefact of a name, if there is one."""
        sha256 = self._read().active.get(name)
        return None if sha256 is None else self.entry(sha256)

    def chosen(self) -> tuple[dict[str, str], dict[str, str]]:
        """Return the hashes of the active artefacts and of the shadows, by name."""
        index = self._read()
        return dict(index.active), dict(index.shadows)

    def stamp(self) -> tuple[int, ...] | None:
        """Return what changes whenever the index does; ``None`` while there is none. Does not read it."""
        try:
            found = (self._folder / _INDEX).stat()
        except OSError:
            return None
        return (found.st_mtime_ns, found.st_size, found.st_ino)

    def entries(self, name: str | None = None) -> tuple[Artefact, ...]:
        """Return all entries, oldest first; of one name if given."""
        return tuple(a for a in self._read().artefacts if name in {None, a.name})

    def history(self, name: str | None = None) -> tuple[Change, ...]:
        """Return promotions and rollbacks, oldest first."""
        return tuple(c for c in self._read().history if name in {None, c.name})

    def entry(self, sha256: str) -> Artefact:
        """Return the entry of a hash or of its unambiguous beginning."""
        matches = [a for a in self._read().artefacts if a.sha256.startswith(sha256)] if sha256 else []
        if len(matches) != 1:
            problem = "is not known" if not matches else f"stands for {len(matches)} artefacts"
            raise ModelError(f"artefact {sha256!r} {problem} in {self._folder}: see `quantrac models list`")
        return matches[0]

    def begin_shadow(self, sha256: str, at: datetime) -> Change:
        """Let a candidate run beside the active artefact of its name; it is loaded once first."""
        entry = self.entry(sha256)
        self.load(entry.sha256)
        with self._locked() as index:
            if index.active.get(entry.name) == entry.sha256:
                raise ModelError(f"artefact {entry.sha256} is the active one of {entry.name}: a shadow is another")
            change = Change(at.isoformat(), entry.name, "shadow", entry.sha256, index.shadows.get(entry.name))
            return self._noted(replace(index, shadows={**index.shadows, entry.name: entry.sha256}), change)

    def end_shadow(self, name: str, at: datetime) -> Change:
        """End the shadow run of a name."""
        with self._locked() as index:
            sha256 = index.shadows.get(name)
            if sha256 is None:
                raise ModelError(f"no shadow runs for {name}: see `quantrac models list`")
            change = Change(at.isoformat(), name, "end shadow", sha256, None)
            return self._noted(replace(index, shadows={n: h for n, h in index.shadows.items() if n != name}), change)

    def promote(self, sha256: str, at: datetime, reason: str = "") -> Change:
        """Make an artefact the active one of its name; it is loaded once first, so that a broken one never is.

        ``reason`` is why somebody promotes what was refused; it stands in the history.
        """
        entry = self.entry(sha256)
        self.load(entry.sha256)
        return self._activate(entry.name, entry.sha256, "promote", at, reason)

    def rollback(self, name: str, at: datetime) -> Change:
        """Make the artefact active again that was so before the last promotion that still stands.

        Before a first promotion nothing learnt was active: then none is again, and the change has no hash.
        """
        standing = _standing(self.history(name))
        if not standing:
            raise ModelError(f"{name} has no earlier active artefact: choose one with `quantrac models promote`")
        before = standing[-2] if len(standing) > 1 else ""
        if before:
            self.load(before)
        return self._activate(name, before, "rollback", at)

    def prune(self, name: str, keep: int) -> tuple[str, ...]:
        """Delete the artefacts of a name that nothing needs any more, and return their hashes; the history stays.

        Kept are the active one and the shadow, the last ``keep`` that a rollback can go back to, and the newest
        ``keep``: somebody may still want to promote them.
        """
        with self._locked() as index:
            own = [a.sha256 for a in index.artefacts if a.name == name]
            wanted = {*own[-keep:], *_standing([c for c in index.history if c.name == name])[-keep:]}
            wanted |= {*index.active.values(), *index.shadows.values()}
            gone = tuple(sha256 for sha256 in own if sha256 not in wanted)
            if gone:
                self._replace_index(replace(index, artefacts=tuple(a for a in index.artefacts if a.sha256 not in gone)))
            for sha256 in gone:
                for file in self._folder.glob(f"{sha256}.*"):  # older versions ended otherwise
                    file.unlink()
        return gone

    def _activate(self, name: str, sha256: str, action: str, at: datetime, reason: str = "") -> Change:
        """Make an artefact, or none (``""``), the active one of a name; it is no shadow any more."""
        with self._locked() as index:
            change = Change(at.isoformat(), name, action, sha256, index.active.get(name), reason)
            active = {n: h for n, h in {**index.active, name: sha256}.items() if h}
            shadows = {n: h for n, h in index.shadows.items() if (n, h) != (name, sha256)}
            return self._noted(replace(index, active=active, shadows=shadows), change)

    def _path(self, sha256: str) -> Path:
        return self._folder / f"{sha256}.msgpack"

    def _read(self) -> _Index:
        path = self._folder / _INDEX
        try:
            raw = json.loads(path.read_text(encoding="utf-8"))
            artefacts = tuple(Artefact(**entry) for entry in raw["artefacts"])
            history = tuple(Change(**change) for change in raw["history"])
            return _Index(artefacts, dict(raw["active"]), history, dict(raw.get("shadows", {})))
        except FileNotFoundError:
            return _Index()
        except (OSError, ValueError, KeyError, TypeError) as exc:
            raise ModelError(f"{path} cannot be read ({exc}): restore it from a backup") from exc

    def _replace_index(self, index: _Index) -> None:
        _write(self._folder / _INDEX, json.dumps(asdict(index), indent=2, ensure_ascii=False).encode())

    def _noted(self, index: _Index, change: Change) -> Change:
        """Keep an index with a change in its history."""
        self._replace_index(replace(index, history=(*index.history, change)))
        return change

    @contextmanager
    def _locked(self) -> Iterator[_Index]:
        """Hold the folder against other processes that change it, and yield what its index says."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with (self._folder / "index.lock").open("a") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                yield self._read()
        except OSError as exc:
            raise ModelError(f"the model folder {self._folder} cannot be written ({exc}): check its rights") from exc


def _standing(history: Sequence[Change]) -> list[str]:
    """Return the promoted artefacts of one name that no rollback took back, oldest first."""
    standing: list[str] = []
    for change in history:
        if change.action == "promote":
            standing.append(change.sha256)
        elif change.action == "rollback" and standing:
            standing.pop()
    return standing


def _write(path: Path, content: bytes) -> None:
    """Write a file so that a reader sees the old one or the new one, also after a crash."""
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as partial:
        partial.write(content)
        partial.flush()
        os.fsync(partial.fileno())
    Path(partial.name).replace(path)

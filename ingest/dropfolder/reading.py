"""One file that is due: what becomes of it, decided from what was seen and what is in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from ingest.dropfolder import content
from ingest.dropfolder.known import KnownFile, KnownFiles
from ingest.dropfolder.names import Named, Names, printable
from ingest.dropfolder.pending import CUT_PATIENCE_S, Pending, Waiting
from ingest.dropfolder.refused_file import note
from ingest.dropfolder.sending import sha256_of
from ingest.dropfolder.walker import Kind, Sight
from quantrac import topics
from quantrac.domain.deadletters import Rejected, RejectReason

_UNREADABLE = Rejected(
    RejectReason.UNREADABLE_FILE,
    "The account that uploaded the file lets nobody else read it; set its mode to 640 (umask 027), or upload it again.",
)


@dataclass(frozen=True, slots=True)
class Read:
    """A file to be sent: what is remembered of it, and its records."""

    file: KnownFile
    content_type: str
    content: bytes
    refused: RejectReason | None = None

    def records(self) -> Iterator[tuple[int, bytes]]:
        """Yield offset and bytes of its records."""
        return content.records(self.content, self.content_type)


@dataclass(frozen=True, slots=True)
class Same:
    """A file whose content was read before: remembered, not sent."""

    file: KnownFile


@dataclass(slots=True)
class Reader:
    """Reads files below ``root``."""

    root: bytes
    known: KnownFiles
    names: Names
    max_file_bytes: int

    def read(self, waiting: Waiting, pending: Pending, now: datetime, now_s: float) -> Read | Same | None:
        """Return what is to be done with a file; ``None`` when it is not whole, or may not be read, yet.

        Raises
        ------
        ingest.dropfolder.content.ChangedError
            It was written since it was seen.
        OSError
            It cannot be read, or went away.
        """
        sight = waiting.sight
        named = self._refusal(sight) or self.names.named(sight.path, now)
        settled = pending.is_settled(waiting, now_s)
        if isinstance(named, Rejected):
            # One that still grows would be told anew with each of its sizes.
            growing = named.reason is RejectReason.TOO_LARGE and not settled
            return None if growing else self._refused(sight, named, now)
        try:
            found = content.read(self.root, sight.path, sight.fingerprint)
        except PermissionError:
            # Told once, and tried again with each walk: the right to read may come without a change of the file.
            told = replace(sight, fingerprint=replace(sight.fingerprint, ctime_ns=0))
            if (known := self.known.lookup(sight.path)) is not None and known[0] == told.fingerprint:
                raise
            return None if now_s - waiting.since_s < CUT_PATIENCE_S else self._refused(told, _UNREADABLE, now)
        complete = content.is_complete(found, named.content_type, named.sensors)
        whole = settled and content.ends_whole(found, named.content_type)
        if not (complete or whole or now_s - waiting.since_s >= CUT_PATIENCE_S):
            pending.keep(waiting, found)
            return None
        return self._read(sight, named, found, now)

    def gone(self, waiting: Waiting, now: datetime) -> Read | Same | None:
        """Return what is to be done with a file that went away while it waited; ``None`` when no whole line was seen.

        Another program may read the same folder, and remove what it has read.
        """
        named = self.names.named(waiting.sight.path, now)
        if waiting.kept is None or isinstance(named, Rejected):
            return None
        sight = replace(waiting.sight, fingerprint=replace(waiting.sight.fingerprint, size=len(waiting.kept)))
        whole = content.ends_whole(waiting.kept, named.content_type)
        return self._read(sight, named, waiting.kept, now) if whole else None

    def _read(self, sight: Sight, named: Named, found: bytes, now: datetime) -> Read | Same:
        file = KnownFile(sight.path, sight.fingerprint, sha256_of(found), named.station, int(now.timestamp()))
        if self.known.has_content(file.path, file.station, file.sha256 or b""):
            return Same(file)
        return Read(file, named.content_type, found)

    def _refusal(self, sight: Sight) -> Rejected | None:
        if sight.kind is Kind.ODD:
            return Rejected(
                RejectReason.NOT_A_REGULAR_FILE,
                "This is a symbolic link, a device, a pipe or a socket and is not opened; upload a regular file.",
            )
        if sight.fingerprint.size > self.max_file_bytes:
            return Rejected(
                RejectReason.TOO_LARGE,
                f"The file has {sight.fingerprint.size} bytes and {self.max_file_bytes} are read; write one file per "
                "result time, as the circular says.",
            )
        return None

    def _refused(self, sight: Sight, why: Rejected, now: datetime) -> Read:
        station = self.names.account_of(sight.path, now)
        file = KnownFile(sight.path, sight.fingerprint, None, station, int(now.timestamp()))
        told = note(printable(sight.path), why.reason, why.detail)
        return Read(file, topics.CONTENT_REFUSED_FILE, told, why.reason)

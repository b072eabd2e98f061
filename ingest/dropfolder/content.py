"""A file's bytes: opened without following links, judged whole or cut short, and cut into records between lines."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator

from ingest.dropfolder.known import Fingerprint
from ingest.dropfolder.walker import fingerprint_of
from ingest.payloads.text import utf16_of
from quantrac import topics

CHUNK_BYTES = 131_072
"""Largest part of a station file in one record: half of what a worker reads of one payload."""
_LAST_LINE = re.compile(rb"[\t;,]\d{14}[\t;,]\w{2,4}\Z")
"""A line that ends with time and status, which has two digits."""
_ENDS: dict[str, tuple[bytes, ...]] = {
    topics.CONTENT_FLAT_JSON: (b"}", b"]"),
    topics.CONTENT_SENML_JSON: (b"]",),
}


class ChangedError(Exception):
    """The file is another than the one that was seen, or was written while it was read: look again."""


def read(root: bytes, path: bytes, expected: Fingerprint) -> bytes:
    """Return the bytes of a regular file below ``root``, as long as it is the one that was seen.

    Raises
    ------
    ChangedError
        It was changed, replaced, or a folder on its way became a link.
    OSError
        It cannot be opened or read.
    """
    absolute = root + b"/" + path
    # O_NONBLOCK: what became a pipe since it was seen must not hold us.
    fd = os.open(absolute, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        found = os.fstat(fd)
        if not stat.S_ISREG(found.st_mode) or fingerprint_of(found) != expected:
            raise ChangedError
        if os.readlink(f"/proc/self/fd/{fd}".encode()) != absolute:
            raise ChangedError
        content = _all_of(fd, expected.size)
        if len(content) != expected.size or fingerprint_of(os.fstat(fd)) != expected:
            raise ChangedError
    finally:
        os.close(fd)
    return content


def _all_of(fd: int, size: int) -> bytes:
    """Return a file's bytes, one more than ``size`` when there are more."""
    content = os.read(fd, size + 1)
    while len(content) < size and (more := os.read(fd, size + 1 - len(content))):
        content += more
    return content


def ends_whole(content: bytes, content_type: str) -> bool:
    r"""Whether the last line, or the last bracket, of a file is there; a file can still miss lines after it.

    >>> ends_whole(b"COD\t58.0\tmg/L\t20261123100500\t00", topics.CONTENT_TT10)
    True
    >>> ends_whole(b"COD\t58.0\tmg/L\t202611", topics.CONTENT_TT10)
    False
    """
    tail = content[-4096:].rstrip(b"\r\n\t \x00")
    if not tail:
        return False
    if content_type == topics.CONTENT_TT10:
        if encoding := utf16_of(content):
            tail = content.decode(encoding, "replace").encode()
        return _LAST_LINE.search(tail.rstrip(b"\r\n\t ;,\x00")) is not None
    if content_type == topics.CONTENT_CSV:
        return content.endswith(b"\n")
    return tail.endswith(_ENDS.get(content_type, (b"",)))


def is_complete(content: bytes, content_type: str, sensors: int) -> bool:
    """Whether a station file has a line for each of the station's sensors and ends with a line end."""
    return (
        content_type == topics.CONTENT_TT10
        and sensors > 0
        and content.endswith(b"\n")
        and content.count(b"\n") >= sensors
        and ends_whole(content, content_type)
    )


def records(content: bytes, content_type: str) -> Iterator[tuple[int, bytes]]:
    """Yield offset and bytes of the records of a file; together they are the file.

    Only station files are cut, between lines: each of their lines stands for itself.
    """
    cut = content_type == topics.CONTENT_TT10 and b"\x00" not in content[:4096]
    start = 0
    while cut and len(content) - start > CHUNK_BYTES:
        end = content.rfind(b"\n", start, start + CHUNK_BYTES) + 1
        if end <= start:
            break  # a line longer than a record: no station file, and refused as a whole
        yield start, content[start:end]
        start = end
    yield start, content[start:]

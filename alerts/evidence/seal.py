"""The sealed file: a ZIP whose manifest names every member with its SHA-256 and is signed. Pure but for the file.

The same members, key and manifest give the same bytes. Verifying needs this file alone, reads each member once and
bounded, unpacks nothing, and names the first thing that is wrong.
"""

from __future__ import annotations

import base64
import binascii
import csv
import hashlib
import io
import json
import re
import struct
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from alerts.evidence import contents
from alerts.evidence.keys import public_key, public_text

FORMAT = "quantrac-evidence/1"
MANIFEST, SIGNATURE = "manifest.json", "manifest.sig"
EPOCH = (1980, 1, 1, 0, 0, 0)
"""Of every member: when it was made stands in the manifest, and is signed there."""
MOST_MEMBERS = 200
MOST_BYTES = 512 * 1024 * 1024
"""Of all members together, unpacked."""
MOST_MANIFEST = 1024 * 1024
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}(/[a-z0-9][a-z0-9._-]{0,99})?")
_CHUNK = 1024 * 1024
_NO_ZIP = (
    zipfile.BadZipFile, zlib.error, csv.Error, struct.error, EOFError, KeyError, NotImplementedError, RuntimeError,
    ValueError,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Verdict:
    """What verifying showed."""

    problem: str | None
    """The first thing that is wrong; ``None``: the file is whole."""
    manifest: Mapping[str, Any] | None = None
    public_key: str = ""
    """Of whoever has sealed it: to be compared with the one that was published."""


def seal(members: Mapping[str, bytes], about: Mapping[str, Any], key: Ed25519PrivateKey) -> bytes:
    """Return the sealed file of some members; ``about`` is put into the manifest beside their names and hashes."""
    listed = [
        {"name": name, "size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        for name, content in sorted(members.items())
    ]
    document = {"format": FORMAT, **about, "public_key": public_text(key.public_key()), "members": listed}
    manifest = (json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()
    signature = base64.b64encode(key.sign(manifest)) + b"\n"
    return _zipped({MANIFEST: manifest, SIGNATURE: signature, **dict(sorted(members.items()))})


def _zipped(members: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, content in members.items():
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.compress_type, entry.external_attr, entry.create_system = zipfile.ZIP_DEFLATED, 0o644 << 16, 3
            archive.writestr(entry, content)
    return buffer.getvalue()


def verify(path: Path, expected_key: str | None = None) -> Verdict:
    """Return whether a file is the one that was sealed, and if not, what is the first thing that is wrong.

    Parameters
    ----------
    expected_key
        Public key of whoever should have sealed it. Without it a file that somebody else has sealed as a whole passes,
        and the reader has to compare ``Verdict.public_key``.
    """
    try:
        with path.open("rb") as file:
            problem = _shape(file)
            if problem is not None:
                return Verdict(problem)
            with zipfile.ZipFile(file) as archive:
                return _verified(archive, expected_key)
    except OSError as exc:
        return Verdict(f"{path} cannot be read: {exc.strerror}")
    except _NO_ZIP as exc:
        return Verdict(f"it is no whole ZIP file: {exc or type(exc).__name__}")


def _shape(file: Any) -> str | None:
    """Refuse what a ZIP may have around its members and no sealed file has: other content before, between or behind."""
    file.seek(0)
    if file.read(4) != b"PK\x03\x04":
        return "it is no sealed file: it does not begin as a ZIP file"
    size = file.seek(0, 2)
    if size > MOST_BYTES:
        return f"it is larger than {MOST_BYTES} bytes"
    file.seek(max(size - 22, 0))
    end = file.read(22)
    if len(end) < 22 or end[:4] != b"PK\x05\x06":
        return "it is cut off, or something was added behind its end"
    return None


def _verified(archive: zipfile.ZipFile, expected_key: str | None) -> Verdict:
    entries = archive.infolist()
    by_name = {entry.filename: entry for entry in entries}
    problem = _refused(entries) or _gap(entries, archive.start_dir)
    if problem is None and not {MANIFEST, SIGNATURE} <= set(by_name):
        problem = "it has no signed manifest"
    if problem is not None:
        return Verdict(problem)
    manifest = _read(archive, by_name.pop(MANIFEST), MOST_MANIFEST)
    signature = _read(archive, by_name.pop(SIGNATURE), MOST_MANIFEST)
    document = _document(manifest)
    if document is None:
        return Verdict(f"{MANIFEST} is not one of the format {FORMAT}")
    signer = str(document["public_key"])
    problem = _unsigned(manifest, signature, signer, expected_key) or _changed(archive, by_name, document["members"])
    return Verdict(problem, document, signer)


def _changed(
    archive: zipfile.ZipFile, by_name: dict[str, zipfile.ZipInfo], listed: Sequence[Mapping[str, Any]]
) -> str | None:
    kept: dict[str, bytes] = {}
    for member in listed:
        problem = _differs(archive, by_name.pop(member["name"], None), member, kept)
        if problem is not None:
            return problem
    if by_name:
        return f"{next(iter(by_name))} was added: the manifest does not name it"
    return contents.contradiction(kept)


def _refused(entries: list[zipfile.ZipInfo]) -> str | None:
    if len(entries) > MOST_MEMBERS:
        return f"it has {len(entries)} members, more than {MOST_MEMBERS}"
    seen: set[str] = set()
    for entry in entries:
        name = entry.filename
        if _NAME.fullmatch(name) is None or entry.orig_filename != name:
            return f"it has a member with the name {name[:100]!r}, which no sealed file has"
        if name in seen:
            return f"{name} stands in it twice"
        seen.add(name)
        if entry.flag_bits & 0x1 or entry.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
            return f"{name} is encrypted, or packed in another way than sealed files are"
    total = sum(entry.file_size for entry in entries)
    return f"unpacked it would have {total} bytes, more than {MOST_BYTES}" if total > MOST_BYTES else None


def _gap(entries: list[zipfile.ZipInfo], directory: int) -> str | None:
    """Refuse what lies between the members, where no reader of ZIP files looks."""
    at = 0
    for entry in sorted(entries, key=lambda e: e.header_offset):
        if entry.header_offset != at or entry.extra or entry.comment or entry.flag_bits & 0x8:
            return f"{entry.filename} does not begin where the member before it ends"
        at += 30 + len(entry.filename) + entry.compress_size
    return None if at == directory else "something lies between its members and their directory"


def _read(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, most: int) -> bytes:
    """Return a member's content; one that holds more than it says, or than ``most``, is refused."""
    with archive.open(entry) as member:
        content = member.read(min(entry.file_size, most) + 1)
    if len(content) != entry.file_size:
        raise ValueError(f"{entry.filename} has not the size that it says")
    return content


def _document(manifest: bytes) -> dict[str, Any] | None:
    try:
        document = json.loads(manifest)
        named = [(m["name"], m["size"], m["sha256"]) for m in document["members"]]
        right = document["format"] == FORMAT and isinstance(document["public_key"], str)
        right = right and all(isinstance(n, str) and type(s) is int and isinstance(h, str) for n, s, h in named)
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return document if right and len({n for n, _, _ in named}) == len(named) else None


def _unsigned(manifest: bytes, signature: bytes, signer: str, expected: str | None) -> str | None:
    if expected is not None and expected.strip() != signer.strip():
        return "it was sealed with another key than the one that is expected"
    try:
        public_key(signer).verify(base64.b64decode(signature, validate=False), manifest)
    except (InvalidSignature, ValueError, binascii.Error):
        return f"{MANIFEST} is not what was signed, or was signed with another key"
    return None


def _differs(
    archive: zipfile.ZipFile, entry: zipfile.ZipInfo | None, member: Mapping[str, Any], kept: dict[str, bytes]
) -> str | None:
    name = member["name"]
    if entry is None:
        return f"{name} is missing"
    if entry.file_size != member["size"]:
        return f"{name} has {entry.file_size} bytes, and the manifest says {member['size']}"
    digest, parts = hashlib.sha256(), []
    with archive.open(entry) as content:
        while chunk := content.read(_CHUNK):
            digest.update(chunk)
            parts += [chunk] if name in contents.CROSS_CHECKED else []
    if digest.hexdigest() != member["sha256"]:
        return f"{name} is not what was sealed: its SHA-256 is another"
    if parts:
        kept[name] = b"".join(parts)
    return None

"""What may be attached to an incident: photographs and documents, known by their first bytes and not by their name."""

from __future__ import annotations

import re

_BEGINNINGS = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"%PDF-", "application/pdf"),
)
PICTURES = frozenset({"image/jpeg", "image/png", "image/webp"})
"""What browsers show; the rest is downloaded."""


def type_of(content: bytes) -> str | None:
    r"""Return the type of a file that is taken; ``None`` for every other.

    >>> type_of(b"\xff\xd8\xff\xe0"), type_of(b"RIFF\0\0\0\0WEBPVP8 "), type_of(b"<svg onload=alert(1)>")
    ('image/jpeg', 'image/webp', None)
    """
    for beginning, kind in _BEGINNINGS:
        if content.startswith(beginning):
            return kind
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    if content[4:8] == b"ftyp" and content[8:12] in {b"heic", b"heix", b"mif1", b"msf1"}:
        return "image/heic"
    return None


def safe_name(name: str, kind: str) -> str:
    """Return a file's name without folders and signs that mean something to systems, with the ending of its type.

    >>> safe_name("../../ảnh cống.php", "image/png"), safe_name("", "application/pdf")
    ('ảnh cống.png', 'tep.pdf')
    """
    last = re.split(r"[\\/]", name)[-1]
    stem = re.sub(r"[^\w .()-]", "", last.rsplit(".", 1)[0], flags=re.UNICODE).strip(" .")[:80]
    return f"{stem or 'tep'}.{kind.rsplit('/', 1)[1].replace('jpeg', 'jpg')}"

"""Links with which an incident is taken from a message: signed, expiring, single use. Pure.

A link is bound to one incident and one person. The database keeps its hash alone; the key that signs it is in a file,
so that neither whoever reads the database nor whoever writes into it can make one.

::

    https://page/ack/ kxl3…26 letters   xq2a…26 letters
                      random            HMAC-SHA256 of random, incident, person and end
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path

from quantrac.domain.incidents import Incident, IncidentLink
from quantrac.errors import SettingsError

PATH = "/ack/"
LASTS = timedelta(hours=24)
"""As long as a message about it is tried: then the incident comes back by itself, with a new link."""
KEY_BYTES = 32
_RANDOM_BYTES = 16
_LETTERS = 26
"""Of 16 bytes in base32: no letter of it is changed by a chat's markup, or lost when somebody reads it out."""
IN_TEXT = re.compile(rf"https?://[^\s/]+/\S*{PATH[1:]}[a-z2-7]{{{2 * _LETTERS}}}(?!\S)")
"""A link as it stands in a message."""


class LinkAnswer(StrEnum):
    """What a link can do."""

    VALID = "valid"
    UNKNOWN = "unknown"
    """Refused: forged, cut off, or of another page."""
    EXPIRED = "expired"
    USED = "used"
    NOT_ACTIVE = "not_active"
    """Refused: the incident is over."""
    HELD_BY_OTHER = "held_by_other"
    """Refused: somebody else was first."""


SENTENCES = {
    LinkAnswer.VALID: ("Bấm nút để nhận sự cố này.", "Press the button to take this incident."),
    LinkAnswer.UNKNOWN: (
        "Liên kết không hợp lệ hoặc bị cắt. Hãy mở lại từ tin nhắn, hoặc đăng nhập.",
        "This link is not valid, or was cut off. Open it from the message again, or log in.",
    ),
    LinkAnswer.EXPIRED: (
        "Liên kết đã hết hạn. Nếu sự cố còn mở, tin nhắn mới có liên kết mới.",
        "This link has expired. If the incident is still open, a newer message has a new one.",
    ),
    LinkAnswer.USED: ("Liên kết này đã được dùng rồi.", "This link has been used already."),
    LinkAnswer.NOT_ACTIVE: ("Sự cố đã kết thúc; không cần nhận nữa.", "The incident is over; nothing is left to take."),
    LinkAnswer.HELD_BY_OTHER: ("Đã có người khác nhận sự cố này.", "Somebody else has taken this incident."),
}
"""For the page, Vietnamese and English."""


@dataclass(frozen=True, slots=True)
class Signer:
    """Makes links, and tells those that it has made."""

    key: bytes
    page: str | None = None
    """How browsers reach the page, without a slash at the end; ``None``: nothing can be made."""
    random: Callable[[int], bytes] = secrets.token_bytes

    def make(self, incident_id: int, person: str, now: datetime) -> tuple[str, IncidentLink]:
        """Return the address of a new link, and what is kept of it."""
        expires_at = (now + LASTS).replace(microsecond=0)
        first = _letters(self.random(_RANDOM_BYTES))
        token = first + self._mac(first, incident_id, person, expires_at)
        return f"{self.page}{PATH}{token}", IncidentLink(digest(token), incident_id, person, now, expires_at)

    def judge(self, token: str, link: IncidentLink | None, incident: Incident | None, now: datetime) -> LinkAnswer:
        """Return what a link can do to its incident, as the database has both."""
        if link is None or incident is None or link.incident_id != incident.id:
            return LinkAnswer.UNKNOWN
        mac = self._mac(token[:_LETTERS], link.incident_id, link.person, link.expires_at)
        if not token.isascii() or not hmac.compare_digest(token[_LETTERS:].encode(), mac.encode()):
            return LinkAnswer.UNKNOWN
        refusals = (
            (link.used_at is not None, LinkAnswer.USED),
            # One that lasts for two days is of a clock that was ahead.
            (not now < link.expires_at <= now + 2 * LASTS, LinkAnswer.EXPIRED),
            (not incident.is_active, LinkAnswer.NOT_ACTIVE),
            (incident.holder not in {None, link.person}, LinkAnswer.HELD_BY_OTHER),
        )
        return next((answer for refused, answer in refusals if refused), LinkAnswer.VALID)

    def _mac(self, first: str, incident_id: int, person: str, expires_at: datetime) -> str:
        bound = f"{first}|{incident_id}|{person}|{expires_at.timestamp():.0f}".encode("utf-8", "replace")
        return _letters(hmac.new(self.key, bound, hashlib.sha256).digest()[:_RANDOM_BYTES])


def digest(token: str) -> bytes:
    """Return what is kept of a link's token; of a text that can be none, what nothing has."""
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()


def load_key(path: Path) -> bytes:
    """Return the key of a file; made where there is none, readable for its owner alone.

    Raises
    ------
    SettingsError
        It cannot be read or made, is too short, or others may read it.
    """
    where = f"{path} (QUANTRAC_LINK_KEY_FILE)"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _make(path)
        if path.stat().st_mode & 0o077:
            raise SettingsError(f"{where} holds a key and others may read it: chmod 600 {path}")
        key = path.read_bytes()
    except OSError as exc:
        raise SettingsError(f"{where} can be neither read nor made: {exc.strerror}.") from exc
    if len(key) < KEY_BYTES:
        raise SettingsError(f"{where} has fewer than {KEY_BYTES} bytes: remove it, and a new one is made.")
    return key


def _make(path: Path) -> None:
    """Make a key unless there is one; of two processes at once, both get the same."""
    if path.exists():
        return
    written = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(written, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(secrets.token_bytes(KEY_BYTES))
    try:
        os.link(written, path)
    except FileExistsError:
        pass
    finally:
        written.unlink()


def _letters(content: bytes) -> str:
    return base64.b32encode(content).rstrip(b"=").decode().lower()

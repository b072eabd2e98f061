"""A channel counts once its owner has returned the code that was sent there: to send one, and to judge it."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

from alerts.incidents.messages import notification, plain, way
from alerts.oncall.channels import CODE_DIGITS, CODE_LASTS, CodeAnswer, SentCode, check_code, new_code
from quantrac.domain.incidents import IncidentMessage
from quantrac.domain.oncall import ContactChannel


class CodeStore(Protocol):
    """What is kept of codes; ``sql`` has a class of this shape. Every method raises ``StoreError``."""

    def send_code(self, channel_id: int, digest: str, expires_at: datetime, message: IncidentMessage) -> None:
        """Keep the digest of a code and put the message with the code into the outbox; an earlier code ends."""
        ...

    def try_code(
        self, channel_id: int, verify: Callable[[tuple[str, datetime, int] | None], bool], now: datetime
    ) -> None:
        """Lock what is kept of a channel's code, let ``verify`` judge it, and count the try."""
        ...


def send_code(store: CodeStore, channel: ContactChannel, now: datetime) -> None:
    """Send a new code to a channel; an earlier one ends."""
    code, sent = new_code(channel.id, secrets.randbelow(10**CODE_DIGITS), now)
    minutes = CODE_LASTS // timedelta(minutes=1)
    text = (
        f"Mã xác nhận kênh nhận tin quan trắc: {code} (dùng trong {minutes} phút). "
        "Không phải bạn yêu cầu thì bỏ qua tin này.\n"
        f"Code of your channel at quantrac: {code} (for {minutes} min). Not asked for: pass it over.\n"
    )
    # The code stands in the subject as well: of an SMS gateway's message nothing else is sent.
    about = plain(f"[quantrac] Mã xác nhận / Code: {code}", text)
    message = notification(about, way(channel.kind), channel.address, "code", channel.id, now.isoformat())
    store.send_code(
        channel.id,
        sent.digest,
        sent.expires_at,
        IncidentMessage(message, "code", person=channel.person, contact_id=channel.id),
    )


def return_code(store: CodeStore, channel_id: int, code: str, now: datetime) -> CodeAnswer:
    """Return whether a code has verified a channel; each try counts."""
    given: list[CodeAnswer] = []

    def judge(sent: tuple[str, datetime, int] | None) -> bool:
        given.append(check_code(channel_id, None if sent is None else SentCode(*sent), code, now))
        return given[0] is CodeAnswer.VERIFIED

    store.try_code(channel_id, judge, now)
    return given[0]

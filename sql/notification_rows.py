"""A notification as the outbox has it."""

from __future__ import annotations

from quantrac.domain.notifications import Notification
from sql.storable import storable


def notification_row(sent: Notification) -> dict[str, object]:
    """Return a notification as the arguments of the queries that write one."""
    return {
        "message_id": sent.message_id,
        "channel": sent.channel.value,
        "recipient": sent.recipient,
        "subject": storable(sent.subject),
        "text": storable(sent.text),
        "html": None if sent.html is None else storable(sent.html),
    }

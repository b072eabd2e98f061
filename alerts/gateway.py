"""One HTTP gateway, one message: what is asked, and how its answer is read."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

import requests

from alerts.incidents.links import IN_TEXT
from alerts.targets import Gateway, filled
from quantrac.domain.notifications import Notification
from quantrac.errors import NotifyError

TIMEOUT_S = (4.0, 8.0)
"""To be let in, and for each answer: whoever hangs holds up its own messages only, for a while."""
LONGEST_WAIT = timedelta(hours=1)
"""Of a ``Retry-After``: a gateway that asks for a week is asked again all the same."""
SHORT = 160
"""Letters of one SMS in the alphabet of GSM; with accents it would be 70."""
MOST_ANSWER = 65_536
MOST_TEXT = 4000
_FOR_NOW = frozenset({408, 409, 423, 425, 429})


def send(gateway: Gateway, name: str, to: str | None, notification: Notification, now: datetime) -> str:
    """Deliver one message, and return the gateway's answer in short.

    Raises
    ------
    NotifyError
        It hung, refused (4xx: not retryable, but for those that mean later), or its answer is not the accepted one.
    """
    values = fields(notification, to)
    try:
        with requests.Session() as session:
            answer = session.request(
                gateway.method,
                filled(gateway.url, {"to": values["to"]}),
                headers=dict(gateway.headers),
                params=filled(gateway.query, values) or None,
                json=None if gateway.json is None else filled(gateway.json, values),
                data=None if gateway.form is None else filled(gateway.form, values),
                timeout=TIMEOUT_S,
                allow_redirects=False,
                stream=True,
            )
            text = answer.raw.read(MOST_ANSWER, decode_content=True).decode("utf-8", "replace")
    except (requests.RequestException, OSError, ValueError) as exc:
        # The text of the error holds the URL, and the URL secrets.
        why = "did not answer in time" if isinstance(exc, requests.Timeout) else f"hung up ({type(exc).__name__})"
        raise NotifyError(f"The gateway {name!r} cannot be reached or {why}. Check its URL.", retryable=True) from None
    refuse(answer.status_code, answer.headers, f"The gateway {name!r}", now)
    if gateway.accepted is not None and gateway.accepted.search(text) is None:
        raise NotifyError(f"The gateway {name!r} answered, but not as `accepted` demands.", retryable=True)
    return f"HTTP {answer.status_code}"


def fields(notification: Notification, to: str | None) -> dict[str, str]:
    """Return what a template can name: the message, and in short without accents for one SMS, with its link."""
    link = link_of(notification)
    short, more = unaccented(notification.subject), "" if link is None else f" {link}"
    if len(short) + len(more) > SHORT:
        short = short[: max(SHORT - len(more) - 3, 40)].rstrip() + "..."
    return {
        "to": to or "",
        "subject": notification.subject[:MOST_TEXT],
        "text": notification.text[:MOST_TEXT],
        "short": short + more,
        "id": notification.message_id,
    }


def link_of(notification: Notification) -> str | None:
    """Return the first address that a message holds: that of the page with the button."""
    found = IN_TEXT.search(notification.text)
    return None if found is None else found.group()


def unaccented(text: str) -> str:
    """Return a text in plain letters.

    >>> unaccented("Độ đục – vượt giới hạn")
    'Do duc - vuot gioi han'
    """
    plain = text.replace("đ", "d").replace("Đ", "D").replace("–", "-").replace("…", "...")
    parts = unicodedata.normalize("NFD", plain)
    return "".join(c if " " <= c <= "~" else " " if c.isspace() else "" for c in parts)


def refuse(status: int, headers: Mapping[str, str], who: str, now: datetime) -> None:
    """Raise what an HTTP status says; nothing when the message was accepted.

    Raises
    ------
    NotifyError
        5xx, 429 and their like are for now, and keep the ``Retry-After``; every other one is for good.
    """
    if 200 <= status < 300:
        return
    for_now = status >= 500 or status in _FOR_NOW
    advice = "It will be tried again." if for_now else "It is given up: correct the target, or its address."
    wait = retry_after(headers.get("Retry-After"), now) if for_now else None
    raise NotifyError(f"{who} answered HTTP {status}. {advice}", retryable=for_now, again_after=wait)


def retry_after(value: str | None, now: datetime) -> timedelta | None:
    """Return how long a ``Retry-After`` (RFC 9110, 10.2.3) asks to wait, an hour at most; ``None``: it says nothing.

    >>> from datetime import UTC
    >>> retry_after("120", datetime(2026, 11, 23, tzinfo=UTC))
    datetime.timedelta(seconds=120)
    """
    if value is None:
        return None
    try:
        asked = timedelta(seconds=int(value)) if value.strip().isdigit() else parsedate_to_datetime(value) - now
    except (ValueError, TypeError, OverflowError):
        return None
    return min(max(asked, timedelta(0)), LONGEST_WAIT)

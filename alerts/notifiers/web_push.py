"""Web Push: a message to a browser that has asked for it, encrypted so that only that browser can read it."""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from pathlib import Path

import requests
from py_vapid import Vapid02
from pywebpush import WebPushException, webpush

from alerts import gateway
from alerts.spared import Spared
from alerts.vapid import PUSH_SERVICES, private_key, subscription
from quantrac.clock import Clock, SystemClock
from quantrac.domain.notifications import Channel, Notification
from quantrac.errors import NotifyError

TIMEOUT_S = 8.0
LASTS_S = 3600
"""How long a push service keeps a message for a telephone that is switched off; a page is stale after an hour."""
MOST_TEXT = 1500
"""Letters: RFC 8291 lets a message have 3,993 octets, and a Vietnamese letter takes up to three."""


class WebPushNotifier:
    """Sends to browsers.

    Parameters
    ----------
    key_file
        Private key, see ``alerts.vapid``.
    contact
        E-mail address by which a push service reaches us when something is wrong.
    services
        Hosts of push services, with what lies below.
    """

    channel = Channel.WEB_PUSH

    def __init__(
        self, key_file: Path, contact: str, services: Collection[str] = PUSH_SERVICES, clock: Clock | None = None
    ) -> None:
        self._key, self._contact = Vapid02(private_key(key_file)), contact
        self._services, self._clock = services, clock or SystemClock()
        self._spared = Spared(self._clock)

    def send(self, notification: Notification) -> str:
        """Deliver one notification; when this returns, the push service has accepted it.

        Raises
        ------
        NotifyError
            The subscription is none, or is over (not retryable), or the service did not accept (retryable).
        """
        try:
            to = subscription(notification.recipient, self._services)
        except ValueError as exc:
            raise NotifyError(f"The address of a web push channel {exc}. It is given up.", retryable=False) from exc
        host = to.endpoint.split("/")[2]
        service = f"The push service {host}"
        with self._spared.asking(host, service), requests.Session() as session:
            session.max_redirects = 0
            try:
                answer = webpush(
                    to.info(),
                    payload(notification),
                    vapid_private_key=self._key,
                    vapid_claims={"sub": f"mailto:{self._contact}"},
                    timeout=TIMEOUT_S,
                    ttl=LASTS_S,
                    headers={"Urgency": "high"},
                    requests_session=session,
                )
            except WebPushException as exc:
                raise self._translated(exc, service) from None
            except (requests.RequestException, OSError) as exc:
                why = f"cannot be reached or hung up ({type(exc).__name__})"
                raise NotifyError(f"{service} {why}. Check the network.", retryable=True) from None
            except ValueError as exc:
                raise NotifyError(f"The subscription has keys that are none: {exc}.", retryable=False) from None
        return f"HTTP {answer.status_code}"

    def close(self) -> None:
        """Nothing is held between messages."""

    def _translated(self, exc: WebPushException, service: str) -> NotifyError:
        if exc.response is None:
            return NotifyError(f"The subscription cannot be used: {exc.message}.", retryable=False)
        status = exc.response.status_code
        if status in {404, 410}:
            return NotifyError(
                f"{service} says that the subscription is over (HTTP {status}). Its owner has to subscribe again.",
                retryable=False,
            )
        if status in {400, 401, 403}:
            # About our key: somebody mends it, and the message goes out then.
            return NotifyError(f"{service} refused us (HTTP {status}): check QUANTRAC_VAPID_KEY_FILE.", retryable=True)
        try:
            gateway.refuse(status, exc.response.headers, service, self._clock.now())
        except NotifyError as translated:
            return translated
        return NotifyError(f"{service} did not accept the message.", retryable=True)


def payload(notification: Notification) -> str:
    """Return what the page's service worker shows: title, text, id, and the link where there is one.

    A telephone shows the first lines of the text: none says what the title does, or where a touch leads.
    """
    link = gateway.link_of(notification)
    lines = notification.text.splitlines()
    told = [li for li in lines if li != notification.subject and (link is None or link not in li)]
    body = re.sub(r"\n{3,}", "\n\n", "\n".join(told)).strip()
    body = body if len(body) <= MOST_TEXT else f"{body[:MOST_TEXT]}…"
    message = {"title": notification.subject[:200], "body": body, "id": notification.message_id, "url": link}
    return json.dumps(message, ensure_ascii=False)

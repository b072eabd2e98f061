"""Webhooks, SMS gateways and chats: any target that Apprise knows by URL, or an HTTP gateway, by its name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import apprise

from alerts import gateway
from alerts.spared import Spared
from alerts.targets import TO, Gateway, Target, is_personal, is_reachable, split
from quantrac.clock import Clock, SystemClock
from quantrac.domain.notifications import Channel, Notification
from quantrac.errors import NotifyError

TOO_MANY = timedelta(minutes=1)
"""Apprise does not show a ``Retry-After``; most services count by the minute."""
MOST_SUBJECT, MOST_TEXT = 250, 4000
"""Letters; of what a service does not take at once the beginning is sent, which holds what happened and the link."""
_STATUS = re.compile(r"\berror=(\d{3})\b")


class WebhookNotifier:
    """Sends to named targets."""

    channel = Channel.WEBHOOK

    def __init__(self, targets: Mapping[str, Target], clock: Clock | None = None) -> None:
        self._targets, self._clock = dict(targets), clock or SystemClock()
        self._spared = Spared(self._clock)

    def send(self, notification: Notification) -> str:
        """Deliver one notification; when this returns, the target has accepted it.

        Raises
        ------
        NotifyError
            The target is not configured or its address is none (not retryable), or it did not accept.
        """
        name, to = split(notification.recipient)
        target = self._targets.get(name)
        if target is None:
            raise NotifyError(
                f"The webhook {name!r} is not configured: add it to the file that QUANTRAC_WEBHOOKS_FILE names. "
                "This message is given up.",
                retryable=False,
            )
        if (to is None) == is_personal(target) or (to is not None and not is_reachable(to)):
            wanted = f"write {name}/NUMBER" if is_personal(target) else f"write {name} alone"
            raise NotifyError(f"The address of a channel by {name!r} is none: {wanted}.", retryable=False)
        with self._spared.asking(name, f"The webhook {name!r}"):
            if isinstance(target, Gateway):
                return gateway.send(target, name, to, notification, self._clock.now())
            return _by_apprise(_service(target.replace(TO, to or ""), name), name, notification)

    def close(self) -> None:
        """Nothing is held between messages."""


def _service(url: str, name: str) -> Any:
    service = apprise.Apprise.instantiate(url)
    if service is None:
        raise NotifyError(f"The address of a channel by {name!r} is none that its service takes.", retryable=False)
    if "overflow=" not in url:
        service.overflow_mode = apprise.OverflowMode.TRUNCATE
    service.redirects = False
    return service


def _by_apprise(service: Any, name: str, notification: Notification) -> str:
    target = apprise.Apprise()
    target.add(service)
    body = notification.text if len(notification.text) <= MOST_TEXT else f"{notification.text[:MOST_TEXT]}…"
    text = f"{body}\n{notification.message_id}"
    result = target.notify(body=text, title=notification.subject[:MOST_SUBJECT], body_format=apprise.NotifyFormat.TEXT)
    if result:
        return "accepted"
    status = _http_status(result)
    shown = "" if status is None else f" (HTTP {status})"
    raise NotifyError(
        f"The webhook {name!r} did not accept the message{shown}. Check its URL and its service.",
        retryable=True,
        again_after=TOO_MANY if status == "429" else None,
    )


def _http_status(result: Any) -> str | None:
    """Read the HTTP status from what Apprise told of the attempts, and nothing else: the rest may hold the URL."""
    told = (_STATUS.search(entry.message) for service in result for entry in service.logs())
    return next((found[1] for found in told if found is not None), None)

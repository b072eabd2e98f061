"""Webhooks, SMS gateways and chats: any target that Apprise knows by URL, by its name in the settings.

The URLs hold secrets, so they stay in a file of their own and never reach the database, a log or an error message.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path

import apprise

from quantrac.domain.notifications import Channel, Notification
from quantrac.errors import NotifyError, SettingsError


def load_targets(path: Path) -> dict[str, str]:
    """Return the targets of a TOML file ``name = "Apprise URL"``.

    Raises
    ------
    SettingsError
        The file cannot be read, others than its owner can read it, or a URL is not one that Apprise knows.
    """
    try:
        entries = tomllib.loads(path.read_text("utf-8"))
        shared = path.stat().st_mode & 0o077
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as exc:
        raise SettingsError(f"{path} (QUANTRAC_WEBHOOKS_FILE) cannot be read as TOML: {exc}.") from exc
    if shared:
        raise SettingsError(f"{path} (QUANTRAC_WEBHOOKS_FILE) holds secrets and others may read it: chmod 600 {path}")
    for name, url in entries.items():
        if not isinstance(url, str) or not apprise.Apprise().add(url):
            raise SettingsError(
                f"{path} (QUANTRAC_WEBHOOKS_FILE): {name} is not a URL that Apprise knows; see "
                "https://appriseit.com/services/ for the form of each service."
            )
    return entries


class WebhookNotifier:
    """Sends to named targets."""

    channel = Channel.WEBHOOK

    def __init__(self, targets: Mapping[str, str]) -> None:
        self._targets = dict(targets)

    def send(self, notification: Notification) -> None:
        """Deliver one notification; when this returns, the target has accepted it.

        Raises
        ------
        NotifyError
            The target is not configured (not retryable), or did not accept (retryable: Apprise does not say why).
        """
        url = self._targets.get(notification.recipient)
        if url is None:
            raise NotifyError(
                f"The webhook {notification.recipient!r} is not configured: add it to the file that "
                "QUANTRAC_WEBHOOKS_FILE names. This message is given up.",
                retryable=False,
            )
        target = apprise.Apprise()
        target.add(url)
        text = f"{notification.text}\n{notification.message_id}"
        if not target.notify(body=text, title=notification.subject, body_format=apprise.NotifyFormat.TEXT):
            raise NotifyError(
                f"The webhook {notification.recipient!r} did not accept the message. Check its URL and its service.",
                retryable=True,
            )

    def close(self) -> None:
        """Nothing is held between messages."""

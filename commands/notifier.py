"""The notifier process: the outbox of the database, joined to the mail server and the webhooks of the settings."""

from __future__ import annotations

import threading
from importlib import import_module
from typing import TYPE_CHECKING

from commands.context import Context

if TYPE_CHECKING:
    from alerts.notifiers.protocol import Notifier
    from quantrac.domain.notifications import PendingNotification


def run_notifier(context: Context, stop: threading.Event) -> None:
    """Deliver notifications until ``stop`` is set; the one in hand is finished.

    Raises
    ------
    SettingsError
        A server is not configured, or the file of webhooks holds a mistake.
    """
    from alerts.known_recipients import KnownRecipients
    from alerts.notifier import NotifierLoop
    from alerts.notifiers.email import EmailNotifier
    from alerts.notifiers.webhook import WebhookNotifier, load_targets
    from sql.outbox_store import OutboxStore

    store = OutboxStore(context.database().notifier)
    email = EmailNotifier(context.smtp(), context.clock)
    # Webhooks are known by the notifier's own file alone.
    notifiers: list[Notifier] = [
        KnownRecipients(email, context.settings.mail_to, store.contacts, context.clock),
    ]
    if context.settings.webhooks_file is not None:
        notifiers.append(WebhookNotifier(load_targets(context.settings.webhooks_file)))

    def draw(pending: PendingNotification) -> bytes | None:
        from alerts.curve import picture

        return picture(store.curves(pending.id))

    # matplotlib is large: it is loaded while the notifier waits for its first message.
    threading.Thread(target=import_module, args=("alerts.curve",), daemon=True).start()
    NotifierLoop(store, notifiers, context.clock, draw=draw).run(stop)

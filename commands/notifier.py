"""The notifier process: the outbox of the database, joined to the mail server and targets of the settings."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from importlib import import_module
from typing import TYPE_CHECKING

from commands.context import Context
from commands.disk import free_bytes
from quantrac.domain.notifications import Channel
from quantrac.errors import StoreError

if TYPE_CHECKING:
    from alerts.notifiers.protocol import Notifier
    from alerts.system_watch import SystemWatch
    from quantrac.domain.notifications import PendingNotification

OTHERS = (Channel.WEBHOOK, Channel.WEB_PUSH)
"""Channels that are delivered beside e-mail: a service that hangs holds up no mail."""


def run_notifier(context: Context, stop: threading.Event) -> None:
    """Deliver notifications until ``stop`` is set; those in hand are finished.

    Raises
    ------
    SettingsError
        A server is not configured, or the file of targets or the key of Web Push holds a mistake.
    StoreError
        The database refuses us, or is of another version. Who operates the system is told when that lasts.
    """
    from sql.runner import require_schema

    watch = _system_watch(context)
    try:
        require_schema(context.database().notifier)
        _deliver(context, stop, [] if watch is None else [watch.run])
    except StoreError as exc:
        if watch is not None:
            watch.once(exc)
        raise


def _deliver(context: Context, stop: threading.Event, beside: Iterable[Callable[[threading.Event], None]]) -> None:
    from alerts.known_recipients import KnownRecipients
    from alerts.notifier import NotifierLoop, run_together
    from alerts.notifiers.email import EmailNotifier
    from alerts.untold import Untold
    from sql.outbox_store import OutboxStore

    notifiers = dict(_notifiers(context))
    mail = EmailNotifier(context.smtp(), context.clock)
    notifiers[Channel.EMAIL] = (mail, context.settings.mail_to)
    served = [channel for channel in OTHERS if channel in notifiers]
    conninfo = context.database().notifier
    stores = {Channel.EMAIL: OutboxStore(conninfo, served)}
    stores |= {channel: OutboxStore(conninfo, [channel], only=True) for channel in served}

    def draw(pending: PendingNotification) -> bytes | None:
        from alerts.curve import picture

        return picture(stores[Channel.EMAIL].curves(pending.id))

    # matplotlib is large: it is loaded while the notifier waits for its first message.
    threading.Thread(target=import_module, args=("alerts.curve",), daemon=True).start()
    loops = [
        NotifierLoop(
            store,
            [KnownRecipients(*notifiers[channel], store.contacts, context.clock)],
            context.clock,
            draw=draw if channel is Channel.EMAIL else None,
            reach=mail.reach if channel is Channel.EMAIL else None,
            untold=Untold(context.settings.web_url),
        )
        for channel, store in stores.items()
    ]
    run_together([*(loop.run for loop in loops), *_heartbeat(context), *beside], stop)


def _heartbeat(context: Context) -> Iterator[Callable[[threading.Event], None]]:
    from alerts.heartbeat import Heartbeat, HeartbeatOptions
    from sql.sign_store import SignStore

    s = context.settings
    if s.heartbeat_url is not None:
        silence = timedelta(seconds=s.heartbeat_silence_s)
        options = HeartbeatOptions(s.heartbeat_url.get_secret_value(), s.heartbeat_every_s, silence, s.incident_pages)
        yield Heartbeat(SignStore(context.database().notifier), options, context.clock).run


def _system_watch(context: Context) -> SystemWatch | None:
    from alerts.fault_memory import FaultMemory
    from alerts.notifiers.email import EmailNotifier
    from alerts.system_faults import FaultPolicy
    from alerts.system_watch import SystemWatch, WatchOptions
    from sql.sign_store import SignStore

    s = context.settings
    if not s.admin_mail_to:
        return None
    policy = FaultPolicy(silence=timedelta(seconds=s.heartbeat_silence_s), step=s.incident_pages)
    options = WatchOptions(s.admin_mail_to, lambda: free_bytes(s.run_dir), policy=policy)
    mail, store = EmailNotifier(context.smtp(), context.clock), SignStore(context.database().notifier)
    return SystemWatch(store, mail, options, context.clock, FaultMemory(s.run_dir / "system-faults.json"))


def _notifiers(context: Context) -> Iterator[tuple[Channel, tuple[Notifier, tuple[str, ...]]]]:
    """Yield the notifier of each channel, and the recipients that its own settings name."""
    settings = context.settings
    if settings.webhooks_file is not None:
        from alerts.notifiers.webhook import WebhookNotifier
        from alerts.targets import fixed, load_targets

        targets = load_targets(settings.webhooks_file)
        yield Channel.WEBHOOK, (WebhookNotifier(targets, context.clock), tuple(fixed(targets)))
    if settings.vapid_key_file is not None:
        from alerts.notifiers.web_push import WebPushNotifier

        pusher = WebPushNotifier(settings.vapid_key_file, settings.mail_from, settings.web_push_services, context.clock)
        yield Channel.WEB_PUSH, (pusher, ())

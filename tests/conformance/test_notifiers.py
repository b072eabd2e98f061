"""One suite for every way out: it finds the notifiers by itself, each with a receiver of its own on a real socket."""

from __future__ import annotations

import asyncio
import http.server
import importlib
import pkgutil
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP

import alerts.notifiers
from alerts.notifiers.email import EmailNotifier
from alerts.notifiers.protocol import Notifier
from alerts.notifiers.webhook import WebhookNotifier
from quantrac.domain.notifications import Channel, Notification
from quantrac.endpoints import SmtpEndpoint, SmtpSecurity
from quantrac.errors import NotifyError

# What Apprise does on Python 3.11 when it is imported.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")

ELSEWHERE = {"protocol", "web_push"}
"""Web Push is spoken by HTTPS alone, and its messages are read with a browser's key: ``test_providers.py``."""
MODULES = sorted(m.name for m in pkgutil.iter_modules(alerts.notifiers.__path__) if m.name not in ELSEWHERE)


@dataclass
class Receiver:
    """What stands at the other end: counts what it accepted, and refuses on demand."""

    port: int = 0
    got: list[str] = field(default_factory=list)
    connections: int = 0
    refuse: bool = False
    replies: dict[str, str] = field(default_factory=dict)
    """By SMTP command (MAIL, RCPT, DATA): what is answered instead of 250."""


@pytest.fixture
def smtp_receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    loop = asyncio.new_event_loop()

    class Handler:
        async def handle_MAIL(self, _s: Any, _e: Any, envelope: Any, address: str, _o: Any) -> str:  # noqa: N802
            if "MAIL" not in receiver.replies:
                envelope.mail_from = address
            return receiver.replies.get("MAIL", "250 2.1.0 sender ok")

        async def handle_RCPT(self, _s: Any, _e: Any, envelope: Any, address: str, _o: Any) -> str:  # noqa: N802
            if "RCPT" not in receiver.replies:
                envelope.rcpt_tos.append(address)
            return receiver.replies.get("RCPT", "250 2.1.5 recipient ok")

        async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
            if receiver.refuse or "DATA" in receiver.replies:
                return receiver.replies.get("DATA", "451 4.3.0 busy")
            receiver.got.append(envelope.content.decode("utf-8", "replace"))
            return "250 2.0.0 kept"

    def session() -> SMTP:
        receiver.connections += 1
        return SMTP(Handler(), loop=loop, hostname="localhost")

    server = loop.run_until_complete(loop.create_server(session, "127.0.0.1", 0))
    receiver.port = server.sockets[0].getsockname()[1]
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    yield receiver

    async def end() -> None:
        server.close()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        await asyncio.sleep(0.05)

    asyncio.run_coroutine_threadsafe(end(), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


@pytest.fixture
def http_receiver() -> Iterator[Receiver]:
    receiver = Receiver()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            if not receiver.refuse:
                receiver.got.append(body)
            self.send_response(503 if receiver.refuse else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing on stderr."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        receiver.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield receiver
        server.shutdown()
        thread.join()


def email(port: int) -> tuple[Notifier, str]:
    return EmailNotifier(SmtpEndpoint("127.0.0.1", port, "quantrac@localhost", SmtpSecurity.NONE)), "a@localhost"


def webhook(port: int) -> tuple[Notifier, str]:
    return WebhookNotifier({"centre": f"json://127.0.0.1:{port}/secret-token"}), "centre"


MAKE: dict[str, tuple[Callable[[int], tuple[Notifier, str]], str]] = {
    "email": (email, "smtp_receiver"),
    "webhook": (webhook, "http_receiver"),
}


def notification(notifier: Notifier, recipient: str, number: int = 1) -> Notification:
    html = "<p>COD vượt</p>" if notifier.channel is Channel.EMAIL else None
    return Notification(f"<{number}@quantrac.local>", notifier.channel, recipient, "COD vượt", "COD 120 mg/L", html)


def test_every_notifier_is_in_this_suite() -> None:
    assert sorted(MAKE) == MODULES
    for name in MODULES:
        assert importlib.import_module(f"alerts.notifiers.{name}").__doc__


@pytest.fixture(params=MODULES)
def case(request: pytest.FixtureRequest) -> Iterator[tuple[Notifier, str, Receiver]]:
    make, fixture = MAKE[request.param]
    receiver: Receiver = request.getfixturevalue(fixture)
    notifier, recipient = make(receiver.port)
    yield notifier, recipient, receiver
    notifier.close()


Case = tuple[Notifier, str, Receiver]


def test_send_returns_when_the_receiver_has_accepted(case: Case) -> None:
    notifier, recipient, receiver = case
    for number in range(3):
        notifier.send(notification(notifier, recipient, number))
        assert len(receiver.got) == number + 1
        assert f"<{number}@quantrac.local>" in receiver.got[-1]


def test_a_refusal_for_now_is_retryable_and_the_next_one_goes_through(case: Case) -> None:
    notifier, recipient, receiver = case
    receiver.refuse = True
    with pytest.raises(NotifyError) as caught:
        notifier.send(notification(notifier, recipient))
    assert caught.value.retryable
    receiver.refuse = False
    notifier.send(notification(notifier, recipient))
    assert len(receiver.got) == 1


def test_nobody_there_is_retryable() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    for make, _ in MAKE.values():
        notifier, recipient = make(port)
        with pytest.raises(NotifyError) as caught:
            notifier.send(notification(notifier, recipient))
        assert caught.value.retryable
        notifier.close()


def test_close_can_be_repeated_and_send_goes_on(case: Case) -> None:
    notifier, recipient, receiver = case
    notifier.close()
    notifier.send(notification(notifier, recipient))
    notifier.close()
    notifier.close()
    notifier.send(notification(notifier, recipient))
    assert len(receiver.got) == 2


def test_errors_are_sentences_without_secrets(case: Case) -> None:
    notifier, recipient, receiver = case
    receiver.refuse = True
    with pytest.raises(NotifyError) as caught:
        notifier.send(notification(notifier, recipient))
    assert str(caught.value).endswith(".")
    assert "secret-token" not in str(caught.value)


def test_email_keeps_one_connection(smtp_receiver: Receiver) -> None:
    notifier, recipient = email(smtp_receiver.port)
    for number in range(5):
        notifier.send(notification(notifier, recipient, number))
    notifier.close()
    assert smtp_receiver.connections == 1


def test_an_unknown_webhook_is_given_up() -> None:
    with pytest.raises(NotifyError) as caught:
        WebhookNotifier({}).send(Notification("<1@x>", Channel.WEBHOOK, "nowhere", "s", "t"))
    assert not caught.value.retryable


@pytest.mark.parametrize(
    ("command", "reply", "retryable"),
    [
        # about the server or about us: somebody mends it, and the alert goes out then
        ("MAIL", "530 5.7.0 Must issue a STARTTLS command first", True),
        ("MAIL", "530 Authentication required", True),
        ("MAIL", "553 5.7.1 <quantrac@localhost>: Sender address rejected: not owned by user", True),
        ("MAIL", "550 5.1.8 Sender address rejected: Domain not found", True),
        ("RCPT", "554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org", True),
        ("RCPT", "550 5.7.1 Relaying denied", True),
        ("RCPT", "550 Relay not permitted", True),
        ("RCPT", "530 5.7.0 Authentication required", True),
        ("RCPT", "550 5.1.8 <quantrac@localhost>: Sender address rejected", True),
        ("RCPT", "450 4.2.1 mailbox busy", True),
        ("RCPT", "552 5.2.2 mailbox full", True),
        ("DATA", "554 5.7.1 Message rejected as spam", True),
        ("DATA", "552 5.3.4 message too big", True),
        ("DATA", "550 no", True),
        # the mailbox refuses
        ("RCPT", "550 5.1.1 <a@localhost>: Recipient address rejected: User unknown", False),
        ("RCPT", "550 No such user here", False),
        ("RCPT", "551 User not local", False),
        ("RCPT", "553 5.1.3 bad address", False),
        ("RCPT", "550 5.2.1 mailbox disabled", False),
        ("RCPT", "556 5.1.10 the domain takes no mail", False),
        ("DATA", "550 5.1.1 no such user", False),
    ],
)
def test_5_only_a_refused_mailbox_is_given_up(
    smtp_receiver: Receiver, command: str, reply: str, retryable: bool
) -> None:
    notifier, recipient = email(smtp_receiver.port)
    smtp_receiver.replies[command] = reply
    with pytest.raises(NotifyError) as caught:
        notifier.send(notification(notifier, recipient))
    assert caught.value.retryable is retryable
    assert reply.split(" ", 1)[0] in str(caught.value)
    smtp_receiver.replies.clear()
    notifier.send(notification(notifier, recipient, 2))
    notifier.close()
    assert len(smtp_receiver.got) == 1

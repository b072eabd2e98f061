"""Every provider as it is spoken to: by real HTTPS, by its own name, to a server that stands in its place.

Sent and read back: Zalo, Telegram, Teams (Power Automate), ntfy, a JSON webhook, an SMS gateway, Web Push (decrypted
with the browser's key). None of the providers themselves was asked.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import http_ece
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from alerts import gateway, spared
from alerts.gateway import retry_after
from alerts.heartbeat import Beat, Heartbeat, HeartbeatOptions, Row
from alerts.notifiers import web_push, webhook
from alerts.notifiers.protocol import Notifier
from alerts.notifiers.web_push import WebPushNotifier
from alerts.notifiers.webhook import WebhookNotifier
from alerts.targets import load_targets
from alerts.vapid import new_key, public_key
from quantrac.clock import SystemClock
from quantrac.domain.notifications import Channel, Notification
from quantrac.errors import NotifyError, StoreError
from tests.receivers import Asked, Provider, provider

# What Apprise does on Python 3.11 when it is imported.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")

LINK = "https://quantrac.example.vn/ack/" + "abcdefghijklmnopqrstuvwxyz" * 2
SUBJECT = "[CAO] Độ đục vượt – Trạm Sa Đéc"
TEXT = f"[CAO] Độ đục 120 <b>NTU</b> & “hơn” *giới hạn*\nNhận sự cố: {LINK}\n"
TARGETS = """
zalo = "zalo://11112222:AAAAbbbbCCCCddddEEEEffff/{to}?rto=0.4"
telegram = "tgram://123456789:AAAAbbbbCCCCddddEEEEffffGGGGhhhh123/{to}?rto=0.4"
teams = "workflows://prod-1.example.logic.azure.com:443/643e69f83c8944438d68119179a10a64/SIGNATURE?rto=0.4"
ntfy = "ntfys://ntfy.example.vn/truc-ban?rto=0.4"
centre = "jsons://hook.example.vn/SECRET?rto=0.4"

[sms]
url = "https://sms.example.vn/v1/send"
headers = { Authorization = "Bearer SECRET" }
json = { Phone = "{to}", Content = "{short}", RequestId = "{id}" }
accepted = '"code":\\s*"100"'

[esms]
url = "https://sms.example.vn/get"
method = "GET"
query = { phone = "{to}", content = "{short}", key = "SECRET" }
"""


@dataclass
class Browser:
    """One that has subscribed: its keys never leave it."""

    key: ec.EllipticCurvePrivateKey
    secret: bytes
    endpoint: str = "https://fcm.googleapis.com/fcm/send/SUBSCRIPTION"

    def address(self) -> str:
        point = self.key.public_key().public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )
        keys = {"p256dh": _base64(point), "auth": _base64(self.secret)}
        return json.dumps({"endpoint": self.endpoint, "keys": keys})

    def read(self, body: bytes) -> dict[str, str]:
        plain = http_ece.decrypt(body, private_key=self.key, auth_secret=self.secret, version="aes128gcm")
        return dict(json.loads(plain))


def _base64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


BROWSER = Browser(ec.generate_private_key(ec.SECP256R1()), b"0123456789abcdef")


def _telegram(asked: Asked) -> str:
    assert asked.path == "/bot123456789:AAAAbbbbCCCCddddEEEEffffGGGGhhhh123/sendMessage"
    assert asked.json["chat_id"] in {"987654321", 987654321}
    return str(asked.json["text"])


def _zalo(asked: Asked) -> str:
    assert asked.path == "/bot11112222:AAAAbbbbCCCCddddEEEEffff/sendMessage"
    assert asked.json["chat_id"] == "a1b2c3"
    return str(asked.json["text"])


def _teams(asked: Asked) -> str:
    assert asked.path.startswith("/workflows/643e69f83c8944438d68119179a10a64/triggers/manual/paths/invoke?")
    assert asked.query["sig"] == "SIGNATURE"
    content = asked.json["attachments"][0]
    assert content["contentType"] == "application/vnd.microsoft.card.adaptive"
    return json.dumps(content, ensure_ascii=False).replace("\\\\", "")  # markdown's escapes, which Teams undoes


def _ntfy(asked: Asked) -> str:
    assert asked.json["topic"] == "truc-ban"
    return f"{asked.json['title']} {asked.json['message']}"


def _webhook(asked: Asked) -> str:
    assert asked.path == "/SECRET"
    return f"{asked.json['title']} {asked.json['message']}"


def _sms(asked: Asked) -> str:
    assert asked.headers["Authorization"] == "Bearer SECRET"
    assert asked.json["Phone"] == "0912345678"
    assert asked.json["RequestId"] == "<1@quantrac.local>"
    return str(asked.json["Content"])


def _esms(asked: Asked) -> str:
    assert (asked.method, asked.body) == ("GET", b"")
    assert asked.query["phone"] == "0912345678"
    return asked.query["content"]


def _push(asked: Asked) -> str:
    assert asked.headers["Authorization"].startswith("vapid t=")
    assert (asked.headers["Urgency"], asked.headers["Ttl"]) == ("high", "3600")
    message = BROWSER.read(asked.body)
    assert message["url"] == LINK
    return f"{message['title']} {message['body']} {message['url']}"


PROVIDERS: dict[str, tuple[str, str, Callable[[Asked], str]]] = {
    "zalo": ("zalo/a1b2c3", "bot-api.zaloplatforms.com", _zalo),
    "telegram": ("telegram/987654321", "api.telegram.org", _telegram),
    "teams": ("teams", "prod-1.example.logic.azure.com", _teams),
    "ntfy": ("ntfy", "ntfy.example.vn", _ntfy),
    "webhook": ("centre", "hook.example.vn", _webhook),
    "sms": ("sms/0912345678", "sms.example.vn", _sms),
    "sms by GET": ("esms/0912345678", "sms.example.vn", _esms),
    "web push": (BROWSER.address(), "fcm.googleapis.com", _push),
}


@pytest.fixture
def other_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Provider]:
    with provider(tmp_path) as (found, environment):
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        yield found


@pytest.fixture
def notifiers(tmp_path: Path) -> dict[Channel, Notifier]:
    file = tmp_path / "targets.toml"
    file.write_text(TARGETS)
    file.chmod(0o600)
    key = tmp_path / "vapid.pem"
    assert new_key(key) == public_key(key)
    made = (WebhookNotifier(load_targets(file)), WebPushNotifier(key, "quantrac@so.vn"))
    return {n.channel: n for n in made}


@pytest.fixture(params=PROVIDERS)
def case(request: pytest.FixtureRequest, notifiers: dict[Channel, Notifier], other_end: Provider) -> Case:
    recipient, host, read = PROVIDERS[request.param]
    channel = Channel.WEB_PUSH if recipient.startswith("{") else Channel.WEBHOOK
    return Case(
        notifiers[channel], Notification("<1@quantrac.local>", channel, recipient, SUBJECT, TEXT), host, read, other_end
    )


@dataclass
class Case:
    notifier: Notifier
    notification: Notification
    host: str
    read: Callable[[Asked], str]
    other_end: Provider

    def refused(self, *answer: object) -> NotifyError:
        self.other_end.answers.append(answer)  # type: ignore[arg-type]
        with pytest.raises(NotifyError) as caught:
            self.notifier.send(self.notification)
        assert "SECRET" not in str(caught.value)
        assert str(caught.value).endswith(".")
        return caught.value


def test_the_provider_shows_what_was_sent_with_its_link(case: Case) -> None:
    receipt = case.notifier.send(case.notification)
    (asked,) = case.other_end.asked
    assert asked.host == case.host
    shown = case.read(asked)
    assert LINK in shown
    assert "[CAO] Do duc vuot" in shown or "Độ đục" in shown
    assert receipt in {"accepted", "HTTP 200"}


def test_it_answers_500_then_429_then_takes_it(case: Case) -> None:
    assert case.refused(500, {}, b"oops").retryable
    busy = case.refused(429, {"Retry-After": "300"}, b"{}")
    assert busy.retryable
    assert busy.again_after in {timedelta(seconds=300), webhook.TOO_MANY}
    case.notifier.send(case.notification)
    assert len(case.other_end.asked) == 3


def test_it_hangs_and_nobody_waits_twice(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway, "TIMEOUT_S", 0.4)
    monkeypatch.setattr(web_push, "TIMEOUT_S", 0.4)
    monkeypatch.setattr(spared, "HANGS_S", 0.3)
    case.other_end.hangs = True
    assert case.refused(200, {}, b"").retryable
    tries = len(case.other_end.asked)
    again = case.refused(200, {}, b"")
    assert "hung a moment ago" in str(again)
    assert len(case.other_end.asked) == tries


def test_a_redirect_is_not_followed_to_another_host(case: Case) -> None:
    case.refused(307, {"Location": "https://hook.example.vn/stolen"}, b"")
    assert {a.host for a in case.other_end.asked} == {case.host}


def test_a_text_of_ten_megabytes_goes_out_or_is_refused_with_a_sentence(case: Case) -> None:
    case.notification = replace(case.notification, subject="S" * 10_000, text="ộ" * 3_000_000)
    case.notifier.send(case.notification)
    assert sum(len(a.body) for a in case.other_end.asked) < 100_000
    case.other_end.usual = (413, {}, b"")
    case.refused(413, {}, b"")


def test_push_a_subscription_that_is_over_is_given_up_and_a_refused_key_is_not(
    notifiers: dict[Channel, Notifier], other_end: Provider
) -> None:
    message = Notification("<1@q>", Channel.WEB_PUSH, BROWSER.address(), "s", "t")
    for status, retryable in ((410, False), (404, False), (401, True), (413, False), (503, True)):
        other_end.answers.append((status, {}, b""))
        with pytest.raises(NotifyError) as caught:
            notifiers[Channel.WEB_PUSH].send(message)
        assert caught.value.retryable is retryable, status


def test_push_the_first_lines_say_neither_the_title_nor_the_link() -> None:
    text = f"*** DIỄN TẬP ***\n\n{SUBJECT}\n\nNhận sự cố: {LINK}\nSự cố số: 12\n\nDiễn biến:\n  COD 65\n"
    told = json.loads(web_push.payload(Notification("<1@q>", Channel.WEB_PUSH, "x", SUBJECT, text, None)))
    assert (told["title"], told["url"]) == (SUBJECT, LINK)
    assert told["body"] == "*** DIỄN TẬP ***\n\nSự cố số: 12\n\nDiễn biến:\n  COD 65"


@pytest.mark.parametrize(
    "address",
    [
        "",
        "an@so.vn",
        "{}",
        "[" * 100_000,
        Browser(BROWSER.key, b"0123456789abcdef", "http://fcm.googleapis.com/x").address(),
        Browser(BROWSER.key, b"0123456789abcdef", "https://169.254.169.254/latest").address(),
        Browser(BROWSER.key, b"0123456789abcdef", "https://fcm.googleapis.com@evil.example/x").address(),
        Browser(BROWSER.key, b"0123456789abcdef", "https://fcm.googleapis.com.evil.example/x").address(),
        Browser(BROWSER.key, b"0123456789abcdef", "https://evilfcm.googleapis.com.evil/x\r\nHost: a").address(),
        Browser(BROWSER.key, b"short", "https://fcm.googleapis.com/x").address(),
        BROWSER.address().replace('"p256dh": "', '"p256dh": "AAAA'),
    ],
    ids=range(11),
)
def test_push_what_is_no_subscription_leads_nowhere(
    notifiers: dict[Channel, Notifier], other_end: Provider, address: str
) -> None:
    with pytest.raises(NotifyError) as caught:
        notifiers[Channel.WEB_PUSH].send(Notification("<1@q>", Channel.WEB_PUSH, address, "s", "t"))
    assert not caught.value.retryable
    assert other_end.asked == []


def test_sms_a_gateway_that_answers_200_with_an_error_has_not_taken_it(
    notifiers: dict[Channel, Notifier], other_end: Provider
) -> None:
    other_end.answers.append((200, {}, b'{"code": "103", "error": "balance"}'))
    with pytest.raises(NotifyError, match="not as `accepted` demands") as caught:
        notifiers[Channel.WEBHOOK].send(Notification("<1@q>", Channel.WEBHOOK, "sms/0912345678", "s", "t"))
    assert caught.value.retryable


@pytest.mark.parametrize(
    "recipient", ["sms", "sms/", "sms/09 12", "sms/../x", "sms/0912\r\nX: y", "centre/x", "sms/{text}"]
)
def test_an_address_that_is_none_is_given_up(
    notifiers: dict[Channel, Notifier], other_end: Provider, recipient: str
) -> None:
    with pytest.raises(NotifyError) as caught:
        notifiers[Channel.WEBHOOK].send(Notification("<1@q>", Channel.WEBHOOK, recipient, "s", "t"))
    assert not caught.value.retryable
    assert other_end.asked == []


def test_retry_after_is_kept_and_bounded() -> None:
    now = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
    assert retry_after("Mon, 23 Nov 2026 03:02:00 GMT", now) == timedelta(minutes=2)
    assert retry_after("Mon, 23 Nov 2026 02:00:00 GMT", now) == timedelta(0)
    assert retry_after("9" * 400, now) in {timedelta(hours=1), None}
    assert retry_after("soon", now) is retry_after("", now) is retry_after(None, now) is None


class Shown:
    """A path that is well, or a database that is away."""

    def __init__(self, *, away: bool = False) -> None:
        self.away = away

    def signs(self) -> Row:
        if self.away:
            raise StoreError("away", retryable=True)
        now = datetime.now(UTC)
        return now, now, None, None, None

    def close(self) -> None:
        pass


def test_a_monitor_is_asked_while_all_is_well_and_its_secret_address_is_told_to_nobody(other_end: Provider) -> None:
    options = HeartbeatOptions("https://monitor.example.vn/ping/SECRET")
    other_end.answers = [(200, {}, b"OK"), (500, {}, b""), (302, {"Location": "https://hook.example.vn/"}, b"")]
    heart = Heartbeat(Shown(), options, SystemClock())
    assert [heart.once() for _ in range(3)] == [Beat.SENT, Beat.MONITOR_AWAY, Beat.MONITOR_AWAY]
    assert {(a.method, a.host, a.path) for a in other_end.asked} == {("GET", "monitor.example.vn", "/ping/SECRET")}
    assert Heartbeat(Shown(away=True), options, SystemClock()).once() is Beat.DATABASE_AWAY
    assert len(other_end.asked) == 3

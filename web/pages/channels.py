"""One's own channels: added, put in order, verified by a code, removed. Nobody reaches another's by a number."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

from starlette.responses import Response

from alerts.incidents.verification import return_code, send_code
from alerts.oncall.channels import CodeAnswer
from alerts.oncall.document import channel_of
from alerts.vapid import subscription
from quantrac.domain.oncall import ContactChannel, ContactKind, Person
from quantrac.errors import RuleError
from quantrac.telemetry import get_logger
from web.pages.duty import oncall_of, own_person, store_of
from web.visit import Visit, WebError, forbidden, not_found, page
from web.words import word

_log = get_logger(__name__)
MOST_CHANNELS = 10
LONGEST_DELAY_MIN = 1440
BY_TARGET = frozenset({ContactKind.SMS, ContactKind.ZALO, ContactKind.TELEGRAM})
"""Kinds whose target is called as they are, so that the number alone is enough."""
Mistake = tuple[str, str]
_NO_DELAY = ("Độ trễ từ 0 đến 1440 phút.", "A delay has 0 to 1440 minutes.")


def channels(visit: Visit, mistake: Mistake | None = None, said: Mistake | None = None) -> Response:
    """Show one's own channels, which of them work, and what can be done."""
    _, oncall = oncall_of(visit)
    person = own_person(visit, oncall)
    values = {
        "person": person,
        "own": () if person is None else _in_order(person),
        "kinds": [k for k in ContactKind if k is not ContactKind.WEB_PUSH],
        "shown": shown,
        "mistake": mistake,
        "said": said,
        "given": _given(visit),
        "push_key": visit.house.options.push_key,
    }
    return visit.render("channels.html", values, http_status=400 if mistake else 200)


def add(visit: Visit) -> Response:
    """Add a channel, unverified, and send it a code."""
    person = _me(visit)
    kind, address = visit.text("kind", 20), visit.text("address", 5000)
    if len(person.channels) >= MOST_CHANNELS:
        return channels(visit, ("Tối đa 10 kênh: hãy gỡ bớt.", "Ten channels at most: remove one."))
    if kind in {k.value for k in BY_TARGET} and "/" not in address:
        address = f"{kind}/{''.join(address.split())}"
    minutes = _delay_min(visit, "delay_min")
    if minutes is None:
        return channels(visit, _NO_DELAY)
    values = {"kind": kind, "address": address, "delay_min": minutes}
    try:
        channel = channel_of(values, person.code, len(person.channels), "form")
        if channel.kind is ContactKind.WEB_PUSH:
            _of_known_service(visit, channel)
    except RuleError as exc:
        vi = "Chưa thêm được: địa chỉ không hợp với loại kênh; xem ví dụ dưới ô Địa chỉ."
        if kind == ContactKind.WEB_PUSH.value:
            vi = "Chưa thêm được: dịch vụ đẩy của trình duyệt này không được dùng ở đây; hãy thêm kênh khác."
        return channels(visit, (vi, f"Not added: {exc}"))
    if any((c.kind, c.address) == (channel.kind, channel.address) for c in person.channels):
        return channels(visit, ("Kênh này đã có.", "This channel is there already."))
    _may_send(visit)
    store = store_of(visit)
    number = store.add_channel(channel)
    send_code(store, replace(channel, id=number), visit.now)
    return visit.goto("/channels#c" + str(number))


def code(visit: Visit) -> Response:
    """Send a new code to one of one's own channels."""
    channel = _mine(visit)
    _may_send(visit)
    send_code(store_of(visit), channel, visit.now)
    return visit.goto(f"/channels#c{channel.id}")


def verify(visit: Visit) -> Response:
    """Take the code that has come; five tries a code."""
    channel = _mine(visit)
    answer = return_code(store_of(visit), channel.id, visit.text("code", 20), visit.now)
    words = word(answer)
    if answer is CodeAnswer.VERIFIED:
        return channels(visit, said=(words.vi, words.en))
    _log.info("code_refused", channel=channel.id, account=visit.account.login, answer=answer.value)
    return channels(visit, (words.vi, words.en))


def order(visit: Visit) -> Response:
    """Put one's own channels in order, each with its delay after the page begins."""
    person = _me(visit)
    asked = []
    for channel in _in_order(person):
        place = visit.text(f"place_{channel.id}", 4)
        minutes = _delay_min(visit, f"delay_{channel.id}")
        if minutes is None:
            return channels(visit, _NO_DELAY)
        number = int(place) if place.isdecimal() else MOST_CHANNELS + 1
        asked.append((number, replace(channel, delay=timedelta(minutes=minutes))))
    store_of(visit).order_channels(person.code, [channel for _, channel in sorted(asked, key=lambda a: a[0])])
    return channels(visit, said=("Đã lưu thứ tự.", "The order is saved."))


def remove(visit: Visit) -> Response:
    """Remove one of one's own channels."""
    channel = _mine(visit)
    if not store_of(visit).remove_channel(channel.person, channel.id, visit.now):
        raise not_found()
    return channels(visit, said=("Đã gỡ kênh.", "The channel is removed."))


def shown(channel: ContactChannel) -> str:
    """Return an address as it is shown: of a browser's subscription, which lets its holder send, the host alone.

    >>> shown(ContactChannel(1, "an", ContactKind.SMS, "sms/0912345678"))
    'sms/0912345678'
    """
    if channel.kind is not ContactKind.WEB_PUSH:
        return channel.address
    return str(json.loads(channel.address)["endpoint"]).split("/")[2]


def _given(visit: Visit) -> dict[str, str]:
    """Return what was entered, to be shown again; of a browser's subscription nothing."""
    given = {name: visit.text(name, 5000)[:200] for name in ("kind", "address", "delay_min")}
    return dict.fromkeys(given, "") if given["kind"] == ContactKind.WEB_PUSH.value else given


def _in_order(person: Person) -> list[ContactChannel]:
    return sorted(person.channels, key=lambda c: (c.position, c.id))


def _of_known_service(visit: Visit, channel: ContactChannel) -> None:
    try:
        subscription(channel.address, visit.house.options.push_services)
    except ValueError as exc:
        raise RuleError(f"form: address: {exc}.") from exc


def _may_send(visit: Visit) -> None:
    if not visit.house.codes.allows(visit.account.login, visit.house.clock.monotonic_s()):
        vi, en = "Đã gửi quá nhiều mã; hãy đợi năm phút.", "Too many codes were sent; wait five minutes."
        raise WebError(429, vi, en, again_s=300)


def _me(visit: Visit) -> Person:
    """Return who the account is among the people on call."""
    _, oncall = oncall_of(visit)
    person = own_person(visit, oncall)
    if person is None:
        raise forbidden()
    return person


def _mine(visit: Visit) -> ContactChannel:
    """Return the channel of the address; another's is not there."""
    number = visit.path("id")
    channel = next((c for c in _me(visit).channels if str(c.id) == number), None)
    if channel is None:
        raise not_found()
    return channel


def _delay_min(visit: Visit, name: str) -> float | None:
    """Return the delay that a field holds, in minutes; ``None`` when it is none."""
    try:
        minutes = float(visit.text(name, 10).replace(",", ".") or "0")
    except ValueError:
        return None
    return minutes if 0 <= minutes <= LONGEST_DELAY_MIN else None


ROUTES = [
    page("/channels", channels),
    page("/channels", add, post=True),
    page("/channels/order", order, post=True),
    page("/channels/{id}/code", code, post=True),
    page("/channels/{id}/verify", verify, post=True),
    page("/channels/{id}/remove", remove, post=True),
]

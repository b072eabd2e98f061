"""The digest: one message that says which ones were held back from a recipient, and how to see them all."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from alerts.budget import PagingBudget
from alerts.messages import DOMAIN
from quantrac.domain.notifications import Held, HeldBack, Notification
from quantrac.domain.stations import Station
from quantrac.domain.words import Bilingual, duration, duration_vi, local_time

_MOST_LINES = 20
"""Messages that are listed; the rest is counted."""
_EXAMPLE = Bilingual("[MINH HỌA] ", "[ILLUSTRATION] ")


def digest(back: HeldBack, station: Station | None, budget: PagingBudget) -> Notification:
    """Return the message that tells a recipient what was held back about a station.

    ``station`` is ``None`` where no description of it is left. The Message-ID is made of what was held back: the same
    digest can never be two.
    """
    name = Bilingual(back.station, back.station) if station is None else Bilingual(station.name_vi, station.name_en)
    example = _EXAMPLE if station is not None and station.illustration else Bilingual("", "")
    count, alerts = len(back.held), len({held.alert_id for held in back.held})
    vi = f"{example.vi}[TỔNG HỢP] {count} tin của {alerts} cảnh báo không gửi riêng – {name.vi}"
    en = f"{example.en}[DIGEST] {count} messages of {alerts} alerts not sent one by one – {name.en}"
    return Notification(
        message_id=_message_id(back),
        channel=back.channel,
        recipient=back.recipient,
        subject=f"{vi} / {en}",
        text="\n".join([*_vietnamese(back, vi, budget), "", "— English —", "", *_english(back, en, budget), ""]),
    )


def _vietnamese(back: HeldBack, headline: str, budget: PagingBudget) -> Iterable[str]:
    yield from (headline, "", f"Trạm: {back.station}")
    yield (
        f"Mỗi người nhận tối đa {budget.messages} tin về một trạm trong {duration_vi(budget.per)}; "
        f"các tin sau đây bị giữ lại từ {local_time(back.held[0].held_at)} (giờ Việt Nam)."
    )
    yield from ("", *_listed(back.held, "tin khác"), "", "Việc cần làm:")
    yield "  1. Mở danh sách cảnh báo của trạm: quantrac alerts list --all."
    yield "  2. Gọi đơn vị vận hành: thiết bị đo hoặc bộ truyền dữ liệu gửi số liệu dồn dập hay dao động là có sự cố."


def _english(back: HeldBack, headline: str, budget: PagingBudget) -> Iterable[str]:
    yield from (headline, "", f"Station: {back.station}")
    yield (
        f"A recipient gets at most {budget.messages} messages about one station within {duration(budget.per)}; "
        f"the following were held back since {local_time(back.held[0].held_at)} (Vietnam time)."
    )
    yield from ("", *_listed(back.held, "more"), "", "What to do:")
    yield "  1. Open the station's alerts: quantrac alerts list --all."
    yield "  2. Call the operator: an instrument or logger that sends in bursts or flaps has a fault."


def _listed(held: tuple[Held, ...], more: str) -> Iterable[str]:
    for one in held[:_MOST_LINES]:
        yield f"  {local_time(one.held_at)}  #{one.alert_id}  {one.subject.split(' / ')[0]}"
    if len(held) > _MOST_LINES:
        yield f"  … +{len(held) - _MOST_LINES} {more}"


def _message_id(back: HeldBack) -> str:
    who = f"{back.channel.value}:{back.recipient.casefold()}"
    digested = hashlib.sha256(f"{back.station}:{who}".encode()).hexdigest()[:16]
    return f"<quantrac.digest-{back.held[0].id}.{back.held[-1].id}-{digested}@{DOMAIN}>"

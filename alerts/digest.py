"""The digest: one message that says which ones were held back from a recipient, and how to see them all."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from alerts import htmlmail
from alerts.budget import PagingBudget
from alerts.content import Content, Line
from alerts.messages import DOMAIN, banner, unreal
from alerts.plaintext import one_line, plain
from quantrac.domain.notifications import Channel, Held, HeldBack, Notification
from quantrac.domain.stations import Station
from quantrac.domain.words import NOTHING_SAID, Bilingual, counted, duration, duration_vi, local_time

_MOST_LINES = 20
"""Messages that are listed; the rest is counted."""
_STEPS = (
    Bilingual(
        "Gọi đơn vị vận hành: thiết bị đo hoặc bộ truyền dữ liệu gửi số liệu dồn dập hay dao động là có sự cố.",
        "Call the operator: an instrument or logger that sends in bursts or flaps has a fault.",
    ),
    Bilingual(
        "Xem từng cảnh báo của trạm và ghi nguyên nhân.", "Look at each alert of the station, and record its cause."
    ),
)


def digest(back: HeldBack, station: Station | None, budget: PagingBudget) -> Notification:
    """Return the message that tells a recipient what was held back about a station.

    ``station`` is ``None`` where no description of it is left. The Message-ID is made of what was held back: the same
    digest can never be two.
    """
    content = _content(back, station, budget)
    return Notification(
        message_id=_message_id(back),
        channel=back.channel,
        recipient=back.recipient,
        subject=one_line(content.headline.vi),
        text=plain(content),
        html=htmlmail.render(content) if back.channel is Channel.EMAIL else None,
    )


def _content(back: HeldBack, station: Station | None, budget: PagingBudget) -> Content:
    name = Bilingual(back.station, back.station)
    drill = illustration = False
    if station is not None:
        name = Bilingual(station.name_vi, station.name_en)
        drill, illustration = station.drill, station.illustration
    example = unreal(drill=drill, illustration=illustration)
    messages, alerts = len(back.held), len({held.alert_id for held in back.held})
    since = local_time(back.held[0].held_at)
    return Content(
        headline=Bilingual(
            f"{example.vi}[TỔNG HỢP] {messages} tin của {alerts} cảnh báo không gửi riêng, {name.vi}",
            f"{example.en}[DIGEST] {counted(messages, 'message')} of {counted(alerts, 'alert')} not sent one by one, "
            f"{name.en}",
        ),
        lines=(
            Line(
                Bilingual("Trạm", "Station"),
                Bilingual(f"{name.vi} ({back.station})", f"{name.en} ({back.station})"),
            ),
            Line(
                Bilingual("Giữ lại từ", "Held back since"),
                Bilingual(f"{since} (giờ Việt Nam)", f"{since} (Vietnam time)"),
            ),
            Line(
                Bilingual("Vì sao", "Why"),
                Bilingual(
                    f"Mỗi người nhận tối đa {budget.messages} tin về một trạm trong {duration_vi(budget.per)}.",
                    f"A recipient gets at most {budget.messages} messages about one station within "
                    f"{duration(budget.per)}.",
                ),
            ),
            *_listed(back.held, example.vi, f", {name.vi}"),
        ),
        steps=_STEPS,
        banner=banner(drill=drill, illustration=illustration),
        answers=(_command(f"quantrac alerts list --all --station {back.station}"),),
    )


def _command(command: str) -> Line:
    return Line(Bilingual("Bằng lệnh", "By command"), Bilingual(command, command))


def _listed(held: tuple[Held, ...], example: str, where: str) -> Iterator[Line]:
    """Yield each message by its subject, without what the headline has said of the station."""
    for one in held[:_MOST_LINES]:
        at, subject = f"#{one.alert_id}, {local_time(one.held_at)}", one.subject.removeprefix(example)
        subject = subject.removesuffix(where)
        yield Line(Bilingual(at, at), Bilingual(subject, subject))
    if len(held) > _MOST_LINES:
        more = len(held) - _MOST_LINES
        yield Line(NOTHING_SAID, Bilingual(f"… +{more} tin khác", f"… +{more} more"))


def _message_id(back: HeldBack) -> str:
    who = f"{back.channel.value}:{back.recipient.casefold()}"
    digested = hashlib.sha256(f"{back.station}:{who}".encode()).hexdigest()[:16]
    return f"<quantrac.digest-{back.held[0].id}.{back.held[-1].id}-{digested}@{DOMAIN}>"

"""What officers read about an incident: text and HTML, Vietnamese first. A message stands alone."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from alerts.incidents.reasons import Notice, Reason
from quantrac.domain.alerts import Severity
from quantrac.domain.incidents import Extent, HoldWindow, Incident, Member, Topic
from quantrac.domain.notifications import Channel, Notification
from quantrac.domain.oncall import ContactKind
from quantrac.domain.words import as_text

DOMAIN = "quantrac.local"
MOST_LETTERS = 1000
"""Of a line: whatever name or explanation is longer was not meant to be read."""
MOST_LINES = 12
"""Alerts, and incidents of a digest, that a message names one by one: it is read on a phone."""

_SEVERITY = {
    Severity.INFO: ("THÔNG TIN", "INFO"),
    Severity.WARNING: ("CHÚ Ý", "WARNING"),
    Severity.HIGH: ("CAO", "HIGH"),
    Severity.CRITICAL: ("NGHIÊM TRỌNG", "CRITICAL"),
}
_WHY = {
    Reason.RELAPSE: ("Sự cố tái diễn.", "The incident has come back."),
    Reason.WORSE: ("Sự cố nặng hơn lần báo trước.", "Graver than told before."),
    Reason.OUTAGE: (
        "Nhiều trạm mất tín hiệu gần như cùng lúc: nhiều khả năng lỗi đường truyền.",
        "Many stations fell silent almost at once: probably the line, not the stations.",
    ),
    Reason.STILL_HOLDS: (
        "Vẫn còn sau khi hết thời gian bảo trì, im lặng hoặc mất đường truyền.",
        "Still so after the maintenance, the silence or the outage has ended.",
    ),
    Reason.SNOOZE_OVER: ("Hết thời gian tạm hoãn.", "The snooze is over."),
    Reason.FORGOTTEN: (
        "Đã có người nhận nhưng lâu không có cập nhật.",
        "Somebody has acknowledged it, and nothing has happened for long.",
    ),
    Reason.UNATTENDED: ("Chưa ai xác nhận.", "Nobody has acknowledged it."),
    Reason.FLAPPING: (
        "Đóng mở liên tục: sẽ không báo lại cho tới khi ổn định.",
        "It keeps coming and going: nothing more is told until it is calm.",
    ),
    Reason.CALM: ("Đã ổn định.", "It has been calm."),
    Reason.ASSIGNED: ("Sự cố được giao cho bạn.", "The incident was handed on to you."),
}


@dataclass(frozen=True, slots=True)
class IncidentNotice:
    """An incident as it is told."""

    incident: Incident
    reason: Reason
    kind: Notice
    names: Mapping[str, str]
    """Vietnamese names of stations by code."""
    others: Sequence[Incident] = ()
    """That a digest names."""
    link: str | None = None
    """With which its reader takes it."""


@dataclass(frozen=True, slots=True)
class Text:
    """A message before it is addressed."""

    subject: str
    text: str
    html: str


def compose(notice: IncidentNotice) -> Text:
    """Return what is said of an incident."""
    headline = _headline(notice)
    vi, en = [headline[0], *_lines(notice, 0)], [headline[1], *_lines(notice, 1)]
    return _text(f"{headline[0]} / {headline[1]}", vi, en, notice.link)


def silence_ended(window: HoldWindow, still: Iterable[Incident]) -> Text:
    """Return what is said when a silence has expired: what still holds, or that nothing does."""
    where = window.station or "*"
    where += f" {window.parameter}" if window.parameter else ""
    left = ", ".join(f"#{i.id}" for i in still) or "-"
    note = f" ({window.note})" if window.note else ""
    vi = [f"[HẾT IM LẶNG] {where}: hết hạn lúc {as_text(window.ends_at)}{note}", f"Sự cố còn mở: {left}"]
    en = [f"[SILENCE OVER] {where}: expired at {as_text(window.ends_at)}{note}", f"Incidents still open: {left}"]
    return _text(f"{vi[0]} / {en[0]}", vi, en)


def plain(subject: str, text: str) -> Text:
    """Return a message of one text in both languages."""
    return Text(_one_line(subject), text, _document(text.splitlines()))


def way(kind: ContactKind) -> Channel:
    """Return how the notifier delivers: all but e-mail and browsers goes to a target that the webhooks' file names."""
    ways = {ContactKind.EMAIL: Channel.EMAIL, ContactKind.WEB_PUSH: Channel.WEB_PUSH}
    return ways.get(kind, Channel.WEBHOOK)


def notification(text: Text, channel: Channel, recipient: str, *parts: object) -> Notification:
    """Return the message to one recipient.

    ``parts`` say what it is about: the same give the same Message-ID, so that a step that is done twice sends once.
    """
    about = "-".join(str(part) for part in parts)
    digest = hashlib.sha256(f"{channel.value}:{recipient.casefold()}:{about}".encode()).hexdigest()[:20]
    html = text.html if channel is Channel.EMAIL else None
    return Notification(f"<quantrac.incident-{digest}@{DOMAIN}>", channel, recipient, text.subject, text.text, html)


def _headline(notice: IncidentNotice) -> tuple[str, str]:
    incident = notice.incident
    vi, en = _SEVERITY[incident.severity]
    marks = ("KẾT THÚC", "RESOLVED") if notice.kind is Notice.END else (vi, en)
    what = _what(incident)
    where = _where(incident, notice.names)
    more = f" (+{len(notice.others)})" if notice.others else ""
    return f"[{marks[0]}] {what[0]} – {where}{more}", f"[{marks[1]}] {what[1]} – {where}{more}"


def _what(incident: Incident) -> tuple[str, str]:
    if incident.extent is Extent.OUTAGE:
        count = len(incident.stations)
        return f"Mất tín hiệu {count} trạm", f"{count} stations silent"
    if incident.topic is Topic.SIGNAL:
        return "Mất tín hiệu", "Loss of signal"
    parameters = ", ".join(dict.fromkeys(m.key.parameter for m in incident.members if m.key.parameter))
    if incident.topic is Topic.INSTRUMENT:
        return f"Thiết bị đo {parameters}", f"Instrument of {parameters}"
    return f"{parameters} vượt hoặc bất thường", f"{parameters} beyond its limit or unusual"


def _where(incident: Incident, names: Mapping[str, str]) -> str:
    stations = incident.stations
    parks = dict.fromkeys(m.park for m in incident.members if m.park)
    if len(stations) > 1 and len(parks) == 1:
        return next(iter(parks))
    first = names.get(stations[0], stations[0]) if stations else "?"
    return first if len(stations) <= 1 else f"{first} +{len(stations) - 1}"


def _lines(notice: IncidentNotice, language: int) -> Iterable[str]:
    incident = notice.incident
    yield f"{('Sự cố số', 'Incident no.')[language]}: {incident.id}"
    if notice.link is not None:
        yield f"{('Nhận sự cố', 'Take it')[language]}: {notice.link}"
    if notice.reason in _WHY:
        yield _WHY[notice.reason][language]
    yield f"{('Từ lúc', 'Since')[language]}: {as_text(incident.since)}"
    if incident.holder is not None:
        yield f"{('Người nhận', 'Taken by')[language]}: {incident.holder}"
    yield from _bounded((_member(m, notice.names, language) for m in _newest(incident)), len(incident.members))
    if notice.others:
        yield ("Các sự cố khác cùng lúc, không báo riêng:", "Other incidents, not told by themselves:")[language]
        others = (f"  #{i.id} {_what(i)[language]} – {_where(i, notice.names)}" for i in notice.others)
        yield from _bounded(others, len(notice.others))
    if notice.kind is Notice.PAGE and notice.link is None:
        yield (
            f"Nhận sự cố: quantrac incidents acknowledge {incident.id} --by TÊN",
            f"Take it: quantrac incidents acknowledge {incident.id} --by NAME",
        )[language]
    if notice.kind is Notice.END:
        yield (
            f"Ghi nguyên nhân: quantrac incidents close {incident.id} NGUYÊN_NHÂN --by TÊN",
            f"Record its cause: quantrac incidents close {incident.id} CAUSE --by NAME",
        )[language]


def _newest(incident: Incident) -> list[Member]:
    return sorted(incident.members, key=lambda m: m.resolved_at is not None)


def _member(member: Member, names: Mapping[str, str], language: int) -> str:
    station = names.get(member.key.station, member.key.station)
    why = (member.explanation_vi, member.explanation_en)[language] or member.key.parameter
    return f"  {station}: {why}"


def _bounded(lines: Iterable[str], count: int) -> Iterable[str]:
    for number, line in enumerate(lines):
        if number == MOST_LINES:
            yield f"  … +{count - MOST_LINES}"
            return
        yield line


def _text(subject: str, vi: Sequence[str], en: Sequence[str], link: str | None = None) -> Text:
    lines = [*vi, "", "— English —", "", *en]
    return Text(_one_line(subject), "\n".join(map(_one_line, lines)) + "\n", _document(lines, link))


def _document(lines: Iterable[str], link: str | None = None) -> str:
    body = "".join(f"<p>{escape(_one_line(line))}</p>" if line else "<hr>" for line in lines)
    if link is not None:
        shown = escape(link)
        body = body.replace(shown, f'<a href="{shown}">{shown}</a>')
    return f'<!doctype html><html lang="vi"><body style="font-family:sans-serif">{body}</body></html>'


def _one_line(text: str) -> str:
    """Return a text without line breaks and control characters: a name must not forge a header or a terminal."""
    shown = text if len(text) <= MOST_LETTERS else f"{text[:MOST_LETTERS]}…"
    return "".join(c if c.isprintable() else " " for c in shown)

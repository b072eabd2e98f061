"""The lines of an incident's history in the reader's words: what the step of incidents notes is codes and counts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime

from quantrac.domain.alerts import Severity
from quantrac.domain.incidents import IncidentCause, IncidentEvent
from quantrac.domain.words import Bilingual, counted, local_time
from web.words import reason, word

_EXTENT = re.compile(r"(\d+) alerts?, (\d+) stations?, (\w+)")
_RECIPIENTS = re.compile(r"(\d+) recipients")
_STEP = re.compile(r"(\S+) (\d+)")


def act_words(event: IncidentEvent) -> Bilingual:
    """Return what was done, and why where a reason stands beside it.

    >>> from datetime import UTC, datetime
    >>> at = datetime(2026, 11, 23, tzinfo=UTC)
    >>> act_words(IncidentEvent(1, at, "", "not_paged", "paged_already", "")).vi
    'Không gọi: đã báo rồi'
    >>> act_words(IncidentEvent(1, at, "", "escalation", "nuoc 2", "an")).en
    'escalation: policy nuoc, step 2'
    """
    what, why = reason(event.what), event.reason
    step = _STEP.fullmatch(why) if event.what == "escalation" else None
    if step is not None:
        because = Bilingual(f"chính sách {step[1]}, bước {step[2]}", f"policy {step[1]}, step {step[2]}")
    elif why and why != "done":
        because = reason(why)
    else:
        return what
    return Bilingual(f"{what.vi}: {because.vi}", f"{what.en}: {because.en}")


def detail_words(event: IncidentEvent, people: Mapping[str, str]) -> Bilingual:
    """Return what an event is about: of people their names, of our own counts the words, else what somebody wrote.

    >>> from datetime import UTC, datetime
    >>> at = datetime(2026, 11, 23, tzinfo=UTC)
    >>> detail_words(IncidentEvent(1, at, "", "page", "opened", "3 alerts, 1 stations, high"), {}).vi
    '3 cảnh báo, 1 trạm, mức Cao'
    >>> detail_words(IncidentEvent(1, at, "", "escalation", "nuoc 1", "an, binh"), {"an": "Nguyễn Văn An"}).vi
    'Nguyễn Văn An, binh'
    >>> detail_words(IncidentEvent(1, at, "an", "comment", "done", "3 alerts, 1 stations, high"), {}).vi
    '3 alerts, 1 stations, high'
    """
    return _act_detail(event, people) if event.actor else _step_detail(event.detail, people)


def _act_detail(event: IncidentEvent, people: Mapping[str, str]) -> Bilingual:
    """Return what somebody has added to an act.

    >>> at = datetime(2026, 11, 23)
    >>> _act_detail(IncidentEvent(1, at, "an", "snooze", "done", "2026-11-23T03:05:00+00:00"), {}).vi
    'đến 10:05 23/11/2026'
    >>> _act_detail(IncidentEvent(1, at, "an", "close", "done", "process_upset tràn bể"), {}).vi
    'Sự cố hệ thống xử lý: tràn bể'
    """
    said = event.detail
    match event.what:
        case "assign":
            said = people.get(said, said)
        case "acknowledge" if said == "link":
            return Bilingual("bằng liên kết trong tin", "by the link of the message")
        case "snooze" if said:
            until = local_time(datetime.fromisoformat(said))
            return Bilingual(f"đến {until}", f"until {until}")
        case "close":
            code, _, text = said.partition(" ")
            if code in set(IncidentCause):
                cause, more = word(IncidentCause(code)), f": {text}" if text else ""
                return Bilingual(f"{cause.vi}{more}", f"{cause.en}{more}")
        case _:
            pass
    return Bilingual(said, said)


def _step_detail(said: str, people: Mapping[str, str]) -> Bilingual:
    extent = _EXTENT.fullmatch(said)
    if extent is not None:
        severity = word(Severity(extent[3])) if extent[3] in set(Severity) else Bilingual(extent[3], extent[3])
        alerts, stations = int(extent[1]), int(extent[2])
        return Bilingual(
            f"{alerts} cảnh báo, {stations} trạm, mức {severity.vi}",
            f"{counted(alerts, 'alert')}, {counted(stations, 'station')}, {severity.en}",
        )
    recipients = _RECIPIENTS.fullmatch(said)
    if recipients is not None:
        count = int(recipients[1])
        return Bilingual(f"{count} nơi nhận chung", counted(count, "common recipient"))
    names = ", ".join(people.get(code, code) for code in said.split(", "))
    return Bilingual(names, names)

"""After an outage of mail: incidents that were over before anybody could be told of them are one message. Pure.

What is open is told as ever, and first. What a reader has had a message of is told to its end. Only what began and
ended while no mail went out is gathered: hours later a page and an end of each would hide what is open.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from alerts import htmlmail, plaintext
from alerts.content import Content, Line
from alerts.incidents.messages import Text as MessageText
from alerts.incidents.messages import notification
from alerts.messages import OVER
from alerts.plaintext import ENGLISH, one_line
from quantrac.domain.notifications import Channel, Gathered, WaitingMail
from quantrac.domain.words import Bilingual, local_time

MOST_INCIDENTS = 50
"""In one message; more make another."""
_OVER_STATES = frozenset({"resolved", "closed"})


class Fate(StrEnum):
    """What becomes of the mails about one incident that wait for one reader, and why."""

    GATHERED = "over_untold"
    STILL_OPEN = "still_open"
    TOLD_BEFORE = "told_before"
    """Its reader has had one of its messages: the others go on from it."""
    NAMES_OTHERS = "names_others"
    """The digest of a storm: incidents that have no message of their own stand in it."""
    IN_HAND = "in_hand"
    """Another notifier is delivering one of them."""
    NOT_TRIED = "not_tried"
    """None of them has failed: nothing was away."""
    ALONE = "alone"
    """The only one: its own messages say more."""


@dataclass(frozen=True, slots=True)
class Untold:
    """Decides for all readers, and writes the messages."""

    web_url: str | None = None
    """Of the pages, to which messages lead on."""

    def gathered(self, mails: Sequence[WaitingMail]) -> list[Gathered]:
        """Return a message for each reader of whom more than one incident was over before it could be told."""
        found = fates(mails)
        readers: dict[str, dict[int, list[WaitingMail]]] = {}
        for mail in mails:
            if found[mail.recipient, mail.incident_id] is Fate.GATHERED:
                readers.setdefault(mail.recipient, {}).setdefault(mail.incident_id, []).append(mail)
        return [
            self._message(recipient, some)
            for recipient, incidents in readers.items()
            for some in _portions(list(incidents.values()))
        ]

    def _message(self, recipient: str, incidents: Sequence[Sequence[WaitingMail]]) -> Gathered:
        count, ids = len(incidents), tuple(mail.id for mails in incidents for mail in mails)
        content = Content(
            headline=Bilingual(
                f"[TỔNG HỢP] {count} sự cố đã kết thúc khi chưa gửi được thư",
                f"[DIGEST] {count} incidents began and ended while no mail could be sent",
            ),
            lines=tuple(self._line(mails[-1]) for mails in incidents),
            steps=(),
            answers=tuple(self._answers()),
        )
        text = MessageText(one_line(content.headline.vi), plaintext.plain(content), htmlmail.render(content))
        return Gathered(notification(text, Channel.EMAIL, recipient, "untold", *ids), ids)

    def _line(self, last: WaitingMail) -> Line:
        """Say of one incident what, where, how bad, when, and where to read on: as its end would have."""
        what = _headline(last)
        since, over = (local_time(at) if at is not None else "-" for at in (last.since, last.over_at))
        link = "" if self.web_url is None else f"; {self.web_url.rstrip('/')}/incidents/{last.incident_id}"
        return Line(
            Bilingual(f"Sự cố {last.incident_id}", f"Incident {last.incident_id}"),
            Bilingual(f"{what.vi}; từ {since} đến {over}{link}", f"{what.en}; from {since} to {over}{link}"),
        )

    def _answers(self) -> Iterable[Line]:
        if self.web_url is not None:
            page = f"{self.web_url.rstrip('/')}/incidents"
            yield Line(Bilingual("Tất cả sự cố", "All incidents"), Bilingual(page, page))
            return
        command = "quantrac incidents close"
        yield Line(
            Bilingual("Ghi nguyên nhân", "Record the cause"),
            Bilingual(f"{command} SỐ NGUYÊN_NHÂN --by TÊN", f"{command} NUMBER CAUSE --by NAME"),
        )


def _portions(incidents: Sequence[Sequence[WaitingMail]]) -> Iterable[Sequence[Sequence[WaitingMail]]]:
    return (incidents[start : start + MOST_INCIDENTS] for start in range(0, len(incidents), MOST_INCIDENTS))


def fates(mails: Iterable[WaitingMail]) -> dict[tuple[str, int], Fate]:
    """Return what becomes of each incident's mails, by reader and incident; ``mails`` in the order of writing."""
    of: dict[tuple[str, int], list[WaitingMail]] = {}
    for mail in mails:
        of.setdefault((mail.recipient, mail.incident_id), []).append(mail)
    found = {key: _fate(waiting) for key, waiting in of.items()}
    readers = [recipient for (recipient, _), fate in found.items() if fate is Fate.GATHERED]
    alone = {recipient for recipient in readers if readers.count(recipient) == 1}
    return {key: Fate.ALONE if fate is Fate.GATHERED and key[0] in alone else fate for key, fate in found.items()}


def _fate(mails: Sequence[WaitingMail]) -> Fate:
    last = mails[-1]
    if last.told:
        return Fate.TOLD_BEFORE
    if last.state not in _OVER_STATES or "page" in [m.notice for m in mails[_end(mails) :]]:
        return Fate.STILL_OPEN
    if last.names_others:
        return Fate.NAMES_OTHERS
    if any(m.in_hand for m in mails):
        return Fate.IN_HAND
    return Fate.GATHERED if any(m.attempts for m in mails) else Fate.NOT_TRIED


def _end(mails: Sequence[WaitingMail]) -> int:
    """Return the place of the last end; 0 where none waits."""
    return max((place for place, mail in enumerate(mails) if mail.notice == "end"), default=0)


def _headline(mail: WaitingMail) -> Bilingual:
    """Return the headline of a message in both languages, without the mark that it is over."""
    english = mail.text.partition(f"{ENGLISH}\n")[2].splitlines()
    en = next((line for line in english if line and not line.startswith("*** ")), mail.subject)
    return Bilingual(mail.subject.replace(f"[{OVER.vi}] ", ""), en.replace(f"[{OVER.en}] ", ""))

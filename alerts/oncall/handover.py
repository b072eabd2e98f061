"""Hand-overs of duty and the week's summary: pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median

from alerts.oncall.duty import shifts, uncovered_part
from alerts.oncall.precision import monday_of, precision
from quantrac.domain.incidents import Incident, IncidentState
from quantrac.domain.oncall import Override, Rota
from quantrac.domain.stations import VIETNAM
from quantrac.domain.words import Bilingual, counted, local_time


@dataclass(frozen=True, slots=True)
class HandOver:
    """A change of who is on duty."""

    rota: str
    at: datetime
    leaving: tuple[str, ...]
    coming: tuple[str, ...]
    staying: tuple[str, ...]
    until: datetime
    """End of the shift that begins, or of the time that was looked at."""
    off_hours: bool = False
    """Nobody is on duty from now on because the rota is meant for other hours."""


def hand_overs(rota: Rota, overrides: Sequence[Override], after: datetime, until: datetime) -> list[HandOver]:
    """Return the hand-overs in ``(after, until]``, in order; the next call goes on from ``until``."""
    plan = shifts(rota, overrides, after, until + timedelta(days=8))
    return [
        HandOver(
            rota.code,
            new.starts_at,
            tuple(p for p in old.people if p not in new.people),
            tuple(p for p in new.people if p not in old.people),
            tuple(p for p in new.people if p in old.people),
            new.ends_at,
            not new.people and uncovered_part(rota, new) is None,
        )
        for old, new in pairwise(plan)
        if after < new.starts_at <= until
    ]


def hand_over_subject(change: HandOver, title: str) -> str:
    """Return the subject: a telephone shows of it whether anybody takes over, in hours for which the rota is meant.

    >>> night = datetime(2026, 11, 23, 19, tzinfo=VIETNAM)
    >>> hand_over_subject(HandOver("dem", night, ("an",), (), (), night), "Trực đêm")
    '[TRỰC BAN] KHÔNG AI NHẬN CA: Trực đêm / Nobody takes over'
    """
    if change.coming or change.staying or change.off_hours:
        return f"[TRỰC BAN] {title}"
    return f"[TRỰC BAN] KHÔNG AI NHẬN CA: {title} / Nobody takes over"


def hand_over_text(change: HandOver, title: str, names: Mapping[str, str]) -> str:
    """Return what is told of a hand-over to who comes and who goes, Vietnamese first.

    >>> night = datetime(2026, 11, 23, 19, tzinfo=VIETNAM)
    >>> change = HandOver("dem", night, (), ("an",), (), night + timedelta(hours=12))
    >>> hand_over_text(change, "Trực đêm", {"an": "Nguyễn Văn An"}).splitlines()[0]
    'Trực đêm: Nguyễn Văn An bắt đầu ca lúc 19:00 23/11/2026, đến 07:00 24/11/2026 (giờ Việt Nam).'
    """
    coming, leaving, staying = (
        ", ".join(names.get(p, p) for p in people) for people in (change.coming, change.leaving, change.staying)
    )
    at, until = local_time(change.at), local_time(change.until)
    if not coming and staying:
        vi, en = f"{leaving} hết ca lúc {at}, {staying} vẫn trực", f"{leaving} goes off duty at {at}; {staying} stays"
    elif not coming:
        vi, en = f"{leaving} hết ca lúc {at}, không ai nhận ca", f"{leaving} goes off duty at {at}; nobody takes over"
    elif not leaving:
        vi, en = f"{coming} bắt đầu ca lúc {at}, đến {until}", f"{coming} goes on duty at {at}, until {until}"
    else:
        vi = f"{coming} nhận ca từ {leaving} lúc {at}, đến {until}"
        en = f"{coming} takes over from {leaving} at {at}, until {until}"
    return f"{title}: {vi} (giờ Việt Nam).\n\n— English —\n\n{title}: {en} (Vietnam time).\n"


@dataclass(frozen=True, slots=True)
class Week:
    """What a week on call was like."""

    starts_at: datetime
    ends_at: datetime
    incidents: int
    paged: int
    unclosed: int
    """Told, resolved, and not closed with a cause."""
    open: int
    median_acknowledgement: timedelta | None
    right: int
    """Told of the water, and closed as pollution or an upset of the process."""
    wrong: int
    """Told of the water, and closed as something else; drills and ``other`` do not count."""

    @property
    def precision(self) -> float | None:
        """Share of the pages about water that were right; ``None`` when none was closed with a cause."""
        return self.right / (self.right + self.wrong) if self.right + self.wrong else None


def week(
    incidents: Iterable[Incident], acknowledgements: Collection[timedelta], starts_at: datetime, ends_at: datetime
) -> Week:
    """Return the summary of the incidents that opened in ``[starts_at, ends_at)``.

    Parameters
    ----------
    acknowledgements
        From each page to its acknowledgement.
    """
    own = [i for i in incidents if starts_at <= i.opened_at < ends_at]
    told = [i for i in own if i.paged_at is not None]
    pages = precision(own, starts_at, ends_at)
    return Week(
        starts_at,
        ends_at,
        incidents=len(own),
        paged=len(told),
        unclosed=sum(i.state is IncidentState.RESOLVED for i in told),
        open=sum(i.is_active for i in own),
        median_acknowledgement=_median(acknowledgements),
        right=pages.right,
        wrong=pages.wrong,
    )


def _median(spans: Collection[timedelta]) -> timedelta | None:
    return timedelta(seconds=median(span.total_seconds() for span in spans)) if spans else None


def week_before(now: datetime) -> tuple[datetime, datetime]:
    """Return the last whole week before an instant, Monday to Monday in Vietnam.

    >>> [t.isoformat() for t in week_before(datetime(2026, 11, 25, 3, 0, tzinfo=VIETNAM))]
    ['2026-11-16T00:00:00+07:00', '2026-11-23T00:00:00+07:00']
    """
    monday = monday_of(now)
    return monday - timedelta(days=7), monday


def summary_text(found: Week) -> str:
    """Return the summary as a message, Vietnamese first."""
    first, last = (t.astimezone(VIETNAM) for t in (found.starts_at, found.ends_at - timedelta(days=1)))
    span = f"{first:%d/%m}–{last:%d/%m/%Y}"
    took, share = found.median_acknowledgement, found.precision
    minutes = None if took is None else f"{took.total_seconds() / 60:.0f}"
    taken = Bilingual("chưa sự cố nào được xác nhận", "none was acknowledged")
    if minutes is not None:
        taken = Bilingual(f"xác nhận sau {minutes} phút (trung vị)", f"acknowledged after {minutes} min (median)")
    right = Bilingual("chưa có nguyên nhân để tính tỷ lệ báo đúng", "no cause yet to tell the precision of pages by")
    if share is not None:
        right = Bilingual(
            f"báo đúng {100 * share:.0f} % ({found.right} đúng, {found.wrong} sai)",
            f"precision of pages {100 * share:.0f} % ({found.right} right, {found.wrong} wrong)",
        )
    return (
        f"Trực ban tuần {span}: {found.incidents} sự cố, {found.paged} sự cố đã báo, {found.open} còn mở, "
        f"{found.unclosed} chưa ghi nguyên nhân; {taken.vi}; {right.vi}.\n\n"
        f"— English —\n\nOn call {span}: {counted(found.incidents, 'incident')}, {found.paged} told, "
        f"{found.open} still open, {found.unclosed} without a cause; {taken.en}; {right.en}.\n"
    )

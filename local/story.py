"""What a demo run has to show: a slug that is alarmed before its limit, and faults that become work items. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from alerts.explanations import explained
from quantrac.domain.words import Bilingual, local_clock
from simulators.labels import Injected

if TYPE_CHECKING:
    from local.accounts import Account
    from sql.reports import AlertLine


@dataclass(frozen=True, slots=True)
class Slug:
    """The alarm of an injected slug and the crossing of its limit, both in the station's time."""

    alert: AlertLine
    alarmed_at: datetime
    crossed_at: datetime
    mailed_at: datetime | None = None
    """When the mail server had accepted its first e-mail, by our clock; ``None``: not yet."""

    def ahead_s(self) -> float:
        """Return the seconds from the alarming reading to the limit; negative when the limit was first."""
        return (self.crossed_at - self.alarmed_at).total_seconds()

    def mailed_after_s(self) -> float | None:
        """Return the seconds from the alarming reading until its e-mail was accepted."""
        return None if self.mailed_at is None else (self.mailed_at - self.alarmed_at).total_seconds()

    def mail_ahead_s(self) -> float | None:
        """Return the seconds from the e-mail to the limit; negative when the limit was first."""
        return None if self.mailed_at is None else (self.crossed_at - self.mailed_at).total_seconds()


@dataclass(frozen=True, slots=True)
class WorkItem:
    """What became of an injected event that must page nobody: its alert, and the messages sent for the station."""

    event: Injected
    alert: AlertLine | None
    pages: int

    @property
    def cls(self) -> str | None:
        """What the system takes it for."""
        if self.alert is None:
            return None
        return self.alert.triage or ("fault" if self.alert.kind == "fault" else None)


def slug_of(account: Account, events: Iterable[Injected]) -> Slug | None:
    """Return the first slug that paged and whose limit was crossed; ``None`` as long as there is none."""
    for event in events:
        if event.kind != "pollution_slug" or event.crossed_at is None:
            continue
        paged = [a for a in account.alerts if event.caused(a.station, a.parameter, a.since) and a.id in account.paged]
        if paged:
            first = min(paged, key=lambda a: account.paged[a.id].observed_at)
            mails = account.mails_about([first.id])
            mailed_at = mails[0].received_at if mails else None
            return Slug(first, account.paged[first.id].observed_at, event.crossed_at, mailed_at)
    return None


def work_items(account: Account, events: Sequence[Injected]) -> list[WorkItem]:
    """Return what became of the first injected fault and calibration of each station."""
    found: dict[str, WorkItem] = {}
    for event in events:
        if event.cls not in {"fault", "maintenance"} or event.station in found:
            continue
        alerts = [a for a in account.alerts if event.caused(a.station, a.parameter, a.since)]
        mine = {a.id for a in account.alerts if a.station == event.station}
        pages = len(account.mails_about(mine))
        # The newest: a class may change while evidence gathers.
        found[event.station] = WorkItem(event, max(alerts, key=lambda a: a.id, default=None), pages)
    return list(found.values())


def complete(slug: Slug | None, items: Sequence[WorkItem]) -> bool:
    """Whether everything that the demo promises can be seen: the slug, and a work item for each fault."""
    faults = [item for item in items if item.event.cls == "fault"]
    return slug is not None and all(item.alert is not None for item in faults)


def lines_of(slug: Slug | None, items: Iterable[WorkItem], cadence_s: float) -> Iterator[str]:
    """Yield the summary for people. ``cadence_s`` is what a second of the demo stands for."""
    if slug is not None:
        alert, ahead_s = slug.alert, slug.ahead_s()
        order = "before" if ahead_s >= 0 else "after"
        yield f"Slug at {alert.station}: the reading of {local_clock(slug.alarmed_at)} alarmed of {alert.parameter},"
        yield (
            f"  {abs(ahead_s):.0f} s {order} the limit was crossed at {local_clock(slug.crossed_at)}; "
            f"at a station's cadence of {cadence_s / 60:g} min that is {abs(ahead_s) * cadence_s / 60:.0f} min."
        )
        yield f"  {_mailed(slug)}"
        yield from _why(alert)
    for item in items:
        event, raised = item.event, item.alert
        what = f"{event.kind.replace('_', ' ')} of {', '.join(event.parameters)} at {event.station}"
        if raised is None:
            yield f"No alert: {what}; pages {item.pages}."
            continue
        sure = "" if raised.triage_probability is None else f" {raised.triage_probability * 100:.0f} %"
        yield f"Work item: {what}: {item.cls or 'no class'}{sure}, rule {raised.rule}; pages {item.pages}."
        yield from _why(raised)


def as_json(slug: Slug | None, items: Iterable[WorkItem], cadence_s: float) -> dict[str, object]:
    """Return the same for programs."""
    found = None
    if slug is not None:
        found = {
            "station": slug.alert.station,
            "parameter": slug.alert.parameter,
            "alert": slug.alert.id,
            "rule": slug.alert.rule,
            "alarmed_at": slug.alarmed_at.astimezone(UTC).isoformat(),
            "limit_crossed_at": slug.crossed_at.astimezone(UTC).isoformat(),
            "ahead_s": slug.ahead_s(),
            "ahead_min_of_data": round(slug.ahead_s() * cadence_s / 60, 1),
            "mailed_at": None if slug.mailed_at is None else slug.mailed_at.astimezone(UTC).isoformat(),
            "mail_ahead_s": slug.mail_ahead_s(),
            "class": slug.alert.triage,
            "probability": slug.alert.triage_probability,
            "paged_probability": slug.alert.paged_probability,
            "explanation_vi": slug.alert.explanation_vi,
            "reasons_vi": slug.alert.triage_reasons_vi,
        }
    return {
        "slug": found,
        "work_items": [
            {
                "station": i.event.station,
                "injected": i.event.kind,
                "parameters": list(i.event.parameters),
                "alert": None if i.alert is None else i.alert.id,
                "rule": None if i.alert is None else i.alert.rule,
                "class": i.cls,
                "probability": None if i.alert is None else i.alert.triage_probability,
                "pages": i.pages,
            }
            for i in items
        ],
    }


def _mailed(slug: Slug) -> str:
    """Return when the e-mail came, by the clock: transport and processing take as long as they take at any cadence."""
    after_s, ahead_s = slug.mailed_after_s(), slug.mail_ahead_s()
    if after_s is None or ahead_s is None:
        return "Its e-mail has not been accepted yet."
    of_limit = f"{abs(ahead_s):.1f} s {'before' if ahead_s >= 0 else 'after'} the limit was crossed"
    return f"Its e-mail was accepted {after_s:.1f} s after that reading, {of_limit}."


def _why(alert: AlertLine) -> Iterator[str]:
    said, over = Bilingual(alert.explanation_vi, alert.explanation_en), alert.resolved_at is not None
    words = explained(said, alert.assessment, alert.paged_as, over=over)
    yield f"  {words.vi}"
    yield f"  {words.en}"

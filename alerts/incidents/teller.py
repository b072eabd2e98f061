"""Whom a decision is told to, by which way: pages climb a chain, updates and ends follow the pages."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial

from alerts.contacts import contacts
from alerts.incidents.book import Turn
from alerts.incidents.links import Signer
from alerts.incidents.messages import MOST_PLACES, IncidentNotice, Text, compose, notification, way
from alerts.incidents.reasons import Notice, Reason
from alerts.incidents.store import IncidentTransaction
from alerts.incidents.tellings import Decision
from alerts.oncall.chain import Step, advance, begin
from alerts.oncall.channels import Plan, plan
from quantrac.domain.alerts import Assessment, Severity
from quantrac.domain.incidents import (
    Incident,
    IncidentEvent,
    IncidentLink,
    IncidentMessage,
    IncidentState,
    PagedRecipient,
)
from quantrac.domain.notifications import Channel
from quantrac.domain.oncall import OnCall, Person


class Teller:
    """Addresses what is decided, and moves the chains of escalation on."""

    def __init__(
        self,
        tx: IncidentTransaction,
        oncall: OnCall,
        common: Sequence[tuple[Channel, str]],
        now: datetime,
        *,
        pages: bool,
        web_url: str | None = None,
        signer: Signer | None = None,
    ) -> None:
        self._tx, self._oncall, self._now, self._signer = tx, oncall, now, signer
        self._links: list[IncidentLink] = []
        self._common, self._pages, self._web_url = common, pages, web_url
        self._messages: list[IncidentMessage] = []
        self._events: list[IncidentEvent] = []
        self._after: list[tuple[Decision, IncidentNotice]] = []
        self._ended: list[int] = []
        self._told: dict[int, Assessment] = {}

    def address(self, decision: Decision, done: Turn) -> Incident:
        """Note what a decision tells, and return the incident with its chain moved on."""
        incident, notice = decision.incident, decision.notice
        if notice is Notice.PAGE:
            return self._page(decision, done.digests.get(incident.id, ()))
        if notice is not None:
            self._after.append((decision, self._notice(incident, decision.reason, notice)))
        if not incident.is_active:
            self._ended += [incident.id] if notice is Notice.END else []
        elif incident.state is IncidentState.OPEN and decision.reason is Reason.PAGED_ALREADY:
            others = _named_with(incident, done)
            return self._escalate(incident, partial(self._notice, incident, decision.reason, Notice.PAGE, others))
        return incident

    def _notice(
        self, incident: Incident, reason: Reason, kind: Notice, others: Sequence[Incident] = ()
    ) -> IncidentNotice:
        """Return what is told, with all that is known of it."""
        named = (incident, *others)
        alerts = [m.alert_id for i in named for m in i.members]
        briefing = self._tx.briefing(alerts, list(dict.fromkeys(s for i in named for s in i.stations)), self._now)
        if kind is not Notice.END:
            findings = (briefing.findings.get(m.alert_id) for m in incident.members)
            self._told |= {f.alert_id: f.assessment for f in findings if f is not None and f.assessment is not None}
        operators = [(s, p.operator) for s in incident.stations if (p := briefing.places.get(s)) is not None]
        to_ring = contacts(self._oncall, operators[:MOST_PLACES], self._now)
        return IncidentNotice(incident, reason, kind, self._now, briefing, others, to_ring, self._web_url,
                              people=self._oncall.names)  # fmt: skip

    def inform(self, text: Text, people: Iterable[str], about: str, *, else_common: bool = True) -> None:
        """Send a message that nobody need acknowledge to each person; if none is reached, to the common recipients."""
        known = [p for code in dict.fromkeys(people) if (p := self._oncall.person(code)) is not None]
        messages = [m for p in known for m in self._first_way(p, text, about)]
        if not messages and else_common:
            messages = [self._to(text, channel, address, about) for channel, address in self._common]
        self._send(messages)

    def finish(self) -> None:
        """Enqueue what was noted: pages, and updates and ends to those who were paged before."""
        self._send(self._messages)
        if self._pages:
            self._tx.add_links(self._links)
            self._tx.note_paged(self._told, self._now)
        self._tx.add_events(self._events)
        paged = self._tx.paged_recipients([decision.incident.id for decision, _ in self._after], self._now)
        for decision, about in self._after:
            self._follow(decision, about, paged.get(decision.incident.id, []))
        if self._ended:
            self._tx.withdraw(self._ended, "resolved", self._now, only_later=True)

    def _send(self, messages: Iterable[IncidentMessage]) -> None:
        if self._pages:
            self._tx.enqueue(messages)

    def _follow(self, decision: Decision, notice: IncidentNotice, recipients: Sequence[PagedRecipient]) -> None:
        incident, text = decision.incident, compose(notice)
        about = (incident.id, notice.kind.value, decision.reason.value, self._now.isoformat())
        messages = [
            IncidentMessage(
                notification(text, r.channel, r.recipient, *about),
                notice.kind.value,
                incident.id,
                r.person,
                r.contact_id,
            )
            for r in recipients
        ]
        holder = None if incident.holder is None else self._oncall.person(incident.holder)
        if holder is not None and holder.code not in {r.person for r in recipients}:
            messages += [
                replace(m, incident_id=incident.id, notice=notice.kind.value)
                for m in self._first_way(holder, text, *about)
            ]
        self._send(messages)

    def _page(self, decision: Decision, others: Sequence[Incident]) -> Incident:
        incident = decision.incident
        notice = partial(self._notice, incident, decision.reason, Notice.PAGE, others)
        if incident.is_drill and (channel := self._tx.contacts(incident.stations)):
            self._page_to(incident, notice(), [(Channel.EMAIL, address) for address in channel], "test_channel")
            return incident
        policy = self._oncall.policy_for(incident.severity)
        if policy is None:
            self._page_common(incident, notice(), "no_policy")
            return incident
        return self._escalate(replace(incident, chain=begin(policy, self._now)), notice)

    def _escalate(self, incident: Incident, notice: Callable[[], IncidentNotice]) -> Incident:
        if incident.chain is None:
            return incident
        moved = advance(self._oncall, incident.chain, incident.stations, self._now)
        if moved.step is Step.NOBODY:
            self._page_common(incident, notice(), moved.step.value)
        people = moved.people
        if people:
            told = notice()
            for person in people:
                text = compose(self._with_link(told, incident, person))
                self._messages += self._planned(incident, text, person, plan(person, incident.severity, self._now))
            detail = ", ".join(p.code for p in people)
            what = f"{moved.chain.policy} {moved.chain.step + 1}"
            self._events.append(IncidentEvent(incident.id, self._now, "", "escalation", what, detail))
        return replace(incident, chain=moved.chain)

    def _page_common(self, incident: Incident, notice: IncidentNotice, why: str) -> None:
        own = [(Channel.EMAIL, address) for address in self._tx.contacts(incident.stations)]
        self._page_to(incident, notice, [*self._common, *own], why)

    def _page_to(self, incident: Incident, notice: IncidentNotice, to: Sequence[tuple[Channel, str]], why: str) -> None:
        text, about = compose(notice), (incident.id, "page", self._now.isoformat())
        self._messages += [
            IncidentMessage(notification(text, channel, recipient, *about), Notice.PAGE.value, incident.id)
            for channel, recipient in dict.fromkeys(to)
        ]
        self._events.append(IncidentEvent(incident.id, self._now, "", "escalation", why, f"{len(to)} recipients"))

    def _planned(self, incident: Incident, text: Text, person: Person, ways: Plan) -> list[IncidentMessage]:
        return [
            IncidentMessage(
                notification(
                    text, way(p.channel.kind), p.channel.address, incident.id, person.code, self._now.isoformat()
                ),
                Notice.PAGE.value,
                incident.id,
                person.code,
                p.channel.id,
                p.due_at if p.due_at > self._now else None,
            )
            for p in ways.messages
        ]

    def _with_link(self, notice: IncidentNotice, incident: Incident, person: Person) -> IncidentNotice:
        """Return a notice with a link of the person's own, where there is a page that it can lead to."""
        if self._signer is None or self._signer.page is None:
            return notice
        address, link = self._signer.make(incident.id, person.code, self._now)
        self._links.append(link)
        return replace(notice, link=address)

    def _first_way(self, person: Person, text: Text, *about: object) -> list[IncidentMessage]:
        first = plan(person, Severity.CRITICAL, self._now).messages[:1]
        return [
            IncidentMessage(
                notification(text, way(p.channel.kind), p.channel.address, *about),
                Notice.UPDATE.value,
                person=person.code,
                contact_id=p.channel.id,
            )
            for p in first
        ]

    def _to(self, text: Text, channel: Channel, recipient: str, about: str) -> IncidentMessage:
        return IncidentMessage(notification(text, channel, recipient, about), Notice.UPDATE.value)


def _named_with(incident: Incident, done: Turn) -> list[Incident]:
    """Return what the digest of an incident has named and nobody has taken."""
    named = (d.incident for d in done.decisions if d.incident.digest == incident.id)
    return [i for i in named if i.state is IncidentState.OPEN]

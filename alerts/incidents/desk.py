"""What officers do at the desk, by the page or the command line: one act, one transaction, one line of history."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from alerts.incidents import lifecycle
from alerts.incidents.lifecycle import REFUSED, Act, Answer, Outcome
from alerts.incidents.links import LinkAnswer, Signer, digest
from alerts.incidents.messages import IncidentNotice, compose, notification, way
from alerts.incidents.reasons import Notice, Reason
from alerts.incidents.store import IncidentStore, IncidentTransaction
from alerts.oncall.channels import plan
from alerts.oncall.document import of_rows
from quantrac.clock import Clock
from quantrac.domain.alerts import Severity
from quantrac.domain.incidents import Incident, IncidentCause, IncidentEvent, IncidentMessage

_ENDS_PAGING = frozenset({Act.ACKNOWLEDGE, Act.SNOOZE, Act.ASSIGN, Act.CLOSE})


@dataclass(frozen=True, slots=True)
class LinkOutcome:
    """What a link can do, or has done; of a link that is none nothing is told."""

    answer: LinkAnswer
    incident: Incident | None = None
    person: str | None = None


class Desk:
    """Acts of officers. Of two at once the second sees what the first has done.

    Every method returns what became of the incident and why, or ``None`` when there is no such incident, and raises
    ``StoreError`` when the database is away: then nothing was done.
    """

    def __init__(self, store: IncidentStore, clock: Clock, web_url: str | None = None) -> None:
        """``web_url`` is where messages lead: of the pages, where there are some."""
        self._store, self._clock, self._web_url = store, clock, web_url

    def acknowledge(self, incident_id: int, by: str) -> Outcome | None:
        """Take an incident; what was not sent yet is withdrawn."""
        return self._act(incident_id, by, Act.ACKNOWLEDGE, lambda i, now: lifecycle.acknowledge(i, by, now))

    def look_at_link(self, token: str, signer: Signer) -> LinkOutcome:
        """Return what a link could do; changes nothing, however often a mail scanner opens it."""
        with self._store.transaction() as tx:
            return self._judged(tx, token, signer)

    def acknowledge_by_link(self, token: str, signer: Signer) -> LinkOutcome:
        """Take the incident of a link in the name of its person; the link is used up then, and not before."""
        with self._store.transaction() as tx:
            found = self._judged(tx, token, signer)
            if found.answer is not LinkAnswer.VALID or found.incident is None or found.person is None:
                return found
            if not tx.use_link(digest(token), now := self._clock.now()):
                return replace(found, answer=LinkAnswer.USED)
            outcome = lifecycle.acknowledge(found.incident, found.person, now)
            tx.save([outcome.incident])
            act, number = Act.ACKNOWLEDGE.value, found.incident.id
            tx.add_events([IncidentEvent(number, now, found.person, act, outcome.answer.value, "link")])
            tx.withdraw([number], f"{act} by {found.person}", now)
            return replace(found, incident=outcome.incident)

    def _judged(self, tx: IncidentTransaction, token: str, signer: Signer) -> LinkOutcome:
        # Which incident it is must be known to lock it, so the link is looked at again under the lock.
        kept = tx.link(digest(token))
        incident = None if kept is None else tx.incident(kept.incident_id)
        kept = None if kept is None else tx.link(kept.digest)
        answer = signer.judge(token, kept, incident, self._clock.now())
        if answer is LinkAnswer.UNKNOWN or kept is None:
            return LinkOutcome(LinkAnswer.UNKNOWN)
        return LinkOutcome(answer, incident, kept.person)

    def snooze(self, incident_id: int, by: str, until: datetime) -> Outcome | None:
        """Put an incident aside until a time."""
        return self._act(
            incident_id, by, Act.SNOOZE, lambda i, now: lifecycle.snooze(i, by, until, now), until.isoformat()
        )

    def assign(self, incident_id: int, by: str, to: str) -> Outcome | None:
        """Hand an incident on, and tell the one who gets it."""
        tell = partial(_tell_assigned, to=to, web_url=self._web_url)
        return self._act(
            incident_id, by, Act.ASSIGN, lambda i, now: lifecycle.assign(i, to, now), to, only_to=to, after=tell
        )

    def comment(self, incident_id: int, by: str, text: str) -> Outcome | None:
        """Note a comment in the history."""
        return self._act(incident_id, by, Act.COMMENT, lambda i, now: lifecycle.comment(i, text, now), text.strip())

    def close(self, incident_id: int, by: str, cause: IncidentCause, text: str = "") -> Outcome | None:
        """End an incident with its cause."""
        detail = f"{cause.value} {text}".strip()
        return self._act(incident_id, by, Act.CLOSE, lambda i, now: lifecycle.close(i, by, cause, text, now), detail)

    def reopen(self, incident_id: int, by: str) -> Outcome | None:
        """Take back a closing."""
        return self._act(incident_id, by, Act.REOPEN, lambda i, now: lifecycle.reopen(i, by, now))

    def _act(
        self,
        incident_id: int,
        by: str,
        act: Act,
        change: Callable[[Incident, datetime], Outcome],
        detail: str = "",
        *,
        only_to: str | None = None,
        after: Callable[[IncidentTransaction, Incident, datetime], None] | None = None,
    ) -> Outcome | None:
        now = self._clock.now()
        with self._store.transaction() as tx:
            incident = tx.incident(incident_id)
            if incident is None:
                return None
            if only_to is not None and not _is_known(tx, only_to, now):
                return Outcome(incident, Answer.UNKNOWN_PERSON)
            outcome = change(incident, now)
            if outcome.answer in REFUSED:
                return outcome
            tx.save([outcome.incident])
            tx.add_events([IncidentEvent(incident_id, now, by, act.value, outcome.answer.value, detail)])
            if act in _ENDS_PAGING and outcome.answer is Answer.DONE:
                tx.withdraw([incident_id], f"{act.value} by {by}", now)
            if after is not None:
                after(tx, outcome.incident, now)
            return outcome


def _is_known(tx: IncidentTransaction, code: str, now: datetime) -> bool:
    """Whether somebody is a person on call; as long as nobody is, every name will do."""
    oncall = of_rows(tx.oncall(now))
    return not oncall.people or oncall.person(code) is not None


def _tell_assigned(tx: IncidentTransaction, incident: Incident, now: datetime, *, to: str, web_url: str | None) -> None:
    oncall = of_rows(tx.oncall(now))
    person = oncall.person(to)
    first = () if person is None else plan(person, Severity.CRITICAL, now).messages[:1]
    briefing = tx.briefing([m.alert_id for m in incident.members], incident.stations, now)
    told = IncidentNotice(incident, Reason.ASSIGNED, Notice.UPDATE, now, briefing, web_url=web_url, people=oncall.names)
    text = compose(told)
    tx.enqueue(
        IncidentMessage(
            notification(text, way(p.channel.kind), p.channel.address, incident.id, "assigned", now.isoformat()),
            Notice.UPDATE.value,
            incident.id,
            to,
            p.channel.id,
        )
        for p in first
    )

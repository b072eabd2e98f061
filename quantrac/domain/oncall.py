"""People on call: who they are, how they are reached, who is on duty when, and who is told after whom."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any

from quantrac.domain.alerts import Severity


class PersonRole(StrEnum):
    """What somebody is to an incident."""

    OPERATOR = "operator"
    """Of a plant: sees and is told of its own stations only."""
    OFFICER = "officer"
    HEAD = "head"
    LEADER = "leader"


class ContactKind(StrEnum):
    """By which way a person is reached."""

    EMAIL = "email"
    SMS = "sms"
    ZALO = "zalo"
    TELEGRAM = "telegram"
    TEAMS = "teams"
    NTFY = "ntfy"
    WEBHOOK = "webhook"
    WEB_PUSH = "web_push"


@dataclass(frozen=True, slots=True)
class ContactChannel:
    """One way to reach a person; it counts only once its owner has returned the code that was sent there."""

    id: int
    person: str
    kind: ContactKind
    address: str
    """E-mail address; for every other kind the name of a configured target, whose URL is a secret."""
    position: int = 0
    delay: timedelta = timedelta(0)
    """After the page begins; a channel before it has had so long to wake its owner."""
    verified_at: datetime | None = None
    failing_since: datetime | None = None

    @property
    def is_verified(self) -> bool:
        """Whether its owner has proven to read it."""
        return self.verified_at is not None


@dataclass(frozen=True, slots=True)
class QuietHours:
    """Hours of the day, in Vietnam, in which low severities wait; they may reach over midnight."""

    starts: time
    ends: time
    severities: tuple[Severity, ...] = (Severity.INFO, Severity.WARNING)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who can be told of incidents."""

    code: str
    name: str
    role: PersonRole = PersonRole.OFFICER
    stations: tuple[str, ...] = ()
    """Of an operator: the stations of its plant."""
    quiet: QuietHours | None = None
    channels: tuple[ContactChannel, ...] = ()
    phone: str | None = None
    """To be rung by colleagues; no message is sent there."""


@dataclass(frozen=True, slots=True)
class Layer:
    """People who take turns; all layers of a rota are on duty together, in their hours."""

    members: tuple[str, ...]
    first_turn: date
    """On this day, at the hand-over, the first member's first turn begins."""
    hand_over: time
    turn_days: int = 7
    starts: time | None = None
    """Only these hours of the day, such as 07:00 to 19:00; over midnight where ``ends`` is not later."""
    ends: time | None = None


@dataclass(frozen=True, slots=True)
class FixedShift:
    """One person for one time."""

    person: str
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Temporary:
    """A schedule that replaces the turns for a time, such as Tết; where it names nobody, nobody is on duty."""

    title: str
    starts_at: datetime
    ends_at: datetime
    shifts: tuple[FixedShift, ...] = ()


@dataclass(frozen=True, slots=True)
class Rota:
    """Who is on duty when."""

    code: str
    title: str
    layers: tuple[Layer, ...] = ()
    temporaries: tuple[Temporary, ...] = ()


@dataclass(frozen=True, slots=True)
class Override:
    """A change of a rota for a time: somebody in place of another, somebody more, or somebody less."""

    rota: str
    starts_at: datetime
    ends_at: datetime
    remove: str | None = None
    add: str | None = None
    id: int = 0


class SwapState(StrEnum):
    """What became of a proposed swap."""

    PROPOSED = "proposed"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Swap:
    """``person`` asks ``colleague`` to take over, perhaps for a time of the colleague's in return.

    It counts when the colleague has accepted, and not before.
    """

    id: int
    rota: str
    person: str
    colleague: str
    starts_at: datetime
    ends_at: datetime
    back_starts_at: datetime | None = None
    back_ends_at: datetime | None = None
    state: SwapState = SwapState.PROPOSED


@dataclass(frozen=True, slots=True)
class EscalationStep:
    """Whom an incident is told to, and how long they have to acknowledge."""

    targets: tuple[str, ...]
    """``rota:CODE``, ``person:CODE``, or ``operator``: the operators of the incident's stations."""
    wait: timedelta = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class EscalationPolicy:
    """Who is told after whom, for some severities."""

    code: str
    severities: tuple[Severity, ...]
    steps: tuple[EscalationStep, ...]
    rounds: int = 1
    """How often the steps are gone through before the policy is at its end."""
    then: str | None = None
    """Policy that goes on from there."""


@dataclass(frozen=True, slots=True)
class OnCall:
    """Everything that says who is told."""

    people: tuple[Person, ...] = ()
    rotas: tuple[Rota, ...] = ()
    policies: tuple[EscalationPolicy, ...] = ()
    overrides: tuple[Override, ...] = ()

    @property
    def names(self) -> dict[str, str]:
        """Names of the people, by code."""
        return {p.code: p.name for p in self.people}

    def person(self, code: str) -> Person | None:
        """Return a person by code."""
        return next((p for p in self.people if p.code == code), None)

    def rota(self, code: str) -> Rota | None:
        """Return a rota by code."""
        return next((r for r in self.rotas if r.code == code), None)

    def policy(self, code: str) -> EscalationPolicy | None:
        """Return an escalation policy by code."""
        return next((p for p in self.policies if p.code == code), None)

    def policy_for(self, severity: Severity) -> EscalationPolicy | None:
        """Return the first policy that is meant for a severity."""
        return next((p for p in self.policies if severity in p.severities), None)


@dataclass(frozen=True, slots=True)
class OnCallRows:
    """What the database keeps of who is on call: documents as ``alerts.oncall`` writes them, and rows."""

    people: tuple[dict[str, Any], ...] = ()
    rotas: tuple[dict[str, Any], ...] = ()
    policies: tuple[dict[str, Any], ...] = ()
    channels: tuple[ContactChannel, ...] = ()
    overrides: tuple[Override, ...] = ()
    swaps: tuple[Swap, ...] = ()

"""What is wrong with who is on call, found before it is needed: gaps, people out of reach, circles. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum

from alerts.oncall.chain import OPERATOR, reached
from alerts.oncall.channels import only_telegram, ordered
from alerts.oncall.duty import Shift, off_hours, shifts, uncovered_part
from quantrac.domain.alerts import Severity
from quantrac.domain.oncall import EscalationPolicy, OnCall, Person, Rota

AHEAD = timedelta(weeks=8)


class Trouble(StrEnum):
    """What can be wrong."""

    GAP = "gap"
    """Nobody is on duty."""
    OFF_HOURS = "off_hours"
    """Hours of each day for which a rota is not meant: to be known, not to be mended."""
    EMPTY_ROTA = "empty_rota"
    UNKNOWN_PERSON = "unknown_person"
    UNKNOWN_TARGET = "unknown_target"
    NO_CHANNEL = "no_channel"
    """Somebody is planned for duty or named by a policy, and no channel is verified."""
    FAILING = "failing"
    """All channels of somebody who is planned are failing."""
    ONLY_TELEGRAM = "only_telegram"
    CIRCLE = "circle"
    """Policies that go on in one another."""
    NO_POLICY = "no_policy"
    """No policy is meant for a severity that pages."""
    EMPTY_STEP = "empty_step"
    """A step that reaches nobody, whoever is on duty; it would be passed over at once."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, or to be known, and with what; a gap has its time."""

    trouble: Trouble
    subject: str
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    hours: tuple[time, time] | None = None
    """Of each day, in Vietnam."""

    @property
    def is_wrong(self) -> bool:
        """Whether somebody has to mend it."""
        return self.trouble is not Trouble.OFF_HOURS


def check(oncall: OnCall, now: datetime, ahead: timedelta = AHEAD) -> list[Finding]:
    """Return everything that is wrong within the next weeks, or to be known; empty when all is well."""
    found: dict[Finding, None] = {}
    planned: dict[str, None] = {}
    changes: dict[datetime, None] = {now: None}
    for rota in oncall.rotas:
        plan = shifts(rota, oncall.overrides, now, now + ahead)
        found |= dict.fromkeys(_of_rota(rota, plan))
        planned |= dict.fromkeys(person for shift in plan for person in shift.people)
        changes |= dict.fromkeys(shift.starts_at for shift in plan)
    for policy in oncall.policies:
        found |= dict.fromkeys(_of_policy(oncall, policy, changes))
        planned |= dict.fromkeys(_named(policy))
    found |= dict.fromkeys(f for code in planned for f in _of_person(oncall.person(code), code))
    found |= dict.fromkeys(_unserved(oncall))
    return list(found)


def _of_rota(rota: Rota, plan: list[Shift]) -> Iterator[Finding]:
    if not any(shift.people for shift in plan):
        yield Finding(Trouble.EMPTY_ROTA, rota.code)
        return
    for hours in off_hours(rota):
        yield Finding(Trouble.OFF_HOURS, rota.code, hours=hours)
    for shift in plan:
        gap = None if shift.people else uncovered_part(rota, shift)
        if gap is not None:
            yield Finding(Trouble.GAP, rota.code, gap.starts_at, gap.ends_at)


def _of_person(person: Person | None, code: str) -> Iterator[Finding]:
    if person is None:
        yield Finding(Trouble.UNKNOWN_PERSON, code)
        return
    channels = ordered(person.channels)
    if not channels:
        yield Finding(Trouble.NO_CHANNEL, code)
    elif channels[0].failing_since is not None:
        yield Finding(Trouble.FAILING, code)
    elif only_telegram(channels):
        yield Finding(Trouble.ONLY_TELEGRAM, code)


def _of_policy(oncall: OnCall, policy: EscalationPolicy, changes: Collection[datetime]) -> Iterator[Finding]:
    if _goes_round(oncall, policy):
        yield Finding(Trouble.CIRCLE, policy.code)
    for number, step in enumerate(policy.steps, start=1):
        for target in step.targets:
            if not _is_known(oncall, target):
                yield Finding(Trouble.UNKNOWN_TARGET, f"{policy.code}: {target}")
        everywhere = {station for person in oncall.people for station in person.stations}
        if not any(reached(oncall, step.targets, everywhere, at) for at in changes):
            yield Finding(Trouble.EMPTY_STEP, f"{policy.code}: {number}")
    if policy.then is not None and oncall.policy(policy.then) is None:
        yield Finding(Trouble.UNKNOWN_TARGET, f"{policy.code}: policy:{policy.then}")


def _unserved(oncall: OnCall) -> Iterator[Finding]:
    for severity in (Severity.HIGH, Severity.CRITICAL):
        if oncall.policy_for(severity) is None:
            yield Finding(Trouble.NO_POLICY, severity.value)


def _goes_round(oncall: OnCall, policy: EscalationPolicy) -> bool:
    seen: set[str] = set()
    at: EscalationPolicy | None = policy
    while at is not None and at.code not in seen:
        seen.add(at.code)
        at = oncall.policy(at.then) if at.then else None
    return at is not None


def _is_known(oncall: OnCall, target: str) -> bool:
    kind, _, code = target.partition(":")
    if kind == "person":
        return oncall.person(code) is not None
    return target == OPERATOR or (kind == "rota" and oncall.rota(code) is not None)


def _named(policy: EscalationPolicy) -> Iterator[str]:
    for step in policy.steps:
        yield from (target.removeprefix("person:") for target in step.targets if target.startswith("person:"))

"""Who is told next when nobody acknowledges: pure.

::

    minute     0         10        20        30
    operator   told
    duty                 told                          an empty step takes no time: the next is told at once
    head                           told
    leader                                   told
    ack                       ×                        from here on nobody is told
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from alerts.oncall.channels import ordered
from alerts.oncall.duty import on_duty
from quantrac.domain.incidents import Chain
from quantrac.domain.oncall import EscalationPolicy, OnCall, Person, PersonRole

OPERATOR = "operator"


class Step(StrEnum):
    """Why somebody is told next, or nobody."""

    PAGED = "paged"
    WAITING = "waiting"
    EXHAUSTED = "exhausted"
    """Every step of every round was told."""
    NOBODY = "nobody"
    """No step of the policy reaches anybody: the common recipients are told instead."""


@dataclass(frozen=True, slots=True)
class Advance:
    """The chain afterwards, and who is told."""

    chain: Chain
    step: Step
    people: tuple[Person, ...] = ()


def begin(policy: EscalationPolicy, now: datetime) -> Chain:
    """Return the chain of an incident whose first step is due now."""
    return Chain(policy.code, -1, 0, now)


def advance(oncall: OnCall, chain: Chain, stations: Collection[str], now: datetime) -> Advance:
    """Return who is told next; steps that reach nobody are passed over at once.

    After a pause of our own one step is told, not all that were missed: the wait begins when it is told.
    """
    if chain.due_at is None:
        return Advance(chain, Step.EXHAUSTED)
    if now < chain.due_at:
        return Advance(chain, Step.WAITING)
    for policy, step, round_ in _following(oncall, chain):
        people = reached(oncall, policy.steps[step].targets, stations, now)
        if people:
            return Advance(Chain(policy.code, step, round_, now + policy.steps[step].wait), Step.PAGED, people)
    nobody = chain.step < 0
    return Advance(Chain(chain.policy, chain.step, chain.round, None), Step.NOBODY if nobody else Step.EXHAUSTED)


def wait_of(oncall: OnCall, chain: Chain | None) -> timedelta:
    """Return how long the step that was told last waits; nothing when the plan does not have it any more."""
    policy = None if chain is None else oncall.policy(chain.policy)
    if chain is None or policy is None or not 0 <= chain.step < len(policy.steps):
        return timedelta(0)
    return policy.steps[chain.step].wait


def reached(oncall: OnCall, targets: Collection[str], stations: Collection[str], now: datetime) -> tuple[Person, ...]:
    """Return the people behind the targets of a step who have a channel that counts, each once."""
    codes = dict.fromkeys(code for target in targets for code in codes_of(oncall, target, stations, now))
    people = (oncall.person(code) for code in codes)
    return tuple(p for p in people if p is not None and ordered(p.channels))


def codes_of(oncall: OnCall, target: str, stations: Collection[str], now: datetime) -> Iterator[str]:
    """Yield the codes of the people behind a target, known or not."""
    kind, _, code = target.partition(":")
    if kind == OPERATOR:
        own = (p for p in oncall.people if p.role is PersonRole.OPERATOR and set(p.stations) & set(stations))
        yield from (p.code for p in own)
    elif kind == "person":
        yield code
    elif kind == "rota" and (rota := oncall.rota(code)) is not None:
        yield from on_duty(rota, oncall.overrides, now)


def _following(oncall: OnCall, chain: Chain) -> Iterator[tuple[EscalationPolicy, int, int]]:
    """Yield the steps after the present one, through the rounds and the policies that follow, no policy twice."""
    policy, step, round_ = oncall.policy(chain.policy), chain.step, chain.round
    seen: set[str] = set()
    while policy is not None and policy.code not in seen:
        seen.add(policy.code)
        for number in range(round_, max(policy.rounds, 1)):
            first = step + 1 if number == round_ else 0
            yield from ((policy, index, number) for index in range(first, len(policy.steps)))
        policy, step, round_ = oncall.policy(policy.then) if policy.then else None, -1, 0

"""Swaps of duty: one asks, the other accepts, and only then the rota changes. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from alerts.oncall.duty import shifts
from quantrac.domain.oncall import OnCall, Override, Rota, Swap, SwapState


class SwapAnswer(StrEnum):
    """Why a swap was proposed or answered, or was refused."""

    DONE = "done"
    NOT_YOURS = "not_yours"
    """Only the colleague accepts or declines, only the one who asked withdraws."""
    ANSWERED = "answered"
    BEGUN = "begun"
    """Its time has begun."""
    NOT_ON_DUTY = "not_on_duty"
    """Who gives a time away is not on duty in it."""
    EMPTY_TIME = "empty_time"
    SAME_PERSON = "same_person"
    UNKNOWN_PERSON = "unknown_person"


@dataclass(frozen=True, slots=True)
class SwapOutcome:
    """The swap afterwards, and whether it was done."""

    swap: Swap
    answer: SwapAnswer


def propose(swap: Swap, oncall: OnCall, rota: Rota, now: datetime) -> SwapOutcome:
    """Return whether a swap can be asked for."""
    return SwapOutcome(swap, _refusal(swap, oncall, rota, now) or SwapAnswer.DONE)


def answer(swap: Swap, by: str, state: SwapState, now: datetime) -> SwapOutcome:
    """Accept, decline or withdraw a swap that was proposed."""
    if swap.state is not SwapState.PROPOSED:
        return SwapOutcome(swap, SwapAnswer.ANSWERED)
    if by != (swap.person if state is SwapState.WITHDRAWN else swap.colleague):
        return SwapOutcome(swap, SwapAnswer.NOT_YOURS)
    if state is SwapState.ACCEPTED and any(o.starts_at <= now for o in overrides_of(swap)):
        return SwapOutcome(swap, SwapAnswer.BEGUN)
    return SwapOutcome(replace(swap, state=state), SwapAnswer.DONE)


def overrides_of(swap: Swap) -> Iterator[Override]:
    """Yield the overrides that a swap means once it is accepted."""
    yield Override(swap.rota, swap.starts_at, swap.ends_at, swap.person, swap.colleague)
    if swap.back_starts_at is not None and swap.back_ends_at is not None:
        yield Override(swap.rota, swap.back_starts_at, swap.back_ends_at, swap.colleague, swap.person)


def accepted(swaps: Sequence[Swap]) -> tuple[Override, ...]:
    """Return the overrides of the swaps that count."""
    return tuple(o for swap in swaps if swap.state is SwapState.ACCEPTED for o in overrides_of(swap))


def _refusal(swap: Swap, oncall: OnCall, rota: Rota, now: datetime) -> SwapAnswer | None:
    if swap.person == swap.colleague:
        return SwapAnswer.SAME_PERSON
    if oncall.person(swap.person) is None or oncall.person(swap.colleague) is None:
        return SwapAnswer.UNKNOWN_PERSON
    for override in overrides_of(swap):
        if override.starts_at >= override.ends_at:
            return SwapAnswer.EMPTY_TIME
        if override.starts_at <= now:
            return SwapAnswer.BEGUN
        plan = shifts(rota, oncall.overrides, override.starts_at, override.ends_at)
        if not any(override.remove in shift.people for shift in plan):
            return SwapAnswer.NOT_ON_DUTY
    return None

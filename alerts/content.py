"""What a message says, before it takes a form: text or HTML, in both languages."""

from __future__ import annotations

from dataclasses import dataclass

from quantrac.domain.notifications import Summary
from quantrac.domain.words import Bilingual


@dataclass(frozen=True, slots=True)
class Line:
    """One labelled fact of a message; without a label, a sentence."""

    label: Bilingual
    value: Bilingual


@dataclass(frozen=True, slots=True)
class Content:
    """A message before it takes a form."""

    headline: Bilingual
    lines: tuple[Line, ...]
    steps: tuple[Bilingual, ...]
    summary: Summary | None = None
    unit: str = ""
    banner: Bilingual | None = None
    moved: tuple[Line, ...] = ()
    """What has moved, each parameter by itself: how far, and why it is told."""
    clocks: tuple[Bilingual, ...] = ()
    """Where the day leads."""
    contacts: tuple[Line, ...] = ()
    """Whom to ring."""
    answers: tuple[Line, ...] = ()
    """How to answer: the page, the command."""
    take: Line | None = None
    """The address with which its reader takes the incident: first, since what a service cuts off is at the end."""
    curve: bool = False
    """Whether a picture of the curve is to stand in the HTML form, where one can be drawn."""

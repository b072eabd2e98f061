"""What a message says, before it takes a form: text or HTML, in both languages."""

from __future__ import annotations

from dataclasses import dataclass

from quantrac.domain.notifications import Summary
from quantrac.domain.words import Bilingual


@dataclass(frozen=True, slots=True)
class Line:
    """One labelled fact of a message."""

    label: Bilingual
    value: Bilingual


@dataclass(frozen=True, slots=True)
class Content:
    """A message before it takes a form."""

    headline: Bilingual
    lines: tuple[Line, ...]
    steps: tuple[Bilingual, ...]
    summary: Summary | None
    unit: str
    banner: Bilingual | None

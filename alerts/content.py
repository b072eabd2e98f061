"""What a message says, before it takes a form: text or HTML, in both languages."""

from __future__ import annotations

from dataclasses import dataclass

from alerts.explanations import Explanation
from quantrac.domain.notifications import Summary


@dataclass(frozen=True, slots=True)
class Line:
    """One labelled fact of a message."""

    label: Explanation
    value: Explanation


@dataclass(frozen=True, slots=True)
class Content:
    """A message before it takes a form."""

    headline: Explanation
    lines: tuple[Line, ...]
    steps: tuple[Explanation, ...]
    summary: Summary | None
    unit: str
    banner: Explanation | None

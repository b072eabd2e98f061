"""Why a reading has paged somebody, and why another has not. Pure: a list of named reasons, in the order of its way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from quantrac.domain.incidents import HoldWindow
from sql.station_rows import AlertAt, ReadingAt


class Why(StrEnum):
    """What a reading met on its way to an officer."""

    NO_READING = "no_reading"
    LATE = "late"
    """Processed too late: stored, judged, reported, and never paged."""
    NOT_MEASURING = "not_measuring"
    """The logger says 01, 02 or 03: it does not count against a limit."""
    FLAGGED = "flagged"
    """Quality control took it for suspect or bad: it does not count."""
    NO_LIMIT = "no_limit"
    WITHIN = "within"
    BEYOND = "beyond"
    NO_ALERT = "no_alert"
    """Nothing was open then: not beyond, or not yet for as long as the rule demands."""
    WORK_ITEM = "work_item"
    """An alert was open whose rule pages nobody."""
    RETROSPECTIVE = "retrospective"
    IN_WINDOW = "in_window"
    NOT_TOLD = "not_told"
    """The incident was told to nobody, for the reason beside it."""
    TOLD = "told"


@dataclass(frozen=True, slots=True)
class Step:
    """One reason, and what it is about."""

    why: Why
    detail: str = ""
    incident: int | None = None


def steps_of(
    reading: ReadingAt | None, alerts: Sequence[AlertAt], windows: Sequence[HoldWindow], parameter: str
) -> list[Step]:
    """Return what a reading met, from the logger to the officer."""
    if reading is None:
        return [Step(Why.NO_READING)]
    found = [*_of_reading(reading)]
    if not alerts:
        found.append(Step(Why.NO_ALERT))
    found += [_of_alert(alert) for alert in alerts]
    held = [w for w in windows if w.contains(reading.observed_at) and w.parameter in {"", parameter}]
    found += [Step(Why.IN_WINDOW, f"{w.kind.value} {w.by}") for w in held]
    return found


def _of_reading(reading: ReadingAt) -> list[Step]:
    found = [Step(Why.LATE)] if reading.late else []
    if reading.status != "00":
        return [*found, Step(Why.NOT_MEASURING, reading.status)]
    if reading.flag > 2:
        return [*found, Step(Why.FLAGGED, ", ".join(reading.reasons or ()))]
    if reading.value is None or (reading.minimum is None and reading.maximum is None):
        return [*found, Step(Why.NO_LIMIT)]
    below = reading.minimum is not None and reading.value < reading.minimum
    above = reading.maximum is not None and reading.value > reading.maximum
    return [*found, Step(Why.BEYOND if below or above else Why.WITHIN, reading.source or "")]


def _of_alert(alert: AlertAt) -> Step:
    if alert.retrospective:
        return Step(Why.RETROSPECTIVE, alert.rule, alert.incident)
    if not alert.page:
        return Step(Why.WORK_ITEM, alert.rule, alert.incident)
    if alert.paged_at is None:
        return Step(Why.NOT_TOLD, alert.incident_reason or "", alert.incident)
    return Step(Why.TOLD, alert.rule, alert.incident)

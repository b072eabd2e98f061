"""Which open alerts end because nothing can end them any more: rule, limit, sensor or station is gone. Pure.

The engine of a station does the same when a reading comes. This does it for hours, days and silence as well, and when
no reading ever comes again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from alerts.closed_windows import RETROSPECTIVE
from alerts.escalation import AlertState, Reason
from alerts.limits import limit_for
from alerts.rules import Rule, rules_in_force
from alerts.transitions import resolution
from quantrac.domain.alerts import AlertKind, OpenAlert, Transition
from quantrac.domain.limits import LimitSet, Window
from quantrac.domain.stations import VIETNAM, Station
from quantrac.errors import RuleError

_LENGTH = {Window.HOUR: timedelta(hours=1), Window.DAY: timedelta(days=1)}


@dataclass(frozen=True, slots=True)
class InForce:
    """What decides about alerts at an instant."""

    station_of: Callable[[str], Station | None]
    """The description in force of the station of a code; ``None``: there is none (any more)."""
    rules: Sequence[Rule]
    limit_sets: Sequence[LimitSet]


def withdrawn(open_alerts: Iterable[OpenAlert], in_force: InForce, now: datetime) -> list[Transition]:
    """Return the ends of the alerts that nothing else can end.

    An alert of a rule of which no version is known is left alone, unless its sensor or its station is gone: who opens
    it, ends it.
    """
    ended = []
    for alert in open_alerts:
        reason = _reason(alert, in_force, now)
        if reason is not None:
            rule = _newest(in_force.rules, _code(alert))
            before = AlertState(alert.level, paged=alert.paged, since=alert.since, peak=alert.peak)
            ended.append(
                resolution(alert.key, rule, before, reason, max(now, alert.opened_at), unit=_unit(alert, in_force))
            )
    return ended


def _reason(alert: OpenAlert, in_force: InForce, now: datetime) -> Reason | None:
    station = in_force.station_of(alert.key.station)
    if station is None or station.code != alert.key.station:
        return Reason.STATION_RETIRED
    if alert.key.parameter and not station.describes(alert.key.parameter):
        return Reason.SENSOR_REMOVED
    rule = _newest(in_force.rules, _code(alert))
    if rule is None:
        return None
    days = _days(rule.window, now)
    watching = [r for day in days for r in rules_in_force(in_force.rules, day) if r.code == rule.code]
    if not any(r.applies_to(alert.key.parameter) for r in watching):
        return Reason.RULE_WITHDRAWN
    if alert.kind is AlertKind.LIMIT and not any(_limited(alert, station, rule, day, in_force) for day in days):
        return Reason.LIMIT_WITHDRAWN
    return None


def _limited(alert: OpenAlert, station: Station, rule: Rule, day: date, in_force: InForce) -> bool:
    try:
        return limit_for(station, alert.key.parameter, day, in_force.limit_sets, rule.window) is not None
    except RuleError:  # a mistake in the catalogue, which is told elsewhere, ends no alert
        return True


def _days(window: Window, now: datetime) -> set[date]:
    """Return the days (of Vietnam) that a finding of a window may still be about: the last one was judged just now."""
    return {at.astimezone(VIETNAM).date() for at in (now, now - _LENGTH.get(window, timedelta()))}


def _code(alert: OpenAlert) -> str:
    return alert.key.rule.removesuffix(RETROSPECTIVE)


def _newest(rules: Iterable[Rule], code: str) -> Rule | None:
    return max((r for r in rules if r.code == code), key=lambda r: r.effective_from, default=None)


def _unit(alert: OpenAlert, in_force: InForce) -> str:
    station = in_force.station_of(alert.key.station)
    sensor = None if station is None else station.sensor_of.get(alert.key.parameter)
    return "" if sensor is None else sensor.unit

"""The alerts of one station, decided reading by reading: configuration, state, snapshot. Pure: no clock, no I/O.

Only usable readings of the real-time lane that come in order count towards what pages officers; the others leave
limits and anomalies exactly as they were. Repeated bad readings or faults become a work item instead.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta

import msgspec

from alerts.adoption import adopted
from alerts.escalation import IDLE, AlertState, Decision, Observation, Reason, not_paged_again, step
from alerts.limits import limit_for
from alerts.observations import AnomalyScore, SensorRule, state_rules
from alerts.rules import Rule, Trigger, rules_in_force
from alerts.thresholds import thresholds
from alerts.transitions import PagedAnomaly, reassessment_of, resolution, transition_of
from quantrac.domain.alerts import AlertKey, AlertKind, OpenAlert, Reassessment, Transition, TransitionKind
from quantrac.domain.limits import LimitSet, Window
from quantrac.domain.readings import CheckedReading, Status
from quantrac.domain.stations import VIETNAM, Sensor, Station, midnight
from quantrac.errors import RuleError

NOTHING: tuple[Transition, ...] = ()
_LONG_AGO = datetime(1, 1, 1, tzinfo=UTC)
_PLANS_KEPT = 3
"""Days whose thresholds are held: readings around midnight come from two of them."""
_SNAPSHOT_VERSION = 1
_OF_READINGS = frozenset({AlertKind.LIMIT, AlertKind.ANOMALY, AlertKind.FAULT})
UNSEEN_AFTER = timedelta(hours=24)
"""An open alert of which no reading has told for so long ends: what comes then is a new incident, and pages anew."""


class _SensorState(msgspec.Struct, array_like=True):
    last_usable: datetime = _LONG_AGO
    last_unusable: datetime = _LONG_AGO
    states: dict[str, AlertState] = {}
    """By rule; idle ones are left out."""


class _Snapshot(msgspec.Struct, array_like=True):
    version: int
    sensors: dict[str, _SensorState]


class _Plan:
    """One sensor on one day: its rules, and the range within which a reading changes nothing while all is idle."""

    __slots__ = ("high", "low", "rules", "sensor", "state")

    def __init__(self, sensor: Sensor, state: _SensorState, rules: Sequence[SensorRule]) -> None:
        self.sensor, self.state, self.rules = sensor, state, tuple(rules)
        ranges = [r.thresholds.reach[0] for r in rules if r.thresholds is not None]
        # Of a state no value is far from every threshold.
        nowhere = any(r.rule.trigger is Trigger.STATE for r in rules)
        self.low = math.inf if nowhere else max((low for low, _ in ranges), default=-math.inf)
        self.high = min((high for _, high in ranges), default=math.inf)


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Snapshot).decode


class StationAlerts:
    """Every reading-window rule at every sensor of one station.

    Parameters
    ----------
    station
        The description in force; make a new object (with the old one's snapshot) when it changes.
    rules, limit_sets
        Every version: the one in force on the day of each reading is used.
    snapshot
        State to go on from. One that this version cannot read is not used: ``restored`` tells.
    open_alerts
        The station's open alerts as the table has them. They prevail over the snapshot, which is a cache: what is open
        there is open here, and nothing else is. ``None``: there is no table.
    """

    def __init__(
        self,
        station: Station,
        rules: Iterable[Rule],
        limit_sets: Iterable[LimitSet],
        snapshot: bytes | None = None,
        open_alerts: Iterable[OpenAlert] | None = None,
    ) -> None:
        self._station, self._rules, self._limit_sets = station, tuple(rules), tuple(limit_sets)
        self._sensors, self.restored = _restore(snapshot)
        if open_alerts is not None:
            self._reconcile(open_alerts)
        self._gone = [p for p in self._sensors if not station.describes(p)]
        self._plans: dict[date, dict[str, _Plan]] = {}
        self._plan: dict[str, _Plan] = {}
        self._from = self._to = _LONG_AGO
        self._peaks: dict[AlertKey, float] = {}
        self._reassessed: dict[AlertKey, Reassessment] = {}
        self.problems: tuple[str, ...] = ()
        """Why a limit cannot be applied, in sentences; such a sensor is not judged by readings."""

    def evaluate(self, checked: CheckedReading, score: AnomalyScore | None = None) -> tuple[Transition, ...]:
        """Count one reading and return what it changed, mostly nothing; the state moves on."""
        if checked.late:
            return NOTHING
        reading = checked.reading
        at = reading.observed_at
        if not self._from <= at < self._to:
            self._turn_to(at)
        if self._gone:
            return (*self._withdraw_gone(at), *self.evaluate(checked, score))
        plan = self._plan.get(reading.parameter)
        if plan is None:
            return NOTHING
        state, value = plan.state, reading.value
        # The usual case, decided without calling anything: all idle, a usable reading, far from every threshold.
        if (
            not state.states
            and value is not None
            and plan.low < value < plan.high
            and checked.flag <= 2
            and reading.status is Status.MEASURING
            and (score is None or not score.alarm)
        ):
            state.last_usable = max(state.last_usable, at)
            return NOTHING
        return self._count(plan, checked, score)

    def explain(self, checked: CheckedReading, score: AnomalyScore | None = None) -> dict[str, Reason]:
        """Return what each rule would make of a reading, and change nothing: "why, and why not?"."""
        at = checked.reading.observed_at
        if not self._from <= at < self._to:
            self._turn_to(at)
        plan = self._plan.get(checked.reading.parameter)
        if plan is None:
            return {}
        reasons: dict[str, Reason] = {}
        for watched in plan.rules:
            seen = _seen(watched, plan.state, checked, score)
            if not isinstance(seen, Reason):
                before = plan.state.states.get(watched.rule.code, IDLE)
                seen = step(watched.rule, before, seen, plan.sensor.cadence_s).reason
            reasons[watched.rule.code] = seen
        return reasons

    def take_peaks(self) -> dict[AlertKey, float]:
        """Return the worst values of open alerts that grew worse since the last call."""
        peaks, self._peaks = self._peaks, {}
        return peaks

    def take_reassessments(self) -> dict[AlertKey, Reassessment]:
        """Return the open anomaly alerts whose class or probability has changed since the last call."""
        changed, self._reassessed = self._reassessed, {}
        return changed

    def snapshot(self) -> bytes:
        """Return the state, to go on from after a restart or on another worker."""
        return _encode(_Snapshot(_SNAPSHOT_VERSION, self._sensors))

    def _count(self, plan: _Plan, checked: CheckedReading, score: AnomalyScore | None) -> tuple[Transition, ...]:
        reading, state = checked.reading, plan.state
        at = reading.observed_at
        transitions: list[Transition] = []
        if at > (state.last_usable if checked.usable else state.last_unusable):
            transitions += self._withdraw(plan, at)
        for watched in plan.rules:
            seen = _seen(watched, state, checked, score)
            if isinstance(seen, Reason):
                continue
            rule = watched.rule
            key = AlertKey(self._station.code, reading.parameter, rule.code)
            before = _measured(watched, state.states.get(rule.code, IDLE), reading.parameter, score)
            if _unseen(before, rule, at, plan.sensor.cadence_s):
                unit, ended = plan.sensor.unit, Reason.UNSEEN
                transitions.append(resolution(key, rule, before, ended, at, unit=unit, limit=watched.limit))
                before = IDLE
                state.states.pop(rule.code)
                self._peaks.pop(key, None)
            decision = step(rule, before, seen, plan.sensor.cadence_s)
            decision = self._paged_once(rule, plan, decision, before)
            limit_changes = rule.kind is AlertKind.LIMIT and decision.kind is not None
            transition = transition_of(
                key,
                watched,
                before,
                decision,
                unit=plan.sensor.unit,
                observation=seen,
                score=score,
                earlier=self._first_paged_anomaly(plan) if limit_changes else None,
            )
            if transition is not None:
                transitions.append(transition)
            decision = self._assessed(key, watched, decision, seen, score, unit=plan.sensor.unit)
            if decision.state is IDLE:
                state.states.pop(rule.code, None)
            else:
                state.states[rule.code] = decision.state
            if decision.kind in (TransitionKind.OPENED, TransitionKind.RESOLVED):
                # The transition bears the worst value; what was noted is of the alert before, or older.
                self._peaks.pop(key, None)
            else:
                self._note_peak(key, rule, before, decision.state)
        if checked.usable:
            state.last_usable = max(state.last_usable, at)
        else:
            state.last_unusable = max(state.last_unusable, at)
        return tuple(transitions)

    def _paged_once(self, rule: Rule, plan: _Plan, decision: Decision, before: AlertState) -> Decision:
        """Quiet what the officers know, by the sensor's limit or, of an anomaly, by another sensor's anomaly."""
        anomaly = rule.kind is AlertKind.ANOMALY
        if (anomaly or rule.trigger is Trigger.FLAT_HIGH) and _limit_has_paged(plan):
            return not_paged_again(decision, before)
        if anomaly and any(parameter != plan.sensor.parameter for parameter, _ in self._paged_anomalies(plan)):
            return not_paged_again(decision, before, Reason.PAGED_BY_INCIDENT)
        return decision

    def _first_paged_anomaly(self, plan: _Plan) -> PagedAnomaly | None:
        """Return the first open anomaly of the station for which the officers were paged."""
        paged = (
            PagedAnomaly(parameter, s.since) for parameter, s in self._paged_anomalies(plan) if s.since is not None
        )
        return min(paged, key=lambda a: a.since, default=None)

    def _paged_anomalies(self, plan: _Plan) -> Iterator[tuple[str, AlertState]]:
        """Yield the parameter and the state of the station's open anomalies for which the officers were paged."""
        anomalies = {r.rule.code for r in plan.rules if r.rule.kind is AlertKind.ANOMALY}
        for parameter, sensor in self._sensors.items():
            for code, state in sensor.states.items():
                if code in anomalies and state.paged:
                    yield parameter, state

    def _assessed(
        self,
        key: AlertKey,
        watched: SensorRule,
        decision: Decision,
        seen: Observation,
        score: AnomalyScore | None,
        *,
        unit: str,
    ) -> Decision:
        """Note in which light an open anomaly stands; one that a transition bears needs no other note."""
        found = reassessment_of(key, watched, decision.state, unit=unit, observation=seen, score=score)
        if found is None:
            return decision
        if decision.kind is None:
            self._reassessed[key] = found
        state = msgspec.structs.replace(
            decision.state, assessed=found.assessment.cls, assured=found.assessment.probability
        )
        return Decision(state, decision.reason, decision.kind)

    def _note_peak(self, key: AlertKey, rule: Rule, before: AlertState, after: AlertState) -> None:
        worse = after.level > 0 and after.peak is not None and after.peak != before.peak
        if worse and after.peak is not None and rule.kind is not AlertKind.FAULT:
            self._peaks[key] = after.peak

    def _withdraw(self, plan: _Plan, at: datetime) -> list[Transition]:
        """End the alerts of rules and limits that are no longer in force."""
        ended = []
        rules = {r.rule.code: r for r in plan.rules}
        for code in list(plan.state.states):
            watched = rules.get(code)
            if watched is None:
                reason = Reason.RULE_WITHDRAWN
            elif watched.rule.kind is AlertKind.LIMIT and watched.thresholds is None:
                reason = Reason.LIMIT_WITHDRAWN
            else:
                continue
            before = plan.state.states.pop(code)
            if before.level:
                key = AlertKey(self._station.code, plan.sensor.parameter, code)
                ended.append(resolution(key, self._rule(code), before, reason, at))
        return ended

    def _withdraw_gone(self, at: datetime) -> list[Transition]:
        """End the alerts of sensors that the station no longer has."""
        gone, self._gone = self._gone, []
        ended = []
        for parameter in gone:
            for code, before in self._sensors.pop(parameter).states.items():
                if before.level:
                    key = AlertKey(self._station.code, parameter, code)
                    ended.append(resolution(key, self._rule(code), before, Reason.SENSOR_REMOVED, at))
        return ended

    def _reconcile(self, open_alerts: Iterable[OpenAlert]) -> None:
        """Take what is open from the table; what the snapshot has open and the table has not, is closed."""
        in_table = {(a.key.parameter, a.key.rule): a for a in open_alerts if self._is_of_readings(a)}
        for parameter, code in in_table:
            self._sensors.setdefault(parameter, _SensorState()).states.setdefault(code, IDLE)
        for parameter, sensor in self._sensors.items():
            for code, state in list(sensor.states.items()):
                alert, rule = in_table.get((parameter, code)), self._rule(code)
                sensor.states[code] = adopted(state, alert, rule)
                if sensor.states[code] is IDLE:
                    del sensor.states[code]

    def _is_of_readings(self, alert: OpenAlert) -> bool:
        rule = self._rule(alert.key.rule)
        return rule is not None and rule.window is Window.READING and rule.kind in _OF_READINGS

    def _rule(self, code: str) -> Rule | None:
        return max((r for r in self._rules if r.code == code), key=lambda r: r.effective_from, default=None)

    def _turn_to(self, at: datetime) -> None:
        day = at.astimezone(VIETNAM).date()
        self._from = midnight(day).astimezone(UTC)
        self._to = self._from + timedelta(days=1)
        if day not in self._plans:
            while len(self._plans) >= _PLANS_KEPT:
                del self._plans[next(iter(self._plans))]
            self._plans[day] = self._plan_of(day)
        self._plan = self._plans[day]

    def _plan_of(self, day: date) -> dict[str, _Plan]:
        rules = [
            r
            for r in rules_in_force(self._rules, day)
            if r.window is Window.READING and r.kind not in (AlertKind.OFFLINE, AlertKind.DUE)
        ]
        problems: list[str] = []
        plans = {}
        water = [r for r in rules if r.trigger is not Trigger.STATE]
        for sensor in self._station.sensors:
            state = self._sensors.setdefault(sensor.parameter, _SensorState())
            plans[sensor.parameter] = _Plan(sensor, state, self._sensor_rules(sensor, water, day, problems))
        # Housekeeping is watched by rules of states alone: nothing ever judges it as water.
        for sensor, watching in state_rules(self._station, rules):
            plans[sensor.parameter] = _Plan(
                sensor, self._sensors.setdefault(sensor.parameter, _SensorState()), watching
            )
        self.problems = tuple(problems)
        return plans

    def _sensor_rules(self, sensor: Sensor, rules: Sequence[Rule], day: date, problems: list[str]) -> list[SensorRule]:
        try:
            limit = limit_for(self._station, sensor.parameter, day, self._limit_sets, Window.READING)
        except RuleError as exc:
            problems.append(str(exc))
            limit = None
        found = [
            SensorRule(
                rule, limit, thresholds(limit, rule) if limit is not None and rule.kind is AlertKind.LIMIT else None
            )
            for rule in rules
            if rule.applies_to(sensor.parameter)
        ]
        # Limits before anomalies: who is paged for the one need not be paged for the other by the same reading.
        return sorted(found, key=lambda watched: watched.rule.kind is AlertKind.ANOMALY)


def _measured(watched: SensorRule, before: AlertState, parameter: str, score: AnomalyScore | None) -> AlertState:
    """Return a state that knows how bad its worst value is, where that value came from the table."""
    if not math.isnan(before.peak_measure):
        return before
    return msgspec.structs.replace(before, peak_measure=watched.measure(parameter, before.peak, score))


def _unseen(before: AlertState, rule: Rule, at: datetime, cadence_s: float) -> bool:
    """Whether nothing was heard of an open alert for too long to call what comes now the same incident."""
    if not before.level or before.last is None:
        return False
    longest_s = max(UNSEEN_AFTER.total_seconds(), rule.max_gap_cadences * cadence_s)
    return (at - before.last).total_seconds() > longest_s


def _limit_has_paged(plan: _Plan) -> bool:
    """Whether the officers were paged because this sensor is beyond its limit, and it still is."""
    return any(
        watched.rule.kind is AlertKind.LIMIT and plan.state.states.get(watched.rule.code, IDLE).paged
        for watched in plan.rules
    )


def _seen(
    watched: SensorRule, state: _SensorState, checked: CheckedReading, score: AnomalyScore | None
) -> Observation | Reason:
    """Return the reading as a rule sees it, unless its lane or its order forbid."""
    if checked.late:
        return Reason.LATE
    at = checked.reading.observed_at
    # A rule of faults sees all readings, the others see usable ones only: each has its own order.
    sees_all = watched.rule.kind is AlertKind.FAULT
    if (checked.usable or sees_all) and at <= state.last_usable:
        return Reason.OUT_OF_ORDER
    if sees_all and at <= state.last_unusable:
        return Reason.OUT_OF_ORDER
    return watched.observe(checked, score)


def _restore(snapshot: bytes | None) -> tuple[dict[str, _SensorState], bool]:
    if snapshot is None:
        return {}, False
    try:
        restored = _decode(snapshot)
    except msgspec.MsgspecError:
        return {}, False
    return (restored.sensors, True) if restored.version == _SNAPSHOT_VERSION else ({}, False)

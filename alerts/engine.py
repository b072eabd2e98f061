"""The alerts of one station, decided reading by reading: configuration, state, snapshot. Pure: no clock, no I/O.

Only usable readings of the real-time lane that come in order count towards what officers are told; the others leave
limits and anomalies exactly as they were. Repeated bad readings or faults become a work item instead.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta

import msgspec

from alerts.escalation import IDLE, AlertState, Decision, Observation, Reason, not_told_again, step
from alerts.limits import limit_for
from alerts.observations import AnomalyScore, Machine
from alerts.rules import Rule, rules_in_force
from alerts.thresholds import thresholds
from alerts.transitions import Foretold, reassessment_of, resolution, transition_of
from quantrac.domain.alerts import AlertKey, AlertKind, Reassessment, Transition
from quantrac.domain.limits import LimitSet, Window
from quantrac.domain.readings import CheckedReading, Status
from quantrac.domain.stations import VIETNAM, Sensor, Station
from quantrac.errors import RuleError

NOTHING: tuple[Transition, ...] = ()
_LONG_AGO = datetime(1, 1, 1, tzinfo=UTC)
_PLANS_KEPT = 3
"""Days whose thresholds are held: readings around midnight come from two of them."""
_SNAPSHOT_VERSION = 1


class _SensorState(msgspec.Struct, array_like=True):
    last_usable: datetime = _LONG_AGO
    last_unusable: datetime = _LONG_AGO
    states: dict[str, AlertState] = {}
    """By rule; idle ones are left out."""


class _Snapshot(msgspec.Struct, array_like=True):
    version: int
    sensors: dict[str, _SensorState]


class _Plan:
    """One sensor on one day: its machines, and the range within which a reading changes nothing while all is idle."""

    __slots__ = ("high", "low", "machines", "sensor", "state")

    def __init__(self, sensor: Sensor, state: _SensorState, machines: Sequence[Machine]) -> None:
        self.sensor, self.state, self.machines = sensor, state, tuple(machines)
        ranges = [m.thresholds.reach[0] for m in machines if m.thresholds is not None]
        self.low = max((low for low, _ in ranges), default=-math.inf)
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
    """

    def __init__(
        self, station: Station, rules: Iterable[Rule], limit_sets: Iterable[LimitSet], snapshot: bytes | None = None
    ) -> None:
        self._station, self._rules, self._limit_sets = station, tuple(rules), tuple(limit_sets)
        self._sensors, self.restored = _restore(snapshot)
        self._gone = [p for p in self._sensors if p not in station.sensor_of]
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
        for machine in plan.machines:
            seen = _seen(machine, plan.state, checked, score)
            if not isinstance(seen, Reason):
                before = plan.state.states.get(machine.rule.code, IDLE)
                seen = step(machine.rule, before, seen, plan.sensor.cadence_s).reason
            reasons[machine.rule.code] = seen
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
        for machine in plan.machines:
            seen = _seen(machine, state, checked, score)
            if isinstance(seen, Reason):
                continue
            rule, before = machine.rule, state.states.get(machine.rule.code, IDLE)
            decision = step(rule, before, seen, plan.sensor.cadence_s)
            if rule.kind is AlertKind.ANOMALY:
                decision = self._told_once(plan, decision, before)
            key = AlertKey(self._station.code, reading.parameter, rule.code)
            limit_changes = rule.kind is AlertKind.LIMIT and decision.kind is not None
            transition = transition_of(
                key,
                machine,
                before,
                decision,
                unit=plan.sensor.unit,
                observation=seen,
                score=score,
                foretold=self._foretold(plan) if limit_changes else None,
            )
            if transition is not None:
                transitions.append(transition)
            decision = self._assessed(key, machine, decision, seen, score, unit=plan.sensor.unit)
            if decision.state is IDLE:
                state.states.pop(rule.code, None)
            else:
                state.states[rule.code] = decision.state
            self._note_peak(key, rule, before, decision.state)
        if checked.usable:
            state.last_usable = max(state.last_usable, at)
        else:
            state.last_unusable = max(state.last_unusable, at)
        return tuple(transitions)

    def _told_once(self, plan: _Plan, decision: Decision, before: AlertState) -> Decision:
        """Quiet an anomaly whose incident the officers know, by the sensor's limit or by another sensor's anomaly."""
        if _tells_of_limit(plan):
            return not_told_again(decision, before)
        if any(parameter != plan.sensor.parameter for parameter, _ in self._told_anomalies(plan)):
            return not_told_again(decision, before, Reason.TOLD_BY_INCIDENT)
        return decision

    def _foretold(self, plan: _Plan) -> Foretold | None:
        """Return the first open anomaly of the station that the officers were told of."""
        told = (Foretold(parameter, s.since) for parameter, s in self._told_anomalies(plan) if s.since is not None)
        return min(told, key=lambda f: f.since, default=None)

    def _told_anomalies(self, plan: _Plan) -> Iterator[tuple[str, AlertState]]:
        """Yield the parameter and the state of the station's open anomalies that the officers were told of."""
        anomalies = {m.rule.code for m in plan.machines if m.rule.kind is AlertKind.ANOMALY}
        for parameter, sensor in self._sensors.items():
            for code, state in sensor.states.items():
                if code in anomalies and state.paged:
                    yield parameter, state

    def _assessed(
        self,
        key: AlertKey,
        machine: Machine,
        decision: Decision,
        seen: Observation,
        score: AnomalyScore | None,
        *,
        unit: str,
    ) -> Decision:
        """Note in which light an open anomaly stands; one that a transition tells of needs no other note."""
        found = reassessment_of(key, machine, decision.state, unit=unit, observation=seen, score=score)
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
        machines = {m.rule.code: m for m in plan.machines}
        for code in list(plan.state.states):
            machine = machines.get(code)
            if machine is None:
                reason = Reason.RULE_WITHDRAWN
            elif machine.rule.kind is AlertKind.LIMIT and machine.thresholds is None:
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
                    ended.append(resolution(key, self._rule(code), before, Reason.RULE_WITHDRAWN, at))
        return ended

    def _rule(self, code: str) -> Rule | None:
        return max((r for r in self._rules if r.code == code), key=lambda r: r.effective_from, default=None)

    def _turn_to(self, at: datetime) -> None:
        day = at.astimezone(VIETNAM).date()
        self._from = datetime.combine(day, time(), VIETNAM).astimezone(UTC)
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
            if r.window is Window.READING and r.kind is not AlertKind.OFFLINE
        ]
        problems: list[str] = []
        plans = {}
        for sensor in self._station.sensors:
            state = self._sensors.setdefault(sensor.parameter, _SensorState())
            machines = self._machines(sensor, rules, day, problems)
            plans[sensor.parameter] = _Plan(sensor, state, machines)
        self.problems = tuple(problems)
        return plans

    def _machines(self, sensor: Sensor, rules: Sequence[Rule], day: date, problems: list[str]) -> list[Machine]:
        try:
            limit = limit_for(self._station, sensor.parameter, day, self._limit_sets, Window.READING)
        except RuleError as exc:
            problems.append(str(exc))
            limit = None
        machines = [
            Machine(
                rule, limit, thresholds(limit, rule) if limit is not None and rule.kind is AlertKind.LIMIT else None
            )
            for rule in rules
            if rule.applies_to(sensor.parameter)
        ]
        # Limits before anomalies: who is told of the one need not be told of the other by the same reading.
        return sorted(machines, key=lambda machine: machine.rule.kind is AlertKind.ANOMALY)


def _tells_of_limit(plan: _Plan) -> bool:
    """Whether the officers were told that this sensor is beyond its limit, and it still is."""
    return any(
        machine.rule.kind is AlertKind.LIMIT and plan.state.states.get(machine.rule.code, IDLE).paged
        for machine in plan.machines
    )


def _seen(
    machine: Machine, state: _SensorState, checked: CheckedReading, score: AnomalyScore | None
) -> Observation | Reason:
    """Return the reading as a rule sees it, unless its lane or its order forbid."""
    if checked.late:
        return Reason.LATE
    at = checked.reading.observed_at
    # A rule of faults sees all readings, the others see usable ones only: each has its own order.
    sees_all = machine.rule.kind is AlertKind.FAULT
    if (checked.usable or sees_all) and at <= state.last_usable:
        return Reason.OUT_OF_ORDER
    if sees_all and at <= state.last_unusable:
        return Reason.OUT_OF_ORDER
    return machine.observe(checked, score)


def _restore(snapshot: bytes | None) -> tuple[dict[str, _SensorState], bool]:
    if snapshot is None:
        return {}, False
    try:
        restored = _decode(snapshot)
    except msgspec.MsgspecError:
        return {}, False
    return (restored.sensors, True) if restored.version == _SNAPSHOT_VERSION else ({}, False)

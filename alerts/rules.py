"""Alert rules: what opens an alert, what ends it, who is paged. Versioned data, read from TOML or from the database.

A rule has steps from mild to severe (escalation). One incident is one alert: it opens at the step that is reached,
climbs, and ends once. The first step with ``page`` pages the officers; later ones of the same incident do not page
them again.
``docs/alerts.md`` describes every key.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Any

from quantrac.domain.alerts import AlertKind, Severity
from quantrac.domain.limits import Window
from quantrac.domain.stations import StationKind
from quantrac.errors import RuleError
from quantrac.tomltable import Table, named_by, read_text, toml_files


class Trigger(StrEnum):
    """What a rule of kind ``fault`` counts, or what one of kind ``due`` waits for."""

    FAULT = "fault"
    """Logger status 02, a value that quality control found bad, or a missing one."""
    CALIBRATING = "calibrating"
    """Logger status 01."""
    STATE = "state"
    """A housekeeping channel in one of the rule's ``states``: the door open, mains power gone."""
    FLAT_HIGH = "flat_high"
    """A flat line beyond the limit: full scale, or a probe that is stuck where it hurts."""
    USABLE = "usable"
    """due: no usable reading in time."""
    CADENCE = "cadence"
    """due: the actual cadence is not the registered one."""
    DECLARED = "declared"
    """due: status 01 again and again, for more time than calibrations take."""
    CHANNEL = "channel"
    """due: a housekeeping channel says nothing in time. It pages nobody."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a rule; which of the last nine fields counts depends on the rule's kind."""

    name: str
    severity: Severity
    page: bool = False
    pending: int = 1
    """Consecutive readings (or windows) that must reach the step before it counts."""
    pending_s: float = 0.0
    """Time that they must span as well, in seconds."""
    enough_s: float | None = None
    """Fewer than ``pending`` are enough where they cover this time, each its cadence: of a slow station every reading
    is late enough already. ``None``: never fewer."""
    pending_alone: int = 1
    """anomaly: but never fewer than this of a parameter that departs alone: one value of one probe may be its own."""
    fraction: float | None = None
    """limit: share of the limit that is reached; 1.0 means beyond the limit itself. due, of a day: share of it below
    which usable readings cover too little; ``None``: too little for a valid mean."""
    gaps: int | None = None
    """due, of a day: so many gaps between usable readings count as well, however much is covered."""
    clear: float | None = None
    """limit: share of the limit, anomaly: probability, below which readings count towards the end."""
    probability: float | None = None
    """anomaly: the model's probability that is reached."""
    harmful: bool = False
    """anomaly: only departures on the polluting side count."""
    pollution: float = 0.0
    """anomaly: only what the model takes for pollution, with at least this probability; 0: whatever it is."""
    after_s: float | None = None
    """offline, due: time without a message, or without a usable reading, in seconds."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One version of an alert rule, in force from ``effective_from`` (a calendar day in Vietnam)."""

    code: str
    effective_from: date
    title_vi: str
    title_en: str
    kind: AlertKind
    steps: tuple[Step, ...]
    window: Window = Window.READING
    trigger: Trigger = Trigger.FAULT
    keep_firing: int = 1
    """Consecutive readings (or windows) beyond the clear threshold that end the alert."""
    max_gap_cadences: float = 3.0
    """A longer gap, in cadences of the sensor, begins the counting of consecutive readings anew. offline, due: the
    first step needs at least so many cadences, each further one a cadence more."""
    parameters: tuple[str, ...] = ()
    """Only these; empty: all."""
    except_parameters: tuple[str, ...] = ()
    enabled: bool = True
    """A version with ``enabled = false`` withdraws the rule from its date on."""
    page_at: tuple[str, ...] = ()
    """offline, due: kinds of stations (effluent, surface_water) whose officers are paged; empty: all."""
    calibration_s: float = 0.0
    """due: for how long an instrument may be calibrated (status 01) before that counts as an omission, in seconds."""
    fault_s: float = 0.0
    """due: the same for an instrument that reports a fault (status 02), in seconds."""
    states: tuple[float, ...] = ()
    """fault with trigger state: what the channels named by ``parameters`` must say to count."""

    def applies_to(self, parameter: str) -> bool:
        """Whether the rule watches a parameter, or, with trigger state, a housekeeping channel."""
        return parameter not in self.except_parameters and (not self.parameters or parameter in self.parameters)


RULE_KEYS = frozenset(f.name for f in fields(Rule)) - {"steps"} | {"step"}
_OLD_POLLUTION = "process"
"""What the key ``pollution`` was called before: rules that were imported then are kept under it."""
STEP_KEYS = frozenset(f.name for f in fields(Step)) | {_OLD_POLLUTION}
_NEEDED = {AlertKind.LIMIT: "fraction", AlertKind.ANOMALY: "probability", AlertKind.OFFLINE: "after_s"}
_TRIGGERS = {
    AlertKind.FAULT: (Trigger.FAULT, Trigger.CALIBRATING, Trigger.FLAT_HIGH, Trigger.STATE),
    AlertKind.DUE: (Trigger.USABLE, Trigger.CADENCE, Trigger.DECLARED, Trigger.CHANNEL),
}
"""By kind; the first is what counts where a rule names none."""


_DUE_DAY = (AlertKind.DUE, Window.DAY)


def packaged_rules() -> Path:
    """Return the folder of the rules that come with the program."""
    return Path(__file__).parent / "data" / "rules"


def load_rules(paths: Sequence[Path]) -> tuple[Rule, ...]:
    """Return the rules of TOML files, or of all ``*.toml`` files of folders.

    Raises
    ------
    RuleError
        A file cannot be read, holds a mistake, or contradicts another; the message names the file and the key.
    """
    rules = [r for path in paths for file in toml_files(path) for r in rules_of(read_text(file), str(file))]
    if not rules:
        raise RuleError(f"{', '.join(map(str, paths)) or 'No file'}: no [[rule]] is described. Add at least one.")
    return _distinct(rules, ", ".join(map(str, paths)))


def rules_of(text: str, source: str) -> tuple[Rule, ...]:
    """Return the rules of one TOML text; ``source`` names it in messages.

    Raises
    ------
    RuleError
        The text holds a mistake; the message names the key.
    """
    top = Table.parse(text, source)
    top.refuse_unknown({"rule"})
    return _distinct([_rule(table) for table in top.tables("rule", named_by("rule", "code"))], source)


def parse_rules(documents: Iterable[Mapping[str, Any]], source: str = "alert_rules") -> tuple[Rule, ...]:
    """Return the rules of documents as :func:`document` makes them; ``source`` names them in messages.

    Raises
    ------
    RuleError
        A document holds a mistake.
    """
    return _distinct([_rule(Table(_with_date(d), source, f"rule {d.get('code')}")) for d in documents], source)


def document(rule: Rule) -> dict[str, Any]:
    """Return a rule as a JSON document, the form in which the database keeps it."""
    values = asdict(rule)
    steps = values.pop("steps")
    values["effective_from"] = rule.effective_from.isoformat()
    for key in ("parameters", "except_parameters", "page_at", "states"):
        values[key] = list(values[key])
    return values | {"step": [{k: v for k, v in step.items() if v is not None} for step in steps]}


def rules_in_force(rules: Iterable[Rule], day: date) -> tuple[Rule, ...]:
    """Return the version of each rule that is in force on a day (of Vietnam), by code; withdrawn ones are left out."""
    newest: dict[str, Rule] = {}
    for rule in sorted(rules, key=lambda r: r.effective_from):
        if rule.effective_from <= day:
            newest[rule.code] = rule
    return tuple(newest[code] for code in sorted(newest) if newest[code].enabled)


def of_another_version(stored: Iterable[Rule], packaged: Iterable[Rule]) -> tuple[list[str], list[str]]:
    """Return the codes of packaged rules of which nothing is stored, and of those stored otherwise under their date."""
    versions = {(rule.code, rule.effective_from): rule for rule in stored}
    codes = {code for code, _ in versions}
    ours = sorted(packaged, key=lambda rule: rule.code)
    missing = [rule.code for rule in ours if rule.code not in codes]
    return missing, [rule.code for rule in ours if versions.get((rule.code, rule.effective_from), rule) != rule]


def pages_for_faults(rules: Iterable[Rule], day: date) -> tuple[str, ...]:
    """Return the codes of anomaly rules in force that page whatever the model takes an alarm for, a fault too."""
    return tuple(
        rule.code
        for rule in rules_in_force(rules, day)
        if rule.kind is AlertKind.ANOMALY and any(step.page and not step.pollution for step in rule.steps)
    )


def _with_date(values: Mapping[str, Any]) -> dict[str, Any]:
    day = values.get("effective_from")
    if isinstance(day, str):
        try:
            return {**values, "effective_from": date.fromisoformat(day)}
        except ValueError:
            return dict(values)
    return dict(values)


def _distinct(rules: Sequence[Rule], source: str) -> tuple[Rule, ...]:
    seen: set[tuple[str, date]] = set()
    for rule in rules:
        if (rule.code, rule.effective_from) in seen:
            raise RuleError(
                f"{source}: rule {rule.code}: effective_from {rule.effective_from} stands twice. Give the later "
                "version another date, or remove one."
            )
        seen.add((rule.code, rule.effective_from))
    return tuple(rules)


def _rule(table: Table) -> Rule:
    table.refuse_unknown(RULE_KEYS)
    kind = table.member("kind", AlertKind)
    window = table.member("window", Window) if "window" in table.values else Window.READING
    if window is not Window.READING and kind is not AlertKind.LIMIT and (kind, window) != _DUE_DAY:
        raise table.error("window", f"is {window.value!r}; only rules of kind limit judge hours and days.")
    steps, keep_firing = _steps(table, kind), _count(table, "keep_firing")
    if window is not Window.READING and (
        keep_firing > 1 or any(s.pending > 1 or s.pending_s or s.enough_s for s in steps)
    ):
        raise table.error("keep_firing", "and pending must be 1 for hours and days: each of them is judged by itself.")
    trigger = _trigger(table, kind)
    if trigger is Trigger.DECLARED and (len(steps) > 1 or steps[0].after_s is None):
        raise table.error("step", 'with trigger = "declared" is one, with after_s: for how long beyond what is usual.')
    if trigger is Trigger.CHANNEL and (window is not Window.READING or any(step.page for step in steps)):
        raise table.error("step", 'with trigger = "channel" pages nobody and judges no days: it is a work item.')
    return Rule(
        code=table.text("code"),
        effective_from=table.day("effective_from"),
        title_vi=table.text("title_vi"),
        title_en=table.text("title_en"),
        kind=kind,
        steps=steps,
        window=window,
        trigger=trigger,
        keep_firing=keep_firing,
        max_gap_cadences=table.positive("max_gap_cadences", 3.0),
        parameters=table.texts("parameters"),
        except_parameters=table.texts("except_parameters"),
        enabled=table.boolean("enabled", default=True),
        page_at=_station_kinds(table),
        calibration_s=_seconds(table, "calibration_s"),
        fault_s=_seconds(table, "fault_s"),
        states=_states(table),
    )


def _trigger(table: Table, kind: AlertKind) -> Trigger:
    known = _TRIGGERS.get(kind, tuple(Trigger))
    trigger = table.member("trigger", Trigger) if "trigger" in table.values else known[0]
    if trigger not in known:
        raise table.error("trigger", f"is {trigger.value!r}, which a rule of kind {kind.value} does not know.")
    return trigger


def _station_kinds(table: Table) -> tuple[str, ...]:
    kinds = table.texts("page_at")
    for kind in kinds:
        if kind not in tuple(StationKind):
            raise table.error("page_at", f"names {kind!r}; kinds of stations are {', '.join(StationKind)}.")
    return kinds


def _states(table: Table) -> tuple[float, ...]:
    """Return the states of channels that count; a rule has them with trigger state, and only then."""
    states = table.values.get("states", [])
    if not isinstance(states, list) or any(isinstance(s, bool) or not isinstance(s, int | float) for s in states):
        raise table.error("states", "must be a list of numbers: what the channel says.")
    watches = table.values.get("trigger") == Trigger.STATE.value
    if watches and not (states and table.texts("parameters")):
        raise table.error("states", "is missing, or parameters; a rule of states names its channels and their states.")
    if states and not watches:
        raise table.error("states", 'is only for rules of kind fault with trigger = "state".')
    return tuple(float(s) for s in states)


def _seconds(table: Table, key: str) -> float:
    value = table.number(key, 0.0)
    if value < 0:
        raise table.error(key, f"is {value:g}; it must not be negative.")
    return value


def _steps(table: Table, kind: AlertKind) -> tuple[Step, ...]:
    steps: list[Step] = []
    needed = _NEEDED.get(kind)
    for entry in table.tables("step", named_by("step", "name")):
        step = _step(entry)
        if needed is not None:
            value = getattr(step, needed)
            if value is None:
                raise entry.error(needed, f"is missing; a step of a rule of kind {kind.value} needs it.")
            if steps and not value >= getattr(steps[-1], needed):
                raise entry.error(needed, "is below that of the step before; write the mildest step first.")
        steps.append(step)
    if not steps:
        raise table.error("step", "is missing; a rule needs at least one [[rule.step]].")
    return tuple(steps)


def _step(entry: Table) -> Step:
    entry.refuse_unknown(STEP_KEYS)
    fraction, probability = entry.optional_positive("fraction"), entry.optional_positive("probability")
    clear = entry.optional_positive("clear")
    if probability is not None and probability > 1:
        raise entry.error("probability", f"is {probability:g}; it must be at most 1.")
    reached = fraction if fraction is not None else probability
    if clear is not None and reached is not None and clear > reached:
        raise entry.error("clear", f"is {clear:g}, above the {reached:g} that opens the alert; it must not be.")
    pending_s = entry.number("pending_s", 0.0)
    if pending_s < 0:
        raise entry.error("pending_s", f"is {pending_s:g}; it must not be negative.")
    return Step(
        name=entry.text("name"),
        severity=entry.member("severity", Severity),
        page=entry.boolean("page"),
        pending=_count(entry, "pending"),
        pending_s=pending_s,
        enough_s=entry.optional_positive("enough_s"),
        pending_alone=_count(entry, "pending_alone"),
        fraction=fraction,
        gaps=_count(entry, "gaps") if "gaps" in entry.values else None,
        clear=clear,
        probability=probability,
        harmful=entry.boolean("harmful"),
        pollution=_least_pollution(entry),
        after_s=entry.optional_positive("after_s"),
    )


def _least_pollution(entry: Table) -> float:
    """Return the least probability of pollution, whichever of its two names a step has."""
    if {"pollution", _OLD_POLLUTION} <= entry.values.keys():
        raise entry.error(_OLD_POLLUTION, "is the old name of pollution, which stands beside it; remove it.")
    key = _OLD_POLLUTION if _OLD_POLLUTION in entry.values else "pollution"
    least = entry.number(key, 0.0)
    if not 0 <= least <= 1:
        raise entry.error(key, f"is {least:g}; it must be from 0 to 1.")
    return least


def _count(table: Table, key: str) -> int:
    value = table.number(key, 1)
    if value < 1 or value != int(value):
        raise table.error(key, f"is {value:g}; give a whole number of at least 1.")
    return int(value)

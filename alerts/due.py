"""What is due is watched: a usable reading of each sensor, in time, by its own cadence. Pure.

A reading that is late, ahead of the clock, refused, of unknown status, suspect or missing says nothing of the water;
whoever keeps sending such readings is not seen by the rules of limits. Here each line of a sensor is noted as it
arrives, and the time since the sensor was last *in order* is held against the steps of a rule.

::

    minute    0    5   10   15   20   25 ...  50 ... 135     cadence 300 s, first step at 30 min, page at 2 h
    line      u    u    u    s    s    s       s      s      u usable, s suspect
    in order  -    -    x                                    x: the third usable one in a row
    alert                                  (40) O   (130) E  O a work item, E escalated: officers are paged

One usable reading among many others does not put a sensor in order: it takes ``RUN`` at its cadence. Nor does every
second one for long: usable readings have to cover ``SHARE`` of the time, and what they leave uncovered is owed until
later ones have made up for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

from alerts.due_words import (
    CHANNEL_BACK,
    USABLE_BACK,
    cadence_words,
    channel_words,
    declared_words,
    unusable_words,
)
from alerts.escalation import Reason
from alerts.rules import Rule, Trigger
from quantrac.domain.alerts import AlertKey, Severity, Transition, TransitionKind
from quantrac.domain.incidents import HoldWindow, WindowKind
from quantrac.domain.presence import Defect, Listening, Note, OpenAlert, SensorPresence
from quantrac.domain.readings import CheckedReading, Flag, QcReason, Status
from quantrac.domain.stations import Sensor, Station, midnight
from quantrac.domain.words import Bilingual

RUN = 3
"""Usable readings in a row that put a sensor in order, as many as end an alert of its limit."""
SHARE = 0.75
"""Of the time that usable readings cover in a sensor that is in order: as much as an hour or day needs to be judged."""
DECLARED_SHARE = 1 / 48
"""Of the time that an instrument may be calibrated by its own word, every day: half an hour a day, or two hours of
one day a week, are usual. Practice, not law."""
MOST_DECLARED_S = 21_600.0
"""Whatever an instrument did, eight days as usual make up for it."""
MOST_OWED = 5
"""Readings at the cadence that make up for whatever a sensor owes: a repaired one is in order within half an hour."""
INTERVALS = 12
"""Equal intervals in a row that make an actual cadence: an hour of a 5-minute station."""
SAME_INTERVAL = 0.1
"""Intervals that differ by less than this share are equal: loggers stamp some seconds early or late."""
OTHER_CADENCE = 1.2
"""Actual over registered cadence, either way, from which they differ."""
GAP_CADENCES = 3.0
SHORTEST_GAP_S = 900.0
"""Three missed sendings, and 15 minutes at least (Envisoft), are a silence."""

_REGISTERED = frozenset({WindowKind.MAINTENANCE, WindowKind.CALIBRATION})
_OF_STATUS = {
    Status.UNKNOWN: Defect.UNKNOWN_STATUS,
    Status.CALIBRATING: Defect.CALIBRATING,
    Status.MAINTENANCE: Defect.CALIBRATING,
    Status.FAULT: Defect.FAULT,
}
_EXCUSED = (Defect.CALIBRATING, Defect.FAULT)
_STAMP_UNKNOWN = (Defect.LATE, Defect.AHEAD)
"""Such a line says nothing of the cadence."""


@cache
def silence(cadence_s: float) -> timedelta:
    """Return the time without a message from which a sender of a cadence is silent."""
    return timedelta(seconds=max(SHORTEST_GAP_S, GAP_CADENCES * cadence_s))


def note_of(checked: CheckedReading, lane_limit: timedelta) -> Note:
    """Return what a reading says of its sensor.

    Lateness is that of its receipt: what waited for us in Kafka through an outage of our own was sent in time.
    """
    reading = checked.reading
    defect, detail = _defect(checked, lane_limit), ""
    if defect in (Defect.SUSPECT, Defect.BAD) and checked.reasons:
        detail = checked.reasons[0].value
    return Note(reading.received_at, reading.observed_at, defect, detail)


def _defect(checked: CheckedReading, lane_limit: timedelta) -> Defect | None:
    reading = checked.reading
    if reading.received_at - reading.observed_at > lane_limit:
        return Defect.LATE
    if QcReason.CLOCK_FUTURE in checked.reasons:
        return Defect.AHEAD
    if reading.status is not Status.MEASURING:
        return _OF_STATUS[reading.status]
    if reading.value is None:
        return Defect.NO_VALUE
    if checked.usable:
        return None
    return Defect.BAD if checked.flag is Flag.BAD else Defect.SUSPECT


def returned(before: SensorPresence, sensor: Sensor, heard_at: datetime, now: datetime) -> SensorPresence:
    """Return what is remembered of a sensor when its station is heard ``now``, after a silence since ``heard_at``.

    A sensor that was in order when the silence began starts anew: neither the silence nor the backfill that follows
    is its fault. One that was not in order does not: junk after each silence must not put it off for ever.
    """
    in_order = before.steady_at is not None and heard_at - before.steady_at <= silence(sensor.cadence_s)
    return before._replace(returned_at=now) if in_order else before


def noted(
    before: SensorPresence, note: Note, sensor: Sensor, pace_s: float | None = None, *, registered: bool = False
) -> SensorPresence:
    """Return what is remembered of a sensor after one more line.

    ``pace_s`` is how often the station actually sends (:func:`pace_of`), ``registered`` whether registered maintenance
    or calibration covers the sensor.
    """
    # All fields in one go: this is asked of every reading.
    observed_at, interval_s, interval_run = _measured(before, note)
    usable_at, usable_observed_at, usable_run, steady_at, short_s = (
        _usable(before, note, sensor, pace_s) if note.defect is None
        else (before.usable_at, before.usable_observed_at, before.usable_run, before.steady_at, before.short_s)
    )  # fmt: skip
    defect, defect_at, detail = before.defect, before.defect_at, before.detail
    if note.defect is not None and not (
        note.defect is Defect.SUSPECT and defect in _EXCUSED and _lasts(before, note.received_at, sensor.cadence_s)
    ):  # else: a repaired probe jumps back to what it measures
        defect, defect_at, detail = note.defect, note.received_at, note.detail
    declared_s = _declared_s(before, note, sensor, registered=registered)
    return SensorPresence(
        note.received_at, observed_at, usable_at, usable_observed_at, usable_run, steady_at, before.returned_at,
        defect, defect_at, detail, interval_s, interval_run, declared_s, short_s,
    )  # fmt: skip


def noted_state(before: SensorPresence, note: Note) -> SensorPresence:
    """Return what is remembered of a housekeeping channel after one more word: one in time puts it in order."""
    at = note.received_at
    if note.defect is None:
        return before._replace(received_at=at, observed_at=note.observed_at, usable_at=at, steady_at=at)
    return before._replace(received_at=at, defect=note.defect, defect_at=at, detail=note.detail)


def note_of_state(said: CheckedReading, lane_limit: timedelta) -> Note:
    """Return what a word of a housekeeping channel says of it: one that is late or empty does not tell its state."""
    reading = said.reading
    late = reading.received_at - reading.observed_at > lane_limit
    defect = Defect.LATE if late else Defect.NO_VALUE if reading.value is None else None
    return Note(reading.received_at, reading.observed_at, defect)


def _declared_s(before: SensorPresence, note: Note, sensor: Sensor, *, registered: bool) -> float:
    """Return for how long an instrument was calibrated by its own word, beyond what is usual: a leaking, bounded sum.

    ::

        day        1          2          3          4          two hours a day with status 01, half an hour leaks
        sum (h)    0  2  1.5  1.5  3.5   3   5      4.5        rule: 4 h, over below 2 h
    """
    calibrating = note.defect is Defect.CALIBRATING
    if before.received_at is None or not (calibrating or before.declared_s):
        return before.declared_s
    passed_s = max(0.0, (note.received_at - before.received_at).total_seconds())
    more_s = min(passed_s, sensor.cadence_s) if calibrating and not registered else 0.0
    return min(MOST_DECLARED_S, max(0.0, before.declared_s - DECLARED_SHARE * passed_s) + more_s)


def _usable(
    before: SensorPresence, note: Note, sensor: Sensor, pace_s: float | None
) -> tuple[datetime, datetime | None, int, datetime | None, float]:
    """Return what a usable reading makes of ``usable_at`` and of the fields that go with it."""
    now, at, last = note.received_at, note.observed_at, before.usable_observed_at
    if at is None or (last is not None and (at - last).total_seconds() <= sensor.cadence_s / 2):
        return now, last, before.usable_run, before.steady_at, before.short_s  # several within one cadence are one
    if last is None:
        run, short_s = 1, 0.0
    else:
        gap = at - last
        run = before.usable_run + 1 if gap <= silence(sensor.cadence_s) else 1
        short_s = _owed_s(before, gap, now, sensor, pace_s)
    steady = run >= RUN and short_s <= silence(sensor.cadence_s).total_seconds()
    return now, at, run, now if steady else before.steady_at, short_s


def _owed_s(before: SensorPresence, gap: timedelta, now: datetime, sensor: Sensor, pace_s: float | None) -> float:
    """Return what a sensor owes after a usable reading that came ``now``, ``gap`` after the one before.

    A silence of the whole station is told as that, and adds no more than the shortest silence does; what the station
    sent after it, and could not be used, adds all of its time. A station that sends everything at another cadence than
    the registered one, and nothing that cannot be used, is told as that too.
    """
    quiet_s = silence(sensor.cadence_s).total_seconds()
    usable_at, cadence_s, gap_s = before.usable_at, sensor.cadence_s, gap.total_seconds()
    if usable_at is not None and before.returned_at is not None and before.returned_at > usable_at:
        gap_s = min(gap_s, quiet_s + (now - before.returned_at).total_seconds())
    only_usable = usable_at is None or before.defect_at is None or before.defect_at <= usable_at
    if only_usable and pace_s is not None:
        cadence_s = max(cadence_s, pace_s)
    owed_s = before.short_s + SHARE * gap_s - min(gap_s, cadence_s)
    return min(max(0.0, owed_s), quiet_s + MOST_OWED * (1 - SHARE) * sensor.cadence_s)


def pace_of(presences: Iterable[SensorPresence]) -> float | None:
    """Return how often a station actually sends, by the fastest of its sensors (s); ``None``: not steadily."""
    paces = (p.interval_s for p in presences if p.interval_run >= INTERVALS)
    return min((pace_s for pace_s in paces if pace_s is not None), default=None)


def _measured(before: SensorPresence, note: Note) -> tuple[datetime | None, float | None, int]:
    """Return the newest stamp after a line, and the cadence that was measured: an interval, and how often in a row."""
    at, last, interval_s, run = note.observed_at, before.observed_at, before.interval_s, before.interval_run
    if at is None or note.defect in _STAMP_UNKNOWN or (last is not None and at <= last):
        return last, interval_s, run
    if last is None:
        return at, interval_s, run
    passed_s = (at - last).total_seconds()
    if interval_s is not None and abs(passed_s - interval_s) <= SAME_INTERVAL * interval_s:
        return at, interval_s, min(run + 1, INTERVALS)
    return at, passed_s, 1


def reached(rule: Rule, cadence_s: float, waited_s: float) -> int:
    """Return the step that a wait reaches, counted from 1; 0: none.

    A step counts from its ``after_s`` and from so many cadences on that a slow station misses as many sendings as a
    fast one: the first from ``max_gap_cadences``, each further one from one cadence more.
    """
    return sum(
        waited_s >= max(step.after_s or 0.0, (rule.max_gap_cadences + index) * cadence_s)
        for index, step in enumerate(rule.steps)
    )


@dataclass(frozen=True, slots=True)
class Watched:
    """One sensor as the sweep sees it."""

    station: Station
    sensor: Sensor
    presence: SensorPresence
    heard_at: datetime
    """When the station was last heard."""
    listening: Listening
    excused: bool = False
    """Whether registered maintenance says why nothing usable comes: officers are told afterwards, if it still holds."""


def due(rule: Rule, watched: Watched, alert: OpenAlert | None) -> Transition | None:
    """Return what a rule of kind due changes at one sensor or channel, if anything; ``alert`` is its open alert."""
    if rule.trigger is Trigger.CADENCE:
        return _cadence(rule, watched, alert)
    if rule.trigger is Trigger.DECLARED:
        return _declared(rule, watched, alert)
    return _unusable(rule, watched, alert)


def _unusable(rule: Rule, watched: Watched, alert: OpenAlert | None) -> Transition | None:
    presence, listening, cadence_s = watched.presence, watched.listening, watched.sensor.cadence_s
    of_channel = rule.trigger is Trigger.CHANNEL
    began = max((t for t in (presence.steady_at, presence.returned_at) if t is not None), default=None)
    if (
        alert is not None
        and began is not None
        and not reached(rule, cadence_s, (listening.until - began).total_seconds())
    ):
        return _transition(
            rule,
            watched,
            alert,
            TransitionKind.RESOLVED,
            level=0,
            since=began,
            words=CHANNEL_BACK if of_channel else USABLE_BACK,
            reason=Reason.USABLE_AGAIN,
        )
    # While the whole station is silent, that is what is told.
    if listening.until - watched.heard_at >= silence(min(s.cadence_s for s in watched.station.sensors)):
        return None
    defect, detail = defect_of(presence, watched.heard_at, cadence_s)
    counted_from = listening.since if began is None else max(began, listening.since)
    waited_s = (listening.until - counted_from).total_seconds() - _patience_s(rule, defect)
    level = reached(rule, cadence_s, waited_s)
    if watched.excused:
        level = min(level, unpaged_steps(rule))
    if level == 0 or (alert is not None and (level == 1 or alert.severity == rule.steps[level - 1].severity)):
        return None
    since = began or listening.since
    return _transition(
        rule,
        watched,
        alert,
        TransitionKind.OPENED if alert is None else TransitionKind.ESCALATED,
        level=level,
        since=since,
        words=(channel_words if of_channel else unusable_words)(defect, detail, presence, listening.until - since),
        reason=Reason.NOT_USABLE,
    )


def excused(windows: Iterable[HoldWindow], key: AlertKey, now: datetime, cadence_s: float) -> bool:
    """Whether registered maintenance or calibration covers a sensor now, or did until just now.

    What still holds when it is over is told after so many cadences as it takes to be in order again.
    """
    instants = [now - timedelta(seconds=number * cadence_s) for number in range(RUN + MOST_OWED + 1)]
    registered = [window for window in windows if window.kind in _REGISTERED]
    return any(window.covers(key, at) for window in registered for at in instants)


def unpaged_steps(rule: Rule) -> int:
    """Return how many steps of a rule come before the first that pages."""
    return next((number for number, step in enumerate(rule.steps) if step.page), len(rule.steps))


def _patience_s(rule: Rule, defect: Defect) -> float:
    """Return for how long an instrument may be out of order by its own word before that counts as an omission."""
    patience: Mapping[Defect, float] = {Defect.CALIBRATING: rule.calibration_s, Defect.FAULT: rule.fault_s}
    return patience.get(defect, 0.0)


def defect_of(presence: SensorPresence, heard_at: datetime, cadence_s: float) -> tuple[Defect, str]:
    """Return what is wrong with a sensor that is not in order, and the detail of it."""
    if presence.received_at is None or heard_at - presence.received_at >= silence(cadence_s):
        return Defect.MISSING_LINE, ""
    if presence.defect is None or presence.defect_at is None:
        return Defect.SPARSE, ""
    # Its first usable readings after a fault do not put a sensor in order yet: it is still told as what it was.
    return (presence.defect, presence.detail) if _lasts(presence, heard_at, cadence_s) else (Defect.SPARSE, "")


def _lasts(presence: SensorPresence, at: datetime, cadence_s: float) -> bool:
    """Whether what was wrong with a sensor still is what is wrong, so long after the last such line.

    A fault or calibration that the station declared lasts until the sensor can be in order again: no officer is paged
    in between. Who declares one again and again is told as who declares one all the time.
    """
    lasting = silence(cadence_s)
    if presence.defect in _EXCUSED:
        lasting = max(lasting, timedelta(seconds=(RUN + MOST_OWED) * cadence_s))
    return presence.defect_at is not None and at - presence.defect_at < lasting


def _cadence(rule: Rule, watched: Watched, alert: OpenAlert | None) -> Transition | None:
    presence, registered_s = watched.presence, watched.sensor.cadence_s
    if presence.interval_run < INTERVALS or presence.interval_s is None:
        return None
    version = midnight(watched.station.effective_from)
    newest = presence.observed_at or watched.heard_at
    if alert is None and newest - timedelta(seconds=INTERVALS * presence.interval_s) < version:
        return None  # the intervals of before the cadence that is registered now
    ratio = presence.interval_s / registered_s
    differs = ratio > OTHER_CADENCE or ratio < 1 / OTHER_CADENCE
    if differs is (alert is not None):
        return None
    kind = TransitionKind.OPENED if differs else TransitionKind.RESOLVED
    words = cadence_words(presence.interval_s, registered_s)
    since = presence.observed_at or watched.heard_at
    reason = Reason.OTHER_CADENCE if differs else Reason.CADENCE_AS_REGISTERED
    return _transition(rule, watched, alert, kind, level=int(differs), since=since, words=words, reason=reason)


def _declared(rule: Rule, watched: Watched, alert: OpenAlert | None) -> Transition | None:
    declared_s, most_s = watched.presence.declared_s, rule.steps[0].after_s or 0.0
    if watched.excused or (declared_s < most_s if alert is None else declared_s >= most_s / 2):
        return None
    return _transition(
        rule,
        watched,
        alert,
        TransitionKind.RESOLVED if alert is not None else TransitionKind.OPENED,
        level=int(alert is None),
        since=watched.presence.defect_at or watched.heard_at,
        words=declared_words(timedelta(seconds=declared_s), timedelta(days=DECLARED_SHARE)),
        reason=Reason.DECLARED_OFTEN if alert is None else Reason.DECLARED_AS_USUAL,
    )


def may_page(rule: Rule, station: Station) -> bool:
    """Whether a rule pages officers for stations of this kind."""
    return not rule.page_at or station.kind.value in rule.page_at


def _transition(
    rule: Rule,
    watched: Watched,
    alert: OpenAlert | None,
    kind: TransitionKind,
    *,
    level: int,
    since: datetime,
    words: Bilingual,
    reason: Reason,
) -> Transition:
    station, parameter = watched.station, watched.sensor.parameter
    paged = alert is not None and alert.paged
    over = kind is TransitionKind.RESOLVED
    step = None if over else rule.steps[level - 1]
    return Transition(
        key=AlertKey(station.code, parameter, rule.code),
        kind=kind,
        alert_kind=rule.kind,
        severity=Severity.INFO if step is None else step.severity,
        reason=reason.value,
        observed_at=watched.listening.until,
        since=since,
        value=None,
        limit=None,
        explanation=Bilingual(f"{parameter}: {words.vi}", f"{parameter}: {words.en}"),
        page=paged if step is None else step.page and may_page(rule, station) and not paged,
    )

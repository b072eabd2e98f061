"""A drill from beginning to end: copies are registered, live through a scenario, and what came of it is scored."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from local.drills.score import Message, Raised, Score, score
from quantrac.clock import Clock
from quantrac.domain import words
from quantrac.domain.stations import Station
from quantrac.errors import QuantracError, SettingsError
from simulators.fleet import LABELS_FILE, REPORT_FILE
from simulators.labels import GRACE, read_labels
from simulators.scenario import Scenario
from sql.runs import rows_of_run

PAST = timedelta(hours=36)
"""Of the stations' own time, sent before the drill: the model learns from it what is usual."""
USUAL_SPEED = 60.0
GRACE_CADENCES = 4
SETTLED_FOR_S = 6.0
"""Nothing new was raised, told or delivered for so long: what was to come has come."""
LONGEST_SETTLING_S = 90.0
TURN_S = 1.0


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast a drill goes, and how long it takes."""

    speed: float
    duration: timedelta

    def past(self, last_observed: datetime | None, now: datetime) -> timedelta:
        """Return how much of the past is sent before: nothing is said anew of a time of which an earlier drill told."""
        wanted = PAST / self.speed
        if last_observed is None or last_observed <= now - wanted:
            return wanted
        return max(now - last_observed - timedelta(seconds=1), timedelta(0))


def pace_of(scenario: Scenario, speed: float | None, duration: timedelta | None) -> Pace:
    """Return the pace of a drill; what is not given follows from the scenario's length.

    >>> from simulators.scenario import Scenario
    >>> day = Scenario("day", length_s=86_400.0)
    >>> pace_of(day, None, timedelta(minutes=10)).speed, pace_of(day, 24, None).duration
    (144.0, datetime.timedelta(seconds=3600))

    Raises
    ------
    SettingsError
        Nothing says how long it takes, or the speed is none.
    """
    if speed is not None and not 0.1 <= speed <= 600:
        raise SettingsError(f"--speed {speed:g}: give 0.1 to 600 times the stations' own pace.")
    length = None if scenario.length_s is None else timedelta(seconds=scenario.length_s)
    if speed is None:
        speed = max(1.0, length / duration) if length is not None and duration else USUAL_SPEED
        if length is not None and speed > 600:
            least = words.duration(timedelta(minutes=math.ceil(length.total_seconds() / 600 / 60)))
            raise SettingsError(f"--duration: {words.duration(length)} cannot pass so fast; give {least} at least.")
    if duration is None:
        if length is None:
            raise SettingsError(f"{scenario.source} has no length: say how long the drill takes, --duration 20m.")
        duration = length / speed
    return Pace(speed, duration)


def settle(
    look: Callable[[], object], waiting: Callable[[], int], clock: Clock, pause: Callable[[float], None]
) -> None:
    """Wait until no record waits for a worker and a look has shown the same for a while.

    Raises
    ------
    QuantracError
        Records still wait.
    """
    began_s = same_since_s = clock.monotonic_s()
    before: object = None
    while (now_s := clock.monotonic_s()) - began_s < LONGEST_SETTLING_S:
        seen = (waiting(), look())
        if seen != before:
            before, same_since_s = seen, now_s
        elif seen[0] == 0 and now_s - same_since_s >= SETTLED_FOR_S:
            return
        pause(TURN_S)
    if waiting():
        raise QuantracError(
            f"{waiting():,} records wait and no worker takes them: start one (`quantrac up`); `quantrac simulate "
            "score` scores the run afterwards."
        )


def score_of(folder: Path, stations: Iterable[Station], desk_conninfo: str) -> Score:
    """Return the score of the run that has left its report and its labels in a folder.

    Raises
    ------
    QuantracError
        The folder holds no run.
    StoreError
        The database is out of reach.
    """
    report = folder / REPORT_FILE
    if not report.is_file():
        raise QuantracError(f"{folder} holds no run: {REPORT_FILE} is missing. Name the --folder of the run.")
    told = json.loads(report.read_text("utf-8"))
    began, ended = (datetime.fromisoformat(told[key]) for key in ("started_at", "updated_at"))
    events = read_labels(folder / LABELS_FILE)
    codes = list(told["per_station"])
    rows = rows_of_run(desk_conninfo, codes, began)
    start = min([began, *(e.start for e in events)])
    alerts = [Raised(*row) for row in rows.alerts]
    messages = [Message(number, at, tuple(about), subject) for number, at, about, subject in rows.messages]
    return score(events, alerts, messages, (start, ended), grace=_grace(stations, codes))


def _grace(stations: Iterable[Station], codes: Sequence[str]) -> timedelta:
    cadences = [sensor.cadence_s for s in stations if s.code in codes for sensor in s.sensors]
    return max(GRACE, timedelta(seconds=GRACE_CADENCES * max(cadences, default=0.0)))

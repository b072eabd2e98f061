"""What did not come: silent stations, sensors without a usable reading in time, channels. Only while we hear all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime, timedelta

from alerts.due import Watched, due, excused, may_page, silence
from alerts.escalation import AlertState, Reason
from alerts.offline import signal_loss
from alerts.rules import Rule, Trigger, rules_in_force
from alerts.transitions import resolution
from quantrac.domain.alerts import AlertKey, AlertKind, Transition, TransitionKind
from quantrac.domain.incidents import HoldWindow
from quantrac.domain.limits import Window
from quantrac.domain.presence import Defect, Listening, OpenAlert, SensorPresence
from quantrac.domain.stations import VIETNAM, Station, midnight
from quantrac.telemetry import get_logger
from sql.presence_store import SensorKey
from sql.worker_store import WorkerTransaction
from streams.catalogue import Catalogue
from streams.dues import station_cadence_s
from streams.listening import INTERRUPTION, CaughtUp
from streams.paging import Recipients, save_and_page

_log = get_logger(__name__)
ALL_SILENT = 3
"""So many stations do not fall silent at one moment by themselves: when nothing comes from anybody it is our path."""
OUR_CLOCK = 0.9
"""Of the stations, when all of them have clocks that are wrong in the same way: it is our clock."""
LATELY = timedelta(days=1)
"""Stations that were heard within it are expected to be heard."""

Open = Mapping[AlertKey, OpenAlert]


class OverdueSweep:
    """Silence and what was due, in one worker.

    Silence counts within the time in which our own path hears everything. That time is kept in the database, so that a
    restart or another worker goes on with it; it begins anew after an outage of ours of more than ``INTERRUPTION``: of
    the database, of Kafka, of all workers, when nothing comes from any station, or when our clock is wrong.
    """

    def __init__(self, started: datetime, recipients: Recipients, caught_up: CaughtUp | None = None) -> None:
        self._started, self._recipients, self._caught_up = started, recipients, caught_up
        self._held: Listening | None = None
        self._committed: Listening | None = None
        self._breaks = 0
        self._failed = False
        self._deaf = self._wrong = False
        self._known: dict[str, datetime] | None = None
        """When stations were first seen here; of those that were there at the start nothing is known."""

    def failed(self) -> None:
        """Note that the database was away: what was not committed then is forgotten, too."""
        self._held, self._failed = self._committed, True

    def listen(self, tx: WorkerTransaction, catalogue: Catalogue, now: datetime) -> None:
        """Open, escalate and end the alerts about what did not come."""
        self._committed = self._held
        stations = list(catalogue.registry.current(now))
        if tx.presence.set_back(now, INTERRUPTION):
            _log.error("clock_was_ahead", next="silence counts from now; look at the clocks of bridges and workers")
        codes = [s.code for s in stations]
        sensors, heard = tx.presence.sensors(codes), tx.presence.heard(codes)
        # What is new of a heard station: what was due before is not its.
        keys = ((s.code, each) for s in stations if s.code in heard for each in (*s.sensor_of, *s.channels_due))
        new = {key: SensorPresence(returned_at=now) for key in keys if key not in sensors}
        tx.presence.save_sensors(new)
        sensors |= new
        clock = self._of_our_clock(stations, sensors, heard, now)
        tx.presence.save_clock(clock, now)
        listening = self._listening(tx, stations, heard, now, broken=clock is not None)
        if listening is None:
            return
        tx.presence.save_listening(listening, now)
        open_alerts = tx.presence.open_alerts()
        windows = tx.presence.hold_windows(now - LATELY)
        rules = rules_in_force(catalogue.rules, now.astimezone(VIETNAM).date())
        found: list[tuple[Transition, Station]] = []
        for station in stations:
            heard_at = heard.get(station.code)
            known_at = self._known_at(station, now)
            found += (
                (t, station)
                for t in _silent(
                    rules, station, heard_at or known_at, listening, open_alerts=open_alerts, windows=windows
                )
                if heard_at is not None or t.kind is not TransitionKind.RESOLVED  # another worker knows it for longer
            )
            if heard_at is not None:
                for watched in _watched(station, heard_at, sensors, listening, windows):
                    found += ((t, station) for t in _due(rules, watched, open_alerts))
        if self._known is None:
            self._known = dict.fromkeys((s.code for s in stations), datetime.min.replace(tzinfo=UTC))
        save_and_page(tx, found, self._recipients, now)
        for key in open_alerts.keys() - _watched_keys(stations, rules):
            self._withdraw(tx, catalogue, key, open_alerts[key], now)

    def _known_at(self, station: Station, now: datetime) -> datetime:
        """Return since when a station that was never heard can be: one imported a second ago is not silent yet."""
        effective = midnight(station.effective_from)
        return effective if self._known is None else max(effective, self._known.setdefault(station.code, now))

    def _listening(
        self,
        tx: WorkerTransaction,
        stations: Collection[Station],
        heard: Mapping[str, datetime],
        now: datetime,
        *,
        broken: bool,
    ) -> Listening | None:
        """Return the time in which our path has heard everything; ``None``: it was never caught up yet."""
        until = now if self._caught_up is None else self._caught_up.until
        if until is None:
            return None
        breaks = 0 if self._caught_up is None else self._caught_up.breaks
        since = min(now, self._since(tx, now))
        if broken or breaks != self._breaks or self._all_silent(stations, heard, until):
            since = now
        self._breaks, self._failed = breaks, False
        self._held = Listening(since, max(since, until))
        return self._held

    def _since(self, tx: WorkerTransaction, now: datetime) -> datetime:
        if self._held is not None and not self._failed:
            return self._held.since
        before = self._held or tx.presence.listening()
        if before is not None and now - before.until <= INTERRUPTION:
            return before.since
        return self._started if self._held is None else now

    def _all_silent(self, stations: Collection[Station], heard: Mapping[str, datetime], until: datetime) -> bool:
        lately = [s for s in stations if s.code in heard and until - heard[s.code] <= LATELY]
        if len(lately) < ALL_SILENT:
            return False
        quiet = silence(min(station_cadence_s(s) for s in lately))
        deaf = until - max(heard[s.code] for s in lately) >= quiet * 2 / 3
        if deaf and not self._deaf:
            _log.error("nothing_comes", stations=len(lately), next="look at broker and bridge: nobody is called silent")
        self._deaf = deaf
        return deaf

    def _of_our_clock(
        self,
        stations: Collection[Station],
        sensors: Mapping[SensorKey, SensorPresence],
        heard: Mapping[str, datetime],
        now: datetime,
    ) -> Defect | None:
        """Return what is wrong alike with what nearly all stations send: that is our own clock's fault."""
        found: Counter[Defect | None] = Counter()
        for station in stations:
            if station.code in heard and now - heard[station.code] < silence(station_cadence_s(station)):
                found[_wrong_alike(station, sensors)] += 1
        defect = max((Defect.AHEAD, Defect.LATE), key=lambda each: found[each])
        wrong = found[defect] >= ALL_SILENT and found[defect] >= OUR_CLOCK * found.total()
        if wrong and not self._wrong:
            _log.error("our_clock_is_wrong", stations=found[defect], they_are=defect.value, next="run quantrac doctor")
        self._wrong = wrong
        return defect if wrong else None

    def _withdraw(
        self, tx: WorkerTransaction, catalogue: Catalogue, key: AlertKey, alert: OpenAlert, now: datetime
    ) -> None:
        """End an alert whose rule, sensor or station is no longer there."""
        station = catalogue.registry.station(key.station, now)
        versions = [r for r in catalogue.rules if r.code == key.rule]
        rule = max(versions, key=lambda r: r.effective_from, default=None)
        ended = resolution(key, rule, AlertState(level=1, paged=alert.paged), Reason.RULE_WITHDRAWN, now)
        if station is None:
            tx.alerts.apply(ended)
        else:
            save_and_page(tx, [(ended, station)], self._recipients, now)


def _wrong_alike(station: Station, sensors: Mapping[SensorKey, SensorPresence]) -> Defect | None:
    """Return ahead or late where the last line of each sensor that the station sends was that."""
    presences = [sensors.get((station.code, sensor.parameter)) for sensor in station.sensors]
    newest = max((p.received_at for p in presences if p is not None and p.received_at is not None), default=None)
    last = {
        p.defect if p.defect_at == p.received_at else None
        for p in presences
        if p is not None and newest is not None and p.received_at == newest
    }
    return last.pop() if len(last) == 1 and last <= {Defect.AHEAD, Defect.LATE} else None


def _watched_keys(stations: Collection[Station], rules: Collection[Rule]) -> set[AlertKey]:
    """Return the keys that alerts about what did not come may have."""
    keys = {AlertKey(s.code, "", r.code) for s in stations for r in rules if r.kind is AlertKind.OFFLINE}
    return keys | {
        AlertKey(station.code, each, rule.code)
        for station in stations
        for rule in rules
        if rule.kind is AlertKind.DUE
        for each in (station.channels_due if rule.trigger is Trigger.CHANNEL else station.sensor_of)
        if rule.applies_to(each)
    }


def _silent(
    rules: Collection[Rule],
    station: Station,
    last: datetime,
    listening: Listening,
    *,
    open_alerts: Open,
    windows: Collection[HoldWindow],
) -> Iterator[Transition]:
    for rule in rules:
        if rule.kind is not AlertKind.OFFLINE:
            continue
        key, cadence_s = AlertKey(station.code, "", rule.code), station_cadence_s(station)
        alert = open_alerts.get(key)
        found = signal_loss(
            rule,
            station.code,
            last,
            listening.until,
            is_open=alert is not None,
            severity=None if alert is None else alert.severity,
            cadence_s=cadence_s,
            listening_since=listening.since,
            paged=False if alert is None else alert.paged,
            may_page=may_page(rule, station),
            excused=excused(windows, key, listening.until, cadence_s),
        )
        if found is not None:
            yield found


def _watched(
    station: Station,
    heard_at: datetime,
    sensors: Mapping[SensorKey, SensorPresence],
    listening: Listening,
    windows: Collection[HoldWindow],
) -> Iterator[Watched]:
    for sensor in (*station.sensors, *station.channels_due.values()):
        presence = sensors.get((station.code, sensor.parameter), SensorPresence())
        key = AlertKey(station.code, sensor.parameter, "")
        held = excused(windows, key, listening.until, sensor.cadence_s)
        yield Watched(station, sensor, presence, heard_at, listening, held)


def _due(rules: Collection[Rule], watched: Watched, open_alerts: Open) -> Iterator[Transition]:
    station, parameter = watched.station.code, watched.sensor.parameter
    of_channel = parameter in watched.station.channels_due
    for rule in rules:
        if rule.kind is not AlertKind.DUE or rule.window is Window.DAY or not rule.applies_to(parameter):
            continue
        if of_channel is (rule.trigger is Trigger.CHANNEL):
            found = due(rule, watched, open_alerts.get(AlertKey(station, parameter, rule.code)))
            if found is not None:
                yield found

"""R3: a usable reading is due, in time. Whoever hides among bad readings is told; honest sensors never are."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.due import Watched, due, excused, note_of, noted, returned
from alerts.rules import Rule, load_rules, packaged_rules
from quantrac.domain.alerts import AlertKey, Transition, TransitionKind
from quantrac.domain.incidents import HoldWindow, WindowKind
from quantrac.domain.presence import Defect, Listening, Note, OpenAlert, SensorPresence
from quantrac.domain.readings import CheckedReading, Flag, QcReason, Reading, Status
from quantrac.domain.stations import Sensor, Station, StationKind

START = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
CADENCE, LANE = timedelta(minutes=5), timedelta(minutes=30)
SENSOR = Sensor("COD", "mg/L")
STATION = Station("S", date(2026, 1, 1), "-", "-", StationKind.EFFLUENT, "-", 105.0, 10.0, (SENSOR, Sensor("pH", "")))
RULES: dict[str, Rule] = {r.code: r for r in load_rules([packaged_rules()])}
RULE = RULES["unusable"]
Line = Callable[[datetime], Note | None]
"""What a sensor's line of an instant is; ``None``: it is left out."""


def usable(at: datetime) -> Note:
    return Note(at, at, None)


def bad(defect: Defect) -> Line:
    return lambda at: Note(at, None if defect is Defect.REFUSED else at, defect)


def checked(
    off: timedelta = timedelta(), status: Status = Status.MEASURING, value: float | None = 400.0, flag: Flag = Flag.GOOD
) -> Line:
    """Return a line as quality control passes it on; one that is ahead of the clock has its flag."""

    def line(at: datetime) -> Note:
        ahead = (QcReason.CLOCK_FUTURE,) if off > timedelta(seconds=60) else ()
        reading = Reading("S", "COD", at + off, at, value, status)
        return note_of(CheckedReading(reading, Flag.BAD if ahead else flag, ahead), LANE)

    return line


class Watch:
    """One sensor of a station that is heard every five minutes, watched as the sweep does."""

    def __init__(self, windows: Iterable[HoldWindow] = (), pace_s: float = 300.0, rule: Rule = RULE) -> None:
        self._rule = rule
        self.now, self._windows, self._pace_s = START, tuple(windows), pace_s
        self._presence = SensorPresence()
        self._alert: OpenAlert | None = None
        self.told: list[tuple[int, TransitionKind, bool]] = []
        """Minute, what happened, whether officers are paged."""

    def run(self, lines: Iterable[Line], lasting: timedelta) -> Watch:
        end = self.now + lasting
        for line in itertools.cycle(lines):
            if self.now >= end:
                return self
            note = line(self.now)
            if note is not None:
                held = excused(self._windows, AlertKey("S", "COD", ""), self.now, SENSOR.cadence_s)
                self._presence = noted(self._presence, note, SENSOR, self._pace_s, registered=held)
            heard, self.now = self.now, self.now + CADENCE
            held = excused(self._windows, AlertKey("S", "COD", ""), self.now, SENSOR.cadence_s)
            watched = Watched(STATION, SENSOR, self._presence, heard, Listening(START, self.now), held)
            self._note(due(self._rule, watched, self._alert))
        return self

    def silent(self, lasting: timedelta) -> Watch:
        """Let nothing come of the whole station."""
        heard, self.now = self.now - CADENCE, self.now + lasting
        self._presence = returned(self._presence, SENSOR, heard, self.now)
        return self

    def _note(self, found: Transition | None) -> None:
        if found is None:
            return
        self.told.append((round((self.now - START).total_seconds() / 60), found.kind, found.page))
        paged = found.page or (self._alert is not None and self._alert.paged)
        over = found.kind is TransitionKind.RESOLVED
        self._alert = None if over else OpenAlert(found.severity.value, paged)

    @property
    def paged_at(self) -> int | None:
        return next((minute for minute, kind, page in self.told if page and kind is not TransitionKind.RESOLVED), None)


HOUR = timedelta(hours=1)
WAYS: dict[str, Line] = {
    "bad": bad(Defect.BAD),
    "late": bad(Defect.LATE),
    "refused (also a unit that nobody knows)": bad(Defect.REFUSED),
    "ahead by 90 s": checked(timedelta(seconds=90)),
    "ahead by 400 s": checked(timedelta(seconds=400)),
    "ahead by 31 min": checked(timedelta(minutes=31)),
    "stamps 31 min old": checked(timedelta(minutes=-31)),
    "status 99, 7, or none": checked(status=Status.UNKNOWN),
    "suspect": checked(flag=Flag.SUSPECT),
    "no value": checked(value=None),
    "left out, pH only": lambda _: None,
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_r3_whatever_hides_all_or_every_second_reading_is_told_and_paged(way: Line) -> None:
    always = Watch().run([usable], HOUR).run([way], 3 * HOUR)
    assert always.paged_at is not None
    every_second = Watch().run([usable], HOUR).run([usable, way], 5 * HOUR)
    assert every_second.paged_at is not None, every_second.told
    assert [kind for _, kind, _ in every_second.told] == [TransitionKind.OPENED, TransitionKind.ESCALATED]


def test_r3_a_clock_that_drifts_away_slowly_is_told() -> None:
    """It loses a minute an hour: stamps are late from the 31st hour on."""
    watch = Watch().run([usable], HOUR)
    for hour in range(36):
        watch.run([checked(timedelta(minutes=-hour))], HOUR)
    assert watch.paged_at is not None
    assert 31 * 60 < watch.paged_at < 35 * 60


@st.composite
def patterns(draw: st.DrawFn, least: float, most: float) -> list[bool]:
    """Up to twelve readings of which a share between ``least`` and ``most`` is usable, in any order."""
    counts = [(good, n) for n in range(2, 13) for good in range(n + 1) if least * n <= good <= most * n]
    good, n = draw(st.sampled_from(counts))
    return draw(st.permutations([True] * good + [False] * (n - good)))


defects = st.sampled_from([bad(d) for d in (Defect.BAD, Defect.SUSPECT, Defect.UNKNOWN_STATUS, Defect.REFUSED)])


@settings(max_examples=60, deadline=None)
@given(patterns(0, 0.6), defects)
def test_r3_no_pattern_with_three_fifths_usable_or_fewer_goes_untold(pattern: list[bool], way: Line) -> None:
    watch = Watch().run([usable], HOUR).run([usable if ok else way for ok in pattern], 6 * HOUR)
    assert watch.told != []


@settings(max_examples=60, deadline=None)
@given(patterns(0.8, 1), defects)
def test_r3_a_sensor_with_four_fifths_usable_is_never_told(pattern: list[bool], way: Line) -> None:
    watch = Watch().run([usable], HOUR).run([usable if ok else way for ok in pattern], 24 * HOUR)
    assert watch.told == []


def test_r3_a_repaired_sensor_is_in_order_within_three_quarters_of_an_hour() -> None:
    watch = Watch().run([usable], HOUR).run([bad(Defect.BAD)], 10 * HOUR).run([usable], 45 * timedelta(minutes=1))
    assert [kind for _, kind, _ in watch.told] == [
        TransitionKind.OPENED, TransitionKind.ESCALATED, TransitionKind.RESOLVED,
    ]  # fmt: skip


def test_r3_junk_after_each_silence_is_told() -> None:
    """Half an hour usable, a quarter silent, a quarter of junk, again and again: each return put it off."""
    junk, honest = Watch().run([usable], HOUR), Watch().run([usable], HOUR)
    for _ in range(8):
        junk.run([usable], HOUR / 2).silent(HOUR / 4).run([bad(Defect.UNKNOWN_STATUS)], HOUR / 4)
        honest.run([usable], HOUR / 2).silent(HOUR / 2)
    assert junk.told != []
    assert honest.told == []  # the silences are told as such


CALIBRATION = [checked(status=Status.CALIBRATING)]


@pytest.mark.parametrize(
    ("every", "lasting", "told"),
    [
        (24 * HOUR, 2 * HOUR, True),  # below the two hours of rule ``calibrating``, every day
        (24 * HOUR, HOUR, True),
        (HOUR, HOUR / 6, True),
        (24 * HOUR, HOUR / 2, False),
        (7 * 24 * HOUR, 3 * HOUR, False),
    ],
)
def test_r3_status_01_again_and_again_is_told(every: timedelta, lasting: timedelta, told: bool) -> None:
    watch = Watch(rule=RULES["calibrated_often"]).run([usable], HOUR)
    for _ in range(int(14 * 24 * HOUR / every)):
        watch.run(CALIBRATION, lasting).run([usable], every - lasting)
    assert [(kind, page) for _, kind, page in watch.told[:1]] == [(TransitionKind.OPENED, False)] * told
    watch.run([usable], 10 * 24 * HOUR)
    assert not told or watch.told[-1][1] is TransitionKind.RESOLVED


def test_r3_registered_calibrations_are_as_many_as_are_registered() -> None:
    registered = [window(WindowKind.CALIBRATION, timedelta(), 14 * 24 * HOUR)]
    watch = Watch(registered, rule=RULES["calibrated_often"])
    for _ in range(14):
        watch.run(CALIBRATION, 2 * HOUR).run([usable], 22 * HOUR)
    watch.run([usable], 24 * HOUR)
    assert watch.told == []


def test_r5_intervals_of_before_a_version_say_nothing_of_its_cadence() -> None:
    presence = SensorPresence(observed_at=START, interval_s=300.0, interval_run=12)
    slower = replace(SENSOR, cadence_s=900.0)
    listening = Listening(START - 24 * HOUR, START + HOUR)
    for since, told in ((date(2026, 11, 23), True), (date(2026, 11, 24), False)):
        station = replace(STATION, effective_from=since, sensors=(slower,))
        found = due(RULES["cadence"], Watched(station, slower, presence, START, listening), None)
        assert (found is not None) is told


def window(kind: WindowKind, start: timedelta, end: timedelta) -> HoldWindow:
    return HoldWindow(1, kind, "S", "", START + start, START + end)


def test_r3_registered_maintenance_excuses_and_what_still_holds_is_paged_once_afterwards() -> None:
    """The probe is out from 1:00; maintenance is registered from 1:00 to 6:00."""
    registered = [window(WindowKind.MAINTENANCE, HOUR, 6 * HOUR)]
    out = Watch(registered).run([usable], HOUR).run([lambda _: None], 7 * HOUR)
    assert [(kind, page) for _, kind, page in out.told] == [
        (TransitionKind.OPENED, False), (TransitionKind.ESCALATED, True),
    ]  # fmt: skip
    assert out.paged_at is not None
    assert 6 * 60 <= out.paged_at <= 6 * 60 + 45
    done = Watch(registered).run([usable], HOUR).run([lambda _: None], 5 * HOUR).run([usable], 3 * HOUR)
    assert done.paged_at is None


def test_r3_an_officer_s_silence_is_no_registered_maintenance() -> None:
    asked = [window(WindowKind.SILENCE, HOUR, 6 * HOUR)]
    assert Watch(asked).run([usable], HOUR).run([lambda _: None], 4 * HOUR).paged_at is not None


def test_r3_another_cadence_than_the_registered_one_is_no_omission() -> None:
    """Every ten minutes, steadily, and each of them usable: rule ``cadence`` tells that."""
    slow = Watch(pace_s=600.0).run([usable, lambda _: None], 24 * HOUR)
    assert slow.paged_at is None


def test_r3_excuses_concern_the_station_named() -> None:
    held = replace(window(WindowKind.MAINTENANCE, timedelta(), HOUR), station="T")
    assert not excused([held], AlertKey("S", "COD", ""), START, 300.0)

"""A housekeeping channel that stops is a work item while its station is heard; one sent on change is not due."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import UTC, date, datetime, timedelta

import pytest

from alerts.due import Watched, due, note_of_state
from alerts.rules import Rule, load_rules, packaged_rules, rules_of
from quantrac.domain.channels import Channel, ChannelKind
from quantrac.domain.presence import Defect, Listening, Note, OpenAlert, SensorPresence
from quantrac.domain.readings import CheckedReading, Flag, Reading
from quantrac.domain.stations import Sensor, Station, StationKind
from quantrac.errors import RuleError
from streams.dues import folded

START = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
CADENCE, HOUR, MINUTE = timedelta(minutes=5), timedelta(hours=1), timedelta(minutes=1)
RULE: Rule = next(r for r in load_rules([packaged_rules()]) if r.code == "channel_missing")
Said = Callable[[int], Collection[tuple[str, Defect | None]]]
"""What channels say with the n-th message, and what is wrong with it."""


def station(*channels: Channel) -> Station:
    return Station(
        "S", date(2026, 1, 1), "-", "-", StationKind.EFFLUENT, "-", 105.0, 10.0, (Sensor("pH", ""),), channels=channels
    )


def watched(of: Station, said: Said, lasting: timedelta, heard: Callable[[int], bool] = lambda _: True) -> list[str]:
    """Let a station send for a while and return what was told: channel, kind of transition, minute."""
    remembered: dict[tuple[str, str], SensorPresence] = {}
    open_alerts: dict[str, OpenAlert] = {}
    last: dict[str, datetime] = {}
    told = []
    for n in range(int(lasting / CADENCE)):
        now = START + n * CADENCE
        if heard(n):
            notes = [(of, "pH", Note(now, now, None))]
            notes += [(of, code, Note(now, now, defect)) for code, defect in said(n)]
            remembered |= folded(notes, remembered, last)
            last["S"] = now
        until = now + CADENCE
        for code, channel in of.channels_due.items():
            presence = remembered.get(("S", code), SensorPresence())
            found = due(RULE, Watched(of, channel, presence, last["S"], Listening(START, until)), open_alerts.get(code))
            if found is not None:
                assert not found.page
                told.append(f"{code} {found.kind.value} {(until - START) // MINUTE}")
                open_alerts.pop(code, None)
                if found.kind.value == "opened":
                    open_alerts[code] = OpenAlert(found.severity.value, found.page)
    return told


DOOR = Channel("Door", ChannelKind.DOOR)


def test_a_channel_that_stops_is_told_after_half_an_hour_and_ends_when_it_is_back() -> None:
    #  minute   0 … 60 … 120 …      cadence 5 min
    #  Door     d      -      d
    #  item               O   R     (85: half an hour after the word of minute 55)
    told = watched(station(DOOR), lambda n: () if 12 <= n < 24 else (("Door", None),), 3 * HOUR)
    assert told == ["Door opened 85", "Door resolved 125"]


@pytest.mark.parametrize("defect", [Defect.NO_VALUE, Defect.LATE, Defect.REFUSED])
def test_a_word_that_does_not_tell_the_state_is_none(defect: Defect) -> None:
    told = watched(station(DOOR), lambda n: (("Door", defect if n >= 12 else None),), 3 * HOUR)
    assert told == ["Door opened 85"]


def test_what_is_said_now_and_then_is_too_seldom_only_where_it_is_due() -> None:
    hourly = Channel("UPS", ChannelKind.UPS, cadence_s=3600.0)
    assert watched(station(hourly), lambda n: (("UPS", None),) if n % 12 == 0 else (), 24 * HOUR) == []
    told = watched(station(DOOR), lambda n: (("Door", None),) if n % 12 == 0 else (), 3 * HOUR)
    assert told[:2] == ["Door opened 30", "Door resolved 65"]


def test_a_channel_that_is_sent_on_change_is_missing_only_without_its_heartbeat() -> None:
    #  hour       0 … 6 … 9          heartbeat every 2 h: three of them may be late
    silent = Channel("Fire", ChannelKind.FIRE, on_change=True)
    beating = Channel("Mains", ChannelKind.MAINS, on_change=True, heartbeat_s=7200.0)
    told = watched(station(silent, beating), lambda n: (("Fire", None), ("Mains", None)) if n == 0 else (), 9 * HOUR)
    assert told == ["Mains opened 360"]
    beats = watched(station(beating), lambda n: (("Mains", None),) if n % 24 == 0 else (), 24 * HOUR)
    assert beats == []


def test_of_a_silent_station_nothing_is_told_and_after_it_a_channel_has_its_time() -> None:
    #  hour      0 … 1    3 … 3:30         the station is silent from 1:00 to 3:00, then Door is left out
    left_out = watched(
        station(DOOR), lambda n: (("Door", None),) if n < 12 else (), 4 * HOUR, lambda n: not 12 <= n < 36
    )
    assert left_out == ["Door opened 210"]
    honest = watched(station(DOOR), lambda _: (("Door", None),), 4 * HOUR, lambda n: not 12 <= n < 36)
    assert honest == []


def test_silences_do_not_put_off_for_ever_what_is_left_out() -> None:
    told = watched(station(DOOR), lambda n: (("Door", None),) if n < 6 else (), 6 * HOUR, lambda n: n % 12 < 8)
    assert told[0].startswith("Door opened")


def test_what_a_word_says_of_its_channel() -> None:
    now = START
    for value, ago, defect in ((1.0, 1, None), (None, 1, Defect.NO_VALUE), (1.0, 31, Defect.LATE)):
        reading = Reading("S", "Door", now - ago * MINUTE, now, value)
        found = note_of_state(CheckedReading(reading, Flag.NOT_EVALUATED), 30 * MINUTE)
        assert (found.defect, found.received_at) == (defect, now)


def test_maintenance_does_not_hide_it_and_no_rule_may_page_for_it() -> None:
    of, now = station(DOOR), START + HOUR
    seen = Watched(of, of.channels_due["Door"], SensorPresence(), now, Listening(START, now), excused=True)
    assert due(RULE, seen, None) is not None
    rule = (
        'code = "x"\ntitle_vi = "x"\ntitle_en = "x"\neffective_from = 2026-01-01\nkind = "due"\ntrigger = "channel"\n'
    )
    step = '[[rule.step]]\nname = "x"\nafter_s = 60\nseverity = "high"\npage = true\n'
    with pytest.raises(RuleError, match="pages nobody"):
        rules_of(f"[[rule]]\n{rule}{step}", "test")

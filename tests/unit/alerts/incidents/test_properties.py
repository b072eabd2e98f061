"""What must hold for every order of alerts, ends, acts and time."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.incidents.lifecycle import acknowledge, close, snooze
from alerts.incidents.reasons import Notice, Reason
from quantrac.domain.alerts import AlertKind, Severity
from quantrac.domain.incidents import IncidentCause, IncidentState

from .conftest import Desk

STATIONS, PARAMETERS = "ABCD", ("COD", "NH4", "")
STEP = st.tuples(
    st.sampled_from(["open", "end", "worse", "ack", "snooze", "close", "wait", "wait", "wait"]),
    st.sampled_from(STATIONS),
    st.sampled_from(PARAMETERS),
    st.integers(1, 90),
    st.booleans(),
)


def _play(desk: Desk, story: list[tuple[str, str, str, int, bool]]) -> None:
    for what, station, parameter, number, page in story:
        alive = {(k.station, k.parameter) for k in desk._open}
        incidents = sorted(i for i, incident in desk.incidents.items() if incident.is_active)
        if what == "open" and (station, parameter) not in alive:
            kind = AlertKind.LIMIT if parameter else AlertKind.OFFLINE
            desk.opens(station, parameter, kind, page=page, park="KCN" if station in "AB" else None)
        elif what == "end" and (station, parameter) in alive:
            desk.ends(station, parameter)
        elif what == "worse" and (station, parameter) in alive:
            desk.worsens(station, parameter, Severity.CRITICAL)
        elif what == "wait":
            desk.passes(number)
        elif incidents:
            _act(desk, what, incidents[number % len(incidents)], number)


def _act(desk: Desk, what: str, number: int, minutes: int) -> None:
    until = desk.now + timedelta(minutes=minutes)
    acts = {
        "ack": lambda i: acknowledge(i, "an", desk.now).incident,
        "snooze": lambda i: snooze(i, "an", until, desk.now).incident,
        "close": lambda i: close(i, "an", IncidentCause.DRILL, "", desk.now).incident,
    }
    if what in acts:
        desk.acts(acts[what], number)


class _Watched(Desk):
    """A desk that checks every decision against the state before it."""

    def step(self) -> None:
        before, told = dict(self.incidents), len(self.told)
        changed = bool(self._changes)
        super().step()
        for _, notice, reason in self.told[told:]:
            assert notice is not Notice.END or reason in (Reason.RESOLVED, Reason.CALM)
        for number, after in self.incidents.items():
            old = before.get(number)
            if old is not None and old.state is IncidentState.CLOSED:  # no machine takes back what was decided
                assert after.closing == old.closing
                assert after.state is IncidentState.CLOSED
            if old is None or changed:
                continue
            paged = after.paged_at == self.now and after.paged_at != old.paged_at
            if old.state is IncidentState.ACKNOWLEDGED and paged:
                assert after.reason == Reason.FORGOTTEN.value


@settings(max_examples=60, deadline=None)
@given(st.lists(STEP, max_size=40))
def test_whatever_happens_it_ends_and_is_told_once(story: list[tuple[str, str, str, int, bool]]) -> None:
    desk = _Watched()
    _play(desk, story)
    for key in list(desk._open):
        desk.ends(key.station, key.parameter)
    desk.passes(70)
    assert not any(i.is_active for i in desk.incidents.values())
    told = len(desk.told)
    desk.passes(600)
    assert len(desk.told) == told  # what is over tells nothing more, for hours
    held = [(m.alert_id, i) for i in desk.incidents.values() for m in i.members]
    for alert, incident in held:  # in two incidents only after somebody has closed the first
        others = [i for a, i in held if a == alert and i.id > incident.id]
        assert not others or incident.state is IncidentState.CLOSED


@settings(max_examples=25, deadline=None)
@given(st.lists(STEP, max_size=30))
def test_the_same_story_is_told_in_the_same_way(story: list[tuple[str, str, str, int, bool]]) -> None:
    one, other = Desk(), Desk()
    _play(one, story)
    _play(other, story)
    assert one.story() == other.story()
    assert one.incidents == other.incidents

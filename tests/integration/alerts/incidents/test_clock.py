"""Our own clock is set back by two hours while somebody is being paged: nobody waits two hours longer for that."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from alerts.incidents.desk import Desk
from alerts.incidents.lifecycle import acknowledge, snooze
from alerts.incidents.step import IncidentStep
from quantrac.clock import ManualClock
from quantrac.domain.alerts import AlertKind
from quantrac.domain.incidents import Incident
from sql.incident_store import IncidentTransaction
from sql.outbox_store import OutboxStore

from .conftest import MINUTE, Centre

BACK = timedelta(hours=-2)
SECOND = timedelta(seconds=1)


def _incident(centre: Centre) -> Incident:
    with centre.store.transaction() as tx:
        found = tx.incident(1)
    assert found is not None
    return found


def _due(centre: Centre) -> list[str]:
    outbox = OutboxStore(centre.database.notifier)
    taken = [p.notification.recipient for p in outbox.take(9, centre.clock.now(), 1)]
    outbox.close()
    return taken


@pytest.mark.parametrize("restart", [False, True], ids=["running", "restarted"])
def test_the_escalation_goes_on_as_if_the_clock_had_not_moved(
    centre: Centre, another_step: Callable[[], IncidentStep], *, restart: bool
) -> None:
    # minute     0      4         5     10
    # clock             -2 h
    # told       mail             SMS   the head
    centre.happens(centre.transition("S1"))
    centre.step.once()
    assert _due(centre) == ["an@so.vn"]
    centre.later(4)
    centre.clock.leap(BACK)
    if restart:
        centre.step = another_step()
    centre.later(0.1)  # the step looks twice a second
    centre.later(1)
    assert "sms-an" in _due(centre)
    centre.later(4)
    assert "binh@so.vn" not in dict(centre.outbox())
    centre.later(1.5)
    assert "binh@so.vn" in dict(centre.outbox())


def test_who_took_it_or_put_it_aside_has_it_no_longer_than_he_said(centre: Centre) -> None:
    centre.happens(centre.transition("S1"))
    centre.step.once()
    taken = acknowledge(_incident(centre), "an", centre.clock.now()).incident
    with centre.store.transaction() as tx:
        tx.save([snooze(taken, "an", centre.clock.now() + 30 * MINUTE, centre.clock.now()).incident])
    centre.later(1)
    centre.clock.leap(BACK)
    centre.later(0.1)
    assert _incident(centre).reason == "snoozed"
    centre.later(29)
    assert _incident(centre).reason == "snooze_over"


def test_a_line_that_is_down_is_told_within_its_two_minutes(centre: Centre) -> None:
    centre.step.once()
    centre.happens(*(centre.transition(f"S{n}", "", alert_kind=AlertKind.OFFLINE, page=False) for n in range(4)))
    centre.later(0.5)
    assert centre.outbox() == []
    centre.clock.leap(BACK)
    centre.later(0.1)
    centre.later(2)
    assert ("an@so.vn", "page") in centre.outbox()


def test_a_storm_of_before_holds_nothing_back(centre: Centre) -> None:
    centre.happens(*(centre.transition(f"S{n}") for n in range(12)))
    centre.step.once()
    centre.clock.leap(BACK)
    centre.later(11)
    before = len(centre.outbox())
    centre.happens(centre.transition("S99"))
    centre.later(0.1)
    assert len(centre.outbox()) > before


def test_the_step_goes_on_saying_that_it_works_and_the_summary_comes(centre: Centre) -> None:
    centre.step.once()
    centre.sql("UPDATE incident_progress SET summarised_at = %s", centre.clock.now() + timedelta(days=400))
    centre.clock.leap(BACK)
    centre.later(0.1)
    centre.later(1)
    ((seen, summarised),) = centre.sql("SELECT handed_over_at, summarised_at FROM incident_progress")
    assert seen == centre.clock.now()
    assert summarised <= centre.clock.now()  # type: ignore[operator]


def test_two_steps_whose_clocks_differ_do_not_hurry_each_other(
    centre: Centre, another_step: Callable[[], IncidentStep]
) -> None:
    """The other's note lies ahead at each turn of the later clock: two minutes less each time, an hour in seconds."""
    late = another_step()

    def turn_of_the_late_one() -> None:
        centre.clock.leap(timedelta(minutes=-2))
        late.once()
        centre.clock.leap(timedelta(minutes=2))

    centre.happens(centre.transition("S1"))
    centre.step.once()
    due = _incident(centre).chain
    for _ in range(6):
        centre.later(0.5)
        turn_of_the_late_one()
    assert _incident(centre).chain == due
    assert "binh@so.vn" not in dict(centre.outbox())


def test_a_step_that_was_held_up_before_its_turn_reads_the_clock_when_it_has_it(centre: Centre) -> None:
    centre.happens(centre.transition("S1"))
    lock = IncidentTransaction.lock

    def held_up(tx: IncidentTransaction) -> bool:
        centre.clock.leap(timedelta(minutes=3))
        return lock(tx)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(IncidentTransaction, "lock", held_up)
        centre.step.once()
    ((noted,),) = centre.sql("SELECT handed_over_at FROM incident_progress")
    assert noted == centre.clock.now()


def test_a_snooze_of_an_officer_whose_clock_was_right_stays_as_he_said(centre: Centre) -> None:
    # right clock     10:00 snoozed until 13:00 |
    # the step's      12:00                     | 10:01, and right again
    centre.happens(centre.transition("S1"))
    centre.step.once()
    right = ManualClock(centre.clock.now() + BACK)
    until = right.now() + timedelta(hours=3)
    assert Desk(centre.store, right).snooze(1, "an", until) is not None
    centre.later(1)
    centre.clock.leap(BACK)
    centre.later(0.1)
    centre.later(1)
    assert (_incident(centre).snoozed_until, _incident(centre).reason) == (until, "snoozed")


def test_what_another_step_whose_clock_was_right_has_begun_goes_on_as_it_was(
    centre: Centre, another_step: Callable[..., IncidentStep]
) -> None:
    # right clock     0 mail, SMS due at 5, the head at 10 | 5:30 SMS
    # the other's     4 sees it                      4 min back
    right = ManualClock(centre.clock.now())
    centre.happens(centre.transition("S1"))
    another_step(right).once()
    begun = _incident(centre).chain
    ((sms,),) = centre.sql("SELECT next_try_at FROM outbox WHERE recipient = 'sms-an'")
    lease = right.now() + 2 * MINUTE
    centre.sql("UPDATE outbox SET locked_until = %s WHERE recipient = 'an@so.vn'", lease)
    centre.later(4)
    centre.clock.leap(-4 * MINUTE)
    centre.later(0.1)
    centre.later(1)
    assert _incident(centre).chain == begun
    assert centre.sql("SELECT next_try_at, locked_until FROM outbox ORDER BY id") == [(None, lease), (sms, None)]


def test_a_step_whose_clock_is_set_wrong_hurries_nothing_while_another_works(
    centre: Centre, another_step: Callable[..., IncidentStep]
) -> None:
    """Its own was the last note when it went two hours back; the other notes that it works within half a minute."""
    other_clock = ManualClock(centre.clock.now())
    other = another_step(other_clock)
    centre.happens(centre.transition("S1"))
    other.once()
    begun = _incident(centre).chain
    centre.later(0.6)
    other_clock.advance(0.6 * MINUTE)
    centre.clock.leap(BACK)
    for _ in range(16):
        centre.later(0.1)
        other_clock.advance(0.1 * MINUTE)
        other.once()
    centre.clock.leap(-BACK)
    centre.later(0.1)
    assert _incident(centre).chain == begun
    assert [r for r, _ in centre.outbox()] == ["an@so.vn", "sms-an"]
    assert centre.sql("SELECT count(*) FROM outbox WHERE next_try_at > %s", other_clock.now()) == [(1,)]


def test_what_a_step_that_is_gone_has_noted_ahead_is_taken_over(
    centre: Centre, another_step: Callable[..., IncidentStep]
) -> None:
    """It ran two hours ahead, paged, and has ended: who is told next waits ten minutes, and not two hours more."""
    right = ManualClock(centre.clock.now() + BACK)
    centre.happens(centre.transition("S1"))
    centre.step.once()
    left = another_step(right)
    for minutes in (0.1, 1, 9):
        right.advance(minutes * MINUTE)
        left.once()
    assert "binh@so.vn" in dict(centre.outbox())


@pytest.mark.parametrize(("back_at", "apart"), [(1, 5), (4, -5)], ids=["ahead", "behind"])
def test_two_machines_one_of_which_is_set_back_and_forward(
    centre: Centre, another_step: Callable[..., IncidentStep], back_at: int, apart: int
) -> None:
    """Steps on two machines whose clocks differ by five minutes tell five minutes early or late at most, and once.

    ::

        minute       0      5     10     back_at ... 25 minutes   20 to 50
        machine A    mail   SMS   head
        machine B    0      0      0     -2 h ........ 0
        officer                                                   has put it aside
    """
    right, wrong = centre.clock, ManualClock(centre.clock.now() + apart * MINUTE)
    other, back = another_step(wrong), False
    seen: dict[str, float] = {}
    centre.happens(centre.transition("S1"))
    for tick in range(180):
        minute = tick / 3
        if back != (back_at <= minute < back_at + 25):
            back = not back
            wrong.leap(BACK if back else -BACK)
        if minute == 20:
            centre.sql("UPDATE outbox SET sent_at = now()")
            assert Desk(centre.store, right).snooze(1, "an", right.now() + 30 * MINUTE) is not None
        for step in (centre.step, other) if tick % 2 else (other, centre.step):
            step.once()
        for recipient, notice, due in centre.outbox("recipient", "notice", "next_try_at"):
            if due is None or due <= right.now():
                seen.setdefault(f"{notice} {recipient}", minute)
        right.advance(20 * SECOND)
        wrong.advance(20 * SECOND)
    assert [r for r, n in centre.outbox() if n == "page"] == ["an@so.vn", "sms-an", "binh@so.vn"]
    assert seen["page an@so.vn"] == 0
    assert 0 <= seen["page sms-an"] <= 10.5
    assert 5 <= seen["page binh@so.vn"] <= 15.5
    assert 45 <= seen["update an@so.vn"] <= 50.5
    assert _incident(centre).reason in {"snooze_over", "acknowledged"}

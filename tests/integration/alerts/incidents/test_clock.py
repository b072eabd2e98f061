"""Our own clock is set back by two hours while somebody is being paged: nobody waits two hours longer for that."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from alerts.incidents.lifecycle import acknowledge, snooze
from alerts.incidents.step import IncidentStep
from quantrac.domain.alerts import AlertKind
from quantrac.domain.incidents import Incident
from sql.incident_store import IncidentTransaction
from sql.outbox_store import OutboxStore

from .conftest import MINUTE, Centre

BACK = timedelta(hours=-2)


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
    turn_of_the_late_one()  # its first look: it may as well be one process whose clock was set back before it began
    due = _incident(centre).chain
    for _ in range(6):
        centre.step.once()
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

"""The incidents' step on a real database: told once, in spite of restarts, second processes and failing channels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from threading import Thread

import psycopg
import pytest

from alerts.effective_limits import effective_limits
from alerts.escalation import Reason as EngineReason
from alerts.incidents.lifecycle import acknowledge, close
from alerts.incidents.step import IncidentStep, StepOptions
from alerts.oncall.precision import monday_of
from quantrac.domain.alerts import AlertKind, Assessment, Reassessment, Severity, TransitionKind
from quantrac.domain.incidents import HoldWindow, IncidentCause, IncidentState, WindowKind
from quantrac.domain.notifications import Channel
from quantrac.domain.stations import Registry, Sensor, Station, StationKind
from quantrac.errors import StoreError
from sql.catalogue import import_registry
from sql.incident_store import IncidentTransaction
from sql.outbox_store import OutboxStore
from sql.report_rows import station_rows
from sql.reports import Reports
from sql.runs import rows_of_run
from sql.statements import statement

from .conftest import MINUTE, Centre

PAGE_AN = [("an@so.vn", "page"), ("sms-an", "page")]


def _acknowledged(centre: Centre, by: str = "an") -> int:
    with centre.store.transaction() as tx:
        incident = tx.incident(1)
        assert incident is not None
        tx.save([acknowledge(incident, by, centre.clock.now()).incident])
        return tx.withdraw([1], "acknowledged", centre.clock.now())


def test_a_slug_is_paged_to_who_is_on_duty_and_its_end_told_to_them(centre: Centre) -> None:
    cod, nh4 = centre.transition("S1"), centre.transition("S1", "NH4", alert_kind=AlertKind.ANOMALY)
    centre.happens(cod)
    assert centre.step.once() == 1
    assert centre.outbox() == PAGE_AN
    centre.happens(nh4)
    centre.later(6)
    for transition in (cod, nh4):
        centre.happens(replace(transition, kind=TransitionKind.RESOLVED))
    centre.later(1)
    centre.later(30)
    assert centre.outbox() == [*PAGE_AN, ("an@so.vn", "end"), ("sms-an", "end")]
    assert centre.sql("SELECT count(*), min(state) FROM incidents") == [(1, "resolved")]
    reasons = centre.sql("SELECT reason FROM incident_transitions ORDER BY transition_id")
    assert [r for (r,) in reasons] == ["new", "same_station", "same_alert", "same_alert"]


def test_what_was_told_of_a_slug_stays_when_the_model_is_less_sure_later(centre: Centre) -> None:
    """
    page      93 %                      who is paged next reads both; the first word stays
    now       93 % ... 62 % ..... 51 %
    """
    slug = centre.transition("S1", alert_kind=AlertKind.ANOMALY)
    centre.happens(replace(slug, assessment=Assessment("pollution", 0.93)))
    centre.step.once()

    def judged(probability: float) -> str:
        with centre.worker.transaction() as tx:
            tx.alerts.reassess(Reassessment(slug.key, Assessment("pollution", probability)))
        centre.later(11)
        (text,) = centre.outbox("text")[-1]
        return next(line for line in str(text).splitlines() if "Có thể là" in line)

    (text,) = centre.outbox("text")[0]
    assert "(93 %)" in str(text)
    assert "(khi báo 93 %, hiện nay 62 %)" in judged(0.62)
    assert centre.sql("SELECT triage_probability FROM paged_assessments") == [(0.93,)]
    with Reports(centre.database.reader) as reports:
        (line,) = reports.alerts()
    assert (line.paged_at, line.paged_as) == (centre.clock.now() - 11 * MINUTE, Assessment("pollution", 0.93))
    with pytest.raises(psycopg.Error, match="paged_assessments"):
        centre.sql("UPDATE paged_assessments SET triage_probability = 0.5")


def test_what_pages_nobody_was_told_to_nobody(centre: Centre) -> None:
    slug = centre.transition("S1", alert_kind=AlertKind.ANOMALY, page=False)
    centre.happens(replace(slug, assessment=Assessment("fault", 0.93)))
    centre.step.once()
    assert centre.sql("SELECT count(*) FROM paged_assessments") == [(0,)]


def test_an_alert_is_told_by_its_incident_from_the_reading_that_paged(centre: Centre) -> None:
    """
    alert      work item ......... pages
    incident   work item ......... page      told: of the second reading, not of the first
    """
    began = centre.clock.now()
    item = centre.transition("S1", alert_kind=AlertKind.ANOMALY, page=False)
    centre.happens(item)
    centre.step.once()
    with Reports(centre.database.reader) as reports:
        assert reports.paged(1) is None
        grave = replace(item, kind=TransitionKind.ESCALATED, page=True, observed_at=item.observed_at + 2 * MINUTE)
        centre.happens(grave)
        centre.step.once()
        centre.sql("UPDATE outbox SET sent_at = now()")
        told = reports.paged(1)
        assert told is not None
        assert (told.observed_at, told.sent_at is None) == (grave.observed_at, False)
        assert set(reports.message_alerts(began - MINUTE).values()) == {frozenset({1})}
    day, until = timedelta(days=1), datetime.now(UTC) + timedelta(days=1)
    rows = station_rows(centre.database.reader, "S1", began - day, until, until, late_after=MINUTE, silent_after=MINUTE)
    assert [alert.told_at for alert in rows.alerts] == [told.sent_at]


def test_a_message_after_a_closing_is_about_what_it_tells_of(centre: Centre) -> None:
    """
    COD   O.....C........   told, and closed as a calibration while it lasts
    NH4           O......   the engine calls it known of COD: told in the next incident
    TSS              O...   of which it is known: a work item, farther beyond its limit
    """
    sensors = tuple(Sensor(parameter, "mg/L") for parameter in ("COD", "NH4", "TSS"))
    station = Station("S1", date(2025, 7, 1), "S1", "S1", StationKind.EFFLUENT, "minh họa", 105.7, 10.3, sensors)
    import_registry(centre.database.owner, Registry((station,)), "x", effective_limits)
    centre.happens(centre.transition("S1", alert_kind=AlertKind.ANOMALY))
    centre.step.once()
    with centre.store.transaction() as tx:
        incident = tx.incident(1)
        assert incident is not None
        tx.save([close(incident, "an", IncidentCause.CALIBRATION, "", centre.clock.now()).incident])
    known = replace(
        centre.transition("S1", "NH4", alert_kind=AlertKind.ANOMALY, page=False),
        reason=EngineReason.PAGED_BY_INCIDENT.value,
    )
    for transition in (known, replace(known, key=replace(known.key, parameter="TSS"), value=900.0)):
        centre.happens(transition)
        centre.later(1)
    assert centre.outbox("incident_id", "recipient", "notice") == [(1, *row) for row in PAGE_AN] + [
        (2, *row) for row in PAGE_AN
    ]
    identity, message_id = centre.outbox("id", "message_id")[2]
    rows = rows_of_run(centre.database.desk, ["S1"], centre.clock.now() - 30 * MINUTE)
    assert {number: about for number, _, about, _ in rows.messages}[identity] == [2]
    with Reports(centre.database.reader) as reports:
        assert reports.message_alerts(centre.clock.now() - 30 * MINUTE)[str(message_id)] == {2}
    with psycopg.connect(centre.database.desk) as connection:
        held = connection.execute(
            statement("page_alerts_at"), {"station": "S1", "parameter": "NH4", "at": centre.clock.now()}
        )
        assert [(row[0], row[3]) for row in held] == [(2, True)]
    outbox = OutboxStore(centre.database.notifier)
    try:
        assert [c.parameter for c in outbox.curves(int(str(identity)))] == ["NH4", "TSS"]
    finally:
        outbox.close()


def test_the_line_of_sixty_stations_is_one_page_and_one_end(centre: Centre) -> None:
    silent = [
        centre.transition(f"S{n:02}", "", alert_kind=AlertKind.OFFLINE, severity=Severity.WARNING, page=False)
        for n in range(60)
    ]
    centre.happens(*silent)
    centre.step.once()
    centre.later(3)
    centre.happens(*(replace(t, kind=TransitionKind.ESCALATED, severity=Severity.HIGH) for t in silent))
    centre.later(8)
    _acknowledged(centre)
    centre.later(100)
    centre.happens(*(replace(t, kind=TransitionKind.RESOLVED) for t in silent))
    centre.later(9)
    backfill = [replace(centre.transition(f"S{n:02}", page=False), reason="retrospective") for n in range(60)]
    centre.happens(*backfill)
    centre.later(1)
    centre.later(60)
    assert [row for row in centre.outbox() if row[0] == "an@so.vn"] == [("an@so.vn", "page"), ("an@so.vn", "end")]
    assert {row[0] for row in centre.outbox()} == {"an@so.vn", "sms-an"}
    assert centre.sql("SELECT extent, cardinality(array(SELECT 1 FROM incident_alerts)) FROM incidents") == [
        ("outage", 60)
    ]


def test_the_summary_of_a_week_comes_once_and_wakes_nobody(centre: Centre) -> None:
    # Vietnam    Sunday     Monday 0:00 ... 6:59      7:00
    #            week runs  ends                      the head is told, once
    monday = monday_of(centre.clock.now()) + timedelta(days=7)
    centre.sql("UPDATE incident_progress SET summarised_at = %s", monday - timedelta(days=7))
    centre.clock.advance(monday - centre.clock.now() - MINUTE)
    for minutes in (0, 2, 7 * 60 - 2):
        centre.later(minutes)
        assert centre.outbox() == []
    for minutes in (2, 60):
        centre.later(minutes)
        assert [recipient for recipient, _ in centre.outbox()] == ["binh@so.vn"]


def test_without_acknowledgement_it_climbs_over_the_empty_step_and_a_restart(
    centre: Centre, another_step: Callable[[], IncidentStep]
) -> None:
    centre.happens(centre.transition("S1"))
    centre.step.once()
    centre.step = another_step()
    centre.later(9)
    assert centre.outbox() == PAGE_AN
    centre.later(1)  # the second step names somebody who has left: the head is told at once
    assert centre.outbox() == [*PAGE_AN, ("binh@so.vn", "page")]
    centre.later(30)
    assert centre.outbox() == [*PAGE_AN, ("binh@so.vn", "page")]


def test_after_the_acknowledgement_nothing_more_goes_out(centre: Centre) -> None:
    centre.happens(centre.transition("S1"))
    centre.step.once()
    outbox = OutboxStore(centre.database.notifier)
    (mail,) = outbox.take(9, centre.clock.now(), 60)  # the SMS is due in five minutes
    outbox.delivered(mail.id, centre.clock.now(), "250 ok")
    assert _acknowledged(centre) == 1
    centre.later(60)
    assert outbox.take(9, centre.clock.now(), 60) == []
    assert centre.outbox("recipient", "withdrawn_at IS NOT NULL") == [("an@so.vn", False), ("sms-an", True)]
    outbox.close()


def test_a_channel_that_fails_gives_way_to_the_next_and_is_marked(centre: Centre) -> None:
    centre.happens(centre.transition("S1"))
    centre.step.once()
    outbox = OutboxStore(centre.database.notifier)
    for _ in range(2):
        (mail,) = outbox.take(9, centre.clock.now(), 1)
        outbox.failed(mail.id, centre.clock.now(), "500", centre.clock.now() + timedelta(seconds=5))
        centre.clock.advance(timedelta(seconds=6))
    centre.step.once()
    taken = {p.notification.recipient: p for p in outbox.take(9, centre.clock.now(), 1)}
    assert set(taken) == {"an@so.vn", "sms-an"}  # the SMS four minutes early; the mail is tried again
    failing = "SELECT address FROM contact_channels WHERE failing_since IS NOT NULL"
    assert centre.sql(failing) == [("an@so.vn",)]
    outbox.delivered(taken["an@so.vn"].id, centre.clock.now() + MINUTE, "250 ok")
    centre.step.once()
    assert centre.sql(failing) == []
    outbox.close()


def test_an_end_waits_for_its_page_and_receipts_are_kept(centre: Centre) -> None:
    centre.happens(centre.transition("S1"))
    centre.step.once()
    outbox, others = OutboxStore(centre.database.notifier), OutboxStore(centre.database.notifier, [Channel.EMAIL])
    assert others.take(9, centre.clock.now(), 1) == []  # left to the one that serves e-mail
    (mail,) = outbox.take(9, centre.clock.now(), 1)
    outbox.failed(mail.id, centre.clock.now(), "421", centre.clock.now() + 30 * MINUTE)
    centre.clock.advance(MINUTE)
    centre.happens(centre.transition("S1", kind=TransitionKind.RESOLVED))
    centre.step.once()
    assert [r for r in centre.outbox() if r[1] == "end"] == [("an@so.vn", "end")]
    assert outbox.take(9, centre.clock.now(), 1) == []  # the mail server was down: first the page, then its end
    centre.clock.advance(30 * MINUTE)
    (mail,) = outbox.take(9, centre.clock.now(), 60)
    outbox.delivered(mail.id, centre.clock.now(), "250 2.0.0 queued as 4Fx")
    (end,) = outbox.take(9, centre.clock.now(), 60)
    assert "KẾT THÚC" in end.notification.subject
    assert ("an@so.vn", "250 2.0.0 queued as 4Fx") in centre.outbox("recipient", "receipt")
    outbox.close()
    others.close()


def test_two_processes_tell_once(centre: Centre, another_step: Callable[[], IncidentStep]) -> None:
    centre.happens(*(centre.transition(f"S{n}") for n in range(8)))
    steps = [another_step() for _ in range(3)]
    taken: list[int] = []
    threads = [Thread(target=lambda s=step: taken.append(s.once())) for step in steps]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    centre.step.once()
    assert sum(taken) == 8
    assert len(centre.outbox()) == 8 * 2


def test_a_step_that_dies_leaves_nothing_and_the_next_does_it(centre: Centre, monkeypatch: pytest.MonkeyPatch) -> None:
    centre.happens(centre.transition("S1"))
    with monkeypatch.context() as m:
        m.setattr(IncidentTransaction, "forget_dealt_with", lambda *_: (_ for _ in ()).throw(psycopg.OperationalError))
        with pytest.raises(StoreError):
            centre.step.once()
    assert centre.outbox() == []
    assert centre.sql("SELECT count(*) FROM incidents") == [(0,)]
    assert centre.step.once() == 1
    assert centre.outbox() == PAGE_AN


def test_a_change_that_is_committed_late_is_not_missed(centre: Centre) -> None:
    with centre.worker.transaction() as late:
        late.alerts.apply(centre.transition("S1"))
        other = type(centre.worker)(centre.database.writer)
        with other.transaction() as early:
            early.alerts.apply(centre.transition("S2"))
        other.close()
        assert centre.step.once() == 1
    assert centre.step.once() == 1
    assert centre.sql("SELECT count(*) FROM incidents") == [(2,)]


def test_what_is_dealt_with_and_old_is_looked_at_no_more(centre: Centre) -> None:
    centre.happens(centre.transition("S1"))
    centre.step.once()
    assert centre.sql("SELECT first_transition FROM incident_progress") == [(1,)]
    centre.happens(centre.transition("S2"))
    centre.sql("UPDATE alert_transitions SET created_at = created_at - INTERVAL '2 hours' WHERE id = 1")
    centre.step.once()
    assert centre.sql("SELECT first_transition FROM incident_progress") == [(2,)]


def test_without_anybody_on_call_the_common_recipients_are_told(empty_centre: Centre) -> None:
    empty_centre.sql(
        "INSERT INTO stations (code, effective_from, name_vi, name_en, kind, operator, longitude, latitude, contacts) "
        "VALUES ('S1', '2020-01-01', 'Trạm 1', 'Station 1', 'effluent', 'X', 105, 10, '{nha-may@kcn.vn}')"
    )
    opened = empty_centre.transition("S1")
    empty_centre.happens(opened)
    empty_centre.step.once()
    assert empty_centre.outbox() == [("truc-ban@so.vn", "page"), ("nha-may@kcn.vn", "page")]
    assert empty_centre.outbox("subject")[0] == ("[CAO] COD 120 > 90, Trạm 1",)
    empty_centre.happens(replace(opened, kind=TransitionKind.RESOLVED))
    empty_centre.later(1)
    assert sorted(empty_centre.outbox()[2:]) == [("nha-may@kcn.vn", "end"), ("truc-ban@so.vn", "end")]


def test_a_window_holds_back_and_a_silence_that_expires_says_so(centre: Centre) -> None:
    now = centre.clock.now()
    silence = HoldWindow(0, WindowKind.SILENCE, "S1", "", now, now + 30 * MINUTE, by="chi", note="súc rửa")
    with centre.store.transaction() as tx:
        tx.add_window(silence)
    centre.happens(centre.transition("S1"))
    centre.step.once()
    centre.later(29)
    assert centre.outbox() == []
    centre.later(1)
    centre.later(1)
    assert sorted(centre.outbox()) == [("an@so.vn", "page"), ("chi@so.vn", "update"), ("sms-an", "page")]
    text = next(row[1] for row in centre.outbox("recipient", "text") if row[0] == "chi@so.vn")
    assert "súc rửa" in str(text)
    assert "#1" in str(text)


@pytest.mark.parametrize(("since_min", "held"), [(60, True), (300, False)])
def test_status_01_holds_back_but_not_for_ever(centre: Centre, since_min: int, held: bool) -> None:
    now = centre.clock.now()
    for minutes, status in ((since_min + 5, "00"), (since_min, "01"), (1, "01")):
        centre.sql(
            "INSERT INTO readings (observed_at, received_at, raw_offset, raw_partition, flag, station, parameter, "
            "status) VALUES (%s, %s, 0, 0, 1, 'S1', 'COD', %s)",
            *(now - minutes * MINUTE, now, status),
        )
    centre.sql(
        "INSERT INTO latest_readings (station, parameter, observed_at, received_at, flag, status) "
        "VALUES ('S1', 'COD', %s, %s, 1, '01')",
        *(now - MINUTE, now),
    )
    centre.happens(centre.transition("S1"))
    centre.step.once()
    assert centre.outbox() == ([] if held else PAGE_AN)
    centre.sql("UPDATE latest_readings SET status = '00'")
    centre.step.once()
    assert centre.outbox() == PAGE_AN


def test_with_a_broken_rota_in_the_tables_the_old_one_goes_on(centre: Centre) -> None:
    centre.step.once()
    centre.sql("""UPDATE rotas SET document = '{"code": "truc-ban", "title": 7}'""")
    centre.happens(centre.transition("S1"))
    centre.step.once()
    assert centre.outbox() == PAGE_AN


def test_hand_overs_are_told_once_also_over_a_restart(centre: Centre, another_step: Callable[[], IncidentStep]) -> None:
    layer = '{"members": ["an", "chi"], "first_turn": "2020-01-06", "hand_over": "07:00", "turn_days": 1}'
    centre.sql(f"""UPDATE rotas SET document = jsonb_set(document, '{{layer}}', '[{layer}]')""")
    # 06:59 in Vietnam of tomorrow
    morning = datetime.now(UTC).replace(hour=23, minute=59, second=0, microsecond=0) + timedelta(days=1)
    centre.clock.advance(morning - centre.clock.now())
    centre.step.once()
    centre.later(2)
    centre.step = another_step()
    centre.later(2)
    rows = centre.outbox("recipient", "text")
    assert sorted(r for r, _ in rows) == ["an@so.vn", "chi@so.vn"]
    assert "Nguyễn Văn An" in str(rows[0][1])


def test_the_subject_of_a_hand_over_says_when_nobody_takes_over(centre: Centre) -> None:
    # Vietnam   19:00            7:00   9:59           12:00
    # rota      an, by day       an     is taken out   an is back
    layer = '{"members": ["an"], "first_turn": "2020-01-06", "hand_over": "07:00", "from": "07:00", "to": "19:00"}'
    centre.sql(f"""UPDATE rotas SET document = jsonb_set(document, '{{layer}}', '[{layer}]')""")
    evening = datetime.now(UTC).replace(hour=11, minute=59, second=0, microsecond=0) + timedelta(days=1)
    centre.sql("INSERT INTO rota_overrides (rota, starts_at, ends_at, remove_person, by, created_at) VALUES "
               "('truc-ban', %s, %s, 'an', 'an', now())", evening + timedelta(hours=15),
               evening + timedelta(hours=17, minutes=1))  # fmt: skip
    centre.clock.advance(evening - centre.clock.now())
    centre.step.once()
    for hours in (1, 12, 2, 2, 1):
        centre.later(60 * hours)
    assert [subject for (subject,) in centre.outbox("subject")] == [
        "[TRỰC BAN] Trực ban",
        "[TRỰC BAN] Trực ban",
        "[TRỰC BAN] KHÔNG AI NHẬN CA: Trực ban / Nobody takes over",
        "[TRỰC BAN] Trực ban",
    ]


def test_an_incident_comes_back_from_the_database_as_it_was(centre: Centre) -> None:
    centre.happens(centre.transition("S1"), centre.transition("S1", "pH", page=False))
    centre.step.once()
    with centre.store.transaction() as tx:
        before = tx.incident(1)
        assert before is not None
        taken = acknowledge(before, "an", centre.clock.now()).incident
        tx.save([taken])
    with centre.store.transaction() as tx:
        assert tx.incident(1) == taken
        assert tx.listed(9, only_active=True) == [taken]
        assert tx.incident(2) is None
    assert taken.state is IncidentState.ACKNOWLEDGED


def test_files_are_bounded_and_kept_once(centre: Centre) -> None:
    from quantrac.domain.incidents import Attachment

    centre.happens(centre.transition("S1"))
    centre.step.once()
    file = Attachment(0, centre.clock.now(), "an", "ảnh\0.jpg", "image/jpeg", "", 0)
    with centre.store.transaction() as tx:
        kept = tx.attach(1, file, b"abc")
        assert tx.attach(1, file, b"abc") is None
        (found,) = tx.attachments(1)
        # FIPS 180-2, B.1
        assert found.sha256 == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        assert (found.id, found.size) == (kept, 3)
        assert tx.attachment(1, found.id) == b"abc"
        assert tx.attachment(2, found.id) is None
    with pytest.raises(StoreError, match="incident_attachments_content_check"), centre.store.transaction() as tx:
        tx.attach(1, file, bytes(10_000_000))


def test_a_storm_is_ten_pages_and_a_digest_that_climbs_with_all_it_names(centre: Centre) -> None:
    centre.happens(*(centre.transition(f"S{n:03}") for n in range(100)))
    centre.step.once()
    mails = [str(text) for recipient, text in centre.outbox("recipient", "subject") if recipient == "an@so.vn"]
    assert len(mails) == 11
    assert sum("(+89 sự cố)" in subject for subject in mails) == 1
    with centre.store.transaction() as tx:
        (carrier,) = (i for i in tx.live(centre.clock.now()) if i.reason == "digest")
    centre.later(10)
    climbed = [str(s) for r, s in centre.outbox("recipient", "subject") if r == "binh@so.vn"]
    assert len(climbed) == 11
    assert sum("(+89 sự cố)" in subject for subject in climbed) == 1
    assert carrier.paged_at is not None


def test_a_lost_connection_is_said_and_the_next_step_goes_on(centre: Centre) -> None:
    centre.step.once()
    centre.happens(centre.transition("S1"))
    superuser = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'quantrac incidents'"
    with psycopg.connect(centre.database.notifier, autocommit=True) as connection:
        connection.execute(superuser)
    with pytest.raises(StoreError) as lost:
        centre.step.once()
    assert lost.value.retryable
    assert centre.step.once() == 1
    assert centre.outbox() == PAGE_AN


def test_without_the_switch_incidents_are_kept_and_nothing_is_sent(centre: Centre) -> None:
    options = StepOptions(common=((Channel.EMAIL, "truc-ban@so.vn"),), pages=False)
    step = IncidentStep(centre.store, options, centre.clock)
    opened = centre.transition("S1")
    centre.happens(opened)
    step.once()
    centre.happens(replace(opened, kind=TransitionKind.RESOLVED))
    step.once()
    assert centre.outbox() == []
    assert centre.sql("SELECT state, end_sent FROM incidents") == [("resolved", True)]

"""Number 7 of the promises: the worker's role queues a mail to a stranger, and the notifier does not deliver it."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from alerts.known_recipients import KnownRecipients
from alerts.notifier import NotifierLoop
from alerts.notifiers.email import EmailNotifier
from local.servers.mail import MailCatcher
from quantrac.clock import SystemClock
from quantrac.endpoints import DatabaseEndpoint
from sql.outbox_store import OutboxStore

OFFICER, CONTACT, NEW_CONTACT = "truc-ban@localhost", "chu-tram@localhost", "chu-tram-moi@localhost"
STRANGER = "nguoi-la@elsewhere.example"


def enqueue(database: DatabaseEndpoint, recipient: str) -> None:
    with psycopg.connect(database.writer) as connection:
        connection.execute(
            "INSERT INTO outbox (alert_id, transition_id, message_id, channel, recipient, subject, text)"
            " VALUES (1, 1, %s, 'email', %s, 's', 't')",
            [f"<{recipient}>", recipient],
        )


@pytest.fixture
def outbox(database: DatabaseEndpoint) -> Iterator[OutboxStore]:
    with psycopg.connect(database.owner) as connection:
        connection.execute(
            "INSERT INTO stations (code, effective_from, name_vi, name_en, kind, operator, longitude, latitude,"
            " contacts) VALUES ('S1', '2026-01-01', 'a', 'a', 'park', 'o', 105, 10, %s)",
            [[CONTACT]],
        )
    with psycopg.connect(database.writer) as connection:
        connection.execute(
            "INSERT INTO alerts (station, rule, kind, severity, opened_at, since)"
            " VALUES ('S1', 'r', 'limit', 'high', now(), now())"
        )
        connection.execute(
            "INSERT INTO alert_transitions (alert_id, kind, reason, observed_at, severity)"
            " VALUES (1, 'opened', 'r', now(), 'high')"
        )
    for recipient in (STRANGER, OFFICER.upper(), CONTACT):
        enqueue(database, recipient)
    store = OutboxStore(database.notifier)
    yield store
    store.close()


def test_number_7_a_queued_mail_to_a_stranger_is_given_up_and_told(
    database: DatabaseEndpoint, outbox: OutboxStore, mail: MailCatcher
) -> None:
    clock = SystemClock()
    notifier = KnownRecipients(EmailNotifier(mail.endpoint(), clock), [OFFICER], outbox.contacts, clock)
    loop = NotifierLoop(outbox, [notifier], clock)
    while loop.deliver_due():
        pass
    with psycopg.connect(database.owner) as connection:  # an import, less than a minute after the notifier asked
        connection.execute("UPDATE stations SET contacts = contacts || %s", [[NEW_CONTACT]])
    enqueue(database, NEW_CONTACT)
    while loop.deliver_due():
        pass
    notifier.close()
    assert sorted(r.lower() for m in mail.mails() for r in m.recipients) == sorted([OFFICER, CONTACT, NEW_CONTACT])
    with psycopg.connect(database.owner) as connection:
        rows = connection.execute(
            "SELECT recipient, last_error FROM outbox WHERE failed_at IS NOT NULL AND sent_at IS NULL"
        ).fetchall()
    ((recipient, told),) = rows
    assert recipient == STRANGER
    assert "somebody wrote into the outbox" in told
    assert STRANGER not in told

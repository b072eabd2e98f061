"""From the outbox to the inbox on real servers: PostgreSQL, and an SMTP server that demands STARTTLS.

SMTP knows no transactions, so a message can be sent twice: when the notifier dies between the server's 250 and the
COMMIT that notes it. These tests kill it in that moment, and in others to show that it needs that very moment.
"""

from __future__ import annotations

import itertools
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from alerts.messages import notifications
from alerts.notifier import NotifierLoop, NotifierOptions, RetryPolicy
from alerts.notifiers.email import EmailNotifier
from local.servers.mail import MailCatcher
from quantrac.clock import SystemClock
from quantrac.domain.alerts import AlertKey, AlertKind, Severity, Transition, TransitionKind
from quantrac.domain.limits import Limit
from quantrac.domain.notifications import Channel
from quantrac.endpoints import DatabaseEndpoint
from sql.outbox_store import OutboxStore
from sql.worker_store import WorkerStore
from tests.factories import station
from tests.receivers import provider

AT = datetime(2026, 11, 23, 3, 30, tzinfo=UTC)
STATION = station("DT_KCNSADEC_NUOSXL", name_vi="KCN Sa Đéc", name_en="Sa Đéc industrial park")
OPENED = Transition(
    key=AlertKey(STATION.code, "COD", "limit"),
    kind=TransitionKind.OPENED,
    alert_kind=AlertKind.LIMIT,
    severity=Severity.HIGH,
    reason="held",
    observed_at=AT,
    since=AT - timedelta(minutes=5),
    value=120.0,
    limit=Limit("COD", "mg/L", None, 90.0, "QCVN 40:2011/BTNMT cột A"),
)
PATIENCE_S = 30.0

Enqueue = Callable[..., list[str]]


@pytest.fixture
def enqueue(database: DatabaseEndpoint) -> Enqueue:
    """Open alerts and put a message for each into the outbox, a mail unless told otherwise; return the Message-IDs."""

    numbers = itertools.count()

    def make(count: int, people: Sequence[tuple[Channel, str]] = ((Channel.EMAIL, "truc-ban@localhost"),)) -> list[str]:
        store = WorkerStore(database.writer)
        with store.transaction() as tx:
            for index in itertools.islice(numbers, count):
                opened = replace(OPENED, key=replace(OPENED.key, rule=f"limit-{index}"))
                applied = tx.alerts.apply(opened)
                assert applied is not None
                summary = tx.alerts.last_hour(STATION.code, "COD", AT)
                made = notifications(
                    opened,
                    STATION,
                    summary,
                    list(people),
                    alert_id=applied.alert_id,
                    transition_id=applied.transition_id,
                )
                tx.alerts.enqueue(applied.alert_id, applied.transition_id, made)
        store.close()
        with psycopg.connect(database.owner) as connection:  # the database makes them its own
            rows = connection.execute("SELECT message_id FROM outbox ORDER BY id DESC LIMIT %s",
                                      (count * len(people),)).fetchall()  # fmt: skip
        return [str(message_id) for (message_id,) in rows]

    return make


@pytest.fixture
def notifier(database: DatabaseEndpoint, mail: MailCatcher) -> Iterator[Callable[[], threading.Event]]:
    """Start a notifier in a thread, with short pauses; all are stopped at the end."""
    started: list[tuple[threading.Event, threading.Thread]] = []

    def start() -> threading.Event:
        stop = threading.Event()
        options = NotifierOptions(lease_s=1.0, wait_s=0.2, retries=RetryPolicy(first_pause_s=0.3))
        loop = NotifierLoop(OutboxStore(database.notifier), [EmailNotifier(mail.endpoint())], SystemClock(), options)
        thread = threading.Thread(target=loop.run, args=(stop,))
        thread.start()
        started.append((stop, thread))
        return stop

    yield start
    for stop, thread in started:
        stop.set()
        thread.join(PATIENCE_S)
        assert not thread.is_alive()


def waiting(database: DatabaseEndpoint) -> int:
    with psycopg.connect(database.owner) as connection:
        row = connection.execute("SELECT count(*) FROM outbox WHERE sent_at IS NULL AND failed_at IS NULL").fetchone()
        assert row is not None
        return int(row[0])


def until(what: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not what():
        assert time.monotonic() < end, "nothing happened in time"
        time.sleep(0.05)


def counts(mail: MailCatcher) -> Counter[str]:
    return Counter(m.message_id for m in mail.mails())


def test_a_mail_arrives_whole(
    database: DatabaseEndpoint, mail: MailCatcher, enqueue: Enqueue, notifier: Callable[[], object]
) -> None:
    notifier()
    (message_id,) = enqueue(1)
    until(lambda: waiting(database) == 0)
    (caught,) = mail.mails()
    assert (caught.message_id, caught.recipients) == (message_id, ("truc-ban@localhost",))
    assert caught.subject.startswith("[CAO] COD 120 > 90 mg/L, KCN Sa Đéc")
    message = caught.message()
    assert message["Auto-Submitted"] == "auto-generated"
    assert message.get_content_type() == "multipart/alternative"
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    assert text is not None
    assert html is not None
    assert "Giới hạn: 90 mg/L" in text.get_content()
    assert "<ol" in html.get_content()


class Line:
    """The way to a mail server, with the connections that were made over it; it can be cut while it is idle."""

    def __init__(self, port: int) -> None:
        self._to, self.made, self._open = port, 0, list[socket.socket]()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near = self._listener.accept()[0]
                far = socket.create_connection(("127.0.0.1", self._to))
                self.made += 1
                self._open += [near, far]
                for one, other in ((near, far), (far, near)):
                    threading.Thread(target=self._carry, args=(one, other), daemon=True).start()

    @staticmethod
    def _carry(one: socket.socket, other: socket.socket) -> None:
        with suppress(OSError):
            while got := one.recv(65536):
                other.sendall(got)
        for each in (one, other):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def cut(self) -> None:
        while self._open:
            with suppress(OSError):
                self._open.pop().shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._listener.close()
        self.cut()


@pytest.fixture
def line(mail: MailCatcher) -> Iterator[Line]:
    line = Line(mail.endpoint().port)
    yield line
    line.close()


def test_what_follows_within_seconds_goes_over_one_connection_that_ends_when_nothing_follows(
    database: DatabaseEndpoint, mail: MailCatcher, enqueue: Enqueue, line: Line
) -> None:
    """Also when that connection is cut meanwhile: nothing is lost, nothing goes out twice."""
    stop, clock = threading.Event(), SystemClock()
    options = NotifierOptions(lease_s=20.0, wait_s=0.2, keep_s=2.0, retries=RetryPolicy(first_pause_s=0.3))
    over_line = EmailNotifier(replace(mail.endpoint(), port=line.port))
    loop = NotifierLoop(OutboxStore(database.notifier), [over_line], clock, options)
    thread = threading.Thread(target=loop.run, args=(stop,))
    thread.start()
    try:
        ids = []
        for cut, made in ((False, 1), (False, 1), (True, 2), (False, 2)):
            if cut:
                line.cut()
            ids += enqueue(1)
            until(lambda: waiting(database) == 0)
            assert line.made == made
            time.sleep(0.5)  # it rests meanwhile
        assert counts(mail) == Counter(ids)
        until(lambda: over_line._client is None)
    finally:
        stop.set()
        thread.join(PATIENCE_S)


@pytest.mark.parametrize("moment", ["before the mail", "between 250 and commit", "after the commit"])
def test_only_a_crash_between_250_and_commit_sends_twice(
    database: DatabaseEndpoint, mail: MailCatcher, enqueue: Enqueue, notifier: Callable[[], object], moment: str
) -> None:
    ids = enqueue(3)
    endpoint = mail.endpoint()
    script = Path(__file__).with_name("killed_notifier.py")
    arguments = [database.notifier, str(endpoint.port), str(endpoint.ca_file), moment, "2"]
    died = subprocess.run([sys.executable, str(script), *arguments], timeout=PATIENCE_S, check=False)
    assert died.returncode == -signal.SIGKILL
    notifier()
    until(lambda: waiting(database) == 0)
    again = {ids[1]: 2} if moment == "between 250 and commit" else {}
    assert counts(mail) == Counter(dict.fromkeys(ids, 1) | again)


@contextmanager
def run_notifier(database: DatabaseEndpoint, mail: MailCatcher, **more: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run the notifier as a process of its own, with more of its settings."""
    endpoint = mail.endpoint()
    settings = {
        "QUANTRAC_DATABASE_OWNER_URL": database.owner,
        "QUANTRAC_DATABASE_WRITER_URL": database.writer,
        "QUANTRAC_DATABASE_NOTIFIER_URL": database.notifier,
        "QUANTRAC_DATABASE_READER_URL": database.reader,
        "QUANTRAC_SMTP_HOST": endpoint.host,
        "QUANTRAC_SMTP_PORT": str(endpoint.port),
        "QUANTRAC_SMTP_CA_FILE": str(endpoint.ca_file),
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "quantrac", "run", "notifier"],
        env={k: v for k, v in os.environ.items() if not k.startswith("QUANTRAC_")} | settings | more,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def test_a_receiver_that_fails_and_then_asks_to_wait_gets_it_once_and_in_time(
    database: DatabaseEndpoint, mail: MailCatcher, enqueue: Enqueue, tmp_path: Path
) -> None:
    """
    webhook   500 .. 5 s .. 429, Retry-After 8 ..... 8 s ..... 200        the same message each time
    e-mail    sent at once: it waits for no webhook
    """
    targets, wait_s = tmp_path / "targets.toml", 8
    with provider(tmp_path) as (receiver, _):
        lines = [f'url = "http://127.0.0.1:{receiver.port}/hook"', 'json = { subject = "{subject}", id = "{id}" }']
        targets.write_text("\n".join(["[hook]", *lines]))
        targets.chmod(0o600)
        receiver.answers += [(500, {}, b"oops"), (429, {"Retry-After": str(wait_s)}, b"later")]
        with run_notifier(database, mail, QUANTRAC_WEBHOOKS_FILE=str(targets)):
            enqueue(1, [(Channel.WEBHOOK, "hook"), (Channel.EMAIL, "truc-ban@localhost")])
            until(lambda: len(mail.mails()) == 1)
            until(lambda: len(receiver.asked) == 2)
            begun_s = time.monotonic()
            assert waiting(database) == 1
            until(lambda: waiting(database) == 0)
            took_s = time.monotonic() - begun_s
            time.sleep(1)
    assert wait_s - 1 < took_s < wait_s + 7  # the notifier looks every five seconds
    assert len(receiver.asked) == 3
    assert len({asked.body for asked in receiver.asked}) == 1
    with psycopg.connect(database.owner) as connection:
        rows = connection.execute(
            "SELECT channel, message_id, attempts, last_error, receipt FROM outbox ORDER BY channel"
        )
        [(_, _, once, _, queued), (channel, message_id, attempts, error, receipt)] = rows.fetchall()
    assert (once, str(queued).startswith("250")) == (1, True)
    assert (channel, attempts, error, receipt) == ("webhook", 3, None, "HTTP 200")
    assert receiver.asked[-1].json["id"] == message_id


def test_sigterm_finishes_the_mail_in_hand(
    database: DatabaseEndpoint, mail: MailCatcher, enqueue: Enqueue, notifier: Callable[[], object]
) -> None:
    ids = enqueue(60)
    with run_notifier(database, mail) as process:
        until(lambda: len(mail.mails()) >= 5)
        process.terminate()
        assert process.wait(PATIENCE_S) == 0
    sent = len(mail.mails())
    assert 5 <= sent < 60
    assert waiting(database) == 60 - sent
    notifier()
    until(lambda: waiting(database) == 0)
    assert counts(mail) == Counter(ids)


def test_two_notifiers_share_the_outbox(
    database: DatabaseEndpoint, mail: MailCatcher, enqueue: Enqueue, notifier: Callable[[], object]
) -> None:
    notifier()
    notifier()
    ids = enqueue(40)
    until(lambda: waiting(database) == 0)
    assert counts(mail) == Counter(ids)


def test_a_server_that_refuses_for_now_gets_it_later(
    database: DatabaseEndpoint, mail: MailCatcher, enqueue: Enqueue, notifier: Callable[[], object]
) -> None:
    mail.refuse("451 4.3.0 try later")
    ids = enqueue(1)
    notifier()
    with psycopg.connect(database.owner, autocommit=True) as connection:
        until(lambda: connection.execute("SELECT 1 FROM outbox WHERE attempts >= 2").fetchone() is not None)
        row = connection.execute("SELECT last_error FROM outbox").fetchone()
    assert row is not None
    assert "451 4.3.0 try later" in row[0]
    mail.accept()
    until(lambda: waiting(database) == 0)
    assert counts(mail) == Counter(ids)


def test_a_server_that_refuses_for_good_is_told_in_the_outbox(
    database: DatabaseEndpoint, mail: MailCatcher, enqueue: Enqueue, notifier: Callable[[], object]
) -> None:
    mail.refuse("550 5.1.1 no such user")
    enqueue(1)
    notifier()
    until(lambda: waiting(database) == 0)
    with psycopg.connect(database.owner) as connection:
        row = connection.execute("SELECT sent_at, failed_at, attempts, last_error FROM outbox").fetchone()
    assert row is not None
    assert (row[0], row[1] is not None, row[2]) == (None, True, 1)
    assert "550 5.1.1 no such user" in row[3]


def test_a_mail_server_that_is_away_is_waited_for(
    database: DatabaseEndpoint, mail: MailCatcher, enqueue: Enqueue, notifier: Callable[[], object]
) -> None:
    mail.stop()
    ids = enqueue(2)
    notifier()
    with psycopg.connect(database.owner, autocommit=True) as connection:
        until(lambda: connection.execute("SELECT 1 FROM outbox WHERE attempts >= 1").fetchone() is not None)
    mail.start()
    until(lambda: waiting(database) == 0)
    assert counts(mail) == Counter(ids)

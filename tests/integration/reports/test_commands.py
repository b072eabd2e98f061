"""``quantrac report`` as a process, and the reporter against a real mail server."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope
from pydantic import SecretStr

from commands.context import Context
from commands.reports.reporter import Unnoted, one_round
from local.servers.mail import MailCatcher
from local.servers.mailcatcher import HANGS_UP
from quantrac.clock import ManualClock
from quantrac.endpoints import DatabaseEndpoint, SmtpEndpoint, SmtpSecurity
from quantrac.errors import NotifyError, StoreError
from quantrac.settings import Settings
from tests.integration.reports.conftest import MIDNIGHT, STEP, Feed

Run = Callable[..., "subprocess.CompletedProcess[str]"]
HOUR = timedelta(hours=1)


@pytest.fixture
def quantrac(database: DatabaseEndpoint, tmp_path: Path) -> Run:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        env = os.environ | {"QUANTRAC_DATABASE_WRITER_URL": database.writer, "TZ": "Europe/Berlin"}
        command = [sys.executable, "-m", "quantrac", "report", *arguments]
        return subprocess.run(command, env=env, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)

    return run


def _full_day(feed: Feed) -> None:
    feed.store([feed.row(MIDNIGHT + n * STEP, 60.0) for n in range(288)])
    feed.judge(MIDNIGHT + 25 * HOUR)


def test_a_signed_report_is_written_again_the_same(feed: Feed, quantrac: Run, tmp_path: Path) -> None:
    _full_day(feed)
    asked = ("day", "KCN_A", "--date", "2026-11-02", "--as-of", "2026-11-03T07:00", "--format", "pdf")
    done = quantrac(*asked)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert done.stdout.startswith("KCN_A_2026-11-02.pdf: Khu công nghiệp A (KCN_A), Ngày 02/11/2026, as known at ")
    feed.store([feed.row(MIDNIGHT, 600.0, received_at=MIDNIGHT + 48 * HOUR)])
    assert quantrac(*asked, "--out", "again.pdf").returncode == 0
    assert (tmp_path / "again.pdf").read_bytes() == (tmp_path / "KCN_A_2026-11-02.pdf").read_bytes()


def test_the_province_of_a_month_as_of_now(feed: Feed, quantrac: Run, tmp_path: Path) -> None:
    _full_day(feed)
    done = quantrac("month", "--month", "2026-11", "--format", "csv", "--out", "m.csv")
    assert done.returncode == 0, done.stderr
    assert "To sign, take an --as-of at least 10 minutes old." in done.stderr
    assert "KCN_A,Khu công nghiệp A," in (tmp_path / "m.csv").read_text("utf-8-sig")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("day", "KCN_B", "--date", "2026-11-02"), "Station KCN_B is not known. Did you mean KCN_A?"),
        (("month", "--month", "2999-01"), "Month 01/2999 has not begun"),
        (
            ("day", "--date", "2026-02-30"),
            "'2026-02-30' is no day that a report can be about: write it like 2026-11-30.",
        ),
        (("month", "--month", "11/2026"), "'11/2026' is no month that a report can be about: write it like 2026-11."),
        (("month", "--month", "9999-12"), "'9999-12' is no month that a report can be about"),
        (("day", "--date", "0001-01-01"), "'0001-01-01' is no day that a report can be about"),
        (
            ("day", "--date", "2026-11-02", "--as-of", "yesterday"),
            "--as-of: 'yesterday' is not a date or an ISO 8601 date and time",
        ),
        (("day", "--date", "2026-11-02", "--as-of", "2999-01-01"), "--as-of 00:00 01/01/2999 (UTC+7) has not come"),
        (("day", "--date", "2026-11-02", "--out", "no/such/folder.html"), "no/such/folder.html cannot be written"),
        (("day", "--date", "2025-12-31"), "No station is described in Day 31/12/2025"),
    ],
)
def test_what_cannot_be_reported_is_a_sentence(
    feed: Feed, quantrac: Run, arguments: tuple[str, ...], sentence: str
) -> None:
    done = quantrac(*arguments)
    assert done.returncode == (2 if sentence.startswith("--as-of: ") else 1), done.stderr
    assert done.stderr.startswith(f"quantrac: {sentence}")
    assert len(done.stderr.splitlines()) == 1


def test_indices_by_the_command(feed: Feed, quantrac: Run) -> None:
    assert quantrac("wqi").stdout == "0 hours and days computed.\n"


class _Mailing(Context):
    """The settings of a test, with the mail catcher as server."""

    server: SmtpEndpoint

    def smtp(self) -> SmtpEndpoint:
        return self.server


@pytest.fixture
def mailing(database: DatabaseEndpoint, mail: MailCatcher) -> Callable[[datetime], _Mailing]:
    def make(now: datetime) -> _Mailing:
        addresses = ("a@example.vn", "b@example.vn")
        settings = Settings(database_writer_url=SecretStr(database.writer), report_to=addresses)
        made = _Mailing(settings, ManualClock(now))
        object.__setattr__(made, "server", replace(mail.endpoint(), sender="q@example.vn"))
        return made

    return make


def test_a_report_is_mailed_once_at_its_hour(
    feed: Feed, mailing: Callable[[datetime], _Mailing], mail: MailCatcher
) -> None:
    """07:00 in Vietnam is midnight in UTC: nothing before; day and month, a mail an address; none after a restart."""
    _full_day(feed)
    seven = datetime(2026, 11, 3, 0, 0, tzinfo=UTC)
    one_round(mailing(seven - timedelta(seconds=1)), set())
    assert mail.mails() == []
    one_round(mailing(seven), set())
    one_round(mailing(seven + HOUR), set())
    found = [caught.message() for caught in mail.mails()]
    assert [m["To"] for m in found] == ["a@example.vn", "b@example.vn"] * 2
    names = [part.get_filename() for part in found[0].iter_attachments()]
    assert names == ["province_2026-11-02.pdf", "province_2026-11-02.xlsx"]
    form = found[0].get_body(("html",))
    assert form is not None, "as the other mails, dark on white on a telephone"
    assert "width=device-width" in form.get_content()
    assert found[0]["Subject"] == "Báo cáo quan trắc tự động toàn tỉnh trong ngày: Ngày 02/11/2026"
    with psycopg.connect(feed.database.reader) as connection:
        assert connection.execute("SELECT kind, first_day, as_of FROM sent_reports ORDER BY kind").fetchall() == [
            ("day", date(2026, 11, 2), seven - timedelta(minutes=10)),
            ("month", date(2026, 10, 1), seven - timedelta(minutes=10)),
        ]


def test_a_mail_server_that_is_away_is_tried_again(
    feed: Feed, mailing: Callable[[datetime], _Mailing], mail: MailCatcher
) -> None:
    seven = datetime(2026, 11, 3, 0, 0, tzinfo=UTC)
    context = mailing(seven)
    server = context.server
    object.__setattr__(context, "server", replace(server, port=1))
    with pytest.raises(NotifyError):
        one_round(context, set())
    object.__setattr__(context, "server", server)
    one_round(context, set())
    assert len(mail.mails()) == 4


class _Refusing:
    """A mail server that has no mailbox of one address, and keeps what the others got."""

    def __init__(self, refused: str, reply: str = "550 5.1.1 no such mailbox") -> None:
        self.refused, self.reply, self.got = refused, reply, list[str]()

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, _session: object, envelope: Envelope, address: str, _options: object
    ) -> str:
        if address == self.refused:
            if self.reply == HANGS_UP and isinstance(server.transport, asyncio.WriteTransport):
                server.transport.abort()
            return self.reply
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: object, _session: object, envelope: Envelope) -> str:  # noqa: N802
        self.got += envelope.rcpt_tos
        return "250 kept"


@contextmanager
def _sending_to(context: _Mailing, server: _Refusing) -> Iterator[None]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Controller(server, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        object.__setattr__(context, "server", SmtpEndpoint("127.0.0.1", port, "q@example.vn", SmtpSecurity.NONE))
        yield
    finally:
        controller.stop()


@pytest.mark.parametrize("refused", ["a@example.vn", "b@example.vn"])
def test_an_address_that_is_refused_keeps_the_report_from_nobody_and_repeats_it_to_nobody(
    feed: Feed, mailing: Callable[[datetime], _Mailing], refused: str
) -> None:
    _full_day(feed)
    context = mailing(datetime(2026, 11, 3, 0, 0, tzinfo=UTC))
    server = _Refusing(refused)
    with _sending_to(context, server):
        for _ in range(3):
            with suppress(NotifyError):
                one_round(context, set())  # a reporter that has started again
    (other,) = {"a@example.vn", "b@example.vn"} - {refused}
    assert server.got == [other, other]  # of the day, and of the month


def test_a_full_mailbox_keeps_no_period_from_the_others_and_has_both_when_there_is_room(
    feed: Feed, mailing: Callable[[datetime], _Mailing]
) -> None:
    _full_day(feed)
    context = mailing(datetime(2026, 11, 3, 0, 0, tzinfo=UTC))
    server = _Refusing("a@example.vn", "452 4.2.2 mailbox full")
    with _sending_to(context, server):
        for _ in range(2):
            with pytest.raises(NotifyError):
                one_round(context, set())  # a reporter that has started again
        assert server.got == ["b@example.vn"] * 2
        server.refused = ""
        one_round(context, set())  # a reporter that has started again
    assert server.got == ["b@example.vn"] * 2 + ["a@example.vn"] * 2


def test_a_server_that_hangs_up_at_one_address_keeps_the_report_from_no_other(
    feed: Feed, mailing: Callable[[datetime], _Mailing]
) -> None:
    _full_day(feed)
    context, server = mailing(datetime(2026, 11, 3, 0, 0, tzinfo=UTC)), _Refusing("a@example.vn", HANGS_UP)
    with _sending_to(context, server):
        for _ in range(2):
            with pytest.raises(NotifyError, match="hung up"):
                one_round(context, set())
        assert server.got == ["b@example.vn"] * 2
        server.refused = ""
        one_round(context, set())
    assert server.got == ["b@example.vn"] * 2 + ["a@example.vn"] * 2


def test_next_morning_a_report_of_the_month_goes_to_whom_it_did_not_reach_alone(
    feed: Feed, mailing: Callable[[datetime], _Mailing]
) -> None:
    """Its cut-off is another one then: that is no reason to send it to the others again."""
    _full_day(feed)
    server = _Refusing("a@example.vn", "452 4.2.2 mailbox full")
    for day in (3, 4):
        context = mailing(datetime(2026, 11, day, 0, 0, tzinfo=UTC))
        with _sending_to(context, server), suppress(NotifyError):
            one_round(context, set())
        server.refused = ""
    assert server.got == ["b@example.vn"] * 2 + ["a@example.vn", "b@example.vn"] + ["a@example.vn"]


def test_a_database_that_goes_before_it_notes_a_report_makes_it_go_out_once(
    feed: Feed, mailing: Callable[[datetime], _Mailing], mail: MailCatcher
) -> None:
    _full_day(feed)
    context, unnoted = mailing(datetime(2026, 11, 3, 0, 0, tzinfo=UTC)), Unnoted()
    with psycopg.connect(feed.database.owner, autocommit=True) as connection:
        connection.execute("REVOKE INSERT ON sent_reports FROM quantrac_writer")
        with pytest.raises(StoreError):
            one_round(context, unnoted)
        assert len(mail.mails()) == 2
        connection.execute("GRANT INSERT ON sent_reports TO quantrac_writer")
        connection.execute("REVOKE INSERT ON report_mails FROM quantrac_writer")
        with pytest.raises(StoreError):
            one_round(context, unnoted)
        assert len(mail.mails()) == 3
        connection.execute("GRANT INSERT ON report_mails TO quantrac_writer")
    for _ in range(2):
        one_round(context, unnoted)
    assert len(mail.mails()) == 4  # day and month, to two

"""The reporter process: VN_WQI of the hot spots every few minutes, the province's reports by mail at a set hour."""

from __future__ import annotations

import smtplib
import threading
from collections.abc import Iterable
from datetime import date, datetime
from email.message import EmailMessage

from alerts.incidents.messages import plain
from alerts.notifiers.email import connect, message, translated
from commands.context import Context
from commands.reports.desk import SETTLED_AFTER, ReportDesk, last_month, yesterday
from commands.reports.water_quality import refresh
from quantrac.domain.notifications import Channel, Notification
from quantrac.domain.stations import VIETNAM
from quantrac.errors import NotifyError, QuantracError, StoreError
from quantrac.masking import masked
from quantrac.telemetry import get_logger
from reports.document import Document
from reports.facts import ReportOptions
from reports.formats import moment
from reports.period import Period
from reports.render import Format, render
from sql.sent_reports import is_report_sent, report_mails, save_report_mail, save_sent_report

_log = get_logger(__name__)

Unnoted = set[tuple[str, date, str]]
"""Kind and first day of a report, and an address for which the mail server has taken it, or refused it for good."""

EVERY_S = 300.0
"""As often as stations measure."""
_MONTH_UNTIL = 5
"""Day of the month until which a month's report that could not be sent before is sent."""
_MIME = {Format.PDF: "pdf", Format.XLSX: "vnd.openxmlformats-officedocument.spreadsheetml.sheet"}


def run_reporter(context: Context, stop: threading.Event) -> None:
    """Work until ``stop`` is set; where database or mail server are away, the next round does it.

    Raises
    ------
    SettingsError
        A server is not configured.
    """
    context.database()
    _log.info("reporter_ready", addresses=len(context.settings.report_to), hour=context.settings.report_hour)
    unnoted: Unnoted = set()
    while not stop.is_set():
        try:
            one_round(context, unnoted)
        except (StoreError, NotifyError) as exc:
            _log.warning("round_failed", error=str(exc))
        stop.wait(EVERY_S)


def one_round(context: Context, unnoted: Unnoted) -> None:
    """Bring the indices up to date, and send what is due and was not sent.

    A report counts as sent once the mail server has taken it for every address, or has refused that address for good.
    Each is noted at once: a reporter that dies between the server's answer and its note sends that one mail again,
    under the same ``Message-ID``, and no other. ``unnoted`` are those that the database could not note yet.
    """
    now, settings, database = context.clock.now(), context.settings, context.database()
    options = ReportOptions(settings.minimum_completeness, settings.wqi_least_groups)
    registry = context.registry()
    refresh(database.writer, registry, now, options)
    if not settings.report_to:
        return
    desk = ReportDesk(database.reader, registry, options)
    later: NotifyError | None = None
    for period, as_of in due(now, settings.report_hour):
        if is_report_sent(database.writer, period.kind, period.first_day):
            continue
        try:
            document = desk.province(period, as_of)
        except QuantracError as exc:
            if isinstance(exc, StoreError):
                raise
            _log.info("nothing_to_report", period=period.words.en, reason=str(exc))
            continue
        try:
            _send(context, period, document, unnoted)
        except NotifyError as exc:
            later = exc  # the other periods are sent all the same
            continue
        save_sent_report(database.writer, period.kind, period.first_day, as_of, now)
        _log.info("report_sent", period=period.words.en, as_of=as_of.isoformat(), addresses=len(settings.report_to))
    if later is not None:
        raise later


def due(now: datetime, hour: int) -> list[tuple[Period, datetime]]:
    """Return the reports to be sent by now, each with its cut-off: ten minutes before the hour of this morning.

    >>> from datetime import UTC
    >>> [(p.stem, moment(at)) for p, at in due(datetime(2026, 12, 1, 0, 0, tzinfo=UTC), 7)]
    [('2026-11-30', '06:50 01/12/2026'), ('2026-11', '06:50 01/12/2026')]
    >>> due(datetime(2026, 11, 30, 23, 59, tzinfo=UTC), 7)
    []
    """
    local = now.astimezone(VIETNAM)
    at = local.replace(hour=hour, minute=0, second=0, microsecond=0)
    if local < at:
        return []
    periods = [yesterday(now)] + ([last_month(now)] if local.day <= _MONTH_UNTIL else [])
    return [(period, at - SETTLED_AFTER) for period in periods]


def mails(document: Document, sender: str, context: Context) -> Iterable[tuple[str, EmailMessage]]:
    """Yield each address with its mail of a report, which has the report as PDF and as a workbook."""
    files = {form: render(document, form) for form in _MIME}
    subject = f"{document.title.vi}: {document.period.vi}"
    text = "\n".join(
        [
            f"{document.title.vi}, {document.subject.vi}, {document.period.vi}.",
            f"Số liệu chốt lúc {moment(document.as_of)} (UTC+7).",
            *(note.vi for note in document.notes),
            "",
            f"{document.title.en}, {document.period.en}; as known at {moment(document.as_of)} (UTC+7).",
        ]
    )
    told = plain(subject, text)
    for number, address in enumerate(context.settings.report_to):
        message_id = f"<report.{document.file_stem}.{document.as_of:%Y%m%d%H%M}.{number}@quantrac>"
        notification = Notification(message_id, Channel.EMAIL, address, subject, told.text, told.html)
        mail = message(notification, sender, context.clock)
        for form, content in files.items():
            name = f"{document.file_stem}.{form}"
            mail.add_attachment(content, maintype="application", subtype=_MIME[form], filename=name)
        yield address, mail


def _send(context: Context, period: Period, document: Document, unnoted: Unnoted) -> None:
    """Send to each address that has not had it; one that is refused holds up no other.

    Raises
    ------
    NotifyError
        The server is away, or refuses some of it for now.
    StoreError
        The database is away.
    """
    endpoint, writer = context.smtp(), context.database().writer

    def note(address: str) -> None:
        key = (period.kind, period.first_day, address)
        unnoted.add(key)
        save_report_mail(writer, *key, context.clock.now())
        unnoted.discard(key)

    for kind, first_day, address in list(unnoted):
        if (kind, first_day) == (period.kind, period.first_day):
            note(address)
    done = report_mails(writer, period.kind, period.first_day)
    client = connect(endpoint)
    later: NotifyError | None = None
    try:
        for address, mail in mails(document, endpoint.sender, context):
            if address in done:
                continue
            if client.sock is None:  # it hung up at the one before
                client = connect(endpoint)
            try:
                client.send_message(mail)
            except (smtplib.SMTPException, OSError) as exc:
                error = translated(exc, endpoint, address)
                if error.retryable:
                    later = error
                    continue
                _log.error("report_refused", report=document.file_stem, error=masked(str(error), address))
            note(address)
    finally:
        client.close()
    if later is not None:
        raise later

"""E-mail by a real SMTP conversation: STARTTLS or TLS, log in, one connection for what follows within seconds.

SMTP has no transactions: between the server's 250 and our note of it lies a moment in which a crash makes the same
message go out again. It carries the same Message-ID then, so the receiver's mail system or a reader can tell.
"""

from __future__ import annotations

import re
import smtplib
import ssl
from contextlib import suppress
from email.generator import BytesGenerator
from email.header import Header
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime
from io import BytesIO

from quantrac.clock import Clock, SystemClock
from quantrac.domain.notifications import CURVE_ENDS, CURVE_STARTS, Channel, Notification
from quantrac.endpoints import SmtpEndpoint, SmtpSecurity
from quantrac.errors import NotifyError

TIMEOUT_S = 10.0
"""Longest wait for one reply. RFC 5321 (4.5.3.2) allows minutes; an alert that late goes to the next try."""


class EmailNotifier:
    """Sends e-mail through one server."""

    channel = Channel.EMAIL

    def __init__(self, endpoint: SmtpEndpoint, clock: Clock | None = None, timeout_s: float = TIMEOUT_S) -> None:
        self._endpoint, self._clock, self._timeout_s = endpoint, clock or SystemClock(), timeout_s
        self._client: smtplib.SMTP | None = None

    def send(self, notification: Notification) -> str:
        """Deliver one notification; when this returns, the server has answered 250. Returns its answer: the receipt.

        Raises
        ------
        NotifyError
            The server refused the mailbox (not retryable). Whatever else it says, and where it cannot be reached, is
            about the server or about us: somebody mends that, and the alert goes out then (retryable).
        """
        mail = message(notification, self._endpoint.sender, self._clock)
        client = self._connected()
        try:
            return _converse(client, mail, self._endpoint.sender, notification.recipient)
        except (smtplib.SMTPException, OSError, ValueError) as exc:
            if not self._still_usable(exc):
                self.close()
            raise translated(exc, self._endpoint, notification.recipient) from exc

    def reach(self) -> None:
        """Open a conversation where there is none; nothing is sent.

        Raises
        ------
        NotifyError
            The server cannot be reached.
        """
        self._connected()

    def close(self) -> None:
        """End the conversation; the next message begins a new one."""
        client, self._client = self._client, None
        if client is not None:
            try:
                client.quit()
            except (smtplib.SMTPException, OSError):
                client.close()

    def _connected(self) -> smtplib.SMTP:
        """Return the open conversation, or a new one where the server has closed it meanwhile."""
        if self._client is not None and not _answers(self._client):
            self._client.close()
            self._client = None
        if self._client is None:
            self._client = connect(self._endpoint, self._timeout_s)
        return self._client

    @staticmethod
    def _still_usable(exc: Exception) -> bool:
        """Whether the conversation can go on: smtplib has reset it after a refusal of one message."""
        return (
            isinstance(
                exc, smtplib.SMTPRecipientsRefused | smtplib.SMTPSenderRefused | smtplib.SMTPDataError | ValueError
            )
            and getattr(exc, "smtp_code", 0) != 421
        )


class _MailPolicy(EmailPolicy):
    """Folds a subject by ``Header``: ``EmailPolicy`` itself loses the space where a line ends between two words.

    (CPython issue 92081: two encoded words are joined without the white space that stood between them.)
    """

    def fold(self, name: str, value: str) -> str:
        """Return a header as lines of a mail."""
        if name.lower() != "subject" or value.isascii():
            return str(super().fold(name, value))
        return f"{name}: {Header(value, 'utf-8', header_name=name).encode(linesep=self.linesep)}{self.linesep}"

    def fold_binary(self, name: str, value: str) -> bytes:
        """Return a header as the bytes of a mail."""
        return self.fold(name, value).encode("ascii", "surrogateescape")


_POLICY = _MailPolicy()


def message(notification: Notification, sender: str, clock: Clock) -> EmailMessage:
    """Return a notification as a mail: plain text and, where there is one, the HTML form beside it."""
    mail = EmailMessage(_POLICY)
    mail["From"], mail["To"] = sender, notification.recipient
    mail["Subject"] = " ".join(notification.subject.split())
    mail["Date"] = format_datetime(clock.now())
    mail["Message-ID"] = notification.message_id
    if notification.answers is not None:  # RFC 5322, 3.6.4: programs show it under the first one
        mail["In-Reply-To"] = mail["References"] = notification.answers
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's absence note is sent in answer
    mail["X-Auto-Response-Suppress"] = "All"
    mail.set_content(notification.text)
    if notification.html is not None:
        _add_html(mail, notification.html, notification.picture)
    return mail


def _converse(client: smtplib.SMTP, mail: EmailMessage, sender: str, recipient: str) -> str:
    """Send one mail and return the server's last answer, which ``smtplib.sendmail`` leaves out: the mail's id there."""
    content = BytesIO()
    BytesGenerator(content).flatten(mail, linesep="\r\n")
    client.ehlo_or_helo_if_needed()
    refusal: smtplib.SMTPException | None = None
    code, reply = client.mail(sender)
    if code != 250:
        refusal = smtplib.SMTPSenderRefused(code, reply, sender)
    else:
        code, reply = client.rcpt(recipient)
        if code not in {250, 251}:
            refusal = smtplib.SMTPRecipientsRefused({recipient: (code, reply)})
        else:
            code, reply = client.data(content.getvalue())
            if code != 250:
                refusal = smtplib.SMTPDataError(code, reply)
    if refusal is None:
        return f"{code} {' '.join(reply.decode('utf-8', 'replace').split())}"
    if code != 421:
        with suppress(smtplib.SMTPServerDisconnected):
            client.rset()
    raise refusal


_CURVE = re.compile(f"{re.escape(CURVE_STARTS)}.*?{re.escape(CURVE_ENDS)}", re.DOTALL)
_PICTURE_ID = "curve@quantrac"


def _add_html(mail: EmailMessage, html: str, picture: bytes | None) -> None:
    """Add the HTML form; a picture is part of it and stands where the form wants it (RFC 2387, RFC 2392)."""
    if picture is None:
        mail.add_alternative(html, subtype="html")
        return
    shown = f'<img src="cid:{_PICTURE_ID}" width="640" alt="Đồ thị · Curve" style="max-width:100%">'
    mail.add_alternative(_CURVE.sub(shown, html), subtype="html")
    body = mail.get_body(("html",))
    if isinstance(body, EmailMessage):
        body.add_related(picture, "image", "png", cid=f"<{_PICTURE_ID}>", disposition="inline", filename="do-thi.png")


def connect(endpoint: SmtpEndpoint, timeout_s: float = TIMEOUT_S) -> smtplib.SMTP:
    """Return a conversation with a mail server, protected and logged in as the endpoint says.

    Raises
    ------
    NotifyError
        The server cannot be reached, its certificate is not trusted, or it refuses the user.
    """
    client: smtplib.SMTP | None = None
    try:
        if endpoint.security is SmtpSecurity.TLS:
            client = smtplib.SMTP_SSL(endpoint.host, endpoint.port, timeout=timeout_s, context=_tls(endpoint))
        else:
            client = smtplib.SMTP(endpoint.host, endpoint.port, timeout=timeout_s)
        if endpoint.security is SmtpSecurity.STARTTLS:
            client.starttls(context=_tls(endpoint))
        if endpoint.user is not None:
            client.login(endpoint.user, endpoint.password or "")
    except (smtplib.SMTPException, OSError, ValueError) as exc:
        if client is not None:
            client.close()
        raise translated(exc, endpoint, None) from exc
    return client


def probe(endpoint: SmtpEndpoint, timeout_s: float = 10.0) -> None:
    """Check that a mail server can be reached, is trusted, lets us in, and accepts our sender; nothing is sent.

    Raises
    ------
    NotifyError
        It does not; the message says what to do.
    """
    client = connect(endpoint, timeout_s)
    try:
        client.ehlo_or_helo_if_needed()
        code, reply = client.mail(endpoint.sender)
        if code != 250:
            raise smtplib.SMTPSenderRefused(code, reply, endpoint.sender)
        client.rset()
    except (smtplib.SMTPException, OSError) as exc:
        raise translated(exc, endpoint, None) from exc
    finally:
        client.close()


def _tls(endpoint: SmtpEndpoint) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=None if endpoint.ca_file is None else str(endpoint.ca_file))


def _answers(client: smtplib.SMTP) -> bool:
    try:
        return bool(client.noop()[0] == 250)
    except (smtplib.SMTPException, OSError):
        return False


def translated(exc: Exception, endpoint: SmtpEndpoint, recipient: str | None) -> NotifyError:
    """Return what a conversation's error means, and whether the same mail may be taken later."""
    server = f"The mail server {endpoint.host}:{endpoint.port}"
    code, reply = _reply(exc)
    if isinstance(exc, smtplib.SMTPAuthenticationError):
        advice = "Correct QUANTRAC_SMTP_USER and QUANTRAC_SMTP_PASSWORD."
        return NotifyError(f"{server} refused the user {endpoint.user!r} ({code} {reply}). {advice}", retryable=True)
    if isinstance(exc, ssl.SSLCertVerificationError):
        advice = "Correct QUANTRAC_SMTP_CA_FILE or QUANTRAC_SMTP_HOST."
        return NotifyError(
            f"{server} has a certificate that is not trusted ({exc.verify_message}). {advice}", retryable=True
        )
    if isinstance(exc, smtplib.SMTPNotSupportedError):
        advice = "Correct QUANTRAC_SMTP_SECURITY."
        return NotifyError(f"{server} does not offer what is asked of it ({exc}). {advice}", retryable=True)
    if code is not None:
        refused = recipient is not None and _mailbox_refused(exc, code, reply)
        what = "refused the recipient's mailbox" if refused else "did not take the mail" if recipient else "refused us"
        advice = "It is given up: correct the address." if refused else "It will be tried again."
        return NotifyError(f"{server} {what}: {code} {reply}. {advice}", retryable=not refused)
    if isinstance(exc, ValueError):
        return NotifyError(f"The mail cannot be written: {exc}. Correct the recipient's address.", retryable=False)
    # It was there where a recipient was told: then nothing is over, and what is gathered now would not go out either.
    there, reason = recipient is not None, str(exc) or type(exc).__name__
    what = "hung up before it took the mail" if there else "cannot be reached or hung up"
    advice = "It will be tried again." if there else "Check host, port and network."
    return NotifyError(f"{server} {what}: {reason}. {advice}", retryable=True, server_away=not there)


_NO_MAILBOX = re.compile(r"5\.1\.[012346]\b|5\.1\.10\b|5\.2\.1\b")
"""RFC 3463 (3.2, 3.3) and RFC 7505: the address is bad or unknown, has moved, or takes no mail.

5.1.7 and 5.1.8 are about the sender, 5.7 about what somebody may do.
"""
_ENHANCED = re.compile(r"\b[245]\.\d{1,3}\.\d{1,3}\b")
_MAILBOX_CODES = frozenset({550, 551, 553})
"""RFC 5321, 4.2.3: of an answer to RCPT without an enhanced code, those that are about the mailbox."""

_ABOUT_US = re.compile(r"block|relay|spam|polic|reputation|authenti|access denied|client|sender", re.IGNORECASE)
"""Words of old servers, which answer RCPT with 550 and no enhanced code when they want nothing of us."""


def _mailbox_refused(exc: Exception, code: int, reply: str) -> bool:
    """Whether a reply says for good that the recipient's mailbox takes no mail.

    Servers refuse a client or a sender at any stage, also in answer to RCPT (5.7.1, 530): the enhanced code decides.
    """
    if not 500 <= code < 600 or isinstance(exc, smtplib.SMTPSenderRefused):
        return False
    enhanced = _ENHANCED.search(reply)
    if enhanced is not None:
        return _NO_MAILBOX.fullmatch(enhanced.group()) is not None
    of_recipient = isinstance(exc, smtplib.SMTPRecipientsRefused) and code in _MAILBOX_CODES
    return of_recipient and _ABOUT_US.search(reply) is None


def _reply(exc: Exception) -> tuple[int | None, str]:
    """Return code and text of the server's reply that an error carries."""
    if isinstance(exc, smtplib.SMTPRecipientsRefused):
        code, text = next(iter(exc.recipients.values()))
    elif isinstance(exc, smtplib.SMTPResponseException):
        code, text = exc.smtp_code, _bytes(exc.smtp_error)
    else:
        return None, ""
    shown = text.decode("utf-8", "replace")
    return (code if code > 0 else None), " ".join(shown.split())


def _bytes(text: bytes | str) -> bytes:
    return text if isinstance(text, bytes) else text.encode()

"""The mail catcher as a server of a run folder, and the mails that it caught."""

from __future__ import annotations

import json
import smtplib
import ssl
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path

from local.servers.certificates import certificates
from local.servers.ports import is_listening
from local.servers.process import LocalServer
from quantrac.endpoints import SmtpEndpoint, SmtpSecurity

SENDER = "quantrac@localhost"


@dataclass(frozen=True, slots=True)
class CaughtMail:
    """One accepted message."""

    received_at: datetime
    message_id: str
    sender: str
    recipients: tuple[str, ...]
    subject: str
    path: Path

    def message(self) -> EmailMessage:
        """Return the parsed message."""
        parser = BytesParser(policy=policy.default)
        return parser.parsebytes(self.path.read_bytes())


class MailCatcher(LocalServer):
    """The SMTP server of a run folder, which keeps mail in ``mail/`` there."""

    name = "mail"
    stop_patience_s = 5.0

    def endpoint(self) -> SmtpEndpoint:
        """Return how the notifier reaches it."""
        ca = certificates(self.run_dir).ca
        return SmtpEndpoint(self.host, self.port, sender=SENDER, security=SmtpSecurity.STARTTLS, ca_file=ca)

    def is_healthy(self) -> bool:
        """Whether it answers an SMTP conversation over TLS."""
        if not is_listening(self.port):
            return False
        context = ssl.create_default_context(cafile=certificates(self.run_dir).ca)
        try:
            with smtplib.SMTP(self.host, self.port, timeout=5) as client:
                client.starttls(context=context)
                return client.noop()[0] == 250
        except (OSError, smtplib.SMTPException):
            return False

    def mails(self) -> list[CaughtMail]:
        """Return the accepted messages in the order of their arrival."""
        return read_index(self.folder)

    def forget(self) -> None:
        """Delete the mails kept so far."""
        for path in (self.folder / "index.jsonl", *self.folder.glob("*.eml")):
            path.unlink(missing_ok=True)

    def refuse(self, reply: str) -> None:
        """Answer every message with an SMTP reply such as ``451 4.3.0 try later`` from now on, or ``hang up``."""
        (self.folder / "refuse").write_text(reply, encoding="utf-8")

    def accept(self) -> None:
        """Take messages again after `refuse`."""
        (self.folder / "refuse").unlink(missing_ok=True)

    def _command(self) -> Sequence[str | Path]:
        tls = certificates(self.run_dir)
        options = ("--port", str(self.port), "--dir", self.folder, "--cert", tls.chain, "--key", tls.key)
        return (sys.executable, "-m", "local.servers.mailcatcher", *options)


def read_index(folder: Path) -> list[CaughtMail]:
    """Return the messages that a mail catcher has kept in ``folder``; none when it has not run yet."""
    index = folder / "index.jsonl"
    lines = index.read_text(encoding="utf-8").splitlines(keepends=True) if index.exists() else []
    # A line without its end is still being written.
    entries = [json.loads(line) for line in lines if line.endswith("\n")]
    return [
        CaughtMail(
            received_at=datetime.fromisoformat(entry["received_at"]),
            message_id=entry["message_id"],
            sender=entry["from"],
            recipients=tuple(entry["to"]),
            subject=entry["subject"],
            path=folder / entry["file"],
        )
        for entry in entries
    ]

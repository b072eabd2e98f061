"""A notifier that is killed (SIGKILL) at a named moment of a delivery: run as a process of its own by the tests.

Arguments: database URL, SMTP port, file of the certificate authority, moment, which delivery (from 1) it is killed in.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from datetime import datetime
from pathlib import Path

from alerts.notifier import NotifierLoop, NotifierOptions
from alerts.notifiers.email import EmailNotifier
from quantrac.clock import SystemClock
from quantrac.domain.notifications import Notification
from quantrac.endpoints import SmtpEndpoint, SmtpSecurity
from sql.outbox_store import OutboxStore

LEASE_S = 1.0


class Mortal:
    """Kills this process at its moment."""

    def __init__(self, moment: str, delivery: int) -> None:
        self.moment, self.left = moment, delivery

    def reached(self, moment: str) -> None:
        if moment == self.moment:
            self.left -= 1
            if self.left == 0:
                os.kill(os.getpid(), signal.SIGKILL)


class MortalMail(EmailNotifier):
    mortal: Mortal

    def send(self, notification: Notification) -> str:
        self.mortal.reached("before the mail")
        return super().send(notification)


class MortalOutbox(OutboxStore):
    mortal: Mortal

    def delivered(self, notification_id: int, now: datetime, receipt: str) -> None:
        self.mortal.reached("between 250 and commit")
        super().delivered(notification_id, now, receipt)
        self.mortal.reached("after the commit")


def main() -> None:
    url, port, ca_file, moment, delivery = sys.argv[1:]
    mortal = Mortal(moment, int(delivery))
    mail = MortalMail(
        SmtpEndpoint("127.0.0.1", int(port), "quantrac@localhost", SmtpSecurity.STARTTLS, ca_file=Path(ca_file))
    )
    outbox = MortalOutbox(url)
    mail.mortal = outbox.mortal = mortal
    NotifierLoop(outbox, [mail], SystemClock(), NotifierOptions(lease_s=LEASE_S, wait_s=0.2)).run(threading.Event())


if __name__ == "__main__":
    main()

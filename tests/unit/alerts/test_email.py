"""A notification as a mail: what the officer's program reads is what was written."""

from __future__ import annotations

from datetime import UTC, datetime
from email import message_from_bytes, policy

import pytest

from alerts.notifiers.email import message
from quantrac.clock import ManualClock
from quantrac.domain.notifications import Channel, Notification

SUBJECT = "Dấu hiệu bất thường – Nước thải khu công nghiệp: COD cao hơn mức / Anomaly – discharge: COD above usual"


@pytest.mark.parametrize("before", range(0, 80, 3))
def test_a_long_subject_keeps_every_space(before: int) -> None:
    subject = f"{'x' * before} {SUBJECT}".strip()
    notification = Notification("<1@quantrac>", Channel.EMAIL, "officer@example.vn", subject, "Nội dung", "<p>Nội dung")
    sent = message(notification, "quantrac@example.vn", ManualClock(datetime(2026, 11, 23, tzinfo=UTC))).as_bytes()
    read = message_from_bytes(sent, policy=policy.default)
    assert read["Subject"] == subject
    assert read["To"] == "officer@example.vn"
    assert max(map(len, sent.split(b"\n\n", 1)[0].split(b"\n"))) <= 78


def test_a_plain_subject_stays_readable_in_the_source() -> None:
    notification = Notification("<1@quantrac>", Channel.EMAIL, "officer@example.vn", "COD above 90 mg/L", "text")
    mail = message(notification, "quantrac@example.vn", ManualClock(datetime(2026, 11, 23, tzinfo=UTC)))
    assert b"Subject: COD above 90 mg/L\n" in mail.as_bytes()

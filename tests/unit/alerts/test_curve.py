"""The picture of a mail, and how it stands in the mail."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from io import BytesIO

from matplotlib.image import imread

from alerts.curve import picture
from alerts.notifiers.email import message
from quantrac.clock import ManualClock
from quantrac.domain.notifications import CURVE_ENDS, CURVE_STARTS, Channel, Curve, CurvePoint, Notification

AT = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
PNG = b"\x89PNG\r\n\x1a\n"


def curve(count: int, parameter: str = "COD") -> Curve:
    points = tuple(
        CurvePoint(AT + timedelta(minutes=5 * n), 40 + n, 42 + n, 44 + n) for n in range(count) if not 10 < n < 15
    )
    return Curve("HOAAN", parameter, "mg/L", AT + timedelta(hours=1), 300, None, 60.0, points)


def test_a_curve_is_a_png_and_nothing_is_drawn_of_nothing() -> None:
    drawn = picture([curve(30), curve(30, "TSS"), curve(1)])
    assert drawn is not None
    assert drawn.startswith(PNG)
    assert len(drawn) < 100_000
    assert picture([curve(1)]) is None
    assert picture([]) is None


def test_nothing_is_cut_off_at_the_edges() -> None:
    """Six digits at the left, two lines of time and their words at the foot, the last reading at the right."""
    points = tuple(CurvePoint(AT + timedelta(hours=n), 1e6 + 9e4 * n, 1e6 + 9e4 * n, 1e6 + 9e4 * n) for n in range(40))
    drawn = picture([Curve("HOAAN", "Coliform", "MPN/100mL", AT, 3600, None, 2.5e6, points)] * 2)
    assert drawn is not None
    seen = imread(BytesIO(drawn))[:, :, :3]
    for edge in (seen[:4], seen[-4:], seen[:, :4], seen[:, -4:]):
        assert edge.min() == 1.0


def test_an_incident_of_days_leaves_its_readings_the_whole_width() -> None:
    began = [replace(curve(30), since=AT + timedelta(days=days)) for days in (-20, -10, 0)]
    long, shorter, within = (picture([c]) for c in began)
    assert long == shorter, "when it began lies outside"
    assert long != within


def test_the_picture_is_part_of_the_html_and_stands_where_the_bars_were() -> None:
    html = f"<p>A</p>{CURVE_STARTS}<b>bars</b>{CURVE_ENDS}<p>Z</p>"
    sent = Notification("<2@q>", Channel.EMAIL, "a@b.vn", "COD", "text", html, "<1@q>", PNG)
    mail = message_from_bytes(message(sent, "q@example.vn", ManualClock(AT)).as_bytes(), policy=policy.default)
    assert (mail["In-Reply-To"], mail["References"]) == ("<1@q>", "<1@q>")
    shown, attached = mail.get_body(("html",)), [p for p in mail.walk() if p.get_content_type() == "image/png"]
    assert shown is not None
    assert "bars" not in shown.get_content()
    assert f'src="cid:{attached[0]["Content-ID"].strip("<>")}"' in shown.get_content()
    assert attached[0].get_content() == PNG
    assert attached[0].get_content_disposition() == "inline"
    body = mail.get_body(("plain",))
    assert body is not None
    assert body.get_content().strip() == "text"


def test_without_a_picture_the_bars_stay_and_a_first_mail_answers_nothing() -> None:
    sent = Notification("<1@q>", Channel.EMAIL, "a@b.vn", "COD", "text", f"{CURVE_STARTS}<b>bars</b>{CURVE_ENDS}")
    mail = message(sent, "q@example.vn", ManualClock(AT))
    assert mail["In-Reply-To"] is None
    assert b"<b>bars</b>" in mail.as_bytes()

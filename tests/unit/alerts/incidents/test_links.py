"""Links of messages: what each can do, to what, until when, and that none can be made without the key."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest

from alerts.gateway import fields
from alerts.incidents.links import LASTS, SENTENCES, LinkAnswer, Signer, digest, load_key
from alerts.incidents.messages import IncidentNotice, compose, notification
from alerts.incidents.reasons import Notice, Reason
from quantrac.domain.incidents import IncidentState
from quantrac.domain.notifications import Channel
from quantrac.errors import SettingsError

from .test_lifecycle import NOW, OPEN

MINUTE = timedelta(minutes=1)
NUMBERS = count(1)
SIGNER = Signer(b"k" * 32, "https://page.example.vn", lambda size: next(NUMBERS).to_bytes(size, "big"))
ADDRESS, LINK = SIGNER.make(1, "an", NOW)
TOKEN = ADDRESS.rpartition("/")[2]


def test_a_link_is_long_random_and_kept_as_its_hash_alone() -> None:
    another, _ = SIGNER.make(1, "an", NOW)
    assert ADDRESS.startswith("https://page.example.vn/ack/")
    assert len(TOKEN) == 52
    assert TOKEN.isalnum()
    assert another != ADDRESS
    assert LINK.digest == digest(TOKEN)
    assert TOKEN not in repr(LINK)


@pytest.mark.parametrize(
    ("minutes", "changed", "answer"),
    [
        (0, {}, LinkAnswer.VALID),
        (60 * 24 - 1, {}, LinkAnswer.VALID),
        (60 * 24, {}, LinkAnswer.EXPIRED),
        # our clock was set back before it was made: it is still the one that was sent
        (-90, {}, LinkAnswer.VALID),
        # and not for ever
        (-60 * 24 - 1, {}, LinkAnswer.EXPIRED),
        (5, {"state": IncidentState.ACKNOWLEDGED, "holder": "binh"}, LinkAnswer.HELD_BY_OTHER),
        (5, {"state": IncidentState.ACKNOWLEDGED, "holder": "an"}, LinkAnswer.VALID),
        (5, {"state": IncidentState.RESOLVED}, LinkAnswer.NOT_ACTIVE),
        (5, {"id": 2}, LinkAnswer.UNKNOWN),
    ],
)
def test_what_a_link_can_do(minutes: int, changed: dict[str, object], answer: LinkAnswer) -> None:
    assert SIGNER.judge(TOKEN, LINK, replace(OPEN, **changed), NOW + minutes * MINUTE) is answer


@pytest.mark.parametrize(
    "token",
    [
        "",
        TOKEN[:-1],
        TOKEN[:-1] + ("a" if TOKEN[-1] != "a" else "b"),
        TOKEN.upper(),
        TOKEN[:26],
        TOKEN + TOKEN,
        "a" * 52,
        "ộ" * 52,
        "\ud800",
        "x" * 10_000_000,
        "../../etc",
    ],
    ids=range(11),
)
def test_a_forged_link_is_none_even_for_a_row_that_somebody_wrote(token: str) -> None:
    assert SIGNER.judge(token, replace(LINK, digest=digest(token)), OPEN, NOW) is LinkAnswer.UNKNOWN


@pytest.mark.parametrize(
    "changed", [{"person": "binh"}, {"expires_at": LINK.expires_at + LASTS}, {"incident_id": 2}], ids=str
)
def test_a_row_that_was_changed_makes_no_link(changed: dict[str, object]) -> None:
    incident = replace(OPEN, id=int(changed.get("incident_id", 1)))  # type: ignore[call-overload]
    assert SIGNER.judge(TOKEN, replace(LINK, **changed), incident, NOW) is LinkAnswer.UNKNOWN


def test_used_once_and_another_page_has_another_key() -> None:
    assert SIGNER.judge(TOKEN, replace(LINK, used_at=NOW), OPEN, NOW) is LinkAnswer.USED
    assert Signer(b"x" * 32).judge(TOKEN, LINK, OPEN, NOW) is LinkAnswer.UNKNOWN
    assert SIGNER.judge(TOKEN, None, None, NOW) is LinkAnswer.UNKNOWN
    assert set(SENTENCES) == set(LinkAnswer)


def test_the_key_is_made_once_and_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "run" / "link.key"
    assert load_key(path) == load_key(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(path.parent.iterdir()) == [path]
    path.chmod(0o644)
    with pytest.raises(SettingsError, match="chmod 600"):
        load_key(path)
    path.chmod(0o600)
    path.write_bytes(b"short")
    with pytest.raises(SettingsError, match="fewer than 32 bytes"):
        load_key(path)


def test_a_message_carries_it_where_it_is_not_lost_and_an_sms_as_well() -> None:
    name = "Trạm\r\nBcc: x@y.vn <script>alert(1)</script>\x1b[31m http://evil.example/ack/ " + "ộ" * 5_000
    text = compose(IncidentNotice(OPEN, Reason.OPENED, Notice.PAGE, {OPEN.stations[0]: name}, link=ADDRESS))
    assert ADDRESS in text.text.splitlines()[2]
    assert 0 < text.html.index(f'href="{ADDRESS}"') < text.html.index("Diễn biến")
    assert "incidents acknowledge" not in text.text
    assert "<script>" not in text.html
    assert not set("\r\n\x1b") & set(text.subject)
    assert len(text.subject) < 2_100
    short = fields(notification(text, Channel.WEBHOOK, "sms/0912", 1), "0912")["short"]
    assert short.endswith(ADDRESS)
    assert len(short) <= 160
    assert short.isascii()

"""What becomes of mails that wait after an outage: each fate has its name."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from alerts.untold import MOST_INCIDENTS, Fate, Untold, fates
from quantrac.domain.notifications import WaitingMail

AT = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
PAGE = WaitingMail(
    1, "a@so.vn", 1, "page", "[CAO] COD 120 > 90 mg/L, X", "", 3, told=False, state="resolved", since=AT, over_at=AT,
    names_others=False, in_hand=False,
)  # fmt: skip
END = replace(PAGE, id=2, notice="end", subject="[KẾT THÚC] COD 120 > 90 mg/L, X", attempts=0)
ANOTHER = [replace(m, id=m.id + 10, incident_id=2) for m in (PAGE, END)]


@pytest.mark.parametrize(
    ("mails", "fate"),
    [
        ([PAGE, END], Fate.GATHERED),
        ([replace(PAGE, told=True), replace(END, told=True)], Fate.TOLD_BEFORE),
        ([replace(PAGE, state="open")], Fate.STILL_OPEN),
        ([PAGE, END, replace(PAGE, id=3)], Fate.STILL_OPEN),
        ([replace(m, names_others=True) for m in (PAGE, END)], Fate.NAMES_OTHERS),
        ([replace(PAGE, in_hand=True), END], Fate.IN_HAND),
        ([replace(PAGE, attempts=0), END], Fate.NOT_TRIED),
    ],
)
def test_each_fate_has_its_reason(mails: list[WaitingMail], fate: Fate) -> None:
    assert fates([*mails, *ANOTHER])["a@so.vn", 1] is fate


def test_one_incident_alone_is_told_by_its_own_messages() -> None:
    assert fates([PAGE, END]) == {("a@so.vn", 1): Fate.ALONE}
    assert Untold().gathered([PAGE, END]) == []


def test_each_reader_has_a_digest_of_what_waits_for_him_and_none_is_too_long() -> None:
    many = [replace(m, id=10 * n + m.id, incident_id=n) for n in range(MOST_INCIDENTS + 1) for m in (PAGE, END)]
    others = [replace(m, id=m.id + 5000, recipient="b@so.vn") for m in many[:4]]
    made = Untold("https://q.vn").gathered([*many, *others])
    assert [(g.notification.recipient, len(g.ids)) for g in made] == [
        ("a@so.vn", 2 * MOST_INCIDENTS),
        ("a@so.vn", 2),
        ("b@so.vn", 4),
    ]
    assert sorted(i for g in made for i in g.ids) == sorted(m.id for m in (*many, *others))
    assert len({g.notification.message_id for g in made}) == 3


def test_a_name_forges_no_line() -> None:
    forged = [replace(m, subject="[KẾT THÚC] X\nSự cố 9: giả <b>") for m in (PAGE, END, *ANOTHER)]
    (made,) = Untold().gathered(forged)
    assert not [line for line in made.notification.text.splitlines() if line.startswith("Sự cố 9")]
    assert made.notification.html is not None
    assert "giả &lt;b&gt;" in made.notification.html

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from local.accounts import Account, FleetCounts
from local.dropped import FileCounts
from local.servers.mail import CaughtMail
from local.story import Slug, as_json, complete, lines_of, slug_of, work_items
from quantrac.domain.ledger import LedgerCounts
from simulators.labels import read_labels
from sql.reports import AlertLine, DelayQuantiles, Paged, Totals

START = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
LABELS = """start,end,station,parameters,kind,cls,detail,first_exceeding_at
2026-11-23T08:00:10+00:00,2026-11-23T08:01:10+00:00,A,COD|TSS,pollution_slug,pollution,,2026-11-23T08:00:40+00:00
2026-11-23T08:00:10+00:00,2026-11-23T08:01:10+00:00,B,TSS,stuck,fault,,
2026-11-23T08:00:10+00:00,2026-11-23T08:01:10+00:00,C,COD,calibration,maintenance,,
"""


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def alert(number: int, station: str, parameter: str, seconds: float, **more: Any) -> AlertLine:
    fields: dict[str, Any] = dict.fromkeys(AlertLine.__slots__) | {
        "id": number, "station": station, "parameter": parameter, "rule": "anomaly", "kind": "anomaly",
        "severity": "high", "opened_at": at(seconds), "since": at(seconds - 2), "explanation_vi": "Vì thế.",
        "explanation_en": "Because.", "page": False, "retrospective": False,
    }  # fmt: skip
    return AlertLine(**(fields | more))


def account(*alerts: AlertLine, told: dict[int, float] | None = None, mailed: tuple[int, ...] = ()) -> Account:
    mails = tuple(CaughtMail(at(50), f"<alert-{n}.1@quantrac>", "q@b", ("o@b",), "-", Path()) for n in mailed)
    return Account(
        at(60), FleetCounts(0, 0, 0), LedgerCounts(), 0, DelayQuantiles.of({}),
        Totals(0, 0, 0, 0, None, 0, 0, 0, 0, 0, 0), alerts, mails,
        {n: Paged(at(s), None) for n, s in (told or {}).items()}, 0, 0, FileCounts(),
        {m.message_id: frozenset({n}) for m, n in zip(mails, mailed, strict=True)},
    )  # fmt: skip


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    path = tmp_path / "labels.csv"
    path.write_text(LABELS, encoding="utf-8")
    return path


def test_nothing_is_shown_before_there_is_any_truth(tmp_path: Path) -> None:
    assert read_labels(tmp_path / "none.csv") == []
    assert not complete(slug_of(account(), []), [])


def test_the_slug_is_the_first_alert_of_which_officers_were_told(labels: Path) -> None:
    """
    s        10      20  22      31      40
    slug     begins                      limit crossed
    alerts           TSS work    COD told
    """
    events = read_labels(labels)
    seen = account(alert(1, "A", "TSS", 20), alert(2, "A", "COD", 22, page=True), told={2: 31}, mailed=(2,))
    slug = slug_of(seen, events)
    assert slug is not None
    assert (slug.alert.id, slug.ahead_s(), slug.mailed_at) == (2, 9.0, at(50))
    said = "\n".join(lines_of(slug, [], 300))
    assert "9 s before the limit was crossed at 15:00:40" in said
    assert "45 min" in said
    told = as_json(slug, [], 300)["slug"]
    assert isinstance(told, dict)
    assert (told["ahead_min_of_data"], told["limit_crossed_at"]) == (45.0, at(40).isoformat())


def test_an_alarm_after_the_limit_is_said_to_be_late(labels: Path) -> None:
    slug = Slug(alert(2, "A", "COD", 50), at(52), at(40))
    assert "12 s after the limit was crossed" in "\n".join(lines_of(slug, [], 300))


@pytest.mark.parametrize(
    ("mailed_s", "said", "ahead_s"),
    [
        (None, "Its e-mail has not been accepted yet.", None),
        (32.2, "Its e-mail was accepted 1.2 s after that reading, 7.8 s before the limit was crossed.", 7.8),
        (86.0, "Its e-mail was accepted 55.0 s after that reading, 46.0 s after the limit was crossed.", -46.0),
    ],
)
def test_when_the_mail_came_is_said_apart_from_the_reading(
    mailed_s: float | None, said: str, ahead_s: float | None
) -> None:
    slug = Slug(alert(2, "A", "COD", 50), at(31), at(40), None if mailed_s is None else at(mailed_s))
    lines = list(lines_of(slug, [], 300))
    assert "9 s before the limit was crossed" in lines[1]
    assert lines[2].strip() == said
    told = as_json(slug, [], 300)["slug"]
    assert isinstance(told, dict)
    assert told["mail_ahead_s"] == ahead_s


def test_a_fault_is_shown_when_it_has_an_alert_and_a_calibration_needs_none(labels: Path) -> None:
    events = read_labels(labels)
    slug = Slug(alert(2, "A", "COD", 22), at(31), at(40))
    without = work_items(account(), events)
    assert [(i.event.station, i.alert, i.pages) for i in without] == [("B", None, 0), ("C", None, 0)]
    assert not complete(slug, without)
    seen = account(alert(3, "B", "TSS", 30, triage="unknown"), alert(4, "B", "TSS", 40, kind="fault", rule="fault"))
    items = work_items(seen, events)
    assert complete(slug, items)
    assert items[0].cls == "fault"
    assert "Work item: stuck of TSS at B: fault, rule fault; pages 0." in list(lines_of(None, items, 300))


def test_a_page_for_a_fault_is_counted(labels: Path) -> None:
    seen = account(alert(13, "B", "TSS", 30), alert(1, "A", "COD", 30), mailed=(13, 1, 131))
    assert [i.pages for i in work_items(seen, read_labels(labels))] == [1, 0]

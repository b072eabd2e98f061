"""Numbers of panels against numbers that were computed elsewhere: by hand, or by the reports' code."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from dashboards import words
from dashboards.queries import query
from local.servers import LocalServers
from local.servers.postgres import Postgres
from quantrac.domain.stations import VIETNAM
from reports.wqi import LEVELS

from .conftest import Seed, seeded

Ask = Any
HOUR = timedelta(hours=1)
DAY = datetime(2026, 11, 1, tzinfo=VIETNAM)


def month(seed: Seed) -> None:
    """A day of one station, by hours; cadence 5 min, so twelve readings are an hour."""
    seed.station("A", park="KCN", parameters=("COD", "pH", "Flow"))
    for hour, (flow, usable, cod) in enumerate(((100.0, 12, 50.0), (200.0, 6, 40.0), (300.0, 12, None))):
        common = {"station": "A", "hour_start": DAY + hour * HOUR, "total_count": 12, "late_count": 0}
        counts = {"usable_count": usable, "usable_sum": flow * usable}
        seed.insert("reading_hours", parameter="Flow", **common, **counts)
        if cod is not None:
            seed.insert("reading_hours", parameter="COD", **common, usable_count=12, usable_sum=cod * 12)
    judged = {"station": "A", "parameter": "COD", "usable_count": 12, "expected": 12, "judged_at": DAY + 99 * HOUR}
    judged |= {"retrospective": False}
    verdicts = ("within", "exceeded", "exceeded", "incomplete")
    for n, verdict in enumerate(verdicts):
        for window in ("hour", "day"):
            start = DAY + n * (HOUR if window == "hour" else 24 * HOUR)
            more = {"ratio": 1 + n / 10, "exceedance_class": n} if verdict == "exceeded" else {}
            seed.insert("judgements", **judged, **more, window=window, window_start=start, verdict=verdict)


@pytest.fixture(scope="module")
def _month(local_servers: LocalServers, _template: str) -> Iterator[Ask]:
    with seeded(local_servers, _template, month) as asker:
        asker.now = DAY + timedelta(days=5)
        asker.variables |= {"stations": ["A"], "park": "KCN", "parameter": "COD"}
        yield asker


@pytest.fixture
def ask(_month: Ask, postgres: Postgres) -> Ask:
    return _month


def test_loads_are_volume_times_concentration_of_hours_that_have_both(ask: Ask) -> None:
    # 100 m³ of 50 mg/L; half an hour at 200 m³/h of 40 mg/L; 300 m³ without a concentration.
    _, loads = ask(query("park_loads"), back=timedelta(days=5))
    assert [(row["time"], row["metric"], row["amount"]) for row in loads] == [
        (DAY, "Trạm A", pytest.approx((100 * 50 + 100 * 40) / 1000))
    ]
    _, flows = ask(query("park_flows"), back=timedelta(days=5))
    assert [(row["metric"], row["amount"]) for row in flows] == [("Trạm A – xả", pytest.approx(500.0))]


def test_compliance_counts_hours_and_days_by_their_verdict(ask: Ask) -> None:
    back = timedelta(days=5)
    _, (counts,) = ask(query("compliance_counts"), back=back)
    assert counts == {"hours_exceeded": 2, "days_exceeded": 2, "days_incomplete": 1, "days_judged": 3}
    _, (row,) = ask(query("compliance"), back=back)
    shown = {name: row[name] for name in ("days_judged", "hours_exceeded", "days_exceeded", "days_incomplete")}
    assert shown == {"days_judged": 3, "hours_exceeded": 2, "days_exceeded": 2, "days_incomplete": 1}
    assert (row["ratio"], row["exceedance_class"]) == (1.2, 2)
    _, (of_month,) = ask(query("compliance_months"), back=back)
    assert (of_month["time"], of_month["hours"], of_month["days"]) == (DAY, 2, 2)


def test_the_share_received_is_that_of_the_reports(ask: Ask) -> None:
    _, rows = ask(query("station_received"), station="A", back=timedelta(days=4, hours=23))
    first = {row["metric"]: row["received"] for row in rows if row["time"] == DAY}
    assert first == {"COD": pytest.approx(24 / 288), "Flow": pytest.approx(36 / 288), "pH": 0.0}
    assert date(2026, 11, 1) == DAY.date()


def test_the_index_has_the_names_and_colours_of_the_reports() -> None:
    ours = [(level.least, level.text, level.color) for level in words.WQI_LEVELS]
    assert ours == [(level.least, level.name_vi, level.colour) for level in LEVELS]

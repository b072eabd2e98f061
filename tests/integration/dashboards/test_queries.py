"""Every query of every dashboard on the real database, as the reader, with Grafana's macros expanded."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from dashboards.catalogue import dashboards
from dashboards.grafana import Format, Target
from dashboards.queries import query

Ask = Any
Seed = Any

TARGETS = [
    pytest.param(target, id=f"{dashboard.uid}/{panel.title}/{number}")
    for dashboard in dashboards()
    for panel in dashboard.panels
    for number, target in enumerate(panel.targets)
]
VARIABLES = [pytest.param(v, id=f"{d.uid}/{v.name}") for d in dashboards() for v in d.variables]
HOUR = timedelta(hours=1)


@pytest.fixture
def province(seed: Seed, now: datetime) -> list[str]:
    """One row at least for every panel."""
    seed.limit_set("QCVN40-2011-A", COD=75.0)
    seed.station("A")
    seed.latest("A", "COD", 95.0)
    seed.reading("A", "COD", timedelta(minutes=5), 95.0)
    alert = {"station": "A", "parameter": "COD", "kind": "limit", "opened_at": now, "since": now}
    seed.insert("alerts", **alert, rule="cod", severity="high", explanation_vi="COD vượt", explanation_en="COD over")
    seed.insert(
        "ledger",
        station="A",
        day=(now + timedelta(hours=7)).date(),
        received=1,
        stored=1,
        duplicate=0,
        revision=0,
        dead_letter=0,
        redelivered=0,
    )
    seed.insert("delays", minute=now - HOUR, bucket=40, readings=3)
    hour = {"station": "A", "parameter": "COD", "window": "hour", "usable_count": 12, "expected": 12, "judged_at": now}
    seed.insert("judgements", **hour, window_start=now - 2 * HOUR, mean=95.0, verdict="exceeded", retrospective=True)
    return ["A"]


@pytest.mark.parametrize("target", TARGETS)
def test_a_panel_gets_the_columns_that_it_shows(target: Target, ask: Ask, province: list[str]) -> None:
    columns, rows = ask(target.sql, stations=province, station="A", parameter="COD")
    time = ["time"] if target.format is Format.TIME_SERIES else []
    assert columns == time + [column.name for column in target.columns]
    assert rows
    if time:
        assert all(isinstance(row["time"], datetime) for row in rows)


@pytest.mark.parametrize("target", TARGETS)
def test_a_panel_of_an_empty_database_is_empty_and_no_error(target: Target, ask: Ask) -> None:
    ask(target.sql, interval="1d", back=timedelta(days=90))


@pytest.mark.parametrize("variable", VARIABLES)
def test_a_variable_offers_text_and_value(variable: Any, ask: Ask, province: list[str]) -> None:
    columns, rows = ask(variable.sql, station="A")
    assert columns == ["__text", "__value"]
    assert rows


def test_a_name_with_a_quote_is_a_name(ask: Ask, province: list[str]) -> None:
    assert ask(query("latest"), stations=["A'; DROP TABLE readings; --"])[1] == []


class TestStatuses:
    """Each station in one status, the gravest; limit of COD: 75 x Kq 1.2 x Kf 1.0 = 90 mg/L, of pH: 6-9."""

    @pytest.fixture(autouse=True)
    def stations(self, seed: Seed, now: datetime) -> None:
        seed.limit_set("QCVN40-2011-A", COD=75.0)
        for code, cod, ph in (
            ("GOOD", 71.9, 8.9),
            ("TENDENCY", 72.1, 7.0),
            ("PREPARING", 81.1, 7.0),
            ("AT_LIMIT", 90.0, 7.0),
            ("EXCEED", 90.1, 7.0),
            ("ACID", 40.0, 5.9),
        ):
            seed.station(code)
            seed.latest(code, "COD", cod)
            seed.latest(code, "pH", ph)
        for code, status, flag in (("ADJUSTING", "01", 2), ("ERROR", "02", 2), ("SUSPECT", "00", 3)):
            seed.station(code)
            seed.latest(code, "COD", 500.0, status, flag)
        seed.station("SILENT", received_ago_s=901)
        seed.latest("SILENT", "COD", 500.0)
        seed.station("IN_TIME", received_ago_s=890)
        seed.station("NEVER", received_ago_s=None)
        seed.station("ALARMED")
        seed.latest("ALARMED", "COD", 10.0)
        alert = {"station": "ALARMED", "parameter": "COD", "opened_at": now, "since": now}
        seed.insert("alerts", **alert, rule="a", kind="limit", severity="critical")
        seed.insert("alerts", **alert, rule="b", kind="limit", severity="info")
        seed.insert("alerts", **(alert | {"station": "GOOD"}), rule="c", kind="limit", severity="high", resolved_at=now)
        seed.insert("alerts", **(alert | {"station": "GOOD"}), rule="d", kind="anomaly", severity="high")

    EXPECTED = (
        ("GOOD", 0),
        ("TENDENCY", 1),
        ("PREPARING", 2),
        ("AT_LIMIT", 2),
        ("EXCEED", 3),
        ("ACID", 3),
        ("ADJUSTING", 4),
        ("ERROR", 5),
        ("SUSPECT", 0),
        ("SILENT", 6),
        ("IN_TIME", 0),
        ("NEVER", 6),
        ("ALARMED", 3),
    )

    def test_each_station_has_its_status(self, ask: Ask) -> None:
        for name in ("stations", "map"):
            _, rows = ask(query(name), stations=[code for code, _ in self.EXPECTED])
            assert {row["code"]: row["rank"] for row in rows} == dict(self.EXPECTED)

    def test_counts_add_up_to_all_stations(self, ask: Ask) -> None:
        _, (row,) = ask(query("status_counts"))
        assert row == {
            "good": 3, "tendency": 1, "preparing": 2, "exceed": 3, "adjusting": 1, "error": 1, "offline": 2
        }  # fmt: skip

    def test_open_alerts_are_counted_by_urgency(self, ask: Ask) -> None:
        assert ask(query("open_alert_counts"))[1] == [{"urgent": 2, "other": 1}]
        _, rows = ask(query("stations"), stations=["ALARMED", "GOOD", "EXCEED"])
        assert {row["code"]: row["open_alerts"] for row in rows} == {"ALARMED": 2, "GOOD": 1, "EXCEED": 0}

    def test_the_gravest_alert_stands_first(self, ask: Ask) -> None:
        _, rows = ask(query("open_alerts"), stations=["ALARMED"])
        assert [row["severity"] for row in rows] == ["critical", "info"]

    def test_the_reasons_follow_the_explanation(self, ask: Ask, seed: Seed, now: datetime) -> None:
        seed.station("WHY")
        common = {"station": "WHY", "kind": "anomaly", "severity": "high", "opened_at": now, "triage": "fault"}
        told = {"explanation_vi": "COD bất thường.", "explanation_en": "COD unusual."}
        reasons = {"triage_reasons_vi": ["đứng yên", "chỉ COD"], "triage_reasons_en": ["frozen", "COD alone"]}
        rows = ({}, {name: [] for name in reasons}, reasons)
        for number, more in enumerate(rows):
            seed.insert("alerts", **common, **told, **more, rule=f"r{number}", since=now + timedelta(seconds=number))
        _, shown = ask(query("open_alerts"), stations=["WHY"])
        assert [(row["explanation_vi"], row["explanation_en"]) for row in shown] == [
            ("COD bất thường. Lý do: đứng yên; chỉ COD.", "COD unusual. Reasons: frozen; COD alone."),
            ("COD bất thường.", "COD unusual."),
            ("COD bất thường.", "COD unusual."),
        ]

    def test_only_usable_values_are_compared(self, ask: Ask) -> None:
        _, rows = ask(query("latest"), stations=["EXCEED", "ADJUSTING", "SUSPECT"])
        shares = {row["station"]: row["share"] for row in rows if row["parameter"] == "COD"}
        assert shares["EXCEED"] == pytest.approx(90.1 / 90)
        assert shares["ADJUSTING"] is None
        assert shares["SUSPECT"] is None


@pytest.mark.parametrize(
    ("columns", "permit", "maximum"),
    [
        # Worked examples of QCVN 40:2011/BTNMT: A, Q > 500 m3/s, F = 4,000; B, Q <= 50, F = 6,000.
        ({"kq": 1.2, "kf": 1.0}, [], 90.0),
        ({"kq": 0.9, "kf": 0.9, "limit_set": "B"}, [], 121.5),
        ({"kq": 1.2}, [{"parameter": "COD", "minimum": None, "maximum": 60.0, "source": "GPMT"}], 60.0),
        ({"limit_set": None}, [], None),
        ({"limit_set": "unknown"}, [], None),
    ],
)
def test_the_limit_in_force(
    seed: Seed, ask: Ask, columns: dict[str, object], permit: list[object], maximum: float | None
) -> None:
    seed.limit_set("QCVN40-2011-A", COD=75.0)
    seed.limit_set("B", COD=150.0)
    seed.station("A", permit=permit, **columns)
    _, rows = ask(query("latest"), stations=["A"])
    cod = next(row for row in rows if row["parameter"] == "COD")
    assert cod["maximum"] == (None if maximum is None else pytest.approx(maximum))
    _, ends = ask(query("trend_limits"), station="A", parameter="COD")
    assert [end["maximum"] for end in ends] == [cod["maximum"]] * 2


def test_trend_shows_peaks_and_keeps_unusable_values_apart(seed: Seed, ask: Ask, now: datetime) -> None:
    seed.station("A")
    base = now - (now - datetime(2026, 1, 1, tzinfo=now.tzinfo)) % HOUR - HOUR  # a full hour
    for minute, value, status, flag in (
        (0, 10, "00", 1),
        (5, 30, "00", 2),
        (10, 99, "01", 1),
        (15, 77, "00", 3),
        (20, 88, "00", 4),
    ):
        seed.reading("A", "COD", now - base - timedelta(minutes=minute), value, status=status, flag=flag)
    _, rows = ask(query("trend_readings"), station="A", parameter="COD", interval="1h")
    assert rows == [{"time": base, "usable": 30.0, "suspect": 77.0, "unusable": 99.0}]


def test_readings_are_counted_per_minute(seed: Seed, ask: Ask, now: datetime) -> None:
    seed.station("A")
    base = now - (now - datetime(2026, 1, 1, tzinfo=now.tzinfo)) % HOUR - HOUR
    for second in range(30):
        late = second < 6
        seed.reading("A", "COD", now - base - timedelta(seconds=second), 1.0, flag=1 if second < 20 else 4, late=late)
    _, rows = ask(query("throughput"), stations=["A"], interval="10m")
    assert [(r["time"], float(r["usable"]), float(r["flagged"]), float(r["late"])) for r in rows] == [
        (base, 2.0, 1.0, 0.6)
    ]


def test_delay_quantiles_are_within_ten_percent(seed: Seed, ask: Ask, now: datetime) -> None:
    # 98 readings of about 0.05 s (bucket 41: 0.0498..0.0548 s), 2 of about 3 s (bucket 84: 2.999..3.299 s).
    seed.insert("delays", minute=now - HOUR, bucket=41, readings=98)
    seed.insert("delays", minute=now - HOUR, bucket=84, readings=2)
    _, (row,) = ask(query("delay"))
    assert 0.05 <= row["p50"] <= 0.055
    assert 3.0 <= row["p99"] <= 3.3


def test_loss_is_what_the_loggers_numbered_and_nobody_saw(seed: Seed, ask: Ask, now: datetime) -> None:
    # 0..4 and 7..8 arrived of the first session: 5 and 6 are missing; the second has no gap; the third has not begun.
    for session, seen in (("s1", "{[0,5),[7,9)}"), ("s2", "{[0,3)}"), ("s3", "{}")):
        seed.insert("feeds", station="A", session=session, seen=seen, last_received_at=now)
    _, (row,) = ask(query("residual"))
    assert (row["residual"], row["missing_messages"]) == (0, 2)


def test_the_ledger_is_summed_over_the_chosen_days(seed: Seed, ask: Ask, now: datetime) -> None:
    for days, received in ((0, 10), (1, 20), (9, 40)):
        day = (now + timedelta(hours=7) - timedelta(days=days)).date()
        counts = {"received": received, "stored": received - 2, "duplicate": 1, "revision": 0, "dead_letter": 1}
        seed.insert("ledger", station="A", day=day, **counts, redelivered=3)
    _, (row,) = ask(query("ledger"), back=timedelta(days=2))
    assert row == {
        "station": "A", "received": 30, "stored": 26, "duplicate": 2, "revision": 0, "dead_letter": 2,
        "redelivered": 6, "residual": 0,
    }  # fmt: skip


def test_only_retrospective_exceedances_are_listed(seed: Seed, ask: Ask, now: datetime) -> None:
    seed.station("A")
    for hours, verdict, retrospective in ((1, "exceeded", True), (2, "exceeded", False), (3, "within", True)):
        row = {"station": "A", "parameter": "COD", "window": "hour", "usable_count": 12, "expected": 12}
        start = now - timedelta(hours=hours)
        seed.insert(
            "judgements", **row, window_start=start, verdict=verdict, retrospective=retrospective, judged_at=now
        )
    _, rows = ask(query("retrospective"), stations=["A"])
    assert [row["window_start"] for row in rows] == [now - HOUR]


def test_personal_data_is_out_of_the_readers_reach(ask: Ask) -> None:
    import psycopg

    for sql in ("SELECT contacts FROM stations", "SELECT recipient FROM outbox", "SELECT * FROM station_states"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            ask(sql)

"""Every query of every dashboard on the real database, as the reader, with Grafana's macros expanded."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import psycopg
import pytest

from dashboards import words
from dashboards.catalogue import dashboards
from dashboards.grafana import Format, Target
from dashboards.queries import query
from local.servers import LocalServers
from local.servers.postgres import Postgres
from quantrac.domain.statuses import status_of_rank
from sql import page_rows

from .conftest import seeded

Ask = Any
Seed = Any

TARGETS = [
    pytest.param(target, id=f"{dashboard.uid}/{panel.title}/{number}")
    for dashboard in dashboards()
    for panel in dashboard.panels
    for number, target in enumerate(panel.targets)
]
ALL_TARGETS = [target for d in dashboards() for panel in d.panels for target in panel.targets]
ANNOTATIONS = [pytest.param(a, id=f"{d.uid}/{a.name}") for d in dashboards() for a in d.annotations]
VARIABLES = [pytest.param(v, id=f"{d.uid}/{v.name}") for d in dashboards() for v in d.variables]
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize("target", TARGETS)
def test_a_panel_gets_the_columns_that_it_shows(target: Target, ask_province: Ask) -> None:
    columns, rows = ask_province(target.sql)
    time = ["time"] if target.format is Format.TIME_SERIES else []
    assert columns == time + [column.name for column in target.columns]
    assert rows
    if time:
        assert all(isinstance(row["time"], datetime) for row in rows)


def test_housekeeping_channels_say_their_state_in_words(ask_province: Ask) -> None:
    _, (now_open,) = ask_province(query("station_channels"))
    assert (now_open["kind"], now_open["state"], now_open["since"]) == ("door", "mở", ask_province.now - 2 * HOUR)
    _, changes = ask_province(query("station_channel_changes"))
    assert [(row["state"], row["revised_state"]) for row in changes] == [("mở", None), ("đóng", None), ("mở", "đóng")]
    assert [(row["code"], row["state"]) for row in ask_province(query("channels"))[1]] == [("A", "mở")]


@pytest.mark.parametrize("annotation", ANNOTATIONS)
def test_an_annotation_says_when_and_what(annotation: Any, ask_province: Ask) -> None:
    columns, rows = ask_province(annotation.sql)
    assert columns == ["time", "timeend", "text", "tags"]
    assert rows
    assert all(row["time"] <= row["timeend"] and row["text"] for row in rows)


def test_panels_of_an_empty_database_are_empty_and_no_error(ask: Ask) -> None:
    for target in ALL_TARGETS:
        ask(target.sql, interval="1d", back=timedelta(days=90))


@pytest.mark.parametrize("variable", VARIABLES)
def test_a_variable_offers_text_and_value(variable: Any, ask_province: Ask) -> None:
    columns, rows = ask_province(variable.sql)
    assert columns == ["__text", "__value"]
    assert rows


def test_severities_are_chosen_by_the_words_of_the_tables(ask_province: Ask) -> None:
    _, rows = ask_province(query("variable_severity"))
    assert [(row["__value"], row["__text"]) for row in rows] == [(c.value, c.text.vi) for c in words.SEVERITIES]


def test_a_name_with_a_quote_is_a_name(ask_province: Ask) -> None:
    assert ask_province(query("latest"), stations=["A'; DROP TABLE readings; --"])[1] == []


def in_each_status(seed: Seed) -> None:
    """Stations of one status each."""
    now = seed.now
    seed.limit_set("QCVN40-2011-A", COD=75.0)
    for code, cod, ph in (
        ("GOOD", 71.9, 8.6),
        ("TENDENCY", 72.1, 7.0),
        ("PREPARING", 81.1, 7.0),
        ("AT_LIMIT", 90.0, 7.0),
        ("EXCEED", 90.1, 7.0),
        ("ACID", 40.0, 5.9),
        ("ALKALINE", 40.0, 8.9),
    ):
        seed.station(code)
        seed.latest(code, "COD", cod)
        seed.latest(code, "pH", ph)
    for code, status, flag in (("ADJUSTING", "01", 2), ("ERROR", "02", 2), ("SUSPECT", "00", 3)):
        seed.station(code)
        seed.latest(code, "COD", 500.0, status, flag)
    seed.station("SILENT", received_ago_s=901)
    seed.latest("SILENT", "COD", 500.0)
    seed.station("IN_TIME", received_ago_s=600)
    seed.station("NEVER", received_ago_s=None)
    seed.station("ALARMED")
    seed.latest("ALARMED", "COD", 10.0)
    alert = {"station": "ALARMED", "parameter": "COD", "opened_at": now, "since": now}
    seed.insert("alerts", **alert, rule="a", kind="limit", severity="critical")
    seed.insert("alerts", **alert, rule="b", kind="limit", severity="info")
    seed.insert("alerts", **(alert | {"station": "GOOD"}), rule="c", kind="limit", severity="high", resolved_at=now)
    seed.insert("alerts", **(alert | {"station": "GOOD"}), rule="d", kind="anomaly", severity="high", page=False)
    seed.station("ANOMALOUS")
    seed.insert("alerts", **(alert | {"station": "ANOMALOUS"}), rule="d", kind="anomaly", severity="high")
    seed.station("UNUSABLE")
    due = alert | {"station": "UNUSABLE", "kind": "due"}
    seed.insert("alerts", **due, rule="unusable", severity="high", page=True)
    seed.station("SPARSE")
    seed.insert("alerts", **(due | {"station": "SPARSE"}), rule="unusable", severity="high", page=False)
    seed.station("PARK")
    common = {"opened_at": now, "spread_at": now, "extent": "park", "state": "open", "topic": "water"}
    alarm = seed.returning("alerts", **(alert | {"station": "PARK"}), rule="e", kind="anomaly", severity="info",
                           page=False)  # fmt: skip
    seed.told(seed.incident(alarm, **common, severity="high", paged_at=now), now)
    seed.station("STALE", received_ago_s=60)
    seed.latest("STALE", "COD", 500.0, ago_s=901)
    seed.station("WHY")
    common = {
        "station": "WHY",
        "kind": "anomaly",
        "severity": "high",
        "opened_at": now,
        "triage": "fault",
        "page": False,
    }
    told = {"explanation_vi": "COD bất thường.", "explanation_en": "COD unusual."}
    reasons = {"triage_reasons_vi": ["đứng yên", "chỉ COD"], "triage_reasons_en": ["frozen", "COD alone"]}
    for number, more in enumerate(({}, {name: [] for name in reasons}, reasons)):
        seed.insert("alerts", **common, **told, **more, rule=f"r{number}", since=now + timedelta(seconds=number))


@pytest.fixture(scope="module")
def _statuses(local_servers: LocalServers, _template: str) -> Iterator[Ask]:
    with seeded(local_servers, _template, in_each_status) as asker:
        yield asker


class TestStatuses:
    """Each station in one status, the gravest; limit of COD: 75 x Kq 1.2 x Kf 1.0 = 90 mg/L, of pH: 6-9."""

    @pytest.fixture
    def ask(self, _statuses: Ask, postgres: Postgres) -> Ask:
        return _statuses

    @pytest.fixture
    def now(self, _statuses: Ask) -> datetime:
        instant: datetime = _statuses.now
        return instant

    EXPECTED = (
        ("GOOD", 0),
        ("TENDENCY", 1),
        ("PREPARING", 2),
        ("AT_LIMIT", 2),
        ("EXCEED", 3),
        ("ACID", 3),
        ("ALKALINE", 2),
        ("ADJUSTING", 4),
        ("ERROR", 5),
        ("SUSPECT", 0),
        ("SILENT", 6),
        ("IN_TIME", 0),
        ("NEVER", 6),
        ("ALARMED", 3),
        ("ANOMALOUS", 7),
        ("UNUSABLE", 5),
        ("SPARSE", 0),
        ("PARK", 7),
        ("STALE", 0),
    )

    def test_each_station_has_its_status(self, ask: Ask) -> None:
        _, rows = ask(query("stations"), stations=[code for code, _ in self.EXPECTED])
        assert {row["code"]: row["rank"] for row in rows} == dict(self.EXPECTED)

    def test_the_page_says_the_same(self, ask: Ask, now: datetime) -> None:
        with psycopg.connect(ask.conninfo) as connection:
            rows = page_rows.stations(connection.cursor(), now, None)
        expected = {code: status_of_rank(rank) for code, rank in self.EXPECTED}
        assert {row.code: row.status for row in rows if row.code in expected} == expected

    def test_a_status_says_since_when(self, ask: Ask, now: datetime) -> None:
        _, rows = ask(query("stations"), stations=["SILENT", "NEVER", "ANOMALOUS", "UNUSABLE", "EXCEED", "GOOD"])
        assert {row["code"]: row["since"] for row in rows} == {
            "SILENT": now - timedelta(seconds=901), "NEVER": None, "ANOMALOUS": now, "UNUSABLE": now,
            "GOOD": None,
            "EXCEED": now - timedelta(minutes=1),
        }  # fmt: skip

    def test_a_silent_station_is_not_called_connected(self, ask: Ask) -> None:
        _, rows = ask(query("stations"), stations=["SILENT", "IN_TIME"])
        assert {row["code"]: row["connected"] for row in rows} == {"SILENT": False, "IN_TIME": True}

    def test_a_stale_value_is_grey_and_compared_with_nothing(self, ask: Ask) -> None:
        _, rows = ask(query("latest"), stations=["STALE"])
        stale = next(row for row in rows if row["parameter"] == "COD")
        assert (stale["value"], stale["share"], stale["status"], stale["flag"]) == (500.0, None, "stale", "-")

    def test_counts_add_up_to_all_stations(self, ask: Ask) -> None:
        _, (row,) = ask(query("status_counts"), stations=[code for code, _ in self.EXPECTED])
        assert row == {
            "good": 5, "tendency": 1, "preparing": 3, "exceed": 3, "adjusting": 1, "error": 2, "offline": 2,
            "incident": 2,
        }  # fmt: skip
        _, (row,) = ask(query("status_counts"), stations=["SILENT"])
        assert {name for name, count in row.items() if count} == {"offline"}

    def test_open_alerts_are_counted_by_urgency(self, ask: Ask) -> None:
        stations = ["ALARMED", "GOOD", "EXCEED", "ANOMALOUS", "PARK"]
        assert ask(query("open_alert_counts"), stations=stations)[1] == [{"untaken": 2, "taken": 0, "work_items": 3}]
        _, rows = ask(query("stations"), stations=stations)
        assert {row["code"]: (row["urgent_alerts"], row["work_items"]) for row in rows} == {
            "ALARMED": (1, 1), "GOOD": (0, 1), "EXCEED": (0, 0), "ANOMALOUS": (1, 0), "PARK": (0, 1)
        }  # fmt: skip

    def test_the_gravest_alert_stands_first(self, ask: Ask) -> None:
        _, rows = ask(query("open_alerts"), stations=["ALARMED"])
        assert [row["severity"] for row in rows] == ["critical", "info"]

    def test_the_reasons_follow_the_explanation(self, ask: Ask) -> None:
        _, shown = ask(query("open_alerts"), stations=["WHY"])
        assert [row["explanation"] for row in shown] == [
            "COD bất thường. Lý do: đứng yên; chỉ COD.",
            "COD bất thường.",
            "COD bất thường.",
        ]

    def test_only_usable_values_are_compared(self, ask: Ask) -> None:
        _, rows = ask(query("latest"), stations=["EXCEED", "ADJUSTING", "SUSPECT"])
        shares = {row["name"]: row["share"] for row in rows if row["parameter"] == "COD"}
        assert shares["Trạm EXCEED"] == pytest.approx(90.1 / 90)
        assert shares["Trạm ADJUSTING"] is None
        assert shares["Trạm SUSPECT"] is None


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
    assert cod["limits"] == (None if maximum is None else f"≤ {maximum:g}".replace(".", ","))
    _, ends = ask(query("trend_limits"), station="A", parameter="COD")
    assert [end["maximum"] for end in ends] == [None if maximum is None else pytest.approx(maximum)] * 2


def test_trend_shows_peaks_and_tells_unusable_values_apart(seed: Seed, ask: Ask, now: datetime) -> None:
    seed.limit_set("QCVN40-2011-A", COD=75.0)
    seed.station("A")
    base = now - (now - datetime(2026, 1, 1, tzinfo=now.tzinfo)) % HOUR - HOUR  # a full hour
    values = ((0, 10, "00", 1), (5, 30, "00", 2), (10, 99, "01", 1), (15, 77, "00", 3), (20, 88, "00", 4),
              (25, 66, "02", 1))  # fmt: skip
    for minute, value, status, flag in values:
        at = now - base - timedelta(minutes=minute)
        seed.reading("A", "COD", at, value, status=status, flag=flag)
        seed.reading("A", "pH", at, value / 10, status=status, flag=flag)
    _, rows = ask(query("trend_readings"), station="A", parameter="COD", interval="1h")
    others = {"suspect": 77.0, "bad": 88.0, "calibrating": 99.0, "fault": 66.0}
    assert rows == [{"time": base, "highest": 30.0, "lowest": None, **others}]
    _, (row,) = ask(query("trend_readings"), station="A", parameter="pH", interval="1h")
    assert (row["highest"], row["lowest"]) == (3.0, 1.0)


def test_a_gap_of_the_data_is_a_gap_of_the_line(seed: Seed, ask: Ask, now: datetime) -> None:
    """:: every 5 min   x x x . . . . x   three in a row, then 20 minutes of nothing, then one"""
    seed.station("A")
    base = now - (now - datetime(2026, 1, 1, tzinfo=now.tzinfo)) % HOUR - HOUR
    for minute in (0, 5, 10, 30):
        seed.reading("A", "COD", now - base - timedelta(minutes=minute), float(minute))
    _, rows = ask(query("trend_readings"), station="A", parameter="COD", interval="1m")
    assert [row["highest"] for row in rows] == [0.0, 5.0, 10.0, None, 30.0]


def test_readings_per_minute_come_from_the_sums_of_the_hours(seed: Seed, ask: Ask, now: datetime) -> None:
    base = now - (now - datetime(2026, 1, 1, tzinfo=now.tzinfo)) % HOUR - HOUR
    for station, usable in (("A", 100), ("B", 20)):
        counts = {"usable_sum": 1, "usable_count": usable, "total_count": usable + 60, "late_count": 30}
        seed.insert("reading_hours", station=station, parameter="COD", hour_start=base, **counts)
    _, rows = ask(query("throughput"), stations=["A"], interval="1h")
    assert [(r["time"], *(round(float(r[name]), 3) for name in ("usable", "flagged", "late"))) for r in rows] == [
        (base, 1.667, 1.0, 0.5)
    ]


def test_loss_is_what_the_loggers_numbered_and_nobody_saw(seed: Seed, ask: Ask, now: datetime) -> None:
    # 0..4 and 7..8 arrived of the first session: 5 and 6 are missing; the second has no gap; the third has not begun.
    for session, seen in (("s1", "{[0,5),[7,9)}"), ("s2", "{[0,3)}"), ("s3", "{}")):
        seed.insert("feeds", station="A", session=session, seen=seen, last_received_at=now)
    _, (row,) = ask(query("loss"), stations=["A"])
    assert row == {"missing_messages": 2, "lost_messages": 0, "dead_letters": 0, "deferred": 0}
    # Of five messages that a bridge acknowledged the third and the fourth were never committed.
    key = {"origin": "b", "station": "A", "hour_start": now - HOUR}
    seed.insert("receipts", **key, acknowledged=5, by_file=False, raw_topic="raw", raw_partition=0, last_offset=9)
    seed.insert("receipts_committed", **key, numbers="{[1,3),[5,6)}")
    _, (row,) = ask(query("loss"), stations=["A"])
    assert row["lost_messages"] == 2
    _, (row,) = ask(query("loss"), stations=["B"])
    assert row["missing_messages"] == 0


def test_exceedances_found_live_and_late_stand_in_one_table(seed: Seed, ask: Ask, now: datetime) -> None:
    seed.station("A")
    for hours, verdict, retrospective in ((1, "exceeded", True), (2, "exceeded", False), (3, "within", True)):
        row = {"station": "A", "parameter": "COD", "window": "hour", "usable_count": 12, "expected": 12}
        start = now - timedelta(hours=hours)
        seed.insert(
            "judgements", **row, window_start=start, verdict=verdict, retrospective=retrospective, judged_at=now
        )
    _, rows = ask(query("exceedances"), stations=["A"])
    assert [(row["window_start"], row["retrospective"]) for row in rows] == [
        (now - HOUR, True),
        (now - 2 * HOUR, False),
    ]


def test_on_the_wall_a_slug_of_one_station_does_not_hide_what_is_urgent_elsewhere(
    seed: Seed, ask: Ask, now: datetime
) -> None:
    # A  COD NH4 TSS TN  by limit, newer, and COD by the model as well
    # B  COD             by the model, older
    seed.station("A")
    seed.station("B")
    urgent = {"opened_at": now, "severity": "high", "page": True, "peak_value": 95.0}
    for parameter in ("COD", "NH4", "TSS", "TN", "TP", "Color", "BOD5"):
        seed.insert("alerts", **urgent, station="A", parameter=parameter, since=now, rule="limit", kind="limit")
    seed.insert("alerts", **urgent, station="A", parameter="COD", since=now, rule="anomaly", kind="anomaly")
    seed.insert("alerts", **urgent, station="B", parameter="COD", since=now - HOUR, rule="anomaly", kind="anomaly")
    _, rows = ask(query("wall_alerts"))
    assert len(rows) == 6
    assert [row["label"].split(" · ")[0][-1] for row in rows] == ["A", "B", "A", "A", "A", "A"]
    assert len({row["value"] for row in rows if row["label"].startswith(rows[0]["label"][:3])}) >= 5


def test_a_topic_is_named_without_the_ids_behind_it(seed: Seed, ask: Ask, now: datetime) -> None:
    topic = "quantrac.raw@vUET--p-QDCAsBaFv3Vm3A/46411052-5007-4a5a-9b7b-49b35d727ea8"
    seed.insert("kafka_progress", topic=topic, partition=0, next_offset=7)
    _, (row,) = ask(query("progress"))
    assert row["topic"] == "quantrac.raw"


def test_a_hot_spot_without_an_index_says_why(seed: Seed, ask: Ask, now: datetime) -> None:
    seed.station("R", kind="surface_water")
    _, (row,) = ask(query("wqi_now"), stations=["R"])
    assert row["reason"] == "chưa tính (quantrac run reporter)"
    _, (row,) = ask(query("wqi_hours"), stations=["R"])
    assert (row["metric"][-1], row["index"], row["time"]) == ("R", None, now)


def test_an_incident_names_the_one_that_was_closed_before_it(seed: Seed, ask: Ask, now: datetime) -> None:
    seed.station("A")
    common = {"opened_at": now, "spread_at": now, "extent": "station", "topic": "water", "severity": "high"}
    before = None
    for rule, more in (
        ("first", {"state": "closed", "closed_at": now, "cause": "pollution"}),
        ("then", {"state": "open"}),
    ):
        alert = {
            "station": "A",
            "parameter": "COD",
            "kind": "limit",
            "opened_at": now,
            "since": now,
            "severity": "high",
        }
        before = seed.incident(seed.returning("alerts", **alert, rule=rule), **common, **more, follows=before)
    _, rows = ask(query("incidents"), stations=["A"], severity=["high"])
    assert [row["follows"] for row in rows] == [rows[1]["id"], None]


def test_an_alert_is_not_told_before_it_began(seed: Seed, ask: Ask, now: datetime) -> None:
    """The incident was paged a minute before its second alert opened."""
    seed.station("A")
    minute = timedelta(minutes=1)
    common = {"opened_at": now, "spread_at": now, "extent": "station", "topic": "water", "severity": "high"}
    for rule, opened in (("first", now - 2 * minute), ("then", now)):
        alert = {"station": "A", "parameter": "COD", "kind": "limit", "severity": "high", "since": opened}
        number = seed.returning("alerts", **alert, rule=rule, opened_at=opened)
        seed.told(seed.incident(number, **common, state="open"), now - minute)
    for name in ("open_alerts", "alert_history", "station_alerts"):
        _, rows = ask(query(name), stations=["A"], station="A", severity=["high"])
        assert {row["since"]: row["told_at"] for row in rows} == {now - 2 * minute: now - minute, now: None}


def test_an_alert_is_told_although_the_clock_of_the_step_is_behind_the_workers(
    seed: Seed, ask: Ask, now: datetime
) -> None:
    # worker's clock    0 opened               60 opened    120 opened
    # step's (-3 s)     -3 placed and paged    57 placed    117 placed and paged
    seed.station("A")
    behind = timedelta(seconds=3)
    common = {"opened_at": now, "spread_at": now, "extent": "station", "topic": "water", "severity": "high"}
    alert = {"station": "A", "parameter": "COD", "kind": "limit", "severity": "high"}
    opened = [now - 2 * MINUTE, now - MINUTE, now]
    incident = None
    for number, at in enumerate(opened):
        incident = seed.placed(
            seed.returning("alerts", **alert, rule=f"r{number}", since=at, opened_at=at),
            at - behind,
            incident,
            **common,
        )
        if number != 1:
            seed.told(incident, at - behind)
    for name in ("open_alerts", "alert_history", "station_alerts"):
        _, rows = ask(query(name), stations=["A"], station="A", severity=["high"])
        told = {row["since"]: row["told_at"] for row in rows}
        assert told == {opened[0]: opened[0] - behind, opened[1]: now - behind, now: now - behind}, name


def test_the_newest_reading_is_never_in_the_future(seed: Seed, ask: Ask, now: datetime) -> None:
    seed.insert("delays", minute=now.replace(second=0, microsecond=0), bucket=40, readings=3)
    _, (row,) = ask(query("operations_now"))
    assert 0 <= row["silent_min"] < 1


def test_personal_data_is_out_of_the_readers_reach(ask: Ask) -> None:
    for sql in ("SELECT contacts FROM stations", "SELECT recipient FROM outbox", "SELECT * FROM station_states"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            ask(sql)

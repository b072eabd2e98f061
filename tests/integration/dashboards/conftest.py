"""Grafana's part of a query, as its PostgreSQL data source does it, and a database to ask."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from alerts.effective_limits import effective_limits
from local.servers import LocalServers
from local.servers.postgres import Postgres
from quantrac.endpoints import DatabaseEndpoint
from sql.catalogue import refresh_effective_limits

# The macro expression of Grafana's data source: a name and arguments without a closing parenthesis.
MACRO = re.compile(r"\$([_a-zA-Z0-9]+)\(([^)]*)\)")
UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 86400}

Rows = list[dict[str, Any]]

DOOR = json.dumps([{"code": "Door", "kind": "door", "states": [[0, "đóng"], [1, "mở"]], "aliases": []}])


def interpolated(sql: str, variables: Mapping[str, str | Sequence[str]], interval: str) -> str:
    """What the browser does: template variables and the interval."""
    seconds = int(interval[:-1]) * UNITS_S[interval[-1]]
    sql = sql.replace("$__interval_ms", str(1000 * seconds)).replace("$__interval", interval)

    def replaced(match: re.Match[str]) -> str:
        value = variables[match[1]]
        values = [value] if isinstance(value, str) else value
        return ",".join("'" + v.replace("'", "''") + "'" for v in values) or "''"

    sql = re.sub(r"\$\{(\w+):sqlstring\}", replaced, sql)
    assert "${" not in sql
    return sql


def macros_expanded(sql: str, start: datetime, end: datetime) -> str:
    """What Grafana's server does, with ``timescaledb`` switched on in the data source."""

    def replaced(match: re.Match[str]) -> str:
        name, args = match[1], [a.strip(" ") for a in match[2].split(",")]
        if name == "__timeGroup" and sql[match.end() : match.end() + 1] == ",":
            name = "__timeGroupAlias"  # for dashboards older than Grafana 5.3
        if name == "__timeFilter":
            return f"{args[0]} BETWEEN '{start.isoformat()}' AND '{end.isoformat()}'"
        if name in {"__timeFrom", "__timeTo"}:
            return f"'{(start if name == '__timeFrom' else end).isoformat()}'"
        if name in {"__timeGroup", "__timeGroupAlias"}:
            amount = args[1].strip("'")
            seconds = int(amount[:-1]) * UNITS_S[amount[-1]]
            alias = ' AS "time"' if name == "__timeGroupAlias" else ""
            return f"time_bucket('{seconds:.3f}s',{args[0]}){alias}"
        raise AssertionError(f"unknown macro {name}")

    return MACRO.sub(replaced, sql)


class Asker:
    """Runs panels' SQL as Grafana does: read only, as the reader role."""

    def __init__(self, conninfo: str, now: datetime, owner: str | None = None) -> None:
        self.conninfo = conninfo
        self._owner = owner
        self.now = now
        self.variables: dict[str, str | Sequence[str]] = dict.fromkeys(
            ("stations", "station", "parameter", "park", "kind", "severity"), ""
        )

    def __call__(
        self, sql: str, *, back: timedelta = timedelta(hours=6), interval: str = "1m", **variables: str | Sequence[str]
    ) -> tuple[list[str], Rows]:
        """Return the names of the columns and the rows."""
        if self._owner is not None:
            refresh_effective_limits(self._owner, effective_limits)
        sql = interpolated(sql, {**self.variables, **variables}, interval)
        sql = macros_expanded(sql, self.now - back, self.now)
        # Grafana sends the text as it is: no parameters, so '%' stands for itself.
        with psycopg.connect(self.conninfo, row_factory=dict_row, options="-c TimeZone=UTC") as connection:
            cursor = connection.execute(sql.encode())
            return [column.name for column in cursor.description or ()], cursor.fetchall()


class Seed:
    """Inserts rows as the owner, with what a test does not care about filled in."""

    def __init__(self, connection: psycopg.Connection[Any], owner: str, now: datetime) -> None:
        self._connection = connection
        self._owner = owner
        self.now = now
        self._offset = 0

    def insert(self, table: str, **values: object) -> None:
        columns = ", ".join(f'"{c}"' for c in values)
        places = ", ".join(["%s"] * len(values))
        self._connection.execute(f"INSERT INTO {table} ({columns}) VALUES ({places})".encode(), list(values.values()))

    def limit_set(self, code: str, **maximum: float) -> None:
        key = {"code": code, "effective_from": "2012-02-15"}
        self.insert("limit_sets", **key, title_vi=code, title_en=code, source="QCVN 40:2011/BTNMT")
        for position, (parameter, value) in enumerate({"pH": 9.0, **maximum}.items()):
            self.insert(
                "limit_values",
                limit_set=code,
                effective_from="2012-02-15",
                position=position,
                parameter=parameter,
                unit="" if parameter == "pH" else "mg/L",
                minimum=6.0 if parameter == "pH" else None,
                maximum=value,
                coefficients_apply=parameter != "pH",
            )

    def station(
        self,
        code: str,
        *,
        received_ago_s: float | None = 60,
        permit: object = (),
        parameters: Sequence[str] = ("COD", "pH"),
        **columns: object,
    ) -> None:
        row: dict[str, object] = {
            "code": code,
            "effective_from": "2025-07-01",
            "name_vi": f"Trạm {code}",
            "name_en": f"Station {code}",
            "kind": "effluent",
            "operator": "minh họa",
            "longitude": 105.7,
            "latitude": 10.3,
            "limit_set": "QCVN40-2011-A",
            "kq": 1.2,
            "permit_limits": json.dumps(permit or []),
        }
        self.insert("stations", **(row | columns))
        for position, parameter in enumerate(parameters):
            self.insert(
                "sensors",
                station=code,
                effective_from="2025-07-01",
                position=position,
                parameter=parameter,
                unit={"COD": "mg/L", "Flow": "m3/h"}.get(parameter, ""),
                cadence_s=300,
            )
        if received_ago_s is not None:
            at = self.now - timedelta(seconds=received_ago_s)
            self.insert("station_presence", station=code, online=True, last_received_at=at, last_observed_at=at)

    def returning(self, table: str, **values: object) -> int:
        """Insert a row and return its id."""
        self.insert(table, **values)
        row = self._connection.execute(f"SELECT max(id) FROM {table}".encode()).fetchone()
        assert row is not None
        return int(row[0])

    def incident(self, alert: int, **values: object) -> int:
        """An incident with one alert."""
        incident = self.returning("incidents", **values)
        self._join(incident, alert)
        return incident

    def placed(self, alert: int, at: datetime, incident: int | None = None, **values: object) -> int:
        """An alert that the step has put into an incident, or into one of its own."""
        incident = incident or self.returning("incidents", state="open", **values)
        change = self._join(incident, alert)
        self.insert("incident_transitions", transition_id=change, incident_id=incident, reason="new", at=at)
        return incident

    def _join(self, incident: int, alert: int) -> int:
        at = self.now
        change = self.returning(
            "alert_transitions", alert_id=alert, kind="opened", reason="r", observed_at=at, severity="high"
        )
        member = {"incident_id": incident, "alert_id": alert, "transition_id": change, "joined_at": at, "counts": True}
        self.insert("incident_alerts", **member)
        return change

    def told(self, incident: int, at: datetime) -> None:
        """Officers are paged of an incident."""
        self.insert("incident_events", incident_id=incident, at=at, actor="", what="page", reason="opened")

    def latest(
        self, station: str, parameter: str, value: float | None, status: str = "00", flag: int = 1, ago_s: float = 60
    ) -> None:
        at = self.now - timedelta(seconds=ago_s)
        row = {"station": station, "parameter": parameter, "observed_at": at, "received_at": at, "value": value}
        self.insert("latest_readings", **row, status=status, flag=flag)

    def reading(
        self,
        station: str,
        parameter: str,
        ago: timedelta,
        value: float,
        *,
        status: str = "00",
        flag: int = 1,
        late: bool = False,
        reasons: list[str] | None = None,
    ) -> None:
        at = self.now - ago
        self._offset += 1
        row = {"station": station, "parameter": parameter, "observed_at": at, "received_at": at, "value": value}
        row |= {"status": status, "flag": flag, "late": late, "reasons": reasons}
        self.insert("readings", **row, raw_partition=0, raw_offset=self._offset)

    def revise(self, *, raw_offset: int, value: float) -> None:
        """A reading is sent again with another value, in the next record."""
        self._offset += 1
        places = {"was": raw_offset, "now": self._offset, "value": value, "at": self.now}
        with self._connection.transaction():
            self._connection.execute(
                "INSERT INTO reading_revisions (station, parameter, observed_at, received_at, value, status, flag,"
                " raw_partition, raw_offset, replaced_at, replaced_by_partition, replaced_by_offset)"
                " SELECT station, parameter, observed_at, received_at, value, status, flag, raw_partition, raw_offset,"
                " %(at)s, 0, %(now)s FROM readings WHERE raw_offset = %(was)s",
                places,
            )
            self._connection.execute(
                "UPDATE readings SET value = %(value)s, raw_offset = %(now)s WHERE raw_offset = %(was)s", places
            )


@contextmanager
def seeded(servers: LocalServers, template: str, fill: Callable[[Seed], None]) -> Iterator[Asker]:
    """A database filled once, for tests that only read."""
    postgres, name = servers.postgres, f"test_{uuid.uuid4().hex[:12]}"
    endpoint = postgres.create_database(name, template)
    with psycopg.connect(endpoint.owner, autocommit=True) as connection:
        row = connection.execute("SELECT now()").fetchone()
        assert row is not None
        seed = Seed(connection, endpoint.owner, row[0])
        fill(seed)
        refresh_effective_limits(endpoint.owner, effective_limits)
    yield Asker(endpoint.reader, row[0])
    postgres.drop_database(name)


@pytest.fixture(scope="module")
def _province(local_servers: LocalServers, _template: str) -> Iterator[Asker]:
    """Stations in every status, with a past."""
    with seeded(local_servers, _template, province) as asker:
        asker.variables |= {"stations": ["A", "B", "C", "R"], "station": "A", "parameter": "COD", "park": "KCN"}
        asker.variables["severity"] = ["critical", "high", "warning", "info"]
        yield asker


@pytest.fixture
def ask_province(_province: Asker, postgres: Postgres) -> Asker:
    """Ask about the province that has something for every panel."""
    return _province


def province(seed: Seed) -> None:
    """One row at least for every panel."""
    now, hour = seed.now, timedelta(hours=1)
    full = now - (now - datetime(2026, 1, 1, tzinfo=now.tzinfo)) % hour - 2 * hour
    seed.limit_set("QCVN40-2011-A", COD=75.0)
    for code in ("A", "B", "C"):
        seed.station(code, park="KCN", parameters=("COD", "pH", "Flow"), channels=DOOR)
    seed.station("R", kind="surface_water", limit_set=None)
    for code, cod in (("A", 95.0), ("B", 40.0), ("R", 10.0)):
        seed.latest(code, "COD", cod)
        seed.latest(code, "pH", 7.0)
    for minutes, value in ((5, 95.0), (10, 95.0), (60, 1.0)):
        seed.reading("A", "COD", timedelta(minutes=minutes), value)
    seed.revise(raw_offset=3, value=95.0)
    seed.reading("A", "pH", timedelta(minutes=5), 7.0, status="01")
    seed.reading("A", "COD", now - full - timedelta(minutes=7), 9000.0, flag=4, reasons=["range_sensor"])
    for parameter in ("COD", "pH", "Flow"):
        counts = {"usable_sum": 120, "usable_count": 12, "total_count": 13, "late_count": 1}
        seed.insert("reading_hours", station="A", parameter=parameter, hour_start=full, **counts)
    judged = {"usable_count": 12, "expected": 12, "judged_at": now, "mean": 95.0, "verdict": "exceeded"}
    for window in ("hour", "day"):
        key = {"station": "A", "parameter": "COD", "window": window, "window_start": now - 2 * hour}
        seed.insert("judgements", **key, **judged, retrospective=True, limit_maximum=90.0)
        found = {"value": 80, "reason": "", "parameters": ["COD", "pH"], "judged_count": 2, "judged_until": now}
        seed.insert("wqi", station="R", window=window, window_start=now - 2 * hour, **found)
    _alarms(seed)
    _operations(seed)


def _alarms(seed: Seed) -> None:
    now, hour = seed.now, timedelta(hours=1)
    alert = {"station": "A", "parameter": "COD", "kind": "limit", "opened_at": now - hour, "since": now - hour}
    told = {"explanation_vi": "COD vượt", "explanation_en": "COD over", "limit_maximum": 90.0, "value": 95.0}
    stuck = alert | {"kind": "fault", "parameter": "pH", "rule": "stuck"}
    seed.insert("alerts", **stuck, severity="warning", page=False)
    common = {"spread_at": now - hour, "extent": "station", "topic": "water", "severity": "high"}
    common |= {"opened_at": now - hour, "paged_at": now - hour}
    for rule, more in (
        ("cod", {"state": "acknowledged", "holder": "an"}),
        ("old", {"state": "closed", "closed_at": now, "cause": "pollution"}),
    ):
        alarm = seed.returning("alerts", **alert, **told, rule=rule, severity="high")
        incident = seed.incident(alarm, **common, **more)
        seed.told(incident, now - hour)
        event = {"incident_id": incident, "at": now - hour / 2, "actor": "an", "what": "acknowledge"}
        seed.insert("incident_events", **event, reason="done")
        mail = {
            "message_id": rule,
            "channel": "smtp",
            "recipient": "x@example",
            "subject": "s",
            "text": "t",
            "created_at": now,
        }
        seed.insert("outbox", **mail, incident_id=incident, notice="page", person="an", sent_at=now)


def _operations(seed: Seed) -> None:
    now, hour = seed.now, timedelta(hours=1)
    counts = {"received": 5, "stored": 4, "duplicate": 0, "revision": 0, "dead_letter": 1, "redelivered": 0}
    seed.insert("ledger", station="A", day=(now + 7 * hour).date(), **counts)
    seed.insert("delays", minute=now - hour, bucket=40, readings=3)
    letter = {"station": "A", "stage": "decode", "reason": "not_json", "detail": "x", "payload": b"x"}
    seed.insert("dead_letters", **letter, content_type="", mqtt_topic="t", received_at=now - hour, raw_partition=0,
                raw_offset=9, refusals="[]")  # fmt: skip
    seed.insert("kafka_progress", topic="raw", partition=0, next_offset=9, shared_offset=7)
    gone = {"topic": "raw", "partition": 0, "kind": "lost", "first_offset": 3, "beyond_offset": 5}
    seed.insert("raw_log_breaks", **gone, noticed_at=now, told="x")
    seed.insert("outages", kind="line", park="KCN", since=now - hour)
    seed.insert("feeds", station="A", session="s", seen="{[0,5),[7,9)}", last_received_at=now)
    for hours, state in ((3, 0), (2, 1)):
        span = {"since": now - hours * hour, "until": now - (hours - 1) * hour, "state": state}
        seed.insert("channel_spans", station="A", channel="Door", **span)
    was = {"since": now - 3 * hour, "until": now - 2.5 * hour, "state": 1, "observed_at": now - 2.7 * hour}
    by = {"replaced_at": now - hour, "replaced_by_partition": 0, "replaced_by_offset": 8, "revised_state": 0}
    seed.insert("channel_revisions", station="A", channel="Door", **was, **by)


@pytest.fixture
def now(database: DatabaseEndpoint) -> datetime:
    """The database's own instant: its ``now()`` decides who is offline."""
    with psycopg.connect(database.owner) as connection:
        row = connection.execute("SELECT now()").fetchone()
    assert row is not None
    assert isinstance(row[0], datetime)
    return row[0]


@pytest.fixture
def seed(database: DatabaseEndpoint, now: datetime) -> Iterator[Seed]:
    with psycopg.connect(database.owner, autocommit=True) as connection:
        yield Seed(connection, database.owner, now)


@pytest.fixture
def ask(database: DatabaseEndpoint, now: datetime) -> Callable[..., tuple[list[str], Rows]]:
    return Asker(database.reader, now, database.owner)

"""Grafana's part of a query, as its PostgreSQL data source does it, and a database to ask."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from alerts.effective_limits import effective_limits
from quantrac.endpoints import DatabaseEndpoint
from sql.catalogue import refresh_effective_limits

# The macro expression of Grafana's data source: a name and arguments without a closing parenthesis.
MACRO = re.compile(r"\$([_a-zA-Z0-9]+)\(([^)]*)\)")
UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 86400}

Rows = list[dict[str, Any]]


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

    def __init__(self, conninfo: str, now: datetime) -> None:
        self._conninfo = conninfo
        self.now = now
        self.variables: dict[str, str | Sequence[str]] = {"stations": [], "station": "", "parameter": ""}

    def __call__(
        self, sql: str, *, back: timedelta = timedelta(hours=6), interval: str = "1m", **variables: str | Sequence[str]
    ) -> tuple[list[str], Rows]:
        """Return the names of the columns and the rows."""
        sql = interpolated(sql, {**self.variables, **variables}, interval)
        sql = macros_expanded(sql, self.now - back, self.now)
        # Grafana sends the text as it is: no parameters, so '%' stands for itself.
        with psycopg.connect(self._conninfo, row_factory=dict_row, options="-c TimeZone=UTC") as connection:
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

    def station(self, code: str, *, received_ago_s: float | None = 60, permit: object = (), **columns: object) -> None:
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
        for position, parameter in enumerate(("COD", "pH")):
            self.insert(
                "sensors",
                station=code,
                effective_from="2025-07-01",
                position=position,
                parameter=parameter,
                unit="mg/L" if parameter == "COD" else "",
                cadence_s=300,
            )
        refresh_effective_limits(self._owner, effective_limits)
        if received_ago_s is not None:
            at = self.now - timedelta(seconds=received_ago_s)
            self.insert("station_presence", station=code, online=True, last_received_at=at, last_observed_at=at)

    def latest(self, station: str, parameter: str, value: float | None, status: str = "00", flag: int = 1) -> None:
        at = self.now - timedelta(minutes=1)
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
    ) -> None:
        at = self.now - ago
        self._offset += 1
        row = {"station": station, "parameter": parameter, "observed_at": at, "received_at": at, "value": value}
        self.insert("readings", **row, status=status, flag=flag, late=late, raw_partition=0, raw_offset=self._offset)


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
    return Asker(database.reader, now)

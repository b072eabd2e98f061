"""The limits that a dashboard shows are those by which alerts judge: for every sensor of the sample province."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from alerts.limits import limit_for, load_limit_sets, packaged_limits
from dashboards.queries import query
from quantrac.domain.stations import VIETNAM
from quantrac.endpoints import DatabaseEndpoint
from quantrac.registry import load_registry, registry_sha256, sample_province
from sql.catalogue import import_limit_sets, import_registry


def test_dashboards_and_alerts_agree_on_every_limit(database: DatabaseEndpoint, ask: Any) -> None:
    registry = load_registry([sample_province()])
    limit_sets = load_limit_sets([packaged_limits()])
    import_registry(database.owner, registry, registry_sha256(registry))
    import_limit_sets(database.owner, limit_sets)
    today: date = ask.now.astimezone(VIETNAM).date()

    _, rows = ask(query("latest"), stations=[s.code for s in registry.stations])
    shown = {(row["station"], row["parameter"]): (row["minimum"], row["maximum"]) for row in rows}

    assert len(shown) == sum(len(s.sensors) for s in registry.stations)
    judged = 0
    for station in registry.stations:
        for sensor in station.sensors:
            limit = limit_for(station, sensor.parameter, today, limit_sets) if sensor.parameter != "Flow" else None
            minimum, maximum = shown[station.code, sensor.parameter]
            assert minimum == (limit and limit.minimum)
            assert maximum == pytest.approx(limit and limit.maximum)
            judged += limit is not None
    assert judged >= 60

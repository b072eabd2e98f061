"""Why a reading pages somebody, and why another does not: from the logger to the officer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from quantrac.domain.incidents import HoldWindow, WindowKind
from sql.station_rows import AlertAt, ReadingAt
from web.stations.why import Why, steps_of

AT = datetime(2026, 11, 23, 3, tzinfo=UTC)


def reading(**changed: Any) -> ReadingAt:
    return ReadingAt("COD", AT, AT, 99.0, "00", 1, False, 0.1, None, None, 90.0, "QCVN")._replace(**changed)


def alert(**changed: Any) -> AlertAt:
    return AlertAt(1, "cod_limit", "limit", True, False, "", "", 7, "opened", AT)._replace(**changed)


@pytest.mark.parametrize(("met", "alerts", "expected"), [
    (reading(), [alert()], [Why.BEYOND, Why.TOLD]),
    (reading(value=50.0), [], [Why.WITHIN, Why.NO_ALERT]),
    (reading(late=True), [alert(retrospective=True)], [Why.LATE, Why.BEYOND, Why.RETROSPECTIVE]),
    (reading(status="01"), [], [Why.NOT_MEASURING, Why.NO_ALERT]),
    (reading(flag=4, reasons=["spike"]), [], [Why.FLAGGED, Why.NO_ALERT]),
    (reading(maximum=None), [], [Why.NO_LIMIT, Why.NO_ALERT]),
    (reading(), [alert(page=False)], [Why.BEYOND, Why.WORK_ITEM]),
    (reading(), [alert(paged_at=None, incident_reason="in_window")], [Why.BEYOND, Why.NOT_TOLD]),
])  # fmt: skip
def test_each_reason_has_its_name(met: ReadingAt, alerts: list[AlertAt], expected: list[Why]) -> None:
    assert [s.why for s in steps_of(met, alerts, [], "COD")] == expected


def test_a_window_of_the_sensor_is_named_and_one_of_another_is_not() -> None:
    hour = timedelta(hours=1)
    own = HoldWindow(1, WindowKind.CALIBRATION, "S", "COD", AT - hour, AT + hour, by="an")
    other = HoldWindow(2, WindowKind.CALIBRATION, "S", "pH", AT - hour, AT + hour, by="an")
    assert [s.why for s in steps_of(reading(), [], [own, other], "COD")] == [Why.BEYOND, Why.NO_ALERT, Why.IN_WINDOW]
    assert [s.why for s in steps_of(None, [], [own], "COD")] == [Why.NO_READING]

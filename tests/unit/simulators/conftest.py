"""Two small stations: an effluent under QCVN 40:2011 column A, and a hot spot of surface water."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from quantrac.domain.stations import Station, StationKind
from tests.factories import station

START = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)  # a Monday, 10:00 in Vietnam


@pytest.fixture
def effluent() -> Station:
    return station(
        "DT_A_NUOSXL", ("Flow", "Temp", "pH", "TSS", "COD", "NH4", "TN", "TP"),
        limit_set="QCVN40-2011-A", kq=1.2, kf=1.0, permit_flow_m3_per_day=4000.0,
    )  # fmt: skip


@pytest.fixture
def canal() -> Station:
    parameters = ("DO", "pH", "Temp", "TSS", "COND", "TURB", "NH4")
    return station("DT_B_NUOMAT", parameters, kind=StationKind.SURFACE_WATER)


@pytest.fixture
def start() -> datetime:
    return START

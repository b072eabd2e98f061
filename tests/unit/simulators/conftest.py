"""Two small stations: an effluent under QCVN 40:2011 column A, and a hot spot of surface water."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from quantrac.domain.stations import Sensor, Station, StationKind

START = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)  # a Monday, 10:00 in Vietnam


def station(code: str, kind: StationKind, parameters: tuple[str, ...], **more: object) -> Station:
    return Station(
        code=code, effective_from=date(2026, 1, 1), name_vi=code, name_en=code, kind=kind, operator="-",
        longitude=105.7, latitude=10.3, sensors=tuple(Sensor(p, "mg/L") for p in parameters), **more,  # type: ignore[arg-type]
    )  # fmt: skip


@pytest.fixture
def effluent() -> Station:
    return station(
        "DT_A_NUOSXL", StationKind.EFFLUENT, ("Flow", "Temp", "pH", "TSS", "COD", "NH4", "TN", "TP"),
        limit_set="QCVN40-2011-A", kq=1.2, kf=1.0, permit_flow_m3_per_day=4000.0,
    )  # fmt: skip


@pytest.fixture
def canal() -> Station:
    return station("DT_B_NUOMAT", StationKind.SURFACE_WATER, ("DO", "pH", "Temp", "TSS", "COND", "TURB", "NH4"))


@pytest.fixture
def start() -> datetime:
    return START

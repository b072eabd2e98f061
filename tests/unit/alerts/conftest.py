"""A station whose limits are the worked example of the regulation: COD 75 × 1.2 × 1.0 = 90 mg/L."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Protocol

import pytest

from alerts.engine import StationAlerts
from alerts.limits import load_limit_sets, packaged_limits
from alerts.rules import Rule, load_rules, packaged_rules
from quantrac.domain.limits import LimitSet
from quantrac.domain.readings import CheckedReading, Flag, Reading, Status
from quantrac.domain.stations import Sensor, Station
from quantrac.domain.words import Bilingual
from tests import factories

START = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
"""10:00 in Vietnam."""
CADENCE = timedelta(minutes=5)


ABOVE = Bilingual("cao hơn mức nền", "above the baseline")


class Class(StrEnum):
    POLLUTION = "pollution"
    FAULT = "fault"


@dataclass(frozen=True)
class FakeTriage:
    cls: Class = Class.POLLUTION
    probability: float = 0.93
    reasons: tuple[Bilingual, ...] = (
        Bilingual("COD, NH4 cùng tăng", "COD, NH4 rose together"),
        Bilingual("tăng dần", "rose gradually"),
        Bilingual("trạm bên cạnh bình thường", "the neighbour is normal"),
    )


@dataclass(frozen=True)
class FakeScore:
    """What a model says; the real ones are in ``models``, which ``alerts`` may not import."""

    probability: float | None = 0.9
    alarm: bool = True
    harmful: bool = True
    text: Bilingual = ABOVE
    level: float = 50.0
    triage: FakeTriage | None = FakeTriage()
    alone: bool = False


@pytest.fixture(scope="session")
def limit_sets() -> tuple[LimitSet, ...]:
    return load_limit_sets([packaged_limits()])


@pytest.fixture(scope="session")
def rules() -> tuple[Rule, ...]:
    return load_rules([packaged_rules()])


@pytest.fixture(scope="session")
def station() -> Station:
    sensors = [
        Sensor(p, u) for p, u in (("COD", "mg/L"), ("pH", ""), ("NH4", "mg/L"), ("Flow", "m³/h"), ("TSS", "mg/l"))
    ]
    return factories.station(
        "DT_KCNSADEC_NUOSXL",
        sensors,
        name_vi="KCN Sa Đéc",
        name_en="Sa Đéc industrial park",
        operator="Công ty hạ tầng",
        park="KCN Sa Đéc",
        permit_flow_m3_per_day=4000,
        limit_set="QCVN40-2011-A",
        kq=1.2,
        kf=1.0,
    )


@pytest.fixture
def alerts(station: Station, rules: tuple[Rule, ...], limit_sets: tuple[LimitSet, ...]) -> StationAlerts:
    return StationAlerts(station, rules, limit_sets)


class Checked(Protocol):
    """Makes a reading at ``index`` cadences after the start."""

    def __call__(
        self, index: float, value: float | None, parameter: str = "COD", *, flag: Flag = Flag.GOOD,
        status: Status = Status.MEASURING, late: bool = False,
    ) -> CheckedReading: ...  # fmt: skip


@pytest.fixture(scope="session")
def checked() -> Checked:
    def make(
        index: float, value: float | None, parameter: str = "COD", *, flag: Flag = Flag.GOOD,
        status: Status = Status.MEASURING, late: bool = False,
    ) -> CheckedReading:  # fmt: skip
        at = START + index * CADENCE
        reading = Reading("DT_KCNSADEC_NUOSXL", parameter, at, at, value, status)
        return CheckedReading(reading, flag, late=late)

    return make


@pytest.fixture(scope="session")
def at() -> Callable[[float], datetime]:
    return lambda index: START + index * CADENCE


@pytest.fixture(scope="session")
def fault() -> FakeTriage:
    return FakeTriage(Class.FAULT, 0.8, (Bilingual("COD đứng yên", "COD stands still"),))


@pytest.fixture(scope="session")
def score() -> type[FakeScore]:
    return FakeScore

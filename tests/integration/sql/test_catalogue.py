from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from alerts.effective_limits import effective_limits
from quantrac.domain.limits import LimitSet, LimitValue
from quantrac.domain.stations import PermitLimit, QcThresholds, Registry, Sensor
from quantrac.endpoints import DatabaseEndpoint
from quantrac.errors import StoreError
from sql import catalogue
from sql.catalogue import RuleDocument
from tests.factories import station

STATION = station(
    "DT_A_NUOSXL",
    (
        Sensor("pH", "", 60.0, ("PH", "ph"), 1.0, QcThresholds(0, 14, 5.5, 9.5, 0.01, 900, 3600, 0.01)),
        Sensor("COD", "mg/L"),
    ),
    park="KCN A",
    old_codes=("DT_OLD",),
    permit_flow_m3_per_day=1200.5,
    limit_set="QCVN40-2011-A",
    kq=0.9,
    kf=1.1,
    permit_limits=(PermitLimit("COD", None, 60.0, "GPMT 12/2025"),),
    contacts=("truc-ban@example.vn",),
    illustration=True,
)
LATER = replace(STATION, effective_from=date(2026, 6, 1), kq=1.0)
OTHER = replace(STATION, code="DT_B", sensors=(), permit_limits=(), park=None, limit_set=None, contacts=())


def test_a_registry_reads_back_as_it_was(database: DatabaseEndpoint) -> None:
    registry = Registry((STATION, LATER, OTHER))
    assert catalogue.load_registry(database.writer) == Registry((), 0)
    assert catalogue.import_registry(database.owner, registry, "x", effective_limits) == 1
    assert catalogue.load_registry(database.writer) == Registry((STATION, LATER, OTHER), 1)


def test_the_reader_sees_no_contacts(database: DatabaseEndpoint) -> None:
    catalogue.import_registry(database.owner, Registry((STATION,)), "x", effective_limits)
    assert catalogue.load_registry(database.reader).stations == (replace(STATION, contacts=()),)


def test_the_version_grows_only_with_the_content(database: DatabaseEndpoint) -> None:
    for registry, version in (
        (Registry((STATION,)), 1),
        (Registry((STATION,)), 1),
        (Registry((LATER,)), 2),  # the old version stays
        (Registry((STATION, LATER)), 2),
        (Registry((replace(LATER, sensors=STATION.sensors[:1]),)), 3),
        (Registry((replace(LATER, contacts=("b@example.vn",)),)), 4),
    ):
        assert catalogue.import_registry(database.owner, registry, "x", effective_limits) == version
        assert catalogue.registry_version(database.reader) == version
    assert [s.effective_from for s in catalogue.load_registry(database.reader).stations] == [
        STATION.effective_from,
        LATER.effective_from,
    ]


def test_a_refused_station_imports_nothing(database: DatabaseEndpoint) -> None:
    with pytest.raises(StoreError, match="longitude"):
        catalogue.import_registry(
            database.owner, Registry((STATION, replace(OTHER, longitude=999.0))), "x", effective_limits
        )
    assert catalogue.load_registry(database.writer) == Registry((), 0)


def test_limit_sets_read_back_and_are_replaced_by_version(database: DatabaseEndpoint) -> None:
    old = LimitSet(
        "Q40", "Cột A", "Column A", "QCVN 40:2011/BTNMT", date(2012, 2, 15), date(2025, 9, 1),
        (LimitValue("pH", "", 6.0, 9.0, False), LimitValue("COD", "mg/L", None, 75.0)),
    )  # fmt: skip
    empty = LimitSet("Q40", "Chưa nạp", "Not loaded", "QCVN 40:2025/BTNMT", date(2025, 9, 1), None, ())
    catalogue.import_limit_sets(database.owner, [empty, old], effective_limits)
    assert catalogue.load_limit_sets(database.reader) == [old, empty]
    shorter = replace(old, values=old.values[:1])
    catalogue.import_limit_sets(database.owner, [shorter], effective_limits)
    assert catalogue.load_limit_sets(database.reader) == [shorter, empty]


def test_rules_read_back(database: DatabaseEndpoint) -> None:
    rules = [
        RuleDocument("a", date(2026, 1, 1), {"pending": 3, "title": "Vượt", "levels": [1.5, None]}),
        RuleDocument("a", date(2026, 2, 1), {}),
    ]
    catalogue.import_rules(database.owner, rules)
    catalogue.import_rules(database.owner, rules[:1])
    assert catalogue.load_rules(database.reader) == rules


def test_a_database_that_is_not_migrated_says_so(empty_database: DatabaseEndpoint) -> None:
    with pytest.raises(StoreError, match="does not exist"):
        catalogue.registry_version(empty_database.owner)

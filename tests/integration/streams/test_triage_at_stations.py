"""What pages at the sample stations when the simulator's water is judged as a worker does, with nothing taught before.

::

    day     0            4                     5
            quiet ...    (pH sensor stuck)     slug or rain for four hours from 02:00
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from alerts.engine import StationAlerts
from alerts.rules import load_rules, packaged_rules
from models.protocol import Row
from models.station.judging import WatchConfig
from models.station.scorer import StationScorer
from quantrac.domain.alerts import Transition, TransitionKind
from quantrac.domain.readings import CheckedReading, Reading
from quantrac.domain.stations import Station, StationKind
from quantrac.quality.chain import SensorQuality
from quantrac.registry import load_registry, sample_province
from simulators.generator import generate
from simulators.scenario import parse_scenario

START, CADENCE = datetime(2026, 3, 2, tzinfo=UTC), timedelta(minutes=5)
BEGIN = timedelta(days=5, hours=2)
LASTS = timedelta(hours=4)
SEED = 5
Beside = tuple[int, int]


def stations(kind: StationKind) -> list[Station]:
    known = sorted(load_registry([sample_province()]).stations, key=lambda s: s.code)
    return [s for s in known if s.kind is kind][:5]


def event(kind: str, station: Station, start_h: int, hours: int, more: str = "") -> str:
    where = f'[[event]]\nkind = "{kind}"\nstation = "{station.code}"\n'
    return f'{where}start = "{start_h}h"\nduration = "{hours}h"\n{more}\n'


def slug(station: Station) -> str:
    return event("pollution_slug", station, 122, 4, 'slug = "organic"\nmagnitude = 3')


def stuck_then_slug(station: Station) -> str:
    return event("stuck", station, 98, 30, 'parameters = ["pH"]') + slug(station)


def rain(station: Station) -> str:
    return event("rain", station, 122, 4, "magnitude = 4")


def pages(station: Station, scenario: str, beside: Beside) -> list[Transition]:
    """Return what pages while the slug or the rain lasts; no limit counts, so that only the model can page."""
    unlimited = replace(station, limit_set=None, permit_limits=())
    alerts = StationAlerts(unlimited, load_rules([packaged_rules()]), ())
    scorer = StationScorer(station, WatchConfig.of(station))
    quality = {s.parameter: SensorQuality(s.qc, s.cadence_s) for s in station.sensors}
    begin, end = START + BEGIN, START + BEGIN + LASTS
    found: list[Transition] = []
    for message in generate([station], parse_scenario(scenario, "test"), START, end, CADENCE, SEED):
        at = message.observed_at
        read = [Reading(station.code, s.parameter, at, at, s.value, s.status) for s in message.samples]
        checked = [(r, *quality[r.parameter].check(r, at)) for r in read]
        row = Row(
            at,
            {r.parameter: r.value for r in read},
            {r.parameter: flag for r, flag, _ in checked},
            {r.parameter: r.status for r in read},
        )
        near = beside if at >= begin + timedelta(minutes=10) else (beside[0], 0)
        scores = scorer.score([row], at, near)[0] or {}
        for reading, flag, reasons in checked:
            score = scores.get(reading.parameter)
            found += alerts.evaluate(CheckedReading(reading, flag, reasons), score)
    return [t for t in found if t.page and t.kind is not TransitionKind.RESOLVED and t.observed_at >= begin]


@pytest.mark.parametrize(
    ("kind", "scenario", "beside", "paged"),
    [
        pytest.param(StationKind.EFFLUENT, stuck_then_slug, (0, 0), True, id="slug beside a stuck pH probe"),
        pytest.param(StationKind.EFFLUENT, slug, (2, 2), True, id="slug of a whole park"),
        pytest.param(StationKind.SURFACE_WATER, rain, (0, 0), False, id="rain at a hot spot"),
        pytest.param(StationKind.SURFACE_WATER, slug, (0, 0), True, id="slug at a hot spot"),
    ],
)
def test_17_who_is_paged(kind: StationKind, scenario: Callable[[Station], str], beside: Beside, *, paged: bool) -> None:
    told = {station.code: pages(station, scenario(station), beside) for station in stations(kind)}
    assert {code: bool(found) for code, found in told.items()} == dict.fromkeys(told, paged)
    assert all(len(found) <= 1 for found in told.values())

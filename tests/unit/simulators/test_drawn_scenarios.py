"""Scenarios that are drawn: what happens at a neighbour is no copy of the rain alone."""

from __future__ import annotations

from datetime import UTC, datetime

from quantrac.domain.stations import Sensor, Station
from simulators.drawn_scenarios import neighbour_scenario, random_scenario
from simulators.events import EventKind
from tests.factories import station

SENSORS = [Sensor(p, "mg/L") for p in ("COD", "TSS", "NH4", "pH", "Flow")]
HERE, BESIDE = (station(code, SENSORS) for code in ("DT_A", "DT_B"))
START = datetime(2026, 3, 2, tzinfo=UTC)


def slugs(of: Station, seeds: range) -> tuple[int, int, int]:
    """Slugs at a station, those of them that a neighbour has too, and the neighbour's own."""
    here = shared = own = 0
    for seed in seeds:
        scenario = random_scenario(of, str(seed), 42)
        mine = {e.start for e in scenario.events if e.kind is EventKind.POLLUTION_SLUG}
        theirs = {
            e.start
            for e in neighbour_scenario(scenario, BESIDE, f"{seed} beside", 42).events
            if e.kind is EventKind.POLLUTION_SLUG
        }
        here, shared, own = here + len(mine), shared + len(mine & theirs), own + len(theirs - mine)
    return here, shared, own


def test_18_a_neighbour_has_slugs_of_its_own_and_some_of_the_whole_park() -> None:
    here, shared, own = slugs(HERE, range(12))
    assert own > 10
    assert 0.1 < shared / here < 0.6


def test_18_rain_is_local_and_faults_are_a_neighbours_own() -> None:
    scenario = random_scenario(HERE, "3", 400)
    beside = neighbour_scenario(scenario, BESIDE, "3 beside", 400)
    rains = {e.start for e in scenario.events if e.kind is EventKind.RAIN}
    reaching = {e.start for e in beside.events if e.kind is EventKind.RAIN} & rains
    assert 0 < len(reaching) < len(rains)
    assert any(e.kind is EventKind.STUCK for e in beside.events)
    assert not {e.start for e in scenario.events if e.kind is EventKind.STUCK} & {e.start for e in beside.events}
    assert [e.number for e in beside.events] == list(range(1, len(beside.events) + 1))
    assert {e.station for e in beside.bind([BESIDE], START)} == {"DT_B"}

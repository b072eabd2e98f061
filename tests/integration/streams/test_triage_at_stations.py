"""What pages at the sample stations when the simulator's water is judged as a worker does, with nothing taught before.

::

    day     0            4                     5
            quiet ...    (pH sensor stuck)     slug, rain or fault for four hours and more from 02:00
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest

from alerts.engine import StationAlerts
from alerts.rules import load_rules, packaged_rules
from models.protocol import Reason, Row
from models.station.judging import WatchConfig
from models.station.scorer import StationScorer
from quantrac.domain.alerts import Transition, TransitionKind
from quantrac.domain.readings import CheckedReading, Flag, QcReason, Reading, Status
from quantrac.domain.stations import Station, StationKind
from quantrac.quality.chain import SensorQuality
from quantrac.registry import load_registry, sample_province
from simulators.generator import generate
from simulators.messages import Message
from simulators.scenario import parse_scenario

START, CADENCE = datetime(2026, 3, 2, tzinfo=UTC), timedelta(minutes=5)
BEGIN, HOUR = timedelta(days=5, hours=2), timedelta(hours=1)
BEFORE_GAP = timedelta(minutes=-70)
OLD = timedelta(minutes=20)
"""How late values may be that still count as live."""
CALIBRATED = ("pH", "COD", "TSS")
MOVED = ("COD", "TSS", "NH4", "TN", "TP", "Color")
SEED = 5
EARLIER = 11
"""Days by which a station that knows its water for two weeks begins earlier."""
RAMP = 10 * HOUR
"""In which a ramp doubles what it moves."""
Beside = tuple[int, int]


def stations(kind: StationKind) -> list[Station]:
    known = sorted(load_registry([sample_province()]).stations, key=lambda s: s.code)
    return [s for s in known if s.kind is kind][:5]


def event(kind: str, station: Station, start_h: int, hours: int, more: str = "") -> str:
    where = f'[[event]]\nkind = "{kind}"\nstation = "{station.code}"\n'
    return f'{where}start = "{start_h}h"\nduration = "{hours}h"\n{more}\n'


def slug(station: Station) -> str:
    return event("pollution_slug", station, 122, 4, 'slug = "organic"\nmagnitude = 3')


def slug_of_two(station: Station) -> str:
    return event("pollution_slug", station, 122, 4, 'slug = "organic"\nmagnitude = 2')


def stuck_then_slug(station: Station) -> str:
    return event("stuck", station, 98, 30, 'parameters = ["pH"]') + slug(station)


def rain(station: Station) -> str:
    return event("rain", station, 122, 4, "magnitude = 4")


def rain_at_an_outlet(station: Station) -> str:
    return event("rain", station, 122, 6, "magnitude = 3.5")


def hidden_slug(station: Station) -> str:
    thinned = event("dilution", station, 121, 8, "magnitude = 2")
    return thinned + event("pollution_slug", station, 122, 4, 'slug = "organic"\nmagnitude = 2.5')


def calibration(station: Station) -> str:
    """Of three probes, one after another; ``heard`` forgets the status."""
    return "".join(event("calibration", station, 122 + i, 1, f'parameters = ["{p}"]') for i, p in enumerate(CALIBRATED))


def all_still(station: Station) -> str:
    named = ", ".join(f'"{s.parameter}"' for s in station.sensors)
    return event("stuck", station, 122, 6, f"parameters = [{named}]")


def nothing(station: Station) -> str:
    return ""


@dataclass(frozen=True)
class Told:
    """What is told, and what the slow watches find, from the beginning of the event on."""

    pages: list[Transition]
    items: list[Transition]
    """What became a work item."""
    found: set[Reason]


def sent(station: Station, message: Message, spoilt: str) -> list[list[Reading]]:
    """The readings of a message, message by message: some loggers send each parameter by itself, or the most later."""
    readings = heard(station, message, spoilt)
    if spoilt == "gap" and BEFORE_GAP <= message.observed_at - START - BEGIN < timedelta(0):
        return []
    if spoilt == "apart":
        return [[reading] for reading in readings]
    if spoilt != "later":
        return [readings]
    first = [r for r in readings if r.parameter == "Temp"]
    then = [replace(r, observed_at=r.observed_at - OLD) for r in readings if r.parameter != "Temp"]
    return [first, then]


def heard(station: Station, message: Message, spoilt: str) -> list[Reading]:
    """The readings of a message; without its status, or with a flow meter that stops, where a case says so."""
    at, out = message.observed_at, []
    for s in message.samples:
        status = Status.MEASURING if spoilt == "status" else s.status
        value, since = s.value, at - START - BEGIN
        if s.parameter in MOVED and since // CADENCE % 3 == 0 and timedelta(0) <= since:
            status = Status.FAULT if spoilt == "02" else status
            value = None if spoilt == "no value" else 0.0 if spoilt == "zero" else value
        if spoilt == "01" and s.parameter in MOVED and -HOUR / 2 <= since < timedelta(0):
            status = Status.CALIBRATING
        if spoilt == "ramp" and s.parameter in MOVED and value is not None:
            value *= 1 + min(max(since / RAMP, 0.0), 1.0)
        stopped = spoilt == "flow" and s.parameter.startswith("Flow") and at >= START + BEGIN
        out.append(Reading(station.code, s.parameter, at, at, 0.0 if stopped else value, status))
    return out


def row_of(checked: list[tuple[Reading, Flag, tuple[QcReason, ...]]]) -> Row:
    return Row(
        checked[0][0].observed_at,
        {r.parameter: r.value for r, _, _ in checked},
        {r.parameter: flag for r, flag, _ in checked},
        {r.parameter: r.status for r, _, _ in checked},
    )


def told(
    station: Station,
    scenario: str,
    beside: Beside,
    hours: int = 4,
    spoilt: str = "",
    earlier: int = 0,
    seed: int = SEED,
) -> Told:
    """Judge five days in one batch and the rest row by row; no limit counts, so that only the model can page.

    ``earlier``: so many days more before, by which what the scenario plans begins earlier as well.
    """
    unlimited = replace(station, limit_set=None, permit_limits=())
    alerts = StationAlerts(unlimited, load_rules([packaged_rules()]), ())
    scorer = StationScorer(station, WatchConfig.of(station))
    quality = {s.parameter: SensorQuality(s.qc, s.cadence_s) for s in station.sensors}
    begin = START + BEGIN
    before: list[Row] = []
    changes: list[Transition] = []
    found: set[Reason] = set()
    start, end = START - timedelta(days=earlier), begin + hours * HOUR
    for message in generate([station], parse_scenario(scenario, "test"), start, end, CADENCE, seed):
        at = message.observed_at
        near = beside if at >= begin + timedelta(minutes=10) else (beside[0], 0)
        for readings in sent(station, message, spoilt):
            checked = [(r, *quality[r.parameter].check(r, at)) for r in readings]
            row = row_of(checked)
            if at < begin - HOUR / 2:
                before.append(row)
                continue
            if before:
                scorer.score(before, at)
                before = []
            scores = scorer.score([row], at, near)[0] or {}
            for reading, flag, reasons in checked:
                changes += alerts.evaluate(CheckedReading(reading, flag, reasons), scores.get(reading.parameter))
        if at >= begin and scorer.watch is not None:
            found |= {f.reason for f in scorer.watch.findings}
    begun = [t for t in changes if t.kind is not TransitionKind.RESOLVED and t.observed_at >= begin]
    return Told([t for t in begun if t.page], [t for t in begun if not t.page], found)


@pytest.mark.parametrize(
    ("kind", "scenario", "beside", "paged"),
    [
        pytest.param(StationKind.EFFLUENT, stuck_then_slug, (0, 0), True, id="slug beside a stuck pH probe"),
        pytest.param(StationKind.EFFLUENT, slug, (2, 1), True, id="slug that one neighbour sees too"),
        pytest.param(StationKind.EFFLUENT, slug, (2, 2), True, id="slug of a whole park"),
        pytest.param(StationKind.EFFLUENT, rain_at_an_outlet, (2, 0), False, id="rain at an outlet, quiet neighbours"),
        pytest.param(StationKind.EFFLUENT, all_still, (0, 0), False, id="all probes stand still"),
        pytest.param(StationKind.SURFACE_WATER, rain, (0, 0), False, id="rain at a hot spot"),
        pytest.param(StationKind.SURFACE_WATER, slug, (0, 0), True, id="slug at a hot spot"),
    ],
)
def test_17_who_is_paged(kind: StationKind, scenario: Callable[[Station], str], beside: Beside, *, paged: bool) -> None:
    said = {station.code: told(station, scenario(station), beside).pages for station in stations(kind)}
    assert {code: bool(found) for code, found in said.items()} == dict.fromkeys(said, paged)
    assert all(len(found) <= 1 for found in said.values())


@pytest.mark.parametrize(
    ("scenario", "spoilt"),
    [
        pytest.param(calibration, "status", id="calibration without its status"),
        pytest.param(nothing, "flow", id="flow stops"),
    ],
)
def test_18_what_instruments_do_pages_nobody(scenario: Callable[[Station], str], spoilt: str) -> None:
    said = {s.code: told(s, scenario(s), (0, 0), spoilt=spoilt).pages for s in stations(StationKind.EFFLUENT)}
    assert not any(said.values()), said


def test_18_a_probe_that_was_at_zero_says_nothing_of_the_water_beside_a_sound_one_that_moves_a_little() -> None:
    """Calibrations without their status, of other draws: ammonium was a half up just then, and two outlets paged."""
    said = {s.code: told(s, calibration(s), (0, 0), spoilt="status", seed=31) for s in stations(StationKind.EFFLUENT)}
    assert not any(t.pages for t in said.values()), said
    assert all(t.items for t in said.values())


def test_18_ammonium_that_scatters_does_not_make_a_discharge_of_rain() -> None:
    """Of other draws: an analyser that reads a fifth more by chance, and two outlets paged."""
    said = {s.code: told(s, rain_at_an_outlet(s), (2, 0), seed=17).pages for s in stations(StationKind.EFFLUENT)}
    assert not any(said.values()), said


@pytest.mark.parametrize("spoilt", ["apart", "later"])
@pytest.mark.parametrize(("scenario", "paged"), [(slug, True), (nothing, False)])
def test_18_values_that_come_message_by_message_are_judged(
    scenario: Callable[[Station], str], spoilt: str, *, paged: bool
) -> None:
    said = {s.code: told(s, scenario(s), (0, 0), spoilt=spoilt).pages for s in stations(StationKind.EFFLUENT)}
    assert {code: len(found) for code, found in said.items()} == dict.fromkeys(said, int(paged))


@pytest.mark.parametrize("spoilt", ["01", "gap", "02", "no value"])
def test_18_a_small_trouble_of_instruments_hides_no_slug(spoilt: str) -> None:
    said = {s.code: told(s, slug_of_two(s), (0, 0), spoilt=spoilt) for s in stations(StationKind.EFFLUENT)}
    assert {code: len(t.pages) for code, t in said.items()} == dict.fromkeys(said, 1)
    assert all(t.items for t in said.values())


def test_18_exact_zeros_in_every_third_row_hide_no_slug_of_a_station_that_has_known_its_water_for_two_weeks() -> None:
    more = 'slug = "organic"\nmagnitude = 2'
    for station in stations(StationKind.EFFLUENT):
        late = event("pollution_slug", station, 122 + EARLIER * 24, 4, more)
        said = told(station, late, (0, 0), 5, "zero", earlier=EARLIER)
        assert len(said.pages) == 1, station.code


def test_18_water_that_doubles_within_ten_hours_pages_before_it_has_and_says_since_when() -> None:
    for station in stations(StationKind.EFFLUENT):
        said = told(station, nothing(station), (0, 0), 10, "ramp", earlier=EARLIER)
        (page,) = said.pages
        assert page.observed_at <= START + BEGIN + 9 * HOUR
        assert said.items


def test_18_a_dilution_that_hides_a_slug_is_found() -> None:
    found = {s.code: told(s, hidden_slug(s), (0, 0), 7).found for s in stations(StationKind.EFFLUENT)}
    assert all(Reason.DILUTION in reasons for reasons in found.values()), found

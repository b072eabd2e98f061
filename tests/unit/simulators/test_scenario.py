from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from quantrac.domain.stations import Station, drill_copy
from quantrac.errors import RuleError
from quantrac.registry import load_registry, sample_province
from simulators.durations import instant_of, seconds_of
from simulators.events import CLASS_OF_KIND, EventKind
from simulators.scenario import load_scenario, parse_scenario
from tests import factories

STUCK = '[[event]]\nkind = "stuck"\nstation = "DT_A_NUOSXL"\nparameters = ["COD"]\nstart = 10\nduration = 60\n'


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("a = = 1", ("x.toml", "TOML")),
        ('tittle = "t"', ("x.toml", "tittle", "title")),
        (STUCK.replace("stuck", "stuk"), ("x.toml", "event 1", "kind", "stuck")),
        (STUCK.replace("duration = 60", ""), ("x.toml", "event 1", "duration", "missing")),
        (STUCK.replace("duration = 60", "duration = -1"), ("event 1", "duration", "negative")),
        (STUCK.replace("duration = 60", 'duration = "soon"'), ("event 1", "duration", "soon")),
        (STUCK.replace("start = 10", ""), ("event 1", "start", "missing")),
        (STUCK.replace("start = 10", "start = 2026-11-23T10:00:00"), ("event 1", "start", "time zone")),
        (STUCK.replace('["COD"]', '"COD"'), ("event 1", "parameters")),
        (STUCK.replace('parameters = ["COD"]', ""), ("event 1", "parameters", "at least one")),
        (STUCK.replace("stuck", "network_loss"), ("event 1", "parameters", "whole messages")),
        (STUCK + "magnitude = nan\n", ("event 1", "magnitude")),
        (STUCK + "repeat_every = 30\n", ("event 1", "repeat_every", "longer")),
        (STUCK + "repeat_every = 90\nrepeat_count = 0\n", ("event 1", "repeat_count", "at least 1")),
        (STUCK + STUCK.replace("kind", "knd"), ("event 2", "knd", "kind")),
    ],
)
def test_a_mistake_is_named_with_file_and_key(text: str, named: tuple[str, ...]) -> None:
    with pytest.raises(RuleError) as caught:
        parse_scenario(text, "x.toml")
    for word in named:
        assert word in str(caught.value)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (("DT_A_NUOSXL", "DT_Z"), ("event 1", "station", "DT_Z", "DT_A_NUOSXL")),
        (("DT_A_NUOSXL", "effluent#2"), ("event 1", "station", "effluent#2")),
        (("COD", "Hg"), ("event 1", "parameters", "Hg", "COD")),
    ],
)
def test_what_the_registry_lacks_is_named(
    effluent: Station, start: datetime, change: tuple[str, str], named: tuple[str, ...]
) -> None:
    scenario = parse_scenario(STUCK.replace(*change), "x.toml")
    with pytest.raises(RuleError) as caught:
        scenario.bind([effluent], start)
    for word in named:
        assert word in str(caught.value)


@pytest.mark.parametrize(
    ("selector", "codes"),
    [
        ("*", ["DT_A_NUOSXL", "DT_B_NUOMAT"]),
        ("effluent", ["DT_A_NUOSXL"]),
        ("surface_water#1", ["DT_B_NUOMAT"]),
        ("DT_B_NUOMAT", ["DT_B_NUOMAT"]),
    ],
)
def test_stations_by_code_kind_and_place(
    effluent: Station, canal: Station, start: datetime, selector: str, codes: list[str]
) -> None:
    text = STUCK.replace("DT_A_NUOSXL", selector).replace("COD", "TSS")
    assert [e.station for e in parse_scenario(text, "x").bind([canal, effluent], start)] == codes


def test_starts_as_seconds_durations_and_instants(effluent: Station, start: datetime) -> None:
    for text in ("10", '"10s"', '"PT10S"', "2026-11-23T10:00:10+07:00", '"2026-11-23T10:00:10+07:00"'):
        (event,) = parse_scenario(STUCK.replace("start = 10", f"start = {text}"), "x").bind([effluent], start)
        assert event.start_s == start.timestamp() + 10


def test_repeats(effluent: Station, start: datetime) -> None:
    #  start+10..70, then each 100 s:      |---|     |---|     |---|
    #                                      10  70    110 170   210 270
    at = start.timestamp()
    (event,) = parse_scenario(STUCK + "repeat_every = 100\n", "x").bind([effluent], start)
    assert [o.start_s - at for o in event.occurrences(at + 150, at + 215)] == [110, 210]
    (twice,) = parse_scenario(STUCK + "repeat_every = 100\nrepeat_count = 2\n", "x").bind([effluent], start)
    assert [o.index for o in twice.occurrences(at, at + 1e6)] == [0, 1]
    (once,) = parse_scenario(STUCK, "x").bind([effluent], start)
    assert [o.index for o in once.occurrences(at, at + 1e6)] == [0]


def test_every_kind_has_a_class() -> None:
    assert set(CLASS_OF_KIND) == set(EventKind)


@pytest.mark.parametrize("name", ["demo", "drill"])
def test_shipped_scenarios_fit_the_sample_province(name: str, start: datetime) -> None:
    stations = list(load_registry([sample_province()]).current(start))
    events = load_scenario(name).bind(stations, start)
    assert events
    slug = next(e for e in events if e.kind is EventKind.POLLUTION_SLUG)
    assert {"COD", "TSS", "NH4"} <= set(slug.parameters)


def test_missing_scenario_names_the_shipped_ones() -> None:
    with pytest.raises(RuleError, match=r"nowhere.*demo, demo-files, drill"):
        load_scenario(Path("nowhere.toml"))


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("45s", 45), ("15m", 900), ("15 min", 900), ("2h", 7200), ("30d", 2_592_000), ("500ms", 0.5), ("PT1H30M", 5400),
     ("P1DT1S", 86_401), ("-PT5M", -300), (3, 3)],
)  # fmt: skip
def test_durations(text: str | float, seconds: float) -> None:
    assert seconds_of(text) == seconds


@pytest.mark.parametrize("text", ["", "P", "PT", "ten", "5 years", "nan", "1e3s"])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="duration"):
        seconds_of(text)


def test_instants_take_the_feeds_zone_unless_they_name_one(start: datetime) -> None:
    from quantrac.domain.stations import VIETNAM

    assert instant_of("2026-11-23", VIETNAM) == start - timedelta(hours=10)
    assert instant_of("2026-11-23T03:00:00+00:00", VIETNAM) == start
    assert instant_of("2026-11-23T10:00", VIETNAM).tzinfo is UTC
    with pytest.raises(ValueError, match="yesterday"):
        instant_of("yesterday", VIETNAM)


def test_13_a_scenario_that_names_a_station_hits_its_drill_copy() -> None:
    scenario = parse_scenario(
        '[[event]]\nkind = "stuck"\nparameters = ["COD"]\nstation = "DT_A"\nstart = 1\nduration = 5\n', "test"
    )
    copy = drill_copy(factories.station("DT_A", ("COD",)))
    assert [e.station for e in scenario.bind([copy], datetime(2026, 11, 23, tzinfo=UTC))] == ["DRILL_DT_A"]

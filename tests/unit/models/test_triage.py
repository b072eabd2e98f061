"""Fault or pollution: what the evidence of an incident says, in which class it puts it, and with which words."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from models.errors import ModelError
from models.features.table import ROW_NAMES, SLOW_5, Features
from models.pipeline.pipeline import Fitted, Scorer
from models.protocol import Triage, TriageClass
from models.series import Floats
from models.triage.evidence import MOVED, Gathering
from models.triage.incident import (
    PAGE_FROM,
    STEPS,
    Context,
    Incident,
    TriageModel,
    Weights,
    pages,
    shipped_model,
)

COLUMNS = ("Flow", "COD", "TSS", "NH4", "pH", "turb_ntu")
LEVELS = np.array([100.0, 40.0, 20.0, 3.0, 7.3, 12.0])
TARGETS = list(range(len(COLUMNS)))
ROWS, BEGIN, LONG = 1200, 1000, 24


def quiet(seed: int = 1) -> Floats:
    rng = np.random.default_rng(seed)
    day = 2 * np.pi * np.arange(ROWS)[:, None] / 288
    share = np.array([0.1, 0.1, 0.1, 0.1, 0.005, 0.1])
    noise = np.array([0.02, 0.02, 0.03, 0.02, 0.003, 0.03])
    return LEVELS * (1 + share * np.sin(day) + noise * rng.normal(size=(ROWS, len(COLUMNS))))


def looked_at(
    values: Floats,
    contexts: list[Context] | None = None,
    columns: tuple[str, ...] = COLUMNS,
    shares: Floats | None = None,
) -> tuple[Features, list[Triage | None], Incident]:
    """The features, and the judgements of an alarm that lasts from three rows after the beginning."""
    times = np.datetime64("2026-03-01T00:00:00", "ns") + np.arange(ROWS) * np.timedelta64(300, "s")
    features = Scorer(Fitted(), columns).push(times, values).features
    alarm = np.zeros(ROWS, dtype=bool)
    alarm[BEGIN + 3 : BEGIN + LONG] = True
    incident = Incident(columns, TARGETS)
    return features, incident.push(features, alarm, shares, values, contexts or ()), incident


def last(values: Floats, contexts: list[Context] | None = None) -> Triage:
    judged = looked_at(values, contexts)[1][BEGIN + LONG - 1]
    assert judged is not None
    return judged


def slug(values: Floats) -> Floats:
    course = np.minimum(np.arange(LONG) / 6.0, 1.0)
    for column, rise in ((1, 1.5), (2, 1.0), (3, 0.7), (5, 1.0)):
        values[BEGIN : BEGIN + LONG, column] *= 1 + rise * course
    return values


def test_sensors_that_rise_together_are_pollution_and_the_words_name_them() -> None:
    said = last(slug(quiet()))
    assert said.cls is TriageClass.POLLUTION
    assert said.probability > 0.8
    words = " / ".join(r.en for r in said.reasons)
    assert "COD" in words
    assert "organic waste water" in words or "moved together" in words
    assert len(said.reasons) <= 3


@pytest.mark.parametrize(("times", "moved"), [(1.003, False), (1.5, True), (0.0, True)])
def test_a_pump_that_runs_evenly_has_not_moved_by_its_last_digit(times: float, *, moved: bool) -> None:
    values = slug(quiet())[: BEGIN + LONG]
    values[:, 0] = np.random.default_rng(3).choice([31.2, 31.21], size=len(values))
    values[BEGIN:, 0] *= times
    at = np.datetime64("2026-03-01T00:00:00", "ns") + np.arange(len(values)) * np.timedelta64(300, "s")
    features = Scorer(Fitted(), COLUMNS).push(at, values).features
    incident = Incident(COLUMNS, TARGETS)
    incident.push(features, np.arange(len(values)) >= BEGIN + 3, None, values)
    assert np.abs(features.cells[BEGIN:, 0, SLOW_5]).max() > MOVED
    assert incident.evidence is not None
    assert (incident.evidence.terms["flow"] > 0) is moved


def test_a_stuck_sensor_is_a_fault_and_the_words_name_that_sensor() -> None:
    values = quiet()
    values[BEGIN - 20 : BEGIN + LONG, 5] = values[BEGIN - 20, 5]
    said = last(values)
    assert said.cls is TriageClass.FAULT
    assert "turb_ntu" in said.reasons[0].en or "Turbidity" in said.reasons[0].en
    assert "unchanged" in " / ".join(r.en for r in said.reasons)
    assert not any("COD" in words for _, words in said.reasons)


def test_a_probe_in_trouble_excuses_nothing_that_a_sound_one_shows() -> None:
    def zero(values: Floats) -> float:
        features, _, _ = looked_at(values)
        alarm = np.arange(ROWS) >= BEGIN + 3
        incident = Incident(COLUMNS, TARGETS)
        incident.push(features, alarm, None, values)
        assert incident.evidence is not None
        return incident.evidence.terms["zero"]

    dropped = quiet()
    dropped[BEGIN:, COLUMNS.index("TSS")] = 0.0
    assert zero(dropped) > 0
    dropped[BEGIN:, COLUMNS.index("NH4")] *= 2.5
    assert zero(dropped) == 0


def test_a_weight_may_jump_where_its_term_passes_a_step() -> None:
    matrix = np.zeros((1, 2, 1 + len(STEPS)))
    matrix[0, 0, 0], matrix[0, 1, 1 + STEPS.tolist().index(1.0)] = 2.0, 5.0
    weights = Weights(("a", "b"), matrix, np.array([1.0]))
    assert weights.logits({"a": 0.5, "b": 1.0}) == pytest.approx([2.0])
    assert weights.logits({"a": 0.5, "b": 1.1}) == pytest.approx([7.0])


def test_pollution_is_as_probable_as_the_weights_to_page_say_and_the_others_share_the_rest() -> None:
    model = shipped_model()
    fault, polluted = (model.classes.index(c) for c in (TriageClass.FAULT, TriageClass.POLLUTION))

    def saying(place: int, logit: float) -> Weights:
        matrix = np.zeros_like(model.plain.matrix)
        return Weights(model.plain.terms, matrix, np.where(np.arange(len(model.classes)) == place, logit, -50.0))

    sure = replace(model, plain=saying(fault, 50.0), page_plain=saying(polluted, 50.0))
    terms = dict.fromkeys(model.taught.terms, 0.0)
    assert sure.probabilities(terms, taught=False)[polluted] == pytest.approx(1.0)
    doubtful = replace(sure, page_plain=replace(sure.page_plain, intercepts=np.zeros(len(model.classes))))
    p = doubtful.probabilities(terms, taught=False)
    assert p[polluted] == pytest.approx(1 / len(model.classes))
    assert p[fault] == pytest.approx(1 - p[polluted])
    assert p.sum() == pytest.approx(1.0)


@pytest.mark.parametrize(("ph", "possible"), [(1.0, False), (0.8, True)])
def test_what_moves_to_harmless_sides_alone_is_no_pollution(ph: float, possible: bool) -> None:
    """Cleaner water after a slug: nobody believes a discharge by which COD falls. A pH that falls may be one."""
    values = quiet()
    values[BEGIN : BEGIN + LONG, [1, 2, 3, 5]] *= 0.5
    values[BEGIN : BEGIN + LONG, 4] *= ph
    features, judged, _ = looked_at(values)
    said = judged[BEGIN + LONG - 1]
    assert said is not None
    assert (said.cls is TriageClass.POLLUTION) <= possible
    on = np.zeros(ROWS, dtype=bool)
    on[BEGIN + 3 :] = True
    *_, gathered = Incident(COLUMNS, TARGETS).gather(features, on, None, values)
    assert gathered is not None
    assert gathered.only_harmless() is not possible


@pytest.mark.parametrize(
    ("moved", "standing"),
    [
        ({4: 4.02}, True),
        ({4: 7.0}, True),
        ({4: 4.2}, False),
        ({4: 4.02, 1: 80.0}, False),
        ({1: 80.0}, False),
        ({}, False),
    ],
)
def test_a_ph_that_stands_alone_on_a_buffer_solution_is_no_pollution(moved: dict[int, float], standing: bool) -> None:
    """Calibrated without its status (seen: three values of 4.0 paged). An acid discharge stands on no buffer."""
    gathered = Gathering(COLUMNS, TARGETS)
    gathered.shown = LEVELS.copy()
    for column, value in moved.items():
        gathered.shown[column], gathered.farthest[column] = value, -20.0 if value < LEVELS[column] else 20.0
    assert gathered.only_buffered() is standing
    values = quiet()
    values[BEGIN:, 4] = 4.0
    assert not any(pages(said) for said in looked_at(values)[1])


@pytest.mark.parametrize(("scatters", "rain"), [(2.0, True), (8.0, False)])
def test_an_analyser_that_reads_more_within_its_scatter_does_not_hide_rain(scatters: float, rain: bool) -> None:
    """Twice the water, four times the mud, and ammonium of a third more: by chance, or of waste water."""
    gathered = Gathering(COLUMNS, TARGETS)
    gathered.usual = LEVELS.copy()
    gathered.shown = LEVELS * np.array([2.0, 1.4, 4.0, 1.35, 1.0, 4.0])
    gathered.farthest[3] = scatters
    assert gathered.washed_by_rain() is rain


def test_exactly_zero_is_a_fault() -> None:
    values = quiet()
    values[BEGIN : BEGIN + LONG, 3] = 0.0
    said = last(values)
    assert said.cls is TriageClass.FAULT
    assert "exactly zero" in " / ".join(r.en for r in said.reasons)


def test_every_row_of_an_alarm_is_judged_and_no_other() -> None:
    _, judged, _ = looked_at(slug(quiet()))
    assert [t is not None for t in judged] == [BEGIN + 3 <= i < BEGIN + LONG for i in range(ROWS)]
    for t in judged:
        if t is not None:
            assert (t.cls is TriageClass.UNKNOWN) or t.probability >= 0.5


@pytest.mark.parametrize("chunk", [1, 7, 300])
def test_row_by_row_and_from_a_memory_it_says_the_same(chunk: int) -> None:
    values = slug(quiet())
    values[BEGIN + 5, 2] = np.nan
    contexts = [Context(neighbours=2, maintenance_ago_s=float(i)) for i in range(ROWS)]
    features, whole, _ = looked_at(values, contexts)
    alarm = np.array([t is not None for t in whole])
    out: list[Triage | None] = []
    incident = Incident(COLUMNS, TARGETS)
    for a in range(0, ROWS, chunk):
        part = slice(a, a + chunk)
        again = Incident(COLUMNS, TARGETS)
        again.set_state(incident.state())
        incident = again
        out += incident.push(features.at(part), alarm[part], None, values[part], contexts[part])
    assert out == whole


def test_the_weights_can_be_read_and_written() -> None:
    model = shipped_model()
    again = TriageModel.from_json(model.as_json())
    assert again.classes == model.classes
    for name in ("plain", "taught", "page_plain", "page_taught"):
        np.testing.assert_allclose(getattr(again, name).matrix, getattr(model, name).matrix)
    assert {"command", "seeds", "code_version", "incidents"} <= set(model.provenance)
    assert set(model.classes) >= {TriageClass.POLLUTION, TriageClass.FAULT, TriageClass.NATURAL, TriageClass.UNKNOWN}


@pytest.mark.parametrize("spoil", [lambda c: {}, lambda c: {k: v for k, v in c.items() if not k.startswith("page")},
                                   lambda c: c | {"page_plain": {"fault": c["page_plain"]["fault"]}},
                                   lambda c: c | {"plain": {"pollution": {}}},
                                   lambda c: c | {"plain": {"nonsense": c["plain"]["fault"]}},
                                   lambda c: c | {"plain": {k: v | {"": float("nan"), "single": float("nan")}
                                                            for k, v in c["plain"].items()}}])  # fmt: skip
def test_spoilt_weights_are_refused_in_a_sentence(spoil) -> None:  # type: ignore[no-untyped-def]
    content = json.loads(shipped_model().as_json())
    with pytest.raises(ModelError, match="cannot be read"):
        TriageModel.from_json(json.dumps(spoil(content)))


def gap_of(features: Features, row: int, size: float) -> Features:
    rows = features.rows.copy()
    rows[row, ROW_NAMES.index("gap")] = size
    return replace(features, rows=rows)


def judged_at(values: Floats, contexts: list[Context] | None = None, gap: float = 0.0, begin: int = BEGIN) -> Triage:
    """The judgement at the first row of an alarm."""
    features, _, _ = looked_at(values)
    alarm = np.zeros(ROWS, dtype=bool)
    alarm[begin] = True
    said = Incident(COLUMNS, TARGETS).push(gap_of(features, begin, gap), alarm, None, values, contexts or ())[begin]
    assert said is not None
    return said


def test_a_station_that_was_silent_is_a_matter_of_communication() -> None:
    said = judged_at(quiet(), gap=3.0)
    assert said.cls is TriageClass.COMMUNICATION
    assert "silent" in said.reasons[0].en
    gone = quiet()
    gone[BEGIN : BEGIN + LONG] = np.nan
    said = judged_at(gone)
    assert said.cls is TriageClass.COMMUNICATION
    assert "vanished at once" in " / ".join(r.en for r in said.reasons)


def test_a_calibrating_sensor_is_maintenance() -> None:
    values = quiet()
    values[BEGIN : BEGIN + LONG, 2] = np.nan
    during = Context(calibrating=frozenset({"TSS"}), maintenance_ago_s=0.0)
    said = last(values, [during if BEGIN <= i < BEGIN + LONG else Context() for i in range(ROWS)])
    assert said.cls is TriageClass.MAINTENANCE
    assert "status 01" in " / ".join(r.en for r in said.reasons)


def test_rain_that_neighbours_feel_is_natural() -> None:
    values = quiet()
    course = np.minimum(np.arange(LONG) / 6.0, 1.0)
    for column, rise in ((0, 1.0), (2, 2.5), (5, 2.5)):
        values[BEGIN : BEGIN + LONG, column] *= 1 + rise * course
    beside = Context(neighbours=2, neighbours_alarmed=2)
    said = last(values, [beside if i >= BEGIN else Context(neighbours=2) for i in range(ROWS)])
    assert said.cls is TriageClass.NATURAL
    assert any("rain" in words or "neighbouring" in words for _, words in said.reasons)


def test_an_open_suspicion_is_falsification_and_never_a_page() -> None:
    values = quiet()
    values[BEGIN : BEGIN + LONG, 0] *= 2.5
    values[BEGIN : BEGIN + LONG, 1:4] *= 0.4
    suspicion = Context(suspected=frozenset({"Flow"}))
    said = last(values, [suspicion if i >= BEGIN else Context() for i in range(ROWS)])
    assert said.cls is TriageClass.FALSIFICATION
    assert not pages(said)


def test_only_likely_pollution_pages() -> None:
    assert pages(Triage(TriageClass.POLLUTION, PAGE_FROM))
    assert not pages(Triage(TriageClass.POLLUTION, PAGE_FROM - 0.01))
    assert not pages(Triage(TriageClass.FAULT, 0.99))
    assert not pages(None)


def test_reasons_for_pollution_never_name_a_fault() -> None:
    words = " / ".join(r.en for r in last(slug(quiet())).reasons)
    assert not any(fault in words for fault in ("scatters", "unchanged", "contradicts", "no way", "zero", "jumped"))


def test_a_class_that_nothing_reaches_one_half_of_is_unknown() -> None:
    model = shipped_model()
    nothing = replace(model.plain, matrix=0 * model.plain.matrix, intercepts=0 * model.plain.intercepts)
    flat = replace(model, plain=nothing, page_plain=nothing)
    features, _, _ = looked_at(slug(quiet()))
    alarm = np.zeros(ROWS, dtype=bool)
    alarm[BEGIN + 6] = True
    incident = Incident(COLUMNS, TARGETS)
    incident.model = flat
    said = incident.push(features, alarm, None, slug(quiet()))[BEGIN + 6]
    assert said is not None
    assert said.cls is TriageClass.UNKNOWN
    assert said.probability == pytest.approx(1 / len(model.classes))


def test_a_still_sensor_is_no_reason_where_another_one_moved() -> None:
    values = quiet()
    values[BEGIN:, COLUMNS.index("NH4")] = values[BEGIN, COLUMNS.index("NH4")]
    still = " / ".join(r.en for r in last(values.copy()).reasons)
    values[BEGIN:, COLUMNS.index("TSS")] += 60.0
    moved = last(values)
    assert not pages(moved), moved
    assert "TSS" in " / ".join(r.en for r in moved.reasons)
    assert "Ammonium unchanged" not in " / ".join(r.en for r in moved.reasons)
    assert "Ammonium unchanged" in still


def test_what_a_second_stage_makes_of_it_weighs_and_is_no_reason() -> None:
    shares = np.tile([0.0, 0.98, 0.02], (ROWS, 1))
    values = quiet()
    values[BEGIN : BEGIN + LONG, 2] += 60.0
    said = looked_at(values, shares=shares)[1][BEGIN + LONG - 1]
    assert said is not None
    assert said.cls is TriageClass.FAULT
    assert "learnt" not in " / ".join(r.en for r in said.reasons)


def terms_of(values: Floats, alarm: list[int]) -> dict[str, float]:
    times = np.datetime64("2026-03-01T00:00:00", "ns") + np.arange(ROWS) * np.timedelta64(300, "s")
    features = Scorer(Fitted(), COLUMNS).push(times, values).features
    on = np.zeros(ROWS, dtype=bool)
    on[alarm] = True
    incident = Incident(COLUMNS, TARGETS)
    incident.push(features, on, None, values)
    evidence = incident.evidence
    assert evidence is not None
    return evidence.terms


LATEST = list(range(ROWS - 20, ROWS))


def test_18_what_stood_still_before_it_moved_is_not_frozen() -> None:
    values = quiet()
    values[: ROWS - 22, 1] = 40.0
    before = terms_of(values.copy(), LATEST)
    values[ROWS - 22 :, 1] = np.linspace(60.0, 120.0, 22)
    moved = terms_of(values, LATEST)
    assert moved["upward"] == 1.0
    assert moved["frozen"] == moved["zero"] == 0.0
    values[:, 1] = 40.0
    assert terms_of(values, LATEST)["frozen"] > 1.0 > before["frozen"]


def test_18_a_noisy_probe_goes_back_and_forth_and_a_slug_does_not() -> None:
    slow, noisy = quiet(), quiet()
    slow[LATEST, 1] *= 1.0 + 2.0 * np.minimum(np.arange(20) / 8.0, 1.0)
    noisy[LATEST, 1] += 60.0 * np.tile([1.0, -0.6], 10)
    assert terms_of(slow, LATEST)["wobble"] < 0.5
    assert terms_of(noisy, LATEST)["wobble"] > 1.0


def test_18_incidents_just_before_are_counted_and_forgotten() -> None:
    values, hour = quiet(), 12
    assert terms_of(values, [ROWS - 1])["again"] == 0.0
    assert terms_of(values, [ROWS - 1 - 4 * hour, ROWS - 1 - 2 * hour, ROWS - 1])["again"] > 1.5
    assert terms_of(values, [ROWS - 1 - 60 * hour, ROWS - 1])["again"] < 0.01


STUCK = 300
"""Rows: a day and more."""


def test_17_a_probe_that_is_stuck_does_not_hide_a_slug_that_others_see() -> None:
    values = slug(quiet())
    values[BEGIN - STUCK : BEGIN + LONG, 4] = 7.31
    contexts = [Context(worn=frozenset({"pH"}), faulty=frozenset({"pH"}))] * ROWS
    said = last(values, contexts)
    assert pages(said), said
    assert not any("pH" in reason.en for reason in said.reasons)


def test_17_a_probe_that_is_stuck_beside_calm_sensors_is_a_fault() -> None:
    values = quiet()
    values[BEGIN - STUCK : BEGIN + LONG, 4] = 7.31
    said = last(values, [Context(worn=frozenset({"pH"}), faulty=frozenset({"pH"}))] * ROWS)
    assert said.cls is TriageClass.FAULT
    assert any("pH" in reason.en for reason in said.reasons)


@pytest.mark.parametrize("alarmed", [0, 1, 2])
def test_17_alarmed_neighbours_of_one_park_do_not_make_a_slug_natural(alarmed: int) -> None:
    said = last(slug(quiet()), [Context(neighbours=2, neighbours_alarmed=alarmed)] * ROWS)
    assert pages(said), said


RIVER = ("DO", "COND", "TSS", "NH4", "pH", "turb_ntu")


@pytest.mark.parametrize(
    ("rises", "paged"),
    [
        # share of the usual level by column: mud alone; rain, as it thins the water; rain with run-off; waste water
        ({2: 5.0, 5: 5.0}, False),
        ({1: -0.25, 2: 5.0, 5: 5.0}, False),
        ({0: -0.2, 1: -0.4, 2: 8.0, 5: 8.0}, False),
        ({0: -0.5, 1: 0.4, 2: 1.0, 3: 1.5, 5: 1.0}, True),
        ({0: -0.5, 1: -0.2, 2: 2.0, 3: 1.5, 5: 2.0}, True),
    ],
)
def test_17_rain_in_a_river_is_no_discharge(rises: dict[int, float], paged: bool) -> None:
    values = quiet()
    course = np.minimum(np.arange(LONG) / 6.0, 1.0)
    for column, rise in rises.items():
        values[BEGIN : BEGIN + LONG, column] *= 1 + rise * course
    times = np.datetime64("2026-03-01T00:00:00", "ns") + np.arange(ROWS) * np.timedelta64(300, "s")
    features = Scorer(Fitted(), RIVER).push(times, values).features
    alarm = np.zeros(ROWS, dtype=bool)
    alarm[BEGIN + 3 : BEGIN + LONG] = True
    incident = Incident(RIVER, TARGETS)
    incident.in_river = True
    said = incident.push(features, alarm, None, values)
    assert any(pages(t) for t in said) is paged

"""What the generator makes of injected events; expected values are worked out from the scenario's text."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from quantrac.domain.readings import Status
from quantrac.domain.stations import Sensor, Station
from simulators.events import TruthClass
from simulators.generator import generate
from simulators.labels import COLUMNS, TruthLog, write_labels
from simulators.messages import Message
from simulators.scenario import parse_scenario

SECOND = timedelta(seconds=1)
A, B = "DT_A_NUOSXL", "DT_B_NUOMAT"


def event(kind: str, station: str = A, *, start: float = 10, duration: float = 20, **keys: object) -> str:
    lines = [f'kind = "{kind}"', f'station = "{station}"', f"start = {start}", f"duration = {duration}"]
    for key, value in keys.items():
        text = (
            str(value).replace("'", '"')
            if isinstance(value, list)
            else f'"{value}"'
            if isinstance(value, str)
            else value
        )
        lines.append(f"{key} = {text}")
    return "[signals]\nsample_hold_s = 1\n[[event]]\n" + "\n".join(lines)


def run(
    stations: list[Station], start: datetime, text: str = "", *, seconds: float = 60, step: timedelta = SECOND,
    truth: TruthLog | None = None,
) -> list[Message]:  # fmt: skip
    end = start + timedelta(seconds=seconds)
    return list(generate(stations, parse_scenario(text, "x"), start, end, step, 5, truth=truth))


def values(messages: list[Message], parameter: str, station: str = A) -> list[float | None]:
    return [s.value for m in messages if m.station == station for s in m.samples if s.parameter == parameter]


def statuses(messages: list[Message], parameter: str) -> list[Status]:
    return [s.status for m in messages for s in m.samples if s.parameter == parameter]


def test_equal_arguments_give_equal_messages(effluent: Station, canal: Station, start: datetime) -> None:
    text = event("pollution_slug", magnitude=3.0)
    first = run([effluent, canal], start, text)
    assert first == run([canal, effluent], start, text)
    assert len(first) == 120
    assert [m.due_at for m in first] == sorted(m.due_at for m in first)


def test_a_later_stretch_is_the_same_as_in_the_whole(effluent: Station, start: datetime) -> None:
    whole = run([effluent], start, seconds=900)
    assert run([effluent], start + timedelta(seconds=333), seconds=100) == whole[333:433]


def test_messages_lie_on_the_grid_of_the_cadence(effluent: Station, start: datetime) -> None:
    messages = run([effluent], start + timedelta(seconds=17.3), seconds=1800, step=timedelta(minutes=5))
    assert [m.observed_at.minute for m in messages] == [5, 10, 15, 20, 25, 30]
    assert all(m.observed_at.second == 0 for m in messages)


def test_each_sensor_reports_at_its_own_cadence_of_the_registry(effluent: Station, start: datetime) -> None:
    slow = replace(effluent, sensors=(Sensor("pH", "", 60.0), Sensor("COD", "mg/L", 300.0)))
    messages = list(generate([slow], None, start, start + timedelta(minutes=10), None, 1))
    assert len(messages) == 10
    assert [len(m.samples) for m in messages] == [2, 1, 1, 1, 1] * 2


def test_a_slug_lifts_chemically_related_parameters_and_its_truth_is_known(effluent: Station, start: datetime) -> None:
    truth = TruthLog()
    text = event(
        "pollution_slug", onset=2, tail=4, duration=30, magnitude=2.5, relative_to="limit", parameters=["COD", "TSS"]
    )
    messages = run([effluent], start, text, truth=truth)
    cod, tss = values(messages, "COD"), values(messages, "TSS")
    assert max(v for v in cod[:10] if v) < 90  # QCVN 40:2011 A x 1.2
    assert min(v for v in cod[14:30] if v) > 180
    assert min(v for v in tss[14:30] if v) > 120
    assert max(v for v in cod[41:] if v) < 90
    exceeding = [m for m in messages if m.exceeding]
    assert exceeding[0].observed_at <= start + timedelta(seconds=13)
    assert set(exceeding[3].exceeding) == {"COD", "TSS"}
    (label,) = truth.labels(start, start + timedelta(seconds=60))
    assert label.cls is TruthClass.POLLUTION
    assert label.first_exceeding_at == exceeding[0].observed_at
    assert (label.start, label.end) == (start + timedelta(seconds=10), start + timedelta(seconds=40))


def test_a_slug_of_twice_the_usual_level_doubles_it(effluent: Station, start: datetime) -> None:
    text = event("pollution_slug", onset=1, tail=1, magnitude=2.0, parameters=["TSS"], slug="solids")
    with_slug, without = values(run([effluent], start, text), "TSS"), values(run([effluent], start), "TSS")
    assert with_slug[20] == pytest.approx(2 * without[20], rel=0.02)  # type: ignore[operator]
    assert with_slug[:10] == without[:10]


def test_an_acid_slug_lowers_ph(effluent: Station, start: datetime) -> None:
    ph = values(run([effluent], start, event("pollution_slug", slug="acid", magnitude=3.0, onset=1, tail=1)), "pH")
    assert ph[20] == pytest.approx(ph[5] - 2.5, abs=0.2)  # type: ignore[operator]


def test_stuck_repeats_one_value(effluent: Station, start: datetime) -> None:
    tss = values(run([effluent], start, event("stuck", parameters=["TSS"])), "TSS")
    assert len(set(tss[10:30])) == 1
    assert len(set(tss[30:50])) > 5


@pytest.mark.parametrize(("cadence_s", "changed"), [(1, [10]), (7, [2])])
def test_a_spike_hits_the_first_reading_at_or_after_its_start(
    effluent: Station, start: datetime, cadence_s: int, changed: list[int]
) -> None:
    step = timedelta(seconds=cadence_s)
    at = start.replace(second=0)
    base = int(at.timestamp()) % cadence_s
    at -= timedelta(seconds=base)
    spiked = run([effluent], at, event("spike", duration=0, parameters=["TSS"], magnitude=5.0), step=step)
    clean = run([effluent], at, step=step)
    different = [i for i, (x, y) in enumerate(zip(values(spiked, "TSS"), values(clean, "TSS"), strict=True)) if x != y]
    assert different == changed


def test_drift_grows_and_ends(effluent: Station, start: datetime) -> None:
    text = event("drift", parameters=["pH"], magnitude=2.0)
    drifted, clean = values(run([effluent], start, text), "pH"), values(run([effluent], start), "pH")
    assert drifted[20] - clean[20] == pytest.approx(1.0, abs=0.11)  # type: ignore[operator]
    assert drifted[29] - clean[29] == pytest.approx(1.9, abs=0.11)  # type: ignore[operator]
    assert drifted[30:] == clean[30:]


def test_fouling_damps(effluent: Station, start: datetime) -> None:
    text = event("fouling", parameters=["TSS"], magnitude=0.6)
    fouled, clean = values(run([effluent], start, text), "TSS"), values(run([effluent], start), "TSS")
    assert fouled[29] < 0.55 * clean[29]  # type: ignore[operator]


def test_offset_and_noise_change_what_is_shown(effluent: Station, start: datetime) -> None:
    clean = values(run([effluent], start), "pH")
    offset = values(run([effluent], start, event("offset", parameters=["pH"], magnitude=0.5)), "pH")
    assert [round(o - c, 1) for o, c in zip(offset[10:30], clean[10:30], strict=True)] == [0.5] * 20  # type: ignore[operator]
    noisy = values(run([effluent], start, event("noise", parameters=["pH"], magnitude=1.0)), "pH")
    assert len(set(noisy[10:30])) > len(set(clean[10:30]))


def test_drop_out_loses_values_not_messages(effluent: Station, start: datetime) -> None:
    messages = run([effluent], start, event("drop_out", parameters=["COD"]))
    assert len(messages) == 60
    assert values(messages, "COD")[10:30] == [None] * 20
    assert None not in values(messages, "TSS")


def test_calibration_shows_its_standards_with_status_01(effluent: Station, start: datetime) -> None:
    messages = run([effluent], start, event("calibration", parameters=["pH"]))
    assert statuses(messages, "pH")[10:30] == [Status.CALIBRATING] * 20
    assert set(statuses(messages, "COD")) == {Status.MEASURING}
    assert values(messages, "pH")[10:30] == [4.0] * 10 + [7.0] * 10


def test_instrument_fault_has_status_02(effluent: Station, start: datetime) -> None:
    messages = run([effluent], start, event("instrument_fault", parameters=["TSS"]))
    assert statuses(messages, "TSS")[9:31] == [Status.MEASURING, *[Status.FAULT] * 20, Status.MEASURING]


def test_network_loss_sends_everything_later_in_order(effluent: Station, start: datetime) -> None:
    #   observed  0 .. 9 | 10 ...... 29 | 30 ..
    #   due       same   | all at 30    | same
    messages = run([effluent], start, event("network_loss"))
    assert [m.observed_at for m in messages] == [start + i * SECOND for i in range(60)]
    held = messages[10:30]
    assert {m.due_at for m in held} == {start + 30 * SECOND}
    assert all(m.backfill for m in held)
    assert [m.samples for m in messages] == [m.samples for m in run([effluent], start, event("silence", start=99))]


def test_silence_is_never_sent(effluent: Station, start: datetime) -> None:
    seen = [m.observed_at for m in run([effluent], start, event("silence"))]
    assert seen == [start + i * SECOND for i in (*range(10), *range(30, 60))]


def test_clock_skew_moves_the_stations_clock_only(effluent: Station, start: datetime) -> None:
    messages = run([effluent], start, event("clock_skew", magnitude=90.0))
    skewed = messages[10:30]
    assert {m.observed_at - m.due_at for m in skewed} == {timedelta(seconds=90)}
    assert {m.clock_offset for m in skewed} == {timedelta(seconds=90)}
    assert {m.observed_at - m.due_at for m in messages[:10] + messages[30:]} == {timedelta()}


def test_duplicates_are_the_same_observation_again(effluent: Station, start: datetime) -> None:
    messages = run([effluent], start, event("duplicates"))
    assert len(messages) == 80
    again = [m for m in messages if m.duplicate]
    assert [m.observed_at for m in again] == [start + i * SECOND for i in range(10, 30)]
    originals = {m.observed_at: m.samples for m in messages if not m.duplicate}
    assert all(originals[m.observed_at] == m.samples for m in again)


def test_a_capped_slug_stays_just_below_the_limit(effluent: Station, start: datetime) -> None:
    slug = event("pollution_slug", onset=1, tail=1, magnitude=6.0, parameters=["COD"])
    cap = "\n" + event("capped", parameters=["COD"], magnitude=0.97).replace("[signals]\nsample_hold_s = 1\n", "")
    messages = run([effluent], start, slug + cap)
    cod = [v for v in values(messages, "COD")[12:28] if v is not None]
    assert max(cod) < 90
    assert min(cod) > 0.95 * 90
    assert not any(m.exceeding for m in messages)


def test_a_copied_stretch_repeats_the_earlier_one(effluent: Station, start: datetime) -> None:
    tss = values(run([effluent], start, event("copied_day", start=30, copy_age=25, parameters=["TSS"])), "TSS")
    assert tss[30:50] == tss[5:25]


def test_dilution_keeps_the_load(effluent: Station, start: datetime) -> None:
    diluted = run([effluent], start, event("dilution", magnitude=2.0, onset=1, tail=1))
    clean = run([effluent], start)

    def load(messages: list[Message]) -> float:
        return values(messages, "Flow")[20] * values(messages, "TSS")[20]  # type: ignore[operator]

    assert values(diluted, "Flow")[20] == pytest.approx(2 * values(clean, "Flow")[20], rel=0.01)  # type: ignore[operator]
    assert load(diluted) == pytest.approx(load(clean), rel=0.02)


def test_masking_calibration_flags_only_what_is_high(effluent: Station, start: datetime) -> None:
    slug = event("pollution_slug", onset=1, tail=1, start=15, duration=10, magnitude=6.0, parameters=["COD"])
    mask = "\n" + event("masking_calibration", parameters=["COD"]).replace("[signals]\nsample_hold_s = 1\n", "")
    found = statuses(run([effluent], start, slug + mask), "COD")
    assert found[10:15] == [Status.MEASURING] * 5
    assert set(found[17:23]) == {Status.CALIBRATING}


def test_rain_muddies_and_thins_surface_water(canal: Station, start: datetime) -> None:
    text = event("rain", B, duration=40, magnitude=4.0)
    wet, dry = run([canal], start, text), run([canal], start)
    assert values(wet, "TURB", B)[20] > 2 * values(dry, "TURB", B)[20]  # type: ignore[operator]
    assert values(wet, "COND", B)[20] < 0.85 * values(dry, "COND", B)[20]  # type: ignore[operator]


def test_labels_as_csv(effluent: Station, start: datetime, tmp_path: Path) -> None:
    truth = TruthLog()
    run([effluent], start, event("stuck", parameters=["COD", "TSS"], repeat_every=40, detail="a, b"), truth=truth)
    path = tmp_path / "new" / "labels.csv"
    write_labels(path, truth.labels(start, start + timedelta(seconds=60)))
    assert path.read_text() == (
        ",".join(COLUMNS) + "\n"
        '2026-11-23T10:00:10.000+07:00,2026-11-23T10:00:30.000+07:00,DT_A_NUOSXL,COD|TSS,stuck,fault,"a, b",\n'
        '2026-11-23T10:00:50.000+07:00,2026-11-23T10:01:10.000+07:00,DT_A_NUOSXL,COD|TSS,stuck,fault,"a, b",\n'
    )


def test_a_convert_rate_is_undone_by_the_receiver(effluent: Station, start: datetime) -> None:
    raw = replace(effluent, sensors=tuple(replace(s, convert_rate=2.0) for s in effluent.sensors))
    plain = values(run([effluent], start), "TSS")
    assert [2 * v for v in values(run([raw], start), "TSS") if v is not None] == plain


def test_a_year_is_only_computed_as_far_as_it_is_read(effluent: Station) -> None:
    feed = generate([effluent], None, datetime(2026, 1, 1, tzinfo=UTC), None, None, 1)
    assert next(feed).observed_at == datetime(2026, 1, 1, tzinfo=UTC)

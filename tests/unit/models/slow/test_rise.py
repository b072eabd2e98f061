"""A slow rise of the water is found before it is over; a probe, the weather and a holiday are not."""

from __future__ import annotations

import re

import numpy as np
import pytest

from models.protocol import Reason, TriageClass
from models.series import Floats
from models.slow.finding import Finding
from models.slow.rise import RiseWatch
from models.slow.watches import SlowWatches
from models.triage.incident import PAGE_FROM

COLUMNS = ("Flow", "pH", "COD", "TSS", "NH4", "TP")
LEVELS = np.array([90.0, 7.2, 40.0, 20.0, 3.0, 2.0])
WATER = [2, 3, 4, 5]
DAY = 48
DAYS = 24


def quiet(seed: int = 1, days: int = DAYS) -> Floats:
    """Half-hour means of an outlet: a load that all share, a time of day, and each sensor's own scatter."""
    rng = np.random.default_rng(seed)
    rows = days * DAY
    load = np.convolve(rng.normal(size=rows + 24), np.ones(24) / 24**0.5, mode="valid")[:rows, None]
    hour = np.sin(2 * np.pi * np.arange(rows) / DAY)[:, None]
    away = 0.1 * hour + 0.05 * load + 0.06 * rng.normal(size=(rows, len(LEVELS)))
    away[:, 1] *= 0.1
    return np.asarray(LEVELS * np.exp(away))


def rising(values: Floats, columns: list[int], times: float = 2.0, hours: float = 10.0) -> Floats:
    """Let columns rise from noon of the last but one day on, and stay there."""
    out, at = values.copy(), len(values) - 2 * DAY + 24
    course = np.clip((np.arange(len(values)) - at) / (2 * hours), 0.0, 1.0)
    out[:, columns] *= 1 + (times - 1) * course[:, None]
    return out


def run(watch: RiseWatch, values: Floats, status: Floats | None = None, first: int = 0) -> list[list[Finding]]:
    said = np.zeros(values.shape, dtype=np.int8) if status is None else status.astype(np.int8)
    rows = zip(values, said, strict=True)
    return [watch.push(1800.0 * (first + i), v, s) for i, (v, s) in enumerate(rows)]


def begun(found: list[list[Finding]]) -> float | None:
    """Return the hours from noon of the last but one day to the first finding."""
    at = next((i for i, row in enumerate(found) if row), None)
    return None if at is None else (at - (len(found) - 2 * DAY + 24)) / 2


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(("times", "hours", "within"), [(2.0, 10, 9), (1.6, 24, 22), (2.0, 24, 16)])
def test_water_that_rises_slowly_is_told_before_it_has(seed: int, times: float, hours: float, within: float) -> None:
    found = run(RiseWatch(COLUMNS), rising(quiet(seed), WATER, times, hours))
    at = begun(found)
    assert at is not None
    assert 0 < at <= within
    (said,) = next(row for row in found if row)
    assert (said.reason, said.cls) == (Reason.RISE, TriageClass.POLLUTION)
    assert said.probability >= PAGE_FROM


@pytest.mark.parametrize("seed", range(5, 10))
def test_what_does_not_rise_together_is_no_rise(seed: int) -> None:
    #  24 quiet days | one probe at five times, two that drift to double, all down to half
    values = quiet(seed)
    assert not any(run(RiseWatch(COLUMNS), values))
    assert begun(run(RiseWatch(COLUMNS), rising(values, [2], 5.0, 0.5))) is None
    assert begun(run(RiseWatch(COLUMNS), rising(values, [2, 3]))) is None
    assert begun(run(RiseWatch(COLUMNS), rising(values, WATER, 0.5))) is None


def test_rain_is_the_weathers_unless_what_it_thins_rises_too() -> None:
    values = rising(quiet(), [0, 2, 3, 5], 2.5, 3)
    rained = values.copy()
    rained[:, 4] = rising(quiet(), [4], 0.7, 3)[:, 4]
    assert begun(run(RiseWatch(COLUMNS), rained)) is None
    rained[np.arange(len(rained)) % 4 != 0, 4] = np.nan
    assert begun(run(RiseWatch(COLUMNS), rained)) is None
    found = [row for row in run(RiseWatch(COLUMNS), rising(quiet(), [0, *WATER], 2.0, 3)) if row]
    assert "nói ngược lại: lưu lượng" in found[-1][0].text.vi
    assert "against it: the flow" in found[-1][0].text.en


def test_the_text_has_value_multiple_share_of_the_limit_beginning_and_what_rose_with_it() -> None:
    watch = RiseWatch(COLUMNS, {"COD": 90.0}, {"COD": "mg/L"})
    values = rising(rising(quiet(), WATER, 1.8), [2], 1.4)
    (said,) = [row for row in run(watch, values) if row][-1]
    assert said.parameter == "COD"
    assert said.text.vi.startswith("COD tăng dần từ ")
    assert re.search(
        r": trung bình một giờ qua \d+(,\d)? mg/L, bằng 2,\d lần mức cùng giờ của hai tuần qua \(\d+(,\d)?\), "
        r"\d+ % giới hạn; cùng tăng: (TSS|Amoni) 1,\d lần, ",
        said.text.vi,
    )
    assert said.text.en.startswith("COD has risen slowly since ")
    assert "Ammonium 1." in said.text.en
    assert "pH" not in said.text.en


def test_a_calibrating_probe_does_not_count_and_hides_nothing() -> None:
    values = rising(quiet(), WATER)
    status = np.zeros(values.shape)
    status[-2 * DAY :, 2] = 1
    values[-2 * DAY :, 2] = 500.0
    found = run(RiseWatch(COLUMNS), values, status)
    assert begun(found) is not None
    assert all(f.parameter != "COD" for row in found for f in row)


def test_probes_that_were_fouled_and_are_clean_again_are_no_rise_and_hide_none() -> None:
    #  fouled, down by two fifths | three probes cleaned, one after another | the water rises a day later
    values, at = quiet(3), (DAYS - 3) * DAY + 20
    values[:at, [2, 3, 4]] *= 0.6
    status = np.zeros(values.shape)
    for i, j in enumerate((2, 3, 4)):
        status[at + i, j] = 1
    assert any(run(RiseWatch(COLUMNS), values))
    assert not any(run(RiseWatch(COLUMNS), values, status))
    assert begun(run(RiseWatch(COLUMNS), rising(values, WATER), status)) is not None


@pytest.mark.parametrize(("times", "halves"), [(0.1, 1), (0.5, 2), (3.0, 1)])
def test_what_a_cell_still_holds_after_a_calibration_is_no_usual_level(times: float, halves: int) -> None:
    #  three probes calibrated in one half hour | rinsing water or standard still in the cell | a day later the rise
    values, at = quiet(3), (DAYS - 3) * DAY + 20
    values[at + 1 : at + 1 + halves, [2, 3, 4]] *= times
    status = np.zeros(values.shape)
    status[at, [2, 3, 4]] = 1
    assert not any(run(RiseWatch(COLUMNS), values, status))
    assert begun(run(RiseWatch(COLUMNS), rising(values, WATER), status)) is not None


@pytest.mark.parametrize("every", [2, 3, 4])
def test_calibrating_again_and_again_hides_no_rise(every: int) -> None:
    values = rising(quiet(), WATER)
    status = np.zeros(values.shape)
    status[-2 * DAY + 24 :: every, 2:] = 1
    assert begun(run(RiseWatch(COLUMNS), values, status)) is not None


def test_one_calibrating_row_in_each_half_hour_hides_no_rise() -> None:
    values = np.repeat(rising(quiet(), WATER), 6, axis=0)
    watch, status = RiseWatch(COLUMNS), np.zeros(values.shape, dtype=np.int8)
    status[(-2 * DAY + 24) * 6 :: 6, 2:] = 1
    assert any(watch.push(300.0 * i, v, s) for i, (v, s) in enumerate(zip(values, status, strict=True)))


@pytest.mark.parametrize("times", [10.0, 250.0])
def test_one_row_of_all_probes_is_a_glitch(times: float) -> None:
    values, watch = np.repeat(quiet(), 6, axis=0), RiseWatch(COLUMNS)
    values[-DAY * 6, WATER] *= times
    said = np.zeros(len(COLUMNS), dtype=np.int8)
    assert not any(watch.push(300.0 * i, v, said) for i, v in enumerate(values))


def test_full_scale_beyond_what_the_sensors_measure_is_no_water() -> None:
    values = quiet()
    values[-DAY : -DAY + 2, WATER] = 1500.0
    assert any(run(RiseWatch(COLUMNS), values))
    assert not any(run(RiseWatch(COLUMNS, tops=[1000.0] * len(COLUMNS)), values))


def test_two_probes_beside_analysers_of_two_hours_are_not_all() -> None:
    #  two drift to double | two analysers, measured each two hours, stay
    values = rising(quiet(), [2, 3])
    values[np.arange(len(values)) % 4 != 0, 4:] = np.nan
    assert not any(run(RiseWatch(COLUMNS), values))
    values = rising(quiet(), WATER)
    values[np.arange(len(values)) % 4 != 0, 4:] = np.nan
    assert begun(run(RiseWatch(COLUMNS), values)) is not None


def test_what_rose_farthest_and_is_no_longer_measured_hands_the_finding_on() -> None:
    #  the water rises | the parameter that was named says "fault" from then on
    values, watch, status = rising(quiet(), WATER), RiseWatch(COLUMNS), np.zeros(len(COLUMNS), dtype=np.int8)
    named: list[str] = []
    for i, row in enumerate(values):
        found = watch.push(1800.0 * i, row, status)
        named += [f.parameter for f in found]
        if named:
            status[COLUMNS.index(named[0])] = 2
    assert len(set(named)) == 2


def test_what_was_heard_more_than_two_weeks_ago_is_not_held_against() -> None:
    watch = RiseWatch(COLUMNS)
    run(watch, quiet(2))
    assert not any(run(watch, 1.6 * quiet(3, 6), first=(DAYS + 20) * DAY))
    assert any(run(watch, rising(1.6 * quiet(4, 9), WATER), first=(DAYS + 26) * DAY))


@pytest.mark.parametrize("low", [5e-324, 1e-310, 1e-30])
def test_what_no_unit_can_mean_is_no_level(low: float) -> None:
    values = quiet()
    values[: -2 * DAY, WATER] = low
    assert not any(run(RiseWatch(COLUMNS), values))


def test_six_days_of_holiday_are_no_usual_level() -> None:
    #  18 days of work | 6 days at 60 % | work again
    values = np.vstack([quiet(3, 18), 0.6 * quiet(4, 6), quiet(5, 2)])
    assert not any(run(RiseWatch(COLUMNS), values)[18 * DAY :])


def test_it_ends_when_the_water_is_back_and_a_silence_is_no_rise() -> None:
    values = rising(quiet(2), WATER)
    watch = RiseWatch(COLUMNS)
    assert run(watch, values)[-1]
    assert not run(watch, quiet(3, 1), first=len(values))[-1]
    assert not any(run(watch, quiet(4, 2), first=len(values) + 9 * DAY))


def test_a_watch_goes_on_from_its_memory() -> None:
    values = rising(quiet(), WATER)
    whole, other = run(RiseWatch(COLUMNS), values), RiseWatch(COLUMNS)
    first = run(other, values[:-40])
    again = RiseWatch(COLUMNS)
    again.set_state(other.state())
    assert first + run(again, values[-40:], first=len(values) - 40) == whole
    assert whole[-1]


def test_where_fewer_than_two_parameters_can_rise_nothing_is_found() -> None:
    values = rising(quiet(), WATER)
    for columns in (("pH", "Temp", "DO"), ("Flow", "COD"), ("TSS", "TURB", "Flow")):
        assert not any(run(RiseWatch(columns), values[:, 1 : 1 + len(columns)]))


def test_in_a_river_no_rise_is_looked_for() -> None:
    assert any(isinstance(w, RiseWatch) for w in SlowWatches(COLUMNS).watches)
    for watches in (SlowWatches(COLUMNS, in_river=True), SlowWatches(("Level", *COLUMNS[1:]))):
        assert not any(isinstance(w, RiseWatch) for w in watches.watches)

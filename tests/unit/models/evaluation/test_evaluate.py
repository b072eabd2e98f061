"""The evaluation as a whole: what a detector is given, what is counted, and that names change nothing."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest

from models.errors import ModelError
from models.evaluation.detectors import DETECTORS, Judge, detector_named
from models.evaluation.evaluate import evaluate, run_all
from models.evaluation.families import family_named
from models.evaluation.families.base import folder_of
from models.evaluation.leaderboard import folds, measure, read_results, render
from models.series import Result, Series


@dataclass
class Threshold:
    """Alarms where the first column is above 0.8, and remembers what it was shown."""

    seen: list[Series] = field(default_factory=list)
    learnt: list[Series] = field(default_factory=list)

    def __call__(self, train: Sequence[Series]) -> Judge:
        self.learnt = list(train)
        return self.run

    def run(self, series: Series) -> Result:
        self.seen.append(series)
        value = np.nan_to_num(series.values[:, :1]) + np.zeros(series.values.shape)
        return Result(value / 0.8, value > 0.8)


def _gecco(folder: Path, name: str, seed: int, rows: int = 600) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    values = rng.random(rows).round(3)
    lines = ["Time,Cl,Fm,EVENT"]
    for i, value in enumerate(values):
        lines.append(f"2018-01-01 {i // 60:02}:{i % 60:02},{value},{i},{int(100 <= i < 120)}")
    (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")


def test_a_detector_sees_neither_labels_nor_names(tmp_path: Path) -> None:
    _gecco(tmp_path / "data", "a.csv", 1)
    _gecco(tmp_path / "train", "b.csv", 2)
    detector = Threshold()
    evaluate(family_named("gecco"), ("threshold", detector), tmp_path / "data", tmp_path / "train")
    (shown,) = detector.seen
    assert (shown.labels, shown.events, shown.changepoints, shown.ignore) == (None, (), None, None)
    assert (shown.name, shown.group) == ("", "")
    assert [s.labels is not None for s in detector.learnt] == [True]


def test_a_result_of_another_shape_is_refused_and_no_covariate_is_alarmed(tmp_path: Path) -> None:
    _gecco(tmp_path / "data", "a.csv", 1)
    (series,) = family_named("gecco").load(tmp_path / "data")
    series = replace(series, columns=("Cl", "Flow"), covariates=("Flow",))
    (run,) = run_all(Threshold().run, [series])
    assert run.result.alarm[:, 0].any()
    assert not run.result.alarm[:, 1].any()

    class Short(Threshold):
        def run(self, series: Series) -> Result:
            return super().run(series.taking(slice(10)))

    with pytest.raises(ModelError, match=r"result is of shape \(10, 2\), a \(600, 2\)"):
        run_all(Short().run, [series])


def test_no_figure_depends_on_a_files_name(tmp_path: Path) -> None:
    _gecco(tmp_path / "one", "gecco2018_train.csv", 1)
    _gecco(tmp_path / "one", "gecco2017_train.csv", 2)
    shutil.copytree(tmp_path / "one", tmp_path / "two")
    (tmp_path / "two" / "gecco2018_train.csv").rename(tmp_path / "two" / "zzz.csv")
    (tmp_path / "two" / "gecco2017_train.csv").rename(tmp_path / "two" / "unknown.csv")
    one, two = (
        evaluate(family_named("gecco"), ("threshold", Threshold()), tmp_path / f, None).as_json()
        for f in ("one", "two")
    )
    for report in (one, two):
        for figures in [report["total"], *report["files"].values()]:  # type: ignore[attr-defined]
            figures.pop("ms_per_row")
    assert one["total"] == two["total"]
    assert sorted(map(str, one["files"].values())) == sorted(map(str, two["files"].values()))  # type: ignore[attr-defined]


def test_total_is_pooled_and_the_report_is_json(tmp_path: Path) -> None:
    for seed in (1, 2, 3):
        _gecco(tmp_path, f"{seed}.csv", seed)
    report = evaluate(family_named("gecco"), ("threshold", Threshold()), tmp_path, None)
    text = json.loads(json.dumps(report.as_json(), allow_nan=False))
    required = {
        "point_f1",
        "event_f1",
        "event_recall",
        "false_alarms_per_day",
        "median_delay_min",
        "false_alarm_rate",
        "missed_alarm_rate",
        "ms_per_row",
    }
    assert required <= set(text["total"])
    assert all(required <= set(figures) for figures in text["files"].values())
    assert text["total"]["false_alarms"] == sum(f["false_alarms"] for f in text["files"].values())
    assert text["total"]["events"] == 3


def test_a_folder_without_the_family_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="holds no file of the family gecco"):
        evaluate(family_named("gecco"), ("threshold", Threshold()), tmp_path, None)
    with pytest.raises(ModelError, match="is not a folder"):
        evaluate(family_named("gecco"), ("threshold", Threshold()), tmp_path / "nowhere", None)


def test_an_unknown_detector_is_a_sentence() -> None:
    with pytest.raises(ModelError, match="no detector 'lstm': choose one of station, ewma"):
        detector_named("lstm")


CHARTS = [name for name in DETECTORS if name != "station"]


@pytest.mark.parametrize("name", CHARTS)
@pytest.mark.parametrize("trained", [True, False])
def test_every_chart_finds_a_gross_error_and_is_causal(name: str, trained: bool) -> None:
    series = _waves(seed=1)
    judge = detector_named(name)([_waves(seed=2)] if trained else [])
    result = judge(series)
    assert result.alarm.shape == series.values.shape
    assert result.score[1500:1520].max() > np.quantile(result.score[:1500], 0.95)
    assert result.alarm[:1500].mean() < 0.1
    prefix = judge(_cut(series, 1510))
    np.testing.assert_array_equal(prefix.alarm, result.alarm[:1510])
    np.testing.assert_allclose(prefix.score, result.score[:1510])


@pytest.mark.parametrize("name", CHARTS)
@pytest.mark.parametrize("values", ["constant", "missing", "huge"])
def test_no_chart_breaks_on_bad_input(name: str, values: str) -> None:
    series = _waves(seed=1, rows=400)
    filler = {"constant": 1.0, "missing": np.nan, "huge": 1e300}[values]
    bad = Series("x", series.times, series.columns, np.full(series.values.shape, filler))
    assert len(detector_named(name)([])(bad).alarm) == 400


def _waves(seed: int, rows: int = 2000) -> Series:
    rng = np.random.default_rng(seed)
    phase = 2 * np.pi * np.arange(rows) / 288.0
    values = np.column_stack([np.sin(phase), np.cos(phase)]) + rng.normal(0, 0.05, (rows, 2))
    if rows > 1520 and seed == 1:
        values[1500:1520, 0] += 12.0
    times = np.datetime64("2026-01-01", "ns") + np.arange(rows) * np.timedelta64(5, "m")
    return Series("w", times, ("A", "B"), values)


def _cut(series: Series, rows: int) -> Series:
    return Series("w", series.times[:rows], series.columns, series.values[:rows])


def test_folds_keep_groups_apart(tmp_path: Path) -> None:
    for seed in (1, 2, 3):
        _gecco(tmp_path / "gecco", f"{seed}.csv", seed)
    family = family_named("gecco")
    _, plan = folds(family, family.load(folder_of(family, tmp_path)))
    assert len(plan) == 3
    for train, test in plan:
        assert {s.group for s in train}.isdisjoint({s.group for s in test})
        assert len(train) + len(test) == 3


def test_a_single_file_is_halved_in_time(tmp_path: Path) -> None:
    _gecco(tmp_path / "gecco", "1.csv", 1)
    family = family_named("gecco")
    _, ((_, first), (train, second)) = folds(family, family.load(tmp_path / "gecco"))
    assert train is first
    assert [len(s.times) for s in (*first, *second)] == [300, 300]
    assert first[0].times.max() < second[0].times.min()
    assert first[0].labels is not None
    assert second[0].labels is not None
    assert (int(first[0].labels.sum()), int(second[0].labels.sum())) == (20, 0)


def test_leaderboard_keeps_other_results_and_shows_the_published_ones(tmp_path: Path) -> None:
    _gecco(tmp_path / "gecco", "1.csv", 1)
    results = {"gecco": {"ewma": {"validation": "earlier", "point_f1": 0.031}}}
    measure(family_named("gecco"), tmp_path, {"threshold": Threshold()}, results)
    document = render(results)
    assert "| **threshold** |" in document
    assert "0.031" in document
    assert "PCA (TSB-AD)" in document
    store = tmp_path / "leaderboard.json"
    store.write_text(json.dumps(results))
    assert read_results(store) == results

"""The NAB score against values that its authors publish (github.com/numenta/NAB, ``results/``, MIT licence)."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from models.evaluation.metrics.nab import PROFILES, ScoredFile, probation_rows, raw_score, scaled_sigmoid, score_corpus

# Detector and file, rows, windows, rows at or above the published threshold, and the published score by profile.
PUBLISHED = [
    ("numenta art_daily_flatmiddle", 4032, [(2679, 3081)], [2881, 3161, 3280, 3390, 3856],
     {"standard": 0.499996314723}),
    ("numenta art_daily_jumpsdown", 4032, [(2787, 3189)], [980, 2989, 3076],
     {"standard": 0.748908670438, "low_fp": 0.638908670438, "low_fn": 0.748908670438}),
    ("numenta art_daily_nojump", 4032, [(2787, 3189)], [1086, 1268, 3284],
     {"standard": -1.27835146592, "low_fp": -1.55670293184, "low_fn": -2.27835146592}),
    ("numenta ec2_cpu_utilization_fe7f93", 4032, [(698, 832), (2064, 2198), (2535, 2669)], [761, 2131],
     {"standard": 0.744269702075, "low_fn": -0.255730297925}),
    ("numenta rds_cpu_utilization_cc0c53", 4032, [(2980, 3180), (3479, 3679)], [3080, 3081],
     {"standard": -0.138449197924, "low_fp": -0.138449197924, "low_fn": -1.13844919792}),
    ("knncad ec2_disk_write_bytes_1ef3de", 4730, [(2399, 2871)], [929, 2596, 3199],
     {"standard": 0.6961994302001135, "low_fp": 0.48280918370140835, "low_fn": 0.6961994302001135}),
    ("knncad iio_us-east-1_i-a2eb1cd9_NetworkIn", 1243, [(218, 280), (308, 370)], [201, 627, 830, 919, 1067],
     {"standard": -2.55, "low_fp": -3.1, "low_fn": -4.55}),
]  # fmt: skip


def _scored(rows: int, windows: list[tuple[int, int]], hits: list[int]) -> ScoredFile:
    scores = np.zeros(rows)
    scores[hits] = 1.0
    return ScoredFile(scores, tuple(windows))


@pytest.mark.parametrize(("name", "rows", "windows", "hits", "published"), PUBLISHED, ids=[p[0] for p in PUBLISHED])
def test_raw_scores_are_those_of_the_authors_result_files(
    name: str, rows: int, windows: list[tuple[int, int]], hits: list[int], published: dict[str, float]
) -> None:
    file = _scored(rows, windows, hits)
    for profile, expected in published.items():
        assert raw_score(file, 1.0, PROFILES[profile]) == pytest.approx(expected, abs=1e-9)


def test_scaled_sigmoid_has_the_documented_values() -> None:
    assert [round(scaled_sigmoid(x), 5) for x in (-1.0, -0.5, 0.0, 1.0)] == [0.98661, 0.84828, 0.0, -0.98661]
    assert scaled_sigmoid(3.01) == -1.0


@pytest.mark.parametrize(("rows", "expected"), [(1000, 150), (5000, 750), (22695, 750), (1243, 186)])
def test_probation_is_15_percent_of_at_most_5000_rows(rows: int, expected: int) -> None:
    assert probation_rows(rows) == expected


CORPUS = ((1000, [(300, 400), (600, 650)]), (2000, [(1500, 1600)]), (500, []))


@pytest.mark.parametrize("profile", sorted(PROFILES))
def test_null_detector_scores_0_and_perfect_detector_100(profile: str) -> None:
    null = [ScoredFile(np.full(rows, 0.5), tuple(windows)) for rows, windows in CORPUS]
    assert score_corpus(null, PROFILES[profile]).total == pytest.approx(0.0)
    perfect = [_scored(rows, windows, [first for first, _ in windows]) for rows, windows in CORPUS]
    assert score_corpus(perfect, PROFILES[profile]).total == pytest.approx(100.0)


def test_a_file_without_windows_has_no_score_of_its_own_but_its_false_positives_count() -> None:
    quiet = [_scored(rows, windows, [first for first, _ in windows]) for rows, windows in CORPUS]
    noisy = [*quiet[:2], _scored(500, [], [100, 200, 300])]
    costs = PROFILES["standard"]
    assert score_corpus(noisy, costs).files[2] is None
    # three windows: perfect 3, null -3; rows 200 and 300 cost 0.11 each, row 100 lies before row 75 + 1 of probation
    assert score_corpus(noisy, costs).total == pytest.approx(100 * (3 - 3 * 0.11 + 3) / 6)


def test_the_threshold_is_chosen_on_the_whole_corpus() -> None:
    rng = np.random.default_rng(7)
    files = [ScoredFile(rng.random(rows).round(2), tuple(windows)) for rows, windows in CORPUS]
    costs = PROFILES["standard"]
    best = score_corpus(files, costs)
    by_hand = {t: sum(raw_score(f, t, costs) for f in files) for t in np.arange(0.0, 1.02, 0.01).round(2)}
    by_hand[np.inf] = -3.0
    assert best.total == pytest.approx(100 * (max(by_hand.values()) + 3.0) / 6.0)
    assert sum(raw_score(f, best.threshold, costs) for f in files) == pytest.approx(max(by_hand.values()))


def test_early_detections_pay_more() -> None:
    totals = [
        score_corpus([_scored(1000, [(500, 599)], [row])], PROFILES["standard"]).total for row in (500, 520, 560, 590)
    ]
    assert all(a is not None and b is not None and a > b for a, b in pairwise(totals))


def test_rows_not_scored_are_never_alarms() -> None:
    scores = np.full(1000, np.nan)
    scores[500] = 0.9
    assert score_corpus([ScoredFile(scores, ((500, 600),))], PROFILES["standard"]).total == pytest.approx(100.0)
    silent = ScoredFile(np.full(1000, np.nan), ((500, 600),))
    assert score_corpus([silent], PROFILES["standard"]).total == pytest.approx(0.0)

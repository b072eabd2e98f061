"""Results that others published on the benchmark families, as text for the leaderboard: never an input of anything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Published:
    """One published row: who, the figures as published, and what makes it comparable or not."""

    method: str
    figures: Mapping[str, float | str]
    note: str = ""


def _nab(method: str, standard: float, low_fp: float, low_fn: float) -> Published:
    return Published(method, {"nab_standard": standard, "nab_low_fp": low_fp, "nab_low_fn": low_fn}, "58 files")


def _skab(method: str, f1: float, far_percent: float, mar_percent: float) -> Published:
    rates = {"false_alarm_rate": round(far_percent / 100, 4), "missed_alarm_rate": round(mar_percent / 100, 4)}
    return Published(method, {"point_f1": f1, **rates}, "34 files")


def _skab_changepoints(method: str, standard: float, low_fp: float, low_fn: float) -> Published:
    names = ("changepoint_standard", "changepoint_low_fp", "changepoint_low_fn")
    return Published(f"{method} (changepoints)", dict(zip(names, (standard, low_fp, low_fn), strict=True)), "34 files")


PUBLISHED: Mapping[str, tuple[Published, ...]] = {
    "nab": (
        _nab("ARTime", 74.9, 65.1, 80.4),
        _nab("Numenta HTM", 70.1, 63.1, 74.3),
        _nab("CAD OSE", 69.9, 67.0, 73.2),
        _nab("KNN-CAD", 58.0, 43.4, 64.8),
        _nab("Random Cut Forest", 51.7, 38.4, 59.7),
        _nab("windowed Gaussian", 39.6, 20.9, 47.4),
    ),
    "skab": (
        _skab("Conv-AE", 0.78, 13.55, 28.02),
        _skab("MSET", 0.78, 39.73, 14.13),
        _skab("T2+Q (PCA)", 0.76, 26.62, 24.92),
        _skab("LSTM-AE", 0.74, 29.96, 25.92),
        _skab("T2", 0.66, 19.21, 42.6),
        _skab("Isolation Forest", 0.29, 2.56, 82.89),
        _skab_changepoints("MSCRED", 32.42, 16.53, 40.28),
        _skab_changepoints("Isolation Forest", 26.16, 19.5, 30.82),
        _skab_changepoints("T2+Q (PCA)", 25.35, 14.51, 31.33),
    ),
    "lro": (
        Published("ARIMA (pyhydroqc)", {"overlap_f1": 0.927}, "tuned on each series that it is scored on"),
        Published("LSTM (pyhydroqc)", {"overlap_f1": 0.90}, "tuned on each series that it is scored on"),
        Published("range and persistence rules", {"overlap_f1": 0.786}, "limits set by hand for each site"),
    ),
    "oddwater": (Published("NN-HD on one-sided derivatives", {"point_f1": 0.8}, "Sandy Creek: TP 4, FP 0, FN 2"),),
    "gecco": (
        Published("PCA (TSB-AD)", {"vus_pr": 0.20}, "tolerance of its own"),
        Published("Isolation Forest (TSB-AD)", {"vus_pr": 0.04}, "tolerance of its own"),
    ),
}

"""The stations that the benchmark feeds: a province of the size that is planned for."""

from __future__ import annotations

from dataclasses import replace

from quantrac.domain.stations import Registry
from quantrac.registry import load_registry, sample_province, with_cadence

STATIONS = 150
"""A province has 50 to 150."""


def bench_registry() -> Registry:
    """Return a province of the size that is planned for: ``STATIONS`` copies of the sample stations, at 1 Hz."""
    sample = sorted(load_registry([sample_province()]).stations, key=lambda s: s.code)
    stations = [
        replace(
            sample[n % len(sample)], code=f"BENCH_{n:03d}", old_codes=(), name_vi=f"Bench {n}", name_en=f"Bench {n}"
        )
        for n in range(STATIONS)
    ]
    return with_cadence(Registry(tuple(stations)), 1.0)

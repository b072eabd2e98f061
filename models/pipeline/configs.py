"""The one configuration: what runs at a station is what every benchmark measures."""

from __future__ import annotations

from dataclasses import dataclass, replace

STATION = "station"
"""What an artefact is for: the rows of a station, whatever it measures."""


@dataclass(frozen=True, slots=True)
class PipelineConfig:
    """How the pipeline is set. Stations and benchmarks differ in their budget of false alarms and in nothing else."""

    iterations: int = 150
    """Trees of each member of the second stage."""
    budget_per_day: float = 1 / 7
    """False alarms a day that the threshold may cost."""

    def with_budget(self, per_week: float) -> PipelineConfig:
        """Return the configuration for another budget: false alarms of a station and week."""
        return replace(self, budget_per_day=per_week / 7)


STATION_DEFAULT = PipelineConfig()
"""What every station runs whose artefact has no other budget, and what its own history is learnt with."""

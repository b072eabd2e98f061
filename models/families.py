"""The short configurations: what differs between families of data is here, never in the algorithm."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from models.alarms import Aim
from models.features.baseline import BaselineConfig, StandstillConfig
from models.features.contrast import ContrastConfig
from models.features.cross import CrossConfig
from models.features.table import FeatureConfig
from models.injection import InjectionConfig
from models.novelty_context import ContextConfig
from models.novelty_leap import LeapConfig
from models.novelty_settled import SettledConfig
from models.protocol import TriageClass
from models.together import TogetherConfig


@dataclass(frozen=True, slots=True)
class FamilyConfig:
    """How the pipeline is set for one family of series, or one station. Lengths in rows."""

    name: str
    features: FeatureConfig
    by_sensor: bool = False
    """Judge each sensor by itself (labels are by sensor), not the row."""
    injections: InjectionConfig | None = None
    """Enlarge the training series by injected events."""
    event_rows: int = 20
    """An event longer than this weighs no more than the square root of its length says."""
    edge_rows: int = 0
    """Only so many rows at each end of an event teach (0 = all): where long events begin and end with something to be
    seen, and what lies between cannot be told from normal by its looks."""
    surroundings: bool = True
    """HeldOut by sensor, the second stage also sees sizes without signs and the largest ones of the other sensors."""
    negatives: float = 0.2
    """Share of the normal rows that the second stage learns from."""
    iterations: int = 150
    leaves: int = 12
    """Leaves of a tree: fewer where the sites are few, so that less is learnt by heart."""
    members: int = 2
    """Ensembles with other random draws that the second stage is the mean of."""
    smooth_rows: float = 2.0
    """Smoothing of the log-odds: a single odd row is no alarm unless it is very odd."""
    hold_rows: int = 0
    """An alarm stays on for so many rows after the last row beyond the threshold."""
    quiet_rows: int = 0
    """After a peak the score must exceed it to be reported again within so many rows."""
    blend: float = 0.15
    """Weight of the unlabelled novelty beside the second stage's log-odds."""
    pollution_line: bool = False
    """A row that the second stage takes for pollution rather than for anything else is an alarm, whatever the threshold
    says: that follows faults too, of which a missed one costs less. Needs labels that tell them apart."""
    context: ContextConfig | None = None
    """Nearest earlier values, shapes and levels, as part of the unlabelled novelty."""
    leap: LeapConfig | None = None
    """Jumps that no other sensor explains, as part of the unlabelled novelty."""
    settled: SettledConfig | None = None
    """Distance from a known good head, as part of the unlabelled novelty: for runs that begin with one."""
    together: TogetherConfig | None = None
    """Alarms of their own where two sensors change at once, with a budget of their own; needs ``features.contrast``."""
    budget_per_day: float = 0.1
    """False alarms a day (a sensor-day, where judged by sensor) that the threshold may cost."""
    adapt: float = 0.3
    """How far the threshold follows the tail of the recent unlabelled scores (0 = not at all)."""
    adapt_rows: float = 20000.0
    aim: Aim = Aim.EVENTS
    """Which F1 the threshold is chosen for."""
    triage_classes: frozenset[TriageClass] = frozenset()
    """Classes that an alarm can have where the truth knows some only; empty: all."""
    watched: bool = False
    """The slow watches look on: their findings are work items beside the alarms, and the triage may use them."""
    stuck_rows: int = 0
    """A sensor that the watches find stuck in so many rows in a row is an alarm of its own (0 = a finding only)."""

    @property
    def memory(self) -> tuple[object, ...]:
        """What a stored memory depends on: one of other parts would be misread."""
        return (self.features, self.by_sensor, self.context, self.leap, self.settled, self.together, self.stuck_rows)

    def with_budget(self, per_week: float) -> FamilyConfig:
        """Return the configuration for another budget: false alarms of a station and week."""
        return replace(self, budget_per_day=per_week / 7)


STATION_DEFAULT = FamilyConfig(
    "station",
    FeatureConfig(fast=BaselineConfig(12, 300), slow=BaselineConfig(72, 864, cap_rows=72), patterns=True),
    event_rows=12, negatives=0.3, smooth_rows=1.5, hold_rows=6, budget_per_day=1 / 7, adapt=0.2, watched=True,
    pollution_line=True,
)  # fmt: skip
"""What every station runs whose artefact has no other, and what its own history is learnt with."""

FAMILIES: Mapping[str, FamilyConfig] = {
    c.name: c
    for c in (
        FamilyConfig(
            "gecco",
            FeatureConfig(contrast=ContrastConfig()),
            together=TogetherConfig(),
            smooth_rows=2.0, event_rows=30, aim=Aim.ROWS, budget_per_day=0.12,
        ),
        FamilyConfig(
            "skab",
            FeatureConfig(
                fast=BaselineConfig(30, 400),
                slow=BaselineConfig(400, 400, freeze=4, crawl=0.0, cap_rows=1e9, settle_rows=400, settled=0.02),
                cross=CrossConfig(block_rows=100, warm_rows=200, forget_rows=1e5, settle_rows=400),
                daily=False,
                smooth_rows=10,
            ),
            smooth_rows=10.0, blend=1.0, adapt=0.0, settled=SettledConfig(),
        ),
        FamilyConfig(
            "nab",
            FeatureConfig(fast=BaselineConfig(12, 300), slow=BaselineConfig(144, 1000, cap_rows=144)),
            event_rows=40, smooth_rows=1.0, quiet_rows=800, blend=1.0, context=ContextConfig(),
            adapt=0.0, budget_per_day=0.2,
        ),
        FamilyConfig(
            "lro",
            FeatureConfig(visits=True, levels=True),
            by_sensor=True, edge_rows=10, surroundings=False, leaves=6, members=3, aim=Aim.GROUPS,
            smooth_rows=1.0, hold_rows=2, budget_per_day=0.03, adapt=0.0, blend=0.0,
        ),
        FamilyConfig(
            "oddwater",
            FeatureConfig(fast=BaselineConfig(12, 200), slow=BaselineConfig(100, 500, cap_rows=100)),
            smooth_rows=1.0, aim=Aim.ROWS, adapt=0.0, budget_per_day=0.02, blend=1.0, leap=LeapConfig(), watched=True,
        ),
        FamilyConfig(
            "eindhoven",
            FeatureConfig(
                fast=BaselineConfig(12, 300), slow=BaselineConfig(72, 864, cap_rows=72), standstill=StandstillConfig(),
            ),
            injections=InjectionConfig(copies=24),
            event_rows=12, negatives=0.35, iterations=100, smooth_rows=1.5, hold_rows=6,
            budget_per_day=0.42, adapt=0.2, blend=0.55,
            triage_classes=frozenset({TriageClass.POLLUTION, TriageClass.FAULT}), watched=True, stuck_rows=3,
            pollution_line=True,
        ),
    )
} | {"scenarios": STATION_DEFAULT}  # fmt: skip
"""By benchmark family. Simulated scenarios are stations, and are run as such."""
